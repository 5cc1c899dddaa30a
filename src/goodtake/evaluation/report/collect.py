"""Everything that a report is made of: the rows of one run or several, and what is known of their systems.

Runs are joined when they are of one experiment: the same rate, channels and task, and for clips that they share the
same samples and the same drawn parameters. Otherwise figures over different inputs would stand side by side.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goodtake.config import load_dataclass
from goodtake.errors import ConfigError
from goodtake.evaluation.recipe import Benchmark
from goodtake.evaluation.rows import RECIPE_NAME, RUN_NAME, Row, read_rows
from goodtake.metrics import METRICS

SHARED = ("task", "sample_rate", "channels", "align")
"""Values of a benchmark that runs must have in common to stand in one report."""


@dataclass(frozen=True)
class SystemFacts:
    """What is known of a system.

    Args:
        name: in tables.
        after: the system whose output it was given; "" for the input.
        version: of the program or package behind it.
        digest: SHA-256 over all that decides its output.
        oracle: looks at the reference.
    """

    name: str
    after: str = ""
    version: str = ""
    digest: str = ""
    oracle: bool = False


@dataclass(frozen=True)
class Sample:
    """Figures of one system by one metric.

    Args:
        keys: (clip, condition) of each.
        values: (n,), in the metric's unit.
        songs: what each clip was cut from; those of one song are not independent.
    """

    keys: tuple[tuple[str, str], ...]
    values: NDArray[np.float64]
    songs: tuple[str, ...]

    @classmethod
    def of(cls, rows: Iterable[Row], metric: str) -> Sample:
        """Takes the rows that have the figure."""
        found = [(row, row.metrics[metric]) for row in rows if row.metrics.get(metric) is not None]
        keys = tuple((row.clip, row.condition) for row, _ in found)
        return cls(keys, np.array([value for _, value in found], np.float64), tuple(song_of(row) for row, _ in found))


@dataclass(frozen=True)
class Evaluation:
    """One run, or several joined.

    Args:
        benchmark: of the first run, with the conditions, systems' baseline and metrics of all.
        runs: their folders.
        rows: all of them.
        origins: the run folder of each row, for its files.
        systems: by name, doing nothing first.
        programs: contents of each `run.json` without its systems.
    """

    benchmark: Benchmark
    runs: tuple[Path, ...]
    rows: tuple[Row, ...]
    origins: tuple[Path, ...]
    systems: dict[str, SystemFacts]
    programs: tuple[dict[str, Any], ...]

    @property
    def baseline(self) -> str:
        """Name of the system that all others are compared with."""
        return self.benchmark.baseline

    @property
    def conditions(self) -> tuple[str, ...]:
        """Conditions that have rows, in the order of the benchmark."""
        there = dict.fromkeys(row.condition for row in self.rows)
        return tuple(dict.fromkeys([*(name for name in self.benchmark.conditions if name in there), *there]))

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """Metrics of pairs that at least one row has, in the order of the benchmark."""
        there = {name for row in self.rows for name, value in row.metrics.items() if value is not None}
        named = [name for name in self.benchmark.metrics if name in there]
        return tuple(dict.fromkeys([*named, *(name for name in METRICS if name in there)]))

    @cached_property
    def _by_place(self) -> dict[tuple[str, str], list[int]]:
        places: dict[tuple[str, str], list[int]] = {}
        for number, row in enumerate(self.rows):
            places.setdefault((row.system, row.condition), []).append(number)
        return places

    def numbers_of(self, system: str, condition: str | None = None) -> list[int]:
        """Returns the places of the rows of a system, under one condition or all."""
        conditions = self.conditions if condition is None else (condition,)
        return [number for name in conditions for number in self._by_place.get((system, name), ())]

    def rows_of(self, system: str, condition: str | None = None) -> list[Row]:
        """Returns the rows of a system, under one condition or all."""
        return [self.rows[number] for number in self.numbers_of(system, condition)]

    @property
    def failures(self) -> list[Row]:
        """Rows without any figure: the system failed, or the clip could not be read."""
        return [row for row in self.rows if is_failed(row)]

    @property
    def gaps(self) -> list[tuple[Row, str, str]]:
        """Single figures that could not be measured, with the reason: row, metric, reason."""
        return [(row, name, why) for row in self.rows if not is_failed(row) for name, why in row.errors.items()]

    @property
    def clips(self) -> list[Row]:
        """One row of every clip, whatever its condition and system."""
        return list({row.clip: row for row in self.rows}.values())


def song_of(row: Row) -> str:
    """Returns what a clip was cut from; a clip of unknown origin is a song of its own."""
    return row.song or row.clip


def is_failed(row: Row) -> bool:
    """Whether nothing could be measured because the system, or the reading of the clip, failed."""
    return "system" in row.errors or "clip" in row.errors


def collect(runs: Sequence[Path]) -> Evaluation:
    """Reads run folders.

    A system that two runs name alike but that is not the same (another digest) gets the run's name behind it; rows that
    two runs have of the same system and input are taken once.

    Raises:
        ConfigError: a folder is no run, or the runs are not of one experiment.
    """
    if not runs:
        raise ConfigError("no run to report on: give the folder of an evaluation, as runs/evaluate/NAME")
    benchmarks = [load_dataclass(Benchmark, _recipe(run)) for run in runs]
    for run, benchmark in zip(runs[1:], benchmarks[1:], strict=True):
        for name in SHARED:
            first, other = getattr(benchmarks[0], name), getattr(benchmark, name)
            if first != other:
                raise ConfigError(f"{runs[0]} has {name} {first}, {run} has {other}: make a report of each")
    systems: dict[str, SystemFacts] = {}
    rows: dict[tuple[str, str, str], tuple[Row, Path]] = {}
    inputs: dict[tuple[str, str], Row] = {}
    programs = []
    for run in runs:
        program = _program(run)
        facts = program.pop("systems", {})
        programs.append(program)
        for row in read_rows(run):
            if "clip" not in row.errors:  # else there was no input
                _check_input(inputs.setdefault((row.clip, row.condition), row), row, run)
            known = systems.get(row.system)
            name = row.system if known is None or known.digest == row.digest else f"{row.system} ({run.name})"
            oracle = bool(facts.get(row.system, {}).get("oracle", False))
            systems.setdefault(name, SystemFacts(name, row.after, row.version, row.digest, oracle))
            rows.setdefault((row.clip, row.condition, name), (replace(row, system=name), run))
    return Evaluation(
        _joined(benchmarks),
        tuple(runs),
        tuple(row for row, _ in rows.values()),
        tuple(run for _, run in rows.values()),
        _ordered(systems, benchmarks),
        tuple(programs),
    )


def _recipe(run: Path) -> Path:
    if not (run / RECIPE_NAME).is_file():
        raise ConfigError(f"{run} is no run ({RECIPE_NAME} is missing): give the folder that goodtake evaluate wrote")
    return run / RECIPE_NAME


def _program(run: Path) -> dict[str, Any]:
    try:
        values = json.loads((run / RUN_NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"{run / RUN_NAME} is damaged: delete it and run goodtake evaluate again") from error
    return dict(values)


def _check_input(first: Row, row: Row, run: Path) -> None:
    if (first.clip_digest, first.degradation) != (row.clip_digest, row.degradation):
        raise ConfigError(
            f"{run}: clip {row.clip} under {row.condition} is not the one of the other rows (other samples, or other "
            "drawn parameters): make a report of each run"
        )


def _joined(benchmarks: list[Benchmark]) -> Benchmark:
    """Returns the first benchmark with the conditions, clips and metrics of all."""
    return replace(
        benchmarks[0],
        conditions=tuple(dict.fromkeys(name for benchmark in benchmarks for name in benchmark.conditions)),
        metrics=tuple(dict.fromkeys(name for benchmark in benchmarks for name in benchmark.metrics)),
        clips=tuple(dict.fromkeys(clips for benchmark in benchmarks for clips in benchmark.clips)),
    )


def _ordered(systems: dict[str, SystemFacts], benchmarks: list[Benchmark]) -> dict[str, SystemFacts]:
    """Returns the systems with the baseline first, then as the recipes name them."""
    named = [entry if isinstance(entry, str) else entry.name for b in benchmarks for entry in b.systems]
    wanted = dict.fromkeys([benchmarks[0].baseline, *named, *systems])
    return {name: systems[name] for name in wanted if name in systems}
