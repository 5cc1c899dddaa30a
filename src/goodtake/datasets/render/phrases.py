"""Seeded melodies as people practise and play them: scales, arpeggios, tunes with motifs and rests, riffs, long tones.

Every generator walks on a ladder of pitches (the scale's, or the chord's of the moment) inside the player's range.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from goodtake.datasets.render.music import Harmony, ScoreNote

Melody = Callable[[np.random.Generator, Harmony, float, int, int], list[ScoreNote]]

_RHYTHMS = np.array([0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0])
_DENSITIES = {
    "fast": np.array([6, 5, 1, 1, 0.2, 0.1, 0]),
    "medium": np.array([0.7, 6, 1, 4, 1, 0.7, 0.1]),
    "slow": np.array([0, 0.8, 0.2, 4, 2, 3, 1]),
}


def _weighted(rng: np.random.Generator, weights: NDArray[np.float64]) -> int:
    """Draws an index with the given weights."""
    return int(np.searchsorted(np.cumsum(weights), rng.random() * weights.sum(), side="right"))


def draw_rhythm(rng: np.random.Generator, beats: float, density: str) -> list[float]:
    """Draws note lengths in beats that sum to `beats`; off-beat eighths and sixteenths come in pairs."""
    lengths: list[float] = []
    left = beats
    while left > 1e-6:
        weights = np.where(left + 1e-6 >= _RHYTHMS, _DENSITIES[density], 0.0)
        length = float(_RHYTHMS[_weighted(rng, weights)]) if weights.sum() > 0 else left
        pair = [length, length] if length <= 0.5 and left >= 2 * length else [length]
        if length in (0.75, 1.5) and left >= length * 4 / 3:
            pair = [length, length / 3]  # dotted figures resolve on the beat
        lengths += pair
        left -= sum(pair)
    return lengths


def scale_run(rng: np.random.Generator, harmony: Harmony, beats: float, low: int, high: int) -> list[ScoreNote]:
    """A scale up and down over one to two octaves, plain, in thirds, in groups of three or four, or chromatic."""
    ladder = list(range(low, high + 1)) if rng.random() < 0.1 else harmony.scale_pitches(low, high)
    size = min(len(ladder), int(rng.integers(8, 16)))
    first = int(rng.integers(len(ladder) - size + 1))
    ladder = ladder[first : first + size]
    pattern = ((0,), (0, 2), (0, 1, 2), (0, 1, 2, 3))[_weighted(rng, np.array([5, 2, 1, 1]))]
    upward = [i + step for i in range(size) for step in pattern if i + step < size]
    walk = upward + upward[::-1]
    length = (0.25, 1 / 3, 0.5, 0.5, 1.0)[int(rng.integers(5))]
    start = int(rng.integers(len(walk)))
    return [
        ScoreNote(i * length, length, ladder[walk[(start + i) % len(walk)]], 0.15 if i % 4 == 0 else 0.0)
        for i in range(int(beats / length))
    ]


def arpeggio(rng: np.random.Generator, harmony: Harmony, beats: float, low: int, high: int) -> list[ScoreNote]:
    """The bar's chord broken up, down, up and down or in a fixed figure."""
    length = (0.25, 1 / 3, 0.5, 1.0)[int(rng.integers(4))]
    figure = (None, None, (0, 1, 2, 1), (0, 2, 1, 2), (0, 2, 1, 3))[int(rng.integers(5))]
    span = int(rng.integers(4, 9))
    bottom = int(rng.integers(low, max(low + 1, high - 18)))
    notes = []
    for i in range(int(beats / length)):
        ladder = harmony.chord_pitches(i * length, bottom, high)[:span] or [bottom]
        turn = max(1, 2 * len(ladder) - 2)
        step = figure[i % 4] if figure else len(ladder) - 1 - abs(i % turn - len(ladder) + 1)
        notes.append(ScoreNote(i * length, length, ladder[step % len(ladder)], 0.15 if i % 4 == 0 else 0.0))
    return notes


def tune(rng: np.random.Generator, harmony: Harmony, beats: float, low: int, high: int) -> list[ScoreNote]:
    """A singable line: a rhythm that returns, mostly steps, chord notes on strong beats, rests to breathe."""
    return _walk(rng, harmony, beats, low, high, density=("medium", "medium", "slow")[int(rng.integers(3))], rests=0.14)


def busy_line(rng: np.random.Generator, harmony: Harmony, beats: float, low: int, high: int) -> list[ScoreNote]:
    """A quick line in eighths and sixteenths with hardly a rest."""
    return _walk(rng, harmony, beats, low, high, density="fast", rests=0.04)


