"""Frequency-weighted segmental SNR after Hu & Loizou: how far the spectral envelope is from the reference's, in dB.

Y. Hu, P. C. Loizou, "Evaluation of objective quality measures for speech enhancement", IEEE TASLP 16(1), 2008, eq. 6;
P. C. Loizou, "Speech Enhancement: Theory and Practice", section 11.1.3. For each frame m, with X(j, m) the reference's
and Y(j, m) the estimate's magnitude in band j, and the weight W = X ^ 0.2,

    SNR(m) = sum_j W(j, m) 10 log10(X^2 / (X - Y)^2) / sum_j W(j, m)     clipped to [-10, 35] dB,

and the mean over frames. As in their program, both magnitude spectra of a frame are first scaled to sum one, so the
level of a frame does not count, only its shape; phase does not count at all. Paper 1 reports this figure on music at
16 kHz. The 25 bands lie where they are, 50 to 3598 Hz, at every sample rate: colour above 4 kHz counts only through the
scaling.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodtake.metrics.clips import BLOCK_FRAMES, Clip, prepare

CENTRES_HZ = (
    *(50.0, 120.0, 190.0, 260.0, 330.0, 400.0, 470.0, 540.0, 617.372, 703.378, 798.717, 904.128, 1020.38),
    *(1148.30, 1288.72, 1442.54, 1610.70, 1794.16, 1993.93, 2211.08, 2446.71, 2701.97, 2978.04, 3276.17, 3597.63),
)
BANDWIDTHS_HZ = (
    *(70.0, 70.0, 70.0, 70.0, 70.0, 70.0, 70.0, 77.3724, 86.0056, 95.3398, 105.411, 116.256, 127.914),
    *(140.423, 153.823, 168.154, 183.457, 199.776, 217.153, 235.631, 255.255, 276.072, 298.126, 321.465, 346.136),
)
FRAME_MS = 30.0
OVERLAP = 0.75
WEIGHT_EXPONENT = 0.2
LOWEST_DB, HIGHEST_DB = -10.0, 35.0
SILENT_FRAME_DB = -120.0
"""Frames of the reference this far below its loudest frame hold rounding errors only and are left out."""


@lru_cache(maxsize=8)
def critical_bands(sample_rate: int, n_fft: int) -> NDArray[np.float32]:
    """Returns Gaussian bands at the 25 centres; wider ones are lower, so that all have the same area.

    Below exp(-30 / (2 ln 10)) of the first band's peak a band is cut off, with 2.303 for ln 10 as in the program.

    Shape:
        (25, n_fft // 2)
    """
    bins = np.arange(n_fft // 2)
    centres = np.floor(np.array(CENTRES_HZ) / sample_rate * n_fft)[:, None]
    widths = np.array(BANDWIDTHS_HZ)[:, None]
    bands = np.exp(-11 * ((bins - centres) / (widths / sample_rate * n_fft)) ** 2) * (BANDWIDTHS_HZ[0] / widths)
    return np.where(bands > math.exp(-30 / (2 * 2.303)), bands, 0).astype(np.float32)


def fwssnr(estimate: ArrayLike, reference: ArrayLike, sample_rate: int) -> float:
    """Returns the frequency-weighted segmental SNR in dB, -10 to 35, higher is better; stereo: the mean over channels.

    Args:
        estimate: (time,) or (channel, time).
        reference: the same shape.
        sample_rate: Hz.

    Raises:
        ConfigError: see `clips.prepare`.
    """
    pair = prepare(estimate, reference, sample_rate)
    channels = [_frames(e, r, sample_rate) for e, r in zip(*pair, strict=True)]
    heard = max(level.max() for level, _ in channels) * 10 ** (SILENT_FRAME_DB / 20)
    scores = [snr_db[level > heard] for level, snr_db in channels]
    return float(np.mean([score.mean() for score in scores if score.size]))


def _frames(estimate: Clip, reference: Clip, sample_rate: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns (frame,) the reference's summed magnitude and (frame,) the clipped SNR in dB of one channel (time,)."""
    length = round(FRAME_MS / 1000 * sample_rate)
    hop = int(length * (1 - OVERLAP))
    n_fft = 2 ** math.ceil(math.log2(2 * length))
    bands = critical_bands(sample_rate, n_fft)
    # The Hann window of the program has no zeros at its ends.
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1, length + 1) / (length + 1))).astype(np.float32)
    whole = [np.lib.stride_tricks.sliding_window_view(wave, length)[::hop] for wave in (estimate, reference)]
    framed = [frames[: max(1, len(frames) - 1)] for frames in whole]  # the program leaves the last whole frame out
    levels, scores = [], []
    for first in range(0, framed[0].shape[0], BLOCK_FRAMES):
        (_, in_estimate), (level, in_reference) = (
            _band_shapes(frames[first : first + BLOCK_FRAMES] * window, n_fft, bands) for frames in framed
        )
        error = np.maximum((in_reference - in_estimate) ** 2, np.finfo(np.float64).eps)
        # A band without any reference gets the weight zero, whatever its ratio.
        ratio_db = 10 * np.log10(np.maximum(in_reference**2, np.finfo(np.float64).tiny) / error)
        weight = in_reference**WEIGHT_EXPONENT
        summed = np.maximum(weight.sum(axis=1), np.finfo(np.float64).tiny)
        scores.append(np.clip((weight * ratio_db).sum(axis=1) / summed, LOWEST_DB, HIGHEST_DB))
        levels.append(level)
    return np.concatenate(levels), np.concatenate(scores)


def _band_shapes(
    frames: NDArray[np.float32], n_fft: int, bands: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns the summed magnitude of each frame and its magnitude in each band, scaled by it.

    Shape:
        (frame, time) -> (frame,), (frame, band)
    """
    magnitude = np.abs(np.fft.rfft(frames, n_fft)[:, :-1])
    level = magnitude.sum(axis=1, dtype=np.float64)
    summed = np.empty((len(frames), len(bands)), np.float64)
    for number, band in enumerate(bands):  # few bins each; one product of matrices would wake a BLAS thread per core
        inside = slice(int(np.flatnonzero(band)[0]), int(np.flatnonzero(band)[-1]) + 1)
        summed[:, number] = np.einsum("fk,k->f", magnitude[:, inside], band[inside])
    return level, summed / np.maximum(level, np.finfo(np.float64).tiny)[:, None]
