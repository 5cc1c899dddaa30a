"""The folder of a run: what it was made with, whether a benchmark may go on in it, and that only one works in it."""

import json
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from goodtake import __version__
from goodtake.audio.atomic import disk_errors
from goodtake.config import dump, load_dataclass
from goodtake.errors import ConfigError
from goodtake.evaluation.lines import locked
from goodtake.evaluation.recipe import Benchmark, ClipSet
from goodtake.evaluation.rows import RECIPE_NAME, RUN_NAME, RowIndex

LOCK_NAME = ".lock"
LOCK_PATIENCE_S = 1.0
"""A child that a killed run had just forked holds the lock until it becomes the command: up to 0.07 s were seen."""

FIXED = ("task", "seed", "sample_rate", "channels", "align")
"""Values of a benchmark that all figures of a run have in common."""


@contextmanager
def only_one(run: Path) -> Iterator[None]:
    """Makes the folder and holds it against other runs.

    Raises:
        ConfigError: another run works in it, or it holds other things.
        UnwritableAudioError: it cannot be made.
    """
    if (
        run.is_dir()
        and not (run / RECIPE_NAME).exists()
        and any(not path.name.startswith(".") for path in run.iterdir())
    ):
        raise ConfigError(f"{run} holds other things than a run: give an empty or a new folder with --run")
    with disk_errors(run):
        run.mkdir(parents=True, exist_ok=True)
        lock = (run / LOCK_NAME).open("a+b", buffering=0)
    with lock:
        try:
            with locked(lock, LOCK_PATIENCE_S):
                yield
        except BlockingIOError as error:
            raise ConfigError(f"another goodtake is working in {run}: wait for it, or give another --run") from error


def check_goes_on(run: Path, benchmark: Benchmark, bank_digest: str) -> None:
    """Checks that what a folder holds and what the benchmark asks are one experiment.

    Clips, conditions, systems and metrics may be added. What has rows must stay, or figures over different clips would
    stand side by side.

    Raises:
        ConfigError: they are not; says which value differs.
    """
    before = load_dataclass(Benchmark, run / RECIPE_NAME)
    for name in FIXED:
        old, new = getattr(before, name), getattr(benchmark, name)
        if old != new:
            raise ConfigError(_refusal(run, f"was made with {name} {old}, the recipe says {new}"))
    sets = {_regardless_of_count(clips) for clips in benchmark.clips}
    for clips in before.clips:
        if _regardless_of_count(clips) not in sets:
            what = " ".join(part for part in (clips.source, clips.path, clips.kind) if part)
            raise ConfigError(
                _refusal(run, f"was made with the clips {what} of {clips.seconds:g} s, the recipe has not")
            )
    made_with = read_run(run).get("bank")
    if made_with not in (None, bank_digest):
        raise ConfigError(_refusal(run, "was made with other rooms and noises than those in the data folder"))


def check_strangers(run: Path, index: RowIndex, clips: set[str], conditions: set[str], systems: set[str]) -> None:
    """Checks that every row belongs to the benchmark.

    Raises:
        ConfigError: a clip, condition or system has rows that the benchmark does not name.
    """
    for what, there, named in (
        ("clip", index.clips, clips),
        ("condition", index.conditions, conditions),
        ("system", index.systems, systems),
    ):
        strangers = sorted(there - named)
        if strangers:
            others = f" and {len(strangers) - 1} more" if len(strangers) > 1 else ""
            raise ConfigError(_refusal(run, f"has rows of {what} {strangers[0]!r}{others}, the recipe has not"))


def write_recipe(run: Path, benchmark: Benchmark) -> None:
    """Writes the resolved benchmark into the folder."""
    _write(run / RECIPE_NAME, dump(benchmark))


def read_run(run: Path) -> dict[str, Any]:
    """Returns what `run.json` holds; empty when there is none.

    Raises:
        ConfigError: when it is damaged.
    """
    try:
        values = json.loads((run / RUN_NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"{run / RUN_NAME} is damaged: delete it and run the same again") from error
    return dict(values) if isinstance(values, dict) else {}


def write_run(run: Path, systems: dict[str, Any], bank_digest: str) -> None:
    """Writes versions, platform and systems; systems that were there and are not named stay."""
    systems = {**read_run(run).get("systems", {}), **systems}
    values = {
        "goodtake": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": f"{platform.system()} {platform.machine()}",
        "bank": bank_digest,
        "systems": systems,
    }
    _write(run / RUN_NAME, json.dumps(values, indent=2, sort_keys=True) + "\n")


def _regardless_of_count(clips: ClipSet) -> ClipSet:
    return replace(clips, count=0)


def _refusal(run: Path, why: str) -> str:
    return f"{run} {why}: figures would mix; give another folder with --run, or the recipe as it was"


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.part")
    with disk_errors(path):
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
