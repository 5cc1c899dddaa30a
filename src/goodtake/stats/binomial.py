"""Two-way forced choice: did listeners pick one of two recordings more often than a coin would?

Paper 2, section 4.4 (two-tailed binomial test). The interval is Wilson's (J. Am. Stat. Assoc. 22, 1927): it keeps its
confidence for few answers and for shares near 0 and 1, and does not leave the range.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from goodtake.errors import ConfigError
from goodtake.stats.interval import Interval, checked_level

SLACK = 1e-7
"""Outcomes this close to the observed one in probability count as equally likely: they differ by rounding alone."""


@dataclass(frozen=True)
class ForcedChoice:
    """The outcome of a forced-choice test.

    Args:
        chosen: answers for the option in question.
        n: answers.
        share: chosen / n with its Wilson interval.
        p: two-tailed probability of so uneven a result when the options are equal.
    """

    chosen: int
    n: int
    share: Interval
    p: float


def forced_choice(chosen: int, n: int, level: float = 0.95) -> ForcedChoice:
    """Tests answers against a fair coin. They count as independent; answers of one listener are not quite.

    >>> round(forced_choice(9, 10).p, 4)
    0.0215

    Raises:
        ConfigError: when there are no answers, or more chosen than given.
    """
    p = binomial_p(chosen, n)
    low, high = wilson_interval(chosen / n, n, level)
    return ForcedChoice(chosen, n, Interval(chosen / n, low, high, n, level), p)


def binomial_p(chosen: int, n: int, chance: float = 0.5) -> float:
    """Returns the exact two-tailed p-value: the probability of all outcomes that are no likelier than the observed one.

    Args:
        chosen: successes.
        n: trials.
        chance: of a success under the null hypothesis, inside 0 and 1.

    Raises:
        ConfigError: when the counts or the chance cannot be.
    """
    if n < 1 or not 0 <= chosen <= n:
        raise ConfigError(f"{chosen} of {n} answers cannot be: expected 1 answer or more, and as many chosen at most")
    if not 0 < chance < 1:
        raise ConfigError(f"chance must lie between 0 and 1, got {chance}")
    logs = [
        math.lgamma(n + 1)
        - math.lgamma(k + 1)
        - math.lgamma(n - k + 1)
        + k * math.log(chance)
        + (n - k) * math.log1p(-chance)
        for k in range(n + 1)
    ]
    return min(1.0, math.fsum(math.exp(log) for log in logs if log <= logs[chosen] + SLACK))


def wilson_interval(share: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Returns Wilson's score interval of a share.

    (share + z²/2n ± z sqrt(share (1 - share) / n + z²/4n²)) / (1 + z²/n)

    Args:
        share: of successes, from 0 to 1.
        n: independent trials.
        level: confidence.

    Raises:
        ConfigError: when share, n or level cannot be.
    """
    if not 0 <= share <= 1 or n <= 0:
        raise ConfigError(f"Wilson's interval needs a share from 0 to 1 and trials, got share {share} of {n}")
    z = NormalDist().inv_cdf((1 + checked_level(level)) / 2)
    centre = share + z**2 / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    scale = 1 + z**2 / n
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)
