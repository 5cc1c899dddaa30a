"""A library of single notes: an index, the decoded notes in memory, and the nearest note to a wanted pitch.

The index is a CSV file `index.csv` in the library's folder with one row per audio file. Needed columns: `path`
(relative to the folder), `instrument` and `midi_pitch` (a float, 69.00 = 440 Hz; empty for drums). Optional: `kind`
(rows other than "note" are passed over), `part` ("train" or "dev"; rows without it belong to both), `library`,
`articulation`, `layer` (a dynamic mark or a number), `family` (see `render/families.py`), `onset_ms` (where the attack
lies, 2 by default), `licence`, `credit`.

Use it as the sound source of `goodtake.datasets.render.Renderer`, or alone to fetch notes.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from goodtake.datasets.notes.sample import Sample, read_sample
from goodtake.errors import DatasetError

MAX_SHIFT_SEMITONES = 2.0
"""Resampled further than this, a note's formants and attack sound of another instrument."""

DEFAULT_ONSET_MS = 2.0

# A note shifted down by two semitones loses an eighth of its band: kept at a higher rate it still fills the wanted one.
_HEADROOM = 2 ** (MAX_SHIFT_SEMITONES / 12)
_DYNAMICS = {"ppp": 0.0, "pp": 0.14, "p": 0.29, "mp": 0.43, "mf": 0.57, "f": 0.71, "ff": 0.86, "fff": 1.0}
_STRING_OR_STROKE = re.compile(r"( [A-G] string| up| down)$")


@dataclass(frozen=True)
class Note:
    """One row of the index. `strength` places its dynamic layer between 0 (softest) and 1 (loudest) of its timbre."""

    source: str
    instrument: str
    midi_pitch: float | None
    library: str = ""
    articulation: str = ""
    layer: str = ""
    family: str = ""
    licence: str = ""
    credit: str = ""
    onset_ms: float = DEFAULT_ONSET_MS
    strength: float = 0.5


@dataclass(frozen=True, eq=False)
class Timbre:
    """The notes that make one voice: one instrument of one library, played one way."""

    instrument: str
    library: str
    articulation: str
    notes: tuple[Note, ...]

    @property
    def name(self) -> str:
        """A key that is unique in the library."""
        return f"{self.library}/{self.instrument}/{self.articulation}"

    @cached_property
    def pitches(self) -> NDArray[np.float64]:
        """The measured pitches of `notes`; empty for drums."""
        return np.array([note.midi_pitch for note in self.notes if note.midi_pitch is not None])

    @property
    def low(self) -> int:
        """The lowest pitch within reach."""
        return int(np.ceil(self.pitches.min() - MAX_SHIFT_SEMITONES))

    @property
    def high(self) -> int:
        """The highest pitch within reach."""
        return int(np.floor(self.pitches.max() + MAX_SHIFT_SEMITONES))

    def covers(self, midi_pitch: float) -> bool:
        """Whether a note lies within `MAX_SHIFT_SEMITONES`."""
        return bool(np.min(np.abs(self.pitches - midi_pitch), initial=np.inf) <= MAX_SHIFT_SEMITONES)

    def find(self, midi_pitch: float, rng: np.random.Generator, velocity: float | None = None) -> tuple[Note, float]:
        """Returns a note near a pitch and the shift in semitones that brings it there.

        Notes hardly further than the nearest one compete; `velocity` (0..1) prefers the layer of that strength, and
        without it chance decides.

        Raises:
            DatasetError: no note lies within `MAX_SHIFT_SEMITONES`.
        """
        distance = np.abs(self.pitches - midi_pitch)
        nearest = float(np.min(distance, initial=np.inf))
        if nearest > MAX_SHIFT_SEMITONES:
            raise DatasetError(
                f"{self.name} has no note within {MAX_SHIFT_SEMITONES:g} semitones of MIDI pitch {midi_pitch:g}: "
                f"ask for pitches it covers ({self.low} to {self.high})"
            )
        rivals = np.flatnonzero(distance <= min(nearest + 0.5, MAX_SHIFT_SEMITONES))
        note = pick_layer([self.notes[i] for i in rivals], rng, velocity)
        assert note.midi_pitch is not None
        return note, midi_pitch - note.midi_pitch


def pick_layer(notes: Sequence[Note], rng: np.random.Generator, velocity: float | None) -> Note:
    """Draws one of `notes`: any without a velocity, else one whose strength is nearest to it."""
    if velocity is not None:
        misses = [abs(note.strength - velocity) for note in notes]
        notes = [note for note, miss in zip(notes, misses, strict=True) if miss <= min(misses) + 1e-6]
    return notes[int(rng.integers(len(notes)))]


