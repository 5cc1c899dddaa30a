"""Medley-solos-DB: solo recordings of eight instruments in clips of three seconds; what paper 1 trains and tests on.

Clips are mono at 44.1 kHz, 131,072 samples (2.97 s), cut from songs that stand in one subset only. Training and
validation come from MedleyDB, the test set from solosDB. Paper 1 (section 4.1) leaves the distorted electric guitar
out, and so do the functions here unless told otherwise.
"""

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import soundfile

from goodtake.datasets.index import Entry
from goodtake.errors import DatasetError

NAME = "Medley-solos-DB"
CITATION = """\
@inproceedings{lostanlen2016deep,
    author = {Lostanlen, Vincent and Cella, Carmine-Emanuele},
    title = {Deep convolutional networks on the pitch spiral for musical instrument recognition},
    booktitle = {Proceedings of the International Society for Music Information Retrieval Conference (ISMIR)},
    year = {2016}
}"""
CREDIT = "Medley-solos-DB: V. Lostanlen, C.-E. Cella, R. Bittner, S. Essid"
LICENCE = "CC BY 4.0"
URL = "https://doi.org/10.5281/zenodo.3464194"
VERSION = "1.2"
METADATA_NAME = "Medley-solos-DB_metadata.csv"
METADATA_MD5 = "fda6a589c56785f2195c9227809c521a"
AUDIO_NAME = "Medley-solos-DB.tar.gz"
AUDIO_MD5 = "f5facf398793ef5c1f80c013afdf3e5f"

INSTRUMENTS = (
    "clarinet",
    "distorted electric guitar",
    "female singer",
    "flute",
    "piano",
    "tenor saxophone",
    "trumpet",
    "violin",
)
"""In the order of `instrument_id`."""

DISTORTED_GUITAR = INSTRUMENTS[1]
SUBSETS = ("training", "validation", "test")
ALL_CLIPS = {"training": 5841, "validation": 3494, "test": 12236}
"""Clips of each subset of version 1.2, 21,571 in all. Paper 1 counts 21,572 and names the first two figures as what is
left without the distorted guitar; the published metadata has them with it. What goodtake trains on is `CLIPS`."""

CLIPS = {"training": 5437, "validation": 2999, "test": 11281}
"""Clips of each subset without the distorted electric guitar, counted in the published metadata."""

CLIP_SAMPLES = 131_072
"""Of every clip, at 44.1 kHz."""

COLUMNS = ("subset", "instrument", "instrument_id", "song_id", "uuid4")
METADATA_PLACES = ("", "annotation")
AUDIO_PLACES = ("", "Medley-solos-DB", "audio", "audio/Medley-solos-DB")


@dataclass(frozen=True)
class Track:
    """One clip; its sound is not read.

    Args:
        path: of the WAV file.
        subset: "training", "validation" or "test".
        instrument: one of `INSTRUMENTS`.
        song_id: of the song it was cut from, as the metadata writes it; clips of one song are not independent.
        uuid4: its name.
    """

    path: Path
    subset: str
    instrument: str
    song_id: str
    uuid4: str


def root_of(path: Path) -> Path | None:
    """Returns the data set's folder, given it or its metadata file; None when it is something else."""
    if path.name == METADATA_NAME and path.is_file():
        return path.parent.parent if path.parent.name == "annotation" else path.parent
    there = any((path / place / METADATA_NAME).is_file() for place in METADATA_PLACES)
    return path if there or _audio_place(path) is not None else None


def read_tracks(root: Path, subset: str | None = None, with_guitar: bool = False) -> list[Track]:
    """Returns the clips that the metadata lists, in its order, after a look whether each file is there.

    Args:
        root: folder with the metadata, and the WAV files beside it or in a folder `Medley-solos-DB` or `audio`.
        subset: one of `SUBSETS`; None for all.
        with_guitar: keep the distorted electric guitar.

    Raises:
        DatasetError: when the metadata is missing, damaged or lists nothing of the subset, or files are missing.
    """
    metadata = _find_metadata(root)
    tracks = _read_metadata(metadata, _find_audio(root))
    wanted = [
        track
        for track in tracks
        if (subset is None or track.subset == subset) and (with_guitar or track.instrument != DISTORTED_GUITAR)
    ]
    if not wanted:
        raise DatasetError(f"{metadata} lists no clips of subset {subset}: use one of {', '.join(SUBSETS)}")
    _check_files(wanted)
    return wanted


