"""What every source of clips gives: lazy clips with a name, an origin and a licence."""

from collections.abc import Callable
from dataclasses import dataclass, field

from goodtake.dsp.stft import Wave


@dataclass(frozen=True)
class EvaluationClip:
    """One clip, read when it is needed.

    Args:
        name: unique in its set, safe as a file name, the same on every machine.
        kind: of the set, for breakdowns: "phrases", "mixes", "rendered", "stems", ...
        instrument: "" when unknown or several.
        song: what it was cut from.
        load: reads the clean clip, or the mixture of a stem set: (channel, time), float32, at the benchmark's rate and
            channels.
        load_stems: reads each stem by name; empty for clips that are no mixtures.
        licence: as the source names it; "" when unknown.
        credit: whom to name.
        shareable: whether the licence lets it be published, degraded or not.
    """

    name: str
    kind: str
    instrument: str
    song: str
    load: Callable[[], Wave]
    load_stems: dict[str, Callable[[], Wave]] = field(default_factory=dict)
    licence: str = ""
    credit: str = ""
    shareable: bool = False
