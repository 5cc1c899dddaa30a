"""How kinds of instruments behave under the renderer: whether a tone is held, how it ends, what part it can take.

A note library says only "oboe" or "muted electric guitar"; the family follows from words in the name, or from the
library's own column `family` where the words mislead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from goodtake.errors import DatasetError


@dataclass(frozen=True)
class Family:
    """Playing traits of a kind of instrument.

    Args:
        name: as used in the column `family`.
        sustained: the tone lasts as long as the player wishes, so short samples are looped.
        polyphonic: can play chords.
        release_ms: shortest and longest fade after a note; zeros let it ring.
        vibrato: the player may add some.
    """

    name: str
    sustained: bool
    polyphonic: bool
    release_ms: tuple[float, float]
    vibrato: bool = False


FAMILIES = {
    family.name: family
    for family in (
        Family("bowed", sustained=True, polyphonic=False, release_ms=(50, 80), vibrato=True),
        Family("wind", sustained=True, polyphonic=False, release_ms=(50, 80), vibrato=True),
        Family("voice", sustained=True, polyphonic=False, release_ms=(60, 90), vibrato=True),
        Family("organ", sustained=True, polyphonic=True, release_ms=(40, 120)),
        Family("plucked", sustained=False, polyphonic=True, release_ms=(250, 350)),
        Family("keys", sustained=False, polyphonic=True, release_ms=(250, 350)),
        Family("mallet", sustained=False, polyphonic=True, release_ms=(400, 900)),
        Family("drum", sustained=False, polyphonic=False, release_ms=(0, 0)),
    )
}

# First match wins; matched against "instrument articulation" in lower case.
_WORDS = (
    ("plucked", r"pizz|pluck|picked|\bnail\b|guitar|harp\b|harpa\b|banjo|\blute|ukulele|mandolin|koto|sitar|shamisen"),
    ("plucked", r"(electric|acoustic|fretless|slap|synth|finger) bass|\bbass \("),
    ("keys", r"piano|harpsichord|clavi|celesta|rhodes"),
    ("mallet", r"vibraphone|marimba|glockenspiel|xylophone|bell|kalimba|dulcimer|steel drum"),
    ("organ", r"organ|accordion|harmonium|pad\b"),
    ("voice", r"voice|choir|vocal|vowel|singer|soprano$|tenor$"),
    ("bowed", r"violin|viola|cello|contrabass|double bass|string|fiddle|arco|bowed"),
)


def family_of(instrument: str, articulation: str = "", pitched: bool = True, family: str = "") -> Family:
    """Returns the family of an instrument; unknown pitched ones count as winds, unpitched ones as drums.

    Raises:
        DatasetError: `family` is given and is none of `FAMILIES`.

    >>> family_of("contrabass", "pizzicato").name, family_of("oboe").name, family_of("snare drum", pitched=False).name
    ('plucked', 'wind', 'drum')
    """
    if family:
        if family not in FAMILIES:
            raise DatasetError(f"{instrument}: family {family} is unknown, use one of {', '.join(FAMILIES)}")
        return FAMILIES[family]
    if not pitched:
        return FAMILIES["drum"]
    words = f"{instrument} {articulation}".lower()
    return FAMILIES[next((name for name, pattern in _WORDS if re.search(pattern, words)), "wind")]
