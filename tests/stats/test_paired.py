"""Paired comparison, signed ranks and Holm's correction."""

import doctest
import itertools

import numpy as np
import pytest
from scipy import stats as scipy_stats

from goodtake.errors import ConfigError
from goodtake.stats import compare_pairs, holm, multiple, ranks, signed_rank, students_t, wilcoxon

THEIRS = np.random.default_rng(2).normal(5, 2, 30)
OURS = THEIRS + np.random.default_rng(3).normal(0.6, 1, 30)
SONGS = [f"song {n // 3}" for n in range(30)]


def p_by_trying_all_signs(differences: list[float]) -> float:
    """The definition: how many of all 2^n signs make the ranks as lopsided, zeros keeping their place (Pratt)."""
    sizes = scipy_stats.rankdata(np.abs(differences))[np.array(differences) != 0]
    observed = abs(sum(sizes * np.sign([d for d in differences if d])))
    outcomes = [abs(sum(sizes * signs)) for signs in itertools.product((-1, 1), repeat=len(sizes))]
    return float(np.mean(np.array(outcomes) >= observed - 1e-9))


@pytest.mark.parametrize(
    "differences",
    [
        [1.0, -2.0, 3.0, 4.0, 5.0, -6.5, 7.0],
        [1.0, 1.0, -1.0, 2.0, 2.0, 3.0, -0.5],
        [0.0, 0.0, 0.0, 1.0, 2.0, -1.0, 4.0, 5.0, 6.0],
        [-1.0, -2.0, 0.0, -2.0],
    ],
    ids=["plain", "ties", "zeros", "negative"],
)
def test_the_signed_rank_test_equals_its_definition(differences: list[float]) -> None:
    outcome = wilcoxon(differences)
    assert outcome.exact
    assert outcome.zeros == differences.count(0.0)
    assert outcome.p == pytest.approx(p_by_trying_all_signs(differences), abs=1e-12)


def test_the_signed_rank_test_equals_scipy_for_many_values() -> None:
    values = np.random.default_rng(0).normal(0.2, 1, 90)
    assert wilcoxon(values).p == pytest.approx(scipy_stats.wilcoxon(values, method="exact").pvalue, rel=1e-9)
    rounded = np.round(np.random.default_rng(1).normal(0.1, 1, 600), 1)  # zeros and ties
    outcome = wilcoxon(rounded)
    wanted = scipy_stats.wilcoxon(rounded, zero_method="pratt", correction=True, method="approx")
    assert not outcome.exact
    assert outcome.zeros > 5
    assert outcome.p == pytest.approx(wanted.pvalue, rel=1e-9)
    assert min(outcome.above, outcome.below) == wanted.statistic


def test_exact_and_approximate_p_agree_where_they_meet() -> None:
    values = np.random.default_rng(4).normal(0.15, 1, signed_rank.EXACT_UP_TO)
    exact = wilcoxon(values)
    approximate = wilcoxon([*values, 1e-9])  # one more, of the smallest rank
    assert exact.exact
    assert not approximate.exact
    assert approximate.p == pytest.approx(exact.p, rel=0.03)


def test_the_test_is_wrong_as_often_as_it_says() -> None:
    generator = np.random.default_rng(5)
    false_alarms = np.mean([wilcoxon(generator.standard_normal(15)).p < 0.05 for _ in range(600)])
    assert 0.03 < false_alarms < 0.07


def test_equal_systems_have_p_of_one_and_say_why() -> None:
    same = compare_pairs(OURS, OURS, SONGS)
    assert (same.wins, same.ties, same.losses) == (0, 30, 0)
    assert same.p == 1.0
    assert same.test.note == "no difference in any pair"
    assert same.win_rate.estimate == 0.5
    assert (same.difference.low, same.difference.high) == (0.0, 0.0)


def test_few_pairs_say_that_they_cannot_decide() -> None:
    assert wilcoxon([1.0, 2.0, 3.0]).note == "p cannot fall below 0.25 with so few differences (3)"
    assert wilcoxon(np.arange(1.0, 7.0)).note == ""


