"""Brings music and players together: which score or phrase, which instruments, which part and transposition for each.

A `Seat` is one player with a part in front of them. Instruments are drawn by their share, not by how many notes the
library has of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from goodtake.datasets.render.backing import draw_bass, draw_chords, draw_drums
from goodtake.datasets.render.music import Harmony, Music, Part, Role, ScoreNote, draw_harmony
from goodtake.datasets.render.phrases import draw_melody, long_tones
from goodtake.datasets.render.scores import section
from goodtake.datasets.render.sounds import Sound
from goodtake.errors import ConfigError, DatasetError

POLYPHONIES = ("solo", "lines", "ensemble")

_LEAST_PITCHES = 8
_LEAST_COVERED = 0.75
_TRIES = 12


@dataclass(frozen=True, eq=False)
class Seat:
    """A player, a part and the semitones it is moved by."""

    sound: Sound
    part: Part
    transpose: int = 0


class Arranger:
    """Draws music and its players.

    Args:
        sounds: all there are.
        scores: written music to choose from beside generated phrases; may be empty.
        weights: share of each instrument, 1 where not named; 0 leaves it out.

    Raises:
        ConfigError: a weight names no instrument, or is negative.
    """

    def __init__(self, sounds: Sequence[Sound], scores: Sequence[Music], weights: Mapping[str, float]) -> None:
        unknown = set(weights) - {sound.instrument for sound in sounds}
        if unknown or any(weight < 0 for weight in weights.values()):
            raise ConfigError(f"weights {dict(weights)}: expected instruments of the library with shares of 0 or more")
        self._sounds = tuple(sound for sound in sounds if weights.get(sound.instrument, 1.0) > 0)
        self._scores = tuple(scores)
        self._weights = dict(weights)

    def arrange(self, rng: np.random.Generator, polyphony: str, seconds: float) -> tuple[Music, tuple[Seat, ...]]:
        """Draws at least `seconds` of music and who plays it.

        Args:
            rng: where chance comes from.
            polyphony: "solo" (one player), "lines" (1 to 4), "ensemble" (drums, bass, chords, melody).
            seconds: length wanted at the fastest tempo that may be drawn.

        Raises:
            ConfigError: `polyphony` is none of these.
            DatasetError: the library has no sound to play on.
        """
        if polyphony not in POLYPHONIES:
            raise ConfigError(f"polyphony {polyphony!r}: expected one of {', '.join(POLYPHONIES)}")
        if not self._sounds:
            raise DatasetError("there is no sound to play on: give the renderer instruments with a weight above 0")
        if polyphony == "ensemble":
            return self._ensemble(rng, seconds)
        if polyphony == "solo":
            sound = self._draw(rng, lambda sound: True)
            assert sound is not None  # every sound qualifies
            if sound.family.name == "drum":
                return self._drum_solo(rng, sound, seconds)
            scored = self._from_score(rng, seconds, [sound])
            return scored or self._generated(rng, seconds, [sound])
        count = 1 + int(rng.choice(4, p=[0.1, 0.4, 0.3, 0.2]))
        first = self._draw(rng, _pitched)
        if first is None:
            return self._ensemble(rng, seconds)
        same = rng.random() < 0.3
        sounds = [first, *(first if same else self._draw(rng, _pitched) or first for _ in range(count - 1))]
        return self._from_score(rng, seconds, sounds) or self._generated(rng, seconds, sounds)

    def _draw(self, rng: np.random.Generator, suits: Callable[[Sound], bool]) -> Sound | None:
        """Draws an instrument by weight, then one of its sounds; nothing where none suits."""
        by_instrument: defaultdict[str, list[Sound]] = defaultdict(list)
        for sound in self._sounds:
            if suits(sound):
                by_instrument[sound.instrument].append(sound)
        if not by_instrument:
            return None
        names = sorted(by_instrument)
        shares = np.cumsum([self._weights.get(name, 1.0) for name in names])
        chosen = by_instrument[names[int(np.searchsorted(shares, rng.random() * shares[-1], side="right"))]]
        return chosen[int(rng.integers(len(chosen)))]

    def _from_score(
        self, rng: np.random.Generator, seconds: float, sounds: list[Sound]
    ) -> tuple[Music, tuple[Seat, ...]] | None:
        """Half of the time, gives the parts of a score to the sounds; nothing where they fit badly."""
        if not self._scores or rng.random() < 0.5:
            return None
        for _ in range(_TRIES):
            score = self._scores[int(rng.integers(len(self._scores)))]
            music = section(rng, score, _beats(seconds, score.bpm))
            parts = [part for part in music.parts if part.role != "drums"]
            if len(sounds) == 1 and sounds[0].family.name in ("keys", "organ") and rng.random() < 0.6:
                parts = [_merged("chords", *parts)]
            parts = [parts[i] for i in rng.permutation(len(parts))[: len(sounds)]]
            key_shift = int(rng.integers(-5, 7))
            seats = [fit(part, sound, key_shift, rng) for part, sound in zip(parts, sounds, strict=False)]
            if seats and all(seats):
                return music, tuple(seat for seat in seats if seat)
        return None

    def _generated(
        self, rng: np.random.Generator, seconds: float, sounds: list[Sound]
    ) -> tuple[Music, tuple[Seat, ...]]:
        """Writes a tune for the first sound and something that goes with it for each of the others."""
        harmony, bpm = _draw_setting(rng)
        beats = _beats(seconds, bpm)
        kinds: list[str] = []
        seats: list[Seat] = []
        for i, sound in enumerate(sounds):
            choices = ["melody"] if i == 0 else ["melody", "long tones"]
            if sound.family.polyphonic:
                choices += ["chords"] if i else ["chords", "both hands"]
            if sound.low < 46:
                choices.append("bass")
            kind = choices[int(rng.integers(len(choices)))]
            kinds.append(kind)
            seats.append(Seat(sound, _write(rng, kind, harmony, beats, sound)))
        name = f"generated {', '.join(kinds)} in {harmony.scale}"
        return Music(name, tuple(seat.part for seat in seats), bpm, harmony.beats_per_bar, _swing(rng)), tuple(seats)

    def _ensemble(self, rng: np.random.Generator, seconds: float) -> tuple[Music, tuple[Seat, ...]]:
        """Drums, bass, chords and one or two melodies, each where the library has somebody for it."""
        harmony, bpm = _draw_setting(rng)
        beats = _beats(seconds, bpm)
        seats: list[Seat] = []
        kit = self._draw(rng, lambda sound: sound.family.name == "drum")
        groove = "no drums"
        if kit is not None and rng.random() < 0.85:
            groove, notes = draw_drums(rng, beats, harmony.beats_per_bar)
            seats.append(Seat(kit, Part("drums", tuple(notes))))
        chairs: list[tuple[str, Callable[[Sound], bool], float]] = [
            ("bass", lambda sound: _pitched(sound) and sound.low <= 36, 0.9),
            ("chords", lambda sound: _pitched(sound) and sound.family.polyphonic and sound.high >= 64, 0.85),
            ("melody", _pitched, 0.8),
            ("long tones", lambda sound: _pitched(sound) and sound.family.sustained, 0.25),
            ("melody", _pitched, 0.2),
        ]
        for kind, suits, chance in chairs:
            sound = self._draw(rng, suits)
            if sound is not None and rng.random() < chance:
                seats.append(Seat(sound, _write(rng, kind, harmony, beats, sound)))
        if not seats:
            sound = self._draw(rng, lambda sound: True)
            assert sound is not None  # `arrange` has seen to it
            return (
                self._drum_solo(rng, sound, seconds) if not _pitched(sound) else self._generated(rng, seconds, [sound])
            )
        parts = tuple(seat.part for seat in seats)
        return Music(f"ensemble, {groove}", parts, bpm, harmony.beats_per_bar, _swing(rng)), tuple(seats)

    def _drum_solo(self, rng: np.random.Generator, kit: Sound, seconds: float) -> tuple[Music, tuple[Seat, ...]]:
        """A drummer alone."""
        harmony, bpm = _draw_setting(rng)
        name, notes = draw_drums(rng, _beats(seconds, bpm), harmony.beats_per_bar)
        part = Part("drums", tuple(notes))
        return Music(f"drums, {name}", (part,), bpm, harmony.beats_per_bar, _swing(rng)), (Seat(kit, part),)


def fit(part: Part, sound: Sound, key_shift: int, rng: np.random.Generator) -> Seat | None:
    """Moves a part into the range of a sound, by `key_shift` semitones and whole octaves.

    A player of one note at a time gets the top, or now and then the bottom, of chords.

    Returns:
        A seat, or nothing where a quarter of the notes would lie outside the range.
    """
    if not sound.family.polyphonic:
        part = one_voice(part, top=bool(rng.random() < 0.75))
    pitches = np.array([note.pitch for note in part.notes])
    centre = sound.low + 0.4 * (sound.high - sound.low)  # the top of a range is for rare notes
    shifts = sorted(
        (key_shift + octave for octave in range(-60, 61, 12)), key=lambda shift: abs(pitches.mean() + shift - centre)
    )[:3]
    covered = [float(np.mean([sound.covers(int(pitch) + shift) for pitch in pitches])) for shift in shifts]
    good = [
        shift for shift, share in zip(shifts, covered, strict=True) if share >= max(_LEAST_COVERED, max(covered) - 0.02)
    ]
    return Seat(sound, part, good[int(rng.integers(len(good)))]) if good else None


def one_voice(part: Part, top: bool = True) -> Part:
    """Reduces chords to their top (or bottom) notes, each cut where the next begins."""
    kept: list[ScoreNote] = []
    for note in sorted(part.notes, key=lambda note: (note.start, -note.pitch if top else note.pitch)):
        if kept and note.start - kept[-1].start < 0.05:
            continue
        if kept and kept[-1].end > note.start:
            kept[-1] = replace(kept[-1], beats=note.start - kept[-1].start)
        kept.append(note)
    return Part("melody", tuple(kept))


def _write(rng: np.random.Generator, kind: str, harmony: Harmony, beats: float, sound: Sound) -> Part:
    """Writes a part of a kind for a sound."""
    chords_low, chords_high = max(sound.low, min(43, sound.high - 12)), min(sound.high, max(80, sound.low + 12))
    if kind == "bass":
        return Part("bass", tuple(draw_bass(rng, harmony, beats, max(sound.low, min(28, sound.high - 7)), sound.high)))
    if kind == "chords":
        return Part("chords", tuple(draw_chords(rng, harmony, beats, chords_low, chords_high)))
    if kind == "long tones":
        low = sound.low + (sound.high - sound.low) // 4
        return Part("melody", tuple(long_tones(rng, harmony, beats, low, min(sound.high, low + 24))))
    if kind == "both hands":
        middle = (chords_low + chords_high) // 2
        chords = draw_chords(rng, harmony, beats, chords_low, middle)
        _, melody = draw_melody(rng, harmony, beats, middle, max(middle + 12, min(sound.high, middle + 26)))
        return _merged("chords", Part("chords", tuple(chords)), Part("melody", tuple(melody)))
    return Part("melody", tuple(draw_melody(rng, harmony, beats, sound.low, sound.high)[1]))


def _merged(role: Role, *parts: Part) -> Part:
    """All notes of some parts for one player."""
    notes = sorted((note for part in parts for note in part.notes), key=lambda note: (note.start, note.pitch))
    return Part(role, tuple(notes))


def _draw_setting(rng: np.random.Generator) -> tuple[Harmony, float]:
    """Key, chords, metre and tempo."""
    beats_per_bar = float(rng.choice([4.0, 3.0, 2.0], p=[0.68, 0.22, 0.1]))
    return draw_harmony(rng, beats_per_bar), float(rng.triangular(55, 105, 170))


def _swing(rng: np.random.Generator) -> float:
    """Straight most often."""
    return float(rng.uniform(0.05, 1 / 3)) / 2 if rng.random() < 0.2 else 0.0


def _beats(seconds: float, bpm: float) -> float:
    """Beats that last at least `seconds` however the tempo and its rubato are drawn."""
    return float(np.ceil(seconds * bpm / 60 * 1.3) + 4)


def _pitched(sound: Sound) -> bool:
    """Whether a sound can play tunes."""
    return sound.family.name != "drum" and sound.breadth >= _LEAST_PITCHES
