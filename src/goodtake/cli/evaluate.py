"""``goodtake evaluate``: makes the rows of a benchmark, goes on where it stopped, prints the means."""

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from goodtake.cli.ending import Interrupts, complain
from goodtake.errors import ConfigError

if TYPE_CHECKING:
    from goodtake.evaluation.run import Progress

LINE_EVERY_S = 10.0
"""Between progress lines where there is no terminal."""


def evaluate_command(
    recipe: Annotated[Path, typer.Argument(help="Benchmark, such as recipes/evaluate/quick.yaml.")],
    data: Annotated[
        Path | None, typer.Option(help="Folder of clips, rooms and noises; without it rooms and noises are simulated.")
    ] = None,
    run: Annotated[Path | None, typer.Option(help="Run folder; runs/evaluate/NAME of the recipe by default.")] = None,
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0 takes all cores.")] = 0,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="condition=A|system=B", help="Only this condition or system; may be repeated."),
    ] = None,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Run a benchmark: every system on every clip under every condition; go on where a run stopped."""
    # Imported here because the other commands do not need it.
    from goodtake.evaluation.recipe import load_benchmark
    from goodtake.evaluation.rows import read_rows
    from goodtake.evaluation.run import run_benchmark
    from goodtake.evaluation.summary import summary_table

    benchmark = load_benchmark(recipe)
    conditions, systems = chosen(only or [])
    folder = run or Path("runs") / "evaluate" / benchmark.name
    with Interrupts() as interrupts:
        interrupts.patient = True
        line = ProgressLine(not quiet)
        try:
            outcome = run_benchmark(
                benchmark,
                folder,
                data,
                jobs or cores(),
                line.show,
                conditions or None,
                systems or None,
                check=interrupts.check,
            )
        finally:
            line.end()
    if not quiet:
        typer.echo(summary_table(benchmark, read_rows(folder)))
        typer.echo(f"{outcome.made} rows made, {outcome.rows - outcome.made} were there")
    for system, count in outcome.failed.items():
        complain(f"{system} failed on {count} of {outcome.units} clips; the first: {outcome.reasons[system]}")
    if outcome.all_failed:
        sys.exit(1)
    if not quiet:
        typer.echo(f"the rows are in {folder}; tables, pictures and players:  goodtake report {folder}")


def chosen(only: list[str]) -> tuple[list[str], list[str]]:
    """Returns the conditions and the systems of `--only` options.

    Raises:
        ConfigError: an option of another form.
    """
    found: dict[str, list[str]] = {"condition": [], "system": []}
    for option in only:
        key, _, name = option.partition("=")
        if key not in found or not name:
            raise ConfigError(f"--only {option}: give condition=NAME or system=NAME")
        found[key].append(name)
    return found["condition"], found["system"]


def cores() -> int:
    """Returns the cores that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class ProgressLine:
    """How far a run is: one line that changes on a terminal, a line every ten seconds elsewhere."""

    def __init__(self, shown: bool) -> None:
        self._shown, self._terminal = shown, sys.stderr.isatty()
        self._next = time.monotonic() + LINE_EVERY_S
        self._open = False

    def show(self, progress: "Progress") -> None:
        """Prints how far the run is, when it is time to."""
        if not self._shown or (not self._terminal and time.monotonic() < self._next):
            return
        self._next = time.monotonic() + LINE_EVERY_S
        failed = f", {progress.failed} rows failed" if progress.failed else ""
        text = f"{progress.done} of {progress.total} clips and conditions, {time_left(progress.seconds_left)}{failed}"
        if self._terminal:
            typer.echo(f"\r\x1b[K{text}", nl=False, err=True)
            self._open = True
        else:
            typer.echo(text, err=True)

    def end(self) -> None:
        """Leaves the line."""
        if self._open:
            typer.echo("\r\x1b[K", nl=False, err=True)


def time_left(seconds: float) -> str:
    """Returns a time in words.

    >>> time_left(95.0)
    '1 min 35 s left'
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min left"
    return f"{minutes} min {rest} s left" if minutes else f"{rest} s left"
