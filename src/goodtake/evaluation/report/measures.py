"""Means with intervals of every system, condition and metric, and how metrics are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from goodtake.errors import ConfigError
from goodtake.evaluation.published import names_in_benchmarks
from goodtake.evaluation.report.collect import Evaluation, Sample
from goodtake.evaluation.rows import REFERENCE, Row
from goodtake.metrics import METRICS, SET_METRICS, Metric, set_metric
from goodtake.metrics.set_metrics import SetMetric
from goodtake.stats import Interval, bootstrap_interval

SET_NOTE = "a figure of the whole set: no interval"

LABELS = {
    "fwssnr": "fwSSNR",
    "mrs": "MRS",
    "l1": "L1",
    "zimtohrli_mos": "Zimtohrli",
    "visqol_mos": "ViSQOL",
    "sdr": "SDR",
    "si_sdr": "SI-SDR",
    "multi_mel_snr": "Multi-Mel-SNR",
    "lsd": "LSD",
    "rolloff_error_cents": "roll-off error",
    "onset_f1": "onset F1",
    "residual_nmr_db": "residual NMR",
    "ltas_error_db": "LTAS error",
    "weak_bin_bias_db": "weak-bin bias",
}
"""Short names for the heads of columns; what has none goes by its own."""


@dataclass(frozen=True)
class Options:
    """How figures are worked out.

    Args:
        resamples: of every bootstrap.
        level: confidence of every interval, and 1 - level the significance of tests.
    """

    resamples: int = 10_000
    level: float = 0.95


def find_metric(name: str) -> Metric | SetMetric:
    """Returns a metric of pairs or of sets."""
    return METRICS[name] if name in METRICS else SET_METRICS[name]


def label(name: str) -> str:
    """Returns the short name of a metric, its unit and which way is better: "fwSSNR, dB ↑"."""
    metric = find_metric(name)
    unit = f", {metric.unit}" if metric.unit else ""
    return f"{short(name)}{unit} {arrow(name)}"


def short(name: str) -> str:
    """Returns the short name of a metric, without its unit."""
    return LABELS.get(name) or (SET_METRICS[name].title if name in SET_METRICS else name)


def arrow(name: str) -> str:
    """Returns which way is better."""
    return "↑" if find_metric(name).direction == "up" else "↓"


def digits(name: str) -> int:
    """Returns how many decimals a metric is written with."""
    metric = find_metric(name)
    if metric.unit == "cents":
        return 0
    return 3 if getattr(metric, "highest", None) == 1.0 else 2


def condition_title(name: str) -> str:
    """Returns a condition as paper 1 writes it ("SNR 5"), or its own name."""
    return {ours: theirs for theirs, ours in names_in_benchmarks().conditions.items()}.get(name, name)


def mean_of(sample: Sample, options: Options, seed: int) -> Interval | None:
    """Returns the mean with its interval over songs; None for no figures."""
    if not sample.values.size:
        return None
    return bootstrap_interval(sample.values, sample.songs, level=options.level, resamples=options.resamples, seed=seed)


def all_means(evaluation: Evaluation, options: Options) -> dict[tuple[str, str | None, str], Interval]:
    """Returns the mean by system, condition and metric; the condition None is all together, when there are several.

    Set metrics are in it as figures without an interval.
    """
    scopes: list[str | None] = [*evaluation.conditions]
    if len(scopes) > 1:
        scopes.append(None)
    means = {}
    for system in evaluation.systems:
        for scope in scopes:
            rows = evaluation.rows_of(system, scope)
            for metric in evaluation.metrics:
                found = mean_of(Sample.of(rows, metric), options, evaluation.benchmark.seed)
                if found is not None:
                    means[system, scope, metric] = found
    for system, condition, metric, figure in set_figures(evaluation):
        means[system, condition, metric] = figure
    return means


def set_figures(evaluation: Evaluation) -> Iterator[tuple[str, str, str, Interval]]:
    """Yields system, condition, set metric and its figure; a set that is too small yields none."""
    for metric in (name for name in evaluation.benchmark.metrics if name in SET_METRICS):
        for system in evaluation.systems:
            for condition in evaluation.conditions:
                pairs = list(_embedding_files(evaluation, system, condition, metric))
                if not pairs:
                    continue
                try:
                    value = set_metric(metric, _load(pair[0] for pair in pairs), _load(pair[1] for pair in pairs))
                except ConfigError:
                    continue  # `set_gaps` tells why
                yield system, condition, metric, Interval(value, None, None, len(pairs), note=SET_NOTE)


def set_gaps(evaluation: Evaluation, means: dict[tuple[str, str | None, str], Interval]) -> list[str]:
    """Says which set metrics have figures for no system, with the reason."""
    reasons = []
    for metric in (name for name in evaluation.benchmark.metrics if name in SET_METRICS):
        if any(key[2] == metric for key in means):
            continue
        pairs = list(_embedding_files(evaluation, evaluation.baseline, evaluation.conditions[0], metric))
        try:
            set_metric(metric, _load(pair[0] for pair in pairs), _load(pair[1] for pair in pairs))
        except ConfigError as error:
            reasons.append(f"{short(metric)}: {error}")
    return reasons


def shown_metrics(evaluation: Evaluation, means: dict[tuple[str, str | None, str], Interval]) -> list[str]:
    """Returns all metrics that have figures, in the order of the benchmark."""
    there = {metric for _, _, metric in means}
    return [name for name in dict.fromkeys([*evaluation.benchmark.metrics, *evaluation.metrics]) if name in there]


def _embedding_files(evaluation: Evaluation, system: str, condition: str, metric: str) -> Iterator[tuple[Path, Path]]:
    """Yields the files of estimate and reference of every clip that has both."""
    for number in evaluation.numbers_of(system, condition):
        row: Row = evaluation.rows[number]
        if metric in row.embeddings:
            estimate = evaluation.origins[number] / row.embeddings[metric]
            reference = estimate.with_name(f"{REFERENCE}.npy")
            if estimate.is_file() and reference.is_file():
                yield estimate, reference


def _load(files: Iterable[Path]) -> Iterator[NDArray[np.floating]]:
    for file in files:
        yield np.load(file, allow_pickle=False)
