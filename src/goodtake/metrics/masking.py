"""Residual noise-to-mask ratio (NMR): whether a listener can hear what a system changed, in dB.

For the promise "never worse": of a clean recording, the residual (estimate - reference) must stay under what the
recording masks. At -10 dB and below changes are inaudible as a rule, above 0 they are heard (K. Brandenburg, T. Sporer,
"NMR and masking flag: evaluation of quality using perceptual criteria", AES 11th conference, 1992).

The ear is that of ITU-R BS.1387-1 (PEAQ, annex 2, FFT-based model of the basic version; P. Kabal, "An examination and
interpretation of ITU-R BS.1387", McGill 2002, explains it): frames of 43 ms, half overlapped; outer and middle ear;
109 bands of a quarter Bark from 80 Hz to 18 kHz or Nyquist; internal noise; spreading to neighbouring bands with a
slope that depends on level; forward masking; a mask 3 to 6 dB below the excitation. It departs from PEAQ in one point:
the noise is the spectrum of the residual wave rather than the difference of two magnitudes, so phase counts.

Playback is taken to be such that the reference has `LISTENING_DB_SPL`, whatever its level in the file.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodtake.dsp.convolution import next_fast_len
from goodtake.dsp.stft import FrameGrid
from goodtake.metrics.clips import power_blocks, prepare

LISTENING_DB_SPL = 75.0
"""Level of the reference, dB SPL rms over the clip: -20 dBFS where a full-scale sine is 92 dB SPL."""

LOWEST_NMR_DB = -100.0
"""Where the figure ends; equal clips have no residual at all."""

FRAME_SECONDS = 2048 / 48_000
LOWEST_HZ, HIGHEST_HZ = 80.0, 18_000.0
BARK_STEP = 0.25
LOWER_SLOPE_DB = 27.0
"""Per Bark, towards lower bands."""

ADDING_EXPONENT = 0.4
"""Excitations of several sources add up with this power."""

Bands = NDArray[np.float64]


def residual_nmr_db(estimate: ArrayLike, reference: ArrayLike, sample_rate: int) -> float:
    """Returns the mean noise-to-mask ratio of the residual in dB, -100 and up, lower is better.

    Ratios of energies are averaged over bands, frames and channels before the logarithm (PEAQ's total NMR), so that a
    short audible error shows. Gain, polarity and delay of the estimate count; level of both together does not.

    Args:
        estimate: (time,) or (channel, time).
        reference: the same shape.
        sample_rate: Hz.

    Raises:
        ConfigError: see `clips.prepare`.
    """
    clip, target = prepare(estimate, reference, sample_rate)
    ear = _ear(sample_rate)
    # A sine of amplitude a has n_fft / 4 * a at the peak of its spectrum, which is to be its level in dB SPL.
    rms = math.sqrt(float(np.mean(np.square(target, dtype=np.float64))))
    scale = np.float32(10 ** (LISTENING_DB_SPL / 20) / (rms * math.sqrt(2)) * 4 / ear.grid.n_fft)
    total, count = 0.0, 0
    memory = np.zeros((target.shape[0], ear.centres_hz.size, 1))
    for of_target, of_residual in power_blocks(target * scale, (clip - target) * scale, grid=ear.grid):
        excitation = spread(ear.grouping @ of_target + ear.internal_noise, ear.centres_hz)
        mask, memory = _smeared(excitation, memory, ear)
        ratio = (ear.grouping @ of_residual) / (mask * ear.mask_gain)
        total += float(ratio.sum())
        count += ratio.size
    return max(10 * math.log10(max(total / count, np.finfo(np.float64).tiny)), LOWEST_NMR_DB)


def band_edges_hz(highest_hz: float = HIGHEST_HZ) -> Bands:
    """Returns (band + 1,) edges a quarter Bark apart from 80 Hz, with z = 7 asinh(f / 650); the last is `highest_hz`.

    >>> edges = band_edges_hz()
    >>> edges.size, edges[[0, 1, -1]].round(3).tolist()
    (110, [80.0, 103.445, 18000.0])
    """
    low, high = (7 * math.asinh(hz / 650) for hz in (LOWEST_HZ, highest_hz))
    edges = low + BARK_STEP * np.arange(math.ceil((high - low) / BARK_STEP) + 1)
    return np.asarray(650 * np.sinh(np.minimum(edges, high) / 7))


def spread(pattern: Bands, centres_hz: Bands) -> Bands:
    """Returns the excitation of all bands by the power in each, the spreading of BS.1387-1, annex 2.

    A band of power E at f Hz excites higher bands with a slope of -24 - 230 / f + 0.2 * 10 log10 E dB per Bark and
    lower ones with 27 dB per Bark, scaled so that the sum stays E; contributions add up with the power 0.4; an even
    pattern of power one stays as it is.

    Args:
        pattern: power, above 0; 1 is 0 dB SPL.
        centres_hz: (band,).

    Shape:
        (..., band, frame) -> (..., band, frame)
    """
    even = _spread(np.ones((centres_hz.size, 1)), centres_hz)
    return np.asarray(_spread(pattern, centres_hz) / even)


def _spread(pattern: Bands, centres_hz: Bands) -> Bands:
    bands = centres_hz.size
    index = np.arange(bands)
    slope = (-24 - 230 / centres_hz[:, None] + 2 * np.log10(pattern)) * BARK_STEP / 10  # log10 of power per band
    upwards = 10**slope
    downwards = 10 ** (-LOWER_SLOPE_DB * BARK_STEP / 10)
    # Sums of the two geometric series, the band itself in the first.
    weight = (1 - upwards ** (bands - index)[:, None]) / (1 - upwards)
    weight += (downwards * (1 - downwards**index) / (1 - downwards))[:, None]
    source = (pattern / weight) ** ADDING_EXPONENT
    below = np.tril(downwards ** (ADDING_EXPONENT * np.maximum(index[:, None] - index, 0)), -1).T
    excited = source + below @ source
    for band in range(bands - 1):
        step = (ADDING_EXPONENT * math.log(10) * slope[..., band : band + 1, :]).astype(np.float32)
        reach = np.exp(step * index[1 : bands - band, None].astype(np.float32))  # (..., higher band, frame)
        excited[..., band + 1 :, :] += source[..., band : band + 1, :] * reach
    return np.asarray(excited ** (1 / ADDING_EXPONENT))


class _Ear:
    """What does not depend on the clip, for one rate."""

    def __init__(self, sample_rate: int) -> None:
        n_fft = next_fast_len(round(FRAME_SECONDS * sample_rate))
        self.grid = FrameGrid(n_fft, n_fft // 2)
        edges = band_edges_hz(min(HIGHEST_HZ, sample_rate / 2))
        barks = 7 * np.arcsinh(edges / 650)
        self.centres_hz = 650 * np.sinh((barks[:-1] + barks[1:]) / 14)
        bins = np.arange(self.grid.n_bins) * (sample_rate / n_fft)
        width = sample_rate / n_fft
        shared = np.minimum(edges[1:, None], bins + width / 2) - np.maximum(edges[:-1, None], bins - width / 2)
        # Outer and middle ear.
        khz = np.maximum(bins, width) / 1000
        heard_db = -2.184 * khz**-0.8 + 6.5 * np.exp(-0.6 * (khz - 3.3) ** 2) - 1e-3 * khz**3.6
        self.grouping = np.maximum(shared, 0) / width * 10 ** (heard_db / 10)  # (band, freq)
        self.internal_noise = 10 ** (0.1456 * (self.centres_hz[:, None] / 1000) ** -0.8)
        # Forward masking: 30 ms at 100 Hz, 8 ms at the top.
        seconds = 0.008 + 100 / self.centres_hz[:, None] * (0.030 - 0.008)
        self.keep = np.exp(-self.grid.hop_length / (sample_rate * seconds))
        # Mask offset: 3 dB up to 12 Bark from the lowest band, then a quarter dB per Bark.
        above = BARK_STEP * np.arange(self.centres_hz.size)[:, None]
        self.mask_gain = 10 ** (-np.maximum(3.0, 0.25 * above) / 10)


@lru_cache(maxsize=4)
def _ear(sample_rate: int) -> _Ear:
    return _Ear(sample_rate)


def _smeared(excitation: Bands, memory: Bands, ear: _Ear) -> tuple[Bands, Bands]:
    """Lets each frame mask the next ones: (channel, band, frame) and the state, (channel, band, 1)."""
    smeared = np.empty_like(excitation)
    for frame in range(excitation.shape[-1]):
        now = excitation[..., frame : frame + 1]
        memory = ear.keep * memory + (1 - ear.keep) * now
        smeared[..., frame : frame + 1] = np.maximum(memory, now)
    return smeared, memory
