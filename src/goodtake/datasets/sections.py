"""Reads a stretch of an audio file at any rate, and finds a stretch in which there is something to hear.

Only that stretch is decoded, so a benchmark may take eight seconds out of a concert of two hours.
"""

from collections.abc import Callable
from math import ceil
from pathlib import Path

import numpy as np
import soundfile

from goodtake.datasets.recordings import fit_format
from goodtake.dsp.stft import Wave
from goodtake.errors import DatasetError

SOUNDING_DB = -60.0
"""A stretch below this rms, dB FS, counts as silent (paper 2, section 4.3, rejects such training clips)."""

TRIES = 16
_SPARE = 2
"""Samples read beyond the end, at the wanted rate, for what the resampler rounds away."""


def seconds_of(path: Path) -> float:
    """Returns the length of an audio file in seconds, from its header.

    Raises:
        DatasetError: when it cannot be read or holds no samples.
    """
    try:
        info = soundfile.info(path)
    except (soundfile.LibsndfileError, OSError) as error:
        raise _damaged(path, str(error)) from error
    if info.frames == 0:
        raise _damaged(path, "it holds no samples")
    return float(info.frames / info.samplerate)


def read_section(path: Path, start_s: float, seconds: float, sample_rate: int, channels: int) -> Wave:
    """Reads a stretch of a file, (channels, round(seconds x sample_rate)), shorter where the file ends before.

    Args:
        path: of the file.
        start_s: where the stretch begins.
        seconds: its length; 0 reads to the end.
        sample_rate: wanted, Hz.
        channels: wanted: 1 (the mean of all) or 2.

    Raises:
        DatasetError: when it cannot be read, holds nothing there or a sample that is not finite.
    """
    samples = round(seconds * sample_rate)
    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            file.seek(min(round(start_s * rate), file.frames))
            frames = ceil((samples + _SPARE) * rate / sample_rate) if samples else -1
            decoded = file.read(frames, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise _damaged(path, str(error)) from error
    if not decoded.size:
        raise _damaged(path, f"it holds no samples from {start_s:g} s on")
    wave = fit_format(decoded, rate, sample_rate, channels)
    return check_finite(wave[:, : samples or None], path)


def sounding_start(rng: np.random.Generator, longest_s: float, waves_at: Callable[[float], list[Wave]]) -> float:
    """Draws starts until every wave there sounds; of 16 that fail, returns the one where most do.

    Args:
        rng: where chance comes from.
        longest_s: the last start there is, seconds; 0 or less gives 0.
        waves_at: reads what is wanted at a start: one recording, or all stems of a song.
    """
    if longest_s <= 0:
        return 0.0
    best, most = 0.0, -1
    for _ in range(TRIES):
        start_s = float(rng.uniform(0.0, longest_s))
        waves = waves_at(start_s)
        sounding = sum(_rms_db(wave) > SOUNDING_DB for wave in waves)
        if sounding > most:
            best, most = start_s, sounding
        if most == len(waves):
            break
    return best


def check_finite(wave: Wave, path: Path) -> Wave:
    """Returns the wave.

    Raises:
        DatasetError: when a sample is not a finite number.
    """
    if not np.isfinite(wave).all():
        raise _damaged(path, "it holds samples that are no finite numbers")
    return wave


def _rms_db(wave: Wave) -> float:
    return float(10 * np.log10(np.mean(wave.astype(np.float64) ** 2) + 1e-12))


def _damaged(path: Path, reason: str) -> DatasetError:
    return DatasetError(f"{path} cannot be read as audio ({reason}): mend it or take it out of the data")
