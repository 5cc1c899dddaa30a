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
LARGEST_DB = 200.0
"""Levels and ratios beyond this are mistakes."""


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

    Raises:
        ConfigError: when a size or a decay time cannot be or someone stands outside the room.
    """

    rir: str | None = None
    drr_db: float | None = None
    size_m: tuple[float, float, float] = (5.0, 4.0, 2.6)
    source_m: tuple[float, float, float] = (1.5, 1.5, 1.2)
    microphone_m: tuple[float, float, float] = (3.5, 2.5, 1.2)
    rt60_s: tuple[float, float, float, float] = (0.4, 0.4, 0.35, 0.25)
    seed: int = 0

    def __post_init__(self) -> None:
        """Checks what cannot be built."""
        _check_db("the direct-to-reverberant ratio", self.drr_db or 0.0)
        _check_seed(self.seed)
        if not all(0.5 <= length <= 500 for length in self.size_m):
            raise ConfigError(f"a room of {self.size_m} m: every side must have 0.5 to 500 m")
        if not all(0.01 <= rt60 <= 30 for rt60 in self.rt60_s):
            raise ConfigError(f"decay times of {self.rt60_s} s: give 0.01 to 30 s")
        for place in (self.source_m, self.microphone_m):
            if not all(0 <= at <= length for at, length in zip(place, self.size_m, strict=True)):
                raise ConfigError(f"{place} m lies outside a room of {self.size_m} m: give a place inside it")


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
        _check_db("the level of a layer", self.gain_db)
        _check_db("the slope of a noise", self.slope_db)
        _check_seed(self.seed)


@dataclass(frozen=True)
class Noise:
    """The background: its layers and the signal-to-noise ratio, dB, that their sum is scaled to."""

    layers: tuple[NoiseLayer, ...]
    snr_db: float

    def __post_init__(self) -> None:
        """Checks the ratio."""
        _check_db("the signal-to-noise ratio", self.snr_db)


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

    def __post_init__(self) -> None:
        """Checks that there is a gain for each band."""
        if not self.edges_hz or len(self.gains_db) != len(self.edges_hz) + 1:
            raise ConfigError(
                f"{len(self.gains_db)} band gains for {len(self.edges_hz)} edges: give one gain more than edges"
            )
        for gain_db in self.gains_db:
            _check_db("the gain of a band", gain_db)


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

    def __post_init__(self) -> None:
        """Checks the fundamental and the levels."""
        if not 10 <= self.frequency_hz <= 1000:
            raise ConfigError(f"hum of {self.frequency_hz} Hz: give 10 to 1000 Hz, as 50 or 60")
        _check_db("the level of the hum", self.level_db)
        _check_db("the slope of the hum", self.slope_db)
        _check_seed(self.seed)


@dataclass(frozen=True)
class Codec:
    """A lossy generation: "mp3", "aac" or "libopus", and its bit rate, bit/s."""

    name: str = "mp3"
    bit_rate: int = 64_000

    def __post_init__(self) -> None:
        """Checks the bit rate; the name is checked where codecs are known."""
        if not 1000 <= self.bit_rate <= 1_000_000:
            raise ConfigError(f"a bit rate of {self.bit_rate} bit/s: give 1000 to 1000000")


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

    Raises:
        ConfigError: when a number cannot be.
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

    def __post_init__(self) -> None:
        """Checks the plain numbers; the stages check their own."""
        _check_db("the final level", self.gain_db)
        if self.clip_db is not None and not 0 <= self.clip_db <= LARGEST_DB:
            raise ConfigError(f"clipping {self.clip_db} dB below the peak: give 0 to {LARGEST_DB:.0f} dB")
        if self.low_pass_hz is not None and not self.low_pass_hz > 0:
            raise ConfigError(f"a bandwidth of {self.low_pass_hz} Hz: it must be above 0")
        if not (self.low_cut_hz >= 0 and self.peak > 0):
            raise ConfigError(f"low-cut {self.low_cut_hz} Hz, peak {self.peak}: give 0 or more, and more than 0")

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


def _check_db(what: str, value: float) -> None:
    if not abs(value) <= LARGEST_DB:
        raise ConfigError(f"{what} is {value} dB: give -{LARGEST_DB:.0f} to {LARGEST_DB:.0f} dB")


def _check_seed(seed: int) -> None:
    if seed < 0:
        raise ConfigError(f"a seed of {seed}: give 0 or more")
