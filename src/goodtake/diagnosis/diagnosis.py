"""The diagnosis of a take: measures, the take net's facts, what follows from both, and JSON of it all."""

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from goodtake.diagnosis.findings import (
    SEVERITIES,
    WET_LEAVES,
    WET_LITTLE,
    WET_MUCH,
    Finding,
    Severity,
    TakeFacts,
    find,
)
from goodtake.diagnosis.measures import Measurements

__all__ = ["Diagnosis", "Finding", "Severity", "TakeFacts"]


@dataclass(frozen=True)
class Diagnosis:
    """What a take is like and what enhance would do to it.

    Args:
        measurements: by classical means.
        take: by the take net; None when no model was asked.
        wet: how much of the enhancement the engine wants, 0 (leaves it alone) to 1; None when no model was asked.
        name: what the take is called, for pictures and messages.
    """

    measurements: Measurements
    take: TakeFacts | None = None
    wet: float | None = None
    name: str = ""

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """One finding per kind of fault; most have the severity "none" in a good take."""
        return find(self.measurements, self.take, self.wet)

    @property
    def faults(self) -> tuple[Finding, ...]:
        """The findings that are not "none", worst first."""
        found = [finding for finding in self.findings if finding.severity != "none"]
        return tuple(sorted(found, key=lambda finding: -SEVERITIES.index(finding.severity)))

    @property
    def plan(self) -> str:
        """One sentence on what enhance will do."""
        if self.measurements.snr_db is None:
            return "enhance will copy the file: it holds no sound."
        if self.wet is None:
            return "No model was asked, so what enhance would do is not known."
        if self.wet <= WET_LEAVES:
            return "enhance will leave this take as it is."
        degree = "slightly" if self.wet < WET_LITTLE else "moderately" if self.wet < WET_MUCH else "thoroughly"
        work = {"noise": "lower the noise", "room": "dry up the room", "colour": "correct the colour"}
        parts = [work[finding.kind] for finding in self.findings if finding.kind in work and finding.severity != "none"]
        if not parts:
            return f"enhance will clean this take {degree}."
        listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
        return f"enhance will work {degree}: {listed}."

    def summary(self) -> dict[str, dict[str, Any]]:
        """Returns the values that both sides can tell, each with its source, "net" or "measured"."""
        measured = {"snr_db": self.measurements.snr_db, "rt60_s": self.measurements.decay_s, "drr_db": None}
        if self.take is None:
            return {key: {"value": _round(value), "source": "measured"} for key, value in measured.items()}
        return {key: {"value": _round(getattr(self.take, key)), "source": "net"} for key in measured}

    def to_dict(self) -> dict[str, Any]:
        """Returns everything but the thumbnail, ready for JSON."""
        return {
            "name": self.name,
            "plan": self.plan,
            "wet": _round(self.wet),
            "summary": self.summary(),
            "findings": [asdict(finding) for finding in self.findings],
            "take": None if self.take is None else asdict(self.take),
            "measurements": self.measurements.to_dict(),
        }

    def to_json(self, indent: int | None = 2) -> str:
        """Returns `to_dict` as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False, indent=indent)

    @classmethod
    def from_json(cls, text: str) -> "Diagnosis":
        """Returns the diagnosis that `to_json` wrote, without its thumbnail."""
        values = json.loads(text)
        take = values["take"]
        facts = None if take is None else TakeFacts(**{**take, "colour_db": tuple(take["colour_db"])})
        return cls(Measurements.from_dict(values["measurements"]), facts, values["wet"], values["name"])


def _round(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4)
