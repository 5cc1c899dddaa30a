"""Phase for a magnitude spectrogram: the fast Griffin-Lim algorithm, so that a mel spectrogram can be heard.

D. Griffin, J. Lim, "Signal estimation from modified short-time Fourier transform", IEEE TASSP 32(2), 1984, alternate
between two projections: P1 gives the nearest spectrogram that some signal has (inverse transform, transform), P2 gives
each bin its wanted magnitude and keeps its phase. N. Perraudin, P. Balazs, P. Sondergaard, "A fast Griffin-Lim
algorithm", WASPAA 2013, algorithm 2, add a step in the direction of the last change:

    t[n] = P1(P2(c[n - 1])),   c[n] = t[n] + momentum (t[n] - t[n - 1])

Paper 1's baselines run 100 iterations. Frames are worked on in blocks that stay in the processor's cache, and long
clips in segments: each is solved with the end of the one before held fixed, so phases go on through the seam and memory
beyond input and output does not grow with the clip.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from goodtake.dsp.stft import FrameGrid, Spectrum, Wave, hann, overlap_add, stft, window_envelope
from goodtake.errors import ConfigError

ITERATIONS = 100
MOMENTUM = 0.99
SEGMENT_FRAMES = 1024
"""Frames that are solved together, 16 s on the grid of 64 ms windows."""

LOOK_AHEAD_FRAMES = 16
"""Frames at the end of a segment that are solved again with the next one, which knows how they go on."""

CONTEXT_FRAMES = 16
"""Frames before a segment whose samples are known, at least one window."""

_BLOCK_FRAMES = 64
_LEAST_ENVELOPE = 0.05
"""Where windows sum to less, behind the last frame of a grid with long hops, a sample cannot be told from rounding."""

_TINY = np.float32(1e-30)


def magnitude_to_wave(
    magnitude: NDArray[np.float32],
    grid: FrameGrid,
    length: int,
    rng: np.random.Generator,
    iterations: int = ITERATIONS,
    momentum: float = MOMENTUM,
) -> Wave:
    """Returns a signal whose centred spectrogram `stft(signal, grid)` has nearly the given magnitudes.

    Leading axes are solved one by one, so the image of a stereo pair is lost: nothing ties the phases of its channels.

    Args:
        magnitude: not negative.
        grid: window and hop of it, the hop at most half a window.
        length: samples wanted; the spectrogram of that many samples must have as many frames as are given.
        rng: draws the phases to begin with.
        iterations: of both projections, at least 1.
        momentum: 0 to less than 1; 0 is the algorithm of Griffin and Lim.

    Shape:
        (..., n_bins, frame) -> (..., length)

    Raises:
        ConfigError: the shape does not fit grid and length, a magnitude is negative or not finite, or an option is out
            of range.
    """
    magnitude = np.asarray(magnitude, np.float32)
    _check(magnitude, grid, length, iterations, momentum)
    rows = magnitude.reshape(-1, *magnitude.shape[-2:])  # (row, freq, frame)
    waves = [_solve(row.T, grid, length, rng, iterations, np.float32(momentum)) for row in rows]
    return np.reshape(np.array(waves, np.float32), (*magnitude.shape[:-2], length))


def spectral_convergence(wave: Wave, magnitude: NDArray[np.float32], grid: FrameGrid) -> float:
    """Returns ||abs(stft(wave)) - magnitude|| / ||magnitude||, the error that the algorithm lowers; 0 is reached.

    Args:
        wave: (..., time).
        magnitude: (..., n_bins, frame), not all zero.
        grid: of the magnitude.
    """
    error = np.abs(stft(wave, grid)) - magnitude
    return float(np.linalg.norm(error) / np.linalg.norm(magnitude))


def _solve(
    magnitude: NDArray[np.float32],
    grid: FrameGrid,
    length: int,
    rng: np.random.Generator,
    iterations: int,
    momentum: np.float32,
) -> Wave:
    """Solves one channel: (frame, freq) -> (length,)."""
    n_frames, hop, half = magnitude.shape[0], grid.hop_length, grid.n_fft // 2
    # Half a window of padding stands on both sides and is known to be zero, as `stft` puts it there.
    padded = np.zeros(max((n_frames - 1) * hop + grid.n_fft, length + 2 * half), np.float32)
    known = half
    for first, last in segments(n_frames, -(-grid.n_fft // hop)):
        part = slice(first * hop, (last - 1) * hop + grid.n_fft)
        target = np.ascontiguousarray(magnitude[first:last])
        local = padded[part]  # a view: what is solved stands in its place
        end = half + length - part.start if last == n_frames else local.size
        solve_segment(local, slice(known - part.start, end), target, grid, rng, iterations, momentum)
        known = max(known, (last - LOOK_AHEAD_FRAMES) * hop + half)
    return padded[half : half + length]


def segments(n_frames: int, window_frames: int) -> Iterator[tuple[int, int]]:
    """Yields first and last + 1 frame of overlapping segments; they do not depend on what follows them."""
    context = max(CONTEXT_FRAMES, window_frames)
    first = 0
    while True:
        last = min(first + SEGMENT_FRAMES, n_frames)
        # A short rest is solved with the segment before it.
        if n_frames - last < LOOK_AHEAD_FRAMES + context:
            last = n_frames
        yield first, last
        if last == n_frames:
            return
        first = last - LOOK_AHEAD_FRAMES - context


def solve_segment(
    signal: Wave,
    unknown: slice,
    magnitude: NDArray[np.float32],
    grid: FrameGrid,
    rng: np.random.Generator,
    iterations: int,
    momentum: np.float32,
) -> None:
    """Fills in the unknown part of a signal whose other samples are given.

    Shape:
        signal ((frame - 1) * hop_length + n_fft,), magnitude (frame, freq)
    """
    inverse_envelope = 1 / np.maximum(window_envelope(magnitude.shape[0], grid), _LEAST_ENVELOPE)
    # Only the phase of c counts, so c[n] is kept as t[n] - inertia t[n - 1].
    inertia = momentum / (1 + momentum)
    phase = rng.random(magnitude.shape, np.float32) * np.float32(2 * np.pi)
    wanted: Spectrum = magnitude * np.exp(1j * phase)
    del phase
    before = np.zeros_like(wanted)
    for number in range(iterations):
        signal[unknown] = (_synthesise(wanted, grid) * inverse_envelope)[unknown]
        if number == iterations - 1:
            return
        for block, spectrum in _analyse(signal, grid, magnitude.shape[0]):
            change, target = before[block], wanted[block]
            np.multiply(change.view(np.float32), -inertia, out=change.view(np.float32))
            np.add(spectrum, change, out=target)
            change[...] = spectrum
            scale = np.abs(target)
            scale += _TINY
            np.divide(magnitude[block], scale, out=scale)
            target *= scale


def _synthesise(spectrum: Spectrum, grid: FrameGrid) -> Wave:
    """Returns the windowed frames of (frame, freq), summed at their places: ((frame - 1) * hop_length + n_fft,)."""
    n_frames, window = spectrum.shape[0], hann(grid.n_fft)
    summed = np.zeros((n_frames - 1) * grid.hop_length + grid.n_fft, np.float32)
    for first in range(0, n_frames, _BLOCK_FRAMES):
        frames = np.fft.irfft(spectrum[first : first + _BLOCK_FRAMES], n=grid.n_fft)
        piece = overlap_add(np.asarray(frames, np.float32) * window, grid.hop_length)
        begin = first * grid.hop_length
        summed[begin : begin + piece.size] += piece
    return summed


def _analyse(signal: Wave, grid: FrameGrid, n_frames: int) -> Iterator[tuple[slice, Spectrum]]:
    """Yields blocks of frames and their spectrum (frame, freq), divided by n_fft: see `_synthesise`.

    With this scaling NumPy transforms in single precision; with that of `stft`, in double, six times slower.
    """
    window = hann(grid.n_fft)
    frames = np.lib.stride_tricks.sliding_window_view(signal, grid.n_fft)[:: grid.hop_length]
    for first in range(0, n_frames, _BLOCK_FRAMES):
        block = slice(first, min(first + _BLOCK_FRAMES, n_frames))
        yield block, np.asarray(np.fft.rfft(frames[block] * window, norm="forward"), np.complex64)


def _check(magnitude: NDArray[np.float32], grid: FrameGrid, length: int, iterations: int, momentum: float) -> None:
    if magnitude.ndim < 2 or magnitude.shape[-2] != grid.n_bins or magnitude.shape[-1] != grid.n_frames(length):
        raise ConfigError(
            f"magnitudes have shape {magnitude.shape}: {length} samples on {grid} need "
            f"(..., {grid.n_bins}, {grid.n_frames(length)})"
        )
    if not 0 < 2 * grid.hop_length <= grid.n_fft:
        raise ConfigError(f"{grid}: Griffin-Lim needs a hop of at most half a window")
    if not np.isfinite(magnitude).all() or magnitude.min(initial=0) < 0:
        raise ConfigError("magnitudes are negative, NaN or infinite: give abs(stft(wave)), or clip what a net gives")
    if iterations < 1 or not 0 <= momentum < 1:
        raise ConfigError(f"{iterations} iterations with momentum {momentum:g}: give 1 or more, and 0 to less than 1")
