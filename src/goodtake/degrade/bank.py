"""Rooms, noises and microphones held decoded in memory, by name.

A bank is read once at the rate it is used at; half precision keeps an hour of noise at 16 kHz in 115 MB.
Folders follow the layout of a sound library: ``rir/``, ``noise/`` (with talkers under ``noise/speech/``) and ``mic/``.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from goodtake.dsp.stft import Wave
from goodtake.errors import DatasetError

AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff"})
DIRECT_PATH_SECONDS = 0.0025
"""Where the direct path of a response lies in its file."""


@dataclass
class Bank:
    """Named sounds at one sample rate.

    Args:
        sample_rate: rate of all of them, Hz.
        rirs: room responses (channel, time), their direct path at 2.5 ms.
        noises: backgrounds (channel, time), half precision.
        talkers: single voices (channel, time), half precision.
        microphones: microphone responses (1, time).
    """

    sample_rate: int
    rirs: dict[str, Wave] = field(default_factory=dict)
    noises: dict[str, NDArray[np.float16]] = field(default_factory=dict)
    talkers: dict[str, NDArray[np.float16]] = field(default_factory=dict)
    microphones: dict[str, Wave] = field(default_factory=dict)

    @classmethod
    def from_folder(cls, folder: Path, sample_rate: int) -> "Bank":
        """Reads a folder with ``rir``, ``noise`` and ``mic`` below it; a missing part stays empty.

        Raises:
            DatasetError: when none of the three is there or a file cannot be read.
        """
        if not any((folder / part).is_dir() for part in ("rir", "noise", "mic")):
            raise DatasetError(f"{folder} holds none of rir/, noise/, mic/: give a folder of rooms, noises and microphones")
        noises = _read_folder(folder / "noise", sample_rate, _half)
        talkers = {name: noises.pop(name) for name in list(noises) if name.startswith("speech/")}
        return cls(
            sample_rate,
            rirs=_read_folder(folder / "rir", sample_rate, _centre_direct_path),
            noises=noises,
            talkers=talkers,
            microphones=_read_folder(folder / "mic", sample_rate, _as_read),
        )

    def room(self, name: str) -> Wave:
        """Returns a room response, (channel, time)."""
        return _look_up(self.rirs, name, "room")

    def noise(self, name: str) -> NDArray[np.float16]:
        """Returns a background or a talker, (channel, time)."""
        return _look_up(self.talkers if name in self.talkers else self.noises, name, "noise")

    def microphone(self, name: str) -> Wave:
        """Returns a microphone response, (1, time)."""
        return _look_up(self.microphones, name, "microphone")


def _look_up(sounds: dict[str, NDArray[np.generic]], name: str, kind: str) -> NDArray[np.generic]:  # type: ignore[misc]
    if name not in sounds:
        raise DatasetError(f"no {kind} named {name} in this bank: replay with the folder that the parameters came from")
    return sounds[name]


def _read_folder(
    folder: Path, sample_rate: int, prepare: Callable[[Wave, int], NDArray[np.generic]]
) -> dict[str, NDArray[np.generic]]:
    sounds = {}
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        if path.suffix.lower() not in AUDIO_SUFFIXES:
            continue
        try:
            wave, rate = soundfile.read(path, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise DatasetError(f"{path} cannot be read as audio ({error}): mend or remove it") from error
        if rate != sample_rate:
            wave = soxr.resample(wave, rate, sample_rate)
        if len(wave):
            sounds[path.relative_to(folder).as_posix()] = prepare(np.ascontiguousarray(wave.T), sample_rate)
    return sounds


def _half(wave: Wave, sample_rate: int) -> NDArray[np.float16]:
    return wave.astype(np.float16)


def _as_read(wave: Wave, sample_rate: int) -> Wave:
    return wave[:1]


def _centre_direct_path(wave: Wave, sample_rate: int) -> Wave:
    """Puts the strongest sample at 2.5 ms, so that a pair stays sample-synchronous, and gives it unit direct gain."""
    origin = round(DIRECT_PATH_SECONDS * sample_rate)
    peak = int(np.abs(wave).max(axis=0).argmax())
    start = peak - origin
    shifted = wave[:, start:] if start >= 0 else np.pad(wave, [(0, 0), (-start, 0)])
    return np.ascontiguousarray(shifted / np.abs(shifted).max(), dtype=np.float32)
