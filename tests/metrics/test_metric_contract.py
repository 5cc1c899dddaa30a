"""What every registered metric must do; a new one needs no new test code here."""

import math

import numpy as np
import pytest
from metric_signals import RATE, music, noise_at
from scipy import signal

from goodtake.errors import ConfigError, GoodtakeError
from goodtake.metrics import METRICS, Metric, measure

CLEAN = music()
NOISY = CLEAN + noise_at(CLEAN, 10)

every_metric = pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)


@pytest.fixture(autouse=True)
def _skip_without_extra(request: pytest.FixtureRequest) -> None:
    package = request.getfixturevalue("metric").package if "metric" in request.fixturenames else None
    if package:
        pytest.importorskip(package)


@every_metric
def test_equal_clips_score_the_best(metric: Metric) -> None:
    assert metric.function(CLEAN, CLEAN, RATE) == pytest.approx(metric.best, abs=1e-3)


@every_metric
def test_more_noise_is_worse_and_in_range(metric: Metric) -> None:
    scores = [metric.function(CLEAN + noise_at(CLEAN, snr_db), CLEAN, RATE) for snr_db in (40, 20, 0)]
    assert all(isinstance(score, float) and metric.lowest <= score <= metric.highest for score in scores)
    assert scores == sorted(scores, reverse=metric.direction == "up")
    assert len(set(scores)) == 3


def is_worse(metric: Metric, estimate: np.ndarray, score: float) -> bool:
    found = metric.function(estimate, CLEAN, RATE)
    return found < score - 0.1 if metric.direction == "up" else found > score + 0.1


@every_metric
def test_gain_and_polarity_count_where_the_entry_says_so(metric: Metric) -> None:
    score = metric.function(NOISY, CLEAN, RATE)
    if metric.level_matters:
        best = metric.function(CLEAN, CLEAN, RATE)
        assert is_worse(metric, 0.5 * CLEAN, best)
        assert is_worse(metric, 2 * CLEAN, best)
    else:
        assert metric.function(0.25 * NOISY, CLEAN, RATE) == pytest.approx(score, abs=2e-3)
    if metric.level_matters and metric.phase_matters:
        assert is_worse(metric, -CLEAN, metric.best)
    else:
        assert metric.function(-NOISY, CLEAN, RATE) == pytest.approx(score, abs=2e-3)


@every_metric
def test_phase_counts_where_the_entry_says_so(metric: Metric) -> None:
    turned = np.imag(signal.hilbert(CLEAN)).astype(np.float32)  # all partials by 90 degrees
    by_noise, by_phase = (abs(metric.function(clip, CLEAN, RATE) - metric.best) for clip in (NOISY, turned))
    assert by_phase > 0.5 * by_noise if metric.phase_matters else by_phase < 0.1 * by_noise


@every_metric
def test_level_of_both_does_not_count(metric: Metric) -> None:
    score = metric.function(NOISY, CLEAN, RATE)
    assert metric.function(0.5 * NOISY, 0.5 * CLEAN, RATE) == pytest.approx(score, rel=2e-3, abs=2e-3)


@every_metric
def test_two_equal_channels_score_as_one(metric: Metric) -> None:
    stereo = metric.function(np.stack([NOISY, NOISY]), np.stack([CLEAN, CLEAN]), RATE)
    assert stereo == pytest.approx(metric.function(NOISY, CLEAN, RATE), abs=1e-3)


@every_metric
def test_stereo_hears_both_channels(metric: Metric) -> None:
    reference = np.stack([CLEAN, music(seed=2)])
    one = reference.copy()
    one[1] += noise_at(one[1], 5)
    both = one.copy()
    both[0] += noise_at(both[0], 5)
    best, half, worst = (metric.function(clip, reference, RATE) for clip in (reference, one, both))
    assert min(best, worst) < half < max(best, worst)


@every_metric
@pytest.mark.parametrize("sample_rate", [8000, 44100])
def test_every_rate_and_a_silent_channel(metric: Metric, sample_rate: int) -> None:
    clean = music(1, sample_rate)
    reference = np.stack([clean, np.zeros_like(clean)])
    score = metric.function(reference + np.stack([noise_at(clean, 20)] * 2), reference, sample_rate)
    assert math.isfinite(score)
    assert score != pytest.approx(metric.best, abs=1e-3)


@every_metric
def test_the_longer_clip_is_cut(metric: Metric) -> None:
    tail = 0.3 * np.random.default_rng(5).standard_normal(4000).astype(np.float32)
    score = pytest.approx(metric.function(NOISY, CLEAN, RATE), rel=1e-12)  # a cut clip may lie elsewhere in memory
    assert metric.function(np.concatenate([NOISY, tail]), CLEAN, RATE) == score
    assert metric.function(NOISY, np.concatenate([CLEAN, tail]), RATE) == score


@every_metric
def test_inputs_are_left_alone(metric: Metric) -> None:
    estimate, reference = NOISY.copy(), CLEAN.copy()
    metric.function(estimate, reference, RATE)
    np.testing.assert_array_equal(estimate, NOISY)
    np.testing.assert_array_equal(reference, CLEAN)


BAD_PAIRS = {
    "at most 0.5 s apart": (CLEAN[: RATE // 2 - 1], CLEAN[:RATE]),
    "estimate is silent": (np.zeros_like(CLEAN), CLEAN),
    "reference is silent": (CLEAN, np.zeros_like(CLEAN)),
    "estimate holds NaN": (np.where(np.arange(CLEAN.size) == 9, np.nan, CLEAN), CLEAN),
    "reference holds NaN or infinite": (CLEAN, np.where(np.arange(CLEAN.size) == 9, np.inf, CLEAN)),
    "metrics need 0.25 s": (CLEAN[:100], CLEAN[:100]),
    "estimate has 2 channels, reference 1": (np.stack([CLEAN, CLEAN]), CLEAN),
    r"give \(channel, time\)": (np.stack([CLEAN, CLEAN], axis=1), np.stack([CLEAN, CLEAN], axis=1)),
    "estimate is int16": (np.ones(RATE, np.int16), CLEAN[:RATE]),
    r"float32 \(1, 2, 16000\)": (CLEAN.reshape(1, 2, -1), CLEAN.reshape(1, 2, -1)),
}


@every_metric
@pytest.mark.parametrize("message", BAD_PAIRS)
def test_clips_that_cannot_be_compared_say_why(metric: Metric, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        metric.function(*BAD_PAIRS[message], RATE)
    assert "\n" not in str(caught.value)


@every_metric
def test_a_rate_below_8_khz_is_refused(metric: Metric) -> None:
    with pytest.raises(GoodtakeError, match="sample rate is 4000"):
        metric.function(CLEAN, CLEAN, 4000)


@every_metric
def test_entries_describe_themselves(metric: Metric) -> None:
    assert METRICS[metric.name] is metric
    assert metric.lowest < metric.highest
    assert math.isfinite(metric.best)
    assert metric.function.__doc__
    assert metric.title
    assert "\n" not in metric.title + metric.source
    assert metric.source
    assert (metric.extra is None) == (metric.package is None)


def test_measure_returns_what_is_asked_for() -> None:
    assert measure(NOISY, CLEAN, RATE, ["l1", "mrs"]).keys() == {"l1", "mrs"}
    assert measure(NOISY, CLEAN, RATE, ["l1"])["l1"] == METRICS["l1"].function(NOISY, CLEAN, RATE)
    with pytest.raises(ConfigError, match="unknown metric pesq: choose from fwssnr"):
        measure(NOISY, CLEAN, RATE, ["l1", "pesq"])
