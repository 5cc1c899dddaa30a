"""Write a file under a temporary name beside its place, and rename it only when it is whole."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from goodtake.errors import OutputExistsError, UnwritableAudioError


def check_output(path: Path, source: Path | None, overwrite: bool) -> None:
    """Refuse an output that would destroy something or that has no place.

    Raises:
        OutputExistsError: it exists and ``overwrite`` is off, or it is the input (also by another name).
        UnwritableAudioError: its folder is missing, is none, or may not be written to.
    """
    if source is not None and path.exists() and source.exists() and path.samefile(source):
        raise OutputExistsError(f"{path}: is the input itself; give the output another name")
    if path.is_dir():
        raise UnwritableAudioError(f"{path}: is a folder; give the name of a file in it")
    folder = path.parent
    if not folder.exists():
        raise UnwritableAudioError(f"{path}: there is no folder {folder}; make it first")
    if not folder.is_dir():
        raise UnwritableAudioError(f"{path}: {folder} is not a folder; give another place")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UnwritableAudioError(f"{path}: the folder {folder} may not be written to; give another place with -o")
    if not overwrite and (path.exists() or path.is_symlink()):
        raise OutputExistsError(f"{path}: exists already; give another name, or overwrite it with --force")


@contextmanager
def disk_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn the operating system's refusals while writing into ``UnwritableAudioError``."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            text = f"{path}: the disk is full; free some space, or give another place"
        elif error.errno == errno.EFBIG:
            text = f"{path}: the file grew larger than the disk or its limits allow; give another place or format"
        elif error.errno == errno.EPIPE:
            text = f"{path}: whoever was to read it has gone"
        else:
            text = f"{path}: cannot be written: {error.strerror or error}; give another place"
        raise UnwritableAudioError(text) from error


class AtomicFile:
    """A file that appears at its place only by ``commit``; ``discard`` leaves no trace.

    Args:
        path: its final place, in an existing folder.
        overwrite: whether a file that is there by then is replaced.

    Attributes:
        file: open for reading and writing.
    """

    def __init__(self, path: Path, overwrite: bool) -> None:
        self.path, self.overwrite = path, overwrite
        # Symbolic links stay links: the file they point to is replaced.
        self._place = path.resolve() if path.is_symlink() else path
        self.temporary = self._place.with_name(f".{path.stem[:64]}.{secrets.token_hex(6)}.part")
        with disk_errors(path):
            # Unlike tempfile, plain open gives the permissions the user's umask asks for.
            self.file: BinaryIO = self.temporary.open("x+b")

    def commit(self) -> None:
        """Make the file durable and give it its name."""
        with disk_errors(self.path):
            self.file.flush()
            os.fsync(self.file.fileno())
            self.file.close()
            if not self.overwrite and self._place.exists():
                raise OutputExistsError(f"{self.path}: was made by another program meanwhile; give another name")
            self.temporary.replace(self._place)

    def discard(self) -> None:
        """Close and delete; safe at any time and more than once."""
        with suppress(OSError):
            self.file.close()
        with suppress(OSError):
            self.temporary.unlink()
