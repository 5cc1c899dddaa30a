"""A compact table of a run: the mean of each metric for every condition and system. Reports say much more."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from goodtake.evaluation.recipe import Benchmark
from goodtake.evaluation.rows import Row
from goodtake.metrics import METRICS


@dataclass
class Cell:
    """Running means of one system under one condition.

    Args:
        rows: of the run.
        sums: of each metric over the rows that have it.
        counts: of those rows.
    """

    rows: int = 0
    sums: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def mean(self, metric: str) -> float | None:
        """Returns the mean of a metric; None when no row has it."""
        return self.sums[metric] / self.counts[metric] if self.counts[metric] else None


def summarise(rows: Iterable[Row]) -> dict[tuple[str, str], Cell]:
    """Returns the means by condition and system; rows are read once and not held."""
    cells: dict[tuple[str, str], Cell] = defaultdict(Cell)
    for row in rows:
        cell = cells[row.condition, row.system]
        cell.rows += 1
        for metric, value in row.metrics.items():
            if value is not None:
                cell.sums[metric] += value
                cell.counts[metric] += 1
    return dict(cells)


def summary_table(benchmark: Benchmark, rows: Iterable[Row]) -> str:
    """Returns a table in plain text, conditions and systems in the order of the benchmark.

    A figure that not all rows of its line have is followed by how many have.
    """
    cells = summarise(rows)
    metrics = [metric for metric in benchmark.metrics if metric in METRICS]
    systems = [system if isinstance(system, str) else system.name for system in benchmark.systems]
    lines = [["condition", "system", "clips", *metrics]]
    for condition in benchmark.conditions:
        for system in systems:
            cell = cells.get((condition, system))
            if cell is not None:
                lines.append([condition, system, str(cell.rows), *(_text(cell, metric) for metric in metrics)])
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            text.ljust(width) if column < 2 else text.rjust(width) for column, (text, width) in _numbered(line, widths)
        )
        for line in lines
    )


def _text(cell: Cell, metric: str) -> str:
    mean = cell.mean(metric)
    if mean is None:
        return "-"
    return f"{mean:.3f}" + (f" ({cell.counts[metric]})" if cell.counts[metric] < cell.rows else "")


def _numbered(line: list[str], widths: list[int]) -> Iterable[tuple[int, tuple[str, int]]]:
    return enumerate(zip(line, widths, strict=True))
