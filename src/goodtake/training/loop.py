"""The training loop: steps, averaged weights, checkpoints, log; a run that is killed goes on with the same numbers."""

import json
import math
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from goodtake.errors import ConfigError
from goodtake.training.checkpoints import load_checkpoint, save_checkpoint
from goodtake.training.pairs import Batch
from goodtake.training.recipe import OptimiserConfig, Recipe

Losses = dict[str, Tensor]


@dataclass
class State:
    """All that a run consists of.

    Args:
        model: weights in training.
        average: exponentially averaged weights, which are the ones shipped.
        optimiser: AdamW.
        step: steps done.
        steps_before: steps that the weights it began with had behind them.
    """

    model: nn.Module
    average: nn.Module
    optimiser: torch.optim.Optimizer
    step: int = 0
    steps_before: int = 0

    @classmethod
    def begin(cls, model: nn.Module, config: OptimiserConfig) -> "State":
        """Sets a run up at step 0."""
        average = deepcopy(model).requires_grad_(False)
        decayed = [weight for weight in model.parameters() if weight.ndim > 1]
        plain = [weight for weight in model.parameters() if weight.ndim <= 1]
        groups: list[dict[str, Any]] = [{"params": decayed}, {"params": plain, "weight_decay": 0.0}]
        optimiser = torch.optim.AdamW(
            groups, lr=config.learning_rate, betas=config.betas, weight_decay=config.weight_decay, fused=True
        )
        return cls(model, average, optimiser)

    def to_dict(self, recipe: Recipe) -> dict[str, Any]:
        """Returns plain tensors and values to write."""
        return {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "steps_before": self.steps_before,
            "recipe": asdict(recipe),
        }

    def restore(self, values: dict[str, Any], where: Path) -> None:
        """Takes over what `to_dict` returned.

        Raises:
            ConfigError: when it belongs to another architecture.
        """
        try:
            self.model.load_state_dict(values["model"])
            self.average.load_state_dict(values["average"])
        except RuntimeError as error:
            raise ConfigError(f"the checkpoint in {where} has another architecture: give another run folder") from error
        self.optimiser.load_state_dict(values["optimiser"])
        self.step = int(values["step"])
        self.steps_before = int(values.get("steps_before", 0))


@dataclass(frozen=True)
class LoopOptions:
    """How a run is carried out; none of it changes its numbers.

    Args:
        folder: run folder.
        max_minutes: clean end after that time; None runs to the end.
        workers: processes that make batches ahead.
        save_minutes: distance of checkpoints.
        log_steps: distance of log lines.
        stop: asked after each step; True ends the run as cleanly as the time limit does.
    """

    folder: Path
    max_minutes: float | None = None
    workers: int = 1
    save_minutes: float = 5.0
    log_steps: int = 50
    stop: Callable[[], bool] = lambda: False


def train(
    recipe: Recipe,
    model: nn.Module,
    batches: Dataset[Batch],
    losses: Callable[[nn.Module, Batch], Losses],
    options: LoopOptions,
    report: Callable[[str], None],
    on_save: Callable[[State], None] = lambda state: None,
    steps_before: int = 0,
) -> State:
    """Trains until the recipe's last step or the time is up, and returns the state.

    Args:
        recipe: weights of the losses and step sizes.
        model: freshly made; a checkpoint in the folder replaces its weights.
        batches: batch number n.
        losses: the named losses of a batch.
        options: folder and time.
        report: called with a line of progress.
        on_save: called after each checkpoint, for samples and curves.
        steps_before: steps behind the weights that a fresh run begins with.

    Raises:
        ConfigError: when a loss is not finite (the last checkpoint stays), or the checkpoint does not fit.
    """
    state = State.begin(model, recipe.optimiser)
    state.steps_before = steps_before
    saved = load_checkpoint(options.folder)
    if saved:
        state.restore(saved, options.folder)
    started, last_save = time.monotonic(), time.monotonic()
    sums: dict[str, float] = {}
    first_step = logged_step = state.step
    for number, batch in _numbered(batches, state.step, recipe.optimiser.total_steps, options.workers):
        for name, value in step(state, recipe, losses, batch, number).items():
            sums[name] = sums.get(name, 0.0) + value
        now = time.monotonic()
        if state.step % options.log_steps == 0:
            means = {name: total / (state.step - logged_step) for name, total in sums.items()}
            sums, logged_step = {}, state.step
            per_step = (now - started) / (state.step - first_step)
            _log(options.folder, {"step": state.step, "seconds_per_step": per_step, **means})
            report(_progress_line(state.step, recipe, per_step, means, options, now - started))
        timed_out = options.max_minutes is not None and now - started > 60 * options.max_minutes
        over = timed_out or options.stop()
        if over or now - last_save > 60 * options.save_minutes:
            save_checkpoint(options.folder, state.to_dict(recipe))
            on_save(state)
            last_save = time.monotonic()
        if over:
            return state
    save_checkpoint(options.folder, state.to_dict(recipe))
    on_save(state)
    return state


