"""The default embedding, "logmel-stats": statistics of log-mel patches of a second. It has no weights, needs no file.

A clip is brought to 32 kHz and to rms one, so its level does not count. Its power spectrogram (64 ms Hann windows every
32 ms) is raised to a floor 60 dB below the clip's mean bin: what lies lower is inaudible beside the music and must not
decide. Each patch of 31 frames, every 16 frames (0.51 s), and each channel by itself, is told by

| numbers | statistic over the patch | what moves it |
|---|---|---|
| 24 | mean of the log power in 64 mel bands | colour, bandwidth, noise |
| 16 | its 10th percentile over time less its mean | noise and reverberation between the notes |
| 12 | mean absolute change from frame to frame, times 3 | smeared onsets: rooms, phase vocoders |
| 12 | log of arithmetic over geometric mean power in 16 mel bands, times 1.5 | noise between partials, codecs |

each after a cosine transform over the bands, of which the slow part is kept, and divided by the root of the number of
bands: a squared distance is a mean square over bands, in nepers of power. Log power is near to Gaussian, which the
Fréchet distance takes it for. The two factors were chosen on real recordings, so that a room, an equaliser of +-15 dB
and noise 40 dB down weigh about the same, as with paper 1's listeners, and louder noise far more.
Values lie within about +-15: half precision keeps three digits of each.

Use it to compare systems on one set of clips; its figures are not those of VGGish. It hears up to 16 kHz.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodtake.dsp.mel import MelConfig, mel_filterbank
from goodtake.dsp.stft import FrameGrid, Wave
from goodtake.metrics.clips import power_blocks
from goodtake.metrics.embeddings.base import Patches, at_rate, windows

NAME = "logmel-stats"
RATE = 32_000
GRID = FrameGrid(2048, 1024)
PATCH_FRAMES, PATCH_HOP = 31, 16
N_BANDS, N_FLATNESS_BANDS = 64, 16
LOWEST_HZ, LOWEST_FLATNESS_HZ = 30.0, 100.0
N_LEVEL, N_QUIET, N_CHANGE, N_FLATNESS = 24, 16, 12, 12
CHANGE_FACTOR, FLATNESS_FACTOR = 3.0, 1.5
QUIET_PERCENTILE = 10.0
MEAN_BIN = 0.375 * GRID.n_fft
"""Mean power of a bin for a clip at rms one: the energy of the Hann window, 3/8 of its length."""

FLOOR_DB = -60.0
"""Least power of a bin, relative to `MEAN_BIN`."""


@dataclass(frozen=True)
class LogMelStats:
    """The embedding; see the head of this file."""

    name: str = NAME
    sample_rate: int = RATE
    dimension: int = N_LEVEL + N_QUIET + N_CHANGE + N_FLATNESS
    patches_per_second: float = RATE / GRID.hop_length / PATCH_HOP

    def __call__(self, wave: ArrayLike, sample_rate: int) -> Patches:
        """Returns the points of a clip; all of the first channel, then all of the next.

        A clip of less than a patch gives one point per channel, from the frames it has.
        """
        clip = at_rate(wave, sample_rate, RATE, mono=False)
        rms = np.sqrt(np.mean(np.square(clip, dtype=np.float64)))
        levels, flatness = _bands(clip / np.float32(rms) if rms > 0 else clip)
        length = min(PATCH_FRAMES, levels.shape[-1])
        level = windows(levels, length, PATCH_HOP)  # (channel, band, patch, frame)
        mean = level.mean(axis=-1)
        rank = round(QUIET_PERCENTILE / 100 * (length - 1))
        quiet = np.partition(level, rank, axis=-1)[..., rank] - mean
        change = np.float32(CHANGE_FACTOR) * _mean_change(level)
        flat = np.float32(FLATNESS_FACTOR) * windows(flatness, length, PATCH_HOP).mean(axis=-1)
        parts = ((mean, N_LEVEL), (quiet, N_QUIET), (change, N_CHANGE), (flat, N_FLATNESS))
        # (count, band) @ (channel, band, patch) -> (channel, count, patch)
        points = np.concatenate([cosines(part.shape[1], count) @ part for part, count in parts], axis=1)
        return np.ascontiguousarray(points.swapaxes(1, 2).reshape(-1, self.dimension))


def _mean_change(level: Wave) -> Wave:
    if level.shape[-1] < 2:
        return np.zeros(level.shape[:-1], np.float32)
    return np.asarray(np.abs(np.diff(level, axis=-1)).mean(axis=-1), np.float32)


def _bands(clip: Wave) -> tuple[Wave, Wave]:
    """Returns log power and log ratio of the means of every frame: (channel, band, frame) each, of (channel, time)."""
    bank, fine = _averages(N_BANDS, LOWEST_HZ), _averages(N_FLATNESS_BANDS, LOWEST_FLATNESS_HZ)
    floor = np.float32(10 ** (FLOOR_DB / 10))
    levels, flatness = [], []
    for (block,) in power_blocks(clip, grid=GRID):
        power = np.maximum(block * np.float32(1 / MEAN_BIN), floor)
        levels.append(np.log(_in_bands(power, bank)))
        flatness.append(np.log(_in_bands(power, fine)) - _in_bands(np.log(power), fine))
    return np.concatenate(levels, axis=-1), np.concatenate(flatness, axis=-1)


def _in_bands(spectrum: Wave, bank: NDArray[np.float32]) -> Wave:
    """Returns `bank @ spectrum` over the few bins of each band: (channel, freq, frame) -> (channel, band, frame).

    A tenth of the work of the full product, and it wakes no threads of the BLAS, which cost more than they do here.
    """
    bands = np.empty((spectrum.shape[0], bank.shape[0], spectrum.shape[2]), np.float32)
    for number, weights in enumerate(bank):
        bins = np.flatnonzero(weights)
        inside = slice(bins[0], bins[-1] + 1)
        np.einsum("f,cft->ct", weights[inside], spectrum[:, inside], out=bands[:, number])
    return bands


@lru_cache(maxsize=2)
def _averages(n_mels: int, f_min: float) -> NDArray[np.float32]:
    """Returns mel triangles that sum to one each: (n_mels, freq)."""
    bank = mel_filterbank(MelConfig(RATE, GRID.n_fft, GRID.hop_length, n_mels, f_min, RATE / 2))
    return np.asarray(bank / bank.sum(axis=1, keepdims=True))


@lru_cache(maxsize=4)
def cosines(length: int, count: int) -> NDArray[np.float32]:
    """Returns the slowest rows of the cosine transform (DCT-II), orthonormal and then divided by sqrt(length).

    Row 0 is the mean, and the sum of all squares is the mean square.

    Shape:
        (count, length)
    """
    rows = np.arange(count)[:, None]
    matrix = np.cos(np.pi * rows * (np.arange(length) + 0.5) / length) * np.sqrt(2)
    matrix[0] = 1
    return np.asarray(matrix / length, np.float32)
