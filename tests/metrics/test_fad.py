"""The Fréchet distance against closed forms and SciPy's matrix root; moments, extrapolation, songs, the registry."""

import tracemalloc

import numpy as np
import pytest
from scipy.linalg import sqrtm

from goodtake.errors import ConfigError
from goodtake.metrics import (
    METRICS,
    SET_METRICS,
    Moments,
    SetMetric,
    fad_infinity,
    fad_per_song,
    frechet_audio_distance,
    frechet_distance,
    needed_embeddings,
    set_metric,
)
from goodtake.metrics.embeddings import EMBEDDINGS


def gaussian(count: int, dimension: int = 6, seed: int = 0, mean: float = 0.0, spread: float = 1.0) -> np.ndarray:
    """Correlated points, (count, dimension), whose covariance is that of seed 0 times spread squared."""
    mixing = np.random.default_rng(99).standard_normal((dimension, dimension)) / np.sqrt(dimension)
    return mean + spread * np.random.default_rng(seed).standard_normal((count, dimension)) @ mixing


def with_moments(mean: list[float], covariance: np.ndarray) -> Moments:
    moments = Moments(len(mean))
    moments.count, moments.mean, moments.scatter = 101, np.array(mean), 100 * covariance
    return moments


def test_distance_of_independent_dimensions_is_that_of_means_and_deviations() -> None:
    one = with_moments([0, 1, 2], np.diag([1.0, 4.0, 9.0]))
    other = with_moments([3, 1, 0], np.diag([4.0, 4.0, 25.0]))
    assert frechet_distance(one, other) == pytest.approx(9 + 4 + (1 - 2) ** 2 + (3 - 5) ** 2, rel=1e-12)


def test_distance_equals_scipys_matrix_root() -> None:
    one, other = Moments.of(gaussian(200, 20, 1)), Moments.of(gaussian(150, 20, 2, 0.3, 1.7) ** 3)
    root = sqrtm(one.covariance @ other.covariance)
    spread = np.trace(one.covariance + other.covariance - 2 * root.real)
    wanted = np.sum((one.mean - other.mean) ** 2) + spread
    assert frechet_distance(one, other) == pytest.approx(wanted, rel=1e-9)
    assert frechet_distance(other, one) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize(("count", "dimension"), [(500, 64), (40, 64), (2, 64), (600, 512)])
def test_a_set_has_no_distance_from_itself(count: int, dimension: int) -> None:
    points = 3 * gaussian(count, dimension) + 5
    assert 0 <= frechet_distance(Moments.of(points), Moments.of(points[::-1])) < 1e-6
    half = points.astype(np.float16)
    assert 0 <= frechet_distance(Moments.of(half), Moments.of(half.astype(np.float32))) < 1e-6


def test_a_shift_of_the_set_is_its_squared_length() -> None:
    points, shift = gaussian(100), np.array([1, -2, 0, 0, 0.5, 0])
    assert frechet_distance(Moments.of(points + shift), Moments.of(points)) == pytest.approx(5.25, rel=1e-9)


def test_moments_of_parts_are_those_of_the_whole() -> None:
    points = gaussian(90) + 1e4  # a mean that sums of squares would not survive
    total = Moments(6)
    for part in np.split(points, [1, 1, 30, 31, 80]):
        total.add(part)
    left, right = Moments.of(points[:25]), Moments.of(points[25:])
    right.merge(left)
    for moments in (total, right):
        assert moments.count == 90
        np.testing.assert_allclose(moments.mean, points.mean(axis=0), rtol=1e-13)
        np.testing.assert_allclose(moments.covariance, np.cov(points.T), rtol=1e-7)
    assert np.isnan(Moments.of(points[:1]).covariance).all()


def test_moments_say_what_they_cannot_take() -> None:
    with pytest.raises(ConfigError, match=r"points of shape \(3,\): give \(patch, dimension\)"):
        Moments.of(np.ones(3))
    with pytest.raises(ConfigError, match="hold NaN"):
        Moments.of(np.full((3, 2), np.nan))
    with pytest.raises(ConfigError, match="points of 6 and of 5 dimensions"):
        Moments(6).add(gaussian(9, 5))
    with pytest.raises(ConfigError, match="points of 5 and of 6 dimensions"):
        frechet_distance(Moments.of(gaussian(9, 5)), Moments.of(gaussian(9)))
    with pytest.raises(ConfigError, match="references hold 1 patches"):
        frechet_distance(Moments.of(gaussian(9)), Moments.of(gaussian(1)))


