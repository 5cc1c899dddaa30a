"""What somebody asks for in a few words ("SNR 10, DRR 3") as something to draw from, and what was drawn in words.

Without a preset only the faults that are asked for come; on a preset they come for certain, at the value asked, beside
whatever the preset draws.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from goodtake.degrade.bank import Bank
from goodtake.degrade.conditions import CLEAN, CONDITIONS
from goodtake.degrade.draw import PRESETS, DegradeConfig, draw
from goodtake.degrade.parameters import Codec, Degradation, Equaliser
from goodtake.errors import ConfigError

CODEC_NAMES = {"mp3": "mp3", "aac": "aac", "opus": "libopus"}
DEFAULT_PRESET = "paper1"


@dataclass(frozen=True)
class Request:
    """A configuration to draw from, and stages that are not drawn but given.

    Args:
        config: probabilities and ranges.
        given: fields of the `Degradation` that replace what was drawn.
    """

    config: DegradeConfig
    given: dict[str, Any] = field(default_factory=dict)

    def draw(self, rng: np.random.Generator, bank: Bank) -> Degradation:
        """Draws the parameters."""
        return replace(draw(rng, self.config, bank), **self.given)


def make_request(
    preset: str | None = None,
    snr_db: float | None = None,
    drr_db: float | None = None,
    rt60_s: float | None = None,
    gains_db: tuple[float, ...] | None = None,
    clip_db: float | None = None,
    low_pass_hz: float | None = None,
    codec: str | None = None,
    gain_db: float | None = None,
) -> Request:
    """Turns wishes into a request; with none at all it is paper 1's simulation.

    Args:
        preset: name in `PRESETS` or `CONDITIONS`.
        snr_db: noise at this ratio.
        drr_db: a room at this ratio.
        rt60_s: a simulated room with this decay time at 1 kHz.
        gains_db: four flat bands.
        clip_db: clipping this far below the peak.
        low_pass_hz: bandwidth limit.
        codec: name and kbit/s, as "mp3:64".
        gain_db: final level change.

    Raises:
        ConfigError: when the preset is unknown or a value cannot be.
    """
    wishes = (snr_db, drr_db, rt60_s, gains_db, clip_db, low_pass_hz, codec, gain_db)
    wanted = any(wish is not None for wish in wishes)
    config = _preset(preset) if preset or not wanted else CLEAN
    if wanted:
        config = replace(config, clean_share=0.0, single_share=0.0)
    if snr_db is not None:
        config = replace(config, noise=1.0, snr_db=(snr_db, snr_db))
    if drr_db is not None:
        config = replace(config, room=1.0, drr_db=(drr_db, drr_db))
    if rt60_s is not None:
        config = replace(config, room=1.0, simulated_room=1.0, rt60_s=(rt60_s, rt60_s))
    given: dict[str, Any] = {}
    if gains_db is not None:
        if len(gains_db) != 4:
            raise ConfigError(f"{len(gains_db)} gains: give four, for 0-200-1000-4000 Hz and above")
        given["equaliser"] = Equaliser(gains_db)
    if clip_db is not None:
        given["clip_db"] = clip_db
    if low_pass_hz is not None:
        given["low_pass_hz"] = low_pass_hz
    if codec is not None:
        given["codec"] = _read_codec(codec)
    if gain_db is not None:
        given["gain_db"] = gain_db
    return Request(config, given)


def describe(degradation: Degradation) -> str:
    """Returns what was drawn as one line of plain words.

    >>> describe(Degradation(equaliser=Equaliser((3.0, -2.0, 0.0, 5.0)), clip_db=6.0))
    'bands +3 -2 +0 +5 dB, clipped 6.0 dB'
    """
    words = []
    if room := degradation.room:
        kind = f"simulated room, decay {room.rt60_s[1]:.2f} s" if room.rir is None else f"room {room.rir}"
        words.append(kind if room.drr_db is None else f"{kind}, DRR {room.drr_db:.1f} dB")
    if noise := degradation.noise:
        kinds = " + ".join(layer.files[0] if layer.kind == "recorded" else layer.kind for layer in noise.layers)
        words.append(f"noise {kinds}, SNR {noise.snr_db:.1f} dB")
    if degradation.equaliser:
        words.append(f"bands {' '.join(f'{gain:+.0f}' for gain in degradation.equaliser.gains_db)} dB")
    if degradation.microphone:
        words.append(f"microphone {degradation.microphone}")
    if degradation.hum:
        words.append(f"hum {degradation.hum.frequency_hz:.0f} Hz")
    if degradation.clip_db is not None:
        words.append(f"clipped {degradation.clip_db:.1f} dB")
    if degradation.low_pass_hz is not None:
        words.append(f"nothing above {degradation.low_pass_hz:.0f} Hz")
    if degradation.codec:
        words.append(f"{degradation.codec.name} at {degradation.codec.bit_rate / 1000:.0f} kbit/s")
    if degradation.gain_db:
        words.append(f"level {degradation.gain_db:+.1f} dB")
    return ", ".join(words) or "no fault"


def _preset(name: str | None) -> DegradeConfig:
    presets = {**PRESETS, **CONDITIONS}
    chosen = name or DEFAULT_PRESET
    if chosen not in presets:
        raise ConfigError(f"unknown preset {chosen!r}: use one of {', '.join(presets)}")
    return presets[chosen]


def _read_codec(text: str) -> Codec:
    name, _, rate = text.partition(":")
    if name not in CODEC_NAMES or not (rate or "64").isdecimal() or int(rate or 64) == 0:
        raise ConfigError(f"codec {text!r}: give one of {', '.join(CODEC_NAMES)} and kbit/s, as mp3:64")
    return Codec(CODEC_NAMES[name], int(rate or 64) * 1000)
