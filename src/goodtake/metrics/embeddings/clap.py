"""CLAP-music: the audio half of LAION's CLAP, trained on music, as an ONNX file that the user gives.

Y. Wu, K. Chen et al., "Large-scale Contrastive Language-Audio Pretraining with Feature Fusion and Keyword-to-Caption
Augmentation", ICASSP 2023; the checkpoint for music, without fusion. A. Gui et al. ("Adapting Frechet Audio Distance
for Generative Music Evaluation", ICASSP 2024) found it to follow listeners better than VGGish. 48 kHz mono, windows of
10 s that begin every second, with zeros beyond the end, as in their program.

The graph takes the wave, (patch, 480000), or a log-mel spectrogram, (patch, 1, 1001, 64): centred Hann windows of 1024
every 480 with mirrored ends, power in 64 bands of equal area from 50 to 14000 Hz on Slaney's scale, dB, floor -100 dB.
The level of the clip counts: samples go in as they are, full scale 1, and clipped there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodtake.dsp.mel import MelConfig, mel_edges_hz, mel_filterbank
from goodtake.dsp.stft import Wave, stft
from goodtake.metrics.embeddings.base import Patches, at_rate
from goodtake.metrics.embeddings.network import EmbeddingNetwork

RATE = 48_000
PATCH_SECONDS, HOP_SECONDS = 10, 1
MEL = MelConfig(RATE, n_fft=1024, hop_length=480, n_mels=64, f_min=50.0, f_max=14_000.0)
POWER_FLOOR = 1e-10
DIMENSION = 512
WAVE_SHAPE = (PATCH_SECONDS * RATE,)
MEL_SHAPE = (1, PATCH_SECONDS * RATE // MEL.hop_length + 1, MEL.n_mels)
INPUT_SHAPES = (WAVE_SHAPE, MEL_SHAPE)
VARIABLE = "GOODTAKE_CLAP"
"""Environment variable that names the ONNX file."""


@dataclass(frozen=True)
class ClapMusic:
    """The embedding; see the head of this file."""

    network: EmbeddingNetwork
    name: str = "clap-music"
    sample_rate: int = RATE
    dimension: int = DIMENSION
    patches_per_second: float = 1 / HOP_SECONDS

    def __call__(self, wave: ArrayLike, sample_rate: int) -> Patches:
        """Returns the points of the mean of all channels."""
        mono = np.clip(at_rate(wave, sample_rate, RATE, mono=True)[0], -1, 1)
        points = []
        for start in range(0, mono.size, HOP_SECONDS * RATE):
            part = mono[start : start + PATCH_SECONDS * RATE]
            patch = np.pad(part, (0, PATCH_SECONDS * RATE - part.size))
            points.append(
                self.network((patch if self.network.input_shape == WAVE_SHAPE else clap_log_mel(patch))[None])
            )
        return np.concatenate(points)


def clap_log_mel(wave: Wave) -> NDArray[np.float32]:
    """Returns the log-mel spectrogram of a window in dB: (time,) at 48 kHz -> (frame, band)."""
    half = MEL.n_fft // 2
    spectrum = stft(np.pad(wave, (half, half), mode="reflect"), MEL.grid, centred=False)
    power = clap_bands() @ (spectrum.real**2 + spectrum.imag**2)  # (band, frame)
    return np.asarray(10 * np.log10(np.maximum(power, POWER_FLOOR)).T, np.float32)


@lru_cache(maxsize=1)
def clap_bands() -> NDArray[np.float32]:
    """Returns triangles of area one, per Hz: (64, 513)."""
    edges = mel_edges_hz(MEL)
    return np.asarray(mel_filterbank(MEL) * (2 / (edges[2:] - edges[:-2]))[:, None], np.float32)
