"""Audio in and out: any common format, block by block, with exact length, bit depth, tags and cover kept.

``open_reader`` and ``open_writer`` are the two doors; ``probe`` looks without reading. Nothing heavy is imported until
one of these is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from goodtake.audio.info import AudioInfo
    from goodtake.audio.reader import AudioReader, open_reader, probe, read_audio
    from goodtake.audio.resample import Resampler, resample_clip
    from goodtake.audio.writer import AudioWriter, open_writer

_HOMES = {
    "AudioInfo": "info",
    "AudioReader": "reader",
    "AudioWriter": "writer",
    "Resampler": "resample",
    "open_reader": "reader",
    "open_writer": "writer",
    "probe": "reader",
    "read_audio": "reader",
    "resample_clip": "resample",
}

__all__ = [
    "AudioInfo",
    "AudioReader",
    "AudioWriter",
    "Resampler",
    "open_reader",
    "open_writer",
    "probe",
    "read_audio",
    "resample_clip",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
