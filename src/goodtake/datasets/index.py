"""Reads the index of a sound library: one CSV row per file, with its part, kind, source and licence."""

import csv
from dataclasses import dataclass
from pathlib import Path

from goodtake.errors import DatasetError

INDEX_NAME = "index.csv"


@dataclass(frozen=True)
class Entry:
    """One file of a sound library.

    Args:
        path: of the file.
        part: "train" or "dev".
        kind: "note", "performance", "noise", "rir" or "mic".
        library: the recording's maker; files of one library never stand in both parts.
        instrument: as the index names it.
        licence: licence of the file.
        credit: whom to name; "" when the index does not say.
    """

    path: Path
    part: str
    kind: str
    library: str
    instrument: str
    licence: str
    credit: str = ""


AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff"})


def read_folder(folder: Path) -> list[Entry]:
    """Returns an entry for every audio file below a plain folder; its first subfolder counts as its library.

    Raises:
        DatasetError: when it is no folder or holds no audio.
    """
    if not folder.is_dir():
        raise DatasetError(f"{folder} is no folder: give a folder of recordings")
    entries = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in AUDIO_SUFFIXES and path.is_file():
            parts = path.relative_to(folder).parts
            library, instrument = (parts[0] if len(parts) > 1 else folder.name), (parts[-2] if len(parts) > 2 else "")
            entries.append(Entry(path, "train", "performance", library, instrument, ""))
    if not entries:
        raise DatasetError(
            f"{folder} holds no audio ({', '.join(sorted(AUDIO_SUFFIXES))}): give a folder of recordings"
        )
    return entries


def read_index(root: Path, part: str, kind: str) -> list[Entry]:
    """Returns the entries of one part and kind, in the order of the index.

    Raises:
        DatasetError: when there is no index, it lacks a column, or nothing of that part and kind is in it.
    """
    index = root / INDEX_NAME
    if not index.is_file():
        raise DatasetError(f"{root} has no {INDEX_NAME}: give the folder of a sound library")
    try:
        with index.open(newline="", encoding="utf-8") as lines:
            entries = [
                _entry(root, row) for row in csv.DictReader(lines) if row["part"] == part and row["kind"] == kind
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DatasetError(f"{index} cannot be read ({error}): expected a CSV file in UTF-8") from error
    except KeyError as error:
        raise DatasetError(f"{index} lacks the column {error}: see docs/datasets.md for the columns") from error
    if not entries:
        raise DatasetError(f"{index} lists no {kind} of part {part}: see docs/datasets.md for what is needed")
    return entries


def _entry(root: Path, row: dict[str, str]) -> Entry:
    part, kind, library = row["part"], row["kind"], row["library"]
    return Entry(root / row["path"], part, kind, library, row["instrument"], row["licence"], row.get("credit") or "")
