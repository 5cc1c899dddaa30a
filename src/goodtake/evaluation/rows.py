"""Rows: one line of JSON for every clip, condition and system of a benchmark. They are all that a report reads.

A run folder holds

```
recipe.yaml        the benchmark, resolved
run.json           version of goodtake, platform, versions and hashes of the systems
rows.jsonl         one row per line, appended as they are made
embeddings/        CLIP_KEY.npy per row, (patch, dimension) in half precision, for set metrics such as FAD;
                   the references' as CLIP_KEY of the system "reference"
audio/             CONDITION/CLIP/{reference,SYSTEM}.flac, where the recipe keeps audio ("nothing" is the input)
```
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROWS_NAME = "rows.jsonl"
RECIPE_NAME = "recipe.yaml"
RUN_NAME = "run.json"
REFERENCE = "reference"
"""Stands for the clean clip where a system's name is expected."""


@dataclass(frozen=True)
class Row:
    """What one system made of one clip under one condition.

    Args:
        clip: name, unique in the benchmark, safe as a file name.
        kind: of the clip set ("phrases", "mixes", ...).
        instrument: of the clip; "" when unknown or several.
        song: what the clip was cut from; clips of a song are not independent.
        condition: of the benchmark.
        system: of the benchmark.
        after: the system whose output it was given; "" for the input.
        sample_rate: Hz.
        channels: of the clip.
        seconds: length of the clip.
        metrics: figure by name; None where it could not be measured.
        errors: why, by name of the metric; "system" when the system itself failed (then all metrics are None).
        histograms: counts by name, for instance "rolloff_cents" over `metrics.rolloff.HISTOGRAM_CENTS`.
        degradation: every drawn parameter; None for stems.
        alignment: {"delay_samples": ..., "gain_db": ...} that was removed, or None.
        seconds_taken: that the system worked.
        version: of the system.
        digest: SHA-256 of the system's weights or settings.
        licence: of the clip and of all that was mixed into it.
        credit: whom to name when it is played to the public.
        shareable: whether the licence lets the clip be published.
        audio: files below the run folder by "reference", "input", "estimate"; empty when none were kept.
        embeddings: files below the run folder by "reference", "estimate"; empty when no set metric was asked for.
    """

    clip: str
    kind: str
    instrument: str
    song: str
    condition: str
    system: str
    after: str
    sample_rate: int
    channels: int
    seconds: float
    metrics: dict[str, float | None]
    errors: dict[str, str] = field(default_factory=dict)
    histograms: dict[str, list[int]] = field(default_factory=dict)
    degradation: dict[str, Any] | None = None
    alignment: dict[str, float] | None = None
    seconds_taken: float = 0.0
    version: str = ""
    digest: str = ""
    licence: str = ""
    credit: str = ""
    shareable: bool = False
    audio: dict[str, str] = field(default_factory=dict)
    embeddings: dict[str, str] = field(default_factory=dict)


def read_rows(run: Path) -> Iterator[Row]:
    """Yields the rows of a run folder in the order of the file.

    A last line that was cut off by a kill is passed over: that row will be made again.

    Raises:
        ConfigError: when the folder holds no rows, or a line other than the last is damaged.
    """
    raise NotImplementedError


def write_row(run: Path, row: Row) -> None:
    """Appends a row, whole or not at all, safe between processes."""
    raise NotImplementedError
