"""Recordings of music held decoded in memory, and crops of them.

Half precision at 16 kHz mono keeps two hours in 230 MB. Every library gets a share that grows with the square root of
its length, so that one orchestra does not drown the rest.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from goodtake.datasets.index import Entry, read_folder, read_index
from goodtake.dsp.stft import Wave
from goodtake.errors import DatasetError

SILENCE_BELOW_PEAK_DB = 45.0


@dataclass
class Recordings:
    """Clips of music by group; a group is one instrument of one library.

    Args:
        sample_rate: rate of all clips, Hz.
        groups: clips (channel, time) in half precision, by group name.
        weights: probability of each group, in the order of `groups`.
    """

    sample_rate: int
    groups: dict[str, list[NDArray[np.float16]]]
    weights: NDArray[np.float64]

    @classmethod
    def from_index(cls, root: Path, part: str, sample_rate: int, channels: int = 1) -> "Recordings":
        """Reads every performance of one part of a sound library."""
        return cls.from_entries(read_index(root, part, "performance"), sample_rate, channels)

    @classmethod
    def from_folder(cls, folder: Path, sample_rate: int, channels: int = 1) -> "Recordings":
        """Reads every recording below a plain folder; each of its subfolders gets a share of its own."""
        return cls.from_entries(read_folder(folder), sample_rate, channels)

    @classmethod
    def from_entries(cls, entries: list[Entry], sample_rate: int, channels: int = 1) -> "Recordings":
        """Reads the files of the entries, trims their silent ends and sets the shares of the groups."""
        groups: dict[str, list[NDArray[np.float16]]] = {}
        seconds: dict[str, float] = {}
        for entry in entries:
            wave = trim_silence(read_clip(entry.path, sample_rate, channels), sample_rate)
            if not wave.size or not np.isfinite(wave).all():
                raise DatasetError(
                    f"{entry.path} holds no samples, or some that are no finite numbers: mend or remove it"
                )
            group = f"{entry.library}/{entry.instrument}"
            groups.setdefault(group, []).append(wave.astype(np.float16))
            seconds[entry.library] = seconds.get(entry.library, 0.0) + wave.shape[1] / sample_rate
        per_library: dict[str, int] = {}
        for group in groups:
            library = group.rsplit("/", 1)[0]
            per_library[library] = per_library.get(library, 0) + 1
        shares = []
        for group in groups:
            library = group.rsplit("/", 1)[0]
            shares.append(np.sqrt(seconds[library]) / per_library[library])
        weights = np.array(shares)
        return cls(sample_rate, groups, weights / weights.sum())

    def crop(self, rng: np.random.Generator, samples: int) -> Wave:
        """Returns a stretch of that many samples from one group, (channel, samples).

        Clips shorter than that are followed by others of their group, with a short cross-fade.
        """
        names = list(self.groups)
        clips = self.groups[names[int(rng.choice(len(names), p=self.weights))]]
        lengths = np.array([clip.shape[1] for clip in clips], np.float64)
        first = clips[int(rng.choice(len(clips), p=lengths / lengths.sum()))]
        if first.shape[1] >= samples:
            start = int(rng.integers(first.shape[1] - samples + 1))
            return first[:, start : start + samples].astype(np.float32)
        wave = first.astype(np.float32)
        fade = self.sample_rate // 50
        while wave.shape[1] < samples:
            following = clips[int(rng.integers(len(clips)))].astype(np.float32)
            wave = _cross_fade(wave, following, min(fade, following.shape[1] // 2, wave.shape[1] // 2))
        start = int(rng.integers(wave.shape[1] - samples + 1))
        return wave[:, start : start + samples]


def read_clip(path: Path, sample_rate: int, channels: int) -> Wave:
    """Reads a file at a rate, with one channel (the mean of all) or two: (channel, time).

    Raises:
        DatasetError: when it cannot be read.
    """
    try:
        wave, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise DatasetError(f"{path} cannot be read as audio ({error}): mend it or take it out of the index") from error
    return fit_format(wave, rate, sample_rate, channels)


def fit_format(frames: NDArray[np.float32], rate: int, sample_rate: int, channels: int) -> Wave:
    """Brings decoded audio to a rate and to one channel (the mean of all) or more.

    Args:
        frames: (time, channel), as decoders give it.
        rate: its rate, Hz.
        sample_rate: wanted, Hz.
        channels: wanted; a single channel is repeated, what is too many is left out.

    Shape:
        (time, channel) -> (channels, time x sample_rate / rate)
    """
    if channels == 1:
        frames = frames.mean(axis=1, keepdims=True)
    elif frames.shape[1] == 1:
        frames = np.repeat(frames, channels, axis=1)
    if rate != sample_rate:
        frames = soxr.resample(frames, rate, sample_rate)
    return np.ascontiguousarray(frames[:, :channels].T)


def trim_silence(wave: Wave, sample_rate: int) -> Wave:
    """Cuts off the ends where 20 ms frames lie more than 45 dB below the loudest."""
    hop = sample_rate // 50
    frames = wave.shape[1] // hop
    if frames < 2:
        return wave
    power = (wave[:, : frames * hop].reshape(wave.shape[0], frames, hop).astype(np.float64) ** 2).mean(axis=(0, 2))
    loud = np.flatnonzero(power > power.max() * 10 ** (-SILENCE_BELOW_PEAK_DB / 10))
    if len(loud) == 0:
        return wave
    return wave[:, max(0, loud[0] - 1) * hop : (loud[-1] + 2) * hop]


def _cross_fade(first: Wave, second: Wave, samples: int) -> Wave:
    if samples == 0:
        return np.concatenate([first, second], axis=1)
    ramp = np.linspace(0, 1, samples, dtype=np.float32)
    joint = first[:, -samples:] * (1 - ramp) + second[:, :samples] * ramp
    return np.concatenate([first[:, :-samples], joint, second[:, samples:]], axis=1)
