"""Torch twins of `goodtake.dsp.stft` and `goodtake.dsp.mel`, differentiable, for training; a test holds them equal.

Also the scale that makes spectrograms of any sample rate alike: divided by the window length, a tone has the same
height and noise the same density on every grid of 64 ms windows.
"""

import math

import torch
from torch import Tensor

from goodtake.dsp.mel import MelConfig, mel_filterbank
from goodtake.dsp.stft import FrameGrid


def stft(wave: Tensor, grid: FrameGrid) -> Tensor:
    """Returns the centred, unnormalised complex spectrogram.

    Shape:
        (..., time) -> (..., n_bins, frame), frame = time // hop_length + 1
    """
    window = torch.hann_window(grid.n_fft, device=wave.device, dtype=wave.dtype)
    flat = wave.reshape(-1, wave.shape[-1])  # (batch, time)
    spectrum = torch.stft(
        flat, grid.n_fft, grid.hop_length, window=window, center=True, pad_mode="constant", return_complex=True
    )
    return spectrum.reshape(*wave.shape[:-1], *spectrum.shape[-2:])


def istft(spectrum: Tensor, grid: FrameGrid, length: int) -> Tensor:
    """Returns the signal of that many samples; inverse of `stft`.

    Shape:
        (..., n_bins, frame) -> (..., length)
    """
    window = torch.hann_window(grid.n_fft, device=spectrum.device)
    flat = spectrum.reshape(-1, *spectrum.shape[-2:])
    wave = torch.istft(flat, grid.n_fft, grid.hop_length, window=window, center=True, length=length)
    return wave.reshape(*spectrum.shape[:-2], length)


def log_mel(wave: Tensor, config: MelConfig) -> Tensor:
    """Returns the logarithm of the mel spectrogram.

    Shape:
        (..., time) -> (..., n_mels, time // hop_length + 1)
    """
    spectrum = stft(wave, config.grid)
    power = (spectrum.real**2 + spectrum.imag**2) ** (config.power / 2)
    bands = torch.tensor(mel_filterbank(config), device=wave.device) @ power
    return torch.log(bands.clamp_min(config.floor)) / math.log(config.log_base)
