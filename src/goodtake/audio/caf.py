"""Apple Core Audio Format headers, read and written.

Source: Apple "Core Audio Format Specification 1.0". Linear PCM only; a CAF file with compressed sound goes to libav.
"""

from __future__ import annotations

import math
import struct
from typing import BinaryIO

from goodtake.audio.chunks import CAF, UNTIL_END, PcmLayout, map_chunks, read_payload
from goodtake.audio.info import damaged
from goodtake.audio.pcm import PcmEncoding

OWN_CHUNKS = frozenset({b"desc", b"data", b"free", b"peak", b"ovvw", b"pakt", b"kuki"})
FLAG_FLOAT, FLAG_LITTLE_ENDIAN = 1, 2


def parse_caf(file: BinaryIO, end: int, name: str) -> PcmLayout | None:
    """Find the samples of a CAF file; None if they are compressed.

    Args:
        file: seekable, at any position.
        end: its size in bytes.
        name: for messages.

    Raises:
        UnreadableAudioError: the header makes no sense.
    """
    found = map_chunks(file, CAF, 8, end)
    desc = read_payload(file, found.first[b"desc"], 32) if b"desc" in found.first else b""
    if len(desc) < 32 or b"data" not in found.first:
        raise damaged(name, "no description or no data chunk")
    rate, kind, flags, packet_bytes, packet_frames, channels, bits = struct.unpack(">d4sIIIII", desc)
    if kind != b"lpcm":
        return None
    if not channels or packet_frames != 1 or not packet_bytes or packet_bytes % channels or not math.isfinite(rate):
        raise damaged(name, f"{channels} channels in packets of {packet_bytes} bytes at {rate:g} Hz")
    width = 8 * (packet_bytes // channels)
    try:
        encoding = PcmEncoding("float" if flags & FLAG_FLOAT else "int", width, not flags & FLAG_LITTLE_ENDIAN)
    except ValueError as error:
        raise damaged(name, str(error)) from error
    if bits > width:
        raise damaged(name, f"{bits}-bit samples in boxes of {width} bits")
    data = found.first[b"data"]
    offset = data.offset + 4  # after the edit count
    size = end - offset if data.size == UNTIL_END else data.size - 4
    promised = max(size, 0) // packet_bytes
    frames = min(promised, max(end - offset, 0) // packet_bytes)
    others = tuple(chunk for chunk in found.all if chunk.identifier not in OWN_CHUNKS)
    return PcmLayout("caf", encoding, round(rate), channels, offset, frames, promised - frames, others)


def caf_header(layout: PcmLayout, metadata: bytes, frames: int) -> bytes:
    """The bytes in front of the samples; their number does not depend on ``frames``.

    Args:
        layout: encoding, sample rate and channels; the rest is not looked at.
        metadata: chunks of the CAF family to carry.
        frames: samples per channel.
    """
    encoding = layout.encoding
    flags = (FLAG_FLOAT if encoding.kind == "float" else 0) | (0 if encoding.big_endian else FLAG_LITTLE_ENDIAN)
    desc = struct.pack(
        ">d4sIIIII", layout.sample_rate, b"lpcm", flags, layout.frame_bytes, 1, layout.channels, encoding.bits
    )
    data = CAF.header(b"data", 4 + frames * layout.frame_bytes) + bytes(4)
    return b"caff\0\1\0\0" + CAF.pack(b"desc", desc) + metadata + data
