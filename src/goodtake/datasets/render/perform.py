"""A player reads a part: beats become seconds, with swing, rubato, uneven hands, dynamic arcs and articulation.

Scores as published carry one tempo and flat velocities; played so, every note looks alike to a network.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from goodtake.datasets.render.families import Family
from goodtake.datasets.render.music import Music, Part, ScoreNote
from goodtake.datasets.render.plan import Event


@dataclass(frozen=True)
class TempoCurve:
    """Seconds as a function of beats: a steady tempo with swing and a slow, shared rubato.

    Args:
        bpm: quarter notes per minute.
        swing: delay of the off-beat eighth, as part of a beat.
        rubato: relative depth of the slow tempo change.
        period: its length in beats.
        phase: in radians.
    """

    bpm: float
    swing: float
    rubato: float
    period: float
    phase: float

    def seconds(self, beat: float) -> float:
        """When a beat falls; increasing in `beat`."""
        whole, part = divmod(beat, 1.0)
        if self.swing:
            part = part * (1 + 2 * self.swing) if part < 0.5 else 1 - (1 - part) * (1 - 2 * self.swing)
        angle = 2 * math.pi / self.period
        bend = self.rubato / angle * (math.sin(angle * beat + self.phase) - math.sin(self.phase))
        return 60.0 / self.bpm * (whole + part + bend)


def draw_tempo(rng: np.random.Generator, music: Music) -> TempoCurve:
    """Draws a tempo within +-20 % of the written one and the rubato of the ensemble."""
    return TempoCurve(
        bpm=float(music.bpm * rng.uniform(0.8, 1.2)),
        swing=music.swing,
        rubato=float(rng.uniform(0.0, 0.06)),
        period=float(rng.uniform(6, 24)),
        phase=float(rng.uniform(0, 2 * np.pi)),
    )


@dataclass(frozen=True)
class Manner:
    """How one player plays for the length of a clip.

    Args:
        jitter_ms: standard deviation of the attack times.
        loudness: mean velocity.
        arc: how much phrases swell and fade.
        arc_beats: their length.
        unevenness: standard deviation of the velocity.
        held: sounding part of a written length; above 1 is legato.
        spread_ms: between neighbouring notes of a chord.
    """

    jitter_ms: float
    loudness: float
    arc: float
    arc_beats: float
    unevenness: float
    held: float
    spread_ms: float


def draw_manner(rng: np.random.Generator, family: Family) -> Manner:
    """Draws a manner that suits the family: how notes are tied, how chords are spread, how uneven the hands are."""
    held = float(rng.choice([0.35, 0.6, 0.85, 0.95, 1.04], p=[0.08, 0.12, 0.25, 0.25, 0.3]))
    strummed = family.name == "plucked" and rng.random() < 0.6
    return Manner(
        jitter_ms=float(rng.uniform(2, 14)),
        loudness=float(rng.uniform(0.3, 0.85)),
        arc=float(rng.uniform(0.0, 0.35)),
        arc_beats=float(rng.uniform(4, 17)),
        unevenness=float(rng.uniform(0.02, 0.1)),
        held=held,
        spread_ms=float(rng.uniform(8, 35) if strummed else rng.uniform(0, 10)),
    )


def perform(
    rng: np.random.Generator, part: Part, tempo: TempoCurve, family: Family, manner: Manner, transpose: int = 0
) -> list[Event]:
    """Plays a part.

    Args:
        rng: for the unevenness of hand and breath.
        part: what is written.
        tempo: shared by all players.
        family: how notes end.
        manner: of this player.
        transpose: semitones added.

    Returns:
        Events by start, without a sample chosen yet.
    """
    events: list[Event] = []
    ring = family.name == "drum"
    rank = 0
    release_s = float(rng.uniform(*family.release_ms)) / 1000
    jitter = rng.standard_normal(len(part.notes)) * manner.jitter_ms / 1000
    uneven = rng.standard_normal(len(part.notes)) * manner.unevenness
    phase = float(rng.uniform(0, 2 * np.pi))
    previous: ScoreNote | None = None
    for i, note in enumerate(sorted(part.notes, key=lambda note: (note.start, note.pitch))):
        together = previous is not None and note.start - previous.start < 1e-3
        rank = rank + 1 if together else 0
        start = (
            tempo.seconds(note.start) + float(jitter[i]) * (0.3 if together else 1.0) + rank * manner.spread_ms / 1000
        )
        length = tempo.seconds(note.end) - tempo.seconds(note.start)
        arc = manner.arc * math.sin(2 * math.pi * note.start / manner.arc_beats + phase)
        velocity = min(1.0, max(0.08, manner.loudness + arc + note.accent + float(uneven[i])))
        tied = previous is not None and not together and note.start - previous.end < 0.05
        events.append(
            Event(
                start_s=start,
                duration_s=max(0.04, length * (1.0 if part.polyphonic else manner.held)),
                release_s=0.0 if ring else release_s,
                midi_pitch=note.pitch if ring else note.pitch + transpose,
                velocity=velocity,
                legato=family.sustained and manner.held > 1 and tied,
            )
        )
        previous = note
    return sorted(events, key=lambda event: event.start_s)
