"""VGGish, the embedding of paper 1's FAD: our own front-end before a network that the user gives as an ONNX file.

S. Hershey et al., "CNN Architectures for Large-Scale Audio Classification", ICASSP 2017, section 3.1; what the text
leaves open is as in the published model. 16 kHz mono; Hann windows (periodic) of 25 ms every 10 ms, zero-padded to 512;
magnitudes, not power, in 64 triangular bands from 125 to 7500 Hz, whose slopes are straight on the HTK mel scale;
log(mel + 0.01). A patch is 96 frames (0.96 s); patches begin every 0.5 s, as in FAD (K. Kilgour et al., "Fréchet Audio
Distance", Interspeech 2019). Nothing is padded but a clip of less than one patch.

The level of the clip counts: samples go in as they are, full scale 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodtake.dsp.stft import Wave, hann
from goodtake.metrics.embeddings.base import Patches, at_rate, windows
from goodtake.metrics.embeddings.network import EmbeddingNetwork

RATE = 16_000
WIN_LENGTH, HOP_LENGTH, N_FFT = 400, 160, 512
N_MELS, LOWEST_HZ, HIGHEST_HZ = 64, 125.0, 7500.0
LOG_OFFSET = 0.01
PATCH_FRAMES, PATCH_HOP = 96, 50
DIMENSION = 128
INPUT_SHAPES = ((PATCH_FRAMES, N_MELS), (1, PATCH_FRAMES, N_MELS), (PATCH_FRAMES, N_MELS, 1))
VARIABLE = "GOODTAKE_VGGISH"
"""Environment variable that names the ONNX file."""


@dataclass(frozen=True)
class VGGish:
    """The embedding; see the head of this file."""

    network: EmbeddingNetwork
    name: str = "vggish"
    sample_rate: int = RATE
    dimension: int = DIMENSION
    patches_per_second: float = RATE / HOP_LENGTH / PATCH_HOP

    def __call__(self, wave: ArrayLike, sample_rate: int) -> Patches:
        """Returns the points of the mean of all channels."""
        return self.network(vggish_patches(at_rate(wave, sample_rate, RATE, mono=True)[0]))


def vggish_patches(wave: Wave) -> NDArray[np.float32]:
    """Returns the log-mel patches that the network sees.

    Args:
        wave: mono at 16 kHz, (time,).

    Shape:
        (patch, 96, 64): frame, band
    """
    frames = windows(wave, WIN_LENGTH, HOP_LENGTH) if wave.size >= WIN_LENGTH else np.zeros((0, WIN_LENGTH), np.float32)
    log_mel = _log_mel(frames)
    if len(log_mel) < PATCH_FRAMES:
        missing = WIN_LENGTH + (PATCH_FRAMES - 1) * HOP_LENGTH - wave.size
        log_mel = _log_mel(windows(np.pad(wave, (0, missing)), WIN_LENGTH, HOP_LENGTH))
    return np.ascontiguousarray(windows(log_mel.T, PATCH_FRAMES, PATCH_HOP).transpose(1, 2, 0))


def _log_mel(frames: Wave) -> NDArray[np.float32]:
    """(frame, time) -> (frame, band)."""
    magnitude = np.abs(np.fft.rfft(frames * hann(WIN_LENGTH), N_FFT))
    return np.asarray(np.log(magnitude @ vggish_bands().T + LOG_OFFSET), np.float32)


@lru_cache(maxsize=1)
def vggish_bands() -> NDArray[np.float32]:
    """Returns the bands: triangles on the scale 1127 ln(1 + f / 700), peak one.

    Shape:
        (64, 257)
    """
    edges = np.linspace(_mel(LOWEST_HZ), _mel(HIGHEST_HZ), N_MELS + 2)[:, None]
    position = _mel(np.fft.rfftfreq(N_FFT, 1 / RATE))
    step = edges[1] - edges[0]
    bands = np.maximum(0, 1 - np.abs(position - edges[1:-1]) / step)
    return np.asarray(bands, np.float32)


def _mel(frequency_hz: ArrayLike) -> NDArray[np.float64]:
    return 1127 * np.log1p(np.asarray(frequency_hz, np.float64) / 700)
