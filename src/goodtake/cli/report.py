"""``goodtake report``: tables, charts and players of one evaluation or several."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from goodtake.cli.ending import Interrupts
from goodtake.errors import ConfigError

if TYPE_CHECKING:
    from goodtake.evaluation.report.document import Report

CORRELATION = "correlation"
"""This word before the runs asks for rank correlations alone."""


def report_command(
    runs: Annotated[
        list[str],
        typer.Argument(metavar="[correlation] RUN...", help="Run folders of goodtake evaluate; of one experiment."),
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder of the report; RUN/report by default.")
    ] = None,
    formats: Annotated[str, typer.Option("--format", help="Some of md, csv and html, with commas.")] = "md,csv,html",
    players: Annotated[str, typer.Option(metavar="N|none|all", help="Most clips to hear on the page.")] = "20",
    only_shareable: Annotated[
        bool, typer.Option("--only-shareable", help="Play only clips whose licence allows publishing.")
    ] = False,
    metric: Annotated[str, typer.Option(help="Looked at first; the first of the benchmark by default.")] = "",
    system: Annotated[str, typer.Option(help="Looked at first; the best by that metric by default.")] = "",
    ratings: Annotated[
        str, typer.Option(metavar="published|CSV", help="Ratings of listeners to correlate metrics with.")
    ] = "published",
    votes: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Forced choices: columns stem, separator, choice.")
    ] = None,
    recordings: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Recordings without a reference, to hear on the page too.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing report.")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but errors.")] = False,
) -> None:
    """Make tables, charts and a page to listen to of one evaluation or several.

    With the word correlation before the runs, print how well each metric follows listeners, and write nothing.
    """
    # Imported here because the other commands do not need it.
    from goodtake.evaluation.report.write import Wishes, write_report

    if runs[0] == CORRELATION and len(runs) > 1:
        show_correlation([Path(run) for run in runs[1:]], ratings)
        return
    folders = [Path(run) for run in runs]
    place = output or folders[0] / "report"
    wishes = Wishes(
        formats=tuple(name.strip() for name in formats.split(",") if name.strip()),
        players=read_players(players),
        only_shareable=only_shareable,
        metric=metric,
        system=system,
        ratings=ratings,
        votes=votes,
        recordings=recordings,
        command=shlex.join(["goodtake", *sys.argv[1:]]),
    )
    with Interrupts():
        report = write_report(folders, place, wishes, force, _tell if not quiet and sys.stderr.isatty() else _hush)
    if quiet:
        return
    typer.echo("\n".join(summary_lines(report)))
    typer.echo(f"the report is in {place}: {', '.join(sorted(path.name for path in place.iterdir()))}")


def summary_lines(report: "Report") -> list[str]:
    """Returns what is printed of a report: its summary and the first table of each of its first two sections."""
    from goodtake.evaluation.report.table import to_markdown

    lines = [report.title, "", *report.summary, ""]
    lines += [f"{one.label}: {one.value} ({one.detail})" for one in report.headlines]
    for section in report.sections[:2]:
        for table in section.tables[:1]:
            lines += ["", table.title, "", to_markdown(table, emphasis=False), ""]
    return lines


def show_correlation(runs: list[Path], ratings: str) -> None:
    """Prints the rank correlation of every metric with ratings.

    Raises:
        ConfigError: nothing that was rated was measured.
    """
    from goodtake.evaluation.report.collect import collect
    from goodtake.evaluation.report.measures import set_figures
    from goodtake.evaluation.report.paper_tables import correlation_table, correlations
    from goodtake.evaluation.report.table import to_markdown
    from goodtake.evaluation.report.write import find_ratings
    from goodtake.stats import Interval

    evaluation, table = collect(runs), find_ratings(ratings)
    sets: dict[tuple[str, str | None, str], Interval] = {
        (system, condition, metric): figure for system, condition, metric, figure in set_figures(evaluation)
    }
    results = correlations(evaluation, sets, table)
    made = correlation_table(results, table)
    typer.echo("\n".join([made.title, "", to_markdown(made, emphasis=False), "", *made.notes]))


def read_players(text: str) -> int | None:
    """Returns how many clips the page may play; None for all.

    Raises:
        ConfigError: it is no number, "none" or "all".
    """
    if text in ("none", "all"):
        return 0 if text == "none" else None
    if not text.isdecimal():
        raise ConfigError(f"--players {text}: give a number, none or all")
    return int(text)


def _tell(line: str) -> None:
    typer.echo(line, err=True)


def _hush(line: str) -> None:
    pass
