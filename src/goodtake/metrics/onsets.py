"""Onset-strength F1: whether attacks stand where the reference has them (paper 2, section 5.2, Table 1).

The onset strength of a frame is the spectral flux of a mel spectrogram in dB: the mean over bands of what each rose by
since the frame before, falls counting as 0 (S. Böck, G. Widmer, "Maximum filter vibrato suppression for onset
detection", DAFx 2013, in the form that `librosa.onset.onset_strength` has by default: no maximum filter, lag of one
frame, no detrending; both agree within 1e-3). A frame is an onset when its strength is above 0.75 dB, and

    F1 = TP / (TP + (FP + FN) / 2)

over frames: hits are onsets in the same frame. Frames start every 256 samples at 16 kHz (16 ms) and last 128 ms; these
times stay at every rate.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodtake.dsp.mel import MelConfig, mel_edges_hz, mel_filterbank
from goodtake.dsp.stft import FrameGrid
from goodtake.errors import ConfigError
from goodtake.metrics.clips import Clip, power_blocks, prepare

ONSET_THRESHOLD = 0.75
"""Strength in dB above which a frame is an onset; paper 2 tuned it by ear."""

ONSET_BANDS = 128
LEAST_POWER = 1e-10
RANGE_DB = 80.0
"""Bands further below the loudest of the channel count as this far below."""


def onset_f1(estimate: ArrayLike, reference: ArrayLike, sample_rate: int) -> float:
    """Returns the F1 of frames with an onset, 0 to 1, higher is better; phase and gain do not count.

    Stereo: hits and misses of all channels together.

    Args:
        estimate: (time,) or (channel, time).
        reference: the same shape.
        sample_rate: Hz.

    Raises:
        ConfigError: see `clips.prepare`; the reference has no onset.
    """
    clip, target = prepare(estimate, reference, sample_rate)
    wanted = onset_strength(target, sample_rate) > ONSET_THRESHOLD
    if not wanted.any():
        raise ConfigError(
            f"no frame of the reference has an onset strength above {ONSET_THRESHOLD}: F1 is undefined, leave this "
            "clip out"
        )
    found = onset_strength(clip, sample_rate) > ONSET_THRESHOLD
    return 2 * float(np.sum(wanted & found)) / float(wanted.sum() + found.sum())


def onset_grid(sample_rate: int) -> FrameGrid:
    """Returns windows of 128 ms and hops of 16 ms: 2048 and 256 samples at 16 kHz."""
    grid = FrameGrid.for_rate(sample_rate)
    return FrameGrid(2 * grid.n_fft, grid.hop_length)


def onset_strength(clip: Clip, sample_rate: int) -> NDArray[np.float32]:
    """Returns the onset strength of each frame and channel in dB.

    The rise from frame m - 1 to m stands at frame m + 4: half a window later, where a new sound is in the middle of the
    window rather than at its end. The first five frames are 0.

    Args:
        clip: float32.
        sample_rate: Hz.

    Shape:
        (channel, time) -> (channel, frame) with frame = time // hop_length + 1
    """
    grid = onset_grid(sample_rate)
    bank = _slaney_bank(sample_rate, grid)
    mel = np.concatenate([bank @ power for (power,) in power_blocks(clip, grid=grid)], axis=-1)
    level = 10 * np.log10(np.maximum(mel, np.float32(LEAST_POWER)))  # (channel, mel, frame)
    level = np.maximum(level, level.max(axis=(1, 2), keepdims=True) - np.float32(RANGE_DB))
    rise = np.maximum(np.diff(level, axis=-1), 0).mean(axis=1)  # (channel, frame - 1)
    later = 1 + grid.n_fft // (2 * grid.hop_length)
    return np.asarray(np.pad(rise, [(0, 0), (later, 0)])[:, : level.shape[-1]], np.float32)


@lru_cache(maxsize=8)
def _slaney_bank(sample_rate: int, grid: FrameGrid) -> NDArray[np.float32]:
    """Returns mel bands up to Nyquist with an area of one, (mel, freq), as Slaney's "Auditory Toolbox" has them."""
    config = MelConfig(sample_rate, grid.n_fft, grid.hop_length, ONSET_BANDS, f_max=sample_rate / 2)
    edges = mel_edges_hz(config)
    return np.asarray(mel_filterbank(config) * (2 / (edges[2:] - edges[:-2]))[:, None], np.float32)
