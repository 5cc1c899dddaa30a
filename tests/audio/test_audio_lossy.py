"""Lossy formats: not a sample more or less, in its place, and at no lower bit rate."""

import numpy as np
import pytest
from audio_cases import copy, noise, offset, spec, write

from goodtake.audio import probe, read_audio
from goodtake.audio.formats import plan_output
from goodtake.audio.vorbis import vorbis_quality
from goodtake.errors import UnwritableAudioError

# extension, codec, sample rates
FORMATS = [
    (".mp3", "mp3", 44_100),
    (".mp3", "mp3", 22_050),
    (".mp3", "mp3", 8_000),
    (".ogg", "vorbis", 44_100),
    (".ogg", "vorbis", 8_000),
    (".opus", "opus", 48_000),
    (".ogg", "opus", 48_000),
    (".m4a", "aac", 44_100),
    (".m4a", "aac", 8_000),
    (".mp4", "aac", 48_000),
    (".mp4", "mp3", 44_100),
    (".mov", "aac", 44_100),
    (".mkv", "aac", 44_100),
    (".mkv", "mp3", 48_000),
    (".mkv", "opus", 48_000),
    (".mkv", "vorbis", 44_100),
    (".mkv", "ac3", 48_000),
    (".webm", "opus", 48_000),
    (".webm", "vorbis", 44_100),
]


@pytest.mark.parametrize(("extension", "codec", "rate"), FORMATS)
@pytest.mark.parametrize("frames", [20_011, 32_768])
def test_length_and_place_are_exact(tmp_path, extension, codec, rate, frames):
    wave = noise(2, frames)
    path = write(tmp_path / f"a{extension}", wave, spec(codec, rate))
    again, info = read_audio(path)
    assert (info.codec, info.sample_rate, info.channels) == (codec, rate, 2)
    assert again.shape == wave.shape
    assert again.dtype == np.float32
    assert offset(wave, again) == 0
    assert not info.lossless
    second, _ = read_audio(copy(path, tmp_path / f"b{extension}"))
    assert second.shape == wave.shape
    assert offset(wave, second) == 0


@pytest.mark.parametrize(("extension", "codec", "rate"), [f for f in FORMATS if f[0] not in (".mkv", ".webm")])
@pytest.mark.parametrize("frames", [1, 2, 47, 128, 529, 1023, 1153, 2047])
def test_short_sound_has_its_exact_length_too(tmp_path, extension, codec, rate, frames):
    path = write(tmp_path / f"a{extension}", noise(2, frames), spec(codec, rate))
    wave, info = read_audio(path)
    assert wave.shape == (2, frames)
    assert info.frames == frames == probe(path).frames


@pytest.mark.parametrize(
    ("extension", "codec", "rate", "channels"),
    [
        (".ogg", "vorbis", 44_100, range(1, 9)),
        (".opus", "opus", 48_000, range(1, 9)),
        (".m4a", "aac", 44_100, range(1, 9)),
        (".flac", "flac", 44_100, range(1, 9)),
        (".mp3", "mp3", 44_100, (1, 2)),
    ],
)
def test_channels_stay_in_order(tmp_path, extension, codec, rate, channels):
    for count in channels:
        wave = noise(count, 12_000)
        bits = 16 if codec == "flac" else None
        again, info = read_audio(write(tmp_path / f"{count}{extension}", wave, spec(codec, rate, count, bits=bits)))
        assert info.channels == count
        similarity = np.corrcoef(wave, again)[:count, count:]
        np.testing.assert_array_equal(np.argmax(np.abs(similarity), axis=1), np.arange(count))
        # A codec may take the bass channel of a surround layout for what it is and drop nearly all of the noise.
        assert (similarity.diagonal() > 0.5).sum() >= count - 1


