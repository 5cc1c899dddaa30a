"""WAV: RIFF, RF64/BW64 (beyond 4 GiB) and Sony Wave64 headers, read and written.

Sources: Microsoft "Multiple Channel Audio Data and WAVE Files" (WAVE_FORMAT_EXTENSIBLE); EBU Tech 3306 (RF64);
the Sonic Foundry/Sony Wave64 note (16-byte identifiers, sizes that count the header, 8-byte alignment).
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from goodtake.audio.chunks import RIFF, WAVE64, Chunk, PcmLayout, map_chunks, read_payload
from goodtake.audio.info import damaged
from goodtake.audio.pcm import PcmEncoding

WAVE_FORMAT_PCM, WAVE_FORMAT_FLOAT, WAVE_FORMAT_EXTENSIBLE = 1, 3, 0xFFFE
# The tail of a KSDATAFORMAT_SUBTYPE GUID; its first two bytes are the format tag.
SUBTYPE_TAIL = bytes.fromhex("000000001000800000aa00389b71")
W64_TAIL = bytes.fromhex("f3acd3118cd100c04f8edb8a")
W64_RIFF = bytes.fromhex("726966662e91cf11a5d628db04c10000")
# Chunks that describe the samples as they were stored; all others are carried over.
OWN_CHUNKS = frozenset({b"fmt ", b"data", b"fact", b"ds64", b"PEAK", b"JUNK", b"junk", b"PAD ", b"FLLR", b"levl"})
# Microsoft's default speakers by number of channels.
DEFAULT_MASKS = {1: 0x4, 2: 0x3, 3: 0x7, 4: 0x33, 5: 0x37, 6: 0x3F, 7: 0x70F, 8: 0x63F}
DS64_BYTES = 28


def w64_id(name: bytes) -> bytes:
    """The Wave64 identifier of a four-letter RIFF chunk."""
    return name + W64_TAIL


def parse_wav(file: BinaryIO, end: int, name: str) -> PcmLayout | None:
    """Find the samples of a RIFF, RF64 or BW64 file; None if they are compressed.

    Args:
        file: seekable, at any position.
        end: its size in bytes.
        name: for messages.

    Raises:
        UnreadableAudioError: the header makes no sense.
    """
    file.seek(0)
    magic, riff_size = struct.unpack("<4sI", file.read(8))
    sizes: dict[bytes, int] = {}
    if magic in (b"RF64", b"BW64"):
        file.seek(12)
        ds64 = file.read(8 + DS64_BYTES)
        if ds64[:4] != b"ds64" or len(ds64) < 24:
            raise damaged(name, "an RF64 file without its ds64 chunk")
        sizes[b"data"] = struct.unpack_from("<q", ds64, 16)[0]
    found = map_chunks(file, RIFF, 12, end, sizes)
    if b"fmt " not in found.first or b"data" not in found.first:
        raise damaged(name, "no format or no data chunk")
    container = "wav" if magic == b"RIFF" else "rf64"
    data = found.first[b"data"]
    others = tuple(chunk for chunk in found.all if chunk.identifier not in OWN_CHUNKS)
    if container == "wav" and _is_streamed(data, riff_size, end):
        data = Chunk(data.identifier, data.offset, end - data.offset)
        others = tuple(chunk for chunk in others if chunk.offset < data.offset)
    return _layout(read_payload(file, found.first[b"fmt "], 64), container, data, others, end, name)


def _is_streamed(data: Chunk, riff_size: int, end: int) -> bool:
    """Whether the writer could not say the size (a pipe, a recorder that died): then all that follows is sound."""
    if data.offset + data.size > end:
        return data.size >= 0xFFFFF000 or 0x7FFFF000 <= data.size <= 0x80000000
    return data.size == 0 and riff_size + 8 <= data.offset < end


def parse_w64(file: BinaryIO, end: int, name: str) -> PcmLayout | None:
    """Find the samples of a Wave64 file; None if they are compressed. Arguments and errors as ``parse_wav``."""
    found = map_chunks(file, WAVE64, 40, end)
    fmt, data = found.first.get(w64_id(b"fmt ")), found.first.get(w64_id(b"data"))
    if fmt is None or data is None:
        raise damaged(name, "no format or no data chunk")
    others = tuple(chunk for chunk in found.all if chunk.identifier[:4] not in OWN_CHUNKS)
    return _layout(read_payload(file, fmt, 64), "w64", data, others, end, name)


def _layout(
    fmt: bytes, container: str, data: Chunk, others: tuple[Chunk, ...], end: int, name: str
) -> PcmLayout | None:
    if len(fmt) < 16:
        raise damaged(name, "the format chunk is too short")
    tag, channels, sample_rate, _, block_align, bits = struct.unpack_from("<HHIIHH", fmt)
    mask = None
    if tag == WAVE_FORMAT_EXTENSIBLE:
        if len(fmt) < 40:
            raise damaged(name, "the extensible format chunk is too short")
        mask = struct.unpack_from("<I", fmt, 20)[0]
        tag = struct.unpack_from("<H", fmt, 24)[0] if fmt[26:40] == SUBTYPE_TAIL else 0
    if tag not in (WAVE_FORMAT_PCM, WAVE_FORMAT_FLOAT):
        return None
    if channels == 0 or block_align == 0 or block_align % channels:
        raise damaged(name, f"{channels} channels in frames of {block_align} bytes")
    # Samples of, say, 20 bits are left-justified in 24: the size of the box is what counts.
    width = 8 * (block_align // channels)
    if bits > width:
        raise damaged(name, f"{bits}-bit samples in boxes of {width} bits")
    try:
        if tag == WAVE_FORMAT_FLOAT:
            encoding = PcmEncoding("float", width)
        else:
            encoding = PcmEncoding("uint" if width == 8 else "int", width)
    except ValueError as error:
        raise damaged(name, str(error)) from error
    promised = max(data.size, 0) // block_align
    frames = min(promised, max(end - data.offset, 0) // block_align)
    return PcmLayout(container, encoding, sample_rate, channels, data.offset, frames, promised - frames, others, mask)


def wav_header(
    layout: PcmLayout, metadata: bytes, frames: int | None, *, wave64: bool = False, may_grow: bool = False
) -> bytes:
    """The bytes in front of the samples.

    The length depends on everything but ``frames``, so that a header written first can be replaced when the number
    of samples is known.

    Args:
        layout: encoding, sample rate, channels and mask; the rest is not looked at.
        metadata: chunks to carry, of the RIFF or Wave64 family.
        frames: samples per channel; None writes the sizes of a stream without end.
        wave64: write Sony Wave64 instead of RIFF.
        may_grow: leave room for the RF64 sizes; they are used once the file passes 4 GiB.
    """
    fmt = _fmt_chunk(layout)
    encoding = layout.encoding
    if wave64:
        body = WAVE64.pack(w64_id(b"fmt "), fmt) + metadata
        data_bytes = (frames or 0) * layout.frame_bytes
        total = 40 + len(body) + WAVE64.header_bytes + data_bytes + WAVE64.padding(data_bytes)
        riff = W64_RIFF + struct.pack("<q", total) + w64_id(b"wave")
        return riff + body + WAVE64.header(w64_id(b"data"), data_bytes)
    body = RIFF.pack(b"fmt ", fmt)
    if encoding.kind == "float" or layout.channel_mask is not None:
        body += RIFF.pack(b"fact", struct.pack("<I", min(frames or 0, 0xFFFFFFFF)))
    body += metadata
    if frames is None:
        return b"RIFF\xff\xff\xff\xffWAVE" + body + b"data\xff\xff\xff\xff"
    data_bytes = frames * layout.frame_bytes
    room = 8 + DS64_BYTES if may_grow else 0
    riff_bytes = 4 + room + len(body) + 8 + data_bytes + RIFF.padding(data_bytes)
    if riff_bytes > 0xFFFFFFFF:
        if not may_grow:
            raise AssertionError("the header was begun without room for RF64")
        ds64 = struct.pack("<qqqI", riff_bytes, data_bytes, frames, 0)
        return b"RF64\xff\xff\xff\xffWAVE" + RIFF.pack(b"ds64", ds64) + body + b"data\xff\xff\xff\xff"
    junk = RIFF.pack(b"JUNK", bytes(DS64_BYTES)) if may_grow else b""
    return b"RIFF" + struct.pack("<I", riff_bytes) + b"WAVE" + junk + body + RIFF.header(b"data", data_bytes)


def _fmt_chunk(layout: PcmLayout) -> bytes:
    encoding = layout.encoding
    tag = WAVE_FORMAT_FLOAT if encoding.kind == "float" else WAVE_FORMAT_PCM
    rate = layout.sample_rate
    if layout.channel_mask is None:
        tail = b"\0\0" if tag == WAVE_FORMAT_FLOAT else b""
        outer = tag
    else:
        guid = struct.pack("<H", tag) + SUBTYPE_TAIL
        tail = struct.pack("<HHI", 22, encoding.bits, layout.channel_mask) + guid
        outer = WAVE_FORMAT_EXTENSIBLE
    frame = layout.frame_bytes
    return struct.pack("<HHIIHH", outer, layout.channels, rate, rate * frame, frame, encoding.bits) + tail
