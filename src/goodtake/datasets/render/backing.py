"""Parts that carry a tune: chords, bass lines and drum patterns over a harmony."""

from __future__ import annotations

import numpy as np

from goodtake.datasets.render.music import Harmony, ScoreNote

KICK, STICK, SNARE, CLAP, HAT, FOOT, OPEN_HAT, CRASH, RIDE, BELL = 36, 37, 38, 39, 42, 44, 46, 49, 51, 53
TOMS = (50, 48, 47, 45, 43, 41)
TAMBOURINE, SHAKER, CLAVES = 54, 70, 75
HAND_DRUMS = (60, 61, 62, 63, 64)

# Sixteenths of a bar of four: kick, snare, hat. Longer bars repeat the row, shorter ones cut it.
_GROOVES = {
    "rock": ((0, 8), (4, 12), (0, 2, 4, 6, 8, 10, 12, 14)),
    "pop": ((0, 6, 8, 14), (4, 12), (0, 2, 4, 6, 8, 10, 12, 14)),
    "house": ((0, 4, 8, 12), (4, 12), (2, 6, 10, 14)),
    "half time": ((0, 10), (8,), (0, 2, 4, 6, 8, 10, 12, 14)),
    "funk": ((0, 3, 6, 10), (4, 7, 9, 12), tuple(range(16))),
    "ballad": ((0, 7, 8), (4, 12), (0, 4, 8, 12)),
    "bossa": ((0, 6, 8, 14), (3, 6, 12), (0, 2, 4, 6, 8, 10, 12, 14)),
    "swing": ((0, 8), (), (0, 4, 6, 8, 12, 14)),
    "train": ((0, 4, 8, 12), (2, 3, 4, 6, 7, 10, 11, 12, 14, 15), ()),
    "waltz": ((0,), (4, 8), (0, 4, 8)),
}


def draw_chords(rng: np.random.Generator, harmony: Harmony, beats: float, low: int, high: int) -> list[ScoreNote]:
    """Chords of three to six notes, held, in quarters, on the off-beats, in a rhythm that repeats, or broken.

    Each chord takes the position nearest to the one before.
    """
    centre = float(np.clip(rng.normal(60, 5), low + 6, max(low + 6, high - 6)))
    size = int(rng.integers(3, 6))
    manner = ("held", "quarters", "off-beats", "rhythm", "broken", "broken")[int(rng.integers(6))]
    bar = harmony.beats_per_bar
    rhythm = _comping(rng, bar, manner)
    notes: list[ScoreNote] = []
    for start in np.arange(0.0, beats, bar):
        pool = harmony.chord_pitches(float(start), low, high)
        voicing = sorted(sorted(pool, key=lambda pitch: abs(pitch - centre))[:size])
        if not voicing:
            continue
        centre = 0.7 * centre + 0.3 * float(np.mean(voicing))
        for i, (at, length) in enumerate(rhythm):
            struck = [voicing[i % len(voicing)]] if manner == "broken" else voicing
            notes += [ScoreNote(float(start) + at, length, pitch, 0.1 if at == 0 else 0.0) for pitch in struck]
    return notes


def draw_bass(rng: np.random.Generator, harmony: Harmony, beats: float, low: int, high: int) -> list[ScoreNote]:
    """A bass line: roots, root and fifth, repeated eighths, a walk in quarters, or a syncopated figure."""
    manner = ("roots", "root and fifth", "eighths", "walking", "syncopated")[int(rng.integers(5))]
    bar = harmony.beats_per_bar
    high = min(high, low + 19)
    syncopated = sorted({0.0, *rng.choice(np.arange(1, 4 * bar) / 4, min(4, int(bar)), replace=False).tolist()})
    notes: list[ScoreNote] = []
    for bar_start in np.arange(0.0, beats, bar):
        start = float(bar_start)
        ladder = harmony.chord_pitches(start, low, high) or [low]
        root = next((pitch for pitch in ladder if pitch % 12 == harmony.chord(start)[0]), ladder[0])
        fifth = next((pitch for pitch in ladder if pitch > root), root)
        if manner == "roots":
            notes.append(ScoreNote(start, bar, root))
        elif manner == "root and fifth":
            notes += [ScoreNote(start, bar / 2, root, 0.1), ScoreNote(start + bar / 2, bar / 2, fifth)]
        elif manner == "eighths":
            notes += [ScoreNote(start + 0.5 * i, 0.5, root, 0.1 * (i % 2 == 0)) for i in range(int(2 * bar))]
        elif manner == "walking":
            steps = [root, *(ladder[int(rng.integers(len(ladder)))] for _ in range(max(0, int(bar) - 2)))]
            following = harmony.chord(start + bar)[0]
            target = min(
                range(low, high + 1), key=lambda pitch: abs(pitch - steps[-1]) + 99 * (pitch % 12 != following)
            )
            steps.append(max(low, target - 1))
            notes += [ScoreNote(start + i, 1.0, pitch) for i, pitch in enumerate(steps)]
        else:
            ends = [*syncopated[1:], bar]
            for i, (at, end) in enumerate(zip(syncopated, ends, strict=True)):
                notes.append(ScoreNote(start + at, end - at, root if i % 3 != 2 else fifth, 0.15 if at == 0 else 0.0))
    return notes


