"""Integrated loudness and true peak after ITU-R BS.1770-5, block by block with bounded work space.

Loudness (Annex 1): the signal is K-weighted (a high shelf for the head, then a high-pass), its mean square is taken
over 400 ms blocks every 100 ms and summed over channels with weights, and two gates drop the blocks below -70 LUFS and
those 10 LU below the mean of the rest. True peak (Annex 2): the largest sample after oversampling to at least 192 kHz.

NumPy has no recursive filter, so K-weighting runs as its impulse response, cut after `RESPONSE_S`, by overlap-save on a
fixed grid: the result does not depend on the sizes of the blocks that are fed in, not even in the last bit.
Use the meters on streams, the functions on clips.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import soxr
from numpy.typing import ArrayLike, NDArray

from goodtake.dsp.convolution import next_fast_len
from goodtake.errors import ConfigError

RESPONSE_S = 0.1
"""Length of the K-weighting's impulse response; its poles at 38 Hz have decayed by 180 dB then."""

GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
BLOCK_STEPS = 4
"""A gating block is 400 ms: four steps of 100 ms, of which the first three overlap with the block before."""

SURROUND = 1.41
CHANNEL_WEIGHTS: dict[int, tuple[float, ...]] = {
    1: (1.0,),
    2: (1.0, 1.0),
    3: (1.0, 1.0, 1.0),  # L R C
    4: (1.0, 1.0, SURROUND, SURROUND),  # L R Ls Rs
    5: (1.0, 1.0, 1.0, SURROUND, SURROUND),  # L R C Ls Rs
    6: (1.0, 1.0, 1.0, 0.0, SURROUND, SURROUND),  # L R C LFE Ls Rs
    7: (1.0, 1.0, 1.0, 0.0, 1.0, SURROUND, SURROUND),  # L R C LFE back side side
    8: (1.0, 1.0, 1.0, 0.0, 1.0, 1.0, SURROUND, SURROUND),  # L R C LFE, two at the back, two at the sides
}
"""Weights in the channel order of WAV files. Sources at 60 to 120 degrees weigh 1.41, the LFE nothing (table 4)."""


def k_weighting(frequencies_hz: ArrayLike, sample_rate: int) -> NDArray[np.complex128]:
    """Returns the complex response of the K-weighting filter at a sample rate.

    The standard gives coefficients for 48 kHz only. These are the analogue prototypes they come from, turned digital by
    the bilinear transform with the corner frequency kept, so that 48 kHz gives the standard's own numbers (B. De Man,
    "Evaluation of implementations of the EBU R128 loudness measurement", AES 145, 2018).

    Shape:
        (freq,) -> (freq,)
    """
    shelf, high_pass = k_weighting_biquads(sample_rate)
    delay = np.exp(-2j * np.pi * np.asarray(frequencies_hz, np.float64) / sample_rate)
    parts = [np.polyval(b[::-1], delay) / np.polyval(a[::-1], delay) for b, a in (shelf, high_pass)]
    return np.asarray(parts[0] * parts[1], np.complex128)


def k_weighting_biquads(sample_rate: int) -> tuple[tuple[list[float], list[float]], tuple[list[float], list[float]]]:
    """Returns (b, a) of the shelf and (b, a) of the high-pass, lowest delay first, a[0] = 1."""
    warped, q = math.tan(math.pi * 1681.974450955533 / sample_rate), 0.7071752369554196
    gain = 10 ** (3.999843853973347 / 20)
    middle = gain**0.4996667741545416
    scale = 1 + warped / q + warped**2
    shelf_b = [
        (gain + middle * warped / q + warped**2) / scale,
        2 * (warped**2 - gain) / scale,
        (gain - middle * warped / q + warped**2) / scale,
    ]
    shelf_a = [1.0, 2 * (warped**2 - 1) / scale, (1 - warped / q + warped**2) / scale]
    warped, q = math.tan(math.pi * 38.13547087602444 / sample_rate), 0.5003270373238773
    scale = 1 + warped / q + warped**2
    pass_a = [1.0, 2 * (warped**2 - 1) / scale, (1 - warped / q + warped**2) / scale]
    return (shelf_b, shelf_a), ([1.0, -2.0, 1.0], pass_a)  # the standard leaves this numerator unscaled


