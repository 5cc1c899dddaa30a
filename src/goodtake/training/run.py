"""Puts a run together from its recipe and the data at hand."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import nn

from goodtake.datasets.clips import CleanClips, RenderClip
from goodtake.datasets.notes import NoteLibrary
from goodtake.datasets.recordings import Recordings
from goodtake.datasets.render import Renderer
from goodtake.datasets.render.scores import read_scores
from goodtake.degrade.bank import Bank
from goodtake.dsp.stft import FrameGrid, Wave
from goodtake.models.enhancer import StudioEngine
from goodtake.training.loop import LoopOptions, Losses, State, train
from goodtake.training.pairs import Batch, PairBatches
from goodtake.training.recipe import Recipe, resolved_yaml
from goodtake.training.studio import studio_losses


def train_studio(recipe: Recipe, data_root: Path, options: LoopOptions, report: Callable[[str], None]) -> State:
    """Trains the studio engine on a sound library (``index.csv``, ``train/``) and returns its state.

    Args:
        recipe: what to train.
        data_root: the sound library.
        options: run folder, time, workers.
        report: called with lines of progress.
    """
    torch.manual_seed(recipe.seed)
    data = recipe.data
    report("reading the sound library")
    clips = CleanClips(
        Recordings.from_index(data_root, "train", data.sample_rate, data.channels),
        data.clips,
        render_from(data_root, recipe),
    )
    bank = Bank.from_folder(data_root / "train", data.sample_rate)
    batches = PairBatches(clips, bank, data, recipe.seed, FrameGrid.for_rate(data.sample_rate).hop_length)
    engine = StudioEngine(recipe.model)
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "recipe.yaml").write_text(resolved_yaml(recipe), encoding="utf-8")
    bfloat16 = supports_bfloat16()

    def losses(model: nn.Module, batch: Batch) -> Losses:
        return studio_losses(cast(StudioEngine, model), batch, data, bfloat16)

    return train(recipe, engine, batches, losses, options, report)


def render_from(data_root: Path, recipe: Recipe) -> RenderClip | None:
    """Returns a renderer over the library's training notes and scores, or None when the recipe wants no rendered music."""
    data = recipe.data
    if data.clips.rendered == 0:
        return None
    library = NoteLibrary.from_index(data_root, "train", data.sample_rate)
    scores = read_scores(sorted((data_root / "scores" / "train").glob("*.mid")))
    renderer = Renderer(library, scores)

    def render(rng: np.random.Generator, samples: int) -> Wave:
        return renderer.clip(rng, samples, data.sample_rate, data.channels)

    return render


def supports_bfloat16() -> bool:
    """Tells whether bfloat16 is fast here: on CUDA, and on CPUs with AVX-512 BF16 or AMX."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
