"""Plain folders as a diet, and what a run leaves to hear and see."""

import numpy as np
import pytest
import soundfile
import torch
from test_loop import RECIPE, TINY, music

from goodtake.datasets.index import read_folder
from goodtake.datasets.recordings import Recordings
from goodtake.errors import DatasetError
from goodtake.models.enhancer import StudioEngine
from goodtake.training.loop import LoopOptions
from goodtake.training.run import train_recipe
from goodtake.training.samples import SampleWriter, draw_curves, studio_sample


@pytest.fixture
def folder(tmp_path):
    for number, name in enumerate(("ann/cello/one.wav", "ann/flute/two.flac", "bob/three.wav")):
        path = tmp_path / "music" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, music(16_000, seed=number)[0], 16_000)
    (tmp_path / "music" / "notes.txt").write_text("not music")
    return tmp_path / "music"


def test_a_plain_folder_is_read_by_library_and_instrument(folder):
    recordings = Recordings.from_folder(folder, 16_000)
    assert set(recordings.groups) == {"ann/cello", "ann/flute", "bob/"}
    shares = dict(zip(recordings.groups, recordings.weights, strict=True))
    assert shares["ann/cello"] == pytest.approx(shares["ann/flute"])
    assert shares["bob/"] > shares["ann/cello"]  # a library's share grows with the root of its length only
    assert recordings.crop(np.random.default_rng(0), 80_000).shape == (1, 80_000)


def test_folders_without_music_are_named(tmp_path):
    with pytest.raises(DatasetError, match="holds no audio"):
        read_folder(tmp_path)
    with pytest.raises(DatasetError, match="is no folder"):
        read_folder(tmp_path / "none")


def test_a_run_on_a_plain_folder_leaves_samples_and_curves(folder, tmp_path):
    train_recipe(RECIPE, folder, LoopOptions(tmp_path / "run", workers=0, log_steps=2), lambda line: None)
    names = {path.name for path in (tmp_path / "run" / "samples").iterdir()}
    assert {"0-degraded.wav", "0-clean.wav", "0-enhanced.wav", "1-enhanced.wav"} <= names
    enhanced, rate = soundfile.read(tmp_path / "run" / "samples" / "0-enhanced.wav")
    degraded, _ = soundfile.read(tmp_path / "run" / "samples" / "0-degraded.wav")
    assert rate == 16_000
    assert len(enhanced) == len(degraded)
    assert np.abs(enhanced - degraded).max() > 1e-3
    assert (tmp_path / "run" / "samples" / "step.txt").read_text() == "6\n"
    assert (tmp_path / "run" / "curves.png").stat().st_size > 1000


def test_no_log_no_curves(tmp_path):
    draw_curves(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_log_line_that_a_kill_cut_off_is_passed_over(tmp_path):
    lines = ('{"step": 2, "total": 1.0}', '{"step": 4, "to{"step": 6, "total": 0.9}', '{"step": 8, "total": 0.5}')
    (tmp_path / "log.jsonl").write_text("\n".join(lines) + "\n")
    draw_curves(tmp_path)
    assert (tmp_path / "curves.png").stat().st_size > 1000


def test_samples_follow_the_engine(tmp_path):
    from test_loop import DATA, batches

    writer = SampleWriter(tmp_path, batches()[0], DATA, lambda net, wave: studio_sample(net, wave, DATA.sample_rate))
    torch.manual_seed(0)
    writer(StudioEngine(TINY).eval(), 1)
    first = (tmp_path / "samples" / "0-enhanced.wav").read_bytes()
    torch.manual_seed(1)
    writer(StudioEngine(TINY).eval(), 2)
    assert (tmp_path / "samples" / "0-enhanced.wav").read_bytes() != first