def long_tones(rng: np.random.Generator, harmony: Harmony, beats: float, low: int, high: int) -> list[ScoreNote]:
    """Notes of two to six beats."""
    notes, start = [], 0.0
    while start < beats:
        length = float(rng.integers(2, 7))
        ladder = harmony.chord_pitches(start, low, high) or [low]
        notes.append(ScoreNote(start, length, ladder[int(rng.integers(len(ladder)))]))
        start += length + (float(rng.integers(0, 3)) if rng.random() < 0.3 else 0.0)
    return notes


def riff(rng: np.random.Generator, harmony: Harmony, beats: float, low: int, high: int) -> list[ScoreNote]:
    """One bar that repeats, moved with the chords."""
    bar = harmony.beats_per_bar
    rhythm = draw_rhythm(rng, bar, "medium" if rng.random() < 0.6 else "fast")
    steps = rng.integers(-3, 5, len(rhythm))
    silent = rng.random(len(rhythm)) < 0.15
    centre = int(rng.integers(low, max(low + 1, high - 12)))
    ladder = harmony.scale_pitches(low, high) or [low]
    notes = []
    for start in np.arange(0.0, beats, bar):
        root = _nearest(
            ladder, min(harmony.chord_pitches(start, centre, high) or [centre], key=lambda p: abs(p - centre))
        )
        beat = float(start)
        for length, step, rest in zip(rhythm, steps, silent, strict=True):
            if not rest:
                pitch = ladder[int(np.clip(root + step, 0, len(ladder) - 1))]
                notes.append(ScoreNote(beat, length, pitch, 0.2 if beat == start else 0.0))
            beat += length
    return notes


MELODIES: dict[str, Melody] = {
    "scale": scale_run,
    "arpeggio": arpeggio,
    "tune": tune,
    "busy line": busy_line,
    "long tones": long_tones,
    "riff": riff,
}
_MELODY_WEIGHTS = np.array([1.0, 1.0, 4.0, 1.5, 0.8, 1.0])


def draw_melody(
    rng: np.random.Generator, harmony: Harmony, beats: float, low: int, high: int
) -> tuple[str, list[ScoreNote]]:
    """Draws a kind of melody and writes it.

    Args:
        rng: where chance comes from.
        harmony: key and chords.
        beats: length wanted.
        low: lowest MIDI pitch of the player.
        high: highest; at least an octave above `low` to be musical.

    Returns:
        The name of the kind, and its notes.
    """
    if high - low > 24:  # players keep within two octaves or so for a phrase, and avoid the extremes of their range
        low += int(rng.triangular(0, 0.2, 0.8) * (high - low - 24))
        high = low + 24
    name = tuple(MELODIES)[_weighted(rng, _MELODY_WEIGHTS)]
    return name, MELODIES[name](rng, harmony, beats, low, high)


def _nearest(ladder: list[int], pitch: int) -> int:
    """The index of the rung nearest to a pitch."""
    return min(range(len(ladder)), key=lambda i: abs(ladder[i] - pitch))


def _walk(
    rng: np.random.Generator, harmony: Harmony, beats: float, low: int, high: int, density: str, rests: float
) -> list[ScoreNote]:
    """A random walk over the scale; rhythms of one or two bars come back, and half of the time their steps too."""
    bar = harmony.beats_per_bar * (1 if rng.random() < 0.5 else 2)
    motifs = [draw_rhythm(rng, bar, density) for _ in range(2)]
    moves = [rng.choice([-3, -2, -1, -1, 0, 1, 1, 2, 3, 4], len(motif)) for motif in motifs]
    ladder = harmony.scale_pitches(low, high) or [low]
    position = int(rng.integers(len(ladder) // 4, max(len(ladder) // 4 + 1, 3 * len(ladder) // 4)))
    notes = []
    for start in np.arange(0.0, beats, bar):
        motif = _weighted(rng, np.array([2.0, 1.0]))
        fresh = rng.choice([-3, -2, -1, -1, 0, 1, 1, 2, 3, 4], len(motifs[motif]))
        beat = float(start)
        for length, step in zip(motifs[motif], moves[motif] if rng.random() < 0.5 else fresh, strict=True):
            position += int(step)
            if not 0 <= position < len(ladder):
                position -= 2 * int(step)
            position = int(np.clip(position, 0, len(ladder) - 1))
            pitch = ladder[position]
            strong = beat % 2 == 0
            if strong and rng.random() < 0.7:
                pitch = min(harmony.chord_pitches(beat, low, high) or [pitch], key=lambda p: abs(p - ladder[position]))
            if rng.random() >= rests:
                notes.append(ScoreNote(beat, length, pitch, 0.1 if strong else 0.0))
            beat += length
    return notes
