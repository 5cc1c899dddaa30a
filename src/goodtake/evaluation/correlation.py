"""How well metrics follow listeners: rank correlation of their means per system and condition.

Paper 1, section 5.3 and Table 3: the figures of all clips of a system under a condition are averaged, and so are the
opinions; Spearman's rho is taken over these points. Signs are turned so that up is better for every metric.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from goodtake.errors import ConfigError
from goodtake.evaluation.published import Names, metric_correlations, names_in_benchmarks
from goodtake.evaluation.ratings import PUBLISHED, Rating, RatingTable
from goodtake.evaluation.rows import Row
from goodtake.metrics import METRICS, SET_METRICS
from goodtake.stats import Interval, kendall_interval, spearman, spearman_interval
from goodtake.stats.ranks import LEAST_POINTS

Direction = Literal["up", "down"]

CEILING_DRAWS = 200
NORMAL_95 = 1.96
"""Half intervals per standard error."""


@dataclass(frozen=True)
class Point:
    """One system under one condition, heard and measured.

    Args:
        system: name in the benchmark.
        condition: name in the benchmark.
        rating: of listeners.
        figure: mean over clips, in the metric's unit.
    """

    system: str
    condition: str
    rating: Rating
    figure: float


@dataclass(frozen=True)
class CorrelationResult:
    """How one metric follows one table of ratings.

    Args:
        metric: name.
        direction: "up" when more is better; the correlations are those of the turned figures when it is "down".
        spearman: rho with its bootstrap interval over points; None when there is none to speak of, see `note`.
        kendall: tau-b, the same.
        ceiling: rho that a metric would reach on average which knew what all listeners of the world think: less than 1,
            because these ratings are means of finitely many answers. None when their uncertainty is unknown.
        points: what was correlated.
        unmeasured: "system / condition" that was rated but has no figure, as the ratings name it.
        unrated: "system / condition" that was measured but not rated, as the benchmark names it.
        clips_missing: clips of rated systems and conditions on which the metric could not be measured.
        published: the paper's rho, when the ratings are the paper's.
        note: why there is no correlation, or "".
    """

    metric: str
    direction: Direction
    spearman: Interval | None
    kendall: Interval | None
    ceiling: float | None
    points: tuple[Point, ...]
    unmeasured: tuple[str, ...]
    unrated: tuple[str, ...]
    clips_missing: int
    published: float | None
    note: str = ""

    @property
    def label(self) -> str:
        """The metric's name, behind a minus when less is better."""
        return self.metric if self.direction == "up" else f"−{self.metric}"


