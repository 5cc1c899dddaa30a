"""Short-time Fourier transform of a stream: blocks of any size in, the same frames out, and back.

Fed block by block, `FrameAnalyser` gives exactly the frames of `goodtake.dsp.stft.stft` on the whole signal, and
`FrameSynthesiser` exactly the samples of `istft`.
"""

import numpy as np

from goodtake.dsp.stft import FrameGrid, Spectrum, Wave, overlap_add, stft, window_envelope, windowed_frames


class FrameAnalyser:
    """Cuts a stream into frames.

    Args:
        grid: window and hop.
        channels: of the blocks.
    """

    def __init__(self, grid: FrameGrid, channels: int) -> None:
        self.grid = grid
        self.samples = 0
        self._pending = np.zeros((channels, grid.n_fft // 2), np.float32)  # half a window: frame 0 is centred on 0

    def feed(self, block: Wave) -> Spectrum:
        """Takes (channel, time) and returns the frames it completes, (channel, freq, frame), possibly none."""
        self.samples += block.shape[1]
        return self._frames(np.concatenate([self._pending, block.astype(np.float32)], axis=1))

    def flush(self) -> Spectrum:
        """Returns the last frames, for which half a window of silence follows the signal."""
        return self._frames(np.pad(self._pending, [(0, 0), (0, self.grid.n_fft // 2)]))

    def _frames(self, wave: Wave) -> Spectrum:
        grid = self.grid
        count = max(0, (wave.shape[1] - grid.n_fft) // grid.hop_length + 1)
        self._pending = wave[:, count * grid.hop_length :]
        if count == 0:
            return np.zeros((wave.shape[0], grid.n_bins, 0), np.complex64)
        return stft(wave[:, : (count - 1) * grid.hop_length + grid.n_fft], grid, centred=False)


class FrameSynthesiser:
    """Joins frames to a stream.

    Args:
        grid: window and hop.
        channels: of the spectra.
    """

    def __init__(self, grid: FrameGrid, channels: int) -> None:
        self.grid = grid
        self._overlap = grid.n_fft - grid.hop_length
        self._tail = np.zeros((channels, self._overlap), np.float32)
        self._tail_envelope = np.zeros(self._overlap, np.float32)
        self._skip = grid.n_fft // 2  # the half window before sample 0

    def feed(self, spectrum: Spectrum) -> Wave:
        """Takes (channel, freq, frame) and returns the samples that are complete, (channel, time)."""
        frames = spectrum.shape[-1]
        if frames == 0:
            return self._tail[:, :0]
        summed = overlap_add(windowed_frames(spectrum, self.grid), self.grid.hop_length)
        envelope = window_envelope(frames, self.grid)
        summed[:, : self._overlap] += self._tail
        envelope[: self._overlap] += self._tail_envelope
        done = frames * self.grid.hop_length
        self._tail, self._tail_envelope = summed[:, done:], envelope[done:]
        return self._trim(summed[:, :done] / _safe(envelope[:done]))

    def flush(self, samples_left: int) -> Wave:
        """Returns the last samples of the stream, as many as are still missing."""
        wave = self._trim(self._tail / _safe(self._tail_envelope))
        short = samples_left - wave.shape[1]
        return np.pad(wave, [(0, 0), (0, short)]) if short > 0 else wave[:, :samples_left]

    def _trim(self, wave: Wave) -> Wave:
        cut = min(self._skip, wave.shape[1])
        self._skip -= cut
        return np.ascontiguousarray(wave[:, cut:], dtype=np.float32)


def _safe(envelope: Wave) -> Wave:
    return np.maximum(envelope, 1e-6, dtype=np.float32)