def test_a_better_system_wins_in_the_direction_of_the_metric() -> None:
    up = compare_pairs(OURS, THEIRS, SONGS, direction="up")
    assert up.difference.estimate == pytest.approx((OURS - THEIRS).mean())
    assert up.difference.low is not None
    assert up.difference.low > 0
    assert up.wins == (OURS > THEIRS).sum()
    assert up.wins > up.losses
    down = compare_pairs(OURS, THEIRS, SONGS, direction="down")
    assert down.difference.estimate == pytest.approx(-up.difference.estimate)
    assert (down.wins, down.losses) == (up.losses, up.wins)
    assert down.p == up.p


def test_one_number_per_song_goes_into_the_test() -> None:
    compared = compare_pairs(OURS, THEIRS, SONGS)
    per_song = (OURS - THEIRS).reshape(10, 3).mean(axis=1)
    assert (compared.n, compared.groups) == (30, 10)
    assert compared.p == pytest.approx(scipy_stats.wilcoxon(per_song).pvalue)
    assert compare_pairs(OURS, THEIRS).p == pytest.approx(scipy_stats.wilcoxon(OURS - THEIRS).pvalue)


def test_pairing_sees_what_separate_intervals_do_not() -> None:
    paired = compare_pairs(THEIRS + 0.1 + 0.01 * np.arange(30), THEIRS)
    assert paired.p < 1e-6
    assert scipy_stats.ttest_ind(THEIRS + 0.25, THEIRS).pvalue > 0.5


def test_small_differences_are_ties_when_asked() -> None:
    compared = compare_pairs([1.0, 1.05, 2.0, 0.0], [1.0, 1.0, 1.0, 1.0], tolerance=0.1)
    assert (compared.wins, compared.ties, compared.losses) == (1, 2, 1)
    assert compared.win_rate.estimate == 0.5


def test_winning_always_leaves_doubt_that_shrinks_with_songs() -> None:
    few, many = (compare_pairs(np.ones(n), np.zeros(n)).win_rate for n in (5, 50))
    assert few.estimate == many.estimate == 1.0
    assert few.low is not None
    assert many.low is not None
    assert few.low < 0.6 < 0.9 < many.low
    clips_of_five = compare_pairs(np.ones(50), np.zeros(50), [n % 5 for n in range(50)]).win_rate
    assert clips_of_five.low == few.low


def test_one_song_is_compared_without_intervals() -> None:
    compared = compare_pairs([2.0, 3.0], [1.0, 1.0], ["a", "a"])
    assert compared.difference.estimate == 1.5
    assert compared.difference.low is None
    assert compared.win_rate.low is None
    assert compared.win_rate.note == "clips of one song only: no interval"
    assert compared.p == 1.0


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ConfigError, match="same clips, got 2 and 1"):
        compare_pairs([1.0, 2.0], [1.0])
    with pytest.raises(ConfigError, match="second must be a list"):
        compare_pairs([1.0], [])
    with pytest.raises(ConfigError, match="tolerance"):
        compare_pairs([1.0], [1.0], tolerance=-1.0)


def test_holm_follows_a_worked_example() -> None:
    # sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1 is 0.02, 0.03, 0.06, 0.04; the last may not fall below 0.06
    corrected = holm({"d": 0.04, "a": 0.01, "c": 0.03, "b": 0.005})
    assert list(corrected) == ["d", "a", "c", "b"]
    assert corrected == pytest.approx({"a": 0.03, "b": 0.02, "c": 0.06, "d": 0.06})


def test_holm_stays_between_the_p_value_and_bonferroni() -> None:
    p_values = dict(enumerate(np.random.default_rng(0).random(20)))
    for key, corrected in holm(p_values).items():
        assert p_values[key] <= corrected <= min(1.0, 20 * p_values[key])
    assert holm({}) == {}
    assert holm({"only": 0.2}) == {"only": 0.2}


def test_holm_keeps_false_alarms_of_a_family_below_the_level() -> None:
    families = np.random.default_rng(1).random((2000, 10))
    alarms = np.mean([min(holm(dict(enumerate(family))).values()) < 0.05 for family in families])
    assert 0.035 < alarms < 0.065


@pytest.mark.parametrize("p", [-0.1, 1.2, float("nan")])
def test_holm_refuses_what_is_no_probability(p: float) -> None:
    with pytest.raises(ConfigError, match="p-value of fwssnr"):
        holm({"fwssnr": p})


def test_the_examples_in_the_docstrings_hold() -> None:
    for module in (multiple, ranks, signed_rank, students_t):
        outcome = doctest.testmod(module)
        assert outcome.attempted > 0
        assert outcome.failed == 0
