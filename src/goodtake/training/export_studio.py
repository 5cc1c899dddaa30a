"""Exports the studio engine: its three networks, sizes and constants."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from goodtake.config import plain
from goodtake.dsp.bands import N_BINS, QUANTILES
from goodtake.models.enhancer import StudioEngine
from goodtake.models.high import FEATURES, HighNet
from goodtake.models.studio import STATISTICS
from goodtake.training.engines import load_engine, load_high, training_steps
from goodtake.training.export import Graph, write_bundle
from goodtake.training.recipe import RECIPE_NAME, Recipe, load_recipe

GATE = {
    "snr_db": {"closed": 30.0, "open": 20.0},
    "drr_db": {"closed": 12.0, "open": 2.0},
    "colour_db": {"closed": 0.8, "open": 2.6},
}
"""Where each fault, as the take net sees it, begins to be enhanced and where it is in full. Chosen on dev material."""


def export_run(run: Path, high_run: Path, folder: Path, card: Path | None = None, name: str | None = None) -> None:
    """Writes the bundle of two run folders.

    Args:
        run: of the take net and studio net.
        high_run: of the high net, or a bundle that has one.
        folder: of the bundle.
        card: Markdown; a line of facts when None.
        name: of the model; the recipe's when None.

    Raises:
        ConfigError: when a folder holds no whole run.
    """
    recipe, engine, high = load_recipe(run / RECIPE_NAME), load_engine(run), load_high(high_run)
    training = {"steps": training_steps(run, "steps"), "high_steps": training_steps(high_run, "high_steps")}
    text = card.read_text(encoding="utf-8") if card else f"# {recipe.name}\n\nTraining: {training}\n"
    export_studio(engine, high, folder, replace(recipe, name=name or recipe.name), training, text)


def export_studio(
    engine: StudioEngine, high: HighNet, folder: Path, recipe: Recipe, training: dict[str, Any], card: str
) -> None:
    """Writes the bundle of a studio engine.

    Args:
        engine: take net and studio net.
        high: high net.
        folder: of the bundle.
        recipe: what the engine was trained with.
        training: facts of the runs for config.yaml (steps and the like).
        card: Markdown.
    """
    frames, bands = 100, engine.config.take.n_bands
    graphs = {
        "take": Graph(
            engine.take,
            "take.",
            {"bands": torch.randn(1, bands, frames), "statistics": torch.randn(1, bands, len(QUANTILES) + 3)},
            ("correction", "facts"),
            {"bands": 2},
        ),
        "studio": Graph(
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
        ),
        "high": Graph(
            high, "high.", {"features": torch.randn(1, FEATURES, frames)}, ("log_gain",), {"features": 2, "log_gain": 2}
        ),
    }
    config = {
        "title": "Enhances recordings at their own rate: noise, room and colour",
        "model": plain(asdict(engine.config)),
        "high": plain(asdict(high.config)),
        "context_frames": engine.config.context_frames,
        "take_seconds": recipe.data.take_seconds,
        "gate": GATE,
        "training": training,
    }
    write_bundle(folder, recipe.name, "studio", graphs, config, card)
