"""Streams cut along their last axis: long windows that are cross-faded, and short chunks with context."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
AnyArray = NDArray[Any]


class Queue:
    """Values that wait, along the last axis."""

    def __init__(self) -> None:
        self._parts: list[AnyArray] = []
        self.length = 0

    def put(self, values: AnyArray) -> None:
        """Adds (..., time)."""
        if values.shape[-1]:
            self._parts.append(values)
            self.length += values.shape[-1]

    def look(self, start: int, end: int) -> AnyArray:
        """Returns the values from start to end, counted from the oldest; at least one must be there."""
        if len(self._parts) > 1:
            self._parts = [np.concatenate(self._parts, axis=-1)]
        return self._parts[0][..., start:end]

    def drop(self, count: int) -> None:
        """Forgets the oldest."""
        if count <= 0:
            return
        rest = self.look(count, self.length)
        self._parts = [rest] if rest.shape[-1] else []
        self.length -= count

    def take(self, count: int) -> AnyArray:
        """Returns the oldest and forgets them; at least one must be there."""
        values = self.look(0, count)
        self.drop(values.shape[-1])
        return values


def window_starts(total: int, window: int, overlap: int) -> list[int]:
    """Returns where windows begin: evenly, overlapping by `overlap` or more, the last one ending with the stream.

    >>> window_starts(1000, 500, 100), window_starts(300, 500, 100)
    ([0, 250, 500], [0])
    """
    if total <= window:
        return [0]
    count = -(-(total - overlap) // (window - overlap))
    return [int(start) for start in np.round(np.linspace(0, total - window, count))]


class FadedWindows:
    """Runs a function on windows of a stream of known length, and fades from each answer to the next.

    Where the windows lie depends on the length of the stream alone, so how it is fed leaves no trace.

    Args:
        total: length of the stream.
        window: length of the windows; a shorter stream is one window.
        overlap: of two windows, at least.
        run: (..., window) -> (..., window).
    """

    def __init__(self, total: int, window: int, overlap: int, run: Callable[[FloatArray], FloatArray]) -> None:
        self.window, self.run = min(window, total), run
        starts = window_starts(total, window, overlap)
        self._hops = [int(hop) for hop in np.diff([*starts, total])]
        self._queue = Queue()
        self._tail: FloatArray | None = None

    def feed(self, values: FloatArray) -> Iterator[FloatArray]:
        """Takes (..., time) and yields what is final."""
        self._queue.put(values)
        while self._hops and self._queue.length >= self.window:
            answer = self.run(self._queue.look(0, self.window))
            if self._tail is not None:
                shared = self._tail.shape[-1]
                share = fade(shared)
                answer[..., :shared] = self._tail + share * (answer[..., :shared] - self._tail)
            hop = self._hops.pop(0)
            self._tail = answer[..., hop:]
            self._queue.drop(hop)
            yield answer[..., :hop]


def fade(length: int) -> FloatArray:
    """Returns weights from 0 to 1; the outer quarters, where a network sees a border, stay 0 and 1: (length,)."""
    place = (np.arange(length) + 0.5) / length
    return np.clip(2 * place - 0.5, 0, 1).astype(np.float32)


class ContextChunks:
    """Cuts streams in step with each other into chunks with context; borders of the stream have none.

    Args:
        chunk: length.
        context: to either side.
    """

    def __init__(self, chunk: int, context: int) -> None:
        self.chunk, self.context = chunk, context
        self._queues: list[Queue] = []
        self._past = 0
        self._first = 0  # place of the next chunk in the stream

    def feed(self, *streams: AnyArray) -> Iterator[tuple[list[AnyArray], slice, int]]:
        """Takes (..., time) each and yields chunks that have all their context.

        Returns:
            the streams with context, where the chunk lies in them, and where its context begins in the stream.
        """
        self._queues = self._queues or [Queue() for _ in streams]
        for queue, stream in zip(self._queues, streams, strict=True):
            queue.put(stream)
        while self._queues[0].length - self._past >= self.chunk + self.context:
            yield self._next(self.chunk)

    def flush(self) -> Iterator[tuple[list[AnyArray], slice, int]]:
        """Yields what is left."""
        while self._queues and (left := self._queues[0].length - self._past) > 0:
            yield self._next(min(left, self.chunk))

    def _next(self, count: int) -> tuple[list[AnyArray], slice, int]:
        past = self._past
        heard = [queue.look(0, past + count + self.context) for queue in self._queues]
        drop = max(0, past + count - self.context)
        for queue in self._queues:
            queue.drop(drop)
        place, self._past, self._first = self._first - past, past + count - drop, self._first + count
        return heard, slice(past, past + count), place
