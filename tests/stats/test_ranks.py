"""Rank correlation against SciPy, with ties, and its intervals."""

import numpy as np
import pytest
from scipy import stats as scipy_stats

from goodtake.errors import ConfigError
from goodtake.stats import kendall, kendall_interval, midranks, spearman, spearman_interval, spearman_interval_of

X = np.random.default_rng(0).standard_normal(28)
Y = X + np.random.default_rng(1).standard_normal(28)


def test_ranks_equal_scipy_s() -> None:
    values = np.random.default_rng(2).integers(0, 6, 40)
    assert midranks(values).tolist() == scipy_stats.rankdata(values).tolist()


@pytest.mark.parametrize("seed", range(5))
def test_correlations_equal_scipy_s_with_and_without_ties(seed: int) -> None:
    generator = np.random.default_rng(seed)
    x, y = generator.standard_normal((2, 15))
    for first, second in ((x, y), (np.round(x), np.round(y))):
        assert spearman(first, second) == pytest.approx(scipy_stats.spearmanr(first, second).statistic)
        assert kendall(first, second) == pytest.approx(scipy_stats.kendalltau(first, second).statistic)


@pytest.mark.parametrize("correlation", [spearman, kendall])
def test_order_alone_counts(correlation: object) -> None:
    assert callable(correlation)
    assert correlation(X, np.exp(X)) == pytest.approx(1.0)
    assert correlation(X, -(X**3)) == pytest.approx(-1.0)
    assert correlation(X, Y) == pytest.approx(correlation(Y, X))
    assert correlation(X, -Y) == pytest.approx(-correlation(X, Y))


def test_the_interval_is_that_of_points_drawn_by_hand() -> None:
    """The weights form against resamples that are drawn and ranked one by one."""
    generator = np.random.default_rng(9)
    drawn = [scipy_stats.spearmanr(X[rows], Y[rows]).statistic for rows in generator.integers(28, size=(1500, 28))]
    interval = spearman_interval(X, Y, level=0.8)
    assert interval.n == 28
    assert interval.estimate == pytest.approx(scipy_stats.spearmanr(X, Y).statistic)
    assert interval.low == pytest.approx(np.quantile(drawn, 0.1), abs=0.06)
    assert interval.high == pytest.approx(np.quantile(drawn, 0.9), abs=0.06)


def test_intervals_cover_the_correlation_of_a_binormal_population() -> None:
    """Spearman's rho of a binormal population is 6/pi asin(r/2), Kendall's tau 2/pi asin(r)."""
    r = 0.6
    wanted = {spearman_interval: 6 / np.pi * np.arcsin(r / 2), kendall_interval: 2 / np.pi * np.arcsin(r)}
    for make, truth in wanted.items():
        generator, hits = np.random.default_rng(4), 0
        for seed in range(200):
            x, noise = generator.standard_normal((2, 30))
            interval = make(x, r * x + (1 - r**2) ** 0.5 * noise, resamples=400, seed=seed)
            assert interval.low is not None
            assert interval.high is not None
            hits += interval.low <= truth <= interval.high
        assert 0.91 <= hits / 200 <= 0.99


def test_the_interval_of_a_published_figure_covers_too() -> None:
    x, noise = np.random.default_rng(6).standard_normal((2, 400, 28))
    intervals = [spearman_interval_of(spearman(*pair), 28) for pair in zip(x, 0.6 * x + 0.8 * noise, strict=True)]
    truth = 6 / np.pi * np.arcsin(0.3)
    assert 0.92 <= np.mean([(i.low or 0) <= truth <= (i.high or 0) for i in intervals]) <= 0.98
    wide = spearman_interval_of(0.56, 28)  # paper 1, Table 3, its best metric
    assert (wide.low, wide.high) == (pytest.approx(0.208, abs=1e-3), pytest.approx(0.784, abs=1e-3))


def test_three_points_with_ties_still_have_an_interval() -> None:
    interval = spearman_interval([1.0, 1.0, 2.0], [1.0, 2.0, 3.0])
    assert interval.low is not None
    assert interval.high is not None
    assert -1 <= interval.low <= interval.estimate <= interval.high <= 1


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([1.0, 2.0], [1.0, 2.0], "3 to 2000 things, got 2 and 2"),
        ([1.0, 2.0, 3.0], [1.0, 2.0], "got 3 and 2"),
        ([1.0, 1.0, 1.0], [1.0, 2.0, 3.0], "first list equal 1.0"),
        ([1.0, 2.0, 3.0], [2.0, 2.0, 2.0], "second list equal 2.0"),
        ([1.0, np.inf, 3.0], [1.0, 2.0, 3.0], "number 1 is inf"),
    ],
)
def test_lists_without_order_are_refused(x: list[float], y: list[float], message: str) -> None:
    for correlation in (spearman, kendall, spearman_interval, kendall_interval):
        with pytest.raises(ConfigError, match=message):
            correlation(x, y)


@pytest.mark.parametrize(("rho", "n"), [(1.0, 28), (0.5, 3)])
def test_a_published_figure_without_an_interval_is_refused(rho: float, n: int) -> None:
    with pytest.raises(ConfigError, match="4 points"):
        spearman_interval_of(rho, n)
