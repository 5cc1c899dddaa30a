"""Rooms, noises and microphones, by name and at one sample rate.

Folders follow the layout of a sound library: ``rir/``, ``noise/`` (with talkers under ``noise/speech/``) and ``mic/``.
Training reads a library at once, half precision keeping an hour of noise at 16 kHz in 115 MB. Published sets of
thousands of files are read as they are drawn, the latest kept; so is what degrading a single file needs.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from goodtake.degrade.rooms import centre
from goodtake.dsp.filters import LOW_CUT_HZ, low_cut
from goodtake.dsp.stft import Wave
from goodtake.errors import DatasetError

AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff"})
KEPT_BYTES = 256 * 2**20
"""What a process keeps decoded of the rooms of a published set, and of its noises."""

MOST_CHANNELS = 2
"""Further channels, of microphone arrays, are left out."""

HalfWave = NDArray[np.float16]
Sound = TypeVar("Sound", bound=NDArray[np.floating])


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
    rirs: Mapping[str, Wave] = field(default_factory=dict)
    noises: Mapping[str, HalfWave] = field(default_factory=dict)
    talkers: Mapping[str, HalfWave] = field(default_factory=dict)
    microphones: Mapping[str, Wave] = field(default_factory=dict)

    @classmethod
    def from_folder(cls, folder: Path, sample_rate: int, lazy: bool = False) -> "Bank":
        """Reads a folder with ``rir``, ``noise`` and ``mic`` below it; a missing part stays empty.

        Args:
            folder: the folder.
            sample_rate: everything is resampled to it, Hz.
            lazy: decode a sound when it is first asked for, not now.

        Raises:
            DatasetError: when none of the three is there or a file cannot be read.
        """
        if not any((folder / part).is_dir() for part in ("rir", "noise", "mic")):
            raise DatasetError(f"{folder} has none of rir/, noise/, mic/: give a folder of rooms, noises, microphones")
        noise = _list_sounds(folder / "noise")
        speech = {name: noise.pop(name) for name in list(noise) if name.startswith("speech/")}
        rirs = SoundFolder(_list_sounds(folder / "rir"), sample_rate, centre)
        noises, talkers = (SoundFolder(paths, sample_rate, _background) for paths in (noise, speech))
        microphones = SoundFolder(_list_sounds(folder / "mic"), sample_rate, _first_channel)
        if lazy:
            return cls(sample_rate, rirs, noises, talkers, microphones)
        return cls(sample_rate, dict(rirs), dict(noises), dict(talkers), dict(microphones))

    def with_files(self, rirs: Iterable[Path] = (), noises: Iterable[Path] = ()) -> "Bank":
        """Returns a bank with these rooms or noises in place of its own, each decoded when it is drawn.

        Args:
            rirs: files of room responses; none keeps the bank's own.
            noises: files of backgrounds; none keeps the bank's own. Talkers and microphones stay.
        """
        rooms = SoundFolder({path.as_posix(): path for path in rirs}, self.sample_rate, centre, KEPT_BYTES)
        sounds = SoundFolder({path.as_posix(): path for path in noises}, self.sample_rate, _background, KEPT_BYTES)
        return replace(self, rirs=rooms or self.rirs, noises=sounds or self.noises)

    def room(self, name: str) -> Wave:
        """Returns a room response, (channel, time)."""
        return _look_up(self.rirs, name, "room")

    def noise(self, name: str) -> HalfWave:
        """Returns a background or a talker, (channel, time)."""
        return _look_up(self.talkers if name in self.talkers else self.noises, name, "noise")

    def microphone(self, name: str) -> Wave:
        """Returns a microphone response, (1, time)."""
        return _look_up(self.microphones, name, "microphone")


class SoundFolder(Mapping[str, Sound], Generic[Sound]):
    """Sounds decoded when they are first looked up.

    Args:
        paths: file of each name.
        sample_rate: Hz.
        prepare: makes what is kept of a wave (channel, time) at a sample rate.
        kept_bytes: above it, the sounds that were asked for longest ago are forgotten and decoded anew when needed.
    """

    def __init__(
        self,
        paths: dict[str, Path],
        sample_rate: int,
        prepare: Callable[[Wave, int], Sound],
        kept_bytes: float = float("inf"),
    ) -> None:
        self._paths, self._sample_rate, self._prepare, self._kept_bytes = paths, sample_rate, prepare, kept_bytes
        self._decoded: dict[str, Sound] = {}  # in the order of their last use
        self._bytes = 0

    def __getitem__(self, name: str) -> Sound:
        sound = self._decoded.pop(name, None)
        if sound is None:
            sound = self._prepare(_read(self._paths[name], self._sample_rate), self._sample_rate)
            self._bytes += sound.nbytes
        self._decoded[name] = sound
        while self._bytes > self._kept_bytes and len(self._decoded) > 1:
            self._bytes -= self._decoded.pop(next(iter(self._decoded))).nbytes
        return sound

    def __contains__(self, name: object) -> bool:
        return name in self._paths

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


def _look_up(sounds: Mapping[str, Sound], name: str, kind: str) -> Sound:
    if name not in sounds:
        raise DatasetError(f"no {kind} named {name!r} in this bank: give the folder that the parameters came from")
    return sounds[name]


def _list_sounds(folder: Path) -> dict[str, Path]:
    paths = sorted(folder.rglob("*")) if folder.is_dir() else []
    return {path.relative_to(folder).as_posix(): path for path in paths if path.suffix.lower() in AUDIO_SUFFIXES}


def _read(path: Path, sample_rate: int) -> Wave:
    try:
        wave, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise DatasetError(f"{path} cannot be read as audio ({error}): mend or remove it") from error
    wave = wave[:, :MOST_CHANNELS]
    if rate != sample_rate:
        wave = soxr.resample(wave, rate, sample_rate)
    if not np.any(wave):
        raise DatasetError(f"{path} holds no sound: remove it")
    return np.ascontiguousarray(wave.T, np.float32)


def _background(wave: Wave, sample_rate: int) -> HalfWave:
    """Cuts what lies below 35 Hz, which the end of the chain would cut: or the ratio asked is not the ratio heard."""
    return low_cut(wave, sample_rate, LOW_CUT_HZ).astype(np.float16)


def _first_channel(wave: Wave, sample_rate: int) -> Wave:
    return wave[:1]
