"""Keeps sound and embeddings of a run as files that are there whole or not at all."""

import io
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from goodtake.audio.atomic import disk_errors
from goodtake.dsp.stft import Wave

FULL_SCALE = 0.999
"""Peak of what would clip in a file, after it was turned down."""

Embedding = NDArray[np.floating]


def keep_wave(run: Path, place: str, wave: Wave, sample_rate: int) -> None:
    """Writes a wave (channel, time) as FLAC of 16 bits; one that would clip is turned down as a whole.

    Args:
        run: the run folder.
        place: below it, with forward slashes.
        wave: (channel, time).
        sample_rate: Hz.

    Raises:
        UnwritableAudioError: the disk is full or refuses.
    """
    top = float(np.abs(wave).max(initial=0.0))
    stored = io.BytesIO()
    soundfile.write(
        stored, (wave * np.float32(FULL_SCALE / max(top, FULL_SCALE))).T, sample_rate, "PCM_16", format="FLAC"
    )
    _write(run / place, stored.getvalue())


def keep_embedding(run: Path, place: str, embedding: Embedding) -> None:
    """Writes an embedding (patch, dimension) as .npy in half precision. Args, Raises: as `keep_wave`."""
    stored = io.BytesIO()
    np.save(stored, embedding.astype(np.float16), allow_pickle=False)
    _write(run / place, stored.getvalue())


def _write(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.part")  # the same name again after a kill
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_bytes(content)
            partial.replace(path)
        except OSError:
            partial.unlink(missing_ok=True)
            raise
