"""Bootstrap intervals: coverage, clusters, known answers, and what has no interval."""

import numpy as np
import pytest
from scipy import stats as scipy_stats

from goodtake.errors import ConfigError
from goodtake.stats import Interval, bootstrap_interval, mean, median, t_quantile

SKEWED = np.exp(np.random.default_rng(7).standard_normal(60))


def ends(interval: Interval) -> tuple[float, float]:
    assert interval.low is not None
    assert interval.high is not None
    return interval.low, interval.high


def coverage(songs: int, clips: int, clustered: bool) -> float:
    """Share of 400 simulated benchmarks whose interval holds the true mean, 0; songs make half of the variance."""
    generator = np.random.default_rng(songs)
    groups = np.repeat(np.arange(songs), clips).tolist()
    hits = 0
    for seed in range(400):
        values = np.repeat(generator.standard_normal(songs), clips) + generator.standard_normal(songs * clips)
        low, high = ends(bootstrap_interval(values, groups if clustered else None, resamples=500, seed=seed))
        hits += low <= 0 <= high
    return hits / 400


def test_a_95_percent_interval_covers_the_mean_of_independent_clips_in_95_percent() -> None:
    assert 0.92 <= coverage(songs=25, clips=1, clustered=False) <= 0.98


def test_drawing_songs_keeps_the_coverage_that_drawing_clips_loses() -> None:
    assert 0.92 <= coverage(songs=12, clips=4, clustered=True) <= 0.98
    assert coverage(songs=12, clips=4, clustered=False) < 0.88


def test_many_normal_values_give_the_interval_of_the_t_distribution() -> None:
    values = np.random.default_rng(1).standard_normal(400) + 5
    low, high = ends(bootstrap_interval(values))
    half = t_quantile(0.975, 399) * values.std(ddof=1) / 20
    assert low == pytest.approx(values.mean() - half, abs=0.05 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.05 * half)


def test_skewed_values_are_treated_as_by_scipy() -> None:
    wanted = scipy_stats.bootstrap(
        (SKEWED,), np.mean, method="BCa", n_resamples=10_000, rng=np.random.default_rng(0)
    ).confidence_interval
    low, high = ends(bootstrap_interval(SKEWED))
    width = wanted.high - wanted.low
    assert high - SKEWED.mean() > 1.1 * (SKEWED.mean() - low)  # skewed as the values are
    assert low == pytest.approx(wanted.low, abs=0.05 * width)  # the expansion for 60 values is 3 %
    assert high == pytest.approx(wanted.high, abs=0.05 * width)


def test_few_songs_widen_the_interval_by_the_expansion() -> None:
    values = np.array([-2.1, -1.713, -0.437, 0.437, 1.713, 2.1])  # symmetric: neither bias nor skew to correct
    drawn = np.random.default_rng(0).choice(values, (200_000, 6)).mean(axis=1)
    tail = scipy_stats.norm.cdf(-scipy_stats.t.ppf(0.975, 5) * (6 / 5) ** 0.5)  # 0.24 % instead of 2.5 %
    low, high = ends(bootstrap_interval(values, resamples=100_000))
    assert (low, high) == pytest.approx(tuple(np.quantile(drawn, [tail, 1 - tail])), abs=0.02)
    assert low < np.quantile(drawn, scipy_stats.norm.cdf(-scipy_stats.t.ppf(0.975, 5))) - 0.05


def test_groups_of_equal_values_are_as_good_as_one_value_each() -> None:
    once = bootstrap_interval(SKEWED[:12], seed=5)
    thrice = bootstrap_interval(np.repeat(SKEWED[:12], 3), np.repeat(np.arange(12), 3).tolist(), seed=5)
    assert thrice.n == 36
    assert ends(thrice) == pytest.approx(ends(once), rel=1e-9)


def test_the_names_of_groups_do_not_matter_but_who_belongs_to_which_does() -> None:
    names = [f"song {letter}" for letter in "abcdef" for _ in range(10)]
    by_number = bootstrap_interval(SKEWED, [ord(name[-1]) for name in names])
    assert bootstrap_interval(SKEWED, names) == by_number
    assert ends(bootstrap_interval(SKEWED, names[::-1][3:] + names[:3])) != ends(by_number)


