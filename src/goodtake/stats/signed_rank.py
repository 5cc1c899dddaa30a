"""Wilcoxon's signed-rank test for paired figures.

Sources: Wilcoxon, "Individual comparisons by ranking methods", Biometrics Bulletin 1 (1945); Pratt, "Remarks on zeros
and ties in the Wilcoxon signed rank procedures", J. Am. Stat. Assoc. 54 (1959).

Zeros are kept while ranks are given and left out afterwards (Pratt): an engine that leaves good clips as they are has
many, and throwing them away beforehand can turn the verdict around. Ties share their mean rank. Up to 200 differences
the p-value is exact for those very ranks, ties included; beyond, it comes from the normal distribution.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from goodtake.stats.interval import checked_values
from goodtake.stats.ranks import midranks

EXACT_UP_TO = 200


@dataclass(frozen=True)
class SignedRank:
    """The outcome of a signed-rank test.

    Args:
        p: two-sided probability of ranks as lopsided as these when neither side is better.
        above: sum of the ranks of differences above 0.
        below: sum of the ranks of differences below 0.
        n: differences given.
        zeros: how many of them are 0.
        exact: whether p is exact.
        note: what hinders the test, or "".
    """

    p: float
    above: float
    below: float
    n: int
    zeros: int
    exact: bool
    note: str = ""


def wilcoxon(differences: ArrayLike) -> SignedRank:
    """Tests whether paired differences lie around zero.

    >>> wilcoxon([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).p
    0.03125

    Args:
        differences: (n,) of independent pairs; see `compare_pairs` for clips of the same songs.

    Raises:
        ConfigError: when there are none or one is not finite.
    """
    vector = checked_values(differences, "differences")
    ranks = midranks(np.abs(vector))
    above, below = float(ranks[vector > 0].sum()), float(ranks[vector < 0].sum())
    signed = ranks[vector != 0]
    zeros = vector.size - signed.size
    if not signed.size:
        return SignedRank(1.0, 0.0, 0.0, vector.size, zeros, True, "no difference in any pair")
    exact = signed.size <= EXACT_UP_TO
    p = _exact_p(signed, above) if exact else _normal_p(signed, above)
    least = 2.0 ** (1 - signed.size)
    note = f"p cannot fall below {least:.3g} with so few differences ({signed.size})" if least > 0.05 else ""
    return SignedRank(p, above, below, vector.size, zeros, exact, note)


def _exact_p(ranks: np.ndarray, above: float) -> float:
    """Two-sided p over all 2^n ways to give the ranks their signs, counted by adding one rank after the other."""
    doubled = np.rint(2 * ranks).astype(int)  # mean ranks are whole or half numbers
    chance = np.zeros(doubled.sum() + 1)  # of every doubled sum of positive ranks
    chance[0] = 1.0
    for rank in doubled:
        shifted = np.zeros_like(chance)
        shifted[rank:] = chance[: chance.size - rank]
        chance = (chance + shifted) / 2
    smaller = round(2 * min(above, ranks.sum() - above))
    return min(1.0, 2 * float(chance[: smaller + 1].sum()))


def _normal_p(ranks: np.ndarray, above: float) -> float:
    """Two-sided p from the mean and variance of a sum of ranks with random signs, with continuity correction."""
    excess = max(0.0, abs(above - ranks.sum() / 2) - 0.5)
    return math.erfc(excess / math.sqrt(float(np.sum(ranks**2)) / 4) / math.sqrt(2))
