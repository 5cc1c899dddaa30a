"""Quantiles of Student's t distribution for whole degrees of freedom, without SciPy.

Source: Abramowitz & Stegun, "Handbook of Mathematical Functions" (1964), 26.7.3, 26.7.4 (finite series in the angle
whose tangent is t / sqrt(df)) and 26.7.5 (expansion around the normal quantile, for many degrees).
"""

from __future__ import annotations

import math
from statistics import NormalDist

from goodtake.errors import ConfigError

SERIES_UP_TO = 200
"""Degrees of freedom from which the expansion is exact to 1e-7 for probabilities in use."""


def t_quantile(probability: float, degrees: int) -> float:
    """Returns the value that a t-distributed variable stays below with the given probability.

    >>> round(t_quantile(0.975, 4), 3)
    2.776

    Raises:
        ConfigError: when the probability is not inside 0 and 1, or there is no degree of freedom.
    """
    if not 0 < probability < 1 or degrees < 1:
        raise ConfigError(
            f"t_quantile needs 0 < probability < 1 and degrees >= 1, got probability {probability}, degrees {degrees}"
        )
    if degrees > SERIES_UP_TO:
        return _expansion(NormalDist().inv_cdf(probability), degrees)
    inside = abs(2 * probability - 1)  # P(|T| < t)
    low, high = 0.0, math.pi / 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _probability_inside(middle, degrees) < inside else (low, middle)
    return math.copysign(math.sqrt(degrees) * math.tan((low + high) / 2), probability - 0.5)


def _probability_inside(angle: float, degrees: int) -> float:
    """P(|T| < t) where tan(angle) = t / sqrt(degrees); 26.7.3 for odd and 26.7.4 for even degrees."""
    odd = degrees % 2
    term = math.cos(angle) if odd else 1.0
    total = term if degrees > 1 else 0.0
    for k in range(3 if odd else 2, degrees - 1, 2):
        term *= math.cos(angle) ** 2 * (k - 1) / k
        total += term
    total *= math.sin(angle)
    return 2 / math.pi * (angle + total) if odd else total


def _expansion(z: float, degrees: int) -> float:
    g1 = (z**3 + z) / 4
    g2 = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    g3 = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + g1 / degrees + g2 / degrees**2 + g3 / degrees**3
