"""What is stored exactly must come back exactly, through every lossless format, and mean the same to other software."""

import struct

import numpy as np
import pytest
import soundfile
from audio_cases import copy, noise, spec, write

from goodtake.audio import open_reader, open_writer, probe, read_audio
from goodtake.audio.chunks import PcmLayout
from goodtake.audio.pcm import PcmEncoding
from goodtake.audio.wav import wav_header
from goodtake.errors import UnwritableAudioError

INTEGERS = {
    ".wav": (8, 16, 24, 32),
    ".w64": (8, 16, 24, 32),
    ".aiff": (8, 16, 24, 32),
    ".caf": (8, 16, 24, 32),
    ".flac": (16, 24),
    ".m4a": (16, 24),
    ".mov": (16, 24, 32),
    ".mkv": (16, 24),
}
FLOATS = {".wav": (32, 64), ".w64": (32, 64), ".aiff": (32, 64), ".caf": (32, 64)}
LENGTHS = [1, 2, 4097, 30_011]


def codec_of(extension):
    return {".flac": "flac", ".m4a": "alac"}.get(extension, "pcm")


def on_grid(channels, frames, bits, seed=0):
    """Random values that ``bits`` bits hold exactly, both rails among them."""
    integers = np.random.default_rng(seed).integers(-(2 ** (bits - 1)), 2 ** (bits - 1), (channels, frames))
    integers[:, 0] = -(2 ** (bits - 1))
    integers[:, -1] = 2 ** (bits - 1) - 1
    return integers / 2.0 ** (bits - 1)


@pytest.mark.parametrize(("extension", "bits"), [(e, b) for e, all_bits in INTEGERS.items() for b in all_bits])
@pytest.mark.parametrize("channels", [1, 2, 8])
def test_integers_come_back_exactly(tmp_path, extension, bits, channels):
    if extension == ".m4a" and channels > 2:
        with pytest.raises(UnwritableAudioError, match=r"at most 2 channels, the input has 8; name the output .flac"):
            open_writer(tmp_path / "a.m4a", spec("alac", channels=channels, bits=bits))
        return
    for frames in LENGTHS[1:]:
        wave = on_grid(channels, frames, bits)
        path = write(tmp_path / f"{frames}{extension}", wave, spec(codec_of(extension), channels=channels, bits=bits))
        again, info = read_audio(path)
        np.testing.assert_array_equal(again, wave)
        assert (info.bit_depth, info.is_float, info.channels, info.sample_rate) == (bits, False, channels, 44_100)
        assert again.dtype == (np.float64 if bits == 32 else np.float32)
        assert info.frames == frames
        assert info.lossless
        assert info.bit_rate is None


@pytest.mark.parametrize(("extension", "bits"), [(e, b) for e, all_bits in FLOATS.items() for b in all_bits])
def test_floats_come_back_exactly(tmp_path, extension, bits):
    wave = np.random.default_rng(3).standard_normal((2, 5001)).astype(np.float32 if bits == 32 else np.float64) * 3
    path = write(tmp_path / f"a{extension}", wave, spec(bits=bits, is_float=True))
    again, info = read_audio(path)
    np.testing.assert_array_equal(again, wave)
    assert again.dtype == wave.dtype
    assert info.subtype == ("FLOAT" if bits == 32 else "DOUBLE")


@pytest.mark.parametrize("extension", [*INTEGERS])
@pytest.mark.parametrize("frames", LENGTHS)
def test_a_copy_is_the_same_for_every_length(tmp_path, extension, frames):
    if extension == ".mov" and frames < 4096:
        pytest.skip("libav drops sound shorter than one movie tick")
    like = spec(codec_of(extension), bits=16, frames=frames)
    path = write(tmp_path / f"a{extension}", on_grid(2, max(frames, 2), 16)[:, :frames], like)
    target = copy(path, tmp_path / f"b{extension}")
    np.testing.assert_array_equal(read_audio(path)[0], read_audio(target)[0])
    if extension not in (".mov", ".mkv"):
        assert path.read_bytes() == target.read_bytes()


