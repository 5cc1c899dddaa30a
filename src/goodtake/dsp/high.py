"""Bands above 8 kHz, where the native-rate engine decides band by band instead of bin by bin."""

from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from goodtake.dsp.bands import N_BINS
from goodtake.dsp.stft import FrameGrid

HIGH_EDGES_HZ = (
    *(8_000.0, 8_700.0, 9_500.0, 10_300.0, 11_200.0, 12_200.0, 13_300.0),
    *(14_500.0, 15_800.0, 17_200.0, 18_800.0, 20_500.0, 24_000.0),
)
N_HIGH = len(HIGH_EDGES_HZ) - 1
"""Bands of about an eighth of an octave; the last one stands for all that lies above it, too."""

N_BRIDGE = 8
"""Bands of 500 Hz from 4 to 8 kHz that tell the upper part what goes on below it."""


@lru_cache(maxsize=16)
def high_matrix(grid: FrameGrid, sample_rate: int) -> NDArray[np.float32]:
    """Returns the mean over the bins of each high band: (N_HIGH, n_bins - N_BINS); rows above Nyquist are zero."""
    frequencies = np.arange(N_BINS, grid.n_bins) * sample_rate / grid.n_fft
    edges = np.array(HIGH_EDGES_HZ)
    inside = (frequencies >= edges[:-1, None]) & (frequencies < edges[1:, None])
    return np.asarray(inside / np.maximum(inside.sum(1, keepdims=True), 1), np.float32)


@lru_cache(maxsize=16)
def high_spread(grid: FrameGrid, sample_rate: int) -> NDArray[np.float32]:
    """Returns the matrix that spreads one value per high band over the bins by straight lines: (bins, N_HIGH)."""
    edges = np.array(HIGH_EDGES_HZ)
    centres = np.sqrt(edges[:-1] * edges[1:])
    frequencies = np.arange(N_BINS, grid.n_bins) * sample_rate / grid.n_fft
    return np.stack([np.interp(frequencies, centres, row) for row in np.eye(N_HIGH)], 1).astype(np.float32)


@lru_cache(maxsize=1)
def bridge_matrix() -> NDArray[np.float32]:
    """Returns the mean over the bins of each band from 4 to 8 kHz: (N_BRIDGE, N_BINS)."""
    half, width = N_BINS // 2, N_BINS // 2 // N_BRIDGE
    matrix = np.zeros((N_BRIDGE, N_BINS), np.float32)
    for band in range(N_BRIDGE):
        matrix[band, half + band * width : half + (band + 1) * width] = 1 / width
    return matrix


def high_bands(power: NDArray[np.float32], grid: FrameGrid, sample_rate: int) -> NDArray[np.float32]:
    """Returns `high_matrix @ power` as means over neighbours: (n_bins - N_BINS, frame) -> (N_HIGH, frame).

    A product of matrices would wake the threads of the BLAS for every block, and on a machine that is busy otherwise
    they wait for each other a hundred times longer than the means take.
    """
    frequencies = np.arange(N_BINS, grid.n_bins) * sample_rate / grid.n_fft
    edges = np.searchsorted(frequencies, HIGH_EDGES_HZ)
    bands = np.zeros((N_HIGH, power.shape[1]), np.float32)
    for band, (low, high) in enumerate(pairwise(edges)):
        if high > low:
            bands[band] = power[low:high].mean(axis=0)
    return bands


def spread_high(values: NDArray[np.float32], grid: FrameGrid, sample_rate: int) -> NDArray[np.float32]:
    """Returns `high_spread @ values`, likewise without a product: (N_HIGH, frame) -> (n_bins - N_BINS, frame)."""
    centres = np.sqrt(np.array(HIGH_EDGES_HZ[:-1]) * np.array(HIGH_EDGES_HZ[1:]))
    frequencies = np.arange(N_BINS, grid.n_bins) * sample_rate / grid.n_fft
    place = np.interp(frequencies, centres, np.arange(N_HIGH))
    below = np.minimum(place.astype(np.int64), N_HIGH - 2)
    share = (place - below).astype(np.float32)[:, None]
    return np.asarray(values[below] + share * np.diff(values, axis=0)[below], np.float32)


def bridge_bands(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns `bridge_matrix @ values`, likewise: (N_BINS, frame) -> (N_BRIDGE, frame)."""
    half = N_BINS // 2
    return np.asarray(values[half : 2 * half].reshape(N_BRIDGE, half // N_BRIDGE, -1).mean(axis=1), np.float32)