def step(
    state: State, recipe: Recipe, losses: Callable[[nn.Module, Batch], Losses], batch: Batch, number: int
) -> dict[str, float]:
    """Does one step on batch `number` and returns the losses, their weighted sum as "total", and the gradient norm."""
    config = recipe.optimiser
    for group in state.optimiser.param_groups:
        group["lr"] = learning_rate(config, state.step)
    named = losses(state.model, batch)
    unknown = set(recipe.losses) - set(named)
    if unknown:
        raise ConfigError(f"the recipe weighs {sorted(unknown)[0]!r}, which is not one of {', '.join(sorted(named))}")
    total = torch.stack([weight * named[name] for name, weight in recipe.losses.items()]).sum()
    if not torch.isfinite(total):
        raise ConfigError(f"loss is {total.item()} at step {state.step}, batch {number}: the last checkpoint is kept")
    state.optimiser.zero_grad(set_to_none=True)
    total.backward()  # type: ignore[no-untyped-call]
    norm = nn.utils.clip_grad_norm_(state.model.parameters(), config.clip_norm)
    if torch.isfinite(norm):
        state.optimiser.step()
    decay = min(config.average, (state.step + 1) / (state.step + 10))
    with torch.no_grad():
        for mean, weight in zip(state.average.parameters(), state.model.parameters(), strict=True):
            mean.lerp_(weight, 1 - decay)
    state.step += 1
    return {**{name: loss.item() for name, loss in named.items()}, "total": total.item(), "gradient": norm.item()}


def learning_rate(config: OptimiserConfig, step_number: int) -> float:
    """Returns the rate of a step: linear warm-up, then half a cosine down to `final_share` of the peak."""
    if step_number < config.warmup_steps:
        return config.learning_rate * (step_number + 1) / config.warmup_steps
    done = min(1.0, (step_number - config.warmup_steps) / max(1, config.total_steps - config.warmup_steps))
    share = config.final_share + (1 - config.final_share) * 0.5 * (1 + math.cos(math.pi * done))
    return config.learning_rate * share


def _numbered(batches: Dataset[Batch], first: int, last: int, workers: int) -> Iterator[tuple[int, Batch]]:
    numbers = range(first, last)
    loader = DataLoader(
        batches,
        batch_size=None,
        sampler=numbers,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        multiprocessing_context="fork" if workers else None,
    )
    return zip(numbers, loader, strict=True)


def _log(folder: Path, values: dict[str, float]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps({key: round(value, 6) for key, value in values.items()}) + "\n")


def _progress_line(
    done: int, recipe: Recipe, per_step: float, means: dict[str, float], options: LoopOptions, elapsed: float
) -> str:
    left = per_step * (recipe.optimiser.total_steps - done)
    if options.max_minutes is not None:
        left = min(left, 60 * options.max_minutes - elapsed)
    shown = "  ".join(f"{name} {value:.3f}" for name, value in means.items())
    return f"step {done}/{recipe.optimiser.total_steps}  {per_step:.2f} s/step  {left / 60:.0f} min left  {shown}"
