"""Bands over the bins that the native-rate nets read: 0 to 8 kHz on the grid of 64 ms windows, at any sample rate."""

import numpy as np
from numpy.typing import NDArray

N_BINS = 513
"""Bins of 15.6 Hz from 0 to 8 kHz."""

BIN_HZ = 15.625

LOG_FLOOR = 1e-5
"""Added to amplitudes at unit level before the logarithm: 100 dB below the level of the whole take."""

PERCENTILES = (0.1, 0.5, 0.9)
"""Of each bin's ln amplitude over the take, read by the studio net."""

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Of each band's ln amplitude over a stretch, read by the take net."""


def band_matrix(n_bands: int, n_bins: int = N_BINS, bin_hz: float = BIN_HZ) -> NDArray[np.float32]:
    """Returns triangular mel bands over the bins, each row summing to one: (n_bands, n_bins).

    A band narrower than a bin reads the bin it lies on.
    """
    top = 2595 * np.log10(1 + (n_bins - 1) * bin_hz / 700)
    edges = 700 * (10 ** (np.linspace(0, top, n_bands + 2) / 2595) - 1) / bin_hz  # in bins
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    low, high = np.minimum(low, centre - 1), np.maximum(high, centre + 1)
    bins = np.arange(n_bins)[None]
    weights = np.clip(np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)), 0, None)
    return np.asarray(weights / weights.sum(1, keepdims=True), np.float32)


def band_interpolation(n_bands: int, n_bins: int = N_BINS, bin_hz: float = BIN_HZ) -> NDArray[np.float32]:
    """Returns the matrix that spreads one value per band over the bins by straight lines: (n_bins, n_bands)."""
    top = 2595 * np.log10(1 + (n_bins - 1) * bin_hz / 700)
    centres = 700 * (10 ** (np.linspace(0, top, n_bands + 2)[1:-1] / 2595) - 1) / bin_hz
    bins = np.arange(n_bins)
    return np.stack([np.interp(bins, centres, row) for row in np.eye(n_bands)], 1).astype(np.float32)
