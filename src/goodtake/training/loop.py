"""The training loop: steps, averaged weights, checkpoints, log; a run that is killed goes on with the same numbers."""

import json
import math
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from goodtake.errors import ConfigError
from goodtake.training.adversary import Adversary
from goodtake.training.checkpoints import lighten, load_checkpoint, save_checkpoint
from goodtake.training.engine import Devices, Engine, move
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
        steps_before: steps that the weights it began with had behind them; of each network, where they differ.
        adversary: discriminator and its optimiser, for tasks that have one.
    """

    model: nn.Module
    average: nn.Module
    optimiser: torch.optim.Optimizer
    step: int = 0
    steps_before: int | dict[str, int] = 0
    adversary: Adversary | None = None

    @classmethod
    def begin(cls, model: nn.Module, config: OptimiserConfig, adversary: Adversary | None = None) -> "State":
        """Sets a run up at step 0. Weights that need no gradient stay as they are."""
        average = deepcopy(model).requires_grad_(False)
        trained = [weight for weight in model.parameters() if weight.requires_grad]
        decayed = [weight for weight in trained if weight.ndim > 1]
        plain = [weight for weight in trained if weight.ndim <= 1]
        groups: list[dict[str, Any]] = [{"params": decayed}, {"params": plain, "weight_decay": 0.0}]
        optimiser = torch.optim.AdamW(
            groups, lr=config.learning_rate, betas=config.betas, weight_decay=config.weight_decay, fused=True
        )
        return cls(model, average, optimiser, adversary=adversary)

    def to_dict(self, recipe: Recipe) -> dict[str, Any]:
        """Returns plain tensors and values to write."""
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "steps_before": self.steps_before,
            "recipe": asdict(recipe),
            **({"adversary": self.adversary.state_dict()} if self.adversary else {}),
        }
        return lighten(state) if recipe.optimiser.light else state

    def restore(self, values: dict[str, Any], where: Path) -> None:
        """Takes over what `to_dict` returned.

        Raises:
            ConfigError: when it belongs to another architecture.
        """
        try:
            self.model.load_state_dict(values["model"])
            self.average.load_state_dict(values["average"])
            if self.adversary:
                self.adversary.load_state_dict(values["adversary"])
            self.optimiser.load_state_dict(values["optimiser"])
            self.step = int(values["step"])
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            raise ConfigError(
                f"the checkpoint in {where} has another architecture, or trains other parts of it: "
                "give another run folder"
            ) from error
        self.steps_before = values.get("steps_before", 0)


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
    steps_before: int | dict[str, int] = 0,
    adversary: Adversary | None = None,
    engine: Engine | None = None,
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
        steps_before: steps behind the weights that a fresh run begins with; of each network, where they differ.
        adversary: that the losses train and ask.
        engine: devices and processes; one on this machine when None.

    Raises:
        ConfigError: when a loss is not finite (the last checkpoint stays), or the checkpoint does not fit.
    """
    engine = engine or Engine(Devices("cpu"))
    state = State.begin(model.to(engine.device), recipe.optimiser, adversary)
    state.steps_before = steps_before
    saved = load_checkpoint(options.folder)
    if saved:
        state.restore(saved, options.folder)
    started, last_save = time.monotonic(), time.monotonic()
    sums: dict[str, float] = {}
    first_step = logged_step = state.step

    def save() -> None:
        save_checkpoint(options.folder, state.to_dict(recipe))
        on_save(state)

    for group in _groups(batches, state.step, recipe.optimiser, options.workers):
        for name, value in step(state, recipe, losses, group, engine).items():
            sums[name] = sums.get(name, 0.0) + value
        now = time.monotonic()
        if state.step % options.log_steps == 0 and engine.is_main:
            means = {name: total / (state.step - logged_step) for name, total in sums.items()}
            sums, logged_step = {}, state.step
            per_step = (now - started) / (state.step - first_step)
            _log(options.folder, {"step": state.step, "seconds_per_step": per_step, **means})
            report(_progress_line(state.step, recipe, per_step, means, options, now - started))
        timed_out = options.max_minutes is not None and now - started > 60 * options.max_minutes
        over = engine.any(timed_out or options.stop())
        if over or engine.any(now - last_save > 60 * options.save_minutes):
            engine.on_main(save)
            last_save = time.monotonic()
        if over:
            return state
    engine.on_main(save)
    return state