class LoudnessMeter:
    """Integrated loudness of a stream.

    Memory grows by 80 bytes per second of audio: one number per 100 ms is kept for the gates.

    Args:
        sample_rate: 8000 to 192000 Hz.
        channels: number of channels; 1 to 8 have the weights of `CHANNEL_WEIGHTS`. One channel counts once, so a mono
            file reads 3 LU less than the same signal on two channels, as the standard has it.
        channel_weights: one per channel, instead of those.

    Raises:
        ConfigError: no weights are known for so many channels, or their number is wrong, or the rate is out of range.
    """

    def __init__(self, sample_rate: int, channels: int, channel_weights: Sequence[float] | None = None) -> None:
        if not 8000 <= sample_rate <= 192000:
            raise ConfigError(f"sample rate is {sample_rate} Hz: loudness is measured from 8000 to 192000 Hz")
        weights = CHANNEL_WEIGHTS.get(channels) if channel_weights is None else tuple(channel_weights)
        if weights is None or len(weights) != channels:
            raise ConfigError(f"{channels} channels, weights {weights}: give one weight per channel")
        self.sample_rate = sample_rate
        self._weights = np.array(weights)
        taps = math.ceil(RESPONSE_S * sample_rate)
        grid = np.fft.rfftfreq(4 * taps, 1 / sample_rate)
        self._n_fft = next_fast_len(8 * taps)
        response = np.fft.irfft(k_weighting(grid, sample_rate), 4 * taps)[:taps]
        self._spectrum = np.fft.rfft(response.astype(np.float32), self._n_fft)
        self._history = taps - 1
        self._pending = np.zeros((channels, self._history), np.float32)  # history, then what waits for a full FFT
        self._steps = _Steps(sample_rate)

    def update(self, block: NDArray[np.floating]) -> None:
        """Takes the next samples, (channel, time), any number of them.

        Raises:
            ConfigError: another number of channels.
        """
        _check_channels(block, len(self._weights))
        self._pending = np.concatenate([self._pending, np.asarray(block, np.float32)], axis=1)
        start = 0
        while self._pending.shape[1] - start >= self._n_fft:
            self._steps.add(self._weighted_power(self._pending[:, start : start + self._n_fft]))
            start += self._n_fft - self._history
        # A copy, because a view would keep a long block in memory.
        self._pending = self._pending[:, start:].copy()

    def integrated(self) -> float:
        """Returns the loudness of all samples so far, LUFS; -inf for silence. The stream may go on afterwards.

        What is shorter than one gating block (400 ms) is measured as one block.
        """
        steps = self._steps.copy()
        waiting = self._pending.shape[1] - self._history
        steps.add(self._weighted_power(self._pending)[:waiting])
        powers = steps.block_powers()
        loud = powers[powers > _power(GATE_LUFS)]
        if not loud.size:
            return -math.inf
        gated = loud[loud > np.mean(loud) * 10 ** (RELATIVE_GATE_LU / 10)]
        return float(-0.691 + 10 * np.log10(np.mean(gated)))

    def _weighted_power(self, samples: NDArray[np.float32]) -> NDArray[np.float64]:
        """Returns (time,) the summed power of (channel, history + time) samples after K-weighting."""
        weighted = np.fft.irfft(np.fft.rfft(samples, self._n_fft) * self._spectrum, self._n_fft)[:, self._history :]
        return np.asarray(np.einsum("c,ct->t", self._weights, np.square(weighted, dtype=np.float64)))


