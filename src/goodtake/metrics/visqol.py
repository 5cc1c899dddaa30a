"""ViSQOL in audio mode: similarity of ear-like spectrograms, mapped to a mean opinion score.

M. Chinen, F. S. C. Lim, J. Skoglund, N. Gureev, F. O'Gorman, A. Hines, "ViSQOL v3: an open source production ready
objective speech and audio metric", QoMEX 2020. The package `visqol-python` (extra "visqol") rewrites it in Python and
agrees with the original program within 2e-4 in audio mode by its authors' tests. It works at 48 kHz and on one channel:
other rates are resampled and channels are mixed down, as the program does; it aligns the clips itself. It knows
absolute loudness, so both clips are brought to the same rms first, `RMS_DBFS`, which it takes for 74 dB SPL: figures
equal the program's for clips of that level. With numba installed some 8 times real time on one core, without it slower.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import soxr
from numpy.typing import ArrayLike

from goodtake.errors import ConfigError, MissingExtraError
from goodtake.metrics.clips import prepare, unit_rms
from goodtake.metrics.perceptual import RMS_DBFS

VISQOL_RATE = 48_000
VISQOL_BEST = 4.732101
"""What the support vector regression of audio mode gives equal clips."""

VISQOL_SECONDS = 1.0
"""Shortest clip: the program compares patches of 0.6 s and searches around them."""


def visqol_mos(estimate: ArrayLike, reference: ArrayLike, sample_rate: int) -> float:
    """Returns ViSQOL's mean opinion score, 1 to 4.73, higher is better; equal clips score 4.73.

    Args:
        estimate: (time,) or (channel, time); channels are mixed down.
        reference: the same shape.
        sample_rate: Hz.

    Raises:
        ConfigError: see `clips.prepare`; a clip is shorter than 1 s; the mix of the channels is silent.
        MissingExtraError: the package visqol-python is not installed.
    """
    pair = prepare(estimate, reference, sample_rate)
    if pair[0].shape[1] < VISQOL_SECONDS * sample_rate:
        raise ConfigError(f"the clips last {pair[0].shape[1] / sample_rate:.3f} s: ViSQOL needs {VISQOL_SECONDS} s")
    mixes = [clip.mean(axis=0) for clip in pair]
    if not all(mix.any() for mix in mixes):
        raise ConfigError("the channels of a clip cancel in the mix: ViSQOL hears one channel, give it one")
    levelled = [unit_rms(mix[None])[0] * np.float32(10 ** (RMS_DBFS / 20)) for mix in mixes]
    signals = [np.asarray(soxr.resample(mix, sample_rate, VISQOL_RATE), np.float64) for mix in levelled]
    score = _listener().measure_from_arrays(signals[1], signals[0], VISQOL_RATE).moslqo
    return min(max(float(score), 1.0), VISQOL_BEST)


@lru_cache(maxsize=1)
def _listener() -> Any:  # the package's own class; it keeps no state between clips
    try:
        from visqol import VisqolApi
    except ImportError as error:
        raise MissingExtraError("visqol", "visqol") from error
    api = VisqolApi()
    api.create(mode="audio")
    return api
