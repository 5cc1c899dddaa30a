"""What a rendered clip consists of, as plain frozen values: drawn first, applied second, and kept as JSON.

`RenderPlan.to_dict` and `RenderPlan.from_dict` are inverse; a plan applied twice gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goodtake.errors import ConfigError


@dataclass(frozen=True)
class Event:
    """One sounding note.

    Args:
        start_s: of the attack, from the start of the clip; negative when the note sounds already.
        duration_s: until the release begins.
        release_s: length of the fade after it; 0 lets the note ring.
        midi_pitch: as sounding (General MIDI key for drums).
        velocity: 0..1.
        source: the note sample, as named in the library; empty with a SoundFont.
        shift_cents: how far the sample is moved.
        legato: the attack is softened, for notes tied to the one before.
        pan: added to the voice's place, for the pieces of a drum kit.
        gain_db: added to the voice's level, likewise.
    """

    start_s: float
    duration_s: float
    release_s: float
    midi_pitch: int
    velocity: float
    source: str = ""
    shift_cents: int = 0
    legato: bool = False
    pan: float = 0.0
    gain_db: float = 0.0


@dataclass(frozen=True)
class VoicePlan:
    """One player.

    Args:
        instrument: its name.
        sound: the key of the timbre (or SoundFont preset) in the library.
        family: see `families.py`.
        level_db: level of a note of full velocity.
        dynamics_db: span from velocity 0 to 1.
        pan: -1 (left) .. 1 (right).
        vibrato_cents: depth added to long notes, 0 for none.
        vibrato_hz: its rate.
        events: by start.
    """

    instrument: str
    sound: str
    family: str
    level_db: float
    dynamics_db: float
    pan: float
    vibrato_cents: float
    vibrato_hz: float
    events: tuple[Event, ...]


@dataclass(frozen=True)
class MixPlan:
    """The studio: room, equaliser, compressor, noise floor, level (see `mix.py`)."""

    room_db: float
    room_rt60_s: float
    room_predelay_ms: float
    room_seed: int
    low_shelf_db: float
    high_shelf_db: float
    compressor_ratio: float
    compressor_threshold_db: float
    noise_floor_db: float
    noise_slope_db: float
    noise_seed: int
    peak_db: float


@dataclass(frozen=True)
class RenderPlan:
    """Everything that was drawn for one clip."""

    samples: int
    sample_rate: int
    channels: int
    polyphony: str
    music: str
    bpm: float
    voices: tuple[VoicePlan, ...]
    mix: MixPlan

    def to_dict(self) -> dict[str, Any]:
        """Returns the plan as what `json.dumps` takes."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> RenderPlan:
        """Returns the plan that `to_dict` wrote.

        Raises:
            ConfigError: a value is missing or unknown.
        """
        try:
            voices = tuple(
                VoicePlan(**{**voice, "events": tuple(Event(**event) for event in voice["events"])})
                for voice in values["voices"]
            )
            return cls(**{**values, "voices": voices, "mix": MixPlan(**values["mix"])})
        except (KeyError, TypeError) as error:
            raise ConfigError(
                f"render plan not understood ({error}): expected what RenderPlan.to_dict returns"
            ) from error


@dataclass(frozen=True)
class Clip:
    """Rendered music.

    Args:
        wave: `(channel, time)` float32 in [-1, 1].
        sample_rate: in Hz.
        sources: the sorted names of all samples heard, for credits.
        events: of all voices.
        plan: from which the clip can be made again.
    """

    wave: NDArray[np.float32]
    sample_rate: int
    sources: tuple[str, ...]
    events: tuple[Event, ...]
    plan: RenderPlan
