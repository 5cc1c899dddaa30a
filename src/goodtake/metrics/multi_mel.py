"""Multi-Mel-SNR: the figure that ranks systems in the Music Source Restoration challenge.

Y. Zang et al., "Summary of the inaugural Music Source Restoration challenge", 2026, arXiv:2601.04343, and the
challenge's public evaluation program. At 48 kHz, with s the reference and e the estimate,

    e' = a e,  a = <s, e> / |e|^2
    SNR_i = 10 log10  sum M_i(s)^2 / sum (M_i(s) - M_i(e'))^2

and the mean over three mel power spectrograms M_i: FFT 512, 1024, 2048, hop a half, 80, 128, 192 bands on the HTK scale
up to 24 kHz, triangles with the peak one, Hann, ends mirrored. As M is power and is squared again, the loudest bands
rule the figure and faint noise hardly counts. M holds no phase, but the scale a does: an estimate of another phase or
delay shrinks towards silence and its figure towards 0 dB.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import soxr
from numpy.typing import ArrayLike, NDArray

from goodtake.dsp.stft import FrameGrid
from goodtake.metrics.clips import Clip, power_blocks, prepare
from goodtake.metrics.distortion import energy, ratio_db

MULTI_MEL_RATE = 48_000
RESOLUTIONS = ((512, 80), (1024, 128), (2048, 192))
"""(n_fft, n_mels); the hop is half of `n_fft`."""


def multi_mel_snr(estimate: ArrayLike, reference: ArrayLike, sample_rate: int) -> float:
    """Returns the Multi-Mel-SNR in dB, within ±100, higher is better; gain and polarity do not count.

    Other rates than 48 kHz are resampled. Stereo clips are summed over both channels with one scale.

    Args:
        estimate: (time,) or (channel, time).
        reference: the same shape.
        sample_rate: Hz.

    Raises:
        ConfigError: see `clips.prepare`.
    """
    pair = prepare(estimate, reference, sample_rate)
    clip, target = (_resampled(part, sample_rate) for part in pair)
    scale = float(np.sum(clip * target, dtype=np.float64)) / max(energy(clip), np.finfo(np.float64).tiny)
    clip = clip * np.float32(scale)
    return float(np.mean([_mel_snr(clip, target, *resolution) for resolution in RESOLUTIONS]))


@lru_cache(maxsize=4)
def htk_filterbank(n_fft: int, n_mels: int) -> NDArray[np.float32]:
    """Returns triangles with the peak one, evenly spaced on the HTK mel scale from 0 to 24 kHz.

    Some low bands of 192 are narrower than a bin and stay empty, as in the challenge.

    Shape:
        (n_mels, n_fft // 2 + 1)
    """
    top = 2595 * np.log10(1 + MULTI_MEL_RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, n_mels + 2) / 2595) - 1)[:, None]
    frequencies = np.fft.rfftfreq(n_fft, 1 / MULTI_MEL_RATE)
    rising = (frequencies - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - frequencies) / (edges[2:] - edges[1:-1])
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)


def _resampled(clip: Clip, sample_rate: int) -> Clip:
    return np.ascontiguousarray(soxr.resample(clip.T, sample_rate, MULTI_MEL_RATE).T, np.float32)


def _mel_snr(estimate: Clip, reference: Clip, n_fft: int, n_mels: int) -> float:
    """Returns the ratio in dB of one resolution over (channel, time) clips."""
    bank = htk_filterbank(n_fft, n_mels)
    signal = error = 0.0
    for blocks in power_blocks(estimate, reference, grid=FrameGrid(n_fft, n_fft // 2), pad_mode="reflect"):
        of_estimate, of_reference = (bank @ power for power in blocks)  # (channel, mel, frame)
        signal += energy(of_reference)
        error += energy(of_reference - of_estimate)
    return ratio_db(signal, error)
