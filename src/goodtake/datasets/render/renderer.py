"""The renderer: endless seeded music from single notes (or a SoundFont), phrases and scores.

Use `Renderer.render` for whole clips with their credits and events, `Renderer.clip` in a training loop. Everything
chance decides is drawn first into a `RenderPlan`; `Renderer.apply` makes the same bytes of the same plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from goodtake.datasets.notes import NoteLibrary
from goodtake.datasets.render.arrange import POLYPHONIES, Arranger, Seat
from goodtake.datasets.render.mix import apply_mix, draw_mix, room_seconds
from goodtake.datasets.render.music import Music
from goodtake.datasets.render.perform import draw_manner, draw_tempo, perform
from goodtake.datasets.render.plan import Clip, Event, RenderPlan, VoicePlan
from goodtake.datasets.render.sounds import NotePlayer, Player
from goodtake.errors import ConfigError, DatasetError

_POLYPHONY_SHARES = (0.5, 0.35, 0.15)
_ROLE_LEVELS_DB = {"melody": 0.0, "chords": -6.0, "bass": -1.0, "drums": 3.0}
_SPARE_S = 6.0
_RING_S = 2.5
_TRIES = 20


class Renderer:
    """Renders music.

    Args:
        library: notes, or another `Player` such as `SoundFontPlayer`.
        scores: written music (see `scores.read_scores`) used for half of the clips; without any, all is generated.
        weights: share of each instrument of `Renderer.instruments`, 1 where not named, 0 to leave it out.

    Raises:
        ConfigError: a weight names no instrument.
    """

    def __init__(
        self,
        library: NoteLibrary | Player,
        scores: Iterable[Music] = (),
        weights: Mapping[str, float] | None = None,
    ) -> None:
        self._player: Player = NotePlayer(library) if isinstance(library, NoteLibrary) else library
        self._arranger = Arranger(self._player.sounds, tuple(scores), weights or {})
        self.instruments = tuple(sorted({sound.instrument for sound in self._player.sounds}))

    def render(
        self,
        rng: np.random.Generator,
        seconds: float,
        sample_rate: int = 44_100,
        channels: int = 1,
        polyphony: str | None = None,
    ) -> Clip:
        """Renders music that begins at the start of the clip.

        Args:
            rng: where chance comes from.
            seconds: length of the clip.
            sample_rate: in Hz, 8,000 to 48,000 and no more than the library was opened for.
            channels: 1 or 2.
            polyphony: "solo", "lines" or "ensemble"; drawn when not given.

        Raises:
            ConfigError: an argument is out of range.
            DatasetError: the library has nothing that can play.
        """
        samples = round(seconds * sample_rate)
        return self.apply(self.draw(rng, samples, sample_rate, channels, polyphony, sounding=False))

    def clip(
        self,
        rng: np.random.Generator,
        samples: int,
        sample_rate: int = 16_000,
        channels: int = 1,
        polyphony: str | None = None,
    ) -> NDArray[np.float32]:
        """Returns `(channel, samples)` out of the middle of some music: a note sounds already at the start.

        Arguments and errors are those of `render`.
        """
        return self.apply(self.draw(rng, samples, sample_rate, channels, polyphony, sounding=True)).wave

    def draw(
        self,
        rng: np.random.Generator,
        samples: int,
        sample_rate: int,
        channels: int,
        polyphony: str | None = None,
        sounding: bool = False,
    ) -> RenderPlan:
        """Draws everything chance decides.

        Args:
            rng: where chance comes from.
            samples: length of the clip.
            sample_rate: see `render`, also for errors.
            channels: 1 or 2.
            polyphony: see `render`.
            sounding: start at a random moment while a note sounds.
        """
        if samples < 1 or not 8_000 <= sample_rate <= 48_000 or channels not in (1, 2):
            raise ConfigError(
                f"{samples} samples at {sample_rate} Hz in {channels} channels: "
                "expected at least 1 sample, 8000 to 48000 Hz, 1 or 2 channels"
            )
        self._player.check_rate(sample_rate)
        polyphony = polyphony or str(rng.choice(POLYPHONIES, p=_POLYPHONY_SHARES))
        seconds = samples / sample_rate
        mix = draw_mix(rng)
        for _ in range(_TRIES):
            music, seats = self._arranger.arrange(rng, polyphony, seconds + (_SPARE_S if sounding else 0.0))
            tempo = draw_tempo(rng, music)
            manners = [draw_manner(rng, seat.sound.family) for seat in seats]
            played = [
                perform(rng, seat.part, tempo, seat.sound.family, manner, seat.transpose)
                for seat, manner in zip(seats, manners, strict=True)
            ]
            start_s = _draw_start(rng, [event for events in played for event in events], seconds, sounding)
            voices = tuple(
                voice
                for seat, events in zip(seats, played, strict=True)
                if (voice := _draw_voice(rng, seat, _window(events, start_s, seconds, room_seconds(mix)))).events
            )
            if _sounding_share(voices, seconds) > 0.5:
                return RenderPlan(samples, sample_rate, channels, polyphony, music.name, tempo.bpm, voices, mix)
        raise DatasetError(
            f"no music came of {len(self._player.sounds)} sounds: give a library with more pitches, "
            "a longer clip or another polyphony"
        )

    def apply(self, plan: RenderPlan) -> Clip:
        """Makes the clip of a plan; the same plan gives the same bytes.

        Raises:
            DatasetError: the library lacks a note of the plan.
        """
        lead = round(room_seconds(plan.mix) * plan.sample_rate)  # what rings on from before the first sample
        buses = np.zeros((2, plan.channels, lead + plan.samples), dtype=np.float32)
        self._player.play(plan.voices, buses, plan.sample_rate, lead)
        wave = np.ascontiguousarray(apply_mix(buses, plan.mix, plan.sample_rate, lead))
        events = tuple(event for voice in plan.voices for event in voice.events)
        sources = tuple(sorted({event.source for event in events} - {""}))
        return Clip(wave, plan.sample_rate, sources, events, plan)


def _draw_voice(rng: np.random.Generator, seat: Seat, events: list[Event]) -> VoicePlan:
    """Draws what stays with a player for the clip, and a sample for each event."""
    sound = seat.sound
    assigned = tuple(found for event in events if (found := sound.assign(event, rng)) is not None)
    return VoicePlan(
        instrument=sound.instrument,
        sound=sound.name,
        family=sound.family.name,
        level_db=float(_ROLE_LEVELS_DB[seat.part.role] + rng.normal(-20, 2.5)),
        dynamics_db=float(rng.uniform(14, 32)),
        pan=float(rng.uniform(-0.25, 0.25) if seat.part.role in ("bass", "drums") else rng.uniform(-0.8, 0.8)),
        vibrato_cents=float(rng.uniform(6, 32)) if sound.takes_vibrato and rng.random() < 0.4 else 0.0,
        vibrato_hz=float(rng.uniform(4.5, 6.8)),
        events=assigned,
    )


def _draw_start(rng: np.random.Generator, events: list[Event], seconds: float, sounding: bool) -> float:
    """When the clip begins, on the clock of the music: just before its first note, or within a note of it."""
    if not events:
        return 0.0
    first = min(event.start_s for event in events)
    if not sounding:
        return first - float(rng.uniform(0.01, 0.15))
    last = max(event.start_s for event in events) - seconds
    within = [event for event in events if event.start_s <= max(last, first + 0.1)]
    event = within[int(rng.integers(len(within)))]
    return event.start_s + float(rng.uniform(0.0, 1.0)) * event.duration_s


def _window(events: list[Event], start_s: float, seconds: float, room_s: float) -> list[Event]:
    """The events heard in a clip, also through its room, their times counted from its start."""
    return [
        replace(event, start_s=event.start_s - start_s)
        for event in events
        if event.start_s < start_s + seconds
        and event.start_s + (event.duration_s + event.release_s if event.release_s else _RING_S) > start_s - room_s
    ]


def _sounding_share(voices: tuple[VoicePlan, ...], seconds: float) -> float:
    """The part of the clip in which some note is held (a drum counts for a quarter of a second)."""
    grid = np.zeros(64, dtype=bool)
    for event in (event for voice in voices for event in voice.events):
        end_s = event.start_s + max(event.duration_s + event.release_s, 0.25)
        grid[max(0, int(event.start_s / seconds * 64)) : max(0, int(np.ceil(end_s / seconds * 64)))] = True
    return float(grid.mean())
