"""Ogg pages: is the last one whole, what does the comment header say, and how to put another one in its place.

Sources: RFC 3533 (pages, lacing, checksum); Vorbis I specification and RFC 7845 (header packets). ``OggRewriter`` sits
between an encoder and the file: it swaps the comment header as the pages go by, so that tags and covers of any size
are kept, and gives the stream a fixed serial number, so that the same input gives the same bytes.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from goodtake.audio.tags import pack_vorbis_comment, parse_vorbis_comment

MAX_PAGE_BYTES = 27 + 255 + 255 * 255
HEADER_BYTES = 27
CAPTURE = b"OggS"
CONTINUED, FIRST = 1, 2
SERIAL = 0x676F6F64
MAX_HEADER_BYTES = 64 * 2**20
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def checksum(page: bytes) -> int:
    """The CRC of a page whose checksum field is zero.

    Ogg takes the polynomial of zlib but the bits from the other end, with nothing inverted; so reverse the bits, ask
    zlib (which is fast) and undo its inversions.
    """
    reflected = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{reflected:032b}"[::-1], 2)


def page_bytes(head: bytes) -> int | None:
    """Length of the page that begins with ``head``; None if ``head`` is too short to say."""
    if len(head) < HEADER_BYTES or len(head) < HEADER_BYTES + head[26]:
        return None
    return HEADER_BYTES + head[26] + sum(head[HEADER_BYTES : HEADER_BYTES + head[26]])


def pack_page(flags: int, granule: int, sequence: int, lacing: bytes, body: bytes) -> bytes:
    """A page of our one stream, with its checksum."""
    head = CAPTURE + struct.pack("<BBqIIIB", 0, flags, granule, SERIAL, sequence, 0, len(lacing))
    page = head + lacing + body
    return page[:22] + struct.pack("<I", checksum(page)) + page[26:]


def ends_whole(file: BinaryIO, end: int) -> bool:
    """Whether the last page of a file is complete: if not, the file is cut off."""
    start = max(end - 2 * MAX_PAGE_BYTES, 0)
    file.seek(start)
    tail = file.read(end - start)
    at = tail.rfind(CAPTURE)
    if at < 0:
        return False
    size = page_bytes(tail[at:])
    return size is not None and at + size <= len(tail)


def split_packets(lacing: bytes, body: bytes, partial: bytes) -> tuple[list[bytes], bytes]:
    """The packets that end on a page, and the beginning of the one that does not."""
    packets: list[bytes] = []
    position = 0
    for size in lacing:
        partial += body[position : position + size]
        position += size
        if size < 255:
            packets.append(partial)
            partial = b""
    return packets, partial


def read_comment(file: BinaryIO) -> list[bytes]:
    """The fields of the comment header of the first stream, empty if there is none."""
    file.seek(0)
    packets: list[bytes] = []
    partial, total = b"", 0
    while len(packets) < 2 and total < MAX_HEADER_BYTES:
        head = file.read(HEADER_BYTES)
        if len(head) < HEADER_BYTES or head[:4] != CAPTURE:
            return []
        lacing = file.read(head[26])
        body = file.read(sum(lacing))
        total += len(body)
        done, partial = split_packets(lacing, body, partial)
        packets += done
    if len(packets) < 2:
        return []
    return parse_vorbis_comment(packets[1][_prefix(packets[1]) :])[1]


def comment_end(file: BinaryIO) -> int:
    """Position behind the page on which the comment header ends: what comes before is not sound."""
    read_comment(file)
    return file.tell()


def opus_pre_skip(file: BinaryIO) -> int:
    """Samples at 48 kHz to drop in front, as the identification header says; 0 if the file is not Opus."""
    file.seek(0)
    page = file.read(HEADER_BYTES + 255 + 19)
    body = page[HEADER_BYTES + page[26] :] if len(page) > HEADER_BYTES else b""
    return int.from_bytes(body[10:12], "little") if body.startswith(b"OpusHead") else 0


def _prefix(packet: bytes) -> int:
    """Bytes before the comment proper: ``OpusTags`` or type and ``vorbis``."""
    return 8 if packet[:8] == b"OpusTags" else 7


class OggRewriter:
    """Takes an encoder's Ogg stream piece by piece and writes it to a file with other comments.

    Args:
        file: gets the pages.
        fields: ``KEY=value`` fields of the new comment header; the encoder's vendor string is kept.
    """

    def __init__(self, file: BinaryIO, fields: list[bytes]) -> None:
        self._file = file
        self._fields = fields
        self._buffer = bytearray()
        self._headers: list[bytes] = []
        self._partial = b""
        self._headers_left = 1
        self._sequence = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes; whole pages are written, the rest waits."""
        self._buffer += data
        while True:
            size = page_bytes(bytes(self._buffer[: HEADER_BYTES + 255]))
            if size is None or len(self._buffer) < size:
                return
            page = bytes(self._buffer[:size])
            del self._buffer[:size]
            self._page(page)

    def _page(self, page: bytes) -> None:
        flags, granule, count = page[5], struct.unpack_from("<q", page, 6)[0], page[26]
        lacing, body = page[HEADER_BYTES : HEADER_BYTES + count], page[HEADER_BYTES + count :]
        if not self._headers_left:
            self._write(flags, granule, lacing, body)
            return
        done, self._partial = split_packets(lacing, body, self._partial)
        if flags & FIRST:
            self._headers_left = 1 if done[0].startswith(b"OpusHead") else 2
            self._write(flags, 0, lacing, body)
            return
        self._headers += done
        if len(self._headers) >= self._headers_left:
            self._headers_left = 0
            for page_flags, page_granule, page_lacing, page_body in _paginate(self._new_headers()):
                self._write(page_flags, page_granule, page_lacing, page_body)

    def _new_headers(self) -> list[bytes]:
        old = self._headers[0]
        prefix = _prefix(old)
        vendor, _ = parse_vorbis_comment(old[prefix:])
        framing = b"" if prefix == 8 else b"\1"
        return [old[:prefix] + pack_vorbis_comment(vendor, self._fields) + framing, *self._headers[1:]]

    def _write(self, flags: int, granule: int, lacing: bytes, body: bytes) -> None:
        self._file.write(pack_page(flags, granule, self._sequence, lacing, body))
        self._sequence += 1


def _paginate(packets: list[bytes]) -> Iterator[tuple[int, int, bytes, bytes]]:
    """Lay header packets out on pages: (flags, granule, lacing, body)."""
    segments: list[tuple[int, bytes]] = []
    ends: set[int] = set()
    for packet in packets:
        for start in range(0, len(packet) + 1, 255):
            piece = packet[start : start + 255]
            segments.append((len(piece), piece))
        ends.add(len(segments) - 1)
    for start in range(0, len(segments), 255):
        page = segments[start : start + 255]
        continued = start > 0 and start - 1 not in ends
        ended = any(start <= end < start + len(page) for end in ends)
        lacing = bytes(size for size, _ in page)
        yield CONTINUED if continued else 0, 0 if ended else -1, lacing, b"".join(piece for _, piece in page)