@pytest.mark.parametrize(
    ("extension", "codec", "rate"),
    [(".mp3", "mp3", 44_100), (".ogg", "vorbis", 44_100), (".opus", "opus", 48_000), (".m4a", "aac", 44_100)],
)
@pytest.mark.parametrize("bit_rate", [96_000, 192_000])
def test_the_bit_rate_is_not_below_the_inputs(tmp_path, extension, codec, rate, bit_rate):
    wave = noise(2, 4 * rate, level=0.3)
    first = write(tmp_path / f"a{extension}", wave, spec(codec, rate, bit_rate=bit_rate))
    second = copy(first, tmp_path / f"b{extension}")
    assert probe(first).bit_rate >= 0.95 * bit_rate
    assert probe(second).bit_rate >= 0.97 * probe(first).bit_rate
    assert second.stat().st_size >= 0.95 * first.stat().st_size


def test_the_next_mp3_step_is_taken():
    assert plan_output("a.mp3", spec("mp3", bit_rate=130_654)).bit_rate == 160_000
    assert plan_output("a.mp3", spec("mp3", bit_rate=127_998)).bit_rate == 128_000
    assert plan_output("a.mp3", spec("mp3", bit_rate=400_000)).bit_rate == 320_000
    assert plan_output("a.mp3", spec("mp3", 22_050, bit_rate=400_000)).bit_rate == 160_000


def test_a_change_of_codec_does_not_keep_a_poor_bit_rate():
    assert plan_output("a.m4a", spec("mp3", bit_rate=64_000)).bit_rate == 256_000
    assert plan_output("a.m4a", spec("aac", bit_rate=64_000)).bit_rate == 64_000
    assert plan_output("a.ogg", spec("pcm", bits=16)).bit_rate == 224_000


def test_vorbis_quality_grows_with_the_bit_rate():
    assert vorbis_quality(44_100, 2, 96_000) < vorbis_quality(44_100, 2, 224_000) <= 1.0


@pytest.mark.parametrize(
    ("name", "like", "message"),
    [
        ("a.mp3", spec("mp3", 96_000), "MP3 holds 8000 to 48000 Hz, the input has 96000 Hz"),
        ("a.opus", spec("pcm", 44_100, bits=16), "OPUS holds 48000 Hz, the input has 44100 Hz"),
        ("a.mp3", spec("pcm", 44_100, 3, bits=16), "MP3 is written with at most 2 channels, the input has 3"),
        ("a.m4a", spec("aac", 192_000), "AAC holds 7350 to 96000 Hz"),
        ("a.aac", spec("aac"), "cannot hold its exact length; name the output .m4a"),
        ("a.oga", spec("flac", bits=16, container="ogg"), "name the output .flac"),
        ("a.xyz", spec(bits=16), ".xyz is no format goodtake writes"),
        ("a", spec(bits=16), "a name without extension is no format"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(name, like, message):
    with pytest.raises(UnwritableAudioError, match=message):
        plan_output(name, like)


@pytest.mark.parametrize(
    ("name", "like", "codec", "bits", "is_float"),
    [
        ("a.wav", spec("aac"), "pcm", 24, False),
        ("a.wav", spec("flac", bits=20), "pcm", 24, False),
        ("a.wav", spec("pcm", bits=64, is_float=True), "pcm", 64, True),
        ("a.flac", spec("pcm", bits=8), "flac", 16, False),
        ("a.flac", spec("pcm", bits=32, is_float=True), "flac", 24, False),
        ("a.flac", spec("mp3"), "flac", 24, False),
        ("a.m4a", spec("alac", bits=16), "alac", 16, False),
        ("a.m4a", spec("pcm", bits=16), "aac", None, False),
        ("a.mov", spec("pcm", bits=24, container="mov"), "pcm", 24, False),
        ("a.mp4", spec("pcm", bits=24, container="mov"), "alac", 24, False),
        ("a.webm", spec("aac", 44_100), "vorbis", None, False),
        ("a.webm", spec("aac", 48_000), "opus", None, False),
        ("A.WAV", spec("pcm", bits=16), "pcm", 16, False),
    ],
)
def test_a_change_of_kind_is_sensible(name, like, codec, bits, is_float):
    output = plan_output(name, like)
    assert (output.codec, output.bit_depth, output.is_float) == (codec, bits, is_float)
