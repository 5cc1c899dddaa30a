"""Noise schedules: values by hand, the forward process, and steps between those of training."""

import doctest
import math

import numpy as np
import pytest

from goodtake.diffusion import schedule as module
from goodtake.diffusion.schedule import FAST_BETAS, NoiseSchedule, align_steps, linear_schedule
from goodtake.errors import ConfigError


def test_the_linear_schedule_is_diffwave_bases():
    schedule = linear_schedule()
    assert schedule.n_steps == 50
    assert schedule.betas[0] == pytest.approx(1e-4)
    assert schedule.betas[1] == pytest.approx(1e-4 + 0.0499 / 49)
    assert schedule.betas[-1] == pytest.approx(0.05)
    assert schedule.alpha_bars.shape == (51,)
    assert schedule.alpha_bars[0] == 1
    assert schedule.alpha_bars[2] == pytest.approx(0.9999 * (1 - 1e-4 - 0.0499 / 49))
    assert schedule.alpha_bars[50] == pytest.approx(0.27967, abs=1e-5)


@pytest.mark.parametrize("step", [1, 10, 50])
def test_noise_added_at_once_has_mean_and_variance_of_noise_added_step_by_step(step):
    schedule, rng, count = linear_schedule(), np.random.default_rng(0), 200_000
    clean = np.full(count, 0.7, np.float32)
    at_once = schedule.add_noise(clean, rng.standard_normal(count).astype(np.float32), step)
    walked = clean.astype(np.float64)
    for beta in schedule.betas[:step]:
        walked = math.sqrt(1 - beta) * walked + math.sqrt(beta) * rng.standard_normal(count)
    assert at_once.dtype == np.float32
    for sample in (at_once, walked):
        assert sample.mean() == pytest.approx(0.7 * math.sqrt(schedule.alpha_bars[step]), abs=0.01)
        assert sample.var() == pytest.approx(1 - schedule.alpha_bars[step], rel=0.02)


# sqrt(alpha-bar) of the six fast steps against those of training, worked out on paper from appendix B
@pytest.mark.parametrize(
    ("index", "step"), [(0, 1.0), (1, 1.8941), (2, 5.0867), (3, 11.4518), (4, 23.9925), (5, 43.9186)]
)
def test_six_steps_are_aligned_to_fifty(index, step):
    assert align_steps(linear_schedule(), FAST_BETAS)[index] == pytest.approx(step, abs=1e-3)


def test_alignment_by_the_formula():
    training = NoiseSchedule((0.19, 0.5))  # signal levels 1, 0.9, 0.9 * sqrt(0.5)
    wanted = 0.8
    by_hand = 1 + (0.9 - wanted) / (0.9 - 0.9 * math.sqrt(0.5))
    assert float(training.step_at(wanted)) == pytest.approx(by_hand)
    assert align_steps(training, (1 - wanted**2,)) == pytest.approx([by_hand])


def test_whole_steps_align_to_themselves():
    training = linear_schedule()
    assert align_steps(training, training.betas) == pytest.approx(np.arange(1, 51))


def test_level_and_step_are_inverse():
    schedule, steps = linear_schedule(), np.linspace(0, 50, 77)
    np.testing.assert_allclose(schedule.step_at(schedule.signal_level(steps)), steps, atol=1e-9)


def test_more_noise_than_in_training_is_refused():
    with pytest.raises(ConfigError, match="not trained on so much noise"):
        align_steps(linear_schedule(), (0.9,))


@pytest.mark.parametrize("betas", [(), (0.1, 0.0), (1.0,), (-0.1,)])
def test_impossible_variances_are_named(betas):
    with pytest.raises(ConfigError, match="between 0 and 1"):
        NoiseSchedule(betas)


def test_docstrings():
    assert doctest.testmod(module).failed == 0