def check_whole(tracks: Iterable[Track]) -> None:
    """Checks that clips of one or more subsets are as many as were published, with the guitar or without it.

    Raises:
        DatasetError: when clips are missing or too many.
    """
    listed = list(tracks)
    guitar = any(track.instrument == DISTORTED_GUITAR for track in listed)
    for subset, count in Counter(track.subset for track in listed).items():
        published = (ALL_CLIPS if guitar else CLIPS)[subset]
        if count != published:
            raise DatasetError(
                f"Medley-solos-DB: {count:,} clips of subset {subset}, version {VERSION} has {published:,}: "
                f"get {METADATA_NAME} and {AUDIO_NAME} from {URL}"
            )


def check_lengths(tracks: Iterable[Track]) -> None:
    """Checks that no file was cut off.

    Raises:
        DatasetError: when one is shorter than a clip or cannot be read.
    """
    for track in tracks:
        try:
            samples = soundfile.info(track.path).frames
        except (soundfile.LibsndfileError, OSError) as error:
            raise DatasetError(f"{track.path} cannot be read as audio ({error}): unpack {AUDIO_NAME} anew") from error
        if samples < CLIP_SAMPLES:
            raise DatasetError(
                f"{track.path} is cut off: {samples:,} samples, a clip has {CLIP_SAMPLES:,}: unpack {AUDIO_NAME} anew"
            )


def entries_of(tracks: Iterable[Track]) -> list[Entry]:
    """Returns the clips as entries of a library in which each instrument has a share of its own."""
    return [Entry(track.path, track.subset, "performance", NAME, track.instrument, LICENCE, CREDIT) for track in tracks]


def file_name(subset: str, instrument: str, uuid4: str) -> str:
    """Returns the published name of a clip's file.

    >>> file_name("test", "flute", "0a1b")
    'Medley-solos-DB_test-3_0a1b.wav'
    """
    return f"Medley-solos-DB_{subset}-{INSTRUMENTS.index(instrument)}_{uuid4}.wav"


def _find_metadata(root: Path) -> Path:
    for place in METADATA_PLACES:
        if (root / place / METADATA_NAME).is_file():
            return root / place / METADATA_NAME
    raise DatasetError(f"{root} has no {METADATA_NAME}: give the folder of Medley-solos-DB, or get it from {URL}")


def _find_audio(root: Path) -> Path:
    place = _audio_place(root)
    if place is None:
        raise DatasetError(f"{root} has no Medley-solos-DB_*.wav: unpack {AUDIO_NAME} from {URL} there")
    return place


def _audio_place(root: Path) -> Path | None:
    places = (root / place for place in AUDIO_PLACES)
    return next((place for place in places if next(place.glob("Medley-solos-DB_*.wav"), None) is not None), None)


def _read_metadata(metadata: Path, audio: Path) -> list[Track]:
    tracks = []
    try:
        with metadata.open(newline="", encoding="utf-8") as lines:
            for line, row in enumerate(csv.DictReader(lines), 2):
                subset, instrument, identity, song, uuid4 = (row[column] for column in COLUMNS)
                if subset not in SUBSETS or instrument not in INSTRUMENTS or not uuid4:
                    raise DatasetError(
                        f"{metadata}, line {line}: {subset}, {instrument}, {uuid4}: get it anew from {URL}"
                    )
                if identity != str(INSTRUMENTS.index(instrument)):
                    raise DatasetError(
                        f"{metadata}, line {line}: {instrument} is not number {identity}: get it from {URL}"
                    )
                tracks.append(Track(audio / file_name(subset, instrument, uuid4), subset, instrument, song, uuid4))
    except KeyError as error:
        raise DatasetError(f"{metadata} lacks the column {error}: version {VERSION} has it, see {URL}") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{metadata} cannot be read ({error}): get it anew from {URL}") from error
    return tracks


def _check_files(tracks: list[Track]) -> None:
    there = {path.name for path in tracks[0].path.parent.iterdir()}
    missing = [track.path.name for track in tracks if track.path.name not in there]
    if missing:
        shown = ", ".join(missing[:3]) + (", ..." if len(missing) > 3 else "")
        raise DatasetError(
            f"{tracks[0].path.parent} lacks {len(missing):,} of {len(tracks):,} clips ({shown}): "
            f"unpack {AUDIO_NAME} whole, or take their lines out of {METADATA_NAME}"
        )
