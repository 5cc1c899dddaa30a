"""The papers' other tables, ours beside theirs: training schemes, correlation with listeners, onsets, roll-off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from goodtake.errors import ConfigError
from goodtake.evaluation.correlation import CorrelationResult, correlate
from goodtake.evaluation.published import PAPER1, PAPER2, names_in_benchmarks, onset_f1, training_schemes
from goodtake.evaluation.ratings import RatingTable
from goodtake.evaluation.report.collect import Evaluation
from goodtake.evaluation.report.comparisons import Comparisons, find
from goodtake.evaluation.report.measures import condition_title, digits, find_metric, label, short
from goodtake.evaluation.report.table import BEST, BETTER, THEIRS, WORSE, Cell, Table, figure, words
from goodtake.evaluation.report.tables import (
    Means,
    notes_on,
    published_rows,
    scope_title,
    scopes,
    system_title,
)
from goodtake.stats import Interval

HISTOGRAM = "rolloff_cents"
FEW_POINTS = 10
THEIR_NOTE = (
    "Rows marked “paper” are published figures, of other data and other systems: compare the pattern, not the height."
)


def schemes_table(evaluation: Evaluation, means: Means, metrics: list[str]) -> Table:
    """Paper 1's Table 4: systems x metrics with every fault at once (or all conditions together), theirs below."""
    scope = "all" if "all" in evaluation.conditions else scopes(evaluation)[-1]
    shown = [metric for metric in metrics if any((name, scope, metric) in means for name in evaluation.systems)]
    rows = []
    for name in evaluation.systems:
        cells = []
        for metric in shown:
            rivals = {
                other: means[other, scope, metric].estimate
                for other, facts in evaluation.systems.items()
                if not facts.oracle and (other, scope, metric) in means
            }
            wanted = max if find_metric(metric).direction == "up" else min
            best = len(rivals) > 1 and name in rivals and rivals[name] == wanted(rivals.values())
            cells.append(figure(means.get((name, scope, metric)), digits(metric), *([BEST] if best else [])))
        rows.append((words(system_title(evaluation, name)), *cells))
    notes = notes_on(evaluation, rows)
    theirs = {"fwssnr": "fwssnr", "mrs": "mrs", "l1": "l1", "fad_vggish": "fad"}
    if scope == "all" and any(metric in theirs for metric in shown):
        for scheme in training_schemes():
            values = [getattr(scheme, theirs[metric]) if metric in theirs else None for metric in shown]
            cells = [Cell("–") if value is None else Cell(f"{value:.2f}", value, marks=(THEIRS,)) for value in values]
            rows.append((words(f"paper: {scheme.model}", THEIRS), *cells))
        notes.append(f"{THEIR_NOTE} {PAPER1}, Table 4.")
    columns = ("system", *(label(metric) for metric in shown))
    return Table("systems_by_metric", f"Every metric: {scope_title(scope)}", columns, tuple(rows), tuple(notes))


def opinions_table(evaluation: Evaluation) -> Table | None:
    """Paper 1's Tables 1 and 2 as they were published, for the conditions of this benchmark; None when it has none."""
    rows = published_rows(evaluation.conditions)
    if evaluation.benchmark.task != "enhance" or not rows:
        return None
    known = {condition_title(name): name for name in evaluation.conditions}
    shown = [title for title in known if title in names_in_benchmarks().conditions]
    places = [0, *(1 + number for number, title in enumerate(known) if title in shown)]
    notes = (f"Mean opinion scores of listeners, from 1 to 5, ± as printed. {PAPER1}, Tables 1 and 2. {THEIR_NOTE}",)
    columns = ("system", *shown)
    picked = tuple(tuple(row[place] for place in places) for row in rows)
    return Table("published_opinions", "Published: what listeners said in paper 1", columns, picked, notes)


def correlations(
    evaluation: Evaluation, means: Mapping[tuple[str, str | None, str], Interval], ratings: RatingTable
) -> list[CorrelationResult]:
    """Correlates every metric with ratings; empty when nothing that was rated was measured.

    Rows of clips that failed are left out by the correlation itself.
    """
    sets = {(metric, name, scope): figure.estimate for (name, scope, metric), figure in means.items() if scope}
    sets = {key: value for key, value in sets.items() if key[0] not in evaluation.metrics}
    return correlate(evaluation.rows, ratings, set_values=sets, seed=evaluation.benchmark.seed)


