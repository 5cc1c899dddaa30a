"""Write a sound file block by block that is like another one; it appears at its place only when it is whole."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np

from goodtake.audio.atomic import AtomicFile, check_output, disk_errors
from goodtake.audio.carry import Baggage, pack_baggage
from goodtake.audio.encoders import Encoder, FlacEncoder, PcmEncoder
from goodtake.audio.formats import PCM_CONTAINERS, SOUND_ONLY_MUXERS, OutputFormat, plan_output
from goodtake.audio.info import STANDARD_STREAM, AudioInfo
from goodtake.audio.pcm import FloatArray
from goodtake.errors import UnwritableAudioError


class AudioWriter:
    """An output in the making. Made by ``open_writer``; a context manager.

    Leaving the ``with`` block normally completes the file and gives it its name. Leaving it by any exception,
    KeyboardInterrupt included, deletes what was written.

    Attributes:
        path: the final place.
        output: how the file is stored.
        frames: samples per channel written so far.
    """

    def __init__(self, path: str, output: OutputFormat, encoder: Encoder, file: AtomicFile | None) -> None:
        self.path, self.output, self.frames = path, output, 0
        self._encoder, self._file = encoder, file
        self._open = True

    def __enter__(self) -> AudioWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    def write(self, block: FloatArray) -> None:
        """Append samples; integer formats are rounded to the nearest step and clipped at the rails.

        Args:
            block: floats, full scale is 1.

        Shape:
            (channel, time), any time, also 0.

        Raises:
            UnwritableAudioError: the disk is full or gone, or a sample is not a finite number.
        """
        if block.ndim != 2 or block.shape[0] != self.output.channels:
            raise ValueError(f"{self.path}: a block of shape {block.shape} for {self.output.channels} channels")
        if not block.shape[1]:
            return
        if not np.isfinite(block).all():
            raise UnwritableAudioError(f"{self.path}: the sound to be written holds NaN or infinity; this is a fault")
        with disk_errors(self.path):
            self._encoder.write(block)
        self.frames += block.shape[1]

    def close(self) -> None:
        """Complete the file and give it its name; on failure nothing stays."""
        if not self._open:
            return
        try:
            if not self.frames:
                raise UnwritableAudioError(f"{self.path}: there are no samples to write; nothing was made")
            with disk_errors(self.path):
                self._encoder.finish()
            if self._file is not None:
                self._file.commit()
        except BaseException:
            self.abort()
            raise
        self._open = False

    def abort(self) -> None:
        """Give up: delete what was written. Safe at any time."""
        if self._open:
            self._open = False
            with suppress(OSError, UnwritableAudioError):
                self._encoder.abandon()
            if self._file is not None:
                self._file.discard()


def open_writer(
    path: str | os.PathLike[str],
    like: AudioInfo,
    *,
    overwrite: bool = False,
    source: str | os.PathLike[str] | None = None,
) -> AudioWriter:
    """Begin an output file that has the sample rate, channels, bit depth, codec, tags, cover and video of another one.

    Args:
        path: the output; its extension names the format. "-" writes WAV to standard output.
        like: the input's format.
        overwrite: whether an existing file may be replaced.
        source: the input file: it must not be the output, and metadata and video are taken from it. Left out, it is
            ``like.path``.

    Raises:
        OutputExistsError: the output exists and ``overwrite`` is off, or it is the input.
        UnwritableAudioError: no such folder, no permission, no such format, or the format cannot hold the sound.
    """
    name = os.fspath(path)
    origin = Path(source) if source is not None else like.path
    origin_file = None if os.fspath(origin) == STANDARD_STREAM else origin
    output = plan_output(name, like)
    baggage = pack_baggage(like, origin_file)
    if name == STANDARD_STREAM:
        with disk_errors("standard output"):
            return AudioWriter("standard output", output, _to_pipe(output, like, baggage), None)
    check_output(Path(name), origin_file, overwrite)
    file = AtomicFile(Path(name), overwrite)
    try:
        with disk_errors(name):
            encoder = _encoder(file.file, output, like, baggage)
    except BaseException:
        file.discard()
        raise
    return AudioWriter(name, output, encoder, file)


def _to_pipe(output: OutputFormat, like: AudioInfo, baggage: Baggage) -> Encoder:
    return PcmEncoder(sys.stdout.buffer, output, like, baggage, stream=True)


def _encoder(file: BinaryIO, output: OutputFormat, like: AudioInfo, baggage: Baggage) -> Encoder:
    if output.container in PCM_CONTAINERS:
        return PcmEncoder(file, output, like, baggage)
    if output.container == "flac":
        return FlacEncoder(file, output, baggage)
    if output.codec == "vorbis" and output.container == "ogg":
        from goodtake.audio.vorbis import make_vorbis_encoder

        return make_vorbis_encoder(file, output, baggage)
    if output.muxer in SOUND_ONLY_MUXERS:
        from goodtake.audio.libav_encode import LibavEncoder

        return LibavEncoder(file, output, baggage)
    from goodtake.audio.video import VideoEncoder

    return VideoEncoder(file, output, like, baggage)
