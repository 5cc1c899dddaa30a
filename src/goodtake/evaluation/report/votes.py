"""Paper 2's Figure 2: how often listeners preferred the post-processed stem to the raw one, from a CSV of votes.

```
stem,separator,choice
bass,demucs,processed
```

`choice` is "raw" or "processed"; other columns (listener, clip, time) are passed over.
"""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from goodtake.errors import ConfigError
from goodtake.evaluation.report.table import BETTER, WORSE, Cell, Table, words
from goodtake.stats import ForcedChoice, forced_choice

COLUMNS = ("stem", "separator", "choice")
RAW, PROCESSED = "raw", "processed"


@dataclass(frozen=True)
class Poll:
    """Votes on one stem of one separator.

    Args:
        stem: name.
        separator: name.
        outcome: of "processed" against "raw".
    """

    stem: str
    separator: str
    outcome: ForcedChoice

    @property
    def verdict(self) -> str:
        """Returns "better" or "worse" when the binomial test tells, else ""."""
        if self.outcome.p >= 1 - self.outcome.share.level:
            return ""
        return BETTER if self.outcome.share.estimate > 0.5 else WORSE


def read_votes(path: Path) -> list[Poll]:
    """Reads votes and tests each stem and separator against a coin.

    Raises:
        ConfigError: when the file cannot be read, is empty, lacks a column, or has a choice that is neither.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise ConfigError(f"votes {path} cannot be read ({reason}): give the path of a CSV file") from error
    reader = csv.DictReader(lines)
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
    if missing:
        raise ConfigError(f"votes {path}: no column {missing[0]!r}: a file of votes needs {', '.join(COLUMNS)}")
    counts: dict[tuple[str, str], Counter[str]] = {}
    for row in reader:
        if row["choice"] not in (RAW, PROCESSED):
            raise ConfigError(
                f"votes {path}, line {reader.line_num}: choice is {row['choice']!r}: write {RAW} or {PROCESSED}"
            )
        counts.setdefault((row["stem"], row["separator"]), Counter())[row["choice"]] += 1
    if not counts:
        raise ConfigError(f"votes {path} holds no votes: one line per answer is expected")
    return [
        Poll(stem, separator, forced_choice(votes[PROCESSED], votes.total()))
        for (stem, separator), votes in counts.items()
    ]


def votes_table(polls: list[Poll]) -> Table:
    """Returns the percentages of Figure 2 with their intervals and p-values."""
    rows = []
    for poll in polls:
        share, low, high = poll.outcome.share.estimate, poll.outcome.share.low, poll.outcome.share.high
        assert low is not None  # Wilson's interval exists for every count
        assert high is not None
        text = f"{100 * share:.0f} % [{100 * low:.0f}, {100 * high:.0f}]"
        marks = (poll.verdict,) if poll.verdict else ()
        rows.append(
            (
                words(poll.stem),
                words(poll.separator),
                Cell(text, share, low, high, poll.outcome.n, marks),
                Cell(str(poll.outcome.n), poll.outcome.n),
                Cell(f"{poll.outcome.p:.2g}", poll.outcome.p),
            )
        )
    notes = (
        "Share of answers for the processed stem, Wilson 95 % interval, exact two-tailed binomial test; ▲▼ p < 0.05, "
        "each test by itself as in the paper.",
    )
    columns = ("stem", "separator", "prefer processed", "answers", "p")
    return Table("votes", "Forced choice: raw or processed (paper 2, Figure 2)", columns, tuple(rows), notes)
