"""Figures that the two papers printed, as data, so that a report can put them beside its own."""

from goodtake.evaluation.published.findings import Finding, findings
from goodtake.evaluation.published.tables import (
    PAPER1,
    PAPER2,
    Names,
    OnsetF1,
    OpinionScore,
    PublishedCorrelation,
    SchemeFigures,
    Statement,
    metric_correlations,
    names_in_benchmarks,
    onset_f1,
    opinion_scores,
    statements,
    training_schemes,
)

__all__ = [
    "PAPER1",
    "PAPER2",
    "Finding",
    "Names",
    "OnsetF1",
    "OpinionScore",
    "PublishedCorrelation",
    "SchemeFigures",
    "Statement",
    "findings",
    "metric_correlations",
    "names_in_benchmarks",
    "onset_f1",
    "opinion_scores",
    "statements",
    "training_schemes",
]
