"""Puts a run together from its recipe and the data at hand."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import nn

from goodtake.config import dump
from goodtake.datasets.clips import CleanClips, RenderClip
from goodtake.datasets.index import INDEX_NAME
from goodtake.datasets.notes import NoteLibrary
from goodtake.datasets.recordings import Recordings
from goodtake.datasets.render import Renderer
from goodtake.datasets.render.scores import read_scores
from goodtake.degrade.bank import Bank
from goodtake.dsp.stft import FrameGrid, Wave
from goodtake.errors import ConfigError
from goodtake.models.enhancer import StudioEngine
from goodtake.models.high import HighNet
from goodtake.training.engines import load_engine, training_steps
from goodtake.training.high import high_losses
from goodtake.training.loop import LoopOptions, Losses, State, train
from goodtake.training.pairs import Batch, PairBatches
from goodtake.training.recipe import RECIPE_NAME, Recipe
from goodtake.training.samples import SampleWriter, draw_curves
from goodtake.training.studio import studio_losses, take_losses

SAMPLE_BATCH = 2**31
"""Number of the batch that samples are made of: one that no run reaches."""


def train_recipe(
    recipe: Recipe, data_root: Path, options: LoopOptions, report: Callable[[str], None], engine_run: Path | None = None
) -> State:
    """Trains a recipe on a sound library (``index.csv``, ``train/``) and returns the run's state.

    Args:
        recipe: what to train.
        data_root: the sound library.
        options: run folder, time, workers.
        report: called with lines of progress.
        engine_run: run folder or bundle of a studio engine, whose averaged weights "studio" and "take" begin with and
            "high" stands beside.

    Raises:
        ConfigError: when the engine is missing or a checkpoint does not fit.
        DatasetError: when the library is not whole.
    """
    torch.manual_seed(recipe.seed)
    data, bfloat16, steps_before = recipe.data, supports_bfloat16(), 0
    model: nn.Module
    losses: Callable[[nn.Module, Batch], Losses]
    if recipe.task == "high":
        if engine_run is None:
            raise ConfigError(
                "the task 'high' needs a finished studio engine: give its run folder or its model with --engine"
            )
        engine = load_engine(engine_run)
        model = HighNet(recipe.high)
        losses = lambda net, batch: high_losses(cast(HighNet, net), engine, batch, data, bfloat16)  # noqa: E731
    else:
        model = StudioEngine(recipe.model)
        if engine_run is not None:
            model.load_state_dict(load_engine(engine_run).state_dict())
            steps_before = training_steps(engine_run, "steps")
        of_task = take_losses if recipe.task == "take" else studio_losses
        losses = lambda net, batch: of_task(cast(StudioEngine, net), batch, data, bfloat16)  # noqa: E731
    report("reading the sound library")
    clips = CleanClips(recordings_from(data_root, recipe), data.clips, render_from(data_root, recipe))
    bank = bank_from(data_root, recipe)
    batches = PairBatches(clips, bank, data, recipe.seed, FrameGrid.for_rate(data.sample_rate).hop_length)
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / RECIPE_NAME).write_text(dump(recipe), encoding="utf-8")
    show = SampleWriter(options.folder, batches[SAMPLE_BATCH], data) if recipe.task == "studio" else None

    def on_save(state: State) -> None:
        draw_curves(options.folder)
        if show:
            show(cast(StudioEngine, state.average), state.step)

    return train(recipe, model, batches, losses, options, report, on_save, steps_before)


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


def supports_bfloat16() -> bool:
    """Tells whether bfloat16 is fast here: on CUDA, and on CPUs with AVX-512 BF16 or AMX."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
