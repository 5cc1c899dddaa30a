"""Bounded-memory containers that the measures of a take are made of.

All of them are fed in portions of one fixed size (`FixedBlocks` cuts any stream into those), so a result does not
depend on the size of the blocks that the file was read in, down to the last bit.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from goodtake.dsp.stft import Wave

SILENCE_DB = -150.0
"""What silence reads in dB, so that no result is infinite."""

LOWEST_DB, LEVELS = -180, 210
"""Lowest level of a histogram, dB, and its number of 1-dB steps."""


def to_db(power: NDArray[np.floating] | float) -> NDArray[np.float64]:
    """Returns 10 lg of a power, no lower than `SILENCE_DB`.

    >>> float(to_db(0.01)), float(to_db(0.0))
    (-20.0, -150.0)
    """
    level = 10 * np.log10(np.maximum(np.asarray(power, np.float64), 1e-20))
    return np.asarray(np.maximum(level, SILENCE_DB))


class FixedBlocks:
    """Cuts a stream of (row, n) blocks of any length into (row, length) blocks.

    Args:
        rows: rows of every block.
        length: columns of every block given out; the last one may be shorter.
    """

    def __init__(self, rows: int, length: int) -> None:
        self.length = length
        self._buffer = np.zeros((rows, length), np.float32)
        self._filled = 0

    def feed(self, block: Wave) -> Iterator[Wave]:
        """Yields every block that has become full. A yielded block is valid until the next one is asked for."""
        start, total = 0, block.shape[-1]
        while start < total:
            if self._filled == 0 and total - start >= self.length:
                yield block[:, start : start + self.length]
                start += self.length
                continue
            taken = min(self.length - self._filled, total - start)
            self._buffer[:, self._filled : self._filled + taken] = block[:, start : start + taken]
            self._filled += taken
            start += taken
            if self._filled == self.length:
                self._filled = 0
                yield self._buffer

    def rest(self) -> Wave:
        """Returns what has not filled a block, (row, n) with n < length, and forgets it."""
        rest = self._buffer[:, : self._filled].copy()
        self._filled = 0
        return rest


class LevelHistogram:
    """Counts of levels in 1-dB steps, one histogram per row: quantiles of a stream in bounded memory.

    Args:
        rows: number of histograms.
    """

    def __init__(self, rows: int) -> None:
        self.counts = np.zeros((rows, LEVELS), np.int64)
        self._offsets = (np.arange(rows, dtype=np.int64) * LEVELS)[:, None]

    def add(self, power: NDArray[np.floating]) -> None:
        """Counts the levels of powers (row, column)."""
        level = 10 * np.log10(np.maximum(power, np.float32(1e-18)))
        steps = np.clip(level - LOWEST_DB, 0, LEVELS - 1).astype(np.int64) + self._offsets
        self.counts += np.bincount(steps.ravel(), minlength=self.counts.size).reshape(self.counts.shape)

    def quantile_db(self, share: float) -> NDArray[np.float64]:
        """Returns the level below which that share of each row lies, dB, interpolated within the step: (row,)."""
        total = self.counts.sum(1)
        wanted = share * total
        cumulative = np.cumsum(self.counts, axis=1)
        step = np.argmax(cumulative >= np.maximum(wanted, 1)[:, None], axis=1)
        rows = np.arange(len(step))
        inside = self.counts[rows, step]
        before = cumulative[rows, step] - inside
        part = np.clip((wanted - before) / np.maximum(inside, 1), 0, 1)
        level = LOWEST_DB + step + np.where(inside > 0, part, 0)
        return np.where(total > 0, np.maximum(level, SILENCE_DB), SILENCE_DB)


class ColumnPool:
    """Time-averaged columns of a stream of any length, at most `capacity` of them.

    When they are full, neighbours are averaged and each column stands for twice the time.

    Args:
        rows: rows of a column.
        capacity: highest number of columns, even.
        portion: columns fed at once (a power of two), but for the last time.
    """

    def __init__(self, rows: int, capacity: int, portion: int) -> None:
        self.factor = 1
        self._columns = np.zeros((rows, capacity), np.float32)
        self._filled = 0
        self._portion = portion
        self._sum = np.zeros(rows, np.float64)
        self._summed = 0

    def add(self, values: NDArray[np.floating]) -> None:
        """Takes (row, column); only the last call may bring fewer columns than `portion`."""
        count = values.shape[1]
        while self._filled + -(-count // self.factor) > self._columns.shape[1]:
            self._halve()
        if self.factor < self._portion:
            pooled = np.add.reduceat(values, np.arange(0, count, self.factor), axis=1) / self.factor
            if count % self.factor:
                pooled[:, -1] *= self.factor / (count % self.factor)
            self._append(pooled)
            return
        self._sum += values.sum(1)
        self._summed += count
        if self._summed >= self.factor:
            self._flush()

    def columns(self) -> NDArray[np.float32]:
        """Returns the columns so far, (row, column); the stream has ended."""
        if self._summed:
            self._flush()
        return self._columns[:, : self._filled].copy()

    def _flush(self) -> None:
        self._append((self._sum / self._summed)[:, None])
        self._sum[:], self._summed = 0, 0

    def _append(self, columns: NDArray[np.floating]) -> None:
        self._columns[:, self._filled : self._filled + columns.shape[1]] = columns
        self._filled += columns.shape[1]

    def _halve(self) -> None:
        half = self._filled // 2
        self._columns[:, :half] = self._columns[:, : 2 * half].reshape(len(self._columns), half, 2).mean(2)
        self._filled = half
        self.factor *= 2
