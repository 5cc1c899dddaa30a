"""Terms of a degraded clip: those of the clip and of every recorded room and noise that went into it."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goodtake.datasets.index import INDEX_NAME
from goodtake.evaluation.plan import BANK_PART, sounds_in
from goodtake.evaluation.sources.base import EvaluationClip
from goodtake.evaluation.sources.licences import joined, may_publish


@dataclass(frozen=True)
class Terms:
    """The fields of a row that say whether and how it may be published."""

    licence: str
    credit: str
    shareable: bool


class Licences:
    """Looks the terms of rooms, noises and microphones up in the index of the sound library.

    Args:
        data_root: folder with `index.csv`; without one nothing recorded counts as shareable.
    """

    def __init__(self, data_root: Path | None) -> None:
        self._terms: dict[str, tuple[str, str]] = {}
        index = None if data_root is None else data_root / INDEX_NAME
        if index is not None and index.is_file():
            with index.open(newline="", encoding="utf-8") as lines:
                for row in csv.DictReader(lines):
                    if row.get("part") == BANK_PART and row.get("kind") in ("rir", "noise", "mic"):
                        self._terms[str(row.get("path"))] = row.get("licence") or "", row.get("credit") or ""

    def together(self, clip: EvaluationClip, drawn: dict[str, Any] | None) -> Terms:
        """Returns the terms of a clip with everything that was drawn for it."""
        licences, credits, shareable = [clip.licence], [clip.credit], clip.shareable
        for kind, name in sounds_in(drawn):
            licence, credit = self._terms.get(f"{BANK_PART}/{kind}/{name}", ("", ""))
            licences.append(licence)
            credits.append(credit)
            shareable = shareable and may_publish(licence)
        return Terms(joined(licences), joined(credits), shareable)
