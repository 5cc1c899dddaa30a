"""Written music before anybody plays it: notes in beats, parts, keys and chords.

Scores (`scores.py`) and generated phrases (`phrases.py`, `backing.py`) both end here; `perform.py` turns a part into
sound events.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal

import numpy as np

Role = Literal["melody", "chords", "bass", "drums"]

SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "major pentatonic": (0, 2, 4, 7, 9),
    "minor pentatonic": (0, 3, 5, 7, 10),
    "blues": (0, 3, 5, 6, 7, 10),
    "whole tone": (0, 2, 4, 6, 8, 10),
}

# Chord roots as steps above the tonic, one per bar, with the third each takes in major and in minor keys.
_PROGRESSIONS = (
    (0, 7, 9, 5),
    (0, 5, 7, 0),
    (0, 9, 5, 7),
    (9, 5, 0, 7),
    (0, 5, 0, 7),
    (2, 7, 0, 0),
    (0, 0, 5, 7),
    (0, 4, 5, 7),
    (0, 5, 9, 7),
    (0, 10, 5, 0),
    (0,),
    (0, 2),
)


@dataclass(frozen=True)
class ScoreNote:
    """A written note.

    Args:
        start: in beats.
        beats: its length.
        pitch: MIDI number; in a drum part a General MIDI percussion key.
        accent: added to the velocity, in -1..1.
    """

    start: float
    beats: float
    pitch: int
    accent: float = 0.0

    @property
    def end(self) -> float:
        """In beats."""
        return self.start + self.beats


@dataclass(frozen=True)
class Part:
    """What one player reads, notes sorted by start."""

    role: Role
    notes: tuple[ScoreNote, ...]

    @cached_property
    def polyphonic(self) -> bool:
        """Whether notes overlap by more than a sixteenth."""
        ordered = sorted(self.notes, key=lambda note: (note.start, note.end))
        return any(second.start < first.end - 0.25 for first, second in pairwise(ordered))


@dataclass(frozen=True)
class Music:
    """A few parts that belong together.

    Args:
        name: where it comes from: a score's file name or the kind of phrase.
        parts: at least one.
        bpm: beats (quarter notes) per minute, as written or drawn.
        beats_per_bar: in quarter notes.
        swing: how far the second eighth of a beat is delayed, 0 (straight) to 1/3 (triplets).
    """

    name: str
    parts: tuple[Part, ...]
    bpm: float
    beats_per_bar: float = 4.0
    swing: float = 0.0


@dataclass(frozen=True)
class Harmony:
    """A key and a chord for every bar.

    Args:
        tonic: pitch class, 0..11.
        scale: a name of `SCALES`.
        chords: pitch classes of each bar's chord, root first; repeated when the music is longer.
        beats_per_bar: in quarter notes.
    """

    tonic: int
    scale: str
    chords: tuple[tuple[int, ...], ...]
    beats_per_bar: float

    def chord(self, beat: float) -> tuple[int, ...]:
        """The pitch classes of the chord that sounds at a beat."""
        return self.chords[int(beat // self.beats_per_bar) % len(self.chords)]

    def scale_pitches(self, low: int, high: int) -> list[int]:
        """All pitches of the scale from `low` to `high`, ascending."""
        steps = {(self.tonic + step) % 12 for step in SCALES[self.scale]}
        return [pitch for pitch in range(low, high + 1) if pitch % 12 in steps]

    def chord_pitches(self, beat: float, low: int, high: int) -> list[int]:
        """All pitches of the chord at a beat from `low` to `high`, ascending."""
        return [pitch for pitch in range(low, high + 1) if pitch % 12 in self.chord(beat)]


def draw_harmony(rng: np.random.Generator, beats_per_bar: float) -> Harmony:
    """Draws a key, a scale (major and minor most often) and a progression of triads and sevenths."""
    names = tuple(SCALES)
    scale = names[int(rng.choice(len(names), p=[0.34, 0.2, 0.08, 0.08, 0.07, 0.08, 0.07, 0.06, 0.02]))]
    tonic = int(rng.integers(12))
    minor_key = 3 in SCALES[scale] and 4 not in SCALES[scale]
    roots = _PROGRESSIONS[int(rng.integers(len(_PROGRESSIONS)))]
    seventh = rng.random() < 0.3
    return Harmony(tonic, scale, tuple(_chord(tonic, root, minor_key, bool(seventh)) for root in roots), beats_per_bar)


def _chord(tonic: int, root: int, minor_key: bool, seventh: bool) -> tuple[int, ...]:
    """The diatonic triad or seventh chord on a root of a major or minor key."""
    if minor_key:
        root = {4: 3, 9: 8, 2: 10}.get(root, root)  # iii, vi and ii become III, VI and VII
    third = 3 if root in ((0, 5, 7) if minor_key else (2, 4, 9)) else 4
    if minor_key and root == 7:
        third = 4  # the raised leading note of the dominant
    chord = (0, third, 7) + ((10 if third == 3 or root in (7, 10) else 11,) if seventh else ())
    return tuple((tonic + root + step) % 12 for step in chord)
