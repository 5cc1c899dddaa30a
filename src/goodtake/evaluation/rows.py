"""Rows: one line of JSON for every clip, condition and system of a benchmark. They are all that a report reads.

A run folder holds

```
recipe.yaml        the benchmark, resolved
run.json           version of goodtake, platform, versions and hashes of the systems
rows.jsonl         one row per line, appended as they are made
embeddings/        EMBEDDING/CONDITION/CLIP/{reference,SYSTEM}.npy, (patch, dimension) in half precision, for set
                   metrics such as FAD
audio/             CONDITION/CLIP/{reference,SYSTEM}.flac, where the recipe keeps audio ("nothing" is the input)
```
"""

import errno
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from goodtake.audio.atomic import disk_errors
from goodtake.errors import ConfigError
from goodtake.evaluation.lines import locked, start_of_last_line, whole_length

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
        errors: why, by name of the metric; "system" when the system itself failed, "clip" when the clip could not be
            read (then all metrics are None).
        histograms: counts by name, for instance "rolloff_cents" over `metrics.rolloff.HISTOGRAM_CENTS`.
        degradation: every drawn parameter; None for stems.
        alignment: {"delay_samples": ..., "gain_db": ...} that was removed, or None.
        seconds_taken: that the system worked.
        version: of the system.
        digest: SHA-256 of the system's weights or settings, and of those of the system before it.
        clip_digest: SHA-256 of the samples of the clip: a clip that was changed is measured again.
        licence: of the clip and of all that was mixed into it.
        credit: whom to name when it is played to the public.
        shareable: whether the licence lets the clip be published.
        audio: files below the run folder by "reference", "input", "estimate"; empty when none were kept.
        embeddings: file of the estimate below the run folder by name of set metric; that of the reference lies beside
            it as `reference.npy`. Metrics of one embedding share a file.
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
    clip_digest: str = ""
    licence: str = ""
    credit: str = ""
    shareable: bool = False
    audio: dict[str, str] = field(default_factory=dict)
    embeddings: dict[str, str] = field(default_factory=dict)


def read_rows(run: Path) -> Iterator[Row]:
    """Yields the rows of a run folder in the order of the file.

    Of several rows of one clip, condition and system the last one counts; rows made by a system that is no longer the
    one named in `run.json` (another digest) do not count at all. A last line that was cut off by a kill is passed over:
    that row will be made again.

    Raises:
        ConfigError: when the folder holds no rows, or a line other than the last is damaged.
    """
    path = run / ROWS_NAME
    current = _current_digests(run)
    newest = {_key(values): number for number, values, _ in _lines(path)}
    if not newest:
        raise ConfigError(f"{path} holds no rows: run `goodtake evaluate` into {run} first")
    for number, values, _ in _lines(path):
        digest = current.get(str(values["system"]), values.get("digest"))
        if newest[_key(values)] == number and values.get("digest") == digest:
            yield _row(values, path, f"line {number}")


class RowIndex:
    """Where the rows of a run folder lie, so that a run is continued without holding them in memory.

    Args:
        run: the run folder; a damaged last line is cut off.

    Raises:
        ConfigError: a line other than the last is damaged.
    """

    def __init__(self, run: Path) -> None:
        mend_rows(run)
        self._path = run / ROWS_NAME
        self._places: dict[tuple[str, str], dict[str, int]] = {}
        place = 0
        if self._path.exists():
            for _, values, length in _lines(self._path):
                clip, condition, system = _key(values)
                self._places.setdefault((clip, condition), {})[system] = place
                place += length

    def __len__(self) -> int:
        return sum(len(systems) for systems in self._places.values())

    @property
    def clips(self) -> set[str]:
        """Names of the clips that have rows."""
        return {clip for clip, _ in self._places}

    @property
    def conditions(self) -> set[str]:
        """Conditions that have rows."""
        return {condition for _, condition in self._places}

    @property
    def systems(self) -> set[str]:
        """Systems that have rows."""
        return {system for systems in self._places.values() for system in systems}

    def rows_of(self, clip: str, condition: str) -> dict[str, Row]:
        """Returns the last row of each system for a clip under a condition."""
        places = self._places.get((clip, condition), {})
        if not places:
            return {}
        found = {}
        with self._path.open("rb") as file:
            for system, place in places.items():
                file.seek(place)
                found[system] = _row(json.loads(file.readline()), self._path, f"byte {place}")
        return found


def write_row(run: Path, row: Row) -> None:
    """Appends a row, whole or not at all, safe between processes.

    Raises:
        ConfigError: when a figure of the row is not finite, which JSON cannot hold.
        UnwritableAudioError: when the disk is full or refuses; the rows before stay whole.
    """
    try:
        line = (json.dumps(asdict(row), allow_nan=False) + "\n").encode()
    except ValueError as error:
        raise ConfigError(f"row of {row.system} on {row.clip}: a figure is not finite: leave it out as None") from error
    path = run / ROWS_NAME
    with disk_errors(path), path.open("a+b", buffering=0) as file, locked(file):
        end = whole_length(file)
        file.truncate(end)
        try:
            written = file.write(line)
            if written != len(line):
                raise OSError(errno.ENOSPC, "no space left on the disk")
        except OSError:
            file.truncate(end)
            raise


def mend_rows(run: Path) -> None:
    """Cuts a last line off that a kill or a full disk left damaged; does nothing to a whole file."""
    path = run / ROWS_NAME
    if not path.exists():
        return
    with disk_errors(path), path.open("r+b", buffering=0) as file, locked(file):
        end = whole_length(file)
        file.truncate(end)
        start = start_of_last_line(file, end)
        file.seek(start)
        if end > start and _values(file.read(end - start)) is None:
            file.truncate(start)


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any], int]]:
    """Yields number, values and length in bytes of each whole line; a damaged one must be the last."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}): give the folder of an evaluation") from error
    with file:
        damaged = 0
        for number, line in enumerate(file, 1):
            if damaged:
                raise ConfigError(f"{path}, line {damaged}: damaged: delete that line, its row will be made again")
            values = _values(line) if line.endswith(b"\n") else None
            if values is None:
                damaged = number
            else:
                yield number, values, len(line)


def _values(line: bytes) -> dict[str, Any] | None:
    try:
        values = json.loads(line)
    except ValueError:
        return None
    return values if isinstance(values, dict) and {"clip", "condition", "system"} <= set(values) else None


def _row(values: dict[str, Any], path: Path, place: str) -> Row:
    try:
        return Row(**values)
    except TypeError as error:
        reason = str(error).split("__init__() ")[-1]
        raise ConfigError(f"{path}, {place}: {reason}: read it with the goodtake that made it") from error


def _key(values: dict[str, Any]) -> tuple[Any, Any, Any]:
    return values["clip"], values["condition"], values["system"]


def _current_digests(run: Path) -> dict[str, str]:
    try:
        systems = json.loads((run / RUN_NAME).read_text(encoding="utf-8"))["systems"]
        return {name: system["digest"] for name, system in systems.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{run / RUN_NAME} is damaged: delete it and run `goodtake evaluate` again") from error
