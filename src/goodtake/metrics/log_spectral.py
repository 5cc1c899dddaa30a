"""Log-spectral distance (LSD): how far the fine spectrum of each frame is off, in dB.

    LSD = mean over frames of  sqrt( mean over bins of (10 log10 P / P')^2 )

with P and P' the power spectra of reference and estimate (A. H. Gray, J. D. Markel, "Distance measures for speech
processing", IEEE TASSP 24(5), 1976, the rms log-spectral measure). Frames as in work on bandwidth extension: Hann, FFT
2048, hop 512, at every rate, so compare figures at one rate only. Those papers often leave out the factor 10: divide by
ten to compare. Phase does not count, gain does. Every bin counts alike, audible or not: use it for what is missing or
made up at high frequencies.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from goodtake.dsp.stft import FrameGrid
from goodtake.metrics.clips import power_blocks, prepare

LSD_GRID = FrameGrid(2048, 512)
RANGE_DB = 80.0
"""Bins further below the mean bin of the reference count as this far below: silence has no logarithm."""


def log_spectral_distance(estimate: ArrayLike, reference: ArrayLike, sample_rate: int) -> float:
    """Returns the log-spectral distance in dB; 0 is equal, lower is better; stereo: the mean over channels.

    Args:
        estimate: (time,) or (channel, time).
        reference: the same shape.
        sample_rate: Hz.

    Raises:
        ConfigError: see `clips.prepare`.
    """
    pair = prepare(estimate, reference, sample_rate)
    # The mean power of a bin is the mean square of the samples times the energy of the Hann window, 3/8 of its length.
    mean_bin = 0.375 * LSD_GRID.n_fft * float(np.mean(np.square(pair[1], dtype=np.float64)))
    floor = np.float32(mean_bin * 10 ** (-RANGE_DB / 10))
    distances = []  # each (channel, frame)
    for blocks in power_blocks(*pair, grid=LSD_GRID):
        power = [np.maximum(block, floor) for block in blocks]
        difference_db = 10 * np.log10(power[0] / power[1])
        distances.append(np.sqrt(np.mean(np.square(difference_db, dtype=np.float64), axis=1)))
    return float(np.concatenate(distances, axis=-1).mean())
