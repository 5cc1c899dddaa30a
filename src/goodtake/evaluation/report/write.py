"""Makes a whole report and puts it in its place: everything is made first, nothing half-written stays."""

from __future__ import annotations

import platform
import secrets
import shlex
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from goodtake import __version__
from goodtake.audio.atomic import disk_errors
from goodtake.config import load_dataclass
from goodtake.errors import ConfigError, OutputExistsError
from goodtake.evaluation.ratings import PUBLISHED, RatingTable, published_ratings, read_ratings
from goodtake.evaluation.recipe import Benchmark
from goodtake.evaluation.report.charts import standalone
from goodtake.evaluation.report.collect import Evaluation, collect
from goodtake.evaluation.report.compose import Findings, make_report, with_players, work_out
from goodtake.evaluation.report.document import Report
from goodtake.evaluation.report.markdown import to_text
from goodtake.evaluation.report.measures import Options, short
from goodtake.evaluation.report.page import check_installed, to_html
from goodtake.evaluation.report.players import Player, choose, left_out, make_player
from goodtake.evaluation.report.recordings import make_recording_players
from goodtake.evaluation.report.table import to_csv
from goodtake.evaluation.report.tables import scope_title, scopes, system_title
from goodtake.evaluation.report.votes import read_votes
from goodtake.evaluation.rows import RECIPE_NAME

FORMATS = ("md", "csv", "html")
OURS = frozenset({"report.md", "report.html", "tables", "figures"})
"""What a report consists of: a folder that holds nothing else may be replaced by --force."""

DEFAULT_PLAYERS = 20


@dataclass(frozen=True)
class Wishes:
    """What the report should look like.

    Args:
        formats: of `FORMATS`.
        players: most clips to hear; None takes all.
        only_shareable: play only clips whose licence allows publishing.
        metric: looked at first; "" takes the first of the benchmark.
        system: looked at first; "" takes the best.
        ratings: "paper1" for those of paper 1, or a CSV file.
        votes: CSV file of a forced-choice test.
        recordings: folder of real recordings without a reference, to be heard as every system makes them.
        command: that makes the report again, for the report itself.
        options: of intervals.
    """

    formats: tuple[str, ...] = FORMATS
    players: int | None = DEFAULT_PLAYERS
    only_shareable: bool = False
    metric: str = ""
    system: str = ""
    ratings: str = PUBLISHED
    votes: Path | None = None
    recordings: Path | None = None
    command: str = ""
    options: Options = field(default_factory=Options)


def write_report(
    runs: Sequence[Path],
    output: Path,
    wishes: Wishes,
    force: bool = False,
    progress: Callable[[str], None] = lambda line: None,
) -> Report:
    """Makes a report of one run or several and writes it as a folder.

    Args:
        runs: folders of evaluations.
        output: folder to be made: report.md, report.html, tables/*.csv, figures/*.svg.
        wishes: what it should look like.
        force: replace a report that is there.
        progress: is told what is being done.

    Returns:
        The report as data.

    Raises:
        OutputExistsError: the folder is there, without `force` or with other things in it.
        ConfigError: a run, a format, a file of ratings or votes is not what it should be.
        UnreadableAudioError: a kept sound file is missing.
        UnwritableAudioError: the disk does not take it.
        MissingExtraError: jinja2, for the page, is not installed.
    """
    unknown = [name for name in wishes.formats if name not in FORMATS]
    if unknown or not wishes.formats:
        raise ConfigError(f"format {', '.join(unknown) or 'none'!r}: give some of {', '.join(FORMATS)}")
    if "html" in wishes.formats:
        check_installed()
    check_place(output, runs, force)
    evaluation = collect(runs)
    ratings = find_ratings(wishes.ratings)
    polls = read_votes(wishes.votes) if wishes.votes else []
    if wishes.recordings and "html" not in wishes.formats:
        raise ConfigError("recordings are heard on the page: add html to the formats")
    progress(f"{len(evaluation.rows)} rows: means, intervals and comparisons")
    found = work_out(evaluation, wishes.options, wishes.metric, wishes.system)
    report = make_report(found, ratings, polls, _facts(evaluation, wishes))
    if "html" in wishes.formats:
        report = _with_sound(report, found, wishes, progress)
    if wishes.recordings:
        heard = make_recording_players(evaluation, wishes.recordings, progress)
        report = with_players(
            report, (*report.players, *heard), report.about_players or "Recordings without a reference."
        )
    _put(output, _contents(report, found, wishes), force)
    return report


def find_ratings(name: str) -> RatingTable:
    """Returns paper 1's published ratings, by the words "published" or "paper1", or those of a CSV file.

    Raises:
        ConfigError: the file cannot be read as ratings.
    """
    return published_ratings() if name in ("published", PUBLISHED) else read_ratings(Path(name))


def check_place(output: Path, runs: Sequence[Path], force: bool) -> None:
    """Refuses a place that holds something else, before any work is done.

    Raises:
        OutputExistsError: see `write_report`.
    """
    if not output.exists() and not output.is_symlink():
        return
    if not output.is_dir() or any(output.resolve() == run.resolve() for run in runs):
        raise OutputExistsError(f"{output} is no report: give another folder with -o")
    there = {path.name for path in output.iterdir()}
    if there - OURS:
        raise OutputExistsError(f"{output} holds other things than a report ({min(there - OURS)}): give another folder")
    if there and not force:
        raise OutputExistsError(f"{output} exists: give another folder with -o, or --force to replace the report")


