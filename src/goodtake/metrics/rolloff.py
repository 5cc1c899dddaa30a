"""Spectral roll-off error: whether an estimate has too many or too few high frequencies (paper 2, section 5.1).

The roll-off of a frame is the frequency below which 98 % of its energy lies. Its error in cents is 1200 log2(x / y)
with x the estimate's and y the reference's roll-off in Hz: above 0 the estimate is too bright. Frames start every 512
samples at 16 kHz, which is 32 ms and stays so at every rate; those in which the reference's rms is under -40 dBFS are
left out (N. Schaffer et al., "Music Separation Enhancement with Generative Modeling", ISMIR 2022).

The paper leaves the window open: here it is Hann, four hops long, centred. It speaks of energy, so powers are summed;
`librosa.feature.spectral_rolloff` sums magnitudes unless it is given powers, which `exponent=1` repeats.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodtake.dsp.stft import FrameGrid
from goodtake.errors import ConfigError
from goodtake.metrics.clips import Clip, power_blocks, prepare

ROLLOFF_SHARE = 0.98
QUIETEST_DBFS = -40.0
"""Frames of the reference below this rms are left out; a square wave at full scale is 0 dBFS."""

HISTOGRAM_CENTS = tuple(range(-7250, 7251, 100))
"""Edges of the bins of `rolloff_histogram`; the middle bin is centred on 0. End bins also hold what lies beyond."""


def rolloff_error_cents(estimate: ArrayLike, reference: ArrayLike, sample_rate: int) -> float:
    """Returns the mean absolute roll-off error in cents; 0 is equal, lower is better; phase and gain do not count.

    Args, Raises: as for `rolloff_errors_cents`.
    """
    return float(np.abs(rolloff_errors_cents(estimate, reference, sample_rate)).mean())


def rolloff_histogram(errors_cents: NDArray[np.floating]) -> NDArray[np.int64]:
    """Counts errors over `HISTOGRAM_CENTS`, as paper 2's Figure 5; what lies beyond the ends goes to the end bins.

    Shape:
        (frame,) -> (145,); the counts add up to frame.
    """
    counts, _ = np.histogram(np.clip(errors_cents, HISTOGRAM_CENTS[0], HISTOGRAM_CENTS[-1]), HISTOGRAM_CENTS)
    return counts.astype(np.int64)


def rolloff_errors_cents(estimate: ArrayLike, reference: ArrayLike, sample_rate: int) -> NDArray[np.float64]:
    """Returns the signed error in cents of every frame that counts; frames of all channels follow each other.

    A roll-off lies at least one bin above 0 Hz, so an estimate that falls silent where the reference sounds is that far
    below.

    Args:
        estimate: (time,) or (channel, time).
        reference: the same shape.
        sample_rate: Hz.

    Raises:
        ConfigError: see `clips.prepare`; no frame of the reference reaches -40 dBFS.
    """
    pair = prepare(estimate, reference, sample_rate)
    grid = rolloff_grid(sample_rate)
    counts = _frame_rms(pair[1], grid) >= 10 ** (QUIETEST_DBFS / 20)  # (channel, frame)
    if not counts.any():
        raise ConfigError(
            f"no frame of the reference reaches {QUIETEST_DBFS:g} dBFS rms: roll-off is undefined, leave this clip out"
        )
    of_estimate, of_reference = rolloff_hz(*pair, sample_rate=sample_rate)
    return np.asarray(1200 * np.log2(of_estimate / of_reference)[counts])


def rolloff_grid(sample_rate: int) -> FrameGrid:
    """Returns windows of 128 ms and hops of 32 ms: 2048 and 512 samples at 16 kHz."""
    half = FrameGrid.for_rate(sample_rate)
    return FrameGrid(2 * half.n_fft, 2 * half.hop_length)


def rolloff_hz(*clips: Clip, sample_rate: int, exponent: float = 2.0) -> tuple[NDArray[np.float64], ...]:
    """Returns the roll-off of each frame of each clip in Hz, at least one bin above 0.

    Args:
        clips: float32 of one shape.
        sample_rate: Hz.
        exponent: of the magnitudes that are summed: 2 is energy.

    Shape:
        each (channel, time) -> (channel, frame)
    """
    grid = rolloff_grid(sample_rate)
    found: list[list[NDArray[np.float64]]] = [[] for _ in clips]
    for blocks in power_blocks(*clips, grid=grid):
        for frames, power in zip(found, blocks, strict=True):
            summed = np.cumsum(power if exponent == 2 else power ** (exponent / 2), axis=1, dtype=np.float64)
            below = np.count_nonzero(summed < ROLLOFF_SHARE * summed[:, -1:], axis=1)
            frames.append(np.maximum(below, 1) * (sample_rate / grid.n_fft))
    return tuple(np.concatenate(frames, axis=-1) for frames in found)


def _frame_rms(clip: Clip, grid: FrameGrid) -> NDArray[np.float64]:
    """Returns the rms of centred frames, zeros beyond the ends: (channel, time) -> (channel, frame)."""
    half = grid.n_fft // 2
    squares = np.pad(np.square(clip, dtype=np.float64), [(0, 0), (half + 1, half)])
    summed = np.cumsum(squares, axis=1)
    starts = np.arange(grid.n_frames(clip.shape[1])) * grid.hop_length
    energies = np.maximum(summed[:, starts + grid.n_fft] - summed[:, starts], 0)
    return np.asarray(np.sqrt(energies / grid.n_fft))