def draw_drums(rng: np.random.Generator, beats: float, beats_per_bar: float) -> tuple[str, list[ScoreNote]]:
    """A groove with ghost notes, a fill at the end of every four or eight bars and a crash after it.

    Returns:
        The groove's name, and notes on General MIDI percussion keys.
    """
    name = "waltz" if beats_per_bar == 3 else tuple(_GROOVES)[int(rng.integers(len(_GROOVES) - 1))]
    kick, snare, hat = _GROOVES[name]
    cymbal = RIDE if name == "swing" or rng.random() < 0.25 else HAT
    backbeat = STICK if name in ("bossa", "ballad") and rng.random() < 0.6 else SNARE
    extra = (None, None, SHAKER, TAMBOURINE, CLAP, CLAVES, int(rng.choice(HAND_DRUMS)))[int(rng.integers(7))]
    ghosts = float(rng.uniform(0, 0.12))
    section = 4 if rng.random() < 0.6 else 8
    steps = int(beats_per_bar * 4)
    notes: list[ScoreNote] = []

    def strike(key: int, bar: int, step: int, accent: float) -> None:
        notes.append(ScoreNote(bar * beats_per_bar + step / 4, 0.25, key, accent))

    for bar in range(int(np.ceil(beats / beats_per_bar))):
        fill = bar % section == section - 1 and rng.random() < 0.7
        body = steps - int(rng.choice([4, 8])) if fill else steps
        if bar % section == 0 and rng.random() < 0.6:
            strike(CRASH, bar, 0, 0.2)
        for step in range(body):
            if step % 16 in kick or (rng.random() < 0.03 and step % 2 == 0):
                strike(KICK, bar, step, 0.1 if step == 0 else 0.0)
            if step % 16 in snare:
                strike(backbeat, bar, step, 0.15)
            elif rng.random() < ghosts:
                strike(backbeat, bar, step, -0.4)
            if step % 16 in hat:
                opened = cymbal == HAT and rng.random() < 0.05
                strike(OPEN_HAT if opened else cymbal, bar, step, 0.05 if step % 4 == 0 else -0.1)
            if extra is not None and step % 2 == 0 and (extra in (SHAKER, TAMBOURINE) or rng.random() < 0.25):
                strike(extra, bar, step, -0.1 if step % 4 else 0.0)
        for i, step in enumerate(range(body, steps)):
            if rng.random() < 0.8:
                drums = (SNARE, *TOMS)
                strike(drums[min(len(drums) - 1, i * len(drums) // max(1, steps - body))], bar, step, 0.05)
    return name, notes


def _comping(rng: np.random.Generator, bar: float, manner: str) -> list[tuple[float, float]]:
    """Start and length in beats of the strokes of one bar."""
    if manner == "held":
        return [(0.0, bar)]
    if manner == "quarters":
        return [(float(i), 0.9) for i in range(int(bar))]
    if manner == "off-beats":
        return [(i + 0.5, 0.4) for i in range(int(bar))]
    if manner == "broken":
        length = 0.5 if rng.random() < 0.6 else 0.25
        return [(i * length, float(rng.choice([1.0, 2.0])) * length) for i in range(int(bar / length))]
    starts = sorted({0.0, *(rng.choice(np.arange(1, 2 * bar) / 2, min(3, int(bar)), replace=False)).tolist()})
    return [(at, end - at) for at, end in zip(starts, [*starts[1:], bar], strict=True)]
