"""Draws the parameters of a bad recording.

A `DegradeConfig` says how often each stage comes and from which range it is drawn. `PAPER1` is the simulation of paper
1 (sections 3.2 and 4.1); `STUDIO` is the wider one that the native-rate engine trains on, with the pairs that paper 1
lacked: clean ones and ones with a single fault. The conditions of an evaluation are in `goodtake.degrade.conditions`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from goodtake.degrade.bank import Bank
from goodtake.degrade.parameters import Codec, Degradation, Equaliser, Hum, Noise, NoiseLayer, Room
from goodtake.errors import ConfigError

Range = tuple[float, float]

SHARES = (
    *("clean_share", "single_share", "room", "simulated_room", "noise", "second_layer", "people", "generated"),
    *("equaliser", "smooth", "microphone", "hum", "clip", "low_pass", "codec", "soft"),
)
"""The fields of a `DegradeConfig` that are probabilities."""


@dataclass(frozen=True)
class DegradeConfig:
    """How often each fault comes (probability) and how strong it is (uniform in the range).

    Args:
        clean_share: pairs without any fault.
        single_share: pairs with just one of room, noise and equaliser.
        room: probability of a room.
        simulated_room: share of rooms that are simulated; all of them when the bank has none.
        drr_db: ratio that rooms are brought to; None leaves them as they are.
        rt60_s: decay times of simulated rooms at 1 kHz.
        noise: probability of noise.
        snr_db: signal-to-noise ratio.
        second_layer: probability that a second noise joins the first.
        people: share of noises that are talkers.
        generated: share of noises that are generated (coloured, fans, rumble).
        equaliser: probability of the band equaliser.
        gains_db: range of each band's gain.
        smooth: share of equalisers that are a smooth curve instead of flat bands.
        microphone: probability of a measured microphone response.
        hum: probability of mains hum.
        clip: probability of clipping, by up to `clip_db` dB.
        low_pass: probability of a bandwidth limit, within `low_pass_hz`.
        codec: probability of a lossy generation.
        codecs: the generations to choose from; with none, mp3 or aac at 48, 64, 96 or 128 kbit/s.
        soft: probability that the degraded half is `gain_db` below full level.
        low_cut_hz: cut-off of the final low-cut.
        noise_first: noise before the room, as in paper 1's released code.

    Raises:
        ConfigError: when a probability lies outside 0 to 1 or a range does not rise.
    """

    clean_share: float = 0.0
    single_share: float = 0.0
    room: float = 1.0
    simulated_room: float = 0.0
    drr_db: Range | None = None
    rt60_s: Range = (0.15, 1.2)
    noise: float = 1.0
    snr_db: Range = (5.0, 30.0)
    second_layer: float = 0.0
    people: float = 0.0
    generated: float = 0.0
    equaliser: float = 1.0
    gains_db: Range = (-15.0, 15.0)
    smooth: float = 0.0
    microphone: float = 0.0
    hum: float = 0.0
    clip: float = 0.0
    clip_db: Range = (1.0, 12.0)
    low_pass: float = 0.0
    low_pass_hz: Range = (3500.0, 7500.0)
    codec: float = 0.0
    codecs: tuple[Codec, ...] = ()
    soft: float = 0.0
    gain_db: Range = (-30.0, -6.0)
    low_cut_hz: float = 35.0
    noise_first: bool = False

    def __post_init__(self) -> None:
        """Checks probabilities and ranges."""
        for name in SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} is {getattr(self, name)}: a probability lies between 0 and 1")
        if self.clean_share + self.single_share > 1:
            raise ConfigError("clean_share and single_share together exceed 1: lower one of them")
        for entry in fields(self):
            limits = getattr(self, entry.name)
            if (
                entry.name != "codecs"
                and isinstance(limits, (tuple, list))
                and not (len(limits) == 2 and -np.inf < limits[0] <= limits[1] < np.inf)
            ):
                raise ConfigError(f"{entry.name} is {list(limits)}: give the lower and the upper limit")


PAPER1 = DegradeConfig()
"""Paper 1, section 3.2: a room, noise at 5 to 30 dB, four flat bands of up to 15 dB."""

PAPER1_NOISE_FIRST = replace(PAPER1, noise_first=True)
"""The same with noise before the room, the order of paper 1's released code."""

STUDIO = DegradeConfig(
    clean_share=0.08,
    single_share=0.32,
    room=0.8,
    simulated_room=0.35,
    drr_db=(-2.0, 12.0),
    noise=0.95,
    snr_db=(3.0, 35.0),
    second_layer=0.25,
    people=0.3,
    generated=0.3,
    equaliser=0.85,
    smooth=0.6,
    microphone=0.3,
    hum=0.04,
    clip=0.04,
    low_pass=0.04,
)

PRESETS = {"paper1": PAPER1, "paper1-noise-first": PAPER1_NOISE_FIRST, "studio": STUDIO}
"""Simulations by name."""


