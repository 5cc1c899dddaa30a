"""Every system against every other on the same clips: mean gain, interval, signed-rank test, win rate.

The p-values of one table are corrected together (Holm): a family is one metric, and either all comparisons with doing
nothing (systems x conditions), or all comparisons of the other systems with each other (pairs x conditions).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from goodtake.evaluation.report.collect import Evaluation, Sample
from goodtake.evaluation.report.measures import Options
from goodtake.metrics import METRICS
from goodtake.stats import Interval, PairedComparison, compare_pairs, holm

FAMILY_NOTHING = "one metric, all systems and conditions against the baseline"
FAMILY_OTHERS = "one metric, all conditions and pairs of the other systems"


@dataclass(frozen=True)
class Comparison:
    """One system against another.

    Args:
        metric: name.
        condition: name; None for all together.
        system: whose gain it is.
        opponent: the other.
        paired: difference, wins, test; above 0 the system is better, whatever the metric's direction.
        p: Holm-corrected.
        tests: size of the family it was corrected in.
        alpha: significance.
    """

    metric: str
    condition: str | None
    system: str
    opponent: str
    paired: PairedComparison
    p: float = 1.0
    tests: int = 1
    alpha: float = 0.05

    @property
    def verdict(self) -> str:
        """Returns "better", "worse" or "" when chance explains the difference."""
        if self.p >= self.alpha or self.paired.difference.estimate == 0:
            return ""
        return "better" if self.paired.difference.estimate > 0 else "worse"

    def turned(self) -> Comparison:
        """Returns the same seen by the opponent."""
        turned = replace(
            self.paired,
            difference=_negated(self.paired.difference, 0.0),
            win_rate=_negated(self.paired.win_rate, 1.0),
            wins=self.paired.losses,
            losses=self.paired.wins,
        )
        return replace(self, system=self.opponent, opponent=self.system, paired=turned)


Comparisons = dict[tuple[str, "str | None", str, str], Comparison]
"""By metric, condition, system and opponent."""


def compare_all(evaluation: Evaluation, options: Options) -> Comparisons:
    """Compares every system with the baseline and with every other, by every metric of pairs.

    Only clips on which both have a figure count.
    """
    names = list(evaluation.systems)
    scopes: list[str | None] = [*evaluation.conditions]
    if len(scopes) > 1:
        scopes.append(None)
    found: Comparisons = {}
    for metric in evaluation.metrics:
        for scope in scopes:
            samples = {name: Sample.of(evaluation.rows_of(name, scope), metric) for name in names}
            for place, system in enumerate(names):
                for opponent in names[:place]:
                    paired = compare_samples(samples[system], samples[opponent], metric, options, evaluation)
                    if paired is not None:
                        found[metric, scope, system, opponent] = Comparison(metric, scope, system, opponent, paired)
    return _corrected(found, evaluation.baseline, options)


def compare_samples(
    ours: Sample, others: Sample, metric: str, options: Options, evaluation: Evaluation
) -> PairedComparison | None:
    """Compares two systems on the clips that both have; None when there are none."""
    theirs = dict(zip(others.keys, others.values, strict=True))
    common = [number for number, key in enumerate(ours.keys) if key in theirs]
    if not common:
        return None
    return compare_pairs(
        ours.values[common],
        [theirs[ours.keys[number]] for number in common],
        [ours.songs[number] for number in common],
        direction=METRICS[metric].direction,
        level=options.level,
        resamples=options.resamples,
        seed=evaluation.benchmark.seed,
    )


def find(comparisons: Comparisons, metric: str, condition: str | None, system: str, opponent: str) -> Comparison | None:
    """Returns one system's comparison with another, whichever of them comes first."""
    straight = comparisons.get((metric, condition, system, opponent))
    if straight is not None:
        return straight
    other = comparisons.get((metric, condition, opponent, system))
    return None if other is None else other.turned()


def _corrected(found: Comparisons, baseline: str, options: Options) -> Comparisons:
    families: dict[tuple[str, bool], dict[tuple[str, str | None, str, str], float]] = {}
    for key, comparison in found.items():
        families.setdefault((comparison.metric, comparison.opponent == baseline), {})[key] = comparison.paired.p
    corrected = {key: (p, len(family)) for family in families.values() for key, p in holm(family).items()}
    return {
        key: replace(comparison, p=corrected[key][0], tests=corrected[key][1], alpha=1 - options.level)
        for key, comparison in found.items()
    }


def _negated(interval: Interval, total: float) -> Interval:
    low, high = interval.low, interval.high
    return replace(
        interval,
        estimate=total - interval.estimate,
        low=None if high is None else total - high,
        high=None if low is None else total - low,
    )
