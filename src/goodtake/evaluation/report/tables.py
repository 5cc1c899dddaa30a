"""The tables of figures: systems x conditions, gains over doing nothing, gains over each other system."""

from __future__ import annotations

from collections.abc import Iterable

from goodtake.evaluation.published import opinion_scores
from goodtake.evaluation.report.collect import Evaluation
from goodtake.evaluation.report.comparisons import FAMILY_NOTHING, FAMILY_OTHERS, Comparison, Comparisons, find
from goodtake.evaluation.report.measures import condition_title, digits, find_metric, label, short
from goodtake.evaluation.report.table import BEST, THEIRS, Cell, Table, figure, words
from goodtake.stats import Interval

Means = dict[tuple[str, "str | None", str], Interval]
TOGETHER = "all together"
ORACLE = "†"
ORACLE_NOTE = "† looks at the clean recording: a bound, not a competitor."
ONE_CLIP = "One clip only: no interval and no test."


def system_title(evaluation: Evaluation, name: str) -> str:
    """Returns the name of a system, oracles with a mark."""
    facts = evaluation.systems.get(name)
    return f"{name} {ORACLE}" if facts is not None and facts.oracle else name


def scopes(evaluation: Evaluation) -> list[str | None]:
    """Returns the conditions, and None for all together when there are several."""
    return [*evaluation.conditions, *([None] if len(evaluation.conditions) > 1 else [])]


def scope_title(scope: str | None) -> str:
    """Returns the head of a condition's column."""
    return TOGETHER if scope is None else condition_title(scope)


def figures_table(evaluation: Evaluation, means: Means, metric: str) -> Table:
    """Paper 1's Tables 1 and 2 for one metric: systems x conditions, each mean with its interval.

    Opinion scores that the paper published stand below, when the metric predicts such scores.
    """
    shown = [
        scope for scope in scopes(evaluation) if any((name, scope, metric) in means for name in evaluation.systems)
    ]
    best = {scope: _best(evaluation, means, metric, scope) for scope in shown}
    rows = [
        (
            words(system_title(evaluation, name)),
            *(
                figure(means.get((name, scope, metric)), digits(metric), *([BEST] if name == best[scope] else []))
                for scope in shown
            ),
        )
        for name in evaluation.systems
    ]
    notes = [f"{find_metric(metric).title}. {'More' if find_metric(metric).direction == 'up' else 'Less'} is better."]
    if find_metric(metric).unit == "MOS":
        theirs = published_rows(shown)
        rows += theirs
        notes += ["Paper: mean opinion scores of listeners, on the paper's own data and systems."] if theirs else []
    notes += notes_on(evaluation, rows[: len(evaluation.systems)])
    columns = ("system", *(scope_title(scope) for scope in shown))
    return Table(f"figures_{metric}", label(metric), columns, tuple(rows), tuple(notes))


def published_rows(shown: Iterable[str | None]) -> list[tuple[Cell, ...]]:
    """Returns paper 1's mean opinion scores in the columns of these conditions; none when it has none of them."""
    titles = [scope_title(scope) for scope in shown]
    scores = {(score.system, score.condition): score for score in opinion_scores()}
    rows = []
    for system in dict.fromkeys(score.system for score in opinion_scores()):
        found = [scores.get((system, title)) for title in titles]
        if any(found):
            cells = (
                Cell("–", marks=(THEIRS,))
                if score is None
                else Cell(f"{score.mean:.2f} ± {score.half_interval:.2f}", score.mean, marks=(THEIRS,))
                for score in found
            )
            rows.append((words(f"paper: {system}", THEIRS), *cells))
    return rows


def gains_table(evaluation: Evaluation, comparisons: Comparisons, metric: str) -> Table:
    """Gains of every system over doing nothing, per condition."""
    baseline = evaluation.baseline
    names = [name for name in evaluation.systems if name != baseline]
    rows = [(name, [comparisons.get((metric, s, name, baseline)) for s in scopes(evaluation)]) for name in names]
    title = f"{short(metric)}: gain over {baseline}"
    return _comparison_table(evaluation, f"gains_{metric}", title, rows, FAMILY_NOTHING, metric)


def duels_table(evaluation: Evaluation, comparisons: Comparisons, metric: str, system: str) -> Table:
    """Gains of one system over each other one, per condition."""
    others = [name for name in evaluation.systems if name not in (system, evaluation.baseline)]
    rows = [
        (f"over {name}", [find(comparisons, metric, scope, system, name) for scope in scopes(evaluation)])
        for name in others
    ]
    title = f"{short(metric)}: gain of {system} over each other system"
    return _comparison_table(evaluation, f"duels_{metric}", title, rows, FAMILY_OTHERS, metric)


