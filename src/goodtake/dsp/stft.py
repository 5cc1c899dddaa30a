"""Short-time Fourier transform with perfect reconstruction, and the frame grid every native-rate net shares.

A Hann window at a quarter hop; frames are centred on multiples of the hop, so frame ``m`` of a signal lies at
sample ``m * hop_length``. The inverse divides by the summed squared window, which makes it exact wherever a sample
is covered by a frame (Griffin & Lim, "Signal estimation from modified short-time Fourier transform", 1984, eq. 6).

The torch twin of these functions is `goodtake.dsp_torch`; a test holds the two equal.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from goodtake.errors import ConfigError

Wave = NDArray[np.float32]
Spectrum = NDArray[np.complex64]

FRAME_SECONDS = 0.064
"""Window of the native-rate grid: 1024 samples at 16 kHz."""


@dataclass(frozen=True)
class FrameGrid:
    """Window and hop of a spectrogram.

    Args:
        n_fft: window and FFT length, samples.
        hop_length: distance of two frames, samples; a quarter of `n_fft` on the native-rate grid.
    """

    n_fft: int = 1024
    hop_length: int = 256

    @property
    def n_bins(self) -> int:
        """Number of frequency bins, DC and Nyquist included."""
        return self.n_fft // 2 + 1

    def n_frames(self, samples: int) -> int:
        """Number of frames of a signal of that many samples."""
        return samples // self.hop_length + 1

    @classmethod
    def for_rate(cls, sample_rate: int) -> "FrameGrid":
        """Gives the grid of 64 ms windows and 16 ms hops at any rate, within half a percent.

        A bin is then 15.6 Hz and a frame 16 ms at every rate, so one network serves them all. Of the lengths within
        half a percent the one nearest to 64 ms whose prime factors are at most 11 is taken, for speed of the FFT.

        >>> FrameGrid.for_rate(16000), FrameGrid.for_rate(44100), FrameGrid.for_rate(48000)
        (FrameGrid(n_fft=1024, hop_length=256), FrameGrid(n_fft=2816, hop_length=704), \
FrameGrid(n_fft=3072, hop_length=768))
        """
        wanted = sample_rate * FRAME_SECONDS / 4
        slack = max(1, int(wanted * 0.005))
        hops = range(round(wanted) - slack, round(wanted) + slack + 1)
        smooth = [hop for hop in hops if _largest_prime_factor(hop) <= 11] or [round(wanted)]
        hop = min(smooth, key=lambda hop: abs(hop - wanted))
        return cls(4 * hop, hop)


def _largest_prime_factor(number: int) -> int:
    largest, factor = 1, 2
    while number > 1:
        while number % factor == 0:
            largest, number = factor, number // factor
        factor += 1
    return largest


@lru_cache(maxsize=16)
def hann(length: int) -> Wave:
    """Returns the periodic Hann window, float32."""
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)).astype(np.float32)
    window.flags.writeable = False
    return window


def stft(wave: Wave, grid: FrameGrid, *, centred: bool = True) -> Spectrum:
    """Returns the complex spectrogram, unnormalised.

    Args:
        wave: signal along the last axis.
        grid: window and hop.
        centred: pad half a window of zeros on both sides, so that frame 0 is centred on sample 0. A streaming caller
            that provides context itself says False.

    Shape:
        (..., time) -> (..., n_bins, frame) with frame = time // hop_length + 1 when centred.
    """
    if centred:
        half = grid.n_fft // 2
        wave = np.pad(wave, [(0, 0)] * (wave.ndim - 1) + [(half, half)])
    if wave.shape[-1] < grid.n_fft:
        raise ConfigError(f"a signal of {wave.shape[-1]} samples is shorter than one window of {grid.n_fft}: pad it")
    frames = np.lib.stride_tricks.sliding_window_view(wave, grid.n_fft, axis=-1)[..., :: grid.hop_length, :]
    spectrum = np.fft.rfft(frames * hann(grid.n_fft), axis=-1)  # (..., frame, freq)
    return np.ascontiguousarray(np.swapaxes(spectrum, -1, -2), dtype=np.complex64)


def istft(spectrum: Spectrum, grid: FrameGrid, length: int) -> Wave:
    """Returns the signal whose centred spectrogram is nearest to the given one in the least-squares sense.

    ``istft(stft(x, grid), grid, len(x)) == x`` within float32 rounding.

    Args:
        spectrum: complex spectrogram.
        grid: the grid it was made on.
        length: number of samples wanted, at most ``frame * hop_length``.

    Shape:
        (..., n_bins, frame) -> (..., length)
    """
    half = grid.n_fft // 2
    summed = overlap_add(windowed_frames(spectrum, grid), grid.hop_length)
    envelope = window_envelope(spectrum.shape[-1], grid)
    return np.ascontiguousarray((summed / np.maximum(envelope, 1e-6))[..., half : half + length], dtype=np.float32)


def windowed_frames(spectrum: Spectrum, grid: FrameGrid) -> Wave:
    """Returns the windowed time frames of a spectrogram: (..., n_bins, frame) -> (..., frame, n_fft)."""
    frames = np.fft.irfft(np.swapaxes(spectrum, -1, -2), n=grid.n_fft, axis=-1)
    return np.asarray(frames, dtype=np.float32) * hann(grid.n_fft)


def overlap_add(frames: Wave, hop_length: int) -> Wave:
    """Sums frames at their places: (..., frame, n_fft) -> (..., (frame - 1) * hop_length + n_fft)."""
    *batch, n_frames, n_fft = frames.shape
    parts = -(-n_fft // hop_length)  # hops that one frame covers
    padded = np.zeros((*batch, n_frames, parts * hop_length), np.float32)
    padded[..., :n_fft] = frames
    pieces = padded.reshape(*batch, n_frames, parts, hop_length)
    summed = np.zeros((*batch, n_frames + parts - 1, hop_length), np.float32)
    for part in range(parts):  # the part-th hop of frame m falls on hop m + part of the signal
        summed[..., part : part + n_frames, :] += pieces[..., part, :]
    return summed.reshape(*batch, -1)[..., : (n_frames - 1) * hop_length + n_fft]


def window_envelope(n_frames: int, grid: FrameGrid) -> Wave:
    """Returns the sum of squared windows over that many frames: ((frame - 1) * hop_length + n_fft,)."""
    return overlap_add(np.broadcast_to(hann(grid.n_fft) ** 2, (n_frames, grid.n_fft)), grid.hop_length)
