"""One decoded note: brought to a rate, trimmed to its attack, measured so that a renderer can level and loop it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from goodtake.errors import DatasetError

# Decibels as power ratios to the note's level or to its held part.
_ATTACK = 10**-2.6  # softer than this before the attack is breath or bow noise
_HELD = 10**-0.4  # a loop from louder to softer than this is heard as pumping
_LATEST_ATTACK_S = 0.03


@dataclass(frozen=True)
class Sample:
    """A decoded note.

    Args:
        wave: `(channel, time)` float16.
        sample_rate: of `wave`, in Hz.
        level: the loudest 50-ms rms of the first second.
        sustain_s: until when the note sounds at a level it can be looped at.
    """

    wave: NDArray[np.float16]
    sample_rate: float
    level: float
    sustain_s: float


def read_sample(path: Path, highest_rate: float) -> Sample:
    """Reads a note and resamples it to at most `highest_rate`.

    Bow or breath noise longer than 30 ms before the attack is cut off, so that slow starters are not late.

    Raises:
        DatasetError: the file is missing, damaged, empty, silent or not finite.
    """
    try:
        wave, sample_rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, soundfile.SoundFileError) as error:
        raise DatasetError(f"{path} cannot be read as a note ({error}): mend the file or take its row out") from error
    rate = float(sample_rate)
    if rate > highest_rate:
        wave, rate = soxr.resample(wave, rate, highest_rate), highest_rate
    power = _power(wave, rate)
    if not np.isfinite(power).all() or power[:20].max(initial=0.0) <= 0.0:
        raise DatasetError(f"{path} is empty, silent or not finite: take its row out of the index")
    fine = max(1, round(0.005 * rate))
    attack = fine * int(np.argmax(_power(wave, rate, 0.005) > _ATTACK * power[:20].max()))
    if attack > _LATEST_ATTACK_S * rate:
        wave = wave[attack - 2 * fine :]
        power = _power(wave, rate)
    held = np.flatnonzero(power > _HELD * np.quantile(power, 0.8))
    return Sample(
        wave=np.ascontiguousarray(wave.T, dtype=np.float16),  # (time, channel) -> (channel, time)
        sample_rate=rate,
        level=float(np.sqrt(power[:20].max())),
        sustain_s=min(len(wave), (int(held[-1]) + 1) * round(0.05 * rate)) / rate,
    )


def _power(wave: NDArray[np.float32], rate: float, seconds: float = 0.05) -> NDArray[np.float64]:
    """Mean power of successive frames, all channels together: (time, channel) -> (frame,)."""
    frame = max(1, round(seconds * rate))
    power = np.mean(wave.astype(np.float64) ** 2, axis=1)
    return np.asarray(np.pad(power, (0, -len(power) % frame)).reshape(-1, frame).mean(axis=1))
