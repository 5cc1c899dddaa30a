"""``goodtake enhance``: files in, better files out."""

import json as json_module
import sys
from typing import Annotated, Any

import typer

from goodtake.cli.ending import Interrupts, complain
from goodtake.errors import ConfigError, GoodtakeError

SHARES = {"listening": (0.0, 0.25), "enhancing": (0.25, 0.9), "writing": (0.9, 1.0)}
"""Where each stage lies on the progress bar."""


def enhance_command(
    inputs: Annotated[list[str], typer.Argument(metavar="FILE", help="Recordings; - reads standard input.")],
    output: Annotated[
        str | None,
        typer.Option("-o", "--output", help="Output file, or an existing folder; - writes WAV to standard output."),
    ] = None,
    strength: Annotated[float, typer.Option(help="0 changes nothing, 1 is full, up to 2 exaggerates.")] = 1.0,
    residual: Annotated[bool, typer.Option("--residual", help="Also write what was taken away.")] = False,
    model: Annotated[str, typer.Option(help="Installed model, or the folder of a bundle.")] = "studio",
    force: Annotated[bool, typer.Option("--force", help="Replace existing outputs.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object per file.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but errors.")] = False,
    threads: Annotated[int, typer.Option(min=0, help="Threads; 0 takes all cores.")] = 0,
    steps: Annotated[
        int | None, typer.Option(help="Network calls of a diffusion musecoder: 50 as in paper 1, 6, or any number.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of what a model draws at random; 0 when left out.")] = None,
    strict_paper: Annotated[
        bool, typer.Option("--strict-paper", help="As the paper has it: nothing above 8 kHz, no repair of samples.")
    ] = False,
) -> None:
    """Make recordings sound like studio takes.

    Writes NAME.enhanced.EXT beside each FILE: same format, rate, channels, length, loudness and tags.
    """
    from goodtake.enhancement.enhancer import Enhancer
    from goodtake.enhancement.files import enhance_file
    from goodtake.enhancement.naming import plan_jobs

    with Interrupts() as interrupts:
        jobs = plan_jobs(inputs, output, residual, force)
        piped = any(job.target == "-" for job in jobs)
        if piped and json:
            raise ConfigError("the sound and --json cannot both go to standard output: give -o, or leave --json out")
        if piped and sys.stdout.isatty():
            raise ConfigError("standard output is a terminal: give -o FILE, or send it to a file or program")
        enhancer = Enhancer(model, strength, threads, steps=steps, seed=seed, strict_paper=strict_paper)
        failed = 0
        with _Progress(not (quiet or json or piped), interrupts) as progress:
            for job in jobs:
                progress.begin(job.source)
                try:
                    result = enhance_file(
                        enhancer, job.source, job.target, job.residual, force=force, progress=progress.update
                    )
                except GoodtakeError as error:
                    interrupts.check()  # a signal may be what made it fail
                    failed += 1
                    complain(error)
                    continue
                if json:
                    typer.echo(json_module.dumps(result.to_dict()))
                else:
                    progress.say(result.summary())
    if failed:
        sys.exit(1)


class _Progress:
    """A bar with the time left on a terminal, a line per file elsewhere, or nothing when it is not wanted."""

    def __init__(self, shown: bool, interrupts: Interrupts) -> None:
        self._shown, self._interrupts = shown, interrupts
        self._bar: Any = None
        self._task: Any = None
        if shown and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (
                TextColumn("{task.description}", markup=False),  # a file name may look like markup
                BarColumn(),
                TextColumn("{task.percentage:3.0f} %"),
                TimeRemainingColumn(),
            )
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)

    def __enter__(self) -> "_Progress":
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *details: object) -> None:
        if self._bar:
            self._bar.stop()

    def begin(self, name: str) -> None:
        self._interrupts.check()
        self._interrupts.patient = name != "-"  # standard input may keep us waiting for ever
        if self._bar:
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._task = self._bar.add_task(name, total=1.0)

    def update(self, stage: str, done: int, total: int | None) -> None:
        self._interrupts.patient = True
        self._interrupts.check()
        if self._bar and total:
            first, last = SHARES[stage]
            self._bar.update(self._task, completed=first + (last - first) * min(1.0, done / total))

    def say(self, line: str) -> None:
        if self._bar:
            self._bar.console.print(line, highlight=False, markup=False, soft_wrap=True)
        elif self._shown:
            typer.echo(line, err=True)
