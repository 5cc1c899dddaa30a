"""Runs a benchmark: makes every row that is missing in the run folder, with as many processes as are given.

A row is whole on disk before the next one is begun by its process, so a run that is killed at any moment goes on where
it stopped, and ends with the figures of one that was not.
"""

import importlib.util
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from goodtake.errors import ConfigError, MissingExtraError
from goodtake.evaluation.checks import check_benchmark, specs_of
from goodtake.evaluation.crew import Crew, ProcessCrew
from goodtake.evaluation.folder import check_goes_on, check_strangers, only_one, write_recipe, write_run
from goodtake.evaluation.plan import Unit, digest_of_bank, list_clips, list_units, open_bank
from goodtake.evaluation.recipe import Benchmark
from goodtake.evaluation.rows import Row, RowIndex, write_row
from goodtake.evaluation.trial import Trial
from goodtake.metrics import METRICS
from goodtake.metrics.embeddings import find_embedding
from goodtake.metrics.set_metrics import needed_embeddings

RECENT_UNITS = 30
"""Units whose time tells how long the rest will take."""


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Args:
        done: units, each a clip under a condition.
        total: units of the run.
        failed: rows without figures so far.
        seconds_left: estimate from the last units.
    """

    done: int
    total: int
    failed: int
    seconds_left: float


@dataclass
class Outcome:
    """What a run did.

    Args:
        units: clips times conditions that were asked for.
        rows: units times systems.
        made: rows that were written now; the others were there.
        failed: rows without figures, by system.
        reasons: the first reason of each system that failed.
    """

    units: int = 0
    rows: int = 0
    made: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def all_failed(self) -> bool:
        """Whether there is not one row with figures."""
        return self.rows > 0 and self.failed.total() == self.rows


def run_benchmark(
    benchmark: Benchmark,
    run: Path,
    data_root: Path | None = None,
    jobs: int = 1,
    report: Callable[[Progress], None] | None = None,
    conditions: Iterable[str] | None = None,
    systems: Iterable[str] | None = None,
    check: Callable[[], None] | None = None,
) -> Outcome:
    """Makes the rows of a benchmark that a run folder lacks.

    Args:
        benchmark: clips, conditions, systems, metrics.
        run: the run folder, made when it is not there.
        data_root: folder that relative paths of clips are looked for in; rooms and noises are drawn from its part
            `dev`, and simulated when there is none.
        jobs: processes. With more than one, a script of your own needs the usual `if __name__ == "__main__"`.
        report: told after each unit.
        conditions: only these of the benchmark.
        systems: only these of the benchmark.
        check: called between units; may raise to end the run, which keeps the rows so far.

    Raises:
        ConfigError: the benchmark cannot be, or is another one than the folder holds rows of.
        MissingExtraError: a metric or a system needs a package that is not installed.
        GoodtakeError: clips, bank or engines are missing or damaged, or the disk is full.
    """
    check_benchmark(benchmark, benchmark.name)
    check_packages(benchmark.metrics)
    wanted_conditions = _chosen(conditions, benchmark.conditions, "condition")
    wanted = _chosen(systems, tuple(specs_of(benchmark)), "system")
    clips = list_clips(benchmark, data_root)
    units = list(list_units(benchmark, clips))
    bank_digest = digest_of_bank(open_bank(benchmark, data_root))
    with only_one(run), ExitStack() as stack:
        index = RowIndex(run)
        if len(index):
            check_goes_on(run, benchmark, bank_digest)
            named = {unit.name for unit in units}, set(benchmark.conditions), set(specs_of(benchmark))
            check_strangers(run, index, *named)
        chosen = [unit for unit in units if unit.condition in wanted_conditions]
        arguments = (benchmark, run, data_root, wanted)
        processes = min(jobs, len(chosen))
        crew = (
            Crew(Trial, arguments) if processes <= 1 else stack.enter_context(ProcessCrew(Trial, arguments, processes))
        )
        write_recipe(run, benchmark)
        write_run(run, crew.describe(), bank_digest)
        tasks = _tasks(chosen, index)
        book = _Book(run, index, wanted, len(chosen), report or (lambda progress: None))
        for unit, rows in crew.results(tasks, check or (lambda: None)):
            book.take(unit, rows)
    return book.outcome


def check_packages(metrics: Iterable[str]) -> None:
    """Checks that what the metrics need is installed.

    Raises:
        MissingExtraError: the first package that is not.
        BundleError: the file of an embedding is not there.
    """
    names = list(metrics)
    for metric in (METRICS[name] for name in names if name in METRICS):
        if metric.package and metric.extra and importlib.util.find_spec(metric.package) is None:
            raise MissingExtraError(metric.package, metric.extra)
    for embedding in needed_embeddings(names):
        find_embedding(embedding)


class _Book:
    """Takes rows in, writes them, counts, and tells how far the run is."""

    def __init__(
        self, run: Path, index: RowIndex, wanted: list[str], total: int, report: Callable[[Progress], None]
    ) -> None:
        self.outcome = Outcome()
        self._run, self._index, self._wanted, self._total, self._report = run, index, wanted, total, report
        self._times = deque([time.monotonic()], maxlen=RECENT_UNITS + 1)

    def take(self, unit: Unit, rows: list[Row]) -> None:
        """Writes the rows of a unit; one that failed as before is not written again."""
        before = self._index.rows_of(unit.name, unit.condition)
        for row in rows:
            old = before.get(row.system)
            if old is None or not _is_same(old, row):
                write_row(self._run, row)
                self.outcome.made += 1
            reason = row.errors.get("system") or row.errors.get("clip")
            if reason:
                self.outcome.failed[row.system] += 1
                self.outcome.reasons.setdefault(row.system, f"{row.clip}, {row.condition}: {reason}")
        self.outcome.units += 1
        self.outcome.rows += len(self._wanted)
        self._times.append(time.monotonic())
        pace = (self._times[-1] - self._times[0]) / (len(self._times) - 1)
        left = pace * (self._total - self.outcome.units)
        self._report(Progress(self.outcome.units, self._total, self.outcome.failed.total(), left))


def _tasks(units: list[Unit], index: RowIndex) -> Iterator[tuple[Unit, tuple[Unit, dict[str, Row]]]]:
    for unit in units:
        yield unit, (unit, index.rows_of(unit.name, unit.condition))


def _is_same(old: Row, new: Row) -> bool:
    return replace(old, seconds_taken=0.0) == replace(new, seconds_taken=0.0)


def _chosen(asked: Iterable[str] | None, there: tuple[str, ...], what: str) -> list[str]:
    chosen = list(there) if asked is None else list(dict.fromkeys(asked))
    for name in chosen:
        if name not in there:
            raise ConfigError(f"unknown {what} {name!r}: the benchmark has {', '.join(there)}")
    return chosen
