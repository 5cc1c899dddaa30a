"""Writes a report as one HTML page that needs nothing but itself: styles, script, sound and pictures are inside."""

from __future__ import annotations

from importlib.resources import files
from itertools import groupby
from typing import Any

import numpy as np

from goodtake import __version__
from goodtake.diagnosis.png import magma
from goodtake.errors import MissingExtraError
from goodtake.evaluation.report.document import Report
from goodtake.evaluation.report.players import INPUT, Player


def to_html(report: Report, system: str, scope: str) -> str:
    """Returns the page.

    Args:
        report: the document, with its players.
        system: whose headline figures are shown.
        scope: the conditions that they are over, in words.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    check_installed()
    from jinja2 import Environment, FunctionLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    players = [(_Shown(player), place) for place, player in enumerate(report.players)]
    grouped = [(name, list(some)) for name, some in groupby(players, lambda entry: entry[0].condition)]
    stops = magma(np.linspace(0, 1, 9)).tolist()
    return environment.get_template("report.html.j2").render(
        report=report,
        grouped=grouped,
        system=system,
        scope=scope,
        version=__version__,
        style=Markup(_template("style.css")),
        script=Markup(_template("page.js")),
        colours=", ".join(f"rgb({r} {g} {b})" for r, g, b in stops),
    )


def check_installed() -> None:
    """Checks that pages can be written, before minutes are spent on what goes into one.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    try:
        import jinja2  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("jinja2", "eval") from error


class _Shown:
    """A player as the template sees it: all its fields, and which version is chosen at first."""

    def __init__(self, player: Player) -> None:
        names = [version.name for version in player.versions]
        self.first = names.index(INPUT) if INPUT in names else 0
        self._player = player

    def __getattr__(self, name: str) -> Any:
        return getattr(self._player, name)


def _template(name: str) -> str:
    return (files(__package__) / "templates" / name).read_text(encoding="utf-8")
