"""All metrics that compare a set of estimates with a set of references, by name.

Clips are embedded one by one (`embeddings.embed`) and may be stored in between, in half precision; a set metric then
reads them as an iterable of arrays (patch, dimension). To add one, add a line to `SET_METRICS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from goodtake.errors import ConfigError
from goodtake.metrics.embeddings import DEFAULT_EMBEDDING
from goodtake.metrics.fad import fad_infinity, frechet_audio_distance

SUBSET_SEED = 1
"""Of the subsets that FAD-infinity draws, so that the same sets give the same figure."""


@dataclass(frozen=True)
class SetMetric:
    """A figure for a set of estimates against a set of references.

    Args:
        name: as in tables, recipes and files.
        title: for reports.
        source: paper.
        unit: "" for a bare number.
        direction: "up" when more is better, "down" when less is.
        function: (embedded estimates, embedded references) -> figure; raises ConfigError for sets too small.
        embedding: name of the embedding whose points it takes.
    """

    name: str
    title: str
    source: str
    unit: str
    direction: Literal["up", "down"]
    function: Callable[[Iterable[ArrayLike], Iterable[ArrayLike]], float]
    embedding: str


def _fad_infinity(estimates: Iterable[ArrayLike], references: Iterable[ArrayLike]) -> float:
    return fad_infinity(estimates, references, np.random.default_rng(SUBSET_SEED)).value


_KILGOUR = "Kilgour et al., Interspeech 2019"
_GUI = "Gui et al., ICASSP 2024"

SET_METRICS: dict[str, SetMetric] = {
    metric.name: metric
    for metric in (
        SetMetric("fad", "FAD (log-mel)", _KILGOUR, "", "down", frechet_audio_distance, DEFAULT_EMBEDDING),
        SetMetric("fad_inf", "FAD-infinity (log-mel)", _GUI, "", "down", _fad_infinity, DEFAULT_EMBEDDING),
        SetMetric("fad_vggish", "FAD (VGGish)", _KILGOUR, "", "down", frechet_audio_distance, "vggish"),
        SetMetric("fad_clap", "FAD (CLAP-music)", _GUI, "", "down", frechet_audio_distance, "clap-music"),
    )
}


def find_set_metric(name: str) -> SetMetric:
    """Returns a set metric by name.

    Raises:
        ConfigError: there is none of that name.
    """
    if name not in SET_METRICS:
        raise ConfigError(f"unknown set metric {name}: choose from {', '.join(SET_METRICS)}")
    return SET_METRICS[name]


def set_metric(name: str, estimates: Iterable[ArrayLike], references: Iterable[ArrayLike]) -> float:
    """Returns one set metric of embedded clips.

    Args:
        name: key of `SET_METRICS`.
        estimates: embedded clips to judge, each (patch, dimension).
        references: embedded clean clips.

    Raises:
        ConfigError: an unknown name, sets too small, or points of another embedding.
    """
    return find_set_metric(name).function(estimates, references)


def needed_embeddings(names: Iterable[str]) -> list[str]:
    """Returns the embeddings that the named set metrics take, each once; other names are passed over."""
    wanted = [SET_METRICS[name].embedding for name in names if name in SET_METRICS]
    return list(dict.fromkeys(wanted))