def test_too_few_patches_are_refused_with_the_number_needed() -> None:
    enough, few = [gaussian(4, seed=1), gaussian(3, seed=2)], [gaussian(6)]
    assert frechet_audio_distance(enough, enough[::-1]) < 1e-6
    with pytest.raises(ConfigError, match="estimates hold 6 patches of 6 dimensions: this distance needs 7 or more"):
        frechet_audio_distance(few, enough)
    with pytest.raises(ConfigError, match="references hold 6 patches"):
        frechet_audio_distance(enough, few)
    with pytest.raises(ConfigError, match="there are no estimates"):
        frechet_audio_distance([], enough)
    with pytest.raises(ConfigError, match="estimates hold 13 patches of 6 dimensions: this distance needs 14"):
        fad_infinity([gaussian(13)], enough, np.random.default_rng(0))
    with pytest.raises(ConfigError, match="estimates hold 0 patches"):
        fad_infinity([], enough, np.random.default_rng(0))


def test_extrapolation_removes_the_bias_of_small_sets() -> None:
    reference = [gaussian(40_000, 16, seed=1)]
    truth = frechet_distance(Moments.of(gaussian(40_000, 16, seed=2, spread=1.1)), Moments.of(reference[0]))
    plain, infinite, fits = [], [], []
    for seed in range(8):
        small = [gaussian(400, 16, seed=10 + seed, spread=1.1)]
        plain.append(frechet_audio_distance(small, reference))
        line = fad_infinity(small, reference, np.random.default_rng(seed))
        infinite.append(line.value)
        fits.append(line.r_squared)
        assert line.slope / 400 == pytest.approx(plain[-1] - line.value, abs=0.2 * plain[-1])
    assert np.mean(plain) > 1.5 * truth
    assert np.mean(infinite) == pytest.approx(truth, abs=0.3 * (np.mean(plain) - truth))
    assert 0.5 < min(fits) < max(fits) < 1


def test_extrapolation_repeats_by_its_generator() -> None:
    sets = [gaussian(60, seed=1), gaussian(40, seed=2)], [gaussian(100, seed=3)]
    first, again, other = (fad_infinity(*sets, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert first == again
    assert first.value != other.value
    assert set_metric("fad_inf", *sets) == set_metric("fad_inf", *sets)


def test_songs_are_ranked_by_their_distance() -> None:
    references = [gaussian(500, seed=1)]
    songs = {"usual": gaussian(12, seed=2), "odd": gaussian(12, seed=3, mean=3.0), "short": gaussian(1)}
    distances = dict(fad_per_song(songs.items(), references))
    assert distances["short"] is None
    assert 0 < distances["usual"] < distances["odd"] / 3
    assert distances["odd"] == frechet_distance(Moments.of(songs["odd"]), Moments.of(references[0]))
    with pytest.raises(ConfigError, match="references hold 6 patches"):
        list(fad_per_song(songs.items(), [gaussian(6)]))


every_set_metric = pytest.mark.parametrize("metric", SET_METRICS.values(), ids=SET_METRICS)


@every_set_metric
def test_entries_describe_themselves(metric: SetMetric) -> None:
    assert SET_METRICS[metric.name] is metric
    assert metric.name not in METRICS
    assert metric.embedding in EMBEDDINGS
    assert metric.title
    assert metric.source


@every_set_metric
def test_a_set_metric_grows_with_the_difference_and_knows_no_order(metric: SetMetric) -> None:
    references = [gaussian(20, seed=seed) for seed in range(10)]
    near, far = ([part + shift for part in references] for shift in (0.2, 1.0))
    values = [metric.function(iter(estimates), iter(references)) for estimates in (references, near, far)]
    assert metric.direction == "down"
    assert values == sorted(values)
    assert values[2] > values[1] + 1
    if metric.name != "fad_inf":  # which draws by position
        assert values[0] < 1e-6
        assert metric.function(reversed(far), references) == pytest.approx(values[2], rel=1e-9)


def test_set_metrics_are_found_by_name() -> None:
    assert needed_embeddings(["fwssnr", "fad_inf", "fad", "fad_vggish"]) == ["logmel-stats", "vggish"]
    with pytest.raises(ConfigError, match="unknown set metric fid: choose from fad, "):
        set_metric("fid", [gaussian(9)], [gaussian(9)])


def test_memory_does_not_grow_with_the_clips() -> None:
    peaks = []
    for clips in (20, 400):
        tracemalloc.start()
        frechet_audio_distance(*((gaussian(20, 64, seed) for seed in range(clips)) for _ in range(2)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]