def draw(rng: np.random.Generator, config: DegradeConfig, bank: Bank) -> Degradation:
    """Draws one recording's faults.

    Args:
        rng: source of all randomness.
        config: probabilities and ranges.
        bank: its names are drawn from; simulated and generated sounds stand in for what it lacks, and a measured
            microphone is left out when it has none.
    """
    kind = rng.uniform()
    if kind < config.clean_share:
        return Degradation(low_cut_hz=config.low_cut_hz)
    if kind < config.clean_share + config.single_share:
        only = rng.choice(["room", "noise", "equaliser"])
        return Degradation(
            room=draw_room(rng, config, bank) if only == "room" else None,
            noise=draw_noise(rng, config, bank) if only == "noise" else None,
            equaliser=draw_equaliser(rng, config) if only == "equaliser" else None,
            low_cut_hz=config.low_cut_hz,
        )
    return Degradation(
        room=draw_room(rng, config, bank) if _happens(rng, config.room) else None,
        noise=draw_noise(rng, config, bank) if _happens(rng, config.noise) else None,
        equaliser=draw_equaliser(rng, config) if _happens(rng, config.equaliser) else None,
        microphone=_pick(rng, bank.microphones) if _happens(rng, config.microphone) and bank.microphones else None,
        hum=_draw_hum(rng) if _happens(rng, config.hum) else None,
        clip_db=_uniform(rng, config.clip_db) if _happens(rng, config.clip) else None,
        low_pass_hz=_uniform(rng, config.low_pass_hz) if _happens(rng, config.low_pass) else None,
        codec=_draw_codec(rng, config) if _happens(rng, config.codec) else None,
        low_cut_hz=config.low_cut_hz,
        gain_db=_uniform(rng, config.gain_db) if _happens(rng, config.soft) else 0.0,
        noise_first=config.noise_first,
    )


def draw_room(rng: np.random.Generator, config: DegradeConfig, bank: Bank) -> Room:
    """Draws a measured or simulated room and the ratio it is brought to."""
    drr_db = None if config.drr_db is None else _uniform(rng, config.drr_db)
    if bank.rirs and not _happens(rng, config.simulated_room):
        return Room(rir=_pick(rng, bank.rirs), drr_db=drr_db)
    size = rng.uniform((2.0, 1.8, 2.2), (9.0, 7.0, 4.0))
    source = rng.uniform(0.15, 0.85, 3) * size
    microphone = rng.uniform(0.15, 0.85, 3) * size
    rt60 = _uniform(rng, config.rt60_s)
    low, high, top = rt60 * rng.uniform((0.9, 0.6, 0.3), (1.5, 1.0, 0.7))
    return Room(
        drr_db=drr_db,
        size_m=_triple(size),
        source_m=_triple(source),
        microphone_m=_triple(microphone),
        rt60_s=(round(float(low), 4), rt60, round(float(high), 4), round(float(top), 4)),
        seed=_seed(rng),
    )


def draw_noise(rng: np.random.Generator, config: DegradeConfig, bank: Bank) -> Noise:
    """Draws one or two layers of background and their ratio to the signal."""
    layers = [draw_layer(rng, config, bank)]
    if _happens(rng, config.second_layer):
        layers.append(draw_layer(rng, config, bank, gain_db=_uniform(rng, (-12.0, 6.0))))
    return Noise(tuple(layers), snr_db=_uniform(rng, config.snr_db))


def draw_layer(rng: np.random.Generator, config: DegradeConfig, bank: Bank, gain_db: float = 0.0) -> NoiseLayer:
    """Draws one background sound: people, a generated one, or a recording."""
    kind = rng.uniform()
    if bank.talkers and kind < config.people:
        count = int(rng.choice([1, 2, int(rng.integers(3, 13)), 24]))
        files = tuple(_pick(rng, bank.talkers) for _ in range(count))
        offsets = tuple(round(float(rng.uniform(0, 30)), 3) for _ in range(count))
        return NoiseLayer("babble", files, offsets, gain_db, reverberant=_happens(rng, 0.7), seed=_seed(rng))
    if bank.noises and kind < 1 - config.generated:
        offset = round(float(rng.uniform(0, 60)), 3)
        return NoiseLayer("recorded", (_pick(rng, bank.noises),), (offset,), gain_db, seed=_seed(rng))
    return NoiseLayer(
        str(rng.choice(["coloured", "fan", "rumble"], p=[0.4, 0.4, 0.2])),
        gain_db=gain_db,
        slope_db=_uniform(rng, (-7.0, 1.0)),
        modulation_hz=_uniform(rng, (0.1, 2.0)),
        rotation_hz=_uniform(rng, (20.0, 300.0)),
        seed=_seed(rng),
    )


def draw_equaliser(rng: np.random.Generator, config: DegradeConfig) -> Equaliser:
    """Draws the gain of each of the four bands."""
    low, high = config.gains_db
    gains = tuple(round(float(gain), 3) for gain in rng.uniform(low, high, 4))
    return Equaliser(gains, smooth=_happens(rng, config.smooth))


def _draw_hum(rng: np.random.Generator) -> Hum:
    return Hum(float(rng.choice([50.0, 60.0])), _uniform(rng, (-40.0, -15.0)), _uniform(rng, (-9.0, -2.0)), _seed(rng))


def _draw_codec(rng: np.random.Generator, config: DegradeConfig) -> Codec:
    if config.codecs:
        return config.codecs[int(rng.integers(len(config.codecs)))]
    name = str(rng.choice(["mp3", "aac"]))
    return Codec(name, int(rng.choice([48_000, 64_000, 96_000, 128_000])))


def _happens(rng: np.random.Generator, probability: float) -> bool:
    return bool(rng.uniform() < probability)


def _uniform(rng: np.random.Generator, limits: Range) -> float:
    return round(float(rng.uniform(*limits)), 4)


def _pick(rng: np.random.Generator, names: Mapping[str, Any]) -> str:
    keys = list(names)
    return keys[int(rng.integers(len(keys)))]


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))


def _triple(values: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = (round(float(value), 3) for value in values)
    return x, y, z
