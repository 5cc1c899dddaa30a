"""Delay and gain of an estimate, found and removed as a step of its own that is reported beside the figures.

Use it before metrics that compare waveforms (SDR, SI-SDR, Multi-Mel-SNR, residual NMR) when a system delays its output,
turns its polarity or changes its level and that is not what is to be judged. Metrics never do it by themselves.

The delay is the peak of the absolute cross-correlation within a bound, in whole samples; the gain is the least-squares
one, a = <e, s> / |s|^2 over the samples both have (Le Roux et al., ICASSP 2019, eq. 4). It is how loud the reference is
within the estimate, so noise does not bias it, and the SDR of what was aligned is the SI-SDR.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodtake.dsp.convolution import next_fast_len
from goodtake.errors import ConfigError
from goodtake.metrics.clips import Clip, prepare
from goodtake.metrics.distortion import energy

MAX_DELAY_MS = 100.0
MIN_CORRELATION = 0.3
"""Below this the waveforms have too little in common to speak of delay and gain: a system that wrote new phases."""


@dataclass(frozen=True)
class Alignment:
    """What was removed from an estimate.

    Args:
        delay_samples: the estimate came so much later than the reference; below 0 earlier.
        gain_db: the reference was so much louder within the estimate than by itself.
        inverted: the estimate had the other polarity.
        correlation: of the waveforms at that delay, 0 to 1. Below `MIN_CORRELATION` nothing was removed.
    """

    delay_samples: int
    gain_db: float
    inverted: bool
    correlation: float


def align(
    estimate: ArrayLike, reference: ArrayLike, sample_rate: int, max_delay_ms: float = MAX_DELAY_MS
) -> tuple[Clip, Alignment]:
    """Returns the estimate without delay, gain and turned polarity, of the reference's length, and what was removed.

    All channels share one delay and gain. Samples for which the estimate has nothing are 0.

    Args:
        estimate: (time,) or (channel, time).
        reference: the same shape up to the length.
        sample_rate: Hz.
        max_delay_ms: bound of the search on both sides.

    Shape:
        -> (channel, time of the reference)

    Raises:
        ConfigError: see `clips.prepare`; the bound is negative, or longer than half the clip.
    """
    clip, target = prepare(estimate, reference, sample_rate)
    time = target.shape[1]
    bound = round(max_delay_ms / 1000 * sample_rate)
    if not 0 <= bound <= time // 2:
        raise ConfigError(
            f"max_delay_ms is {max_delay_ms:g}: it must lie from 0 to half the clip, {500 * time / sample_rate:.0f} ms"
        )
    given = np.atleast_2d(np.asarray(estimate, np.float32))  # may go on where the reference ends
    length = np.atleast_2d(np.asarray(reference)).shape[1]
    lags = _cross_correlation(clip, target, bound)
    delay = int(np.argmax(np.abs(lags))) - bound
    moved = _advanced(given, delay, time)
    heard = target[:, max(0, -delay) : min(time, given.shape[1] - delay)]
    product = float(np.sum(moved * target, dtype=np.float64))
    correlation = abs(product) / max(math.sqrt(energy(moved) * energy(heard)), np.finfo(np.float64).tiny)
    if correlation < MIN_CORRELATION:
        return _advanced(given, 0, length), Alignment(0, 0.0, False, correlation)
    gain = product / energy(heard)
    aligned = _advanced(given, delay, length) / np.float32(gain)
    return aligned, Alignment(delay, 20 * math.log10(abs(gain)), gain < 0, min(correlation, 1.0))


def _cross_correlation(estimate: Clip, reference: Clip, bound: int) -> NDArray[np.float64]:
    """Returns sum over n and channels of e[n + lag] s[n], for lag from -bound to bound: (2 * bound + 1,)."""
    n_fft = next_fast_len(estimate.shape[1] + bound)
    spectra = [np.fft.rfft(clip.astype(np.float64), n_fft) for clip in (estimate, reference)]
    lags = np.fft.irfft((spectra[0] * np.conj(spectra[1])).sum(axis=0), n_fft)
    return np.concatenate([lags[n_fft - bound :], lags[: bound + 1]])


def _advanced(clip: Clip, delay: int, length: int) -> Clip:
    """Returns (channel, length) of a clip that is moved `delay` samples earlier, with zeros where it has none."""
    moved = np.zeros((clip.shape[0], length), np.float32)
    part = clip[:, max(0, delay) : max(0, length + delay)]
    first = max(0, -delay)
    moved[:, first : first + part.shape[1]] = part[:, : length - first]
    return moved