def correlation_table(results: list[CorrelationResult], ratings: RatingTable) -> Table:
    """Paper 1's Table 3: rank correlation of each metric with listeners."""
    rows = []
    for result in results:
        theirs = (
            Cell("–")
            if result.published is None
            else Cell(f"{result.published:.2f}", result.published, marks=(THEIRS,))
        )
        sign = "" if result.direction == "up" else "−"
        rows.append(
            (
                words(f"{sign}{short(result.metric)}"),
                figure(result.spearman, 2),
                figure(result.kendall, 2),
                Cell("–") if result.ceiling is None else Cell(f"{result.ceiling:.2f}", result.ceiling),
                Cell(str(len(result.points)), len(result.points)),
                theirs,
                words(result.note or "–"),
            )
        )
    points = {f"{point.system} / {point.condition}" for result in results for point in result.points}
    notes: tuple[str, ...] = (
        f"Ratings: {ratings.source}. Each point is one system under one condition, {len(points)} in all; intervals by "
        "bootstrap over points. Ceiling: what a perfect metric would reach, given how uncertain the ratings are.",
        "A minus before a metric: less is better, so its sign is turned.",
    )
    if len(points) < FEW_POINTS:
        notes += ("With so few points a rank correlation says little, whatever its interval.",)
    columns = ("metric", "Spearman", "Kendall", "ceiling", "points", "paper 1", "note")
    return Table("correlation", "Rank correlation with listeners", columns, tuple(rows), notes)


def processors(evaluation: Evaluation) -> Iterator[tuple[str, str]]:
    """Yields pairs (system, post-processor that was given its output)."""
    for name, facts in evaluation.systems.items():
        if facts.after in evaluation.systems:
            yield facts.after, name


def polished_table(evaluation: Evaluation, means: Means, comparisons: Comparisons, metric: str) -> Table | None:
    """Paper 2's Table 1 (onset F1) and Figure 4 (roll-off error): raw against post-processed, by stem and system.

    Returns:
        None when no system is given another's output, or none has the metric.
    """
    rows: list[tuple[Cell, ...]] = []
    for condition in evaluation.conditions:
        for raw, processed in processors(evaluation):
            pair = [means.get((name, condition, metric)) for name in (raw, processed)]
            gain = find(comparisons, metric, condition, processed, raw)
            if pair[0] is None or pair[1] is None or gain is None:
                continue
            marks = {"better": (BETTER,), "worse": (WORSE,)}.get(gain.verdict, ())
            rows.append(
                (
                    words(condition_title(condition)),
                    words(system_title(evaluation, raw)),
                    words(f"+ {system_title(evaluation, processed)}"),
                    figure(pair[0], digits(metric)),
                    figure(pair[1], digits(metric)),
                    figure(gain.paired.difference, digits(metric), *marks, signed=True),
                )
            )
    if not rows:
        return None
    notes = notes_on(evaluation, rows)
    if metric == "onset_f1":
        stems = set(evaluation.conditions)
        for row in onset_f1():
            if row.stem in stems:
                cells = (Cell(f"{value:.2f}", value, marks=(THEIRS,)) for value in (row.raw, row.polished))
                change = Cell(
                    f"{row.polished - row.raw:+.2f}".replace("-", "−"), row.polished - row.raw, marks=(THEIRS,)
                )
                rows.append(
                    (
                        words(row.stem, THEIRS),
                        words(f"paper: {row.separator}", THEIRS),
                        words("+ MSG", THEIRS),
                        *cells,
                        change,
                    )
                )
        notes.append(f"{THEIR_NOTE} {PAPER2}, Table 1.")
    columns = ("condition", "system", "then", "raw", "processed", "gain")
    title = f"{label(metric)}: raw and post-processed"
    return Table(f"processed_{metric}", title, columns, tuple(rows), tuple(notes))


def rolloff_histogram(evaluation: Evaluation, system: str, condition: str) -> NDArray[np.float64] | None:
    """Returns the share of frames in each bin of the roll-off difference, (bin,); None when none were counted."""
    counts = [row.histograms[HISTOGRAM] for row in evaluation.rows_of(system, condition) if HISTOGRAM in row.histograms]
    total = np.sum(counts, axis=0, dtype=np.float64) if counts else np.zeros(1)
    return total / total.sum() if total.sum() > 0 else None


def try_correlations(evaluation: Evaluation, means: Means, ratings: RatingTable) -> tuple[list[CorrelationResult], str]:
    """Returns the correlations, or none and the reason, for reports that show them by the way."""
    try:
        return correlations(evaluation, means, ratings), ""
    except ConfigError as error:
        return [], str(error)
