"""The two places samples come from, behind one interface: plain PCM read by goodtake itself, all else through libav."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from goodtake.audio.chunks import PcmLayout
from goodtake.audio.flac import FlacHeader
from goodtake.audio.info import AudioInfo, cut_off, damaged
from goodtake.audio.pcm import FloatArray, decode_pcm

PCM_BLOCK_FRAMES = 65_536
# How far, at most, a lossy decoder may stop short of what an MP4 index says: HE-AAC decoders differ in their delay.
MP4_SLACK_FRAMES = 4_096


class Source(Protocol):
    """Gives the samples of a file from its beginning, every time it is asked."""

    def decode(self, info: AudioInfo) -> Iterator[FloatArray]:
        """Yield blocks (channel, time) of any length; raise UnreadableAudioError where the file is damaged."""
        ...


class PcmSource:
    """Plain samples at a known place in a file."""

    def __init__(self, file: BinaryIO, layout: PcmLayout) -> None:
        self.file, self.layout = file, layout

    def decode(self, info: AudioInfo) -> Iterator[FloatArray]:
        """See ``Source``."""
        layout = self.layout
        for start in range(0, layout.frames, PCM_BLOCK_FRAMES):
            wanted = min(PCM_BLOCK_FRAMES, layout.frames - start) * layout.frame_bytes
            self.file.seek(layout.data_offset + start * layout.frame_bytes)
            raw = self.file.read(wanted)
            if len(raw) < wanted:  # the file shrank while it was read
                raise cut_off(info.name, start / info.sample_rate, layout.frames / info.sample_rate)
            yield decode_pcm(raw, layout.encoding, layout.channels)


class LibavSource:
    """A sound stream that libav decodes, trimmed to the exact length where that is known.

    Args:
        file: the open file.
        demuxer: libav's name of the container.
        flac: the header of a native FLAC file: its checksum is verified.
    """

    def __init__(self, file: BinaryIO, demuxer: str, flac: FlacHeader | None = None) -> None:
        self.file, self.demuxer, self.flac = file, demuxer, flac

    def decode(self, info: AudioInfo) -> Iterator[FloatArray]:
        """See ``Source``."""
        from goodtake.audio.libav import decode, to_float

        count = 0
        checksum = hashlib.md5(usedforsecurity=False)
        verify = self.flac is not None and any(self.flac.md5)
        for samples in decode(self.file, self.demuxer, info.name, info.sample_rate, info.channels):
            if verify and self.flac:
                checksum.update(_flac_bytes(samples, self.flac.bit_depth))
            if info.frames is not None:
                samples = samples[:, : info.frames - count]
            if samples.shape[1]:
                count += samples.shape[1]
                yield to_float(samples, info.is_double)
        missing = 0 if info.frames is None else info.frames - count
        if missing and info.container in ("mp4", "mov") and not info.lossless and 0 < missing <= MP4_SLACK_FRAMES:
            yield np.zeros((info.channels, missing), np.float32)
        elif missing:
            raise cut_off(info.name, count / info.sample_rate, (info.frames or 0) / info.sample_rate)
        if verify and self.flac and checksum.digest() != self.flac.md5:
            raise damaged(info.name, "its samples do not match the MD5 checksum it carries")


def _flac_bytes(samples: NDArray[Any], bit_depth: int) -> bytes:
    """The bytes FLAC's checksum is made of; libav gives samples left-justified in 16 or 32 bits."""
    shifted = samples.T >> (8 * samples.dtype.itemsize - bit_depth)  # (time, channel), right-justified
    width = -(-bit_depth // 8)
    interleaved = np.ascontiguousarray(shifted, dtype=f"<i{samples.dtype.itemsize}")
    if width == interleaved.itemsize:
        return interleaved.tobytes()
    return interleaved.view(np.uint8).reshape(-1, interleaved.itemsize)[:, :width].tobytes()
