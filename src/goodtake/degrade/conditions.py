"""The conditions of an evaluation: everything at once, and each fault alone (paper 1, section 5.2, Table 2).

Clipping, lossy codecs and the wide simulation are ours.
`CONDITIONS["snr5"]` is a `DegradeConfig` to draw from like any other. A condition of one fault holds that fault and
nothing else but the final low-cut and peak, which both halves of a pair share.
"""

from dataclasses import replace

from goodtake.degrade.draw import PAPER1, STUDIO, DegradeConfig
from goodtake.degrade.parameters import Codec

CLEAN = replace(PAPER1, room=0.0, noise=0.0, equaliser=0.0)
NOISE = replace(PAPER1, room=0.0, equaliser=0.0)
REVERB = replace(PAPER1, noise=0.0, equaliser=0.0)
RANDOM_EQ = replace(PAPER1, room=0.0, noise=0.0)

CONDITIONS: dict[str, DegradeConfig] = {
    "all": PAPER1,
    "eq": RANDOM_EQ,
    "snr5": replace(NOISE, snr_db=(5.0, 5.0)),
    "snr10": replace(NOISE, snr_db=(10.0, 10.0)),
    "snr15": replace(NOISE, snr_db=(15.0, 15.0)),
    "drr0": replace(REVERB, drr_db=(0.0, 0.0)),
    "drr3": replace(REVERB, drr_db=(3.0, 3.0)),
    "drr6": replace(REVERB, drr_db=(6.0, 6.0)),
    "reverb": REVERB,
    "noise": NOISE,
    "clean": CLEAN,
    "clip6": replace(CLEAN, clip=1.0, clip_db=(6.0, 6.0)),
    "clip12": replace(CLEAN, clip=1.0, clip_db=(12.0, 12.0)),
    "mp3-64": replace(CLEAN, codec=1.0, codecs=(Codec("mp3", 64_000),)),
    "opus-32": replace(CLEAN, codec=1.0, codecs=(Codec("libopus", 32_000),)),
    "studio": STUDIO,
}
"""Configurations by name; "reverb" keeps each room's own ratio, "noise" draws it from 5 to 30 dB, "clip6" clips 6 dB
below the peak, "mp3-64" is coded at 64 kbit/s, "studio" is the wide simulation with every fault."""
