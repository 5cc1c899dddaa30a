"""The tables of both papers, one CSV file each beside this module, and how their names read in our benchmarks.

Only figures that the papers print are here: those that are drawn in paper 2's Figures 2, 4 and 5 alone are not.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields
from importlib.resources import files
from typing import TypeVar

T = TypeVar("T")

PAPER1 = "Kandpal, Nieto, Jin: Music Enhancement via Image Translation and Vocoding. ICASSP 2022"
PAPER2 = "Schaffer et al.: Music Separation Enhancement with Generative Modeling. ISMIR 2022"


@dataclass(frozen=True)
class OpinionScore:
    """A mean opinion score of paper 1, from 1 to 5.

    Table 1 names no condition. Its scores are filed under "All", every fault at once: with a mean of 3.48 over the
    seven single faults, "No Enhancement" could not come to 2.85 if they were part of it.

    Args:
        table: 1 or 2.
        system: as the paper names it.
        condition: as the paper names it, or "All".
        mean: over answers.
        half_interval: printed behind "±"; the paper does not say of which confidence, 95 % is usual.
    """

    table: int
    system: str
    condition: str
    mean: float
    half_interval: float


@dataclass(frozen=True)
class PublishedCorrelation:
    """Spearman rank correlation of a metric with opinion scores: paper 1, Table 3.

    Args:
        metric: its name here; the paper's FAD is that of VGGish.
        label: its name there; a minus where less is better.
        rho: the correlation.
    """

    metric: str
    label: str
    rho: float


@dataclass(frozen=True)
class SchemeFigures:
    """A row of paper 1, Table 4: training schemes of Mel2Mel + Diffwave.

    Args:
        model: scheme.
        fwssnr: dB, up.
        mrs: down.
        l1: down.
        fad: with VGGish, down.
    """

    model: str
    fwssnr: float
    mrs: float
    l1: float
    fad: float


@dataclass(frozen=True)
class OnsetF1:
    """A row of paper 2, Table 1: F1 of thresholded onset strength.

    Args:
        stem: "bass", "drums" or "vocals".
        separator: as the paper names it.
        domain: "wave" or "spectrogram".
        raw: of the separator's output.
        polished: after MSG.
    """

    stem: str
    separator: str
    domain: str
    raw: float
    polished: float


@dataclass(frozen=True)
class Statement:
    """A figure that stands in the text of paper 2, where it draws the rest.

    Args:
        name: what is counted or measured.
        stem: "bass", "drums", "vocals" or "all".
        low: the figure, or the lower end of the range that is given.
        high: the same figure, or the upper end.
        unit: of both.
        section: of paper 2.
    """

    name: str
    stem: str
    low: float
    high: float
    unit: str
    section: str


@dataclass(frozen=True)
class Names:
    """How names in a table of ratings read in a benchmark. Names that are not listed are the same in both.

    Args:
        systems: benchmark's name by rated name.
        conditions: benchmark's name by rated name.
    """

    systems: dict[str, str]
    conditions: dict[str, str]


@dataclass(frozen=True)
class _Name:
    kind: str
    published: str
    benchmark: str


def opinion_scores() -> tuple[OpinionScore, ...]:
    """Returns paper 1's Tables 1 and 2."""
    return _read("opinion_scores.csv", OpinionScore)


def metric_correlations() -> tuple[PublishedCorrelation, ...]:
    """Returns paper 1's Table 3."""
    return _read("metric_correlations.csv", PublishedCorrelation)


def training_schemes() -> tuple[SchemeFigures, ...]:
    """Returns paper 1's Table 4."""
    return _read("training_schemes.csv", SchemeFigures)


def onset_f1() -> tuple[OnsetF1, ...]:
    """Returns paper 2's Table 1."""
    return _read("onset_f1.csv", OnsetF1)


def statements() -> tuple[Statement, ...]:
    """Returns the figures in paper 2's sections 4.4 and 5.1 that belong to its Figures 2 and 4."""
    return _read("statements.csv", Statement)


def names_in_benchmarks() -> Names:
    """Returns how the papers' systems and conditions are called in ours."""
    entries = _read("names.csv", _Name)
    systems, conditions = (
        {entry.published: entry.benchmark for entry in entries if entry.kind == kind}
        for kind in ("system", "condition")
    )
    return Names(systems, conditions)


def _read(name: str, kind: type[T]) -> tuple[T, ...]:
    """Reads a file of this package; its columns are the fields of a dataclass of strings and numbers."""
    convert = {"str": str, "int": int, "float": float}
    types = {entry.name: convert[str(entry.type)] for entry in fields(kind)}  # type: ignore[arg-type]
    lines = (files(__package__) / name).read_text(encoding="utf-8").splitlines()
    return tuple(kind(**{key: types[key](cell) for key, cell in row.items()}) for row in csv.DictReader(lines))
