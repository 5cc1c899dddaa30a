"""``goodtake enhance`` as it is typed: names of outputs, pipes, JSON, quiet, force."""

import io
import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from enhance_cases import contents, melody, write

from goodtake.audio import read_audio


@pytest.fixture(autouse=True)
def shared_engine(enhancer, monkeypatch):
    """The engine of all tests, at the strength that is asked for."""

    def fake(model="studio", strength=1.0, threads=0, **options):
        monkeypatch.setattr(enhancer, "strength", strength)
        return enhancer

    monkeypatch.setattr("goodtake.enhancement.enhancer.Enhancer", fake)


@pytest.fixture
def take(tmp_path):
    return write(tmp_path / "take.wav", melody(0.5))


@pytest.fixture
def pipe(cli, monkeypatch):
    """Runs the command line with bytes for standard input; status, standard output in bytes, what was said."""

    def call(data, *words):
        pipes = [SimpleNamespace(buffer=io.BytesIO(data)), io.TextIOWrapper(io.BytesIO(), write_through=True)]
        monkeypatch.setattr(sys, "stdin", pipes[0])
        monkeypatch.setattr(sys, "stdout", pipes[1])
        result = cli(*words)
        return SimpleNamespace(status=result.status, out=pipes[1].buffer.getvalue(), err=result.err)

    return call


def test_the_output_lies_beside_the_input(cli, take, tmp_path):
    result = cli("enhance", take)
    assert result.status == 0
    assert result.out == ""
    assert result.err == f"{take} -> {tmp_path}/take.enhanced.wav: enhanced by 100 %\n"
    assert set(contents(tmp_path)) == {"take.wav", "take.enhanced.wav"}


def test_dots_in_a_name_stay(cli, take, tmp_path):
    take.rename(tmp_path / "take.2.final.wav")
    assert cli("enhance", tmp_path / "take.2.final.wav", "--residual").status == 0
    made = {"take.2.final.enhanced.wav", "take.2.final.residual.wav"}
    assert set(contents(tmp_path)) == {"take.2.final.wav", *made}


def test_the_output_is_a_named_file(cli, take, tmp_path):
    assert cli("enhance", take, "-o", tmp_path / "better.flac", "--residual").status == 0
    assert set(contents(tmp_path)) == {"take.wav", "better.flac", "better.residual.flac"}
    assert read_audio(tmp_path / "better.flac")[1].codec == "flac"


def test_outputs_go_into_a_folder(cli, take, tmp_path):
    other = write(tmp_path / "other.flac", melody(0.3))
    (tmp_path / "out").mkdir()
    assert cli("enhance", take, other, "-o", tmp_path / "out").status == 0
    assert set(contents(tmp_path / "out")) == {"take.enhanced.wav", "other.enhanced.flac"}


def test_force_replaces_what_is_there(cli, take, tmp_path):
    cli("enhance", take, "--strength", "0")
    assert (tmp_path / "take.enhanced.wav").read_bytes() == take.read_bytes()
    assert cli("enhance", take).status == 1
    assert cli("enhance", take, "--force").status == 0
    assert (tmp_path / "take.enhanced.wav").read_bytes() != take.read_bytes()


def test_json_is_one_object_per_file(cli, take, tmp_path):
    other = write(tmp_path / "other.wav", np.zeros((1, 8000), np.float32), 8000)
    result = cli("enhance", take, other, "--json", "--residual")
    assert (result.status, result.err) == (0, "")
    first, second = (json.loads(line) for line in result.out.splitlines())
    assert first["target"] == str(tmp_path / "take.enhanced.wav")
    assert (first["changed"], first["wet"], first["sample_rate"]) == (True, 1.0, 44_100)
    assert (second["changed"], second["loudness_lufs"], second["samples"]) == (False, None, 8000)


def test_json_of_the_good_ones_comes_beside_the_complaint(cli, take, tmp_path):
    result = cli("enhance", tmp_path / "none.wav", take, "--json")
    assert result.status == 1
    assert json.loads(result.out)["source"] == str(take)
    assert result.err.startswith("goodtake: ")


def test_quiet_is_silent(cli, take):
    result = cli("enhance", take, "--quiet")
    assert (result.status, result.out, result.err) == (0, "", "")


def test_quiet_still_complains(cli, tmp_path):
    result = cli("enhance", tmp_path / "none.wav", "-q")
    assert result.status == 1
    assert "no such file" in result.err


def test_a_pipe_is_wav_in_and_wav_out(pipe, cli, take, tmp_path):
    cli("enhance", take)
    result = pipe(take.read_bytes(), "enhance", "-")
    assert (result.status, result.err) == (0, "")
    (tmp_path / "piped.wav").write_bytes(result.out)
    piped, info = read_audio(tmp_path / "piped.wav")
    np.testing.assert_array_equal(piped, read_audio(tmp_path / "take.enhanced.wav")[0])
    assert (info.container, info.bit_depth, info.sample_rate) == ("wav", 16, 44_100)


def test_a_pipe_in_goes_into_a_folder(pipe, take, tmp_path):
    (tmp_path / "out").mkdir()
    assert pipe(take.read_bytes(), "enhance", "-", "-o", tmp_path / "out").status == 0
    assert set(contents(tmp_path / "out")) == {"take.enhanced.wav"}


def test_a_file_goes_down_a_pipe_as_wav(pipe, tmp_path):
    path = write(tmp_path / "take.mp3", melody(0.5), bit_rate=192_000)
    result = pipe(b"", "enhance", path, "-o", "-", "--strength", "0")
    assert (result.status, result.err) == (0, "")
    (tmp_path / "piped.wav").write_bytes(result.out)
    piped, info = read_audio(tmp_path / "piped.wav")
    assert info.container == "wav"
    np.testing.assert_allclose(piped, read_audio(path)[0], atol=2**-24)
    assert set(contents(tmp_path)) == {"take.mp3", "piped.wav"}


def test_nothing_comes_down_the_pipe(pipe):
    result = pipe(b"", "enhance", "-")
    assert (result.status, result.out) == (1, b"")
    assert result.err.startswith("goodtake: standard input: is empty")


def test_sound_does_not_go_to_a_terminal(pipe, take, monkeypatch):
    terminal = SimpleNamespace(stdout=SimpleNamespace(isatty=lambda: True), stderr=sys.stderr)
    monkeypatch.setattr("goodtake.cli.enhance.sys", terminal)
    result = pipe(b"", "enhance", take, "-o", "-")
    assert (result.status, result.out) == (1, b"")
    assert "standard output is a terminal: give -o FILE" in result.err


def test_real_pipes(take):
    """A whole process: nothing but the sound on standard output, nothing at all on the other."""
    words = [sys.executable, "-m", "goodtake", "enhance", "-", "--threads", "1"]
    result = subprocess.run(words, input=take.read_bytes(), capture_output=True, timeout=60)
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout[:4] == b"RIFF"
    assert len(result.stdout) == take.stat().st_size


def test_names_that_look_like_markup_are_shown_as_they_are(cli, take, tmp_path, monkeypatch):
    """For rich, the text display of the progress bar, "[/solo]" ends a style that was never begun."""
    (tmp_path / "[").mkdir()
    path = take.rename(tmp_path / "[" / "solo].wav")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    result = cli("enhance", path)
    assert result.status == 0
    assert "[/solo].enhanced.wav: enhanced by 100 %" in result.err
