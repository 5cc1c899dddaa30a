"""Zimtohrli: what a listener would say, predicted from the ear's view of both clips, as a mean opinion score.

J. Alakuijala, M. Bruse et al., "Zimtohrli: An Efficient Psychoacoustic Audio Similarity Metric", 2025; the package
`zimtohrli` is an optional one (extra "eval"). It hears differences of level and knows absolute loudness, so both clips
are brought to the same rms, `RMS_DBFS`, first: the figure judges sound, not gain. It works at 48 kHz; other rates are
resampled. About 20 times real time per core and channel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
import soxr
from numpy.typing import ArrayLike, NDArray

from goodtake.errors import MissingExtraError
from goodtake.metrics.clips import prepare, unit_rms

ZIMTOHRLI_RATE = 48000
RMS_DBFS = -20.0
"""Common level. Zimtohrli takes a full-scale sine for 80 dB SPL, so this is music at 63 dB SPL."""


def zimtohrli_mos(estimate: ArrayLike, reference: ArrayLike, sample_rate: int) -> float:
    """Returns Zimtohrli's mean opinion score, 1 to 5, higher is better; equal clips score 5.

    Stereo: the mean over channels.

    Args:
        estimate: (time,) or (channel, time).
        reference: the same shape.
        sample_rate: Hz.

    Raises:
        ConfigError: see `clips.prepare`.
        MissingExtraError: the package zimtohrli is not installed.
    """
    pair = prepare(estimate, reference, sample_rate)
    score = _mos_from_signals()
    levelled = [unit_rms(clip) * np.float32(10 ** (RMS_DBFS / 20)) for clip in pair]
    resampled = [soxr.resample(clip.T, sample_rate, ZIMTOHRLI_RATE).T for clip in levelled]
    return float(np.mean([score(e.copy(), r.copy()) for e, r in zip(*resampled, strict=True)]))


def _mos_from_signals() -> Callable[[NDArray[np.float32], NDArray[np.float32]], float]:
    try:
        import zimtohrli
    except ImportError as error:
        raise MissingExtraError("zimtohrli", "eval") from error
    return cast("Callable[[NDArray[np.float32], NDArray[np.float32]], float]", zimtohrli.mos_from_signals)
