"""The boxes of MP4, M4A and MOV files: is the file whole, how long is its sound exactly, and what texts does it carry.

Sources: ISO/IEC 14496-12 (boxes, edit lists); Apple's QuickTime file format; Apple Technical Q&A QA1636 and common
practice for ``iTunSMPB``. The sample table counts the encoder's delay; the edit list says what to leave out in front
and where to end.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from goodtake.audio.info import cut_off, damaged

MAX_MOOV_BYTES = 256 * 2**20
# Zero, priming, padding and length in hexadecimal, as iTunes and afconvert write them into a free-form tag.
GAPLESS_TAG = re.compile(rb"iTunSMPB.{16,24}? [0-9A-F]{8} ([0-9A-F]{8}) ([0-9A-F]{8}) ([0-9A-F]{16})", re.DOTALL)


@dataclass(frozen=True)
class Box:
    """One box: its type, the position of its payload and of its end."""

    kind: bytes
    start: int
    payload: int
    end: int


@dataclass(frozen=True)
class SoundTrack:
    """What the first sound track's tables say, in units of its own timescale.

    Attributes:
        timescale: ticks per second.
        ticks: length a player shows, after the edit list, None where the tables leave it open.
    """

    timescale: int
    ticks: int | None


def walk_boxes(data: bytes, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes in a stretch of bytes; stops where sizes make no sense."""
    position = start
    while position + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, position)
        header = 8
        if size == 1 and position + 16 <= end:
            size, header = struct.unpack_from(">Q", data, position + 8)[0], 16
        stop = end if size == 0 else position + size
        if stop < position + header or stop > end:
            return
        yield Box(kind, position, position + header, stop)
        position = stop


def top_level(file: BinaryIO, end: int, name: str) -> list[Box]:
    """The outermost boxes of a file.

    Raises:
        UnreadableAudioError: a box reaches beyond the end of the file, or the index is missing: the file is cut off.
    """
    boxes: list[Box] = []
    position = 0
    while position + 8 <= end:
        file.seek(position)
        head = file.read(16)
        size, kind = struct.unpack_from(">I4s", head)
        header = 8
        if size == 1 and len(head) == 16:
            size, header = struct.unpack_from(">Q", head, 8)[0], 16
        stop = end if size == 0 else position + size
        if stop < position + header:
            raise damaged(name, "a box of impossible size")
        if stop > end and kind in (b"mdat", b"moov", b"moof", b"ftyp"):
            there = 0.0 if end <= 0 else (end - position) / size
            raise damaged(name, f"cut off: only {100 * there:.0f} % of its {kind.decode()} part are there")
        if stop > end:
            break
        boxes.append(Box(kind, position, position + header, stop))
        position = stop
    if not any(box.kind == b"moov" for box in boxes):
        raise cut_off(name, 0.0)
    return boxes


def read_moov(file: BinaryIO, boxes: list[Box], name: str) -> bytes:
    """The index of the file, header included."""
    moov = next(box for box in boxes if box.kind == b"moov")
    if moov.end - moov.start > MAX_MOOV_BYTES:
        raise damaged(name, "an index of more than 256 MB")
    file.seek(moov.payload)
    return file.read(moov.end - moov.payload)


def children(data: bytes, path: tuple[bytes, ...], start: int = 0, end: int | None = None) -> Iterator[Box]:
    """Yield the boxes at a path of types, e.g. ``(b"trak", b"mdia")``, below a stretch of bytes."""
    for box in walk_boxes(data, start, len(data) if end is None else end):
        if box.kind == path[0]:
            if len(path) == 1:
                yield box
            else:
                yield from children(data, path[1:], box.payload, box.end)


def sound_track(moov: bytes) -> SoundTrack | None:
    """The exact length of the first sound track, None if there is no such track or its tables make no sense."""
    try:
        movie = next(children(moov, (b"mvhd",)))
        movie_scale = _timescale(moov, movie)
        for trak in children(moov, (b"trak",)):
            handler = next(children(moov, (b"mdia", b"hdlr"), trak.payload, trak.end))
            if moov[handler.payload + 8 : handler.payload + 12] == b"soun":
                fragmented = any(True for _ in children(moov, (b"mvex",)))
                return _track_length(moov, trak, movie_scale, fragmented)
    except (StopIteration, struct.error):
        return None
    return None


def _timescale(data: bytes, header: Box) -> int:
    """The timescale field of a movie or media header."""
    at = header.payload + (20 if data[header.payload] == 1 else 12)
    return int(struct.unpack_from(">I", data, at)[0])


