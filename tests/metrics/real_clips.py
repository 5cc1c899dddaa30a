"""Real recordings for comparisons of implementations, where the environment names a library of them."""

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr


def real_clips(sample_rate: int, count: int, seconds: float = 5.0) -> Iterator[np.ndarray]:
    """Yields (time,) clips from the middle of performances of $GOODTAKE_LIBRARY/index.csv; none when it is not set."""
    if not os.environ.get("GOODTAKE_LIBRARY"):
        return
    library = Path(os.environ["GOODTAKE_LIBRARY"])
    with (library / "index.csv").open(newline="", encoding="utf-8") as table:
        paths = [row["path"] for row in csv.DictReader(table) if row["kind"] == "performance" and row["part"] == "dev"]
    for path in paths[:: max(1, len(paths) // count)][:count]:
        with soundfile.SoundFile(library / path) as file:
            file.seek(max(0, (file.frames - round(seconds * file.samplerate)) // 2))
            wave = file.read(round(seconds * file.samplerate), dtype="float32", always_2d=True).mean(axis=1)
            yield np.asarray(soxr.resample(wave, file.samplerate, sample_rate), np.float32)