def comparisons_table(evaluation: Evaluation, comparisons: Comparisons) -> Table:
    """All comparisons, one per line."""
    columns: tuple[str, ...] = ("metric", "condition", "system", "opponent", "gain", "win rate")
    columns += ("wins", "ties", "losses", "songs", "p", "p corrected", "tests in family", "verdict", "note")
    rows = []
    for c in comparisons.values():
        p = c.paired
        counts = (Cell(str(count), count) for count in (p.wins, p.ties, p.losses, p.groups))
        rows.append(
            (
                *(words(text) for text in (c.metric, c.condition or TOGETHER, c.system, c.opponent)),
                figure(p.difference, digits(c.metric), signed=True),
                figure(p.win_rate, 3),
                *counts,
                Cell(f"{p.p:.3g}", p.p),
                Cell(f"{c.p:.3g}", c.p),
                Cell(str(c.tests), c.tests),
                words(c.verdict),
                words("; ".join(note for note in (p.difference.note, p.test.note) if note)),
            )
        )
    return Table("comparisons", "All comparisons", columns, tuple(rows), tuple(notes_on(evaluation, ())))


def _comparison_table(
    evaluation: Evaluation,
    name: str,
    title: str,
    lines: list[tuple[str, list[Comparison | None]]],
    family: str,
    metric: str,
) -> Table:
    columns = ("system", *(scope_title(scope) for scope in scopes(evaluation)))
    rows = tuple(
        (
            words(system_title(evaluation, line) if line in evaluation.systems else line),
            *(comparison_cell(c) for c in cells),
        )
        for line, cells in lines
    )
    compared = [c for _, cells in lines for c in cells if c is not None]
    tests = max((c.tests for c in compared), default=0)
    unit = find_metric(metric).unit
    notes = [
        f"Mean improvement{f' in {unit}' if unit else ''} on the same clips (above 0 is better) with its 95 % "
        "interval, then the share of clips won. ▲ better, ▼ worse: Wilcoxon signed-rank test over songs, p < 0.05 "
        f"after Holm's correction in a family of {tests} tests ({family})."
    ]
    weak = sorted({c.paired.test.note for c in compared if c.paired.test.note.startswith("p cannot")})
    notes += [f"In places too few songs differ for the test to tell: {weak[-1]}."] if weak else []
    notes += notes_on(evaluation, rows)
    return Table(name, title, columns, rows, tuple(notes))


def comparison_cell(comparison: Comparison | None) -> Cell:
    """Returns gain, interval, win rate and verdict as one cell."""
    if comparison is None:
        return Cell("–")
    paired = comparison.paired
    cell = figure(paired.difference, digits(comparison.metric), signed=True)
    note = f"p = {comparison.p:.2g} corrected, {paired.wins} won, {paired.ties} tied, {paired.losses} lost"
    marks = (comparison.verdict,) if comparison.verdict else ()
    text = f"{cell.text}, {100 * paired.win_rate.estimate:.0f} %"
    return Cell(
        text, cell.value, cell.low, cell.high, cell.n, marks, "; ".join(part for part in (cell.note, note) if part)
    )


def _best(evaluation: Evaluation, means: Means, metric: str, scope: str | None) -> str | None:
    """Returns the system with the best mean that does not look at the reference."""
    found = {
        name: means[name, scope, metric].estimate
        for name, facts in evaluation.systems.items()
        if not facts.oracle and (name, scope, metric) in means
    }
    if len(found) < 2:
        return None
    return (max if find_metric(metric).direction == "up" else min)(found, key=lambda name: found[name])


def notes_on(evaluation: Evaluation, rows: Iterable[tuple[Cell, ...]], same_clips: bool = True) -> list[str]:
    """Returns what must be said below a table.

    Args:
        evaluation: its oracles are named.
        rows: of the table; figures without an interval are explained.
        same_clips: whether the figures of a column should be over as many clips; said when they are not.
    """
    columns = list(zip(*rows, strict=True))
    cells = [cell for column in columns for cell in column]
    notes = [ORACLE_NOTE] if any(facts.oracle for facts in evaluation.systems.values()) else []
    if any(cell.n == 1 for cell in cells) and not any(cell.n > 1 for cell in cells):
        return [*notes, ONE_CLIP]
    reasons = {cell.note.partition(";")[0] for cell in cells if cell.n and cell.low is None and cell.note}
    notes += [f"{reason[0].upper()}{reason[1:]}." for reason in sorted(reasons)]
    if same_clips and any(len({cell.n for cell in column if cell.n}) > 1 for column in columns):
        notes.append("Not every mean of a column is over the same clips: the CSV says over how many.")
    return notes
