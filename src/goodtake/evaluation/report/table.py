"""A table as data, and how it is written as Markdown and as CSV; the page draws the same tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from goodtake.diagnosis.wording import minus
from goodtake.stats import Interval

BEST, BETTER, WORSE, THEIRS = "best", "better", "worse", "theirs"


@dataclass(frozen=True)
class Cell:
    """One place of a table.

    Args:
        text: as people read it.
        value: as a number, for sorting and CSV; None for words.
        low: lower end of its interval.
        high: upper end.
        n: clips behind it; 0 when that means nothing.
        marks: any of "best" (of its column), "better" or "worse" (than the opponent, significantly), "theirs"
            (published, of other data).
        note: what it does not cover, or why it has no interval.
    """

    text: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    marks: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Table:
    """A table with all that is needed to understand it.

    Args:
        name: safe as a file name.
        title: a line.
        columns: heads; the first is of words.
        rows: cells, as many as columns.
        notes: sentences below it.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()

    @property
    def wordy(self) -> tuple[bool, ...]:
        """Whether each column holds no number."""
        return tuple(all(row[place].value is None for row in self.rows) for place in range(len(self.columns)))


def words(text: str, *marks: str) -> Cell:
    """Returns a cell of words."""
    return Cell(text, marks=marks)


def figure(interval: Interval | None, digits: int, *marks: str, signed: bool = False) -> Cell:
    """Returns a cell of an estimate and its interval; a dash for None."""
    if interval is None:
        return Cell("–")
    text = number(interval.estimate, digits, signed)
    if interval.low is not None and interval.high is not None:
        text += f" [{number(interval.low, digits, signed)}, {number(interval.high, digits, signed)}]"
    return Cell(text, interval.estimate, interval.low, interval.high, interval.n, marks, interval.note)


def number(value: float, digits: int, signed: bool = False) -> str:
    """Returns a number with a true minus sign.

    >>> number(-0.5, 2), number(0.5, 2, signed=True), number(0.0, 1, signed=True)
    ('−0.50', '+0.50', '0.0')
    """
    text = minus(value, digits)
    return f"+{text}" if signed and round(value, digits) > 0 else text


def to_markdown(table: Table, emphasis: bool = True) -> str:
    """Writes a table in GitHub's Markdown, columns padded so that it reads in a terminal too.

    A significant gain has ▲ and a significant loss ▼ behind it.

    Args:
        table: what to write.
        emphasis: set the best of a column bold and what others published in italics.
    """
    cells = ([_marked(cell, emphasis) for cell in row] for row in table.rows)
    lines = [[escaped(column) for column in table.columns], *cells]
    widths = [max(3, *(len(line[place]) for line in lines)) for place in range(len(table.columns))]
    body = [_line(line, widths) for line in lines]
    rule = "|" + "|".join("-" * (width + 1) + ("-" if place == 0 else ":") for place, width in enumerate(widths)) + "|"
    return "\n".join([body[0], rule, *body[1:]])


def to_csv(table: Table) -> str:
    """Writes a table as CSV: a column of numbers with intervals becomes four, of value, low, high and clips."""
    wide = [any(row[place].low is not None for row in table.rows) for place in range(len(table.columns))]
    counted = [any(row[place].n for row in table.rows) for place in range(len(table.columns))]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    head: list[str] = []
    for column, has_interval, has_count in zip(table.columns, wide, counted, strict=True):
        head += [column, *([f"{column} low", f"{column} high"] if has_interval else [])]
        head += [f"{column} clips"] if has_count else []
    writer.writerow(head)
    for row in table.rows:
        line: list[object] = []
        for cell, has_interval, has_count in zip(row, wide, counted, strict=True):
            line.append(_plain(cell))
            line += [_blank(cell.low), _blank(cell.high)] if has_interval else []
            line += [cell.n or ""] if has_count else []
        writer.writerow(line)
    return out.getvalue()


def _plain(cell: Cell) -> object:
    if cell.value is not None:
        return f"{cell.value:.6g}"
    return "" if cell.text == "–" else cell.text


def _blank(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _marked(cell: Cell, emphasis: bool) -> str:
    text = escaped(cell.text)
    if BETTER in cell.marks:
        text += " ▲"
    if WORSE in cell.marks:
        text += " ▼"
    if not emphasis:
        return text
    if BEST in cell.marks:
        text = f"**{text}**"
    return f"*{text}*" if THEIRS in cell.marks and text.strip() else text


def escaped(text: str) -> str:
    """Returns text that Markdown and HTML leave as it is, on one line."""
    for character in "\\|*_`<>[]" if not _is_figure(text) else "":
        text = text.replace(
            character, f"\\{character}" if character not in "<>" else {"<": "&lt;", ">": "&gt;"}[character]
        )
    return " ".join(text.split())


def _is_figure(text: str) -> bool:
    return all(character in "0123456789.,[]+−–-% x×()nwp=<> ▲▼" for character in text)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
    return "| " + " | ".join(padded) + " |"
