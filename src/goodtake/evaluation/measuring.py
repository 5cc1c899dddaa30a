"""Measures one output against its reference: figures, the reasons where there are none, counts."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from math import isfinite

from goodtake.dsp.stft import Wave
from goodtake.errors import ConfigError, GoodtakeError
from goodtake.evaluation.systems.base import Case
from goodtake.metrics import METRICS
from goodtake.metrics.alignment import align
from goodtake.metrics.rolloff import rolloff_errors_cents, rolloff_histogram

ROLLOFF = "rolloff_error_cents"
ROLLOFF_HISTOGRAM = "rolloff_cents"


@dataclass
class Figures:
    """What was measured on one output; the fields are those of a `Row`."""

    metrics: dict[str, float | None] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    histograms: dict[str, list[int]] = field(default_factory=dict)
    alignment: dict[str, float] | None = None


def measure_output(estimate: Wave, case: Case, names: Iterable[str], aligned: bool) -> Figures:
    """Measures what it can; a metric that cannot be measured is None, with its reason among the errors.

    Args:
        estimate: (channel, time).
        case: with the reference.
        names: of metrics; those of sets are passed over.
        aligned: remove delay and gain first.
    """
    figures = Figures()
    names = [name for name in names if name in METRICS]
    if aligned:
        try:
            estimate, removed = align(estimate, case.clean, case.sample_rate)
            figures.alignment = {key: float(value) for key, value in asdict(removed).items()}
        except GoodtakeError as error:
            figures.metrics = dict.fromkeys(names)
            figures.errors = dict.fromkeys(names, f"cannot be aligned: {error}")
            return figures
    for name in names:
        try:
            figures.metrics[name] = _finite(METRICS[name].function(estimate, case.clean, case.sample_rate))
            if name == ROLLOFF:
                cents = rolloff_errors_cents(estimate, case.clean, case.sample_rate)
                figures.histograms[ROLLOFF_HISTOGRAM] = [int(count) for count in rolloff_histogram(cents)]
        except GoodtakeError as error:
            figures.errors[name] = str(error)
            figures.metrics[name] = None
    return figures


def _finite(value: float) -> float:
    if not isfinite(value):
        raise ConfigError(f"came out as {value}")
    return float(value)
