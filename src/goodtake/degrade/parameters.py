"""What a bad recording went through: every drawn number, replayable and written as JSON.

Drawing (`goodtake.degrade.draw`) makes a `Degradation`; applying (`goodtake.degrade.chain`) reads one and nothing else,
so the same parameters on the same clip give the same bytes, now or from JSON.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

from goodtake.degrade.reading import build
from goodtake.errors import ConfigError

NOISE_KINDS = ("recorded", "babble", "coloured", "fan", "rumble")


@dataclass(frozen=True)
class Room:
    """A room impulse response.

    Args:
        rir: name of a response in the bank; None for a simulated one.
        drr_db: direct-to-reverberant ratio to bring it to, dB; None keeps its own.
        size_m: length, width and height of a simulated room, metres.
        source_m: place of the player in a simulated room, metres.
        microphone_m: place of the microphone, metres.
        rt60_s: decay time of a simulated room below 500 Hz, up to 2 kHz, up to 7 kHz and above, seconds.
        seed: of the diffuse tail of a simulated room.
    """

    rir: str | None = None
    drr_db: float | None = None
    size_m: tuple[float, float, float] = (5.0, 4.0, 2.6)
    source_m: tuple[float, float, float] = (1.5, 1.5, 1.2)
    microphone_m: tuple[float, float, float] = (3.5, 2.5, 1.2)
    rt60_s: tuple[float, float, float, float] = (0.4, 0.4, 0.35, 0.25)
    seed: int = 0


@dataclass(frozen=True)
class NoiseLayer:
    """One sound of the background.

    Args:
        kind: "recorded" (one file), "babble" (several talkers), "coloured", "fan" or "rumble".
        files: names in the bank, one for "recorded", one for each talker for "babble".
        offsets_s: where each file is entered, seconds; files are looped.
        gain_db: level relative to the other layers, dB rms.
        slope_db: spectral slope of generated noise, dB per octave.
        modulation_hz: speed of the slow level changes of generated noise.
        rotation_hz: blade tone of a "fan".
        reverberant: pass the layer through a room of its own, as people across the room are heard.
        seed: of everything random in the layer.

    Raises:
        ConfigError: when the kind is unknown or files, their offsets and the kind do not fit.
    """

    kind: str
    files: tuple[str, ...] = ()
    offsets_s: tuple[float, ...] = ()
    gain_db: float = 0.0
    slope_db: float = 0.0
    modulation_hz: float = 0.3
    rotation_hz: float = 100.0
    reverberant: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        """Checks what cannot be rendered."""
        if self.kind not in NOISE_KINDS:
            raise ConfigError(f"unknown kind of noise {self.kind!r}: use one of {', '.join(NOISE_KINDS)}")
        if len(self.files) != len(self.offsets_s) or (self.kind in ("recorded", "babble")) != bool(self.files):
            raise ConfigError(
                f"a {self.kind} noise of {len(self.files)} files and {len(self.offsets_s)} offsets: "
                "give one offset per file, and files to recorded and babble only"
            )


@dataclass(frozen=True)
class Noise:
    """The background: its layers and the signal-to-noise ratio, dB, that their sum is scaled to."""

    layers: tuple[NoiseLayer, ...]
    snr_db: float


@dataclass(frozen=True)
class Equaliser:
    """Band gains of the microphone's colour.

    Args:
        gains_db: gain of each band, dB.
        edges_hz: edges between the bands; the last band ends at the Nyquist frequency.
        smooth: interpolate the gains between the band centres instead of using flat bands.
    """

    gains_db: tuple[float, ...]
    edges_hz: tuple[float, ...] = (200.0, 1000.0, 4000.0)
    smooth: bool = False


@dataclass(frozen=True)
class Hum:
    """Mains hum.

    Args:
        frequency_hz: fundamental; harmonics go up to 1 kHz.
        level_db: rms relative to the signal's rms, dB.
        slope_db: level of the harmonics, dB per octave.
        seed: of their phases and levels.
    """

    frequency_hz: float = 50.0
    level_db: float = -30.0
    slope_db: float = -6.0
    seed: int = 0


@dataclass(frozen=True)
class Codec:
    """A lossy generation: "mp3", "aac" or "libopus", and its bit rate, bit/s."""

    name: str = "mp3"
    bit_rate: int = 64_000


@dataclass(frozen=True)
class Degradation:
    """All that happens to one clip; None means that the stage is left out.

    Args:
        room: the room.
        noise: the background.
        equaliser: the simulated microphone's bands.
        microphone: name of a measured microphone response in the bank.
        hum: mains hum.
        clip_db: ceiling of a hard clipper below the signal's peak, dB (positive numbers).
        low_pass_hz: bandwidth limit.
        codec: lossy round trip.
        low_cut_hz: cut-off of the final low-cut, on both halves of the pair; 0 leaves it out.
        peak: absolute peak that both halves are brought to.
        gain_db: level change of the degraded half after that, dB (a take recorded too softly).
        noise_first: put the noise in before the room, as the released code of paper 1 does, not as its text says.
    """

    room: Room | None = None
    noise: Noise | None = None
    equaliser: Equaliser | None = None
    microphone: str | None = None
    hum: Hum | None = None
    clip_db: float | None = None
    low_pass_hz: float | None = None
    codec: Codec | None = None
    low_cut_hz: float = 35.0
    peak: float = 0.95
    gain_db: float = 0.0
    noise_first: bool = False

    def to_json(self) -> str:
        """Writes the parameters as one JSON object; `from_json` gives back the same numbers, bit for bit."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Degradation":
        """Reads what `to_json` wrote.

        Raises:
            ConfigError: when the text is not such an object.

        >>> Degradation.from_json('{"noise_level": 3}')
        Traceback (most recent call last):
        goodtake.errors.ConfigError: degradation: unknown key 'noise_level': use one of clip_db, codec, equaliser, \
gain_db, hum, low_cut_hz, low_pass_hz, microphone, noise, noise_first, peak, room
        """
        try:
            values = json.loads(text)
        except ValueError as error:
            raise ConfigError(f"these are not degradation parameters ({error}): give the JSON of a run") from error
        return degradation_from_dict(values)


def degradation_from_dict(values: dict[str, Any]) -> Degradation:
    """Builds the dataclass tree from plain JSON values.

    Raises:
        ConfigError: on an unknown or missing key or a value of another type.
    """
    return build(Degradation, values, "degradation")
