"""The binomial test and Wilson's interval against SciPy and the definition."""

import doctest
import math

import pytest
from scipy import stats as scipy_stats

from goodtake.errors import ConfigError
from goodtake.stats import binomial, binomial_p, forced_choice, wilson_interval


@pytest.mark.parametrize(
    ("chosen", "n", "chance"), [(0, 1, 0.5), (9, 10, 0.5), (200, 500, 0.5), (348, 696, 0.5), (3, 20, 0.3), (7, 9, 0.9)]
)
def test_p_values_equal_scipy_s(chosen: int, n: int, chance: float) -> None:
    wanted = scipy_stats.binomtest(chosen, n, chance).pvalue
    assert binomial_p(chosen, n, chance) == pytest.approx(wanted, rel=1e-9)


def test_p_equals_the_counted_outcomes() -> None:
    assert forced_choice(9, 10).p == pytest.approx(2 * (10 + 1) / 2**10, rel=1e-12)
    assert forced_choice(1, 10).p == forced_choice(9, 10).p
    assert forced_choice(5, 10).p == pytest.approx(1.0)


def test_the_smallest_study_of_paper_2_needs_56_percent_and_the_largest_54() -> None:
    """308 and 696 answers, section 4.4: what share of answers is significant at 5 %."""
    for n, share in ((308, 0.56), (696, 0.54)):
        needed = next(k for k in range(n // 2, n) if binomial_p(k, n) < 0.05)
        assert needed / n == pytest.approx(share, abs=0.005)


@pytest.mark.parametrize(("chosen", "n", "level"), [(0, 5, 0.95), (5, 5, 0.95), (200, 500, 0.99), (1, 2, 0.5)])
def test_wilson_equals_scipy(chosen: int, n: int, level: float) -> None:
    wanted = scipy_stats.binomtest(chosen, n).proportion_ci(level, method="wilson")
    assert wilson_interval(chosen / n, n, level) == pytest.approx((wanted.low, wanted.high), abs=1e-12)


@pytest.mark.parametrize("share", [0.5, 0.8, 0.97])
def test_wilson_covers_the_true_share(share: float) -> None:
    covering = [k for k in range(41) if wilson_interval(k / 40, 40)[0] <= share <= wilson_interval(k / 40, 40)[1]]
    assert 0.92 <= scipy_stats.binom.pmf(covering, 40, share).sum() <= 0.98


def test_the_outcome_holds_counts_and_interval() -> None:
    outcome = forced_choice(30, 40)
    assert (outcome.chosen, outcome.n, outcome.share.estimate, outcome.share.n) == (30, 40, 0.75, 40)
    assert (outcome.share.low, outcome.share.high) == wilson_interval(0.75, 40)
    assert math.isclose(outcome.p, scipy_stats.binomtest(30, 40).pvalue)


@pytest.mark.parametrize(("chosen", "n"), [(1, 0), (-1, 5), (6, 5)])
def test_answers_that_cannot_be_are_refused(chosen: int, n: int) -> None:
    with pytest.raises(ConfigError, match="cannot be"):
        forced_choice(chosen, n)


def test_shares_and_chances_that_cannot_be_are_refused() -> None:
    with pytest.raises(ConfigError, match="share from 0 to 1"):
        wilson_interval(1.2, 10)
    with pytest.raises(ConfigError, match="level"):
        wilson_interval(0.5, 10, 1.0)
    with pytest.raises(ConfigError, match="chance"):
        binomial_p(1, 2, 0.0)


def test_the_example_in_the_docstring_holds() -> None:
    outcome = doctest.testmod(binomial)
    assert (outcome.attempted, outcome.failed) == (1, 0)
