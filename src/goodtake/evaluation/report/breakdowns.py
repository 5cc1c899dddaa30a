"""The same figures for parts of the clips: by instrument, by kind of clip, by condition; and who failed where."""

from __future__ import annotations

from collections.abc import Callable

from goodtake.evaluation.report.collect import Evaluation, Sample
from goodtake.evaluation.report.comparisons import compare_samples
from goodtake.evaluation.report.measures import Options, condition_title, digits, mean_of, short
from goodtake.evaluation.report.table import Cell, Table, figure, words
from goodtake.evaluation.report.tables import notes_on, system_title
from goodtake.evaluation.rows import Row

SEVERAL = "several or unknown"

PARTS: dict[str, Callable[[Row], str]] = {
    "instrument": lambda row: row.instrument or SEVERAL,
    "kind": lambda row: row.kind or SEVERAL,
    "condition": lambda row: condition_title(row.condition),
}
"""What clips are parted by."""


def breakdown_table(evaluation: Evaluation, metric: str, part: str, options: Options) -> Table | None:
    """Returns the gain over the baseline of every system on every part of the clips, all conditions together.

    Args:
        evaluation: rows.
        metric: of pairs.
        part: key of `PARTS`.
        options: of the intervals.

    Returns:
        None when there is one part only.
    """
    name_of = PARTS[part]
    parts = list(dict.fromkeys(name_of(row) for row in evaluation.rows))
    if len(parts) < 2:
        return None
    parts = parts if part == "condition" else sorted(parts, key=lambda name: (name == SEVERAL, name))
    names = [name for name in evaluation.systems if name != evaluation.baseline]
    seed = evaluation.benchmark.seed
    rows = []
    for name in parts:
        of_part = {
            system: Sample.of((row for row in evaluation.rows_of(system) if name_of(row) == name), metric)
            for system in evaluation.systems
        }
        nothing = of_part.get(evaluation.baseline)
        cells = [words(name), figure(mean_of(nothing, options, seed) if nothing else None, digits(metric))]
        for system in names:
            compared = compare_samples(of_part[system], nothing, metric, options, evaluation) if nothing else None
            cells.append(figure(compared.difference if compared else None, digits(metric), signed=True))
        rows.append(tuple(cells))
    notes = [
        f"First {evaluation.baseline} itself, then the mean improvement over it (above 0 is better) with 95 % "
        "intervals, not corrected for their number: look for patterns here, not for proof.",
        *notes_on(evaluation, [row[2:] for row in rows], same_clips=False),
    ]
    columns = (part, evaluation.baseline, *(system_title(evaluation, system) for system in names))
    return Table(f"by_{part}_{metric}", f"{short(metric)}: gain by {part}", columns, tuple(rows), tuple(notes))


def systems_table(evaluation: Evaluation) -> Table:
    """Returns what was tested: version, hash, rows, failures, speed."""
    rows = []
    for name, facts in evaluation.systems.items():
        made = evaluation.rows_of(name)
        failed = sum("system" in row.errors for row in made)
        seconds, taken = sum(row.seconds for row in made), sum(row.seconds_taken for row in made)
        speed = seconds / taken if taken > 0 else None
        rows.append(
            (
                words(system_title(evaluation, name)),
                words(facts.after or "the input"),
                words(facts.version or "–"),
                words(facts.digest[:12] or "–"),
                Cell(str(len(made)), len(made)),
                Cell(str(failed), failed),
                Cell("–") if speed is None else Cell(f"{speed:,.0f} x" if speed >= 100 else f"{speed:.3g} x", speed),
            )
        )
    columns = ("system", "is given", "version", "SHA-256", "rows", "failed", "times real time")
    notes = notes_on(evaluation, ())
    return Table("systems", "Systems", columns, tuple(rows), tuple(notes))


def failures_table(evaluation: Evaluation) -> Table | None:
    """Returns every row that failed and every figure that could not be measured; None when all went well."""
    rows = [
        (row.clip, row.condition, row.system, "all", row.errors.get("system") or row.errors["clip"])
        for row in evaluation.failures
    ]
    rows += [(row.clip, row.condition, row.system, metric, why) for row, metric, why in evaluation.gaps]
    if not rows:
        return None
    columns = ("clip", "condition", "system", "figures lost", "reason")
    return Table("failures", "What failed", columns, tuple(tuple(words(text) for text in row) for row in rows))


def missing_rows(evaluation: Evaluation) -> int:
    """Returns how many rows are not there: of systems on clips and conditions that other systems have."""
    places = {(row.clip, row.condition) for row in evaluation.rows}
    return len(places) * len(evaluation.systems) - len(evaluation.rows)