def step(
    state: State,
    recipe: Recipe,
    losses: Callable[[nn.Module, Batch], Losses],
    group: Sequence[tuple[int, Batch]],
    engine: Engine,
) -> dict[str, float]:
    """Does one step on the sum of some numbered batches; returns the mean losses, their weighted "total", the norm."""
    config = recipe.optimiser
    rate = learning_rate(config, state.step)
    for parameters in state.optimiser.param_groups:
        parameters["lr"] = rate
    if state.adversary:
        state.adversary.anneal(rate / config.learning_rate)
    state.optimiser.zero_grad(set_to_none=True)
    means: dict[str, float] = {}
    for number, batch in group:
        named = losses(state.model, move(batch, engine.device))
        total = weighted_sum(named, recipe.losses)
        if not torch.isfinite(total):
            raise ConfigError(
                f"loss is {total.item()} at step {state.step}, batch {number}: the last checkpoint is kept"
            )
        (total / len(group)).backward()  # type: ignore[no-untyped-call]
        for name, value in {**named, "total": total}.items():
            means[name] = means.get(name, 0.0) + value.item() / len(group)
    engine.average_gradients(state.model.parameters())
    norm = nn.utils.clip_grad_norm_(state.model.parameters(), config.clip_norm)
    if torch.isfinite(norm):
        state.optimiser.step()
    decay = min(config.average, (state.step + 1) / (state.step + 10))
    with torch.no_grad():
        for mean, weight in zip(state.average.parameters(), state.model.parameters(), strict=True):
            mean.lerp_(weight, 1 - decay)
    state.step += 1
    return engine.mean({**means, "gradient": norm.item()})


def weighted_sum(named: Losses, weights: dict[str, float]) -> Tensor:
    """Returns what a step lowers.

    Raises:
        ConfigError: when the recipe weighs a loss that the task does not have.
    """
    weights = {name: weight for name, weight in weights.items() if weight}  # a recipe switches its base's off with 0
    unknown = set(weights) - set(named)
    if unknown:
        raise ConfigError(f"the recipe weighs {sorted(unknown)[0]!r}, which is not one of {', '.join(sorted(named))}")
    return torch.stack([weight * named[name] for name, weight in weights.items()]).sum()


def learning_rate(config: OptimiserConfig, step_number: int) -> float:
    """Returns the rate of a step: linear warm-up, then half a cosine down to `final_share` of the peak."""
    if step_number < config.warmup_steps:
        return config.learning_rate * (step_number + 1) / config.warmup_steps
    done = min(1.0, (step_number - config.warmup_steps) / max(1, config.total_steps - config.warmup_steps))
    share = config.final_share + (1 - config.final_share) * 0.5 * (1 + math.cos(math.pi * done))
    return config.learning_rate * share


def _groups(
    batches: Dataset[Batch], first_step: int, config: OptimiserConfig, workers: int
) -> Iterator[list[tuple[int, Batch]]]:
    """Yields the numbered batches of each step from `first_step` on."""
    numbers = range(first_step * config.accumulate, config.total_steps * config.accumulate)
    loader = DataLoader(
        batches,
        batch_size=None,
        sampler=numbers,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        multiprocessing_context="fork" if workers else None,
        worker_init_fn=_leave_signals_to_the_run,
    )
    numbered = zip(numbers, loader, strict=True)
    while group := list(islice(numbered, config.accumulate)):
        yield group


def _leave_signals_to_the_run(worker: int) -> None:
    """A worker that dies of a signal to the whole group would take the run down before it can save."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


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