@pytest.mark.parametrize(
    ("extension", "libsndfile_format"),
    [(".wav", "WAV"), (".w64", "W64"), (".aiff", "AIFF"), (".caf", "CAF"), (".flac", "FLAC")],
)
@pytest.mark.parametrize("bits", [16, 24])
def test_libsndfile_reads_the_same_integers(tmp_path, extension, libsndfile_format, bits):
    wave = on_grid(3, 5000, bits)
    path = write(tmp_path / f"a{extension}", wave, spec(codec_of(extension), channels=3, bits=bits))
    integers, rate = soundfile.read(path, dtype="int32")  # left-justified
    assert soundfile.info(path).format.replace("WAVEX", "WAV") == libsndfile_format
    assert rate == 44_100
    np.testing.assert_array_equal(integers.T, (wave * 2.0**31).astype(np.int64))


@pytest.mark.parametrize("container", ["WAV", "WAVEX", "RF64", "W64", "AIFF", "CAF", "FLAC"])
@pytest.mark.parametrize("subtype", ["PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_files_of_libsndfile_are_read_exactly(tmp_path, container, subtype):
    if not soundfile.check_format(container, subtype):
        pytest.skip("libsndfile has no such format")
    bits = {"FLOAT": 24, "DOUBLE": 32}.get(subtype) or int(subtype[-2:].strip("SU_"))
    wave = on_grid(2, 3001, bits)
    extension = {"WAVEX": "wav", "RF64": "wav", "AIFF": "aif"}.get(container, container.lower())
    path = tmp_path / f"a.{extension}"
    soundfile.write(path, (wave.T * 2.0**31).astype(np.int64).astype(np.int32), 48_000, subtype, format=container)
    if subtype in ("FLOAT", "DOUBLE"):
        soundfile.write(path, wave.T, 48_000, subtype, format=container)
    again, info = read_audio(path)
    np.testing.assert_array_equal(again, wave)
    assert info.bit_depth == {"FLOAT": 32, "DOUBLE": 64}.get(subtype, bits)
    np.testing.assert_array_equal(read_audio(copy(path, tmp_path / f"b.{extension}"))[0], wave)


def test_extensible_wav_keeps_its_speakers(tmp_path):
    layout = PcmLayout("wav", PcmEncoding("int", 16), 48_000, 4, 0, 0, 0, channel_mask=0x107)
    path = tmp_path / "a.wav"
    path.write_bytes(wav_header(layout, b"", 10) + bytes(80))
    target = copy(path, tmp_path / "b.wav")
    assert target.read_bytes() == path.read_bytes()
    assert struct.unpack_from("<I", target.read_bytes(), 40)[0] == 0x107


def test_wav_beyond_4_gib_becomes_rf64(tmp_path):
    layout = PcmLayout("wav", PcmEncoding("int", 16), 44_100, 2, 0, 0, 0)
    frames = 3 * 2**29
    header = wav_header(layout, b"", frames, may_grow=True)
    assert len(header) == len(wav_header(layout, b"", 0, may_grow=True))
    path = tmp_path / "large.wav"
    with path.open("wb") as file:
        file.write(header)
        file.truncate(len(header) + 4 * frames)  # a hole: no space is taken
    assert header[:4] == b"RF64"
    assert probe(path).frames == frames
    assert probe(path).container == "rf64"


def test_wav_of_unknown_length_leaves_room_for_rf64(tmp_path):
    path = write(tmp_path / "a.wav", noise(2, 100), spec(bits=16))
    assert path.read_bytes()[12:16] == b"JUNK"
    path = write(tmp_path / "b.wav", noise(2, 100), spec(bits=16, frames=100))
    assert path.read_bytes()[12:16] == b"fmt "


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFFFFF, 0])
def test_streamed_wav_is_read_to_its_end(tmp_path, size):
    layout = PcmLayout("wav", PcmEncoding("int", 16), 44_100, 1, 0, 0, 0)
    header = bytearray(wav_header(layout, b"", None))
    header[4:8] = struct.pack("<I", size if size else len(header) - 8)
    header[-4:] = struct.pack("<I", size)
    path = tmp_path / "a.wav"
    path.write_bytes(bytes(header) + on_grid_bytes())
    assert probe(path).frames == 500


