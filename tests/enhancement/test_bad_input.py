"""Inputs that are no good recordings: one line that says what to do, or, for odd but valid sound, a whole output."""

import shutil

import numpy as np
import pytest
from enhance_cases import contents, melody, video, write

from goodtake.audio import read_audio
from goodtake.audio.chunks import PcmLayout
from goodtake.audio.pcm import PcmEncoding
from goodtake.audio.wav import wav_header


@pytest.fixture(autouse=True)
def shared_engine(enhancer, monkeypatch):
    """Loading the model anew for every file is of no use here."""
    monkeypatch.setattr("goodtake.enhancement.enhancer.Enhancer", lambda *options, **more: enhancer)


def test_a_missing_file(refused, tmp_path):
    assert "no such file; check the name" in refused("enhance", tmp_path / "none.wav")


def test_a_folder(refused, tmp_path):
    (tmp_path / "music").mkdir()
    assert "is a folder; give an audio file" in refused("enhance", tmp_path / "music")


@pytest.mark.parametrize("name", ["", ".", "..", "/"])
def test_a_name_that_is_none(refused, name):
    assert "is a folder: give the recordings in it" in refused("enhance", name)


def test_an_empty_file(refused, tmp_path):
    (tmp_path / "take.wav").touch()
    assert "is empty (0 bytes); record or export it again" in refused("enhance", tmp_path / "take.wav")


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus", ".aiff", ".mkv"])
@pytest.mark.parametrize("part", [0.05, 0.5, 0.97])
def test_a_truncated_file(refused, tmp_path, suffix, part):
    path = write(tmp_path / f"take{suffix}", melody(sample_rate=48_000), 48_000)
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    line = refused("enhance", path, "--residual")
    assert "cut off" in line or "damaged" in line
    assert "get a whole copy" in line


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".m4a", ".ogg"])
def test_text_with_the_name_of_music(refused, tmp_path, suffix):
    path = tmp_path / f"take{suffix}"
    path.write_text("Dear diary,\nthis is no music.\n" * 99)
    assert "is not audio that goodtake knows; give WAV" in refused("enhance", path)


def test_zero_samples(refused, tmp_path):
    path = tmp_path / "take.wav"
    path.write_bytes(wav_header(PcmLayout("wav", PcmEncoding("int", 16), 44_100, 2, 0, 0, 0), b"", 0))
    assert "holds no samples, only a header; record or export it again" in refused("enhance", path)


@pytest.mark.parametrize(
    ("bad", "word"), [(np.nan, "holds NaN"), (np.inf, "holds infinity"), (-np.inf, "infinity"), (1e30, "not sound")]
)
@pytest.mark.parametrize("bits", [32, 64])
def test_numbers_that_are_no_sound(refused, tmp_path, bad, word, bits):
    wave = melody(sample_rate=16_000).astype(np.float64)
    wave[1, 12_000] = bad
    path = tmp_path / "take.wav"
    layout = PcmLayout("wav", PcmEncoding("float", bits), 16_000, 2, 0, 0, 0)
    path.write_bytes(wav_header(layout, b"", wave.shape[1]) + wave.T.astype(f"<f{bits // 8}").tobytes())
    line = refused("enhance", path, "--residual")
    assert word in line
    assert "export it again" in line


def test_a_video_without_sound(refused, tmp_path):
    import av

    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as muxer:
        stream = muxer.add_stream("mpeg4", rate=25, width=32, height=32)
        muxer.mux([*stream.encode(av.VideoFrame(32, 32, "yuv420p")), *stream.encode(None)])
    assert "has no sound track" in refused("enhance", path)


def test_a_line_break_in_a_name_does_not_break_the_line(refused, tmp_path):
    assert "two lines.wav" in refused("enhance", tmp_path / "two\nlines.wav")


