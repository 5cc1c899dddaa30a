"""Energy ratios of a clip and the error in it: SDR, which counts gain, and SI-SDR, which does not.

    SDR    = 10 log10 |s|^2 / |s - e|^2
    SI-SDR = 10 log10 |a s|^2 / |a s - e|^2,  a = <e, s> / |s|^2

with s the reference and e the estimate, over all samples of all channels (J. Le Roux, S. Wisdom, H. Erdogan,
J. R. Hershey, "SDR - half-baked or well done?", ICASSP 2019, eq. 1, 3 and 4; means are not removed). This SDR is the
plain ratio, not BSS Eval's, which forgives a filter of 512 taps. Both compare waveforms sample by sample, so a delay of
one sample spoils them: see `alignment`. They are right for separated stems and for noise that was added; a system that
writes new phases gets a bad figure however good it sounds.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodtake.metrics.clips import prepare

LIMIT_DB = 100.0
"""Ratios are kept within this: about what rounding to float32 leaves, and tables need finite figures."""


def sdr(estimate: ArrayLike, reference: ArrayLike, sample_rate: int) -> float:
    """Returns the signal-to-distortion ratio in dB, within ±100, higher is better; gain, polarity and delay count.

    >>> reference = np.sin(np.arange(8000.0))
    >>> round(sdr(0.9 * reference, reference, 8000), 3)
    20.0

    Args:
        estimate: (time,) or (channel, time).
        reference: the same shape.
        sample_rate: Hz.

    Raises:
        ConfigError: see `clips.prepare`.
    """
    clip, target = (part.astype(np.float64) for part in prepare(estimate, reference, sample_rate))
    return ratio_db(energy(target), energy(target - clip))


def si_sdr(estimate: ArrayLike, reference: ArrayLike, sample_rate: int) -> float:
    """Returns the scale-invariant signal-to-distortion ratio in dB, within ±100, higher is better; delay counts.

    All channels share one scale, so the balance of a stereo clip counts.

    >>> reference = np.sin(np.arange(8000.0))
    >>> si_sdr(-0.5 * reference, reference, 8000)
    100.0

    Args:
        estimate: (time,) or (channel, time).
        reference: the same shape.
        sample_rate: Hz.

    Raises:
        ConfigError: see `clips.prepare`.
    """
    clip, target = (part.astype(np.float64) for part in prepare(estimate, reference, sample_rate))
    scaled = target * (float(np.sum(clip * target)) / energy(target))
    return ratio_db(energy(scaled), energy(scaled - clip))


def energy(clip: NDArray[np.floating]) -> float:
    """Returns the sum of squares."""
    return float(np.sum(np.square(clip, dtype=np.float64)))


def ratio_db(signal: float, error: float) -> float:
    """Returns 10 log10 signal / error of two energies, within ±`LIMIT_DB`; an error of 0 gives the limit."""
    if signal <= 0 or error <= 0:
        return -LIMIT_DB if error > 0 else LIMIT_DB
    return min(max(10 * math.log10(signal / error), -LIMIT_DB), LIMIT_DB)
