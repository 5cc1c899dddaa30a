"""Brings an enhanced take back to the loudness of the original without exceeding full scale."""

import math

import numpy as np

from goodtake.dsp.stft import Wave

CEILING = 0.985
"""Highest sample after the level is matched."""


def matching_gain(wanted_lufs: float, have_lufs: float) -> float:
    """Returns the factor that brings one integrated loudness to another; 1 when either is that of silence."""
    if not (math.isfinite(wanted_lufs) and math.isfinite(have_lufs)):
        return 1.0
    return float(10 ** ((wanted_lufs - have_lufs) / 20))


class Leveller:
    """Applies a gain and a look-ahead limiter to a stream; block sizes leave no trace.

    Every millisecond has a gain that it needs. The limiter takes the lowest need within 5 ms to either side and
    averages that over 10 ms: it moves before a peak comes, moves smoothly, and no sample exceeds the ceiling.

    Args:
        gain: factor.
        sample_rate: Hz.
        channels: of the blocks.
        ceiling: highest absolute sample; None leaves peaks alone (floating-point files).
    """

    REACH = 5  # steps of a millisecond to either side

    def __init__(self, gain: float, sample_rate: int, channels: int, ceiling: float | None = CEILING) -> None:
        self.gain, self.ceiling = np.float32(gain), ceiling
        self._step = max(1, sample_rate // 1000)
        self._pending = np.zeros((channels, 0), np.float32)
        self._needs = np.ones(2 * self.REACH, np.float32)  # of the steps before the first pending one

    def feed(self, block: Wave) -> Wave:
        """Takes (channel, time) and returns what is ready, 10 ms behind."""
        scaled = block * self.gain
        if self.ceiling is None:
            return scaled
        return self._limit(np.concatenate([self._pending, scaled], axis=1), self.ceiling)

    def flush(self) -> Wave:
        """Returns what is still held back."""
        left = self._pending.shape[1]
        if self.ceiling is None or left == 0:
            return self._pending
        steps = -(-left // self._step) + 2 * self.REACH
        return self._limit(np.pad(self._pending, [(0, 0), (0, steps * self._step - left)]), self.ceiling)[:, :left]

    def _limit(self, wave: Wave, ceiling: float) -> Wave:
        steps = wave.shape[1] // self._step
        ready = steps - 2 * self.REACH
        if ready <= 0:
            self._pending = wave
            return wave[:, :0]
        blocks = wave[:, : steps * self._step].reshape(wave.shape[0], steps, self._step)
        need = np.minimum(1, ceiling / np.maximum(np.abs(blocks).max(axis=(0, 2)), 1e-9)).astype(np.float32)
        known = np.concatenate([self._needs, need])  # begins 2 * REACH steps before the first pending one
        windows = np.lib.stride_tricks.sliding_window_view
        lowest = windows(known, 2 * self.REACH + 1).min(-1)  # begins REACH steps before the first pending one
        edges = windows(lowest, 2 * self.REACH).mean(-1)  # gain at the beginning of each ready step, and one more
        ramp = np.arange(self._step, dtype=np.float32) / self._step
        curve = edges[:-1, None] + (edges[1:] - edges[:-1])[:, None] * ramp  # (step, sample)
        self._needs = known[ready : ready + 2 * self.REACH]
        self._pending = wave[:, ready * self._step :]
        return np.asarray(wave[:, : ready * self._step] * curve.reshape(-1), np.float32)
