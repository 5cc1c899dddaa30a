"""MUSDB18-HQ: 150 songs with their four stems, what paper 2 trains and tests on; the compressed MUSDB18 as well.

Layout of MUSDB18-HQ: `train|test/SONG/{mixture,bass,drums,other,vocals}.wav`, stereo, 44.1 kHz; of MUSDB18:
`train|test/SONG.stem.mp4` with five AAC streams. The stems sum to the mixture, in MUSDB18 up to the coding.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from goodtake.datasets.recordings import fit_format
from goodtake.datasets.sections import check_finite, read_section, seconds_of
from goodtake.dsp.stft import Wave
from goodtake.errors import DatasetError

if TYPE_CHECKING:
    from av.audio.stream import AudioStream

CITATION = """\
@misc{MUSDB18HQ,
    author = {Rafii, Zafar and Liutkus, Antoine and St{\\"o}ter, Fabian-Robert and Mimilakis, Stylianos Ioannis
              and Bittner, Rachel},
    title = {{MUSDB18-HQ} - an uncompressed version of {MUSDB18}},
    year = {2019},
    doi = {10.5281/zenodo.3338373}
}"""
CREDIT = "MUSDB18: Z. Rafii, A. Liutkus, F.-R. Stöter, S. I. Mimilakis, R. Bittner, and the artists of its songs"
LICENCE = "MUSDB18 terms (academic use only)"
URL = "https://doi.org/10.5281/zenodo.3338373"
ARCHIVE_NAME = "musdb18hq.zip"
ARCHIVE_BYTES = 22_656_664_047
ARCHIVE_MD5 = "12d4f2ecd55245a4688754dd76363103"

SPLITS = {"train": 100, "test": 50}
"""Songs of each split."""

MIXTURE = "mixture"
STEMS = ("bass", "drums", "other", "vocals")
STREAMS = {MIXTURE: 0, "drums": 1, "bass": 2, "other": 3, "vocals": 4}
"""Place of each sound among the audio streams of a .stem.mp4."""

STEM_SUFFIX = ".stem.mp4"
_LEAD_IN_S = 0.5
"""Decoded before a stretch of AAC and thrown away: its first frame needs the one before."""


@dataclass(frozen=True)
class Song:
    """One song; nothing of it is read yet.

    Args:
        path: its folder, or its .stem.mp4 file.
        split: "train" or "test".
    """

    path: Path
    split: str

    @property
    def name(self) -> str:
        """Artist and title, as published."""
        return self.path.name.removesuffix(STEM_SUFFIX)

    @property
    def seconds(self) -> float:
        """Length of the mixture.

        Raises:
            DatasetError: when it cannot be read.
        """
        return _seconds_of_stream(self.path) if self.path.is_file() else seconds_of(self.path / f"{MIXTURE}.wav")

    def read(self, sound: str, start_s: float, seconds: float, sample_rate: int, channels: int) -> Wave:
        """Reads a stretch, (channels, round(seconds x sample_rate)), shorter where the song ends before.

        Args:
            sound: "mixture" or one of `STEMS`.
            start_s: where it begins.
            seconds: its length; 0 reads to the end.
            sample_rate: wanted, Hz.
            channels: 1 (the mean) or 2.

        Raises:
            DatasetError: when it cannot be read.
        """
        if self.path.is_file():
            return _read_stream(self.path, sound, start_s, seconds, sample_rate, channels)
        return read_section(self.path / f"{sound}.wav", start_s, seconds, sample_rate, channels)


def read_songs(root: Path, split: str) -> list[Song]:
    """Returns the songs of a split by name, after a look whether the files of each are there.

    Raises:
        DatasetError: when the folder is missing or empty, or a song lacks a file.
    """
    folder = root / split
    if split not in SPLITS or not folder.is_dir():
        raise DatasetError(
            f"{root} has no folder {split!r}: give the folder of MUSDB18-HQ, which holds {' and '.join(SPLITS)} "
            f"({ARCHIVE_NAME} from {URL})"
        )
    places = sorted((path for path in folder.iterdir() if not path.name.startswith(".")), key=lambda path: path.name)
    songs = [Song(path, split) for path in places if path.is_dir() or path.name.endswith(STEM_SUFFIX)]
    if not songs:
        raise DatasetError(f"{folder} holds no songs: expected SONG/{MIXTURE}.wav with its stems, or SONG{STEM_SUFFIX}")
    for song in songs:
        missing = [
            f"{sound}.wav" for sound in STREAMS if song.path.is_dir() and not (song.path / f"{sound}.wav").is_file()
        ]
        if missing:
            raise DatasetError(f"{song.path} lacks {', '.join(missing)}: unpack {ARCHIVE_NAME} again from {URL}")
    return songs


def _seconds_of_stream(path: Path) -> float:
    import av

    try:
        with av.open(str(path)) as container:
            stream = container.streams.audio[0]
            return float((stream.duration or 0) * _tick_s(stream))
    except (av.FFmpegError, OSError, IndexError) as error:
        raise _damaged(path, error) from error


def _read_stream(path: Path, sound: str, start_s: float, seconds: float, sample_rate: int, channels: int) -> Wave:
    """Decodes a stretch of one stream; frames carry their time, so all streams are cut at the same sample."""
    import av

    samples = round(seconds * sample_rate)
    try:
        with av.open(str(path)) as container:
            stream = container.streams.audio[STREAMS[sound]]
            rate = stream.rate
            first = round(start_s * rate)
            last = first + int(np.ceil((samples + 2) * rate / sample_rate)) if samples else None
            container.seek(int(max(0.0, start_s - _LEAD_IN_S) / _tick_s(stream)), stream=stream)
            pieces: list[Wave] = []
            for frame in container.decode(stream):
                begin = round((frame.pts or 0) * _tick_s(stream) * rate)
                if last is not None and begin >= last:
                    break
                piece = frame.to_ndarray()[:, max(0, first - begin) : None if last is None else max(0, last - begin)]
                pieces.append(piece.astype(np.float32))
            decoded = np.concatenate(pieces, axis=1)
    except (av.FFmpegError, OSError, IndexError, ValueError, ZeroDivisionError) as error:
        raise _damaged(path, error) from error
    if not decoded.size:
        raise _damaged(path, f"it holds no samples from {start_s:g} s on")
    return check_finite(fit_format(decoded.T, rate, sample_rate, channels)[:, : samples or None], path)


def _tick_s(stream: "AudioStream") -> float:
    """Returns the unit of a stream's time stamps, seconds."""
    return float(stream.time_base or 0)


def _damaged(path: Path, reason: object) -> DatasetError:
    return DatasetError(
        f"{path} cannot be read as five audio streams ({reason}): decode it with stempeg, or use MUSDB18-HQ from {URL}"
    )
