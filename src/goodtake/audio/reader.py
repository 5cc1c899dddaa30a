"""Read any audio file block by block, with bounded memory and an exact count of samples.

Use ``open_reader`` for the samples and ``probe`` for the facts alone. The samples may be read several times over: each
call of ``blocks`` begins again at the first sample.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np

from goodtake.audio.identify import identify
from goodtake.audio.info import STANDARD_STREAM, AudioInfo, no_samples
from goodtake.audio.pcm import FloatArray
from goodtake.audio.sources import Source
from goodtake.errors import UnreadableAudioError

BLOCK_FRAMES = 65_536


class AudioReader:
    """An open sound track. Made by ``open_reader``; a context manager.

    Attributes:
        info: the format; ``info.frames`` is filled in by the first whole pass where it was unknown.
    """

    def __init__(self, file: BinaryIO, info: AudioInfo, source: Source) -> None:
        self.info = info
        self._file = file
        self._source = source

    def __enter__(self) -> AudioReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; a spooled copy of standard input vanishes."""
        self._file.close()

    def blocks(self, frames: int = BLOCK_FRAMES) -> Iterator[FloatArray]:
        """Yield the whole sound from its beginning.

        Args:
            frames: samples per channel in each block but the last, which may be shorter.

        Shape:
            (channel, frames) each; float32, or float64 if ``info.is_double``.

        Raises:
            UnreadableAudioError: the file is damaged, cut off, holds no samples, or a sample is not a finite number.
        """
        if frames < 1:
            raise ValueError(f"blocks of {frames} samples")
        count = 0
        for block in _rechunk(self._source.decode(self.info), frames):
            if not np.isfinite(block).all():
                raise _not_finite(self.info, block, count)
            count += block.shape[1]
            yield block
        if not count:
            raise no_samples(self.info.name)
        self.info = replace(self.info, frames=count, duration_s=count / self.info.sample_rate)


def open_reader(path: str | os.PathLike[str]) -> AudioReader:
    """Open an audio file, or the sound of a video file.

    Args:
        path: the file; "-" reads WAV or any other supported format from standard input into a temporary file.

    Raises:
        UnreadableAudioError: not there, a folder, empty, not audio, cut off, without a sound track, with more than
            eight channels, or with a sample rate outside 8 to 192 kHz.
    """
    if os.fspath(path) == STANDARD_STREAM:
        file, name, place = _spool_standard_input(), "standard input", Path(STANDARD_STREAM)
    else:
        place = Path(path)
        name = str(place)
        file = _open(place)
    try:
        info, source = identify(file, place, name)
    except BaseException:
        file.close()
        raise
    return AudioReader(file, info, source)


def probe(path: str | os.PathLike[str]) -> AudioInfo:
    """Read the format of an audio file without its samples. Arguments and errors as ``open_reader``."""
    if os.fspath(path) == STANDARD_STREAM:
        raise UnreadableAudioError("standard input can be read only once: open it with open_reader and use its info")
    with open_reader(path) as reader:
        return reader.info


def read_audio(path: str | os.PathLike[str]) -> tuple[FloatArray, AudioInfo]:
    """Read a short file whole: (channel, time) and its format. Long files are for ``open_reader``."""
    with open_reader(path) as reader:
        return np.concatenate(list(reader.blocks()), axis=1), reader.info


def _open(path: Path) -> BinaryIO:
    if path.is_dir():
        raise UnreadableAudioError(f"{path}: is a folder; give an audio file, or the files in it with {path}/*")
    if path.exists() and not path.is_file():  # opening a pipe would wait for its other end
        raise UnreadableAudioError(f"{path}: is no ordinary file; pipe the sound into standard input and give -")
    if path.exists() and not path.is_file():  # opening a named pipe would wait for ever
        raise UnreadableAudioError(f"{path}: is no ordinary file; pipe the sound into standard input and give -")
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise UnreadableAudioError(f"{path}: no such file; check the name and the folder") from error
    except PermissionError as error:
        raise UnreadableAudioError(f"{path}: may not be read; change its permissions") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableAudioError(f"{path}: cannot be opened: {reason}; give an audio file") from error
    return file


def _spool_standard_input() -> BinaryIO:
    """Copy standard input to an unnamed temporary file: sound is read more than once."""
    file: BinaryIO = tempfile.TemporaryFile(prefix="goodtake-")  # noqa: SIM115
    try:
        shutil.copyfileobj(sys.stdin.buffer, file, 1 << 20)
    except BaseException as error:
        file.close()
        if isinstance(error, OSError):
            raise UnreadableAudioError(
                f"standard input: cannot be kept in a temporary file: {error.strerror}; "
                f"free space in {tempfile.gettempdir()}"
            ) from error
        raise
    return file


def _rechunk(blocks: Iterator[FloatArray], frames: int) -> Iterator[FloatArray]:
    """Join and cut blocks (channel, time) so that all but the last have ``frames`` samples."""
    pending: list[FloatArray] = []
    held = 0
    for block in blocks:
        pending.append(block)
        held += block.shape[1]
        if held < frames:
            continue
        joined = pending[0] if len(pending) == 1 else np.concatenate(pending, axis=1)
        whole = held - held % frames
        for start in range(0, whole, frames):
            yield np.ascontiguousarray(joined[:, start : start + frames])
        pending, held = ([joined[:, whole:]] if held > whole else []), held - whole
    if held:
        yield np.ascontiguousarray(np.concatenate(pending, axis=1))


def _not_finite(info: AudioInfo, block: FloatArray, start: int) -> UnreadableAudioError:
    channel, position = np.argwhere(~np.isfinite(block))[0]
    what = "NaN" if np.isnan(block[channel, position]) else "infinity"
    return UnreadableAudioError(
        f"{info.name}: holds {what} at {(start + position) / info.sample_rate:.3f} s in channel {channel + 1}; "
        "export it again, or convert it to a whole-number format such as 24-bit WAV"
    )
