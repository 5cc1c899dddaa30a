"""Fréchet audio distance between sets of clips: plain, extrapolated to endless sets, and song by song.

All take embedded clips, arrays (patch, dimension) of one embedding, in any order; see `frechet` for the formula.
Estimates and references need not belong together pair by pair, nor be equally many.

* `frechet_audio_distance`: K. Kilgour et al., Interspeech 2019. Its bias grows with dimension / patches: compare
  figures of equally many patches only. Memory does not grow with the number of clips.
* `fad_infinity`, `fad_per_song`: A. Gui, H. Gamper, S. Braun, D. Emmanouilidou, "Adapting Frechet Audio Distance for
  Generative Music Evaluation", ICASSP 2024.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from goodtake.errors import ConfigError
from goodtake.metrics.frechet import Moments, frechet_distance

SIZES = 25
"""Subsets that the extrapolation measures."""

SMALLEST_SHARE = 3
"""The smallest subset is a third of the set, unless that is too few: small ones bend the line, large ones blur it."""


def frechet_audio_distance(estimates: Iterable[ArrayLike], references: Iterable[ArrayLike]) -> float:
    """Returns the Fréchet audio distance, 0 or more; lower is better, 0 for equal sets.

    Args:
        estimates: embedded clips to judge, each (patch, dimension).
        references: embedded clean clips.

    Raises:
        ConfigError: a set has no more patches than dimensions, so that its covariance is singular; or points that are
            no points, or of different embeddings.
    """
    moments = moments_of("estimates", estimates), moments_of("references", references)
    for name, part in zip(("estimates", "references"), moments, strict=True):
        _check_count(name, part.count, part.dimension + 1, part.dimension)
    return frechet_distance(*moments)


@dataclass(frozen=True)
class Extrapolation:
    """A distance for endless sets.

    Args:
        value: the line's height at 1 / N = 0; where the true distance is 0 it may be slightly negative.
        slope: of the line over 1 / N; slope / N is the bias that was removed.
        r_squared: share of the variance over the subsets that the line explains. Low where that bias is small beside
            the scatter of the subsets.
    """

    value: float
    slope: float
    r_squared: float


def fad_infinity(
    estimates: Iterable[ArrayLike], references: Iterable[ArrayLike], rng: np.random.Generator
) -> Extrapolation:
    """Returns the distance extrapolated to endlessly many estimates, free of the bias of finite sets.

    The distance of `SIZES` random subsets of N patches to all references is measured, and a straight line over 1 / N
    laid through. Subsets are drawn without replacement: with it (as in the authors' program) the line would end at the
    biased distance of the whole set. The bias of the references stays; it is the same for all systems. All patches of
    the estimates are held in memory.

    Sets are taken for independent. Where the estimates come from the references' own clips, the sampling errors of both
    largely cancel in the plain distance, and this one lies below it, for equal sets below zero: read differences, not
    heights.

    Args:
        estimates: embedded clips to judge, each (patch, dimension).
        references: embedded clean clips.
        rng: draws the subsets.

    Raises:
        ConfigError: less than 2 (dimension + 1) patches of estimates, or what `frechet_audio_distance` refuses.
    """
    reference = moments_of("references", references)
    _check_count("references", reference.count, reference.dimension + 1, reference.dimension)
    parts = [np.asarray(part) for part in estimates]
    points = np.concatenate(parts) if parts else np.zeros((0, reference.dimension))
    least = reference.dimension + 1
    _check_count("estimates", len(points), 2 * least, reference.dimension)
    smallest = max(least, len(points) // SMALLEST_SHARE)
    sizes = np.linspace(smallest, len(points), SIZES).round().astype(int)
    subsets = (points[rng.choice(len(points), size, replace=False)] for size in sizes)
    distances = np.array([frechet_distance(Moments.of(subset), reference) for subset in subsets])
    slope, value = np.polyfit(1 / sizes, distances, 1)
    residual = np.sum((distances - (value + slope / sizes)) ** 2)
    spread = np.sum((distances - distances.mean()) ** 2)
    return Extrapolation(float(value), float(slope), float(1 - residual / spread) if spread > 0 else 1.0)


def fad_per_song(
    songs: Iterable[tuple[str, ArrayLike]], references: Iterable[ArrayLike]
) -> Iterator[tuple[str, float | None]]:
    """Yields each song's distance to all references; None for a song of one patch.

    It ranks the songs of one set and finds its outliers. A song has fewer patches than dimensions, so its covariance is
    singular and the figure large: compare it with those of other songs of like length only.

    Args:
        songs: name and embedded clip, (patch, dimension).
        references: embedded clean clips.

    Raises:
        ConfigError: what `frechet_audio_distance` refuses in references.
    """
    reference = moments_of("references", references)
    _check_count("references", reference.count, reference.dimension + 1, reference.dimension)
    for name, points in songs:
        moments = Moments.of(points)
        yield name, frechet_distance(moments, reference) if moments.count > 1 else None


def moments_of(name: str, parts: Iterable[ArrayLike]) -> Moments:
    """Returns the moments of all parts together, each (patch, dimension); `name` says in errors what they are.

    Raises:
        ConfigError: no parts, not points, or dimensions that differ.
    """
    total: Moments | None = None
    for part in parts:
        moments = Moments.of(part)
        if total is None:
            total = moments
        else:
            total.merge(moments)
    if total is None:
        raise ConfigError(f"there are no {name}: a distance between sets needs clips in both")
    return total


def _check_count(name: str, count: int, least: int, dimension: int) -> None:
    if count < least:
        raise ConfigError(
            f"the {name} hold {count} patches of {dimension} dimensions: this distance needs {least} or more, "
            "give more or longer clips"
        )
