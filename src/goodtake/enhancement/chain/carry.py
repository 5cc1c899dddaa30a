"""Carries a take to the networks' rate and back: no sample is lost, none comes late, and what lies above stays.

Networks at 16 kHz know nothing above 8 kHz. What the way there and back takes away, ``take - up(down(take))``, is
added again with the gain that the enhancement gave the octave below. An enhancement that changes nothing thus gives the
take back. Paper 1 has no such part: its output is band-limited.
"""

import numpy as np

from goodtake.audio.resample import Resampler, output_length
from goodtake.dsp.stft import FrameGrid, Spectrum, Wave
from goodtake.enhancement.chain.windows import FloatArray, Queue
from goodtake.enhancement.engine import TakeShape
from goodtake.enhancement.frames import FrameAnalyser

FOLLOW_HZ = (4_000.0, 7_200.0)
"""Octave whose gain is followed; above, resampling slopes off."""

FOLLOW_FLOOR = 1e-5
"""Power of the octave in a frame, of takes at the networks' level, that counts as nothing: 100 dB below full scale."""

MAX_HIGH_GAIN = 2.0
"""The band above is raised by 6 dB at most: nobody has seen whether it holds music or hiss."""


class Carrier:
    """Goes down with the take and comes back with the enhanced one.

    Args:
        take: its size.
        sample_rate: of the networks, Hz.
        gain: brings the take to the level of training.
        keep_high: keep what lies above half that rate.
    """

    def __init__(self, take: TakeShape, sample_rate: int, gain: float, keep_high: bool) -> None:
        self.take, self.gain = take, np.float32(gain)
        self.samples = output_length(take.samples, take.sample_rate, sample_rate)
        """At the networks' rate."""
        self.keep_high = keep_high and take.sample_rate > sample_rate
        rows = 2 * take.channels if self.keep_high else take.channels
        self._down = Resampler(take.channels, take.sample_rate, sample_rate)
        self._up = Resampler(rows, sample_rate, take.sample_rate)
        self._originals, self._lows, self._risen = Queue(), Queue(), Queue()
        self._follower = Follower(take, sample_rate)
        self._done = 0

    def down(self, block: Wave, last: bool = False) -> Wave:
        """Takes a block of the take, (channel, time), and returns what is ready for the networks."""
        low = np.asarray(self._down.process(block, last) * self.gain, np.float32)
        if self.keep_high:
            self._originals.put(block)
            self._lows.put(low)
        return low

    def up(self, enhanced: Wave, last: bool = False) -> Wave:
        """Takes what the networks made, (channel, time), and returns what is ready at the take's rate."""
        if not self.keep_high:
            self._risen.put(np.asarray(self._up.process(enhanced, last) / self.gain, np.float32))
            return self._ready(self._risen.length, last)
        low = np.asarray(self._lows.take(enhanced.shape[1]), np.float32) if enhanced.shape[1] else enhanced
        self._follower.feed(low, enhanced)
        if last:
            self._follower.finish()
        both = np.asarray(self._up.process(np.concatenate([enhanced, low]), last) / self.gain, np.float32)
        self._risen.put(both)
        return self._ready(min(self._risen.length, self._follower.known - self._done), last)

    def _ready(self, count: int, last: bool) -> Wave:
        """Returns the next samples, and at the end as many as the take has."""
        left, channels = self.take.samples - self._done, self.take.channels
        if last:
            self._risen.put(np.zeros((self._up.channels, max(0, left - self._risen.length)), np.float32))
        count = left if last else min(count, left)
        if count <= 0:
            return np.zeros((channels, 0), np.float32)
        risen = self._risen.take(count)
        wave = risen[:channels]
        if self.keep_high:
            above = self._originals.take(count) - risen[channels:]
            wave = wave + self._follower.gains(self._done, count) * above
        self._done += count
        return np.ascontiguousarray(wave, np.float32)


class Follower:
    """Follows how an enhancement changes the top octave; the gain moves in straight lines from frame to frame.

    Args:
        take: where the gain is wanted; all channels have one.
        sample_rate: of the waves it hears, Hz.
    """

    def __init__(self, take: TakeShape, sample_rate: int) -> None:
        grid = FrameGrid()
        self._channels = take.channels
        self._bins = slice(*(round(edge * grid.n_fft / sample_rate) for edge in FOLLOW_HZ))
        self._frames = FrameAnalyser(grid, 2 * take.channels)
        self._hop = grid.hop_length * take.sample_rate / sample_rate  # at the take's rate, seldom whole
        self._gains, self._dropped = Queue(), 0

    @property
    def known(self) -> int:
        """Samples of the take whose gain is known."""
        return max(0, int((self._dropped + self._gains.length - 1) * self._hop))

    def feed(self, low: Wave, enhanced: Wave) -> None:
        """Takes (channel, time) twice."""
        self._hear(self._frames.feed(np.concatenate([enhanced, low])))

    def finish(self) -> None:
        """Ends the take; its last gain stays."""
        self._hear(self._frames.flush())

    def gains(self, start: int, count: int) -> FloatArray:
        """Returns the gains from a sample of the take on, and forgets those before: (count,)."""
        place = (start + np.arange(count)) / self._hop
        past = int(place[0]) - self._dropped
        forgotten = min(past, self._gains.length - 1)
        self._gains.drop(forgotten)
        self._dropped += forgotten
        values = self._gains.look(0, self._gains.length)
        return np.interp(place - self._dropped, np.arange(len(values)), values).astype(np.float32)

    def _hear(self, spectrum: Spectrum) -> None:
        if spectrum.shape[-1]:
            inside = spectrum[:, self._bins]
            power = (inside.real**2 + inside.imag**2).sum(axis=1) + FOLLOW_FLOOR  # (2 * channel, frame)
            after, before = power[: self._channels].mean(axis=0), power[self._channels :].mean(axis=0)
            self._gains.put(np.minimum(np.sqrt(after / before), MAX_HIGH_GAIN).astype(np.float32))
