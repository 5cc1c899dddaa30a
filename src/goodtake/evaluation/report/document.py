"""What a report consists of, as data that writers turn into files: summary, sections, tables, charts, players."""

from __future__ import annotations

from dataclasses import dataclass

from goodtake.evaluation.report.players import Player
from goodtake.evaluation.report.table import Table


@dataclass(frozen=True)
class Chart:
    """A figure: panels that stand side by side.

    Args:
        name: safe as a file name.
        caption: a sentence.
        panels: SVG.
    """

    name: str
    caption: str
    panels: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """A part of the report.

    Args:
        anchor: for links.
        title: a line.
        text: what it shows.
        charts: before the tables.
        tables: in full.
        folded: tables that the page shows on demand and Markdown leaves to the CSV files.
    """

    anchor: str
    title: str
    text: str = ""
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    folded: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Headline:
    """One figure of the summary: what, from what to what, how sure."""

    label: str
    value: str
    detail: str


@dataclass(frozen=True)
class Report:
    """All that writers need.

    Args:
        title: of the benchmark.
        summary: sentences.
        headlines: figures of the chosen system.
        sections: in their order.
        archive: tables for CSV only.
        facts: name and value of what made it.
        players: clips to hear.
        about_players: why these, or why there are none.
        metric: the chosen one, as text.
    """

    title: str
    summary: tuple[str, ...]
    headlines: tuple[Headline, ...]
    sections: tuple[Section, ...]
    archive: tuple[Table, ...]
    facts: tuple[tuple[str, str], ...]
    metric: str
    players: tuple[Player, ...] = ()
    about_players: str = ""

    @property
    def tables(self) -> list[Table]:
        """All tables, for CSV."""
        return [table for s in self.sections for table in (*s.tables, *s.folded)] + list(self.archive)
