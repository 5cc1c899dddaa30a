"""Brings an enhanced take back to the loudness of the original without exceeding full scale.

Loudness is measured on the spectrogram that is at hand anyway: the K-weighting of ITU-R BS.1770 multiplies the power of
each frame, and the gates work on 400 ms of frames. Both sides are measured alike, so the difference is exact to about a
tenth of a loudness unit.
"""

import numpy as np
from numpy.typing import NDArray

from goodtake.dsp.stft import FrameGrid, Wave

GATE_ABSOLUTE_LUFS = -70.0
GATE_RELATIVE_LU = -10.0
BLOCK_FRAMES = 25  # 400 ms
BLOCK_STEP = 6  # about 100 ms
CEILING = 0.985
"""Highest sample after the level is matched."""


def k_weighting(frequencies_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the power response of the K-weighting: high shelf and low cut of ITU-R BS.1770-5, annex 1.

    The analogue prototypes behind the standard's 48 kHz coefficients (De Man, "Evaluation of implementations of the EBU
    R128 loudness measurement", AES 145, 2018), so they hold at any sample rate.
    """
    jw = 1j * frequencies_hz
    shelf_hz, shelf_q, high, band = 1681.974450955533, 0.7071752369554196, 1.584864701130855, 1.258720930232562
    shelf = (high * jw**2 + band * shelf_hz / shelf_q * jw + shelf_hz**2) / (jw**2 + shelf_hz / shelf_q * jw + shelf_hz**2)
    cut_hz, cut_q = 38.13547087602444, 0.5003270373238773
    cut = jw**2 / (jw**2 + cut_hz / cut_q * jw + cut_hz**2)
    return np.asarray(np.abs(shelf * cut) ** 2)


class SpectralLoudness:
    """Integrated loudness from frames.

    Args:
        grid: window and hop.
        sample_rate: Hz.
    """

    def __init__(self, grid: FrameGrid, sample_rate: int) -> None:
        frequencies = np.arange(grid.n_bins) * sample_rate / grid.n_fft
        # A one-sided power sum counts each bin twice; the window's power is 3/8 of n_fft.
        scale = 2 / (grid.n_fft * grid.n_fft * 3 / 8)
        self._weights = (k_weighting(frequencies) * scale).astype(np.float32)
        self._frames: list[NDArray[np.float32]] = []

    def feed(self, power: NDArray[np.float32]) -> None:
        """Takes the power (channel, freq, frame) of the unnormalised spectrogram."""
        self._frames.append(np.asarray(self._weights @ power.sum(axis=0), np.float32))

    def integrated(self) -> float | None:
        """Returns the loudness in LUFS, or None when nothing passes the absolute gate."""
        power = np.concatenate(self._frames) if self._frames else np.zeros(0, np.float32)
        if len(power) == 0:
            return None
        length = min(BLOCK_FRAMES, len(power))
        blocks = np.lib.stride_tricks.sliding_window_view(power.astype(np.float64), length)[::BLOCK_STEP].mean(-1)
        loud = blocks[_lufs(blocks) > GATE_ABSOLUTE_LUFS]
        if len(loud) == 0:
            return None
        loud = loud[_lufs(loud) > _lufs(loud.mean()) + GATE_RELATIVE_LU]
        return float(_lufs(loud.mean()))


def _lufs(power: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(-0.691 + 10 * np.log10(np.maximum(power, 1e-20)))


class Leveller:
    """Applies a gain and a look-ahead limiter to a stream; block sizes leave no trace.

    Every millisecond has a gain that it needs. The limiter takes the lowest need within 5 ms to either side and averages
    that over 10 ms: it moves before a peak comes, moves smoothly, and no sample exceeds the ceiling.

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
        return wave[:, : ready * self._step] * curve.reshape(-1).astype(np.float32)