def correlate(
    rows: Iterable[Row],
    ratings: RatingTable,
    *,
    set_values: Mapping[tuple[str, str, str], float] | None = None,
    names: Names | None = None,
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> list[CorrelationResult]:
    """Correlates every metric of a benchmark run with ratings.

    Args:
        rows: of the run, see `rows.read_rows`.
        ratings: of listeners.
        set_values: figures of whole sets by (metric, system, condition), for instance of FAD.
        names: benchmark's names of rated systems and conditions; None takes the papers'.
        level: confidence of the intervals.
        resamples: of the bootstrap.
        seed: of the bootstrap.

    Returns:
        One result per metric, best correlation first; those without one at the end.

    Raises:
        ConfigError: when no rated system and condition was measured, or a metric is not in the registry.
    """
    figures, missing = _figures(rows, set_values or {})
    measured = {key for of_metric in figures.values() for key in of_metric}
    rated = _by_benchmark_name(ratings, names or names_in_benchmarks(), measured)
    if not measured & set(rated):
        raise ConfigError(
            f"nothing in ratings {ratings.name} was measured: rated {_listed(rated)}; measured {_listed(measured)}: "
            "give systems and conditions of the ratings the names that the benchmark has"
        )
    papers = {entry.metric: entry.rho for entry in metric_correlations()} if ratings.name == PUBLISHED else {}
    results = []
    for metric, of_metric in figures.items():
        keys = [key for key in rated if key in of_metric]
        points = tuple(Point(*key, rated[key], of_metric[key]) for key in keys)
        direction = _direction(metric)
        rho, tau, note = _correlation(points, direction, level, resamples, seed)
        results.append(
            CorrelationResult(
                metric,
                direction,
                rho,
                tau,
                _ceiling(points, seed) if rho else None,
                points,
                tuple(f"{rated[key].system} / {rated[key].condition}" for key in rated if key not in of_metric),
                tuple(" / ".join(key) for key in of_metric if key not in rated),
                sum(missing.get((metric, *key), 0) for key in rated),
                papers.get(metric),
                note,
            )
        )
    return sorted(results, key=lambda result: -result.spearman.estimate if result.spearman else math.inf)


def as_table(results: Iterable[CorrelationResult]) -> list[dict[str, str | float | int | None]]:
    """Returns one dictionary per metric, for reports; None where there is no figure."""
    return [
        {
            "metric": result.label,
            "spearman": result.spearman.estimate if result.spearman else None,
            "spearman_low": result.spearman.low if result.spearman else None,
            "spearman_high": result.spearman.high if result.spearman else None,
            "kendall": result.kendall.estimate if result.kendall else None,
            "kendall_low": result.kendall.low if result.kendall else None,
            "kendall_high": result.kendall.high if result.kendall else None,
            "ceiling": result.ceiling,
            "published": result.published,
            "points": len(result.points),
            "systems": ", ".join(dict.fromkeys(point.system for point in result.points)),
            "conditions": ", ".join(dict.fromkeys(point.condition for point in result.points)),
            "unmeasured": ", ".join(result.unmeasured),
            "unrated": ", ".join(result.unrated),
            "clips_missing": result.clips_missing,
            "note": result.note,
        }
        for result in results
    ]


def _figures(
    rows: Iterable[Row], set_values: Mapping[tuple[str, str, str], float]
) -> tuple[dict[str, dict[tuple[str, str], float]], dict[tuple[str, str, str], int]]:
    """Returns means by metric and (system, condition), and how many clips had no figure by all three."""
    sums: dict[str, dict[tuple[str, str], list[float]]] = {}
    missing: dict[tuple[str, str, str], int] = {}
    for row in rows:
        for metric, figure in row.metrics.items():
            of_metric = sums.setdefault(metric, {})
            if figure is None or not math.isfinite(figure):
                key = (metric, row.system, row.condition)
                missing[key] = missing.get(key, 0) + 1
            else:
                total = of_metric.setdefault((row.system, row.condition), [0.0, 0.0])
                total[0] += figure
                total[1] += 1
    means = {metric: {key: total / count for key, (total, count) in totals.items()} for metric, totals in sums.items()}
    for (metric, system, condition), figure in set_values.items():
        if math.isfinite(figure):
            means.setdefault(metric, {})[system, condition] = figure
    return means, missing


def _by_benchmark_name(
    ratings: RatingTable, names: Names, measured: set[tuple[str, str]]
) -> dict[tuple[str, str], Rating]:
    """Returns ratings by the benchmark's names; a name that the benchmark has stands for itself."""
    systems, conditions = ({key[part] for key in measured} for part in (0, 1))
    rated: dict[tuple[str, str], Rating] = {}
    for rating in ratings.ratings:
        key = (
            rating.system if rating.system in systems else names.systems.get(rating.system, rating.system),
            rating.condition
            if rating.condition in conditions
            else names.conditions.get(rating.condition, rating.condition),
        )
        if key in rated:
            raise ConfigError(f"ratings {ratings.name}: two ratings stand for {' / '.join(key)}: keep one of them")
        rated[key] = rating
    return rated


def _direction(metric: str) -> Direction:
    if metric in METRICS:
        return METRICS[metric].direction
    if metric in SET_METRICS:
        return SET_METRICS[metric].direction
    raise ConfigError(f"unknown metric {metric!r}: known are {', '.join((*METRICS, *SET_METRICS))}")


def _correlation(
    points: tuple[Point, ...], direction: Direction, level: float, resamples: int, seed: int
) -> tuple[Interval | None, Interval | None, str]:
    """Spearman, Kendall and a note that says why there are none."""
    if len(points) < LEAST_POINTS:
        return None, None, f"{len(points)} of {LEAST_POINTS} points that a rank correlation needs"
    sign = 1.0 if direction == "up" else -1.0
    opinions, figures = [p.rating.mean for p in points], [sign * p.figure for p in points]
    if len(set(opinions)) == 1 or len(set(figures)) == 1:
        return None, None, f"all {'ratings' if len(set(opinions)) == 1 else 'figures'} are equal: there is no order"
    rho = spearman_interval(figures, opinions, level=level, resamples=resamples, seed=seed)
    tau = kendall_interval(figures, opinions, level=level, resamples=resamples, seed=seed)
    return rho, tau, ""


def _ceiling(points: tuple[Point, ...], seed: int) -> float | None:
    """Mean rho between the ratings and themselves with the error that their intervals allow, drawn anew."""
    halves = [point.rating.half_interval for point in points]
    if any(half is None for half in halves):
        return None
    means, errors = np.array([point.rating.mean for point in points]), np.array(halves, dtype=np.float64) / NORMAL_95
    generator = np.random.default_rng(seed)
    noises = errors * generator.standard_normal((CEILING_DRAWS, means.size))  # (draw, point)
    return float(np.mean([spearman(means, means + noise) for noise in noises]))


def _listed(keys: Iterable[tuple[str, str]]) -> str:
    names = sorted(" / ".join(key) for key in keys)
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "") or "nothing"
