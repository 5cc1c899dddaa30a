"""What the nets hear: amplitudes shared by all channels, and their long-term statistics, in bounded memory.

NumPy twins of `goodtake.models.enhancer`; a test holds them equal. Every channel gets the same decision, taken on the
root mean square over the channels: the image of a stereo take cannot move, and equal channels stay equal.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from goodtake.dsp.bands import LOG_FLOOR, N_BINS, PERCENTILES, QUANTILES, band_matrix
from goodtake.dsp.high import N_HIGH, high_bands
from goodtake.dsp.stft import FrameGrid

FloatArray = NDArray[np.float32]

HISTOGRAM_LOW = -30.0
HISTOGRAM_STEP = 0.05
HISTOGRAM_SIZE = 800
"""Histogram of raw ln amplitude: -30 to +10 nats in steps of 0.4 dB."""

MAX_STRETCHES = 32
"""Most stretches of a take that the take net hears."""


def shared_amplitude(power: FloatArray, grid: FrameGrid) -> FloatArray:
    """Returns the root mean square over channels of the amplitudes, divided by the window length.

    Args:
        power: of the unnormalised spectrogram.
        grid: its window and hop.

    Shape:
        (channel, freq, frame) -> (N_BINS, frame); bins that a low sample rate lacks are zero
    """
    amplitude = np.sqrt(power[:, :N_BINS].mean(axis=0)) / np.float32(grid.n_fft)
    if len(amplitude) < N_BINS:
        amplitude = np.pad(amplitude, [(0, N_BINS - len(amplitude)), (0, 0)])
    return np.asarray(amplitude, np.float32)


def log_bands(amplitude: FloatArray, level: float, n_bands: int) -> FloatArray:
    """Returns ln amplitude of the mel bands at unit level: (N_BINS, frame) -> (n_bands, frame)."""
    squared = (amplitude / np.float32(level)) ** 2
    # Not one product of matrices: see `high_bands`.
    power = np.stack([(weights[:, None] * squared[bins]).sum(axis=0) for bins, weights in _to_bands(n_bands)])
    return np.asarray(0.5 * np.log(power + LOG_FLOOR**2), np.float32)


@lru_cache(maxsize=4)
def _to_bands(n_bands: int) -> tuple[tuple[slice, FloatArray], ...]:
    """Returns the bins of each band and their weights; most of the matrix is zero."""
    rows = []
    for row in band_matrix(n_bands):
        inside = np.flatnonzero(row)
        bins = slice(int(inside[0]), int(inside[-1]) + 1)
        rows.append((bins, row[bins]))
    return tuple(rows)


def band_statistics(bands: FloatArray) -> FloatArray:
    """Returns mean, level, flux and quantiles of each band: (n_bands, frame) -> (n_bands, 8)."""
    frames = bands.shape[-1]
    ordered = np.sort(bands, axis=-1)
    places = [min(frames - 1, int(quantile * frames)) for quantile in QUANTILES]
    loud = 0.5 * np.log(np.mean(np.exp(2 * bands), axis=-1) + 1e-12)
    flux = np.abs(np.diff(bands, axis=-1)).mean(-1) if frames > 1 else np.zeros_like(loud)
    return np.stack([bands.mean(-1), loud, flux, *(ordered[:, place] for place in places)], axis=-1).astype(np.float32)


def shared_high(power: FloatArray, grid: FrameGrid, sample_rate: int) -> FloatArray:
    """Returns the root mean square amplitude of the bands above 8 kHz, shared by the channels, over the window length.

    Shape:
        (channel, freq, frame) -> (N_HIGH, frame); zero for bands above the Nyquist frequency
    """
    if power.shape[1] <= N_BINS:
        return np.zeros((N_HIGH, power.shape[2]), np.float32)
    bands = high_bands(power[:, N_BINS:].mean(axis=0), grid, sample_rate)
    return np.asarray(np.sqrt(bands) / np.float32(grid.n_fft), np.float32)


class LogHistogram:
    """Long-term statistics of many amplitudes, in bounded memory and whatever the block size.

    Args:
        rows: how many amplitudes there are in a frame.
    """

    def __init__(self, rows: int) -> None:
        self._counts = np.zeros((rows, HISTOGRAM_SIZE), np.int64)
        self._offsets = np.arange(rows, dtype=np.int32)[:, None] * HISTOGRAM_SIZE

    def feed(self, amplitude: FloatArray) -> None:
        """Takes (rows, frame)."""
        log = np.log(np.maximum(amplitude, np.float32(1e-13)))
        step = ((log - HISTOGRAM_LOW) / HISTOGRAM_STEP).astype(np.int32).clip(0, HISTOGRAM_SIZE - 1)
        counts = np.bincount((step + self._offsets).ravel(), minlength=self._counts.size)
        self._counts += counts.reshape(self._counts.shape)

    def statistics(self, level: float) -> FloatArray:
        """Returns mean and percentiles of ln amplitude at unit level: (rows, 1 + len(PERCENTILES))."""
        frames = int(self._counts[0].sum())
        centres = HISTOGRAM_LOW + HISTOGRAM_STEP * (np.arange(HISTOGRAM_SIZE) + 0.5)
        values = np.log(np.exp(centres) / level + LOG_FLOOR)
        columns = [self._counts @ values / frames]
        summed = np.cumsum(self._counts, axis=1)
        for percentile in PERCENTILES:
            place = min(frames - 1, int(percentile * frames))
            columns.append(values[np.argmax(summed > place, axis=1)])
        return np.stack(columns, axis=1).astype(np.float32)


class Hearing:
    """Listens to a whole take frame by frame and keeps what the nets need to know of it.

    Args:
        stretch_frames: length of the stretches kept for the take net.
        grid: window and hop of the frames.
        sample_rate: Hz.
    """

    def __init__(self, stretch_frames: int, grid: FrameGrid, sample_rate: int) -> None:
        self.stretch_frames, self.grid, self.sample_rate = stretch_frames, grid, sample_rate
        self.frames = 0
        self.stretches: list[FloatArray] = []
        self.bins, self.high = LogHistogram(N_BINS), LogHistogram(N_HIGH)
        self._power = 0.0
        self._partial: list[FloatArray] = []
        self._partial_frames = 0
        self._stretch_number = 0
        self._stride = 1

    def feed(self, power: FloatArray) -> None:
        """Takes the power (channel, freq, frame) of the unnormalised spectrogram."""
        if power.shape[2] == 0:
            return
        amplitude = shared_amplitude(power, self.grid)
        self.frames += amplitude.shape[1]
        self._power += float(np.sum(amplitude.astype(np.float64) ** 2))
        self.bins.feed(amplitude)
        self.high.feed(shared_high(power, self.grid, self.sample_rate))
        while amplitude.shape[1]:
            taken = amplitude[:, : self.stretch_frames - self._partial_frames]
            self._partial.append(taken)
            self._partial_frames += taken.shape[1]
            amplitude = amplitude[:, taken.shape[1] :]
            if self._partial_frames == self.stretch_frames:
                self._end_stretch()

    def finish(self) -> None:
        """Closes the last, shorter stretch; it is kept when it is the only one or at least half as long."""
        if self._partial_frames and (not self.stretches or 2 * self._partial_frames >= self.stretch_frames):
            self._end_stretch()

    @property
    def level(self) -> float:
        """Root mean square over frames of the summed bins; zero for silence."""
        return float(np.sqrt(self._power / self.frames)) if self.frames else 0.0

    def _end_stretch(self) -> None:
        if self._stretch_number % self._stride == 0:
            self.stretches.append(np.concatenate(self._partial, axis=1))
            if len(self.stretches) > MAX_STRETCHES:  # keep every other one, and from now on half as many
                self.stretches = self.stretches[::2]
                self._stride *= 2
        self._stretch_number += 1
        self._partial, self._partial_frames = [], 0
