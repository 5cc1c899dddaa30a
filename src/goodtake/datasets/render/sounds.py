"""What a voice can be played on: a timbre of a note library, a drum kit made of its drums, a SoundFont preset.

A `Sound` knows its range and picks the sample for every event; the `Player` it belongs to makes the waveform.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from goodtake.datasets.notes import NoteLibrary, Timbre, pick_layer
from goodtake.datasets.render.families import FAMILIES, Family, family_of
from goodtake.datasets.render.plan import Event, VoicePlan
from goodtake.datasets.render.sampler import SHIFT_STEP_CENTS, Sampler


class Sound(ABC):
    """One playable voice.

    Args:
        name: unique within its player.
        instrument: as a musician calls it.
        family: how it behaves.
        low: lowest MIDI pitch.
        high: highest.
        takes_vibrato: the renderer may add some.
    """

    def __init__(
        self, name: str, instrument: str, family: Family, low: int, high: int, takes_vibrato: bool = False
    ) -> None:
        self.name, self.instrument, self.family, self.low, self.high = name, instrument, family, low, high
        self.takes_vibrato = takes_vibrato

    @cached_property
    def breadth(self) -> int:
        """How many pitches there are."""
        return sum(map(self.covers, range(self.low, self.high + 1)))

    def covers(self, midi_pitch: int) -> bool:
        """Whether the voice can sound a pitch."""
        return self.low <= midi_pitch <= self.high

    @abstractmethod
    def assign(self, event: Event, rng: np.random.Generator) -> Event | None:
        """Returns the event with its sample chosen, or nothing where the voice has no such sound."""


class Player(Protocol):
    """Makes waveforms of voices."""

    @property
    def sounds(self) -> tuple[Sound, ...]:
        """All voices there are."""

    def play(self, voices: Sequence[VoicePlan], buses: NDArray[np.float32], sample_rate: int, origin: int) -> None:
        """Adds voices to the bright and the dark bus, `(2, channel, time)`; time zero of the plan is at `origin`."""

    def check_rate(self, sample_rate: int) -> None:
        """Raises a `ConfigError` when the sounds hold less than the rate asked for."""


class TimbreSound(Sound):
    """A pitched timbre of a note library."""

    def __init__(self, timbre: Timbre) -> None:
        family = family_of(timbre.instrument, timbre.articulation, family=timbre.notes[0].family)
        steady = family.vibrato and "vibrato" not in timbre.articulation
        super().__init__(timbre.name, timbre.instrument, family, timbre.low, timbre.high, steady)
        self.timbre = timbre
        self._covered = {pitch for pitch in range(self.low, self.high + 1) if timbre.covers(pitch)}

    def covers(self, midi_pitch: int) -> bool:
        """Whether a note lies near enough; libraries have gaps."""
        return midi_pitch in self._covered

    def assign(self, event: Event, rng: np.random.Generator) -> Event | None:
        """Takes the nearest note in the layer of the velocity, an octave off where the range ends."""
        for octave in (0, 12, -12, 24, -24):
            if self.covers(event.midi_pitch + octave):
                pitch = event.midi_pitch + octave
                note, shift = self.timbre.find(pitch, rng, event.velocity)
                cents = round(shift * 100 / SHIFT_STEP_CENTS) * SHIFT_STEP_CENTS
                return replace(event, midi_pitch=pitch, source=note.source, shift_cents=cents)
        return None


# Per General MIDI key: words to look for in instrument names, best first; level in dB below the kick; place in the kit.
_PIECES: dict[int, tuple[str, float, float]] = {
    36: ("bass drum|kick;low conga|low tom|cajon|tom floor|darbuka", 0.0, 0.0),
    37: ("side stick|rim;claves|castanets|snare", -8.0, 0.05),
    38: ("snare drum(?! rest)|snare;conga|bongo|darbuka|clap", -2.0, 0.05),
    39: ("clap;snare|bongo", -6.0, 0.1),
    42: ("hi-hat closed|hi-hat tight|hi-hat;shaker|maracas|tambourine|castanets", -13.0, -0.3),
    44: ("hi-hat foot|hi-hat;shaker|maracas", -15.0, -0.3),
    46: ("hi-hat open|hi-hat half|hi-hat loose;tambourine|sleigh|shaker", -14.0, -0.3),
    49: ("crash|china;finger cymbal|sleigh|ride|tambourine", -13.0, -0.4),
    51: ("ride cymbal|ride;tambourine|maracas|hi-hat", -16.0, 0.35),
    53: ("ride bell|ride;finger cymbal|castanets|hi-hat", -16.0, 0.35),
    54: ("tambourine;sleigh|shaker|hi-hat half", -12.0, 0.3),
    70: ("maracas|shaker;tambourine|hi-hat tight", -14.0, 0.3),
    75: ("claves;castanets|side stick", -10.0, -0.2),
    **dict.fromkeys((48, 50), ("tom high|high tom|\\btom;bongo|high conga|conga", -3.0, -0.15)),
    **dict.fromkeys((45, 47), ("tom mid|mid tom|\\btom;conga|darbuka", -3.0, 0.1)),
    **dict.fromkeys((41, 43), ("tom floor|tom low|low tom|\\btom;low conga|cajon|darbuka", -2.0, 0.3)),
    **dict.fromkeys((60, 62), ("bongo|high conga|muted conga;darbuka|conga|tom high", -4.0, -0.2)),
    **dict.fromkeys((61, 63, 64), ("conga|low conga|bongo;darbuka|cajon|tom low", -4.0, 0.2)),
}


class KitSound(Sound):
    """A drum kit: every General MIDI key leads to the drum of the library that suits it best, or stays silent."""

    def __init__(self, library: str, drums: list[Timbre]) -> None:
        super().__init__(f"{library}/kit", f"drum kit ({library})" if library else "drum kit", FAMILIES["drum"], 35, 81)
        self._pieces = {key: found for key, (words, _, _) in _PIECES.items() if (found := _suiting(words, drums))}

    def covers(self, midi_pitch: int) -> bool:
        """Whether there is a drum for a General MIDI key."""
        return midi_pitch in self._pieces

    def assign(self, event: Event, rng: np.random.Generator) -> Event | None:
        """Takes the layer of the velocity; drums keep their pitch and get the level of their kind."""
        if event.midi_pitch not in self._pieces:
            return None
        pieces = self._pieces[event.midi_pitch]
        note = pick_layer(pieces[int(rng.integers(len(pieces)))].notes, rng, event.velocity)
        _, gain_db, pan = _PIECES[event.midi_pitch]
        return replace(event, source=note.source, pan=pan, gain_db=gain_db)


class NotePlayer:
    """Plays the sounds of a note library."""

    def __init__(self, library: NoteLibrary) -> None:
        self._sampler = Sampler(library)
        pitched = [TimbreSound(timbre) for timbre in library.timbres if len(timbre.pitches)]
        drums: defaultdict[str, list[Timbre]] = defaultdict(list)
        for timbre in library.timbres:
            if not len(timbre.pitches):
                drums[timbre.library].append(timbre)
        kits = [KitSound(name, timbres) for name, timbres in drums.items()]
        self.sounds: tuple[Sound, ...] = (*pitched, *kits)

    def play(self, voices: Sequence[VoicePlan], buses: NDArray[np.float32], sample_rate: int, origin: int) -> None:
        """See `Player`."""
        for voice in voices:
            self._sampler.play(voice, buses, sample_rate, origin)

    def check_rate(self, sample_rate: int) -> None:
        """See `Player`."""
        self._sampler.check_rate(sample_rate)


def _suiting(words: str, drums: list[Timbre]) -> list[Timbre]:
    """The drums whose names hold the first of some words that any name holds; after ";" come makeshifts, all alike."""
    firsts, makeshifts = words.split(";")
    for pattern in (*firsts.split("|"), makeshifts):
        found = [drum for drum in drums if re.search(pattern, drum.instrument)]
        if found:
            return found
    return []
