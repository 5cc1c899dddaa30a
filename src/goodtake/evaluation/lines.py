"""Files of lines that several processes append to, each of which may be killed: locks, and where whole lines end."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from math import inf

POLL_S = 0.05
"""How often a lock is tried."""


@contextmanager
def locked(file: FileIO, patience_s: float = inf) -> Iterator[None]:
    """Holds an open file against other processes that lock it too, where the system knows such locks.

    Args:
        file: open.
        patience_s: how long to wait for another process, seconds.

    Raises:
        BlockingIOError: another process holds it for longer.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    end = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if patience_s == inf else fcntl.LOCK_NB))
            break
        except BlockingIOError:
            if time.monotonic() > end:
                raise
            time.sleep(POLL_S)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def whole_length(file: FileIO) -> int:
    """Returns the length of a file up to the end of its last whole line, bytes."""
    end = file.seek(0, os.SEEK_END)
    if end == 0:
        return 0
    file.seek(end - 1)
    return end if file.read(1) == b"\n" else start_of_last_line(file, end + 1)


def start_of_last_line(file: FileIO, end: int) -> int:
    """Returns where the line starts whose line break is the last byte before `end`."""
    stop = end - 1
    while stop > 0:
        start = max(0, stop - 65_536)
        file.seek(start)
        found = file.read(stop - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        stop = start
    return 0
