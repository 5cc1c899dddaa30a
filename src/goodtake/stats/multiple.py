"""Correction of p-values when several tests belong to one question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from goodtake.errors import ConfigError

K = TypeVar("K")


def holm(p_values: Mapping[K, float]) -> dict[K, float]:
    """Returns p-values corrected for testing them all, by Holm's step-down procedure.

    The smallest of m is multiplied by m, the next by m - 1, and so on; none becomes smaller than one before it. The
    chance that any true null hypothesis of the family is rejected then stays below the level, however the tests depend
    on each other. Source: Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Stat. 6 (1979).

    >>> holm({"a": 0.01, "b": 0.04, "c": 0.03})
    {'a': 0.03, 'b': 0.06, 'c': 0.06}

    Args:
        p_values: of one family, by any key. A family is what one table asks: the metrics x systems that it compares.

    Raises:
        ConfigError: when a p-value does not lie between 0 and 1.
    """
    for key, p in p_values.items():
        if not 0 <= p <= 1:
            raise ConfigError(f"the p-value of {key} is {p}: expected a number from 0 to 1")
    corrected: dict[K, float] = {}
    highest = 0.0
    for step, (key, p) in enumerate(sorted(p_values.items(), key=lambda entry: entry[1])):
        highest = max(highest, min(1.0, (len(p_values) - step) * p))
        corrected[key] = highest
    return {key: corrected[key] for key in p_values}
