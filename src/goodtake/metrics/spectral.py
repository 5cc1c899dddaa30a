"""Distances of spectrograms which paper 1 reports: multi-resolution (MRS) and L1.

Both clips are scaled to L2 norm one and cut to the shorter. Transforms are centred, Hann, with zeros beyond the ends.
FFT sizes are in samples and stay the same at every rate, so figures compare at equal rates only.

* L1: mean absolute difference of natural-log power spectrograms, FFT 1024, hop 256, power not below 1e-10.
* MRS (R. Yamamoto et al., "Parallel WaveGAN", ICASSP 2020, section 2.2, with a squared convergence): over FFT
  512/1024/2048, hop a quarter, mean of (squared error / squared reference) + mean absolute difference of natural-log
  magnitudes, magnitude not below 1e-5.

Use them for systems that should keep the recording's level profile; neither hears phase.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodtake.dsp.stft import FrameGrid
from goodtake.metrics.clips import Clip, power_blocks, prepare, unit_norm

L1_GRID = FrameGrid(1024, 256)
MRS_GRIDS = (FrameGrid(512, 128), FrameGrid(1024, 256), FrameGrid(2048, 512))
POWER_FLOOR = 1e-10
"""The least power the logarithms see: some 80 dB below the mean bin of a clip of 3 s at L2 norm one."""


def spectrogram_l1(estimate: ArrayLike, reference: ArrayLike, sample_rate: int) -> float:
    """Returns the mean absolute difference of natural-log power spectrograms; 0 is equal, lower is better.

    Args:
        estimate: (time,) or (channel, time).
        reference: the same shape.
        sample_rate: Hz.

    Raises:
        ConfigError: see `clips.prepare`.
    """
    difference, _ = _distances(*_scaled(estimate, reference, sample_rate), L1_GRID)
    return 2 * difference  # log power is twice log magnitude


def mrs(estimate: ArrayLike, reference: ArrayLike, sample_rate: int) -> float:
    """Returns the multi-resolution spectrogram distance; 0 is equal, lower is better.

    Squared errors are summed over all channels before the division, so that a silent channel does no harm.

    Args:
        estimate: (time,) or (channel, time).
        reference: the same shape.
        sample_rate: Hz.

    Raises:
        ConfigError: see `clips.prepare`.
    """
    pair = _scaled(estimate, reference, sample_rate)
    return float(np.mean([sum(_distances(*pair, grid)) for grid in MRS_GRIDS]))


def _scaled(estimate: ArrayLike, reference: ArrayLike, sample_rate: int) -> tuple[Clip, Clip]:
    estimate, reference = prepare(estimate, reference, sample_rate)
    return unit_norm(estimate), unit_norm(reference)


def _distances(estimate: Clip, reference: Clip, grid: FrameGrid) -> tuple[float, float]:
    """Returns mean absolute log-magnitude difference and squared convergence of (channel, time) clips."""
    log_sum = error_sum = reference_sum = 0.0
    count = 0
    for blocks in power_blocks(estimate, reference, grid=grid):
        power: list[NDArray[np.float32]] = [np.maximum(block, np.float32(POWER_FLOOR)) for block in blocks]
        log_sum += 0.5 * float(np.abs(np.log(power[0] / power[1])).sum(dtype=np.float64))
        magnitude = [np.sqrt(part) for part in power]
        error_sum += float(np.square(magnitude[0] - magnitude[1]).sum(dtype=np.float64))
        reference_sum += float(power[1].sum(dtype=np.float64))
        count += power[1].size
    return log_sum / count, error_sum / reference_sum