def _with_sound(report: Report, found: Findings, wishes: Wishes, progress: Callable[[str], None]) -> Report:
    evaluation = found.evaluation
    if wishes.players == 0:
        return report
    picks = choose(evaluation, found.system, found.metric, wishes.players, wishes.only_shareable)
    closed = left_out(evaluation)
    licence = ""
    if wishes.only_shareable and closed:
        licence = f" {closed} of {len(evaluation.clips)} clips may not be published and are left out here."
    if not picks:
        why = "No clip can be played: the run kept no sound, or every system failed."
        return with_players(report, (), (licence.strip() and f"No clip can be played.{licence}") or why)
    players: list[Player] = []
    for number, pick in enumerate(picks, 1):
        progress(f"sound and pictures {number} of {len(picks)}: {pick.clip}, {pick.condition}")
        players.append(make_player(evaluation, pick, found.metric))
    chosen = f"by the gain of {found.system} over {evaluation.baseline} in {short(found.metric)}"
    about = (
        f"Every clip of the benchmark, sorted {chosen}, all versions at one loudness."
        if wishes.players is None
        else f"Of each condition the best, the median and the worst clip {chosen}, all versions at one loudness."
    )
    everything = choose(evaluation, found.system, found.metric, 3 * len(evaluation.conditions), wishes.only_shareable)
    if wishes.players is not None and len(picks) < len(everything):
        about += f" At most {wishes.players} clips were asked for: medians go first, best ones last."
    return with_players(report, tuple(players), about + licence)


def _facts(evaluation: Evaluation, wishes: Wishes) -> tuple[tuple[str, str], ...]:
    benchmark = evaluation.benchmark
    facts = [
        ("Benchmark", f"{benchmark.name}, seed {benchmark.seed}, task {benchmark.task}"),
        ("Runs", ", ".join(str(run) for run in evaluation.runs)),
        *((f"Rows of {run.name} made again by", _evaluate_line(run)) for run in evaluation.runs),
        ("Report made again by", wishes.command),
        ("Report made with", f"goodtake {__version__}, Python {platform.python_version()}"),
        (
            "Alignment",
            "delay and gain removed before measuring" if benchmark.align else "none: outputs are measured as they are",
        ),
        (
            "Statistics",
            f"{wishes.options.resamples:,} bootstrap draws of whole songs (BCa), Wilcoxon signed-rank, Holm",
        ),
    ]
    for run, program in zip(evaluation.runs, evaluation.programs, strict=True):
        said = ", ".join(f"{key} {value}" for key, value in program.items() if isinstance(value, str) and key != "bank")
        facts += [(f"Rows of {run.name} made with", said)] if said else []
        facts += [(f"Rooms and noises of {run.name}", f"SHA-256 {program['bank'][:12]}")] if program.get("bank") else []
    licences = sorted({f"{row.credit} ({row.licence or 'licence unknown'})" for row in evaluation.clips if row.credit})
    facts += [("Credits", "; ".join(licences))] if licences else []
    return tuple((name, value) for name, value in facts if value)


def _evaluate_line(run: Path) -> str:
    """Returns the command that makes rows of a run again; clips that were not made on the spot need their folder."""
    benchmark = load_dataclass(Benchmark, run / RECIPE_NAME)
    data = "" if all(clips.source == "synthetic" for clips in benchmark.clips) else " --data FOLDER"
    return f"goodtake evaluate {shlex.quote(str(run / RECIPE_NAME))}{data} --run {shlex.quote(str(run))}"


def _contents(report: Report, found: Findings, wishes: Wishes) -> dict[str, str]:
    """Returns the text of every file by its name below the folder."""
    scope, system = scope_title(scopes(found.evaluation)[-1]), system_title(found.evaluation, found.system)
    contents = {}
    if "md" in wishes.formats:
        contents["report.md"] = to_text(report, system, scope, "html" in wishes.formats)
        for chart in (chart for section in report.sections for chart in section.charts):
            contents[f"figures/{chart.name}.svg"] = standalone(chart.panels)
    if "csv" in wishes.formats:
        contents |= {f"tables/{table.name}.csv": to_csv(table) for table in report.tables}
    if "html" in wishes.formats:
        contents["report.html"] = to_html(report, system, scope)
    return contents


def _put(output: Path, contents: dict[str, str], force: bool) -> None:
    """Writes all files into a folder beside the place and renames it."""
    partial = output.with_name(f".{output.name}.{secrets.token_hex(4)}.part")
    with disk_errors(output):
        try:
            for name, text in contents.items():
                (partial / name).parent.mkdir(parents=True, exist_ok=True)
                (partial / name).write_text(text, encoding="utf-8")
            if output.exists() and force:
                old = output.with_name(f".{output.name}.{secrets.token_hex(4)}.old")
                output.rename(old)
                try:
                    partial.rename(output)
                except OSError:
                    old.rename(output)
                    raise
                shutil.rmtree(old)
            else:
                partial.rename(output)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
