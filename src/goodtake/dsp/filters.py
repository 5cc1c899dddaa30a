"""Zero-phase filters on whole clips, by FFT.

A zero-phase filter multiplies the spectrum by a real gain, so it delays nothing: degraded and clean halves of a
training pair stay sample-synchronous (Kandpal, Nieto, Jin, "Music Enhancement via Image Translation and Vocoding",
ICASSP 2022, section 3.2). The Butterworth shapes here are those of a filter run forwards and backwards: at order n the
gain is the squared magnitude of the nth-order Butterworth filter,

    low(f) = 1 / (1 + (f / cutoff)^(2n)),    high(f) = 1 - low(f),

one half (-6 dB) at the cutoff and 12 n dB per octave beyond it. Low and high parts add up to one, so the bands of
`band_gains` add up to the input.

Use these on clips that fit in memory: training pairs, test signals, impulse responses. Time is always the last axis and
any number of leading axes is allowed; the output is float32 and as long as the input. Outside the clip the signal
counts as silence; the clip is padded, so that nothing wraps around from its end to its beginning.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodtake.dsp.convolution import FloatArray, convolve, next_fast_len
from goodtake.errors import ConfigError

__all__ = [
    "band_gains",
    "butterworth_low",
    "convolve",
    "equalize",
    "high_pass",
    "interpolate_curve",
    "low_cut",
    "low_pass",
    "magnitude_filter",
]

EQ_EDGES_HZ = (200.0, 1000.0, 4000.0)
"""Where the four bands of paper 1 meet: 0-200, 200-1000, 1000-4000 and 4000 Hz to Nyquist (8000 Hz in the paper)."""

LOW_CUT_HZ = 35.0
"""Below this a music recording holds rumble only (paper 1, section 4.1)."""

BUTTERWORTH_ORDER = 4
"""Order of one pass of every Butterworth shape; forwards and backwards it falls by 48 dB per octave."""

CURVE_PAD_S = 0.25
"""Padding for a filter with an arbitrary curve: room for features of 4 Hz width and wider."""


def butterworth_low(frequencies_hz: ArrayLike, cutoff_hz: float, order: int = BUTTERWORTH_ORDER) -> NDArray[np.float64]:
    """Returns the gain of a Butterworth low-pass run forwards and backwards: 1 / (1 + (f / cutoff)^(2 order)).

    Args:
        frequencies_hz: any shape, Hz.
        cutoff_hz: where the gain is one half.
        order: order of one pass.
    """
    return np.asarray(1.0 / (1.0 + (np.asarray(frequencies_hz, np.float64) / cutoff_hz) ** (2 * order)))


def band_gains(
    frequencies_hz: ArrayLike, edges_hz: tuple[float, ...] = EQ_EDGES_HZ, order: int = BUTTERWORTH_ORDER
) -> NDArray[np.float64]:
    """Returns the real gain of every band at every frequency; at each frequency the bands sum to exactly one.

    Band k is low(edge k+1) - low(edge k), where "low" is `butterworth_low`, 0 before the first band and 1 at the last:
    the sum telescopes to one. No gain is negative, because low() grows with its edge.

    Args:
        frequencies_hz: (freq,), Hz.
        edges_hz: the inner edges, rising; K edges make K + 1 bands, from 0 Hz up to Nyquist.
        order: order of one pass.

    Shape:
        (freq,) -> (band, freq)

    Raises:
        ConfigError: the edges do not rise from above 0 Hz.
    """
    if any(low >= high for low, high in zip((0.0, *edges_hz), edges_hz, strict=False)):
        raise ConfigError(f"band edges are {list(edges_hz)} Hz: give them rising, all above 0 Hz")
    frequencies = np.asarray(frequencies_hz, np.float64)
    lows = np.stack(
        [
            np.zeros_like(frequencies),
            *(butterworth_low(frequencies, e, order) for e in edges_hz),
            np.ones_like(frequencies),
        ]
    )
    return np.diff(lows, axis=0)


def equalize(
    wave: NDArray[np.floating],
    gains_db: ArrayLike,
    sample_rate: int,
    edges_hz: tuple[float, ...] = EQ_EDGES_HZ,
) -> FloatArray:
    """Applies a zero-phase equaliser of paper 1: each band gets its gain, bands overlap softly and sum to the input.

    Args:
        wave: (…, time).
        gains_db: (band,) for all, or (…, band) with leading axes that broadcast against those of `wave`, dB.
            For `wave` (batch, channel, time) and a gain per item give (batch, 1, band).
        sample_rate: Hz.
        edges_hz: the inner band edges.

    Shape:
        (…, time), (…, band) -> (…, time)

    Raises:
        ConfigError: the number of gains is not the number of bands.
    """
    gains = np.asarray(gains_db, np.float64)
    if gains.ndim == 0 or gains.shape[-1] != len(edges_hz) + 1:
        raise ConfigError(
            f"{gains.shape} gains for {len(edges_hz) + 1} bands: the last axis must hold one gain per band"
        )
    pad = _butterworth_tail(min(edges_hz), sample_rate)
    n_fft = next_fast_len(wave.shape[-1] + pad)
    bands = band_gains(np.fft.rfftfreq(n_fft, 1 / sample_rate), edges_hz)  # (band, freq)
    return _multiply(wave, 10 ** (gains / 20) @ bands, n_fft)


def low_cut(
    wave: NDArray[np.floating], sample_rate: int, cutoff_hz: float = LOW_CUT_HZ, order: int = BUTTERWORTH_ORDER
) -> FloatArray:
    """Removes what lies below the cutoff: a Butterworth high-pass run forwards and backwards, -6 dB at the cutoff.

    Args:
        wave: (…, time).
        sample_rate: Hz.
        cutoff_hz: where the gain is one half.
        order: order of one pass.

    Shape:
        (…, time) -> (…, time)
    """
    _check_cutoff(cutoff_hz, sample_rate)
    n_fft = next_fast_len(wave.shape[-1] + _butterworth_tail(cutoff_hz, sample_rate, order))
    return _multiply(wave, 1.0 - butterworth_low(np.fft.rfftfreq(n_fft, 1 / sample_rate), cutoff_hz, order), n_fft)


def interpolate_curve(frequencies_hz: ArrayLike, curve_hz: ArrayLike, curve_db: ArrayLike) -> NDArray[np.float64]:
    """Returns a curve in dB at other frequencies, by straight lines over log frequency; held constant outside.

    Args:
        frequencies_hz: (freq,), where it is wanted, Hz.
        curve_hz: (point,), where it is known, Hz: rising, above 0.
        curve_db: (…, point), dB.

    Shape:
        (freq,), (point,), (…, point) -> (…, freq)

    Raises:
        ConfigError: the frequencies do not rise, or there is not one gain per frequency.

    >>> interpolate_curve([50, 200, 9000], [100, 400], [0, 12]).round(6).tolist()
    [0.0, 6.0, 12.0]
    """
    known, gains = np.asarray(curve_hz, np.float64), np.asarray(curve_db, np.float64)
    if known.ndim != 1 or known.size == 0 or known[0] <= 0 or np.any(np.diff(known) <= 0):
        raise ConfigError("the frequencies of a curve must be one rising row of numbers above 0 Hz")
    if gains.ndim == 0 or gains.shape[-1] != known.size:
        raise ConfigError(
            f"{gains.shape} gains for {known.size} frequencies: the last axis must hold one per frequency"
        )
    wanted = np.log(np.clip(np.asarray(frequencies_hz, np.float64), known[0], known[-1]))
    position = np.interp(wanted, np.log(known), np.arange(known.size))
    left = np.minimum(position.astype(np.intp), max(known.size - 2, 0))
    right = np.minimum(left + 1, known.size - 1)
    part = position - left
    return np.asarray(gains[..., left] * (1 - part) + gains[..., right] * part)


def magnitude_filter(
    wave: NDArray[np.floating], frequencies_hz: ArrayLike, gain_db: ArrayLike, sample_rate: int
) -> FloatArray:
    """Applies any magnitude curve with zero phase, e.g. a microphone's response.

    Args:
        wave: (…, time).
        frequencies_hz: (point,), rising, above 0 Hz. Points above Nyquist are allowed.
        gain_db: (point,) for all, or (…, point) with leading axes that broadcast against those of `wave`, dB.
        sample_rate: Hz.

    Shape:
        (…, time), (point,), (…, point) -> (…, time)

    Raises:
        ConfigError: see `interpolate_curve`.
    """
    n_fft = next_fast_len(wave.shape[-1] + math.ceil(CURVE_PAD_S * sample_rate))
    curve_db = interpolate_curve(np.fft.rfftfreq(n_fft, 1 / sample_rate), frequencies_hz, gain_db)
    return _multiply(wave, 10 ** (curve_db / 20), n_fft)


def low_pass(wave: NDArray[np.floating], sample_rate: int, cutoff_hz: float, width: float = 0.1) -> FloatArray:
    """Limits the bandwidth from above: 1 below the cutoff, 0 above it, over a raised-cosine slope around it.

    Args:
        wave: (…, time).
        sample_rate: Hz.
        cutoff_hz: the middle of the slope (-6 dB). At or above Nyquist nothing is removed.
        width: of the slope, as a part of the cutoff.

    Shape:
        (…, time) -> (…, time)
    """
    if cutoff_hz >= sample_rate / 2:
        return np.array(wave, np.float32)
    return _multiply(wave, *_slope(wave.shape[-1], sample_rate, cutoff_hz, width))


def high_pass(wave: NDArray[np.floating], sample_rate: int, cutoff_hz: float, width: float = 0.1) -> FloatArray:
    """Limits the bandwidth from below; the complement of `low_pass`: the two sum to the input.

    Args, Shape: as for `low_pass`.
    """
    _check_cutoff(cutoff_hz, sample_rate)
    gain, n_fft = _slope(wave.shape[-1], sample_rate, cutoff_hz, width)
    return _multiply(wave, 1.0 - gain, n_fft)


def _multiply(wave: NDArray[np.floating], gain: NDArray[np.float64], n_fft: int) -> FloatArray:
    """Multiplies the spectrum of a clip, zero-padded to `n_fft`, by a real gain (…, freq)."""
    spectrum = np.fft.rfft(np.asarray(wave, np.float32), n_fft)
    out = np.fft.irfft(spectrum * gain.astype(np.float32), n_fft)[..., : wave.shape[-1]]
    return np.ascontiguousarray(out, np.float32)


def _slope(time: int, sample_rate: int, cutoff_hz: float, width: float) -> tuple[NDArray[np.float64], int]:
    """Returns the raised-cosine low-pass gain (freq,) and the FFT size that leaves room for its ringing."""
    # A slope of W Hz rings for a few times 1 / W seconds; 20 Hz keeps the padding below a fifth of a second.
    width_hz = max(width * cutoff_hz, 20.0)
    n_fft = next_fast_len(time + math.ceil(4 * sample_rate / width_hz))
    frequencies = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    phase = np.clip((frequencies - cutoff_hz) / width_hz + 0.5, 0.0, 1.0)
    return 0.5 + 0.5 * np.cos(np.pi * phase), n_fft


def _butterworth_tail(cutoff_hz: float, sample_rate: int, order: int = BUTTERWORTH_ORDER) -> int:
    """Returns after how many samples the zero-phase Butterworth response has died away (-120 dB).

    The poles of 1 / (1 + (f / cutoff)^(2n)) lie on a circle; the one nearest to the real axis, at the angle pi / 2n,
    rings longest and decays as exp(-2 pi cutoff sin(pi / 2n) t).
    """
    return math.ceil(sample_rate * math.log(1e6) / (2 * math.pi * cutoff_hz * math.sin(math.pi / (2 * order))))


def _check_cutoff(cutoff_hz: float, sample_rate: int) -> None:
    if not 0 < cutoff_hz < sample_rate / 2:
        raise ConfigError(
            f"cutoff is {cutoff_hz} Hz at {sample_rate} Hz: it must lie between 0 and {sample_rate / 2} Hz"
        )
