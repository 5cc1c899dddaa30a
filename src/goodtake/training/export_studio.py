"""Exports the studio engine: its two networks, sizes and constants."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from goodtake.dsp.bands import N_BINS, QUANTILES
from goodtake.models.enhancer import StudioEngine
from goodtake.models.studio import STATISTICS
from goodtake.training.export import Graph, write_bundle
from goodtake.training.recipe import Recipe, plain

GATE_CLOSED_NATS = 0.0
GATE_OPEN_NATS = 0.01
"""Distances from clean below which a take is left alone and above which it is enhanced in full."""


def export_studio(engine: StudioEngine, folder: Path, recipe: Recipe, training: dict[str, Any], card: str) -> None:
    """Writes the bundle of a studio engine.

    Args:
        engine: trained; its averaged weights.
        folder: of the bundle.
        recipe: what it was trained with.
        training: facts of the run for config.yaml (steps and the like).
        card: Markdown.
    """
    frames, bands = 100, engine.config.take.n_bands
    take = Graph(
        engine.take,
        "take.",
        {"bands": torch.randn(1, bands, frames), "statistics": torch.randn(1, bands, len(QUANTILES) + 3)},
        ("correction", "facts"),
        {"bands": 2},
    )
    studio = Graph(
        engine.studio,
        "studio.",
        {
            "magnitude": torch.randn(1, N_BINS, frames),
            "statistics": torch.randn(1, N_BINS, STATISTICS),
            "colour": torch.randn(1, N_BINS),
            "facts": torch.randn(1, 4),
        },
        ("log_gain", "rotation"),
        {"magnitude": 2, "log_gain": 2, "rotation": 3},
    )
    config = {
        "model": plain(asdict(engine.config)),
        "context_frames": engine.config.context_frames,
        "take_seconds": recipe.data.take_seconds,
        "gate": {"closed_nats": GATE_CLOSED_NATS, "open_nats": GATE_OPEN_NATS},
        "training": training,
    }
    write_bundle(folder, recipe.name, "studio", {"take": take, "studio": studio}, config, card)