class _Steps:
    """Sums of power over consecutive steps of 100 ms, exact to the sample at any rate."""

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self._count = 0
        self._sums: list[float] = []

    def copy(self) -> _Steps:
        twin = _Steps(self._rate)
        twin._count, twin._sums = self._count, self._sums.copy()
        return twin

    def _start(self, step: int) -> int:
        """Returns the first sample of a step."""
        return -(-step * self._rate // 10)

    def add(self, power: NDArray[np.float64]) -> None:
        """Adds (time,) values of the next samples."""
        if not power.size:
            return
        stop = self._count + power.size
        first, last = (sample * 10 // self._rate for sample in (self._count, stop - 1))
        starts = [self._count, *(self._start(step) for step in range(first + 1, last + 1))]
        sums: list[float] = np.add.reduceat(power, np.array(starts) - self._count).tolist()
        if first < len(self._sums):  # the step is open
            self._sums[-1] += sums.pop(0)
        self._sums.extend(sums)
        self._count = stop

    def block_powers(self) -> NDArray[np.float64]:
        """Returns (block,) the mean power of every whole 400 ms block, or of everything when there is none."""
        complete = self._count * 10 // self._rate
        if complete < BLOCK_STEPS:
            return np.array([sum(self._sums) / max(self._count, 1)])
        sums = np.concatenate([[0.0], np.cumsum(self._sums[:complete])])
        starts = np.array([self._start(step) for step in range(complete + 1)])
        return np.asarray((sums[BLOCK_STEPS:] - sums[:-BLOCK_STEPS]) / (starts[BLOCK_STEPS:] - starts[:-BLOCK_STEPS]))


class TruePeakMeter:
    """True peak of a stream: the largest magnitude of the oversampled signal and of the samples themselves.

    Oversampling is 4-fold below 96 kHz, 2-fold below 192 kHz, none from there on.

    Args:
        sample_rate: Hz.
        channels: number of channels.
    """

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._channels = channels
        self._peak = 0.0
        factor = 4 if sample_rate < 96000 else 2 if sample_rate < 192000 else 1
        self._stream: soxr.ResampleStream | None = None
        if factor > 1:
            self._stream = soxr.ResampleStream(sample_rate, factor * sample_rate, channels, dtype="float32")
        self._finished = False

    def update(self, block: NDArray[np.floating]) -> None:
        """Takes the next samples, (channel, time), any number of them.

        Raises:
            ConfigError: another number of channels, or `peak_db` has been read.
        """
        _check_channels(block, self._channels)
        if self._finished:
            raise ConfigError("the true peak has been read, which ends the stream: make a new TruePeakMeter")
        self._take(np.asarray(block, np.float32), last=False)

    def peak_db(self) -> float:
        """Ends the stream and returns its true peak in dBTP; -inf for silence."""
        if not self._finished:
            self._finished = True
            self._take(np.zeros((self._channels, 0), np.float32), last=True)
        return 20 * math.log10(self._peak) if self._peak > 0 else -math.inf

    def _take(self, block: NDArray[np.float32], last: bool) -> None:
        parts = [block]
        if self._stream is not None:
            parts.append(self._stream.resample_chunk(np.ascontiguousarray(block.T), last=last))
        self._peak = max(self._peak, *(float(np.abs(part).max(initial=0.0)) for part in parts))


def integrated_loudness(
    wave: NDArray[np.floating], sample_rate: int, channel_weights: Sequence[float] | None = None
) -> float:
    """Returns the integrated loudness of a clip in LUFS; -inf for silence.

    Args:
        wave: (time,) or (channel, time).
        sample_rate: Hz.
        channel_weights: see `LoudnessMeter`.

    Raises:
        ConfigError: see `LoudnessMeter`.
    """
    channels = np.atleast_2d(wave)
    meter = LoudnessMeter(sample_rate, channels.shape[0], channel_weights)
    meter.update(channels)
    return meter.integrated()


def true_peak_db(wave: NDArray[np.floating], sample_rate: int) -> float:
    """Returns the true peak of a clip, (time,) or (channel, time), in dBTP; -inf for silence."""
    channels = np.atleast_2d(wave)
    meter = TruePeakMeter(sample_rate, channels.shape[0])
    meter.update(channels)
    return meter.peak_db()


def _power(loudness_lufs: float) -> float:
    return float(10 ** ((loudness_lufs + 0.691) / 10))


def _check_channels(block: NDArray[np.floating], channels: int) -> None:
    if block.ndim != 2 or block.shape[0] != channels:
        raise ConfigError(f"block is {block.shape}, the meter is for {channels} channels: give (channel, time)")
