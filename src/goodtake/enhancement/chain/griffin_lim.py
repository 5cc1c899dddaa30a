"""Paper 1's baseline vocoder as a stream: inverse mel scaling and Griffin-Lim, segment by segment.

The segments are those of `goodtake.dsp.griffin_lim`, which solves each with the end of the one before held fixed: the
stream gives the samples of the whole.
"""

from collections.abc import Iterator

import numpy as np

from goodtake.dsp.griffin_lim import ITERATIONS, LOOK_AHEAD_FRAMES, MOMENTUM, segments, solve_segment
from goodtake.dsp.mel import MelConfig
from goodtake.dsp.mel_inversion import mel_from_log, mel_to_magnitude
from goodtake.dsp.stft import Wave
from goodtake.enhancement.chain.mels import MelFrames
from goodtake.enhancement.chain.windows import Queue

MAX_LOG_POWER = 40.0
"""Bound of the mel power, nats: a predicted spectrogram that is far off must not overflow."""


class GriffinLimVocoder:
    """Griffin-Lim.

    Args:
        mel: of the spectrograms.
        seed: of the phases that it begins with, the same for every channel.
        iterations: of inversion and phase.
    """

    def __init__(self, mel: MelConfig, seed: int, iterations: int = ITERATIONS) -> None:
        self.mel, self.seed, self.iterations = mel, seed, iterations

    def stream(self, channels: int, samples: int, chunk_frames: int) -> "GriffinLimStream":
        """Returns a stream; see `Vocoder.stream`. Segments have their own length."""
        return GriffinLimStream(self, channels, samples)


class GriffinLimStream:
    """One take through Griffin-Lim.

    Args:
        vocoder: its options.
        channels: of the take.
        samples: of the take.
    """

    def __init__(self, vocoder: GriffinLimVocoder, channels: int, samples: int) -> None:
        grid = vocoder.mel.grid
        self.vocoder, self.samples, self.channels = vocoder, samples, channels
        self.frames = grid.n_frames(samples)
        self._segments = segments(self.frames, -(-grid.n_fft // grid.hop_length))
        self._segment: tuple[int, int] | None = next(self._segments)
        self._rngs = [np.random.default_rng(vocoder.seed) for _ in range(channels)]
        self._magnitudes = Queue()
        self._first = 0  # frame where the queue begins
        self._signals = np.zeros((channels, grid.n_fft // 2), np.float32)  # from that frame's window on; known

    def feed(self, frames: MelFrames) -> Iterator[Wave]:
        """Takes frames and yields samples."""
        top = np.float32(MAX_LOG_POWER / np.log(self.vocoder.mel.log_base))
        bands = mel_from_log(np.minimum(frames.mel, top), self.vocoder.mel)
        self._magnitudes.put(mel_to_magnitude(bands, self.vocoder.mel, self.vocoder.iterations))
        while self._segment and self._first + self._magnitudes.length >= self._segment[1]:
            yield self._solved(*self._segment)
            self._segment = next(self._segments, None)

    def flush(self) -> Iterator[Wave]:
        """Yields nothing: the last frame ended the last segment."""
        return iter(())

    def _solved(self, first: int, last: int) -> Wave:
        """Solves the segment and returns the samples that it settles."""
        grid = self.vocoder.mel.grid
        hop, half = grid.hop_length, grid.n_fft // 2
        self._magnitudes.drop(first - self._first)
        self._signals = self._signals[:, (first - self._first) * hop :]
        self._first = first
        magnitude = self._magnitudes.look(0, last - first)
        known = self._signals.shape[1]
        # Half a window of padding stands before sample 0 and after the last one, and is known to be zero.
        size = (last - first - 1) * hop + grid.n_fft
        ends = last == self.frames
        end = half + self.samples - first * hop if ends else size
        signals = np.pad(self._signals, [(0, 0), (0, size - known)])
        for signal, target, rng in zip(signals, magnitude, self._rngs, strict=True):
            rows = np.ascontiguousarray(target.T)  # (freq, frame) -> (frame, freq)
            solve_segment(signal, slice(known, end), rows, grid, rng, self.vocoder.iterations, np.float32(MOMENTUM))
        settled = end if ends else (last - LOOK_AHEAD_FRAMES - first) * hop + half
        self._signals = signals[:, :settled]
        return np.ascontiguousarray(signals[:, known:settled])
