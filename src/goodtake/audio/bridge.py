"""Files as libav sees them. An exception must not cross its C code: PyAV would print it, or lose it.

So nothing here raises while libav is calling; the first failure is kept, and ``check`` raises it afterwards.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import BinaryIO

EINVAL = -22


class InputFile:
    """A file for a demuxer: a seek to nowhere is refused instead of raised, a read error looks like the end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._error: OSError | None = None

    def read(self, size: int) -> bytes:
        """The next bytes."""
        try:
            return self._file.read(size)
        except OSError as error:
            self._error = self._error or error
            return b""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move; a negative number says that there is no such place."""
        try:
            return self._file.seek(offset, whence)
        except (OSError, ValueError, OverflowError):
            return EINVAL

    def tell(self) -> int:
        """The position."""
        return self._file.tell()

    def seekable(self) -> bool:
        """Always."""
        return True

    def check(self) -> None:
        """Raise what went wrong."""
        if self._error:
            raise self._error


class OutputFile:
    """A file for a muxer, which begins where ``file`` stands now: behind a tag, say."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._base = file, file.tell()
        self._error: OSError | None = None

    def write(self, data: bytes) -> int:
        """Write, or after a failure only pretend to."""
        if self._error is None:
            try:
                self._file.write(data)
            except OSError as error:
                self._error = error
        return len(data)

    def read(self, size: int = -1) -> bytes:
        """Read back; some muxers do."""
        return self._file.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move, counted from the base."""
        try:
            return self._file.seek(offset + (self._base if whence == os.SEEK_SET else 0), whence) - self._base
        except OSError as error:
            self._error = self._error or error
            return EINVAL

    def tell(self) -> int:
        """The position, counted from the base."""
        return self._file.tell() - self._base

    def seekable(self) -> bool:
        """Always."""
        return True

    def check(self) -> None:
        """Raise what went wrong."""
        if self._error:
            raise self._error


class OutputStream:
    """Bytes of a muxer that never looks back, handed to a function."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self._error: OSError | None = None

    def write(self, data: bytes) -> int:
        """Hand the bytes on, or after a failure only pretend to."""
        if self._error is None:
            try:
                self._take(bytes(data))
            except OSError as error:
                self._error = error
        return len(data)

    def seekable(self) -> bool:
        """Never."""
        return False

    def check(self) -> None:
        """Raise what went wrong."""
        if self._error:
            raise self._error
