"""Bootstrap confidence intervals of any statistic, over clips or over whole songs.

The data are drawn anew 10,000 times with replacement, and the interval is read off the spread of the statistic:

* **Clusters.** Clips of one song are not independent: with `groups`, whole songs are drawn (Davison & Hinkley,
  "Bootstrap Methods and their Application", 1997, section 3.8). Drawing clips would make intervals too narrow.
* **BCa** (Efron, "Better bootstrap confidence intervals", J. Am. Stat. Assoc. 82, 1987) corrects the percentiles for
  bias and skew: figures of clips are skewed, ranks and rates are bounded.
* **Expansion** (Hesterberg, "What teachers should know about the bootstrap", Am. Stat. 69, 2015): with k songs the
  normal quantile z becomes t(k-1) sqrt(k / (k-1)), which undoes the narrowness of the bootstrap when k is small.

A statistic is told how often each value was drawn, not the drawn values, so it works on a block of resamples at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodtake.errors import ConfigError
from goodtake.stats.interval import Interval, checked_level, checked_values
from goodtake.stats.students_t import t_quantile

Values: TypeAlias = NDArray[np.float64]
Statistic: TypeAlias = Callable[[Values, Values], Values]
"""(values (n,) or whatever it works on, counts (block, n)) -> one figure per resample (block,)."""

RESAMPLES = 10_000
ENOUGH = 5
"""Songs from which a 95 % interval covers more than 90 %; `docs/statistics.md` has the table."""

BLOCK_CELLS = 1 << 20
"""Counts held at once: 8 MB."""

ROUNDING = 1e-9
"""Draws this close to the estimate, as a part of their range, equal it: they differ by the order of a sum alone."""

NORMAL = NormalDist()


def mean(values: Values, counts: Values) -> Values:
    """The mean of each resample: (n,), (block, n) -> (block,)."""
    return np.asarray(np.einsum("bn,n->b", counts, values) / counts.sum(axis=1))


def median(values: Values, counts: Values) -> Values:
    """The median of each resample: (n,), (block, n) -> (block,); the mean of both middle values when n is even."""
    order = np.argsort(values, kind="stable")
    ranked, below = values[order], np.cumsum(counts[:, order], axis=1)
    half = below[:, -1:] / 2
    return np.asarray((ranked[(below < half).sum(axis=1)] + ranked[(below <= half).sum(axis=1)]) / 2)


def bootstrap_interval(
    values: ArrayLike,
    groups: Sequence[str | int] | None = None,
    *,
    statistic: Statistic = mean,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """Returns a statistic of the values with its BCa bootstrap interval.

    Args:
        values: (n,).
        groups: name of the song (or listener) of every value; values of one group are drawn together. None: each value
            is independent.
        statistic: what to estimate.
        level: confidence.
        resamples: draws; with 10,000 the ends of two seeds differ by a few percent of the interval's width at most.
        seed: of the draws; the same seed gives the same interval.

    Raises:
        ConfigError: when there are no values, one is not finite, or an argument cannot be.
    """
    vector = checked_values(values)
    return resample(vector, vector.size, statistic, groups, checked_level(level), resamples, seed)


def resample(
    data: Values,
    n: int,
    statistic: Statistic,
    groups: Sequence[str | int] | None,
    level: float,
    resamples: int,
    seed: int,
) -> Interval:
    """Does the work of `bootstrap_interval` for data of any shape that the statistic understands; n is its items."""
    if resamples < 100:
        raise ConfigError(f"resamples must be at least 100, got {resamples}: 10,000 is usual")
    if groups is not None and len(groups) != n:
        raise ConfigError(f"there are {n} values but {len(groups)} groups: give the song of every value")
    of_item = np.arange(n) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    k = int(of_item.max()) + 1
    estimate = float(statistic(data, np.ones((1, n)))[0])
    if k < 2:
        note = "one clip only: no interval" if n == 1 else "clips of one song only: no interval"
        return Interval(estimate, None, None, n, level, note)
    drawn = np.concatenate([statistic(data, counts[:, of_item]) for counts in _draw(k, n, resamples, seed)])
    left_out = np.concatenate([statistic(data, counts[:, of_item]) for counts in _leave_one_out(k, n)])
    low, high = _bca(estimate, drawn[np.isfinite(drawn)], left_out[np.isfinite(left_out)], k, level)
    few = f"{k} {'values' if groups is None else 'songs'} only: the interval is too narrow"
    return Interval(estimate, low, high, n, level, few if k < ENOUGH else "")


def _draw(k: int, n: int, resamples: int, seed: int) -> Iterator[Values]:
    """Yields how often each of k groups was drawn, (block, k), until all resamples are made."""
    generator = np.random.default_rng(seed)
    block = max(1, BLOCK_CELLS // n)
    for start in range(0, resamples, block):
        rows = min(block, resamples - start)
        cells = generator.integers(k, size=(rows, k)) + k * np.arange(rows)[:, None]  # (block, k)
        yield np.bincount(cells.ravel(), minlength=rows * k).reshape(rows, k).astype(np.float64)


def _leave_one_out(k: int, n: int) -> Iterator[Values]:
    """Yields the counts of the jackknife, (block, k): each row lacks one group."""
    block = max(1, BLOCK_CELLS // n)
    for start in range(0, k, block):
        missing = np.arange(start, min(start + block, k))
        counts = np.ones((missing.size, k))
        counts[np.arange(missing.size), missing] = 0.0
        yield counts


def _bca(estimate: float, drawn: Values, left_out: Values, k: int, level: float) -> tuple[float, float]:
    """Ends of the expanded BCa interval (Efron & Tibshirani, 1993, equations 14.10, 14.14 and 14.15; Hesterberg, 2015).

    Args:
        estimate: of the data as they are.
        drawn: the statistic of every resample.
        left_out: the statistic without each group.
        k: number of groups.
        level: confidence.
    """
    slack = ROUNDING * np.ptp(drawn)
    below = (np.mean(drawn < estimate - slack) + np.mean(drawn <= estimate + slack)) / 2
    bias = NORMAL.inv_cdf(float(np.clip(below, 0.5 / drawn.size, 1 - 0.5 / drawn.size)))
    influence = left_out.mean() - left_out
    spread = float(np.sum(influence**2)) ** 1.5
    skew = float(np.sum(influence**3)) / (6 * spread) if spread > 0 else 0.0
    quantile = t_quantile((1 + level) / 2, k - 1) * (k / (k - 1)) ** 0.5
    low, high = (
        NORMAL.cdf(bias + w / (1 - skew * w)) if skew * w < 1 else float(w > 0)
        for w in (bias - quantile, bias + quantile)
    )
    ends = np.quantile(drawn, [low, high])
    return float(ends[0]), float(ends[1])
