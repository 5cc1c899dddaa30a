"""The Fréchet distance between two Gaussians, and the moments of a set gathered patch by patch.

K. Kilgour, M. Zuluaga, D. Roblek, M. Sharifi, "Fréchet Audio Distance: A Reference-Free Metric for Evaluating Music
Enhancement Algorithms", Interspeech 2019 (formula: D. C. Dowson, B. V. Landau, 1982):

    d^2 = |m_1 - m_2|^2 + tr(S_1 + S_2 - 2 (S_1 S_2)^(1/2)).

With S = R R^T the trace of the root of S_1 S_2 is the sum of the singular values of R_1^T R_2. Taken so, no square
root of a rounding error enters, as it does through eigenvalues of the product, and no shrinkage is needed: covariances
of deficient rank are welcome.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodtake.errors import ConfigError


class Moments:
    """Count, mean and covariance of points that need not be in memory together.

    Deviations from the mean are summed, and sums merged, in double precision (T. F. Chan, G. H. Golub, R. J. LeVeque,
    "Updating formulae and a pairwise algorithm for computing sample variances", 1979), so the order of the
    parts changes rounding only.

    Args:
        dimension: of a point.
    """

    def __init__(self, dimension: int) -> None:
        self.count = 0
        self.mean: NDArray[np.float64] = np.zeros(dimension)
        self.scatter: NDArray[np.float64] = np.zeros((dimension, dimension))

    @classmethod
    def of(cls, points: ArrayLike) -> Moments:
        """Returns the moments of points, (patch, dimension) in any precision.

        Raises:
            ConfigError: not points, or NaN among them.
        """
        array = np.asarray(points, np.float64)
        if array.ndim != 2 or array.shape[1] == 0:
            raise ConfigError(f"points of shape {array.shape}: give (patch, dimension)")
        if not np.isfinite(array).all():
            raise ConfigError("points to compare hold NaN or infinite numbers: embed the clip again")
        moments = cls(array.shape[1])
        if len(array):
            moments.count, moments.mean = len(array), array.mean(axis=0)
            deviation = array - moments.mean
            moments.scatter = deviation.T @ deviation
        return moments

    def add(self, points: ArrayLike) -> None:
        """Takes in more points, (patch, dimension).

        Raises:
            ConfigError: not points of this dimension.
        """
        self.merge(Moments.of(points))

    def merge(self, other: Moments) -> None:
        """Takes in the points that other moments stand for.

        Raises:
            ConfigError: they are of another dimension.
        """
        _check_dimensions(self, other)
        count = self.count + other.count
        if other.count == 0:
            return
        step = other.mean - self.mean
        self.scatter = self.scatter + other.scatter + np.outer(step, step) * (self.count * other.count / count)
        self.mean = self.mean + step * (other.count / count)
        self.count = count

    @property
    def dimension(self) -> int:
        """Of a point."""
        return int(self.mean.size)

    @property
    def covariance(self) -> NDArray[np.float64]:
        """Unbiased, (dimension, dimension); NaN for less than two points."""
        return self.scatter / (self.count - 1) if self.count > 1 else np.full_like(self.scatter, np.nan)


def frechet_distance(estimate: Moments, reference: Moments) -> float:
    """Returns the squared Fréchet distance between the Gaussians of two sets: 0 for equal moments, never less.

    Raises:
        ConfigError: a set has less than two points, or the dimensions differ.
    """
    _check_dimensions(estimate, reference)
    for name, moments in (("estimates", estimate), ("references", reference)):
        if moments.count < 2:
            raise ConfigError(f"the {name} hold {moments.count} patches: a covariance needs two or more, add clips")
    difference = estimate.mean - reference.mean
    overlap = np.linalg.svd(_root(estimate).T @ _root(reference), compute_uv=False).sum()
    spread = np.trace(estimate.covariance) + np.trace(reference.covariance) - 2 * overlap
    return max(0.0, float(difference @ difference + spread))


def _root(moments: Moments) -> NDArray[np.float64]:
    """Returns R with R @ R.T the covariance."""
    values, vectors = np.linalg.eigh(moments.covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0)))


def _check_dimensions(first: Moments, second: Moments) -> None:
    if first.dimension != second.dimension:
        raise ConfigError(
            f"points of {first.dimension} and of {second.dimension} dimensions: compare those of one embedding"
        )
