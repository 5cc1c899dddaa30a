"""Standard input and output as WAV, and what importing costs."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from audio_cases import noise, spec, write

from goodtake.audio import probe, read_audio
from goodtake.audio.formats import EXTENSIONS
from goodtake.errors import UnreadableAudioError

PASS_ON = """
from goodtake.audio import open_reader, open_writer
with open_reader("-") as reader:
    assert sum(block.shape[1] for block in reader.blocks()) == 5000
    with open_writer("-", reader.info) as writer:
        for block in reader.blocks():
            writer.write(block)
"""


@pytest.mark.parametrize("extension", [".wav", ".flac"])
def test_through_a_pipe(tmp_path, extension):
    wave = np.round(noise(2, 5000) * 2**15) / 2**15
    path = write(tmp_path / f"a{extension}", wave, spec("flac" if extension == ".flac" else "pcm", bits=16))
    done = subprocess.run([sys.executable, "-c", PASS_ON], input=path.read_bytes(), capture_output=True)
    assert done.stderr == b""
    (tmp_path / "b.wav").write_bytes(done.stdout)
    again, info = read_audio(tmp_path / "b.wav")
    np.testing.assert_array_equal(again, wave)
    assert info.bit_depth == 16
    assert int.from_bytes(done.stdout[4:8], "little") == len(done.stdout) - 8


def test_standard_input_that_is_no_sound():
    program = "from goodtake.audio import open_reader\nopen_reader('-')"
    done = subprocess.run([sys.executable, "-c", program], input=b"hello", capture_output=True, text=False)
    assert b"UnreadableAudioError: standard input: is not audio" in done.stderr


def test_standard_input_cannot_be_probed():
    with pytest.raises(UnreadableAudioError, match="only once"):
        probe("-")


def test_importing_is_cheap():
    program = (
        "import sys, goodtake.audio\nfrom goodtake.audio import AudioInfo, open_reader, open_writer, Resampler\n"
        "print(sorted({'av', 'soundfile', 'soxr'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=os.environ)
    assert done.stdout.strip() == "[]"


def test_public_names_exist():
    import goodtake.audio

    for name in goodtake.audio.__all__:
        assert getattr(goodtake.audio, name).__doc__
    with pytest.raises(AttributeError, match="nonsense"):
        _ = goodtake.audio.nonsense


def test_the_example_of_the_page_runs(tmp_path, monkeypatch):
    page = (Path(__file__).parents[2] / "docs" / "audio.md").read_text(encoding="utf-8")
    example = page.split("```python\n")[1].split("```")[0]
    write(tmp_path / "take.m4a", noise(2, 5000), spec("aac"))
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "docs/audio.md", "exec"), {})
    assert probe("louder.m4a").frames == 5000


def test_the_page_names_every_extension():
    page = (Path(__file__).parents[2] / "docs" / "audio.md").read_text(encoding="utf-8")
    missing = [extension for extension in EXTENSIONS if f"`{extension}`" not in page]
    assert missing == [".wave", ".rf64"]  # other names of .wav
