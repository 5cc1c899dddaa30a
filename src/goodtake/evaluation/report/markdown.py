"""Writes a report as Markdown that reads well on GitHub and in a terminal."""

from __future__ import annotations

from goodtake.evaluation.report.document import Report
from goodtake.evaluation.report.table import Table, escaped, to_markdown


def to_text(report: Report, system: str, scope: str, has_page: bool) -> str:
    """Returns the report; charts are links to `figures/NAME.svg` beside it.

    Args:
        report: the document.
        system: whose headline figures are shown.
        scope: the conditions that they are over, in words.
        has_page: whether an HTML page lies beside it.
    """
    lines = [f"# {escaped(report.title)}", "", *_paragraphs(report.summary)]
    if report.headlines:
        lines += [f"**{system}, {scope}:**", ""]
        lines += [f"- {one.label}: **{one.value}** ({one.detail})" for one in report.headlines] + [""]
    if has_page and report.about_players:
        lines += ["The page `report.html` holds the same figures and players for listening side by side.", ""]
    for section in report.sections:
        lines += [f"## {section.title}", ""]
        lines += _paragraphs([section.text] if section.text else [])
        for chart in section.charts:
            lines += [f"![{chart.caption}](figures/{chart.name}.svg)", "", f"*{chart.caption}*", ""]
        for table in section.tables:
            lines += _table(table)
        if section.folded:
            named = ", ".join(f"`tables/{table.name}.csv`" for table in section.folded)
            lines += [f"More: {named}.", ""]
    lines += ["## How it was made", "", *(f"- {name}: {_code(value)}" for name, value in report.facts), ""]
    return "\n".join(lines)


def _table(table: Table) -> list[str]:
    return [f"### {table.title}", "", to_markdown(table), "", *_paragraphs(table.notes)]


def _paragraphs(sentences: tuple[str, ...] | list[str]) -> list[str]:
    return [line for sentence in sentences for line in (sentence, "")]


def _code(value: str) -> str:
    return f"`{value}`" if value.startswith(("goodtake evaluate ", "goodtake report ")) else value
