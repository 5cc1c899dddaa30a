"""Puts a run together from its recipe and the data at hand."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from goodtake.config import dump
from goodtake.datasets.clips import CleanClips, RenderClip
from goodtake.datasets.index import INDEX_NAME
from goodtake.datasets.notes import NoteLibrary
from goodtake.datasets.recordings import Recordings
from goodtake.datasets.render import Renderer
from goodtake.datasets.render.scores import read_scores
from goodtake.degrade.bank import Bank
from goodtake.dsp.stft import FrameGrid, Wave
from goodtake.training.engine import Devices, Engine, part_of
from goodtake.training.loop import LoopOptions, State, train
from goodtake.training.pairs import PairBatches
from goodtake.training.recipe import RECIPE_NAME, Recipe
from goodtake.training.samples import SampleWriter, draw_curves
from goodtake.training.tasks import make_task

SAMPLE_BATCH = 2**31
"""Number of the batch that samples are made of: one that no run reaches."""


def train_recipe(
    recipe: Recipe,
    data_root: Path,
    options: LoopOptions,
    report: Callable[[str], None],
    engine_run: Path | None = None,
    devices: Devices | None = None,
) -> State:
    """Trains a recipe on a sound library (``index.csv``, ``train/``) and returns the run's state.

    Args:
        recipe: what to train.
        data_root: the sound library.
        options: run folder, time, workers.
        report: called with lines of progress.
        engine_run: run folder or bundle of a studio engine, whose averaged weights "studio" and "take" begin with and
            "high" stands beside.
        devices: where to compute; one process on the CPU, or a GPU if there is one, when None.

    Raises:
        ConfigError: when the engine is missing or a checkpoint does not fit.
        DatasetError: when the library is not whole.
    """
    engine = Engine(devices)
    task = make_task(recipe, engine, engine_run)
    if engine.is_main:
        report("reading the sound library")
    data = recipe.data
    clips = CleanClips(recordings_from(data_root, recipe), data.clips, render_from(data_root, recipe))
    part = part_of(data.batch_size, engine.rank, engine.processes)
    hop_length = FrameGrid.for_rate(data.sample_rate).hop_length
    batches = PairBatches(clips, bank_from(data_root, recipe), data, recipe.seed, hop_length, part)
    if engine.is_main:
        options.folder.mkdir(parents=True, exist_ok=True)
        (options.folder / RECIPE_NAME).write_text(dump(recipe), encoding="utf-8")
    show = SampleWriter(options.folder, batches[SAMPLE_BATCH], data, task.sample) if task.sample else None

    def on_save(state: State) -> None:
        draw_curves(options.folder)
        if show:
            show(state.average, state.step)

    return train(
        recipe,
        task.model,
        batches,
        task.losses,
        options,
        report,
        on_save,
        steps_before=task.steps_before,
        adversary=task.adversary,
        engine=engine,
    )


def recordings_from(data_root: Path, recipe: Recipe) -> Recordings:
    """Returns the recordings of a sound library, or of a plain folder when it has no index."""
    data = recipe.data
    if (data_root / INDEX_NAME).is_file():
        return Recordings.from_index(data_root, "train", data.sample_rate, data.channels)
    return Recordings.from_folder(data_root, data.sample_rate, data.channels)


def bank_from(data_root: Path, recipe: Recipe) -> Bank:
    """Returns the rooms, noises and microphones of a sound library; simulated ones only for a plain folder."""
    if (data_root / INDEX_NAME).is_file():
        return Bank.from_folder(data_root / "train", recipe.data.sample_rate)
    return Bank(recipe.data.sample_rate)


def render_from(data_root: Path, recipe: Recipe) -> RenderClip | None:
    """Returns a renderer over the library's training notes and scores, or None when the recipe wants none."""
    data = recipe.data
    if data.clips.rendered == 0 or not (data_root / INDEX_NAME).is_file():
        return None
    library = NoteLibrary.from_index(data_root, "train", data.sample_rate)
    library.preload()  # before the workers fork, so that they share it
    scores = read_scores(sorted((data_root / "scores" / "train").glob("*.mid")))
    renderer = Renderer(library, scores)

    def render(rng: np.random.Generator, samples: int) -> Wave:
        return renderer.clip(rng, samples, data.sample_rate, data.channels)

    return render