class NoteLibrary:
    """Single notes in memory, decoded once on first use and kept as float16.

    Args:
        root: the folder that `Note.source` is relative to.
        notes: at least one.
        sample_rate: the highest rate in Hz the notes will be played at.

    Raises:
        DatasetError: there is no note.
    """

    def __init__(self, root: Path, notes: Iterable[Note], sample_rate: int) -> None:
        self.root = Path(root)
        self.sample_rate = sample_rate
        grouped: defaultdict[tuple[str, str, str], list[Note]] = defaultdict(list)
        for note in notes:
            grouped[note.instrument, note.library, _STRING_OR_STROKE.sub("", note.articulation)].append(note)
        if not grouped:
            raise DatasetError(
                f"{root} gives no notes: expected rows of kind note for the part and instruments asked for"
            )
        self.timbres = tuple(
            Timbre(*key, notes=tuple(_with_strength(sorted(group, key=lambda note: note.midi_pitch or 0.0))))
            for key, group in sorted(grouped.items())
        )
        self.notes = tuple(note for timbre in self.timbres for note in timbre.notes)
        self.instruments = tuple(sorted({timbre.instrument for timbre in self.timbres}))
        self._by_source = {note.source: note for note in self.notes}
        self._samples: dict[str, Sample] = {}

    @classmethod
    def from_index(
        cls,
        root: Path,
        part: Literal["train", "dev"] | None,
        sample_rate: int,
        instruments: Iterable[str] | None = None,
    ) -> NoteLibrary:
        """Opens `root/index.csv`; nothing is decoded yet.

        Args:
            root: the library's folder.
            part: "train" or "dev"; `None` takes every row.
            sample_rate: the highest rate in Hz the notes will be played at.
            instruments: keep only these.

        Raises:
            DatasetError: the index is missing or lacks a column, a pitch is not a number, an instrument is unknown.
        """
        index = Path(root) / "index.csv"
        wanted = None if instruments is None else set(instruments)
        try:
            with index.open(newline="", encoding="utf-8") as file:
                rows = [row for row in csv.DictReader(file) if row.get("kind", "note") == "note"]
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise DatasetError(
                f"{index} cannot be read ({error}): expected a CSV file with one row per note"
            ) from error
        rows = [row for row in rows if part is None or (row.get("part") or part) == part]
        notes = [_note(row, index) for row in rows]
        unknown = (wanted or set()) - {note.instrument for note in notes}
        if unknown:
            raise DatasetError(
                f"{index} has no instrument {', '.join(sorted(unknown))}: use names of its column instrument"
            )
        return cls(Path(root), (note for note in notes if wanted is None or note.instrument in wanted), sample_rate)

    def note(self, source: str) -> Note:
        """Returns the note of a path as written in the index.

        Raises:
            DatasetError: the library does not hold it.
        """
        if source not in self._by_source:
            raise DatasetError(f"{self.root} has no note {source}: use the library the plan was drawn from")
        return self._by_source[source]

    def find(self, instrument: str, midi_pitch: float, rng: np.random.Generator) -> tuple[Note, float]:
        """Returns a note of an instrument near a pitch and the shift in semitones that brings it there.

        Raises:
            DatasetError: the instrument is unknown or no note lies within `MAX_SHIFT_SEMITONES`.
        """
        timbres = [timbre for timbre in self.timbres if timbre.instrument == instrument]
        able = [timbre for timbre in timbres if timbre.covers(midi_pitch)]
        if not able:
            known = "covers no such pitch" if timbres else "is not in the library"
            raise DatasetError(
                f"{instrument} at MIDI pitch {midi_pitch:g}: {known}, ask for one of its notes +-2 semitones"
            )
        return able[int(rng.integers(len(able)))].find(midi_pitch, rng)

    def sample(self, note: Note) -> Sample:
        """Returns the decoded note, reading its file the first time.

        Raises:
            DatasetError: the file is missing, damaged, empty or silent.
        """
        if note.source not in self._samples:
            self._samples[note.source] = read_sample(self.root / note.source, self.sample_rate * _HEADROOM)
        return self._samples[note.source]

    def preload(self) -> None:
        """Decodes every note now, so that processes forked later share one copy."""
        for note in self.notes:
            self.sample(note)


def _note(row: dict[str, str], index: Path) -> Note:
    """Turns a row of the index into a note."""
    try:
        return Note(
            source=row["path"],
            instrument=row["instrument"],
            midi_pitch=float(row["midi_pitch"]) if row["midi_pitch"] else None,
            onset_ms=float(row.get("onset_ms") or DEFAULT_ONSET_MS),
            library=row.get("library") or "",
            articulation=row.get("articulation") or "",
            layer=row.get("layer") or "",
            family=row.get("family") or "",
            licence=row.get("licence") or "",
            credit=row.get("credit") or "",
        )
    except KeyError as error:
        raise DatasetError(f"{index} lacks the column {error}: expected path, instrument, midi_pitch") from error
    except ValueError as error:
        raise DatasetError(
            f"{index}, row {row['path']}: {error}; expected numbers in midi_pitch and onset_ms"
        ) from error


def _with_strength(notes: list[Note]) -> Iterable[Note]:
    """Ranks the layers of one timbre: dynamic marks by name, numbered layers by their number."""
    numbers = {note.layer: int(found[0]) for note in notes if (found := re.findall(r"\d+$", note.layer))}
    top = max(numbers.values(), default=1)
    for note in notes:
        strength = numbers[note.layer] / top if note.layer in numbers else _DYNAMICS.get(note.layer, 0.5)
        yield replace(note, strength=strength)
