"""What an estimate with its confidence interval is, and the checks that all of `stats` share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodtake.errors import ConfigError


@dataclass(frozen=True)
class Interval:
    """An estimate and the interval that covers the true value with the given confidence.

    Args:
        estimate: of the data as they are.
        low: lower end; None when the data allow no interval, and then `note` says why.
        high: upper end, or None.
        n: values that went in.
        level: confidence, for instance 0.95.
        note: why there is no interval, or what it does not cover; "" as a rule.
    """

    estimate: float
    low: float | None
    high: float | None
    n: int
    level: float = 0.95
    note: str = ""

    def text(self, digits: int = 2) -> str:
        """Returns "6.80 [6.21, 7.35]", or the estimate alone when there is no interval."""
        if self.low is None or self.high is None:
            return f"{self.estimate:.{digits}f}"
        return f"{self.estimate:.{digits}f} [{self.low:.{digits}f}, {self.high:.{digits}f}]"


def checked_values(values: ArrayLike, what: str = "values") -> NDArray[np.float64]:
    """Returns values as a vector of doubles.

    Args:
        values: (n,).
        what: they are, for messages.

    Raises:
        ConfigError: when there are none, they are no vector, or one is not finite.
    """
    try:
        vector = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{what} must be numbers: leave out what could not be measured ({error})") from error
    if vector.ndim != 1 or vector.size == 0:
        raise ConfigError(f"{what} must be a list of at least one number, got an array of shape {vector.shape}")
    if not np.isfinite(vector).all():
        place = int(np.flatnonzero(~np.isfinite(vector))[0])
        raise ConfigError(f"{what} number {place} is {vector[place]}: leave out what could not be measured")
    return vector


def checked_level(level: float) -> float:
    """Returns a confidence level.

    Raises:
        ConfigError: when it does not lie between 0 and 1.
    """
    if not 0 < level < 1:
        raise ConfigError(f"level must lie between 0 and 1, got {level}: use 0.95 for a 95 % interval")
    return level