def odd_takes():
    rng = np.random.default_rng(3)
    square = np.sign(np.sin(2 * np.pi * 441 * np.arange(22_050) / 44_100)).astype(np.float32)
    return {
        "one sample": (np.full((1, 1), 0.5, np.float32), 44_100),
        "shorter than a window": (melody(0.02), 44_100),
        "shorter than is judged": (melody(0.1), 44_100),
        "silence": (np.zeros((2, 30_000), np.float32), 44_100),
        "nearly silence": (rng.integers(-1, 2, (2, 30_000)).astype(np.float32) / 32_768, 44_100),
        "DC": (np.full((2, 30_000), 0.5, np.float32), 44_100),
        "DC at full scale": (np.full((1, 30_000), -1, np.float32), 44_100),
        "square wave at full scale": (np.stack([square, -square]), 44_100),
        "noise at full scale": (rng.uniform(-1, 1, (2, 30_000)).astype(np.float32), 44_100),
        "one click": (np.eye(1, 30_000, 20_000, dtype=np.float32), 44_100),
        "8 channels": (melody(0.4, channels=8), 44_100),
        "192 kHz": (melody(0.3, 192_000), 192_000),
        "8 kHz": (melody(0.5, 8_000, channels=1), 8_000),
        "an odd rate": (melody(0.4, 22_222), 22_222),
    }


@pytest.mark.parametrize("name", odd_takes())
@pytest.mark.parametrize(("suffix", "bits", "is_float"), [(".wav", 32, True), (".flac", 16, False)])
def test_odd_sound_comes_back_whole(cli, tmp_path, name, suffix, bits, is_float):
    wave, rate = odd_takes()[name]
    path = write(tmp_path / f"take{suffix}", wave, rate, bits, is_float)
    before = path.read_bytes()
    result = cli("enhance", path, "--residual")
    assert result.status == 0
    assert result.err.startswith(f"{path} -> ")
    assert path.read_bytes() == before
    assert sorted(contents(tmp_path)) == sorted(f"take{kind}{suffix}" for kind in ("", ".enhanced", ".residual"))
    for kind in ("enhanced", "residual"):
        samples, info = read_audio(tmp_path / f"take.{kind}{suffix}")
        assert (info.sample_rate, samples.shape, info.bit_depth, info.is_float) == (rate, wave.shape, bits, is_float)
        assert np.isfinite(samples).all()
    if name in ("one sample", "shorter than a window", "shorter than is judged", "silence"):
        assert (tmp_path / f"take.enhanced{suffix}").read_bytes() == before


def test_sound_at_the_scale_of_whole_numbers_is_sound(enhancer, tmp_path):
    """Some programs write 16-bit numbers into floating-point files as they are: 32768 is not 1."""
    from goodtake.enhancement.files import enhance_file

    path = write(tmp_path / "take.wav", melody(0.5) * 32_768, bits=32, is_float=True)
    small = write(tmp_path / "small.wav", melody(0.5), bits=32, is_float=True)
    enhance_file(enhancer, path, tmp_path / "out.wav")
    enhance_file(enhancer, small, tmp_path / "small-out.wav")
    big, like = read_audio(tmp_path / "out.wav")[0], read_audio(tmp_path / "small-out.wav")[0]
    np.testing.assert_allclose(big / 32_768, like, atol=1e-3)


def test_a_failing_file_does_not_stop_the_others(cli, tmp_path):
    first, last = (write(tmp_path / f"{name}.wav", melody(0.3)) for name in ("first", "last"))
    (tmp_path / "text.wav").write_text("no music")
    result = cli("enhance", first, tmp_path / "text.wav", tmp_path / "none.wav", last)
    assert result.status == 1
    assert [line.startswith("goodtake: ") for line in result.err.splitlines()] == [False, True, True, False]
    made = {"first.enhanced.wav", "last.enhanced.wav"}
    assert set(contents(tmp_path)) == {"first.wav", "last.wav", "text.wav", *made}


def test_video_with_a_damaged_sound_track(refused, tmp_path):
    path = video(tmp_path / "film.mp4", melody(1.0, 48_000))
    shutil.copy(path, tmp_path / "whole.mp4")
    path.write_bytes(path.read_bytes()[:-2000])
    assert "get a whole copy" in refused("enhance", path)
