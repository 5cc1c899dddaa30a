"""What every metric does first: check a pair of clips, bring them to one length and one scale, cut them into frames.

Clips are (time,) or (channel, time). The longer one is cut to the shorter, as paper 1's evaluation does, but a
difference beyond `MAX_DIFFERENCE_S` is taken for a mistake (another clip, another rate). Scaling is common to all
channels of a clip, so the balance of a stereo clip is judged too; two equal channels give the same figure as one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodtake.dsp.stft import FrameGrid, stft
from goodtake.errors import ConfigError

MAX_DIFFERENCE_S = 0.5
"""Largest difference in length between estimate and reference, seconds."""

MIN_SECONDS = 0.25
"""Shortest clip that can be measured, seconds. The package zimtohrli corrupts memory at 0.05 s and below."""

BLOCK_FRAMES = 1024
"""Frames that are transformed at a time, so that memory does not grow with the clip."""

Clip = NDArray[np.float32]


def prepare(estimate: ArrayLike, reference: ArrayLike, sample_rate: int) -> tuple[Clip, Clip]:
    """Checks a pair and returns both as float32 (channel, time) of one length.

    Args:
        estimate: the clip to judge, (time,) or (channel, time).
        reference: the clean clip, of the same shape up to the length.
        sample_rate: of both, Hz.

    Raises:
        ConfigError: the pair cannot be compared: shapes, rate, lengths, NaN, silence.
    """
    if sample_rate < 8000:
        raise ConfigError(f"sample rate is {sample_rate} Hz: metrics need 8000 Hz or more")
    clips = [_checked(name, clip) for name, clip in (("estimate", estimate), ("reference", reference))]
    if clips[0].shape[0] != clips[1].shape[0]:
        raise ConfigError(
            f"estimate has {clips[0].shape[0]} channels, reference {clips[1].shape[0]}: mix both down or give the same"
        )
    samples = [clip.shape[1] for clip in clips]
    if abs(samples[0] - samples[1]) > MAX_DIFFERENCE_S * sample_rate:
        raise ConfigError(
            f"estimate lasts {samples[0] / sample_rate:.3f} s, reference {samples[1] / sample_rate:.3f} s: at most "
            f"{MAX_DIFFERENCE_S} s apart is allowed, check that the clips and their sample rates belong together"
        )
    if min(samples) < MIN_SECONDS * sample_rate:
        raise ConfigError(f"the clips last {min(samples) / sample_rate:.3f} s: metrics need {MIN_SECONDS} s or more")
    cut = [clip[:, : min(samples)] for clip in clips]
    for name, clip in zip(("estimate", "reference"), cut, strict=True):
        if not clip.any():
            raise ConfigError(f"{name} is silent: nothing can be compared, leave this clip out")
    return cut[0], cut[1]


def unit_norm(clip: Clip) -> Clip:
    """Scales (channel, time) to L2 norm one, for stereo on average over the channels."""
    energy = np.mean(np.sum(np.square(clip, dtype=np.float64), axis=1))
    return np.asarray(clip / np.sqrt(energy), np.float32)


def unit_rms(clip: Clip) -> Clip:
    """Scales (channel, time) to rms one over all channels."""
    return unit_norm(clip) * np.float32(np.sqrt(clip.shape[1]))


def power_blocks(
    *clips: Clip, grid: FrameGrid, pad_mode: Literal["constant", "reflect"] = "constant"
) -> Iterator[tuple[NDArray[np.float32], ...]]:
    """Yields the centred power spectrograms of clips of equal length, block by block of frames.

    Args:
        clips: of one shape.
        grid: window and hop.
        pad_mode: what lies beyond the ends: zeros, or the clip mirrored.

    Shape:
        each (channel, time) -> blocks (channel, freq, frame)
    """
    half, time = grid.n_fft // 2, clips[0].shape[1]
    padded = [np.pad(clip, [(0, 0), (half, half)], mode=pad_mode) for clip in clips]
    for first in range(0, grid.n_frames(time), BLOCK_FRAMES):
        count = min(BLOCK_FRAMES, grid.n_frames(time) - first)
        start = first * grid.hop_length
        part = slice(start, start + (count - 1) * grid.hop_length + grid.n_fft)
        spectra = (stft(clip[:, part], grid, centred=False) for clip in padded)
        yield tuple(spectrum.real**2 + spectrum.imag**2 for spectrum in spectra)


def _checked(name: str, given: ArrayLike) -> Clip:
    array = np.asarray(given)
    if array.ndim not in (1, 2) or not np.issubdtype(array.dtype, np.floating):
        raise ConfigError(f"{name} is {array.dtype} {array.shape}: give floats of shape (time,) or (channel, time)")
    array = np.atleast_2d(array)
    if array.shape[0] > array.shape[1]:
        raise ConfigError(f"{name} has {array.shape[0]} channels of {array.shape[1]} samples: give (channel, time)")
    with np.errstate(over="ignore"):
        clip: Clip = array.astype(np.float32)
    if not np.isfinite(clip).all():
        raise ConfigError(f"{name} holds NaN or infinite samples: repair what made it")
    return clip
