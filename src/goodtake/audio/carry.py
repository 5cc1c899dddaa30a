"""Take the metadata of a source file, ready to be put into the output.

Same kind of file: byte for byte, so that nothing a library does not know is lost (broadcast chunks, cue points, chapter
marks, ratings). Another kind: through the common model of ``tags.py``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from goodtake.audio.chunks import AIFF, CAF, RIFF, WAVE64, ChunkFamily, PcmLayout, copy_metadata
from goodtake.audio.flac import PICTURE, VORBIS_COMMENT, parse_flac
from goodtake.audio.identify import PCM_PARSERS
from goodtake.audio.info import AudioInfo
from goodtake.audio.mp4 import carried_boxes
from goodtake.audio.ogg import read_comment
from goodtake.audio.sniff import Kind, sniff
from goodtake.audio.tags import (
    Picture,
    caf_info,
    flac_picture,
    id3v2,
    ilst_udta,
    pack_vorbis_comment,
    parse_vorbis_comment,
    picture_field,
    riff_info,
    vorbis_fields,
)
from goodtake.errors import GoodtakeError

FAMILIES = {"wav": RIFF, "rf64": RIFF, "w64": WAVE64, "aiff": AIFF, "caf": CAF}
VENDOR = b"goodtake"
# Fields that were true of the input's encoding only.
STALE_FIELDS = (b"ENCODER=", b"ENCODER_OPTIONS=", b"WAVEFORMATEXTENSIBLE_CHANNEL_MASK=")
MAX_ID3_BYTES = 64 * 2**20


@dataclass
class Baggage:
    """What an output shall carry besides its sound.

    Attributes:
        tags: texts with libav's keys.
        pictures: covers.
        source: the file they come from, None for standard input.
        kind: its container, None without a source.
        layout: where its samples lie, for a PCM container.
    """

    tags: dict[str, str]
    pictures: list[Picture] = field(default_factory=list)
    source: Path | None = None
    kind: Kind | None = None
    layout: PcmLayout | None = None


def pack_baggage(like: AudioInfo, source: Path | None) -> Baggage:
    """Look at the source once. A source that cannot be read any more yields its texts only."""
    baggage = Baggage(dict(like.tags))
    if source is None or not source.is_file():
        return baggage
    with source.open("rb") as file:
        baggage.source, baggage.kind = source, sniff(file)
        if baggage.kind is None:
            return baggage
        parser = PCM_PARSERS.get(baggage.kind.container)
        try:
            if parser is not None:
                baggage.layout = parser(file, file.seek(0, os.SEEK_END), like.name)
            if like.has_cover:
                from goodtake.audio.libav import read_pictures

                baggage.pictures = read_pictures(file, baggage.kind.demuxer, like.name)
        except GoodtakeError:
            pass  # sound first: a source broken in its metadata has been read as sound already
    return baggage


def chunks_for(container: str, baggage: Baggage) -> bytes:
    """Metadata chunks for a WAV, Wave64, AIFF or CAF output."""
    family = FAMILIES[container]
    if baggage.source and baggage.kind and baggage.layout and FAMILIES.get(baggage.kind.container) is family:
        with baggage.source.open("rb") as file:
            return copy_metadata(file, family, baggage.layout.chunks, file.seek(0, os.SEEK_END))
    return _built_chunks(family, baggage)


def _built_chunks(family: ChunkFamily, baggage: Baggage) -> bytes:
    if family is CAF:
        info = caf_info(baggage.tags)
        return CAF.pack(b"info", info) if info else b""
    parts = b""
    if family is RIFF:
        info = riff_info(baggage.tags)
        parts += RIFF.pack(b"LIST", info) if info else b""
    if family in (RIFF, AIFF):
        # INFO has no place for pictures and few for texts; AIFF has no other place at all.
        tag = id3v2(baggage.tags, baggage.pictures)
        parts += family.pack(b"ID3 " if family is AIFF else b"id3 ", tag) if tag else b""
    return parts


def flac_blocks(baggage: Baggage) -> tuple[tuple[int, bytes], ...]:
    """Metadata blocks for a FLAC output; there is always a Vorbis comment."""
    if baggage.source and baggage.kind and baggage.kind.container == "flac":
        with baggage.source.open("rb") as file:
            blocks = parse_flac(file, baggage.kind.audio_offset, str(baggage.source)).blocks
        if any(kind == VORBIS_COMMENT for kind, _ in blocks):
            return blocks
        return ((VORBIS_COMMENT, pack_vorbis_comment(VENDOR, [])), *blocks)
    comment = pack_vorbis_comment(VENDOR, _fields(baggage))
    return ((VORBIS_COMMENT, comment), *((PICTURE, flac_picture(picture)) for picture in baggage.pictures))


def ogg_fields(baggage: Baggage) -> list[bytes]:
    """Comment fields for an Ogg output, covers included."""
    if baggage.source and baggage.kind and baggage.kind.container == "ogg":
        with baggage.source.open("rb") as file:
            fields = read_comment(file)
        return [one for one in fields if not one.upper().startswith(STALE_FIELDS)]
    return _fields(baggage) + [picture_field(flac_picture(picture)) for picture in baggage.pictures]


def _fields(baggage: Baggage) -> list[bytes]:
    """Texts as Vorbis comment fields: from FLAC and Ogg as they are, repeated keys and all."""
    if baggage.source and baggage.kind and baggage.kind.container == "ogg":
        with baggage.source.open("rb") as file:
            fields = read_comment(file)
    elif baggage.source and baggage.kind and baggage.kind.container == "flac":
        with baggage.source.open("rb") as file:
            blocks = parse_flac(file, baggage.kind.audio_offset, str(baggage.source)).blocks
        fields = [one for kind, data in blocks if kind == VORBIS_COMMENT for one in parse_vorbis_comment(data)[1]]
    else:
        return vorbis_fields(baggage.tags)
    stale = (*STALE_FIELDS, b"METADATA_BLOCK_PICTURE=")
    return [one for one in fields if not one.upper().startswith(stale)]


def id3_tags(baggage: Baggage) -> tuple[bytes, bytes]:
    """ID3 tags for the front (version 2) and the back (version 1) of an MP3 output."""
    if baggage.source and baggage.kind and baggage.kind.container == "mp3":
        with baggage.source.open("rb") as file:
            return _copied_id3(file, baggage.kind.audio_offset)
    return id3v2(baggage.tags, baggage.pictures), b""


def _copied_id3(file: BinaryIO, audio_offset: int) -> tuple[bytes, bytes]:
    front = file.read(audio_offset) if audio_offset <= MAX_ID3_BYTES else b""
    end = file.seek(0, os.SEEK_END)
    file.seek(max(end - 128, 0))
    back = file.read()
    return front, back if back[:3] == b"TAG" else b""


def mp4_boxes(baggage: Baggage) -> list[bytes]:
    """Boxes to put into the index of an MP4 or MOV output."""
    if baggage.source and baggage.kind and baggage.kind.container in ("mp4", "mov"):
        with baggage.source.open("rb") as file:
            return carried_boxes(file, str(baggage.source))
    udta = ilst_udta(baggage.tags, baggage.pictures)
    return [udta] if udta else []
