"""What can be worked out again from the printed tables alone: the papers' claims, checked with our own statistics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from goodtake.evaluation.published.tables import (
    metric_correlations,
    onset_f1,
    opinion_scores,
    statements,
    training_schemes,
)
from goodtake.stats import binomial_p, compare_pairs, spearman, spearman_interval_of

OURS, NONE, CLEAN = "Mel2Mel + Diffwave", "No Enhancement", "Clean"
NOISE = ("SNR 5", "SNR 10", "SNR 15")
ROOM = ("DRR 0", "DRR 3", "DRR 6")
POINTS = 28
"""Of paper 1's Table 3, which does not say: four systems other than the reference under seven conditions."""


@dataclass(frozen=True)
class Finding:
    """A claim of a paper and what its own tables say about it.

    Args:
        paper: 1 or 2.
        section: where the claim stands; "" when the finding is ours.
        claim: in our words.
        figures: worked out here.
        holds: whether they bear the claim out.
    """

    paper: int
    section: str
    claim: str
    figures: str
    holds: bool


def findings() -> tuple[Finding, ...]:
    """Returns all claims that the printed tables suffice to check."""
    return (*_listeners(), *_metrics(), *_separation())


def _listeners() -> Iterator[Finding]:
    mos = {(score.system, score.condition): score.mean for score in opinion_scores()}
    half = {(score.system, score.condition): score.half_interval for score in opinion_scores()}
    systems = {system for system, _ in mos} - {CLEAN}
    gain = mos[OURS, "All"] - mos[NONE, "All"]
    doubt = (half[OURS, "All"] ** 2 + half[NONE, "All"] ** 2) ** 0.5
    claim = "with all faults, Mel2Mel + Diffwave is rated better than no enhancement"
    yield Finding(1, "5.1", claim, f"{gain:.2f} ± {doubt:.2f} points", gain > doubt)

    leads = [min(mos[OURS, c] - mos[s, c] for s in systems - {OURS}) for c in ("Random EQ", *NOISE)]
    claim = "Mel2Mel + Diffwave leads under noise and equalisation"
    yield Finding(1, "5.2", claim, f"by {min(leads):.2f} to {max(leads):.2f} points", min(leads) > 0)

    losses = [mos[NONE, c] - max(mos[s, c] for s in systems - {NONE}) for c in ROOM]
    claim = "no system improves recordings with reverberation alone"
    yield Finding(1, "5.2", claim, f"the best loses {min(losses):.2f} to {max(losses):.2f} points", min(losses) > 0)

    noise, room = (sum(mos[CLEAN, c] - mos[NONE, c] for c in faults) / 3 for faults in (NOISE, ROOM))
    claim = "listeners mind noise and mostly ignore reverberation"
    yield Finding(1, "5.2", claim, f"noise costs {noise:.2f} points, reverberation {room:.2f}", noise > 3 * room)


def _metrics() -> Iterator[Finding]:
    best, *_, worst = sorted(metric_correlations(), key=lambda entry: -entry.rho)
    intervals = [spearman_interval_of(entry.rho, POINTS) for entry in (best, worst)]
    claim = "no metric correlates strongly with listeners"
    figures = f"best {best.label} {intervals[0].text()}, last {worst.label} {intervals[1].text()} if of {POINTS} points"
    yield Finding(1, "5.3", claim, figures, best.rho < 0.7)

    schemes = [scheme for scheme in training_schemes() if scheme.model != NONE]
    winners = [
        max(schemes, key=lambda scheme: scheme.fwssnr).model,
        min(schemes, key=lambda scheme: scheme.mrs).model,
        min(schemes, key=lambda scheme: scheme.l1).model,
        min(schemes, key=lambda scheme: scheme.fad).model,
    ]
    rho = spearman([s.fwssnr for s in schemes], [-s.fad for s in schemes])
    claim = "joint training is best by FAD, independent training by the other metrics"
    holds = winners == ["Independent Training"] * 3 + ["Joint Training"]
    yield Finding(1, "5.4", claim, f"fwSSNR and −FAD rank the four schemes with rho = {rho:.1f}", holds)


def _separation() -> Iterator[Finding]:
    rows = onset_f1()
    for stems, better, of in ((("bass", "drums"), 7, 8), (("vocals",), 1, 4)):
        chosen = [row for row in rows if row.stem in stems]
        percent = [(round(100 * row.polished), round(100 * row.raw)) for row in chosen]  # whole, so that ties are ties
        compared = compare_pairs(*zip(*percent, strict=True))
        claim = f"MSG raises the onset F1 of {' and '.join(stems)} in {better} of {of} cases"
        figures = f"mean change {compared.difference.estimate / 100:+.3f}, signed-rank p = {compared.p:.3f}"
        yield Finding(2, "5.2", claim, figures, (compared.wins, compared.n) == (better, of))

    told = {entry.name: entry for entry in statements() if entry.stem == "all"}
    tests, preferred = int(told["listening_tests"].low), int(told["tests_preferring_polished"].low)
    claim = f"listeners prefer MSG in {preferred} of {tests} combinations of separator and stem"
    p = binomial_p(preferred, tests)
    yield Finding(2, "4.4.1", claim, f"a coin does as well with p = {p:.2f}", preferred > tests / 2)

    answers = (int(told["answers_per_test"].low), int(told["answers_per_test"].high))
    needed = [next(k for k in range(n // 2, n) if binomial_p(k, n) < 0.05) / n for n in answers]
    claim = f"{answers[0]} to {answers[1]} answers suffice to see a preference"
    yield Finding(2, "4.4", claim, f"from {needed[0]:.1%} down to {needed[1]:.1%} of answers", max(needed) < 0.6)
