"""All metrics that compare an estimate with its reference, by name.

To add one: write a pure function `(estimate, reference, sample_rate) -> float` in a file of its own and add a line to
`METRICS`. The contract test then covers it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from numpy.typing import ArrayLike

from goodtake.errors import ConfigError
from goodtake.metrics.colour import ltas_error_db, weak_bin_bias_db
from goodtake.metrics.fwssnr import HIGHEST_DB, LOWEST_DB, fwssnr
from goodtake.metrics.perceptual import zimtohrli_mos
from goodtake.metrics.spectral import mrs, spectrogram_l1


@dataclass(frozen=True)
class Metric:
    """A figure for one estimate against its reference.

    Args:
        name: as in tables, recipes and files.
        function: (estimate, reference, sample_rate) -> figure; pure; raises ConfigError for clips it cannot compare.
        unit: "dB", "MOS" or "" for a bare number.
        direction: "up" when more is better, "down" when less is.
        lowest: least value there can be.
        highest: greatest value there can be.
        extra: the goodtake extra it needs, if any.
    """

    name: str
    function: Callable[[ArrayLike, ArrayLike, int], float]
    unit: str
    direction: Literal["up", "down"]
    lowest: float
    highest: float = math.inf
    extra: str | None = None

    @property
    def best(self) -> float:
        """What equal clips score."""
        return self.highest if self.direction == "up" else self.lowest


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("fwssnr", fwssnr, "dB", "up", LOWEST_DB, HIGHEST_DB),
        Metric("mrs", mrs, "", "down", 0.0),
        Metric("l1", spectrogram_l1, "", "down", 0.0),
        Metric("zimtohrli_mos", zimtohrli_mos, "MOS", "up", 1.0, 5.0, extra="eval"),
        Metric("ltas_error_db", ltas_error_db, "dB", "down", 0.0),
        Metric("weak_bin_bias_db", weak_bin_bias_db, "dB", "down", 0.0),
    )
}


def measure(
    estimate: ArrayLike, reference: ArrayLike, sample_rate: int, names: Iterable[str] | None = None
) -> dict[str, float]:
    """Returns the named metrics of one pair; all of them when no names are given.

    Args:
        estimate: the clip to judge, (time,) or (channel, time).
        reference: the clean clip, of the same shape.
        sample_rate: of both, Hz.
        names: keys of `METRICS`.

    Raises:
        ConfigError: an unknown name, or clips that cannot be compared.
        MissingExtraError: a metric needs a package that is not installed.
    """
    wanted = list(METRICS if names is None else names)
    unknown = [name for name in wanted if name not in METRICS]
    if unknown:
        raise ConfigError(f"unknown metric {', '.join(unknown)}: choose from {', '.join(METRICS)}")
    return {name: METRICS[name].function(estimate, reference, sample_rate) for name in wanted}
