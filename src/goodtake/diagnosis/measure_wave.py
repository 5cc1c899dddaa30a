"""What the samples themselves tell: level over time, direct current, clipping, digital silence, the two channels.

Clipping shows as runs of equal samples at the highest or lowest value *of this file*, which need not be full scale. A
run counts when it is entered with a step of more than two steps of a 16-bit file: the top of a slow tone also holds
several equal samples, but is reached gently. Sound that was clipped before it went through a lossy codec has no such
runs and is not found.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from goodtake.diagnosis.measure_blocks import SILENCE_DB, ColumnPool, FixedBlocks, to_db
from goodtake.dsp.stft import Wave

UNIT_SECONDS = 0.01
PORTION = 64
"""Units of 10 ms that are worked on at once."""

LEVEL_COLUMNS = 800
SHORTEST_RUN = 3
GENTLE_STEP = 2.2 / 32768
RAIL_TOLERANCE = 2e-3
"""A run lies at the rail when it is within this share of the extreme value."""

KEY_SHIFT = 13
"""Bits of a float32 that are dropped to tell the values of runs apart: 1/1024 of a value remains."""

DEAD_DB = 50.0
"""A channel that many dB below the loudest one is dead."""


@dataclass(frozen=True)
class WaveFacts:
    """Measures of the samples; levels in dB relative to full scale, a full-scale square wave being 0 dB.

    Args:
        samples: length per channel.
        peak_dbfs: highest absolute sample.
        rms_dbfs: over all channels and the whole file.
        dc_offset: largest mean of a channel, full scale = 1.
        clipped_runs: number of runs at the rails.
        clipped_share: share of all samples within those runs.
        clip_ceiling_dbfs: level of the lowest rail that was clipped at, None where nothing is.
        digital_silence_share: share of time at which every channel is exactly zero.
        channel_rms_dbfs: rms of each channel.
        channel_correlation: correlation of the first two channels, None for mono or silence.
        channels_equal: whether more than one channel holds the same samples.
        dead_channels: numbers, from 1, of channels with nothing in them while others play.
        level_dbfs: rms over time, at most 800 values.
        level_step_s: time between two of them.
    """

    samples: int
    peak_dbfs: float
    rms_dbfs: float
    dc_offset: float
    clipped_runs: int
    clipped_share: float
    clip_ceiling_dbfs: float | None
    digital_silence_share: float
    channel_rms_dbfs: tuple[float, ...]
    channel_correlation: float | None
    channels_equal: bool
    dead_channels: tuple[int, ...]
    level_dbfs: tuple[float, ...]
    level_step_s: float


class WaveMeasure:
    """Takes blocks (channel, n) of any size and gives `WaveFacts`."""

    def __init__(self, sample_rate: int, channels: int) -> None:
        self.sample_rate, self.channels = sample_rate, channels
        self._unit = max(1, round(UNIT_SECONDS * sample_rate))
        self._blocks = FixedBlocks(channels, PORTION * self._unit)
        self._level = ColumnPool(1, LEVEL_COLUMNS, PORTION)
        self._samples = self._silent = 0
        self._high = np.zeros(channels)
        self._low = np.zeros(channels)
        self._sums = np.zeros(channels)
        self._squares = np.zeros(channels)
        self._product = self._difference = 0.0
        self._tails = np.full((channels, SHORTEST_RUN), np.nan, np.float32)
        self._runs: list[dict[int, _Runs]] = [{} for _ in range(channels)]

    def update(self, block: Wave) -> None:
        """Takes the next samples, (channel, n)."""
        for portion in self._blocks.feed(block):
            self._take(portion)

    def result(self) -> WaveFacts:
        """Returns the measures; the stream has ended."""
        rest = self._blocks.rest()
        if rest.shape[1]:
            self._take(rest)
        n = max(self._samples, 1)
        channel_rms = to_db(self._squares / n)
        peak = float(np.maximum(self._high, -self._low).max(initial=0.0))
        runs, clipped, ceiling = self._clipping()
        loudest = float(channel_rms.max(initial=SILENCE_DB))
        dead = [c + 1 for c, level in enumerate(channel_rms) if level < loudest - DEAD_DB]
        level = to_db(self._level.columns()[0])
        return WaveFacts(
            samples=self._samples,
            peak_dbfs=float(to_db(peak**2)),
            rms_dbfs=float(to_db(self._squares.sum() / n / self.channels)),
            dc_offset=float(self._sums[np.abs(self._sums).argmax()] / n),
            clipped_runs=runs,
            clipped_share=clipped / n / self.channels,
            clip_ceiling_dbfs=None if ceiling is None else float(to_db(ceiling**2)),
            digital_silence_share=self._silent / n,
            channel_rms_dbfs=tuple(float(level) for level in channel_rms),
            channel_correlation=self._correlation(),
            channels_equal=self.channels > 1 and self._difference == 0,
            dead_channels=tuple(dead),
            level_dbfs=tuple(round(float(value), 2) for value in level),
            level_step_s=self._level.factor * self._unit / self.sample_rate,
        )

    def _take(self, wave: Wave) -> None:
        count = wave.shape[1]
        self._samples += count
        self._high = np.maximum(self._high, wave.max(1))
        self._low = np.minimum(self._low, wave.min(1))
        self._sums += wave.sum(1, dtype=np.float64)
        whole = count // self._unit * self._unit
        units = wave[:, :whole].reshape(self.channels, -1, self._unit)
        energy = np.einsum("cun,cun->cu", units, units)
        left = wave[:, whole:]
        if left.shape[1]:
            last = np.einsum("cn,cn->c", left, left)
            self._squares += last
            energy = np.concatenate([energy, last[:, None] * (self._unit / left.shape[1])], axis=1)
        self._squares += energy[:, : whole // self._unit].sum(1, dtype=np.float64)
        self._level.add(energy.mean(0, keepdims=True) / self._unit)
        if energy.min() == 0:
            self._silent += int(np.count_nonzero(~wave.any(axis=0)))
        if self.channels > 1:
            self._product += float(np.dot(wave[0], wave[1]))
            if self._difference == 0:
                self._difference = float(np.abs(wave[1:] - wave[0]).max())
        joined = np.concatenate([self._tails, wave], axis=1)
        for channel in range(self.channels):
            self._find_runs(joined[channel], channel)
        self._tails = joined[:, -SHORTEST_RUN:].copy()

    def _find_runs(self, wave: NDArray[np.float32], channel: int) -> None:
        """Counts, per value, the places that continue a run of three, the runs, and those that begin with a step."""
        equal = wave[1:] == wave[:-1]
        triple = equal[1:] & equal[:-1]  # triple[i]: samples i, i + 1 and i + 2 are equal
        places = np.flatnonzero(triple[1:]) + 1  # the first three samples are the tail of the last portion
        if not len(places):
            return
        values = wave[places]
        top = max(self._high[channel], -self._low[channel])
        loud = np.abs(values) > 0.5 * top
        places, values = places[loud], values[loud]
        begins = ~triple[places - 1]
        sharp = begins & (np.abs(values - wave[places - 1]) > GENTLE_STEP)
        keys, inverse = np.unique(values.view(np.uint32) >> KEY_SHIFT, return_inverse=True)
        runs = self._runs[channel]
        for number, key in enumerate(keys.tolist()):
            chosen = inverse == number
            found = runs.setdefault(key, _Runs())
            found.value = float(values[chosen][0]) if found.places == 0 else found.value
            found.places += int(np.count_nonzero(chosen))
            found.begins += int(np.count_nonzero(begins & chosen))
            found.sharp += int(np.count_nonzero(sharp & chosen))
        for key in [key for key, found in runs.items() if abs(found.value) <= 0.5 * top]:
            del runs[key]  # the peak has grown: what lies far below it is no rail

    def _clipping(self) -> tuple[int, int, float | None]:
        """Returns the number of clipped runs, of samples in them, and the lowest clipped rail."""
        total, samples, ceiling = 0, 0, None
        for channel in range(self.channels):
            for rail in (self._high[channel], self._low[channel]):
                near = [r for r in self._runs[channel].values() if abs(r.value - rail) <= RAIL_TOLERANCE * abs(rail)]
                sharp, begins = sum(r.sharp for r in near), sum(r.begins for r in near)
                if not sharp:
                    continue
                total += sharp
                samples += round((sum(r.places for r in near) + (SHORTEST_RUN - 1) * begins) * sharp / begins)
                ceiling = abs(rail) if ceiling is None else min(ceiling, abs(rail))
        return total, samples, None if ceiling is None else float(ceiling)

    def _correlation(self) -> float | None:
        if self.channels < 2 or min(self._squares[:2]) <= 0:
            return None
        return float(np.clip(self._product / np.sqrt(self._squares[0] * self._squares[1]), -1, 1))


@dataclass
class _Runs:
    """Runs of one value: places that continue one, places where one begins, and those of them with a step."""

    value: float = 0.0
    places: int = 0
    begins: int = 0
    sharp: int = 0