def test_equal_seeds_give_equal_intervals_and_other_seeds_nearly_so() -> None:
    first = bootstrap_interval(SKEWED, seed=1)
    assert first == bootstrap_interval(SKEWED, seed=1)
    second = bootstrap_interval(SKEWED, seed=2)
    low, high = ends(first)
    assert first.low != second.low
    assert ends(second) == pytest.approx((low, high), abs=0.06 * (high - low))


def test_turning_the_sign_turns_the_interval() -> None:
    low, high = ends(bootstrap_interval(SKEWED))
    mirrored = ends(bootstrap_interval(-SKEWED))
    assert mirrored == pytest.approx((-high, -low), rel=1e-9)


def test_a_higher_level_is_wider() -> None:
    widths = [np.diff(ends(bootstrap_interval(SKEWED, level=level)))[0] for level in (0.5, 0.9, 0.99)]
    assert widths[0] < widths[1] < widths[2]


def test_equal_values_leave_no_doubt() -> None:
    assert bootstrap_interval([2.0] * 5) == Interval(2.0, 2.0, 2.0, 5)


def test_one_clip_or_one_song_has_no_interval_and_says_so() -> None:
    assert bootstrap_interval([3.0]) == Interval(3.0, None, None, 1, 0.95, "one clip only: no interval")
    song = bootstrap_interval([3.0, 5.0], ["a", "a"])
    assert song == Interval(4.0, None, None, 2, 0.95, "clips of one song only: no interval")
    assert song.text() == "4.00"


def test_too_few_songs_are_noted() -> None:
    assert bootstrap_interval([1.0, 2.0, 3.0, 4.0]).note == "4 values only: the interval is too narrow"
    assert bootstrap_interval([1.0, 2.0, 3.0], ["a", "b", "b"]).note == "2 songs only: the interval is too narrow"
    assert bootstrap_interval([1.0, 2.0, 3.0, 4.0, 5.0]).note == ""


def test_an_interval_prints_with_its_ends() -> None:
    assert Interval(6.804, 6.21, 7.349, 20).text(2) == "6.80 [6.21, 7.35]"


@pytest.mark.parametrize("n", [1, 2, 7, 8])
def test_the_median_of_counts_is_the_median_of_the_drawn_values(n: int) -> None:
    values = np.random.default_rng(n).integers(0, 5, n).astype(float)
    drawn = np.random.default_rng(0).integers(n, size=(20, n))
    counts = np.stack([np.bincount(row, minlength=n) for row in drawn]).astype(float)
    assert median(values, counts) == pytest.approx(np.median(values[drawn], axis=1))
    assert mean(values, counts) == pytest.approx(values[drawn].mean(axis=1))


def test_the_interval_of_the_median_ignores_an_outlier() -> None:
    values = [*range(21), 1e6]
    assert ends(bootstrap_interval(values, statistic=median))[1] < 25
    assert bootstrap_interval(values, statistic=median).estimate == 10.5


def test_more_values_than_a_block_holds_are_still_drawn_whole() -> None:
    values = np.random.default_rng(0).standard_normal(12_000)
    low, high = ends(bootstrap_interval(values, resamples=300))
    assert (high - low) / 2 == pytest.approx(1.96 / 12_000**0.5, rel=0.2)


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        ([], {}, "at least one number"),
        ([[1.0, 2.0]], {}, "shape"),
        ([1.0, np.nan], {}, "number 1 is nan"),
        ([1.0, None, "x"], {}, "must be numbers"),
        ([1.0, 2.0], {"groups": ["a"]}, "2 values but 1 groups"),
        ([1.0, 2.0], {"level": 95}, "between 0 and 1"),
        ([1.0, 2.0], {"resamples": 10}, "at least 100"),
    ],
)
def test_what_cannot_be_estimated_is_refused(values: list, options: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        bootstrap_interval(values, **options)


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 9, 30, 199, 200, 201, 5000])
def test_quantiles_of_student_s_t_equal_scipy_s(degrees: int) -> None:
    for probability in (0.025, 0.5, 0.6, 0.95, 0.9995):
        wanted = scipy_stats.t.ppf(probability, degrees)
        assert t_quantile(probability, degrees) == pytest.approx(wanted, abs=1e-7, rel=1e-9)


@pytest.mark.parametrize(("probability", "degrees"), [(0.0, 3), (1.0, 3), (0.9, 0)])
def test_quantiles_that_do_not_exist_are_refused(probability: float, degrees: int) -> None:
    with pytest.raises(ConfigError, match="degrees"):
        t_quantile(probability, degrees)
