"""Gives a wave the mel spectrogram that it should have, and leaves it its phase.

A vocoder that samples is told a mel spectrogram, and what it makes has nearly that one: what it left of its noise
stands in bands that should be empty. Scaling every bin by what its bands lack, and transforming back and forth, brings
the wave nearer: the projections of Griffin and Lim (IEEE TASSP 32(2), 1984) with bands in place of bins.
"""

import math

import numpy as np
from numpy.typing import NDArray

from goodtake.dsp.mel import MelConfig
from goodtake.dsp.mel_bank import mel_bank
from goodtake.dsp.stft import Wave, istft, stft
from goodtake.errors import ConfigError

MATCHES = 8
"""Rounds of `match_mel`."""

MAX_GAIN = 2.0
"""Of a bin, each round."""


def match_mel(wave: Wave, log_mel: NDArray[np.float32], config: MelConfig, rounds: int = MATCHES) -> Wave:
    """Returns the wave with nearly the given mel spectrogram.

    Every bin is scaled by the geometric mean of the gains its two bands want, weighted as the bands weigh it; a bin
    outside of all bands goes with its neighbour.

    Args:
        wave: at the rate of `config`.
        log_mel: wanted.
        config: of the spectrogram.
        rounds: 0 changes nothing.

    Shape:
        wave (time,), log_mel (mel, time // hop_length + 1) -> (time,)

    Raises:
        ConfigError: the shapes do not fit.
    """
    grid, bank = config.grid, mel_bank(config)
    wanted = (config.n_mels, grid.n_frames(wave.shape[-1]))
    if log_mel.shape != wanted:
        raise ConfigError(f"log mel of shape {log_mel.shape} for {wave.shape[-1]} samples: give {wanted}")
    bins = np.arange(grid.n_bins).clip(bank.bins.min(), bank.bins.max())
    rows = np.empty(grid.n_bins, np.int64)  # where each bin stands in the bank
    rows[bank.bins] = np.arange(bank.bins.size)
    weights = bank.spread(np.ones((config.n_mels, 1), np.float32))  # less than one outside of the outermost centres
    base, most = np.float32(math.log(config.log_base)), np.float32(math.log(MAX_GAIN))
    for _ in range(rounds):
        spectrum = stft(wave, grid)
        magnitude = np.abs(spectrum[bank.bins]) ** np.float32(config.power)
        bands = bank.bands(np.asarray(magnitude, np.float32), config.n_mels)
        lacking = log_mel * base - np.log(np.maximum(bands, config.floor))  # (mel, frame)
        gains = np.exp(np.minimum(bank.spread(lacking / config.power) / weights, most))
        wave = istft(spectrum * gains[rows[bins]], grid, wave.shape[-1])
    return wave
