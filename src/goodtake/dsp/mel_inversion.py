"""From a mel spectrogram back to a magnitude spectrogram, and with Griffin-Lim to a wave: paper 1's baseline vocoder.

The bands b of `mel.mel_filterbank` M are sums over bins, far fewer than the bins. Of all spectra that are not negative
one with the least error ||M x - b||^2 is wanted (non-negative least squares), by accelerated projected gradients
(A. Beck, M. Teboulle, "A fast iterative shrinkage-thresholding algorithm", SIAM J. Imaging Sciences 2(1), 2009, eq. 4.1
to 4.3). Paper 1's baselines run 100 iterations.

Two things make it fast. M is applied by sums over stretches of bins in place of a matrix product (`mel_bank`). And each
bin has its own step 1 / d, with d the row sums of M'M: diag(d) - M'M is diagonally dominant, so the method converges as
with one common step, but narrow bands need not wait for wide ones.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from goodtake.dsp.griffin_lim import ITERATIONS, magnitude_to_wave
from goodtake.dsp.mel import MelConfig
from goodtake.dsp.mel_bank import MelBank, mel_bank
from goodtake.dsp.stft import Wave
from goodtake.errors import ConfigError

FloatArray = NDArray[np.float32]
_BLOCK_FRAMES = 512


def log_mel_to_wave(
    log_mel: FloatArray, config: MelConfig, length: int, rng: np.random.Generator, iterations: int = ITERATIONS
) -> Wave:
    """Returns a wave with nearly the given `mel.log_mel`: inverse mel scaling, then Griffin-Lim.

    Args:
        log_mel: of `config`.
        config: of the spectrogram; the wave has its sample rate.
        length: samples wanted.
        rng: draws the phases that Griffin-Lim begins with.
        iterations: of either solver.

    Shape:
        (..., n_mels, length // hop_length + 1) -> (..., length)

    Raises:
        ConfigError: see `mel_to_magnitude` and `griffin_lim.magnitude_to_wave`.
    """
    magnitude = mel_to_magnitude(mel_from_log(log_mel, config), config, iterations)
    return magnitude_to_wave(magnitude, config.grid, length, rng, iterations)


def mel_from_log(log_mel: FloatArray, config: MelConfig) -> FloatArray:
    """Returns the bands of `mel.log_mel` without logarithm; one at the floor counts as empty, so silence stays silence.

    Shape:
        the shape of the input
    """
    bands = np.exp(np.asarray(log_mel, np.float32) * np.float32(math.log(config.log_base)))
    return np.asarray(np.maximum(bands - np.float32(config.floor), 0), np.float32)


def mel_to_magnitude(mel: FloatArray, config: MelConfig, iterations: int = ITERATIONS) -> FloatArray:
    """Returns magnitudes whose mel spectrogram `mel_filterbank(config) @ magnitude ** power` is nearest to the given.

    Bins that lie in no band are zero.

    Args:
        mel: bands, not negative; as large as float32 holds.
        config: of the bands.
        iterations: of the solver, at least 1.

    Shape:
        (..., n_mels, frame) -> (..., n_fft // 2 + 1, frame)

    Raises:
        ConfigError: the number of bands is another, or a value is negative, NaN or infinite.
    """
    mel = np.asarray(mel, np.float32)
    if mel.ndim < 2 or mel.shape[-2] != config.n_mels:
        raise ConfigError(f"mel spectrogram has shape {mel.shape}: give (..., {config.n_mels}, frame)")
    if not np.isfinite(mel).all() or mel.min(initial=0) < 0:
        raise ConfigError(
            "mel bands are negative, NaN or infinite: give mel_from_log(log_mel), or clip what a net gives"
        )
    if iterations < 1:
        raise ConfigError(f"{iterations} iterations: give 1 or more")
    bank = mel_bank(config)
    magnitude = np.zeros((*mel.shape[:-2], config.grid.n_bins, mel.shape[-1]), np.float32)
    rows, results = mel.reshape(-1, *mel.shape[-2:]), magnitude.reshape(-1, *magnitude.shape[-2:])
    for row, result in zip(rows, results, strict=True):
        for first in range(0, row.shape[-1], _BLOCK_FRAMES):
            block = slice(first, first + _BLOCK_FRAMES)
            solved = _solve(bank, np.ascontiguousarray(row[:, block]), iterations)
            result[bank.bins, block] = np.sqrt(solved) if config.power == 2 else solved ** (1 / config.power)
    return magnitude


def _solve(bank: MelBank, mel: FloatArray, iterations: int) -> FloatArray:
    """Solves one block of frames: (mel, frame) -> (used, frame)."""
    solution = bank.spread(mel) * bank.step
    ahead, momentum = solution.copy(), 1.0
    for _ in range(iterations):
        error = bank.bands(ahead, mel.shape[0])
        error -= mel
        newer = bank.spread(error)
        newer *= bank.step
        np.subtract(ahead, newer, out=newer)
        np.maximum(newer, 0, out=newer)
        following = (1 + math.sqrt(1 + 4 * momentum**2)) / 2
        np.subtract(newer, solution, out=ahead)
        ahead *= np.float32((momentum - 1) / following)
        ahead += newer
        solution, momentum = newer, following
    return solution
