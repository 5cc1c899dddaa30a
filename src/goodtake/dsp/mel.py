"""Mel spectrograms of paper 1: 128 bands of a 1024-point spectrogram at 16 kHz, as log2 of mel power.

`MelConfig` is the one place where these numbers stand; datasets, models and reports hold the same frozen object
(Kandpal, Nieto, Jin, "Music Enhancement via Image Translation and Vocoding", ICASSP 2022, section 4.2). The paper
leaves scale and triangles open. Here the scale is Slaney's ("Auditory Toolbox", 1998: linear below 1 kHz, logarithmic
above), because on the HTK scale some of 128 bands are narrower than one bin of the FFT and stay empty. The triangles
have the peak one, so neighbours add up to one and a band holds its share of the power.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodtake.dsp.stft import FrameGrid, stft
from goodtake.errors import ConfigError

_LINEAR_HZ = 200.0 / 3
"""Slaney scale: width of one mel below the break, Hz."""

_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _LINEAR_HZ
_LOG_STEP = math.log(6.4) / 27
"""Above the break 27 mels span a factor of 6.4."""


@dataclass(frozen=True)
class MelConfig:
    """What a mel spectrogram is made of; the defaults are paper 1's.

    Args:
        sample_rate: Hz.
        n_fft: FFT and Hann window length, samples.
        hop_length: samples between frames.
        n_mels: number of bands.
        f_min: lower edge of the first band, Hz.
        f_max: upper edge of the last band, Hz; at most Nyquist.
        log_base: base of the logarithm.
        power: exponent of the magnitude before the bands are summed: 2 is power.
        floor: the least band value the logarithm sees; 1e-6 is about 86 dB below full-scale noise.

    Raises:
        ConfigError: a value is impossible.
    """

    sample_rate: int = 16000
    n_fft: int = 1024
    hop_length: int = 256
    n_mels: int = 128
    f_min: float = 0.0
    f_max: float = 8000.0
    log_base: float = 2.0
    power: float = 2.0
    floor: float = 1e-6

    def __post_init__(self) -> None:
        if not 0 <= self.f_min < self.f_max <= self.sample_rate / 2:
            raise ConfigError(
                f"mel bands from {self.f_min} to {self.f_max} Hz at {self.sample_rate} Hz: "
                f"f_min must lie below f_max and f_max at most at {self.sample_rate / 2} Hz"
            )
        if min(self.n_fft, self.hop_length, self.n_mels) < 1:
            raise ConfigError(f"{self}: n_fft, hop_length and n_mels must be at least 1")
        if self.log_base <= 1 or self.power <= 0 or self.floor <= 0:
            raise ConfigError(f"{self}: log_base must be above 1, power and floor above 0")

    @property
    def grid(self) -> FrameGrid:
        """Window and hop of the spectrogram below."""
        return FrameGrid(self.n_fft, self.hop_length)


def hz_to_mel(frequency_hz: ArrayLike) -> NDArray[np.float64]:
    """Returns positions on Slaney's mel scale.

    >>> hz_to_mel([0, 500, 1000, 6400]).round(6).tolist()
    [0.0, 7.5, 15.0, 42.0]
    """
    frequency = np.asarray(frequency_hz, np.float64)
    log_part = _BREAK_MEL + np.log(np.maximum(frequency, _BREAK_HZ) / _BREAK_HZ) / _LOG_STEP
    return np.where(frequency < _BREAK_HZ, frequency / _LINEAR_HZ, log_part)


def mel_to_hz(mel: ArrayLike) -> NDArray[np.float64]:
    """Returns frequencies in Hz; the inverse of `hz_to_mel`."""
    mels = np.asarray(mel, np.float64)
    log_part = _BREAK_HZ * np.exp(_LOG_STEP * (np.maximum(mels, _BREAK_MEL) - _BREAK_MEL))
    return np.where(mels < _BREAK_MEL, mels * _LINEAR_HZ, log_part)


def mel_edges_hz(config: MelConfig) -> NDArray[np.float64]:
    """Returns (n_mels + 2,) frequencies in Hz: band k rises from entry k to a peak at k + 1 and falls to k + 2."""
    return mel_to_hz(np.linspace(hz_to_mel(config.f_min), hz_to_mel(config.f_max), config.n_mels + 2))


@lru_cache(maxsize=16)
def mel_filterbank(config: MelConfig) -> NDArray[np.float32]:
    """Returns triangular bands with peak one, evenly spaced on the mel scale; neighbours sum to one between peaks.

    Shape:
        (n_mels, n_fft // 2 + 1)
    """
    edges = mel_edges_hz(config)[:, None]
    frequencies = np.fft.rfftfreq(config.n_fft, 1 / config.sample_rate)
    rising = (frequencies - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - frequencies) / (edges[2:] - edges[1:-1])
    bank = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    bank.flags.writeable = False
    return bank


def log_mel(wave: NDArray[np.float32], config: MelConfig) -> NDArray[np.float32]:
    """Returns the logarithm of the mel spectrogram: log_base(max(floor, bank @ |stft| ** power)).

    Args:
        wave: float32 at `config.sample_rate`.
        config: see there.

    Shape:
        (…, time) -> (…, n_mels, time // hop_length + 1)
    """
    magnitude = np.abs(stft(np.asarray(wave, np.float32), config.grid))
    bands = mel_filterbank(config) @ magnitude**config.power  # (…, mel, frame)
    return np.asarray(np.log(np.maximum(bands, config.floor)) / math.log(config.log_base), np.float32)
