"""Ratings by listeners, as a table: mean and uncertainty for every system and condition.

They come from paper 1's Tables 1 and 2 or from a CSV file with one row per answer

```
system,condition,rating
nothing,snr5,2
```

or one per mean, where the last two columns may be left out:

```
system,condition,mean,half_interval,n
nothing,snr5,2.48,0.11,310
```

Other columns (listener, clip, time) are passed over.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from goodtake.errors import ConfigError
from goodtake.evaluation.published import PAPER1, opinion_scores
from goodtake.stats import t_quantile

PUBLISHED = "paper1"
"""Name of paper 1's ratings, where a file's path is expected otherwise."""

LEVEL = 0.95
SCALE = (1.0, 5.0)
"""Of mean opinion scores: 1 bad, 5 excellent."""


@dataclass(frozen=True)
class Rating:
    """What listeners said about one system under one condition.

    Args:
        system: as the table names it.
        condition: as the table names it.
        mean: on the table's scale; more is better.
        half_interval: the mean's 95 % interval is mean ± half_interval; None when unknown.
        n: answers; None when unknown.
    """

    system: str
    condition: str
    mean: float
    half_interval: float | None = None
    n: int | None = None


@dataclass(frozen=True)
class RatingTable:
    """Ratings of one listening test.

    Args:
        name: for reports.
        source: paper or file.
        ratings: one per system and condition.
    """

    name: str
    source: str
    ratings: tuple[Rating, ...]

    @property
    def systems(self) -> tuple[str, ...]:
        """Names of the rated systems, in the order of the table."""
        return tuple(dict.fromkeys(rating.system for rating in self.ratings))

    @property
    def conditions(self) -> tuple[str, ...]:
        """Names of the rated conditions, in the order of the table."""
        return tuple(dict.fromkeys(rating.condition for rating in self.ratings))


def published_ratings() -> RatingTable:
    """Returns paper 1's mean opinion scores: 9,095 answers of 211 listeners to five systems under eight conditions."""
    scores = opinion_scores()
    ratings = tuple(Rating(score.system, score.condition, score.mean, score.half_interval) for score in scores)
    return RatingTable(PUBLISHED, f"{PAPER1}, Tables 1 and 2", ratings)


def read_ratings(path: Path, scale: tuple[float, float] = SCALE) -> RatingTable:
    """Reads answers or means from a CSV file.

    The half interval of answers is t(n-1) s / sqrt(n), as in ITU-T P.800.2, where answers count as independent.

    Args:
        path: CSV in UTF-8, columns as above.
        scale: lowest and highest answer there can be.

    Raises:
        ConfigError: when the file cannot be read, is empty, lacks a column, or holds something that is no number, lies
            outside the scale or is given twice.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ConfigError(f"ratings {path} cannot be read ({reason}): give the path of a CSV file") from error
    reader = csv.DictReader(lines)
    columns = [column.strip() for column in reader.fieldnames or ()]
    reader.fieldnames = columns
    value = "rating" if "rating" in columns else "mean"
    missing = [column for column in ("system", "condition", value) if column not in columns]
    if missing:
        raise ConfigError(
            f"ratings {path}: no column {missing[0]!r}, found {', '.join(columns) or 'nothing'}: "
            "a table needs the columns system, condition, and rating or mean"
        )
    rows = [_Line(f"ratings {path}, line {reader.line_num}", row, scale) for row in reader]
    if not rows:
        raise ConfigError(f"ratings {path} holds no rows: one row per answer, or one per mean, is expected")
    return RatingTable(path.stem, str(path), tuple(_of_answers(rows) if value == "rating" else _of_means(rows)))


@dataclass(frozen=True)
class _Line:
    """A row of a file, with the place to name in messages."""

    where: str
    cells: dict[str, str | None]
    scale: tuple[float, float]

    def name(self, column: str) -> str:
        text = (self.cells[column] or "").strip()
        if not text:
            raise ConfigError(f"{self.where}: column {column!r} is empty: name the {column} that was rated")
        return text

    def number(self, column: str, low: float = 0.0, high: float = math.inf) -> float:
        text = (self.cells[column] or "").strip()
        try:
            value = float(text)
        except ValueError as error:
            raise ConfigError(f"{self.where}: {column} {text!r} is not a number: use figures such as 3.5") from error
        if not low <= value <= high or math.isinf(value):
            bounds = f"{low:g} or more" if math.isinf(high) else f"{low:g} to {high:g}"
            raise ConfigError(f"{self.where}: {column} {text} is outside the scale: expected {bounds}")
        return value

    def optional(self, column: str, low: float) -> float | None:
        return self.number(column, low) if (self.cells.get(column) or "").strip() else None

    @property
    def key(self) -> tuple[str, str]:
        return self.name("system"), self.name("condition")


def _of_answers(rows: Iterable[_Line]) -> Iterable[Rating]:
    answers: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        answers.setdefault(row.key, []).append(row.number("rating", *row.scale))
    for (system, condition), values in answers.items():
        n = len(values)
        half = t_quantile((1 + LEVEL) / 2, n - 1) * float(np.std(values, ddof=1)) / n**0.5 if n > 1 else None
        yield Rating(system, condition, float(np.mean(values)), half, n)


def _of_means(rows: Iterable[_Line]) -> Iterable[Rating]:
    seen: set[tuple[str, str]] = set()
    for row in rows:
        if row.key in seen:
            raise ConfigError(f"{row.where}: {' / '.join(row.key)} is given twice: keep one mean for each")
        seen.add(row.key)
        n = row.optional("n", 1.0)
        mean, half = row.number("mean", *row.scale), row.optional("half_interval", 0.0)
        yield Rating(*row.key, mean, half, None if n is None else int(n))
