"""What a recipe's task consists of: networks, their losses, and what else the loop has to carry along."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from goodtake.errors import ConfigError
from goodtake.models.enhancer import StudioEngine
from goodtake.models.high import HighNet
from goodtake.models.patch_discriminator import PatchDiscriminator
from goodtake.training.adversary import Adversary
from goodtake.training.chain import Chain, begin_with, chain_losses
from goodtake.training.engine import Engine
from goodtake.training.engines import load_engine, network_steps, run_weights, training_steps
from goodtake.training.high import high_losses
from goodtake.training.pairs import Batch
from goodtake.training.recipe import Recipe
from goodtake.training.samples import studio_sample
from goodtake.training.studio import studio_losses, take_losses

Losses = dict[str, Tensor]


@dataclass(frozen=True)
class Task:
    """What is trained.

    Args:
        model: networks, fresh or with the weights they begin with.
        losses: the named losses of a batch.
        adversary: discriminator that the losses train and ask.
        steps_before: steps behind the weights the model begins with; of each network, where they differ.
        sample: makes waves (batch, time) of degraded ones, to listen to; None when the task makes none.
    """

    model: nn.Module
    losses: Callable[[nn.Module, Batch], Losses]
    adversary: Adversary | None = None
    steps_before: int | dict[str, int] = 0
    sample: Callable[[nn.Module, Tensor], Tensor] | None = None


def make_task(recipe: Recipe, engine: Engine, engine_run: Path | None) -> Task:
    """Builds the networks of a recipe.

    Args:
        recipe: what to train.
        engine: devices.
        engine_run: run folder or bundle of a studio engine to begin with or to stand beside.

    Raises:
        ConfigError: when something to begin with is missing or does not fit.
    """
    torch.manual_seed(recipe.seed)
    return TASKS[recipe.task](recipe, engine, engine_run)


def _studio(recipe: Recipe, engine: Engine, engine_run: Path | None) -> Task:
    model, steps_before = StudioEngine(recipe.model), 0
    if engine_run is not None:
        model.load_state_dict(load_engine(engine_run).state_dict())
        steps_before = training_steps(engine_run, "steps")
    of_task = take_losses if recipe.task == "take" else studio_losses
    bfloat16 = uses_bfloat16(recipe, engine.device)
    return Task(
        model,
        lambda net, batch: of_task(cast(StudioEngine, net), batch, recipe.data, bfloat16),
        steps_before=steps_before,
        sample=lambda net, degraded: studio_sample(cast(StudioEngine, net), degraded, recipe.data.sample_rate),
    )


def _high(recipe: Recipe, engine: Engine, engine_run: Path | None) -> Task:
    if engine_run is None:
        raise ConfigError("the task 'high' needs a finished studio engine: give its run folder or model with --engine")
    below = load_engine(engine_run)
    bfloat16 = uses_bfloat16(recipe, torch.device("cpu"))
    return Task(
        HighNet(recipe.high), lambda net, batch: high_losses(cast(HighNet, net), below, batch, recipe.data, bfloat16)
    )


def _chain(recipe: Recipe, engine: Engine, engine_run: Path | None) -> Task:
    model = Chain(recipe.chain, begin_with(recipe.chain, run_weights))
    adversary = None
    if recipe.losses.get("adversarial"):
        network = PatchDiscriminator(recipe.chain.discriminator)
        adversary = Adversary(network, recipe.optimiser.learning_rate, engine)
    bfloat16 = uses_bfloat16(recipe, engine.device)
    return Task(
        model,
        lambda net, batch: chain_losses(cast(Chain, net), batch, recipe.data, adversary, bfloat16),
        adversary=adversary,
        steps_before={name: network_steps(Path(folder), name) for name, folder in recipe.chain.begin.items()},
    )


TASKS: dict[str, Callable[[Recipe, Engine, Path | None], Task]] = {
    "studio": _studio,
    "take": _studio,
    "high": _high,
    "chain": _chain,
}
"""Builders by the names that recipes use."""


def uses_bfloat16(recipe: Recipe, device: torch.device) -> bool:
    """Tells whether the networks run in bfloat16: fast on CUDA, and on CPUs with AVX-512 BF16 or AMX."""
    if recipe.precision != "auto":
        return recipe.precision == "bfloat16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
