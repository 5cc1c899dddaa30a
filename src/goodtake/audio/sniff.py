"""Tell a container from its first bytes, never from its name.

libav's own guessing would also accept playlists, subtitles and scripts that open further files; goodtake names the
demuxer it wants and refuses everything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

HEAD_BYTES = 64
ID3_HEADER_BYTES = 10


@dataclass(frozen=True)
class Kind:
    """A container goodtake reads.

    Attributes:
        container: goodtake's name of it.
        demuxer: libav's name of it.
        audio_offset: bytes of ID3 tag in front.
    """

    container: str
    demuxer: str
    audio_offset: int = 0


def sniff(file: BinaryIO) -> Kind | None:
    """The container of an open file, None if it is none that goodtake reads. Moves the position."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    offset = 0
    while head[:3] == b"ID3" and len(head) >= ID3_HEADER_BYTES:  # some files carry several tags in a row
        offset += id3_bytes(head)
        file.seek(offset)
        head = file.read(HEAD_BYTES)
    kind = _by_magic(head)
    if kind is None or (offset and kind.container not in ("mp3", "flac", "adts")):
        return None
    return Kind(kind.container, kind.demuxer, offset)


def id3_bytes(head: bytes) -> int:
    """Length of the ID3v2 tag that begins with ``head``, header and footer included."""
    a, b, c, d = (byte & 0x7F for byte in head[6:10])
    footer = ID3_HEADER_BYTES if head[5] & 0x10 else 0
    return ID3_HEADER_BYTES + (a << 21 | b << 14 | c << 7 | d) + footer


def _by_magic(head: bytes) -> Kind | None:
    start, form = head[:4], head[8:12]
    if start in (b"RIFF", b"RIFX") and form == b"WAVE":
        return Kind("wav", "wav")
    if start in (b"RF64", b"BW64") and form == b"WAVE":
        return Kind("rf64", "wav")
    if start == b"riff" and head[24:28] == b"wave":
        return Kind("w64", "w64")
    if start == b"FORM" and form in (b"AIFF", b"AIFC"):
        return Kind("aiff", "aiff")
    if start == b"caff":
        return Kind("caf", "caf")
    if start == b"fLaC":
        return Kind("flac", "flac")
    if start == b"OggS":
        return Kind("ogg", "ogg")
    if start == b"\x1a\x45\xdf\xa3":
        return Kind("matroska", "matroska")
    if head[4:8] == b"ftyp":
        return Kind("mov" if form == b"qt  " else "mp4", "mov")
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip") and len(head) >= 16:
        return Kind("mov", "mov")
    if len(head) >= 4 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        layer = head[1] >> 1 & 3
        if head[1] & 0xF0 == 0xF0 and layer == 0:
            return Kind("adts", "aac")
        if layer == 1 and head[1] >> 3 & 3 != 1:
            return Kind("mp3", "mp3")
    return None
