"""Checks a benchmark by name before any work starts: conditions, systems, sources, metrics, and what must be alone."""

import re
from collections import Counter
from collections.abc import Iterable

from goodtake.degrade.conditions import CONDITIONS
from goodtake.errors import ConfigError
from goodtake.evaluation.recipe import Benchmark, SystemSpec
from goodtake.evaluation.rows import REFERENCE
from goodtake.evaluation.sources import SOURCES
from goodtake.evaluation.systems import SYSTEMS, kind_of
from goodtake.metrics import METRICS
from goodtake.metrics.set_metrics import SET_METRICS

TASKS = ("enhance", "separate")
INPUT = "nothing"
"""The system whose output is the input."""

SAFE_NAME = re.compile(r"\w[\w.+-]*")
"""Names that are folders and files of a run."""

LOWEST_RATE, HIGHEST_RATE = 8_000, 192_000


def check_benchmark(benchmark: Benchmark, where: str) -> None:
    """Checks everything that can be known without reading audio.

    Args:
        benchmark: as read.
        where: file, for messages.

    Raises:
        ConfigError: a value that cannot be, a name that does not exist or comes twice, a chain of systems that leads
            back to itself, or a baseline that is no system of the benchmark.
    """
    if benchmark.task not in TASKS:
        raise ConfigError(f"{where}: task is {benchmark.task!r}: use one of {', '.join(TASKS)}")
    if not LOWEST_RATE <= benchmark.sample_rate <= HIGHEST_RATE:
        raise ConfigError(f"{where}: sample_rate is {benchmark.sample_rate}: give {LOWEST_RATE} to {HIGHEST_RATE} Hz")
    if benchmark.channels not in (1, 2):
        raise ConfigError(f"{where}: channels is {benchmark.channels}: give 1 or 2")
    if benchmark.seed < 0:
        raise ConfigError(f"{where}: seed is {benchmark.seed}: give 0 or more")
    _check_names((benchmark.name,), "name", where)
    _check_clips(benchmark, where)
    _check_names(benchmark.conditions, "condition", where)
    if benchmark.task == "enhance":
        _check_known(benchmark.conditions, CONDITIONS, "condition", where)
    _check_known(benchmark.metrics, {**METRICS, **SET_METRICS}, "metric", where)
    _check_names(benchmark.metrics, "metric", where)
    _check_systems(benchmark, where)


def specs_of(benchmark: Benchmark) -> dict[str, SystemSpec]:
    """Returns the systems by name, those without options as specifications too."""
    given = (SystemSpec(system) if isinstance(system, str) else system for system in benchmark.systems)
    return {spec.name: spec for spec in given}


def chain_of(name: str, specs: dict[str, SystemSpec]) -> list[str]:
    """Returns a system and those whose output it is made of, the first to run first.

    Raises:
        ConfigError: a system that does not exist, or a chain that leads back to itself.
    """
    chain = [name]
    while after := specs[chain[0]].after:
        if after not in specs:
            raise ConfigError(f"system {chain[0]!r} comes after {after!r}, which is no system of the benchmark: add it")
        if after in chain:
            raise ConfigError(f"system {after!r} comes after itself: {' after '.join([*reversed(chain), after])}")
        chain.insert(0, after)
    return chain


def _check_clips(benchmark: Benchmark, where: str) -> None:
    if not benchmark.clips:
        raise ConfigError(f"{where}: no clips: say where they come from, as  clips: [{{source: folder, path: music}}]")
    _check_known([clips.source for clips in benchmark.clips], SOURCES, "source", where)
    for clips in benchmark.clips:
        if clips.count < 0 or not 0 <= clips.seconds < 1e6:
            raise ConfigError(
                f"{where}: {clips.count} clips of {clips.seconds:g} s from {clips.source}: give 0 or more of both"
            )
    _check_once(benchmark.clips, "clip set", where)


def _check_systems(benchmark: Benchmark, where: str) -> None:
    names = [system if isinstance(system, str) else system.name for system in benchmark.systems]
    _check_names(names, "system", where)
    specs = specs_of(benchmark)
    for name, spec in specs.items():
        if name == REFERENCE:
            raise ConfigError(f"{where}: a system is named {REFERENCE!r}, as the clean clip is: name it otherwise")
        if kind_of(spec) not in SYSTEMS:
            raise ConfigError(
                f"{where}: unknown kind {kind_of(spec)!r} of system {name!r}: use one of {', '.join(SYSTEMS)}; "
                f"an engine is named as  {{name: {name}, engine: {name}}}"
            )
        if name == INPUT and (kind_of(spec) != INPUT or spec.after):
            raise ConfigError(f"{where}: system {INPUT!r} is the input itself: name another system otherwise")
        try:
            chain_of(name, specs)
        except ConfigError as error:
            raise ConfigError(f"{where}: {error}") from error
    if benchmark.baseline not in specs:
        raise ConfigError(
            f"{where}: baseline {benchmark.baseline!r} is no system of the benchmark: use one of {', '.join(specs)}"
        )


def _check_names(names: Iterable[str], what: str, where: str) -> None:
    listed = list(names)
    if not listed:
        raise ConfigError(f"{where}: no {what}s: name one at least")
    for name in listed:
        if not SAFE_NAME.fullmatch(name):
            raise ConfigError(
                f"{where}: {what} {name!r}: use letters, digits, '-', '_', '+' and '.', it names files too"
            )
    _check_once(listed, what, where)


def _check_known(names: Iterable[str], known: Iterable[str], what: str, where: str) -> None:
    choices = list(known)
    for name in names:
        if name not in choices:
            raise ConfigError(f"{where}: unknown {what} {name!r}: use one of {', '.join(choices)}")


def _check_once(entries: Iterable[object], what: str, where: str) -> None:
    twice = [entry for entry, count in Counter(entries).items() if count > 1]
    if twice:
        raise ConfigError(f"{where}: {what} {getattr(twice[0], 'source', twice[0])!r} is listed twice: leave one out")
