"""Rank correlation: do two lists put the same things in the same order?

Spearman, "The proof and measurement of association between two things" (1904); Kendall, "A new measure of rank
correlation" (1938), in the form tau-b, which allows for ties. Both are 1 for the same order, -1 for the reverse.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodtake.errors import ConfigError
from goodtake.stats.bootstrap import RESAMPLES, Statistic, resample
from goodtake.stats.interval import Interval, checked_level, checked_values

Values: TypeAlias = NDArray[np.float64]

LEAST_POINTS = 3
"""Two points are always in perfect order, or in perfect disorder."""

MANY_POINTS = 2000
"""The work grows with the square of the points."""


def midranks(values: ArrayLike) -> Values:
    """Returns ranks from 1 up; equal values share the mean of their ranks: (n,) -> (n,).

    >>> midranks([10.0, 30.0, 20.0, 20.0]).tolist()
    [1.0, 4.0, 2.5, 2.5]
    """
    _, of_item, counts = np.unique(np.asarray(values, dtype=np.float64), return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[of_item])


def spearman(x: ArrayLike, y: ArrayLike) -> float:
    """Returns Spearman's rho: the correlation of the ranks.

    Raises:
        ConfigError: when the lists differ in length, have fewer than 3 points, or one of them is constant.
    """
    return _once(_spearman_of_resamples, x, y)


def kendall(x: ArrayLike, y: ArrayLike) -> float:
    """Returns Kendall's tau-b: pairs in the same order less pairs in opposite order, over all pairs without ties.

    Raises:
        ConfigError: as `spearman`.
    """
    return _once(_kendall_of_resamples, x, y)


def spearman_interval(
    x: ArrayLike, y: ArrayLike, *, level: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """Returns Spearman's rho with its bootstrap interval over points.

    Raises:
        ConfigError: as `spearman`.
    """
    points = _points(x, y)
    return resample(points, points.shape[1], _spearman_of_resamples, None, checked_level(level), resamples, seed)


def kendall_interval(
    x: ArrayLike, y: ArrayLike, *, level: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """Returns Kendall's tau-b with its bootstrap interval over points.

    Raises:
        ConfigError: as `spearman`.
    """
    points = _points(x, y)
    return resample(points, points.shape[1], _kendall_of_resamples, None, checked_level(level), resamples, seed)


def spearman_interval_of(rho: float, n: int, level: float = 0.95) -> Interval:
    """Returns the interval of a published Spearman correlation of which only the figure and the points are known.

    tanh(artanh(rho) ± z sqrt((1 + rho²/2) / (n - 3))), Bonett & Wright, "Sample size requirements for estimating
    Pearson, Kendall and Spearman correlations", Psychometrika 65 (2000).

    Raises:
        ConfigError: when rho does not lie inside -1 and 1, or there are fewer than 4 points.
    """
    if not -1 < rho < 1 or n < 4:
        raise ConfigError(f"an interval needs a correlation inside -1 and 1 and 4 points, got {rho} of {n} points")
    half = NormalDist().inv_cdf((1 + checked_level(level)) / 2) * math.sqrt((1 + rho**2 / 2) / (n - 3))
    return Interval(rho, math.tanh(math.atanh(rho) - half), math.tanh(math.atanh(rho) + half), n, level)


def _points(x: ArrayLike, y: ArrayLike) -> Values:
    """Returns (2, n): both lists, checked."""
    points = [checked_values(x, "first list"), checked_values(y, "second list")]
    n = points[0].size
    if n != points[1].size or n < LEAST_POINTS or n > MANY_POINTS:
        raise ConfigError(
            f"rank correlation needs two lists of the same {LEAST_POINTS} to {MANY_POINTS} things, "
            f"got {n} and {points[1].size} values"
        )
    for values, which in zip(points, ("first", "second"), strict=True):
        if values.min() == values.max():
            raise ConfigError(f"all values of the {which} list equal {values[0]}: they have no order to correlate")
    return np.stack(points)


def _once(statistic: Statistic, x: ArrayLike, y: ArrayLike) -> float:
    points = _points(x, y)
    return float(statistic(points, np.ones((1, points.shape[1])))[0])


def _spearman_of_resamples(points: Values, counts: Values) -> Values:
    """(2, n), (block, n) -> (block,); NaN where a resample drew one value only.

    The rank of a value in a resample is half a rank more than the number drawn below it plus half of those equal to it,
    so ranks follow from counts by a product with a fixed matrix, (n, n); the half rank falls out of a correlation.
    """
    total = counts.sum(axis=1, keepdims=True)
    centred = []
    for values in points:
        before = (values[:, None] < values).astype(np.float64) + (values[:, None] == values) / 2  # (from, to)
        ranks = counts @ before  # (block, n)
        centred.append(ranks - (counts * ranks).sum(axis=1, keepdims=True) / total)
    (x, y) = centred
    return _ratio((counts * x * y).sum(axis=1), (counts * x * x).sum(axis=1), (counts * y * y).sum(axis=1))


def _kendall_of_resamples(points: Values, counts: Values) -> Values:
    """(2, n), (block, n) -> (block,): sums over all pairs of drawn points, weighted by how often both were drawn."""
    x, y = (np.sign(values[:, None] - values) for values in points)  # (n, n)
    return _ratio(*(((counts @ pairs) * counts).sum(axis=1) for pairs in (x * y, x * x, y * y)))


def _ratio(both: Values, first: Values, second: Values) -> Values:
    defined = (first > 0) & (second > 0)
    below = np.sqrt(np.where(defined, first * second, 1.0))
    return np.where(defined, np.clip(both / below, -1.0, 1.0), np.nan)