def _track_length(moov: bytes, trak: Box, movie_scale: int, fragmented: bool) -> SoundTrack | None:
    scale = _timescale(moov, next(children(moov, (b"mdia", b"mdhd"), trak.payload, trak.end)))
    if not scale or not movie_scale:
        return None
    if fragmented:
        return SoundTrack(scale, None)
    table = next(children(moov, (b"mdia", b"minf", b"stbl", b"stts"), trak.payload, trak.end))
    count = struct.unpack_from(">I", moov, table.payload + 4)[0]
    if table.payload + 8 + 8 * count > table.end:
        return None
    ticks = sum(n * duration for n, duration in struct.iter_unpack(">II", moov[table.payload + 8 :][: 8 * count]))
    edits = next(children(moov, (b"edts", b"elst"), trak.payload, trak.end), None)
    if edits is None:
        gapless = GAPLESS_TAG.search(moov)
        length = int(gapless[3], 16) if gapless else ticks
        return SoundTrack(scale, length if length <= ticks else ticks)
    entry = ">Qq" if moov[edits.payload] == 1 else ">Ii"
    entries = struct.unpack_from(">I", moov, edits.payload + 4)[0]
    step = struct.calcsize(entry) + 4
    segments = [struct.unpack_from(entry, moov, edits.payload + 8 + step * i) for i in range(min(entries, 64))]
    played = [(duration, media) for duration, media in segments if media >= 0]  # media time -1 is an empty edit
    if len(played) != 1:
        return SoundTrack(scale, None)
    duration, media = played[0]
    left = max(ticks - media, 0)
    # The segment length is in movie ticks, often milliseconds: it counts only where it is clearly the shorter one.
    segment = duration * scale / movie_scale
    if duration and segment < left - scale / movie_scale - 0.5:
        left = round(segment)
    return SoundTrack(scale, left)


def carried_boxes(file: BinaryIO, name: str) -> list[bytes]:
    """The boxes of the index that hold texts, covers and chapter marks (``udta``, ``meta``), for another file.

    The encoder's delay in ``iTunSMPB`` is true of the old encoding only; that tag is given another name and so ignored.
    """
    moov = read_moov(file, top_level(file, file.seek(0, 2), name), name)
    boxes = [moov[box.start : box.end] for box in walk_boxes(moov, 0, len(moov)) if box.kind in (b"udta", b"meta")]
    return [box.replace(b"iTunSMPB", b"iTunSMPX") for box in boxes]


def put_boxes(file: BinaryIO, boxes: list[bytes]) -> None:
    """Put boxes into the index of a finished file in place of those of the same type.

    The index must be the last box, as libav leaves it: then nothing else has to move.
    """
    end = file.seek(0, 2)
    outer = top_level(file, end, "the output")
    moov = next(box for box in outer if box.kind == b"moov")
    if moov.end != end:
        raise AssertionError("the index is not at the end of the file")
    old = read_moov(file, outer, "the output")
    replaced = {box[4:8] for box in boxes}
    kept = [old[box.start : box.end] for box in walk_boxes(old, 0, len(old)) if box.kind not in replaced]
    body = b"".join([*kept, *boxes])
    file.seek(moov.start)
    file.write(struct.pack(">I4s", 8 + len(body), b"moov") + body)
    file.truncate()


def skip_priming(file: BinaryIO, samples: int) -> None:
    """Tell players of a finished file to leave out the encoder's delay of a sound track that begins late.

    libav does so only for a track that begins at zero. Here its edit list is "nothing until the first packet, then all
    of it"; it becomes "nothing for a little longer, then all but the delay". Movie and sound share their timescale.
    """
    outer = top_level(file, file.seek(0, 2), "the output")
    place = next(box for box in outer if box.kind == b"moov")
    moov = bytearray(read_moov(file, outer, "the output"))
    for trak in children(bytes(moov), (b"trak",)):
        handler = next(children(bytes(moov), (b"mdia", b"hdlr"), trak.payload, trak.end))
        edits = next(children(bytes(moov), (b"edts", b"elst"), trak.payload, trak.end), None)
        if moov[handler.payload + 8 : handler.payload + 12] != b"soun" or edits is None:
            continue
        entry = ">Qq" if moov[edits.payload] == 1 else ">Ii"
        first, second = edits.payload + 8, edits.payload + 8 + struct.calcsize(entry) + 4
        if second + struct.calcsize(entry) > edits.end:
            continue
        empty, nothing = struct.unpack_from(entry, moov, first)
        length, media = struct.unpack_from(entry, moov, second)
        if nothing == -1 and media == 0:
            struct.pack_into(entry, moov, first, empty + samples, nothing)
            struct.pack_into(entry, moov, second, length - samples, samples)
            break
    file.seek(place.payload)
    file.write(moov)
