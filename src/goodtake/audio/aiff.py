"""AIFF and AIFF-C headers, read and written.

Sources: Apple "Audio Interchange File Format: AIFF", version 1.3; "AIFF-C" draft of 1991. Plain AIFF holds big-endian
integers; AIFF-C adds floats (fl32, fl64) and little-endian integers (sowt).
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from goodtake.audio.chunks import AIFF, PcmLayout, map_chunks, read_payload
from goodtake.audio.info import damaged
from goodtake.audio.pcm import PcmEncoding

OWN_CHUNKS = frozenset({b"COMM", b"SSND", b"FVER", b"PEAK"})
AIFC_VERSION = 0xA2805140
MAX_FORM_BYTES = 0xFFFFFFFF


def parse_aiff(file: BinaryIO, end: int, name: str) -> PcmLayout | None:
    """Find the samples of an AIFF or AIFF-C file; None if they are compressed.

    Args:
        file: seekable, at any position.
        end: its size in bytes.
        name: for messages.

    Raises:
        UnreadableAudioError: the header makes no sense.
    """
    file.seek(8)
    is_aifc = file.read(4) == b"AIFC"
    found = map_chunks(file, AIFF, 12, end)
    if b"COMM" not in found.first:
        raise damaged(name, "no common chunk")
    comm = read_payload(file, found.first[b"COMM"], 1024)
    if len(comm) < (22 if is_aifc else 18):
        raise damaged(name, "the common chunk is too short")
    channels, promised, bits = struct.unpack_from(">hIh", comm)
    rate = _unpack_extended(comm[8:18])
    encoding = _encoding(comm[18:22] if is_aifc else b"NONE", bits)
    if encoding is None:
        return None
    if channels < 1 or rate is None:
        raise damaged(name, f"{channels} channels or no sensible sample rate")
    sound = found.first.get(b"SSND")
    if sound is None:
        if promised:
            raise damaged(name, "no sound data chunk")
        return PcmLayout("aiff", encoding, rate, channels, end, 0, 0)
    skip = struct.unpack(">I", read_payload(file, sound, 8)[:4].rjust(4, b"\0"))[0]
    offset = sound.offset + 8 + skip
    frame_bytes = channels * encoding.bytes_per_sample
    frames = min(promised, max(end - offset, 0) // frame_bytes)
    others = tuple(chunk for chunk in found.all if chunk.identifier not in OWN_CHUNKS)
    return PcmLayout("aiff", encoding, rate, channels, offset, frames, promised - frames, others)


def _encoding(compression: bytes, bits: int) -> PcmEncoding | None:
    width = -(-bits // 8) * 8  # samples are left-justified in whole bytes
    if compression in (b"NONE", b"twos", b"sowt", b"in24", b"in32") and width in (8, 16, 24, 32):
        return PcmEncoding("int", width, big_endian=compression != b"sowt")
    if compression == b"raw " and width == 8:
        return PcmEncoding("uint", 8)
    if compression in (b"fl32", b"FL32", b"fl64", b"FL64"):
        return PcmEncoding("float", 32 if compression[2:] == b"32" else 64, big_endian=True)
    return None


def aiff_header(layout: PcmLayout, metadata: bytes, frames: int) -> bytes:
    """The bytes in front of the samples; their number does not depend on ``frames``.

    Args:
        layout: encoding (big-endian), sample rate and channels; the rest is not looked at.
        metadata: chunks of the AIFF family to carry.
        frames: samples per channel.
    """
    encoding = layout.encoding
    comm = struct.pack(">hIh", layout.channels, frames, encoding.bits) + _pack_extended(layout.sample_rate)
    if encoding.kind == "float":
        kind, version = b"AIFC", AIFF.pack(b"FVER", struct.pack(">I", AIFC_VERSION))
        comm += b"fl%d" % encoding.bits + b"\0\0"
    else:
        kind, version = b"AIFF", b""
    data_bytes = frames * layout.frame_bytes
    body = version + AIFF.pack(b"COMM", comm) + metadata
    size = 4 + len(body) + 16 + data_bytes + AIFF.padding(data_bytes)
    head = b"FORM" + struct.pack(">I", min(size, MAX_FORM_BYTES)) + kind
    return head + body + b"SSND" + struct.pack(">III", min(data_bytes + 8, MAX_FORM_BYTES), 0, 0)


def _unpack_extended(ten_bytes: bytes) -> int | None:
    """An 80-bit IEEE 754 extended float as the nearest integer, None if it is no sensible sample rate."""
    exponent, mantissa = struct.unpack(">HQ", ten_bytes)
    shift = exponent - 16383 - 63
    if not -63 <= shift <= -32:  # 1 Hz to 4 GHz
        return None
    return int((mantissa + (1 << (-shift - 1))) >> -shift)


def _pack_extended(rate: int) -> bytes:
    shift = 64 - rate.bit_length()
    return struct.pack(">HQ", 16383 + 63 - shift, rate << shift)