def on_grid_bytes():
    return (on_grid(1, 500, 16)[0] * 32768).astype("<i2").tobytes()


def test_little_endian_aifc_is_read(tmp_path):
    path = write(tmp_path / "a.aiff", on_grid(1, 500, 16), spec(channels=1, bits=16))
    plain = path.read_bytes()
    at = plain.index(b"COMM")
    comm = plain[at + 8 : at + 26] + b"sowt\0\0"
    sound = plain.index(b"SSND")
    swapped = np.frombuffer(plain[sound + 16 :], ">i2").astype("<i2").tobytes()
    body = b"AIFCCOMM" + struct.pack(">I", len(comm)) + comm + plain[sound : sound + 16] + swapped
    path.write_bytes(b"FORM" + struct.pack(">I", len(body)) + body)
    np.testing.assert_array_equal(read_audio(path)[0], on_grid(1, 500, 16))


def test_mu_law_wav_is_read_and_becomes_16_bit(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, noise(1, 8000).T, 8000, "ULAW")
    wave, info = read_audio(path)
    assert wave.shape == (1, 8000)
    assert info.codec == "pcm" or not info.lossless
    expected, _ = soundfile.read(path, dtype="int16")
    np.testing.assert_array_equal(wave[0] * 32768, expected)
    assert probe(copy(path, tmp_path / "b.wav")).bit_depth in (16, 24)


def test_blocks_have_the_asked_size_and_can_be_read_again(tmp_path):
    wave = on_grid(2, 10_000, 16)
    path = write(tmp_path / "a.flac", wave, spec("flac", bits=16))
    with open_reader(path) as reader:
        first = list(reader.blocks(3000))
        assert [block.shape for block in first] == [(2, 3000)] * 3 + [(2, 1000)]
        assert all(block.flags.c_contiguous for block in first)
        np.testing.assert_array_equal(np.concatenate(first, axis=1), np.concatenate(list(reader.blocks(77)), axis=1))


def test_an_abandoned_pass_does_not_disturb_the_next(tmp_path):
    path = write(tmp_path / "a.flac", on_grid(2, 50_000, 16), spec("flac", bits=16))
    with open_reader(path) as reader:
        next(reader.blocks(1000))
        assert sum(block.shape[1] for block in reader.blocks()) == 50_000


@pytest.mark.parametrize(
    "wave", [np.zeros((2, 5000)), np.full((2, 5000), 0.25), np.sign(np.sin(np.arange(5000) / 20.0))[None].repeat(2, 0)]
)
@pytest.mark.parametrize("extension", [".wav", ".flac", ".m4a", ".mp3", ".ogg"])
def test_silence_dc_and_square_waves_are_sound(tmp_path, extension, wave):
    codec = {".mp3": "mp3", ".ogg": "vorbis"}.get(extension, codec_of(extension))
    bits = 16 if codec in ("pcm", "flac", "alac") else None
    again, info = read_audio(write(tmp_path / f"a{extension}", wave, spec(codec, bits=bits)))
    assert again.shape == wave.shape
    if info.lossless:
        np.testing.assert_allclose(again, np.minimum(wave, 32767 / 32768), atol=2**-16)
    else:
        assert np.abs(again - wave)[:, 500:-500].mean() < 0.05


def test_the_highest_and_lowest_rates(tmp_path):
    for rate in (8_000, 192_000):
        wave, info = read_audio(write(tmp_path / f"{rate}.flac", on_grid(8, 9000, 24), spec("flac", rate, 8, bits=24)))
        assert info.sample_rate == rate
        np.testing.assert_array_equal(wave, on_grid(8, 9000, 24))


def test_flac_carries_a_checksum_that_others_accept(tmp_path):
    path = write(tmp_path / "a.flac", on_grid(2, 9000, 16), spec("flac", bits=16))
    assert any(path.read_bytes()[26:42])
    assert soundfile.info(path).frames == 9000


def test_empty_blocks_are_allowed(tmp_path):
    with open_writer(tmp_path / "a.wav", spec(bits=16)) as writer:
        writer.write(np.zeros((2, 0)))
        writer.write(np.zeros((2, 3)))
    assert probe(tmp_path / "a.wav").frames == 3
