"""FLAC's own metadata blocks: read for exact length, bit depth and checksum; written in front of encoded frames.

Source: RFC 9639. STREAMINFO holds an MD5 sum of the samples, which tells a damaged file from a whole one for certain.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from goodtake.audio.info import cut_off, damaged

MAGIC = b"fLaC"
STREAMINFO, PADDING, SEEKTABLE, VORBIS_COMMENT, PICTURE = 0, 1, 3, 4, 6
MAX_METADATA_BYTES = 64 * 2**20


@dataclass(frozen=True)
class FlacHeader:
    """What stands before the first frame.

    Attributes:
        sample_rate, channels, bit_depth: of the sound.
        frames: samples per channel, None if the encoder did not say.
        md5: of the little-endian interleaved samples, zeros if the encoder did not say.
        blocks: the metadata blocks that belong to the music and not to the encoding: (type, payload).
    """

    sample_rate: int
    channels: int
    bit_depth: int
    frames: int | None
    md5: bytes
    blocks: tuple[tuple[int, bytes], ...] = ()


def parse_flac(file: BinaryIO, start: int, name: str) -> FlacHeader:
    """Read the metadata blocks.

    Args:
        file: seekable.
        start: position of the ``fLaC`` marker.
        name: for messages.

    Raises:
        UnreadableAudioError: cut off within them, or nonsense.
    """
    file.seek(start + len(MAGIC))
    info = b""
    blocks: list[tuple[int, bytes]] = []
    total = 0
    while True:
        head = file.read(4)
        if len(head) < 4:
            raise cut_off(name, 0.0)
        kind, size = head[0] & 0x7F, int.from_bytes(head[1:], "big")
        payload = file.read(size)
        if len(payload) < size:
            raise cut_off(name, 0.0)
        total += size
        if kind == STREAMINFO:
            info = payload
        elif kind not in (PADDING, SEEKTABLE) and total <= MAX_METADATA_BYTES:
            blocks.append((kind, payload))
        if head[0] & 0x80:
            break
    if len(info) < 34:
        raise damaged(name, "no STREAMINFO block")
    packed = int.from_bytes(info[10:18], "big")
    return FlacHeader(
        sample_rate=packed >> 44,
        channels=(packed >> 41 & 7) + 1,
        bit_depth=(packed >> 36 & 31) + 1,
        frames=packed & 0xFFFFFFFFF or None,
        md5=info[18:34],
        blocks=tuple(blocks),
    )


def pack_header(header: FlacHeader, block_size: int) -> bytes:
    """The marker and all metadata blocks; the length does not depend on ``frames`` or ``md5``."""
    packed = header.sample_rate << 44 | (header.channels - 1) << 41 | (header.bit_depth - 1) << 36
    packed |= min(header.frames or 0, 0xFFFFFFFFF)
    info = struct.pack(">HH", block_size, block_size) + bytes(6) + packed.to_bytes(8, "big") + header.md5
    blocks = [(STREAMINFO, info), *header.blocks]
    parts = [MAGIC]
    for index, (kind, payload) in enumerate(blocks):
        last = 0x80 if index == len(blocks) - 1 else 0
        parts.append(bytes([kind | last]) + len(payload).to_bytes(3, "big") + payload)
    return b"".join(parts)
