"""Walk the chunks of WAV (RIFF, RF64, Wave64), AIFF and CAF files: an identifier, a size, a payload, again and again.

The parsers of the three containers share this walk, and so does the copying of metadata: a chunk that says nothing
about how the samples are stored (texts, pictures, cue points, broadcast data) is carried over byte for byte.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from goodtake.audio.pcm import PcmEncoding

MAX_METADATA_BYTES = 64 * 2**20
UNTIL_END = -1


@dataclass(frozen=True)
class ChunkFamily:
    """How a container writes its chunk headers.

    Attributes:
        id_bytes: length of the identifier, 4 or a 16-byte GUID.
        size_format: ``struct`` format of the size field.
        size_has_header: whether the size counts the chunk header too.
        alignment: chunks start at multiples of this many bytes.
    """

    id_bytes: int
    size_format: str
    size_has_header: bool
    alignment: int

    @property
    def header_bytes(self) -> int:
        """Identifier and size together."""
        return self.id_bytes + struct.calcsize(self.size_format)

    def pack(self, identifier: bytes, payload: bytes) -> bytes:
        """A whole chunk, padded."""
        return self.header(identifier, len(payload)) + payload + bytes(self.padding(len(payload)))

    def header(self, identifier: bytes, size: int) -> bytes:
        """The header of a chunk with ``size`` bytes of payload."""
        return identifier + struct.pack(self.size_format, size + (self.header_bytes if self.size_has_header else 0))

    def padding(self, size: int) -> int:
        """Bytes of filling after a payload of ``size`` bytes."""
        return -size % self.alignment


RIFF = ChunkFamily(4, "<I", size_has_header=False, alignment=2)
WAVE64 = ChunkFamily(16, "<q", size_has_header=True, alignment=8)
AIFF = ChunkFamily(4, ">I", size_has_header=False, alignment=2)
CAF = ChunkFamily(4, ">q", size_has_header=False, alignment=1)


@dataclass(frozen=True)
class Chunk:
    """One chunk: where its payload lies. A size of -1 (CAF only) means: up to the end of the file."""

    identifier: bytes
    offset: int
    size: int


@dataclass(frozen=True)
class PcmLayout:
    """Where and how a file holds plain samples.

    Attributes:
        container: wav, rf64, w64, aiff or caf.
        encoding: the format of one sample.
        sample_rate: in Hz.
        channels: samples per frame.
        data_offset: position of the first sample in bytes.
        frames: samples per channel that the file really holds.
        missing_frames: samples per channel that its header promises beyond these: more than 0 means cut off.
        chunks: all others, in their order.
        channel_mask: of WAVE_FORMAT_EXTENSIBLE; None if the file is not extensible.
    """

    container: str
    encoding: PcmEncoding
    sample_rate: int
    channels: int
    data_offset: int
    frames: int
    missing_frames: int
    chunks: tuple[Chunk, ...] = ()
    channel_mask: int | None = None

    @property
    def frame_bytes(self) -> int:
        """Size of one sample of all channels."""
        return self.channels * self.encoding.bytes_per_sample


@dataclass
class ChunkMap:
    """What a walk found: the first chunk of each identifier, and all of them in order."""

    first: dict[bytes, Chunk] = field(default_factory=dict)
    all: list[Chunk] = field(default_factory=list)


def walk_chunks(
    file: BinaryIO, family: ChunkFamily, start: int, end: int, sizes: Mapping[bytes, int] | None = None
) -> Iterator[Chunk]:
    """Yield the chunks between two positions; a size may point beyond ``end``, then it is the last.

    Args:
        file: seekable.
        family: how the headers look.
        start: position of the first chunk header.
        end: size of the file in bytes.
        sizes: true sizes by identifier where the header cannot say them (RF64).
    """
    position = start
    while position + family.header_bytes <= end:
        file.seek(position)
        header = file.read(family.header_bytes)
        if len(header) < family.header_bytes:
            return
        identifier = header[: family.id_bytes]
        (size,) = struct.unpack(family.size_format, header[family.id_bytes :])
        if family.size_has_header:
            size -= family.header_bytes
        if sizes and size == 0xFFFFFFFF and identifier in sizes:
            size = sizes[identifier]
        offset = position + family.header_bytes
        yield Chunk(identifier, offset, size)
        if size < 0:
            return
        position = offset + size + family.padding(size)


def map_chunks(
    file: BinaryIO, family: ChunkFamily, start: int, end: int, sizes: Mapping[bytes, int] | None = None
) -> ChunkMap:
    """Walk once and index the result."""
    found = ChunkMap()
    for chunk in walk_chunks(file, family, start, end, sizes):
        found.all.append(chunk)
        found.first.setdefault(chunk.identifier, chunk)
    return found


def read_payload(file: BinaryIO, chunk: Chunk, limit: int = MAX_METADATA_BYTES) -> bytes:
    """The payload of a small chunk, at most ``limit`` bytes of it."""
    file.seek(chunk.offset)
    return file.read(min(chunk.size, limit)) if chunk.size >= 0 else b""


def copy_metadata(file: BinaryIO, family: ChunkFamily, chunks: tuple[Chunk, ...], end: int) -> bytes:
    """The given chunks as bytes for another file of the same family; broken or huge ones are left out."""
    parts: list[bytes] = []
    total = 0
    for chunk in chunks:
        total += max(chunk.size, 0)
        if chunk.size < 0 or chunk.offset + chunk.size > end or total > MAX_METADATA_BYTES:
            continue
        parts.append(family.pack(chunk.identifier, read_payload(file, chunk)))
    return b"".join(parts)
