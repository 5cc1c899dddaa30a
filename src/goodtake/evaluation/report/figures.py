"""The charts of the report, drawn from its figures."""

from __future__ import annotations

import numpy as np

from goodtake.evaluation.report.charts import Bar, histogram_chart, intervals_chart, limits_of, shares_chart
from goodtake.evaluation.report.collect import Evaluation
from goodtake.evaluation.report.measures import condition_title, digits, label
from goodtake.evaluation.report.paper_tables import processors, rolloff_histogram
from goodtake.evaluation.report.table import figure
from goodtake.evaluation.report.tables import Means, scope_title, system_title
from goodtake.evaluation.report.votes import Poll
from goodtake.metrics.rolloff import HISTOGRAM_CENTS

SHOWN_CENTS = 4850.0


def means_chart(evaluation: Evaluation, means: Means, metric: str) -> tuple[str, ...]:
    """Returns one panel per condition: a dot and an interval per system, a rule at doing nothing."""
    panels = []
    limits = limits_of([found for key, found in means.items() if key[2] == metric])
    for scope in evaluation.conditions:
        bars = []
        for place, (name, facts) in enumerate(evaluation.systems.items()):
            found = means.get((name, scope, metric))
            said = figure(found, digits(metric)).text
            bars.append(Bar(system_title(evaluation, name), found, _colour(place), said, facts.oracle))
        nothing = means.get((evaluation.baseline, scope, metric))
        rule = nothing.estimate if nothing else None
        panels.append(intervals_chart(scope_title(scope), label(metric), bars, limits, rule))
    return tuple(panels)


def processed_chart(evaluation: Evaluation, means: Means, metric: str) -> tuple[str, ...]:
    """Returns one panel per stem: raw and post-processed one below the other."""
    pairs = list(processors(evaluation))
    names = [name for pair in pairs for name in pair]
    limits = limits_of([found for key, found in means.items() if key[2] == metric and key[0] in names])
    panels = []
    for condition in evaluation.conditions:
        bars = []
        for raw, processed in pairs:
            for said, name, colour in ((raw, raw, 0), (f"+ {processed}", processed, 1)):
                found = means.get((name, condition, metric))
                if found is not None:
                    bars.append(Bar(said, found, colour, figure(found, digits(metric)).text))
        if bars:
            panels.append(intervals_chart(condition_title(condition), label(metric), bars, limits, None))
    return tuple(panels)


def rolloff_charts(evaluation: Evaluation) -> tuple[str, ...]:
    """Returns one panel per condition and separator with its post-processor, or per system where there is none."""
    pairs = list(processors(evaluation))
    together = [(raw, processed) for raw, processed in pairs]
    inside = {name for pair in pairs for name in pair}
    alone = [] if pairs else [(name,) for name in evaluation.systems if name not in inside]
    panels = []
    for condition in evaluation.conditions:
        for names in (*together, *alone):
            curves = []
            for place, name in enumerate(names):
                shares = rolloff_histogram(evaluation, name, condition)
                if shares is not None and shares.shape == (len(HISTOGRAM_CENTS) - 1,):
                    curves.append((name, np.asarray(shares), place if len(names) > 1 else 1))
            if curves:
                title = f"{condition_title(condition)}: {names[0]}"
                panels.append(histogram_chart(title, curves, HISTOGRAM_CENTS, SHOWN_CENTS))
    return tuple(panels)


def votes_chart(polls: list[Poll]) -> tuple[str, ...]:
    """Returns one panel per stem: shares of the answers for each separator."""
    panels = []
    for stem in dict.fromkeys(poll.stem for poll in polls):
        bars = [
            (
                poll.separator,
                poll.outcome.share.estimate,
                f"{100 * poll.outcome.share.estimate:.0f} %",
                bool(poll.verdict),
            )
            for poll in polls
            if poll.stem == stem
        ]
        panels.append(shares_chart(stem, bars))
    return tuple(panels)


def _colour(place: int) -> int:
    """Returns a system's colour: the baseline, which comes first, is grey, the others go round without it."""
    return 0 if place == 0 else 1 + (place - 1) % 7
