"""The disk fills up, somebody presses Ctrl-C, the reader of a pipe goes away: nothing half-made stays."""

import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from enhance_cases import contents, melody, write

GOODTAKE = [sys.executable, "-m", "goodtake"]
SMALL = 150_000


def limit_files():
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, SMALL))  # Python ignores SIGXFSZ: writing fails instead


def goodtake(*words, **options):
    return subprocess.run([*GOODTAKE, *map(str, words)], capture_output=True, timeout=120, **options)


@pytest.fixture
def long_take(tmp_path):
    """Two minutes of stereo: enhancing them takes seconds."""
    return write(tmp_path / "take.wav", np.tile(melody(4.0), 30))


def one_line(err):
    text = err.decode()
    assert text.startswith("goodtake: "), text
    assert text.count("\n") == 1, text
    return text


@pytest.mark.parametrize("suffix", [".wav", ".m4a"])
def test_a_full_disk(tmp_path, suffix):
    """Less room than the work in progress needs."""
    path = write(tmp_path / f"take{suffix}", melody(3.0, 48_000), 48_000)
    before = contents(tmp_path)
    result = goodtake("enhance", path, preexec_fn=limit_files)
    assert result.returncode == 1
    assert "give another place" in one_line(result.stderr)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus", ".mkv"])
def test_a_disk_that_is_full_when_the_output_is_written(enhancer, tmp_path, monkeypatch, suffix):
    """Room for the work in progress, and for a part of the output."""
    from goodtake.enhancement.enhancer import MemoryStore
    from goodtake.enhancement.files import enhance_file
    from goodtake.errors import UnwritableAudioError

    class Memory(MemoryStore):
        def __init__(self, *where):
            super().__init__()

        def close(self):
            pass

    monkeypatch.setattr("goodtake.enhancement.files.SpoolStore", Memory)
    path = write(tmp_path / f"take{suffix}", melody(3.0, 48_000), 48_000)
    before = contents(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(UnwritableAudioError, match="give another place"):
            enhance_file(enhancer, path, tmp_path / f"out{suffix}", tmp_path / f"rest{suffix}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert contents(tmp_path) == before


def test_a_disk_too_full_for_a_copy(idle_enhancer, tmp_path):
    from goodtake.enhancement.files import enhance_file
    from goodtake.errors import UnwritableAudioError

    path = write(tmp_path / "take.wav", melody(1.0))
    before = contents(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(UnwritableAudioError, match="give another place"):
            enhance_file(idle_enhancer, path, tmp_path / "out.wav")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert contents(tmp_path) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle(long_take, number):
    folder = long_take.parent
    before = contents(folder)
    words = [*GOODTAKE, "enhance", str(long_take), "--residual"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 60
        while not list(folder.glob(".*.part")) and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.3)
        assert process.poll() is None, "it ended before it could be interrupted"
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "interrupted: nothing unfinished was kept" in one_line(err)
    assert out == b""
    assert contents(folder) == before


def test_files_that_are_whole_stay_when_a_later_one_is_interrupted(long_take):
    folder = long_take.parent
    short = write(folder / "a.wav", melody(0.3))
    words = [*GOODTAKE, "enhance", "--quiet", str(short), str(long_take)]
    with subprocess.Popen(words, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 60
        while not (folder / "a.enhanced.wav").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    one_line(err)
    assert set(contents(folder)) == {"a.wav", "a.enhanced.wav", "take.wav"}


def test_waiting_for_standard_input_can_be_interrupted(tmp_path):
    with subprocess.Popen([*GOODTAKE, "enhance", "-"], stdin=-1, stdout=-1, stderr=-1, cwd=tmp_path) as process:
        time.sleep(2.0)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)  # its standard input is still open
        out, err = process.stdout.read(), process.stderr.read()
    assert process.returncode == 130
    one_line(err)
    assert out == b""


def test_the_reader_of_the_pipe_goes_away(tmp_path):
    path = write(tmp_path / "take.wav", melody(3.0))
    with subprocess.Popen([*GOODTAKE, "enhance", str(path), "-o", "-"], stdout=-1, stderr=-1) as process:
        process.stdout.read(10)
        process.stdout.close()
        err = process.stderr.read()
        process.wait(timeout=60)
    assert process.returncode == 1
    assert "whoever was to read it has gone" in one_line(err)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("words", [["-o", "-"], ["--json"]])
def test_standard_output_on_a_full_disk(tmp_path, words):
    path = write(tmp_path / "take.wav", melody(0.3))
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run([*GOODTAKE, "enhance", path, *words], stdout=full, stderr=-1, timeout=60)
    assert result.returncode == 1
    assert "give another place" in one_line(result.stderr)


def test_nothing_goes_down_the_pipe_when_the_input_is_no_good(tmp_path):
    path = write(tmp_path / "take.flac", melody(1.0))
    path.write_bytes(path.read_bytes()[:-3000])
    result = goodtake("enhance", path, "-o", "-")
    assert (result.returncode, result.stdout) == (1, b"")
    one_line(result.stderr)
