"""Matroska and WebM: is the file whole?

Source: RFC 8794 (EBML) and RFC 9559 (Matroska). After the EBML head comes one Segment; a finished one says its length.
"""

from __future__ import annotations

from typing import BinaryIO

from goodtake.audio.info import cut_off, damaged

SEGMENT_ID = 0x18538067


def check_whole(file: BinaryIO, end: int, name: str) -> None:
    """Raise if the Segment reaches beyond the end of the file.

    Raises:
        UnreadableAudioError: cut off, or no Segment.
    """
    position = 0
    while position < end:
        file.seek(position)
        head = file.read(16)
        identifier, id_bytes = _number(head, keep_marker=True)
        size, size_bytes = _number(head[id_bytes:], keep_marker=False)
        if identifier is None or size is None:
            break
        payload = position + id_bytes + size_bytes
        unknown = size == (1 << 7 * size_bytes) - 1  # a live recording
        if identifier == SEGMENT_ID:
            if unknown or payload + size <= end:
                return
            there = 100 * max(end - payload, 0) / size
            raise damaged(name, f"cut off: only {there:.0f} % of it are there")
        position = payload + size
    raise cut_off(name, 0.0)


def _number(data: bytes, *, keep_marker: bool) -> tuple[int | None, int]:
    """An EBML variable-length number and its size in bytes; None if there is none."""
    if not data or not data[0]:
        return None, 0
    length = 9 - data[0].bit_length()
    if len(data) < length:
        return None, 0
    value = int.from_bytes(data[:length], "big")
    return (value if keep_marker else value & ((1 << 7 * length) - 1)), length
