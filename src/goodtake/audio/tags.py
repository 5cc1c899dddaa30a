"""Texts and pictures of a recording, and their form in each container.

Between files of the same kind goodtake copies the metadata byte for byte (``carry.py``); the builders here serve the
change from one kind to another. Keys are libav's ("title", "album_artist", ...).

Sources: ID3v2.4.0 native frames (id3.org); Xiph "Ogg Vorbis I format specification: comment field" and the FLAC
PICTURE block (RFC 9639, 8.8); Microsoft RIFF INFO; Apple's ``ilst`` atoms as all players read them; Apple CAF "info".
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

FRONT_COVER = 3
ID3_FRAMES = {
    "title": "TIT2",
    "artist": "TPE1",
    "album": "TALB",
    "album_artist": "TPE2",
    "composer": "TCOM",
    "genre": "TCON",
    "track": "TRCK",
    "disc": "TPOS",
    "date": "TDRC",
    "copyright": "TCOP",
    "publisher": "TPUB",
    "performer": "TPE3",
    "language": "TLAN",
}
RIFF_INFO = {
    "title": b"INAM",
    "artist": b"IART",
    "album": b"IPRD",
    "comment": b"ICMT",
    "date": b"ICRD",
    "genre": b"IGNR",
    "copyright": b"ICOP",
    "track": b"IPRT",
    "language": b"ILNG",
}
VORBIS_KEYS = {"track": "TRACKNUMBER", "disc": "DISCNUMBER", "album_artist": "ALBUMARTIST", "publisher": "ORGANIZATION"}
ILST_ATOMS = {
    "title": b"\xa9nam",
    "artist": b"\xa9ART",
    "album": b"\xa9alb",
    "album_artist": b"aART",
    "composer": b"\xa9wrt",
    "comment": b"\xa9cmt",
    "date": b"\xa9day",
    "genre": b"\xa9gen",
    "copyright": b"cprt",
    "description": b"desc",
    "lyrics": b"\xa9lyr",
    "grouping": b"\xa9grp",
}
ILST_TEXT, ILST_JPEG, ILST_PNG = 1, 13, 14


@dataclass(frozen=True)
class Picture:
    """An attached picture, front cover unless said otherwise."""

    mime: str
    data: bytes


def riff_info(tags: Mapping[str, str]) -> bytes:
    """A RIFF ``LIST INFO`` payload in UTF-8, empty without texts that it can hold."""
    body = b""
    for key, identifier in RIFF_INFO.items():
        if key in tags:
            text = tags[key].encode() + b"\0"
            body += identifier + struct.pack("<I", len(text)) + text + bytes(len(text) % 2)
    return b"INFO" + body if body else b""


def caf_info(tags: Mapping[str, str]) -> bytes:
    """A CAF ``info`` payload, empty without texts."""
    if not tags:
        return b""
    strings = b"".join(key.replace("_", " ").encode() + b"\0" + value.encode() + b"\0" for key, value in tags.items())
    return struct.pack(">I", len(tags)) + strings


def id3v2(tags: Mapping[str, str], pictures: Iterable[Picture]) -> bytes:
    """An ID3v2.4 tag in UTF-8, empty without texts and pictures."""
    frames = b""
    for key, value in tags.items():
        text = value.encode()
        if key in ID3_FRAMES:
            frames += _id3_frame(ID3_FRAMES[key], b"\x03" + text)
        elif key == "comment":
            frames += _id3_frame("COMM", b"\x03und\0" + text)
        elif key.startswith("lyrics"):
            frames += _id3_frame("USLT", b"\x03und\0" + text)
        else:
            frames += _id3_frame("TXXX", b"\x03" + key.encode() + b"\0" + text)
    for picture in pictures:
        head = b"\0" + picture.mime.encode() + b"\0" + bytes([FRONT_COVER]) + b"\0"
        frames += _id3_frame("APIC", head + picture.data)
    return b"ID3\x04\0\0" + _syncsafe(len(frames)) + frames if frames else b""


def _id3_frame(identifier: str, payload: bytes) -> bytes:
    return identifier.encode() + _syncsafe(len(payload)) + b"\0\0" + payload


def _syncsafe(number: int) -> bytes:
    """28 bits, seven to a byte."""
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def vorbis_fields(tags: Mapping[str, str]) -> list[bytes]:
    """Tags as ``KEY=value`` fields of a Vorbis comment."""
    return [f"{VORBIS_KEYS.get(key, key.upper())}={value}".encode() for key, value in tags.items()]


def pack_vorbis_comment(vendor: bytes, fields: Iterable[bytes]) -> bytes:
    """A Vorbis comment without framing, as FLAC, Vorbis and Opus hold it."""
    fields = list(fields)
    parts = [struct.pack("<I", len(vendor)), vendor, struct.pack("<I", len(fields))]
    for one in fields:
        parts += [struct.pack("<I", len(one)), one]
    return b"".join(parts)


def parse_vorbis_comment(data: bytes) -> tuple[bytes, list[bytes]]:
    """The vendor and the fields of a Vorbis comment; what is broken ends the list."""
    fields: list[bytes] = []
    if len(data) < 8:
        return b"", fields
    (length,) = struct.unpack_from("<I", data)
    vendor, position = data[4 : 4 + length], 8 + length
    while position + 4 <= len(data):
        (length,) = struct.unpack_from("<I", data, position)
        if position + 4 + length > len(data):
            break
        fields.append(data[position + 4 : position + 4 + length])
        position += 4 + length
    (count,) = struct.unpack_from("<I", data, 4 + len(vendor)) if len(data) >= 8 + len(vendor) else (0,)
    return vendor, fields[:count]


def flac_picture(picture: Picture) -> bytes:
    """A FLAC PICTURE block; size and depth of the image are left unsaid, which the format allows."""
    mime = picture.mime.encode()
    head = struct.pack(">II", FRONT_COVER, len(mime)) + mime + struct.pack(">I", 0) + bytes(16)
    return head + struct.pack(">I", len(picture.data)) + picture.data


def picture_field(block: bytes) -> bytes:
    """A FLAC PICTURE block as the field that Ogg files keep it in."""
    return b"METADATA_BLOCK_PICTURE=" + base64.b64encode(block)


def ilst_udta(tags: Mapping[str, str], pictures: Iterable[Picture]) -> bytes:
    """A ``udta`` box with iTunes-style texts and covers, empty without any."""
    items = b""
    for key, value in tags.items():
        if key in ILST_ATOMS:
            items += _box(ILST_ATOMS[key], _ilst_data(ILST_TEXT, value.encode()))
        elif key in ("track", "disc"):
            number, _, total = value.partition("/")
            if number.strip().isdigit():
                pair = (int(number) & 0xFFFF, int(total) & 0xFFFF if total.strip().isdigit() else 0)
                kind, tail = (b"trkn", b"\0\0") if key == "track" else (b"disk", b"")
                items += _box(kind, _ilst_data(0, struct.pack(">HHH", 0, *pair) + tail))
        else:
            mean, name = _box(b"mean", bytes(4) + b"com.apple.iTunes"), _box(b"name", bytes(4) + key.encode())
            items += _box(b"----", mean + name + _ilst_data(ILST_TEXT, value.encode()))
    covers = [_ilst_data(ILST_PNG if p.mime == "image/png" else ILST_JPEG, p.data) for p in pictures]
    if covers:
        items += _box(b"covr", b"".join(covers))
    if not items:
        return b""
    handler = _box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    return _box(b"udta", _box(b"meta", bytes(4) + handler + _box(b"ilst", items)))


def _ilst_data(kind: int, payload: bytes) -> bytes:
    return _box(b"data", struct.pack(">II", kind, 0) + payload)


def _box(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", 8 + len(payload)) + kind + payload
