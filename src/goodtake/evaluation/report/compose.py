"""Composes the report of the rows: what was measured, on what, the tables and charts in their order."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from goodtake.errors import ConfigError
from goodtake.evaluation.ratings import RatingTable
from goodtake.evaluation.report.breakdowns import PARTS, breakdown_table, failures_table, missing_rows, systems_table
from goodtake.evaluation.report.collect import Evaluation, song_of
from goodtake.evaluation.report.comparisons import Comparisons, compare_all
from goodtake.evaluation.report.document import Chart, Headline, Report, Section
from goodtake.evaluation.report.figures import means_chart, processed_chart, rolloff_charts, votes_chart
from goodtake.evaluation.report.measures import (
    Options,
    all_means,
    arrow,
    digits,
    find_metric,
    set_gaps,
    short,
    shown_metrics,
)
from goodtake.evaluation.report.paper_tables import (
    correlation_table,
    opinions_table,
    polished_table,
    schemes_table,
    try_correlations,
)
from goodtake.evaluation.report.players import Player
from goodtake.evaluation.report.table import Table, number
from goodtake.evaluation.report.tables import (
    Means,
    comparisons_table,
    duels_table,
    figures_table,
    gains_table,
    scopes,
)
from goodtake.evaluation.report.votes import Poll, votes_table

HEADLINES = 4


@dataclass
class Findings:
    """What is worked out of the rows once."""

    evaluation: Evaluation
    means: Means
    comparisons: Comparisons
    metrics: list[str]
    metric: str
    system: str
    options: Options = field(default_factory=Options)


def work_out(evaluation: Evaluation, options: Options, metric: str = "", system: str = "") -> Findings:
    """Computes means and comparisons, and chooses what the report looks at first.

    Args:
        evaluation: rows.
        options: of intervals.
        metric: of pairs; "" takes the first of the benchmark.
        system: "" takes the best by that metric that does not look at the reference and is not the baseline.

    Raises:
        ConfigError: a metric or system that has no rows, or nothing was measured at all.
    """
    if not evaluation.metrics:
        reasons = {why for row in evaluation.rows for why in row.errors.values()}
        raise ConfigError(
            f"no row has a figure ({'; '.join(sorted(reasons)) or 'no metric'}): look at what failed first"
        )
    chosen = metric or evaluation.metrics[0]
    if chosen not in evaluation.metrics:
        raise ConfigError(f"no row has metric {chosen!r}: choose from {', '.join(evaluation.metrics)}")
    means = all_means(evaluation, options)
    rivals = {
        name: means[name, scopes(evaluation)[-1], chosen].estimate
        for name, facts in evaluation.systems.items()
        if (name, scopes(evaluation)[-1], chosen) in means and name != evaluation.baseline and not facts.oracle
    }
    if system and system not in evaluation.systems:
        raise ConfigError(f"no rows of system {system!r}: choose from {', '.join(evaluation.systems)}")
    wanted = max if find_metric(chosen).direction == "up" else min
    best = wanted(rivals, key=lambda name: rivals[name]) if rivals else next(reversed(evaluation.systems))
    comparisons = compare_all(evaluation, options)
    return Findings(evaluation, means, comparisons, shown_metrics(evaluation, means), chosen, system or best, options)


def make_report(found: Findings, ratings: RatingTable, polls: list[Poll], facts: tuple[tuple[str, str], ...]) -> Report:
    """Makes the document; players are added afterwards.

    Args:
        found: figures.
        ratings: that metrics are correlated with.
        polls: of a forced-choice test; empty when there was none.
        facts: what made the report, name and value.
    """
    evaluation = found.evaluation
    sections = [_overview(found), _gains(found), _parts(found), *_processing(found)]
    if polls:
        chart = Chart("votes", "Paper 2, Figure 2: bold is significant.", votes_chart(polls))
        sections.append(Section("votes", "What listeners chose", charts=(chart,), tables=(votes_table(polls),)))
    sections += [*_listeners(found, ratings), _systems(found)]
    return Report(
        evaluation.benchmark.title or evaluation.benchmark.name,
        tuple(_summary(found)),
        tuple(_headlines(found)),
        tuple(section for section in sections if section.tables or section.folded or section.charts or section.text),
        (comparisons_table(evaluation, found.comparisons),),
        facts,
        f"{short(found.metric)} {arrow(found.metric)}",
    )


def with_players(report: Report, players: tuple[Player, ...], about: str) -> Report:
    """Returns the report with clips to hear."""
    return replace(report, players=players, about_players=about)


def _summary(found: Findings) -> list[str]:
    evaluation, benchmark = found.evaluation, found.evaluation.benchmark
    clips = evaluation.clips
    kinds = Counter(row.kind for row in clips if row.kind)
    listed = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
    songs = len({song_of(row) for row in clips})
    channels = {1: "mono", 2: "stereo"}[benchmark.channels]
    said = [
        f"{_count(len(evaluation.systems), 'system')} on {_count(len(clips), 'clip')}"
        f"{f' ({listed})' if listed else ''} from {_count(songs, 'song')}, under "
        f"{_count(len(evaluation.conditions), 'condition')}, by {_count(len(found.metrics), 'metric')}; "
        f"{benchmark.sample_rate / 1000:g}\u00a0kHz {channels}, {len(evaluation.rows):,} rows.",
        f"Figures are means with 95 % bootstrap intervals over songs. Every system is compared with "
        f"{_spoken(evaluation.baseline)} on the same clips.",
    ]
    if len(clips) == 1:
        said.append("One clip only: there are no intervals and no tests, the figures are an anecdote.")
    failed, missing = len(evaluation.failures), missing_rows(evaluation)
    if failed or evaluation.gaps:
        gaps = f" and {_count(len(evaluation.gaps), 'single figure')} could not be measured" if evaluation.gaps else ""
        said.append(f"{_count(failed, 'row')} failed{gaps}; all are listed below.")
    if missing:
        said.append(f"{_count(missing, 'row')} missing: the evaluation was not finished, or runs were joined.")
    return said


def _headlines(found: Findings) -> list[Headline]:
    evaluation, scope = found.evaluation, scopes(found.evaluation)[-1]
    metrics = sorted((m for m in found.metrics if m in evaluation.metrics), key=lambda name: name != found.metric)
    lines = []
    for metric in metrics[:HEADLINES]:
        before, after = (found.means.get((name, scope, metric)) for name in (evaluation.baseline, found.system))
        compared = found.comparisons.get((metric, scope, found.system, evaluation.baseline))
        if before is None or after is None or compared is None:
            continue
        values = " → ".join(number(figure.estimate, digits(metric)) for figure in (before, after))
        gain, places = compared.paired.difference, digits(metric)
        sure = ""
        if gain.low is not None and gain.high is not None:
            sure = f" [{number(gain.low, places, signed=True)}, {number(gain.high, places, signed=True)}]"
        won = f"better on {100 * compared.paired.win_rate.estimate:.0f} %"
        detail = f"gain {number(gain.estimate, places, signed=True)}{sure}, {won}"
        unit = f", {find_metric(metric).unit}" if find_metric(metric).unit else ""
        lines.append(Headline(f"{short(metric)}{unit} {arrow(metric)}", values, detail))
    return lines


def _overview(found: Findings) -> Section:
    evaluation = found.evaluation
    ordered = sorted(found.metrics, key=lambda name: name != found.metric)
    charts = tuple(
        Chart(f"means_{metric}", f"{find_metric(metric).title}.", means_chart(evaluation, found.means, metric))
        for metric in ordered[:1]
    )
    tables = tuple(figures_table(evaluation, found.means, metric) for metric in ordered)
    schemes = schemes_table(evaluation, found.means, found.metrics)
    opinions = opinions_table(evaluation)
    gaps = " ".join(f"{gap}." for gap in set_gaps(evaluation, found.means))
    text = f"The best of each column is bold.{f' Not measured: {gaps}' if gaps else ''}"
    return Section("figures", "Figures", text, charts, (schemes, *tables, *([opinions] if opinions else [])))


def _gains(found: Findings) -> Section:
    evaluation = found.evaluation
    ordered = sorted(evaluation.metrics, key=lambda name: name != found.metric)
    if len(evaluation.systems) < 2:
        return Section("gains", "Gains", "One system only: there is nothing to compare it with.")
    if evaluation.baseline not in evaluation.systems:
        return Section("gains", "Gains", f"{evaluation.baseline} has no rows: evaluate it to see gains over it.")
    tables = tuple(gains_table(evaluation, found.comparisons, metric) for metric in ordered)
    duels = tuple(duels_table(evaluation, found.comparisons, metric, found.system) for metric in ordered)
    text = "Pairing removes what clips differ in. Every pair of systems, with p-values and counts: comparisons.csv."
    folded = tuple(table for table in duels if table.rows and found.system != evaluation.baseline)
    return Section("gains", f"Against {_spoken(evaluation.baseline)}", text, (), tables, folded)


def _parts(found: Findings) -> Section:
    made = {
        metric: [breakdown_table(found.evaluation, metric, part, found.options) for part in PARTS]
        for metric in sorted(found.evaluation.metrics, key=lambda name: name != found.metric)
    }
    shown = tuple(table for table in made.pop(found.metric) if table is not None)
    folded = tuple(table for tables in made.values() for table in tables if table is not None)
    return Section("parts", "By instrument, kind and condition", "", (), shown, folded)


def _processing(found: Findings) -> list[Section]:
    evaluation = found.evaluation
    tables: list[Table] = []
    charts: list[Chart] = []
    for metric in ("onset_f1", "rolloff_error_cents", *found.metrics):
        if metric in evaluation.metrics and f"processed_{metric}" not in {table.name for table in tables}:
            table = polished_table(evaluation, found.means, found.comparisons, metric)
            tables += [table] if table else []
    if "rolloff_error_cents" in evaluation.metrics:
        panels = processed_chart(evaluation, found.means, "rolloff_error_cents")
        caption = "Paper 2, Figure 4: mean roll-off error with 95 % intervals; less is better."
        charts += [Chart("rolloff_error", caption, panels)] if panels else []
    panels = rolloff_charts(evaluation)
    caption = "Paper 2, Figure 5: how far each frame's roll-off lies from the reference's; a good estimate peaks at 0."
    charts += [Chart("rolloff_difference", caption, panels)] if panels else []
    if not tables and not charts:
        return []
    title = "Raw and post-processed" if tables else "Spectral roll-off"
    return [Section("processing", title, "", tuple(charts), tuple(tables[:2]), tuple(tables[2:]))]


def _listeners(found: Findings, ratings: RatingTable) -> list[Section]:
    results, why = try_correlations(found.evaluation, found.means, ratings)
    if not any(result.spearman for result in results):
        return []
    return [Section("listeners", "Metrics and listeners", why, (), (correlation_table(results, ratings),))]


def _systems(found: Findings) -> Section:
    failed = failures_table(found.evaluation)
    tables = (systems_table(found.evaluation), *([failed] if failed else []))
    return Section("systems", "Systems and failures" if failed else "Systems", "", (), tables)


def _spoken(baseline: str) -> str:
    return "doing nothing" if baseline == "nothing" else baseline


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
