"""Intervals and tests for figures of clips and answers of listeners, in NumPy; `docs/statistics.md` says which when."""

from goodtake.stats.binomial import ForcedChoice, binomial_p, forced_choice, wilson_interval
from goodtake.stats.bootstrap import bootstrap_interval, mean, median
from goodtake.stats.interval import Interval
from goodtake.stats.multiple import holm
from goodtake.stats.paired import PairedComparison, compare_pairs
from goodtake.stats.ranks import kendall, kendall_interval, midranks, spearman, spearman_interval, spearman_interval_of
from goodtake.stats.signed_rank import SignedRank, wilcoxon
from goodtake.stats.students_t import t_quantile

__all__ = [
    "ForcedChoice",
    "Interval",
    "PairedComparison",
    "SignedRank",
    "binomial_p",
    "bootstrap_interval",
    "compare_pairs",
    "forced_choice",
    "holm",
    "kendall",
    "kendall_interval",
    "mean",
    "median",
    "midranks",
    "spearman",
    "spearman_interval",
    "spearman_interval_of",
    "t_quantile",
    "wilcoxon",
    "wilson_interval",
]
