"""Samplers: known distributions come out when the network is perfect, in the order of accuracy the papers state."""

import math

import numpy as np
import pytest

from goodtake.diffusion.ancestral import AncestralSampler
from goodtake.diffusion.dpm_solver import DPMSolver
from goodtake.diffusion.sampling import draw_sample
from goodtake.diffusion.schedule import linear_schedule
from goodtake.errors import ConfigError

TRAINING = linear_schedule()
MEANS, DEVIATION, WEIGHTS = np.array([-0.6, 0.4]), 0.1, np.array([0.3, 0.7])
SAMPLERS = [(AncestralSampler, 50), (AncestralSampler, 6), (DPMSolver, 4), (DPMSolver, 8), (DPMSolver, 1)]


def noise_in_mixture(sample, step):
    """The noise a perfect network predicts for a Gaussian mixture: -sigma times the score."""
    alpha = float(TRAINING.signal_level(step))
    variance = alpha**2 * DEVIATION**2 + 1 - alpha**2
    off = sample[..., None].astype(np.float64) - alpha * MEANS
    log_share = np.log(WEIGHTS) - off**2 / (2 * variance)
    share = np.exp(log_share - log_share.max(-1, keepdims=True))
    share /= share.sum(-1, keepdims=True)
    return (math.sqrt(1 - alpha**2) * (share * off / variance).sum(-1)).astype(np.float32)


def noised_mixture(count, rng):
    clean = rng.choice(MEANS, count, p=WEIGHTS) + DEVIATION * rng.standard_normal(count)
    return TRAINING.add_noise(clean.astype(np.float32), rng.standard_normal(count).astype(np.float32), 50)


def sampled(kind, n_steps, predict, start, rng):
    sampler = kind(TRAINING)
    sampler.set_timesteps(n_steps)
    return draw_sample(sampler, predict, start, lambda _: rng.standard_normal(start.shape).astype(np.float32))


@pytest.mark.parametrize(("kind", "n_steps", "slack"), [(AncestralSampler, 50, 0.02), (DPMSolver, 8, 0.04)])
def test_a_perfect_network_brings_a_mixture_back(kind, n_steps, slack):
    rng = np.random.default_rng(0)
    out = sampled(kind, n_steps, noise_in_mixture, noised_mixture(40_000, rng), rng)
    upper = out > -0.1
    assert upper.mean() == pytest.approx(0.7, abs=0.02)
    for mode, mean in ((out[~upper], -0.6), (out[upper], 0.4)):
        assert mode.mean() == pytest.approx(mean, abs=slack)
        assert mode.std() == pytest.approx(DEVIATION, rel=0.25)


@pytest.mark.parametrize(("kind", "n_steps"), SAMPLERS)
def test_a_network_that_knows_the_signal_brings_back_the_signal(kind, n_steps):
    rng = np.random.default_rng(0)
    signal = rng.uniform(-1, 1, (2, 500)).astype(np.float32)

    def predict(sample, step):
        alpha = float(TRAINING.signal_level(step))
        return ((sample - alpha * signal) / math.sqrt(1 - alpha**2)).astype(np.float32)

    start = rng.standard_normal(signal.shape).astype(np.float32)
    out = sampled(kind, n_steps, predict, start, rng)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, signal, atol=2e-3)


def gaussian_error(n_steps, order):
    """Error of the solver where the answer is known: data N(0.3, 0.5^2), for which the equation can be integrated."""
    mean, deviation = 0.3, 0.5

    def spread(alpha):
        return np.sqrt(alpha**2 * deviation**2 + 1 - alpha**2)

    def predict(sample, step):
        alpha = float(TRAINING.signal_level(step))
        return (math.sqrt(1 - alpha**2) * (sample - alpha * mean) / spread(alpha) ** 2).astype(np.float32)

    start = np.linspace(-2, 2, 41).astype(np.float32)
    solver = DPMSolver(TRAINING, order)
    solver.set_timesteps(n_steps)
    out = draw_sample(solver, predict, start, lambda _: start)
    alpha = float(TRAINING.signal_level(50))
    exact = mean + deviation * (start - alpha * mean) / spread(alpha)
    return np.abs(out - exact).max()


@pytest.mark.parametrize(("order", "least", "most"), [(1, 1.8, 2.2), (2, 3.5, 4.7)])
def test_the_solver_has_its_order(order, least, most):
    for n_steps in (12, 16):  # twice the steps: half the error, or a quarter
        ratio = gaussian_error(n_steps + 1, order) / gaussian_error(2 * n_steps + 1, order)
        assert least < ratio < most, n_steps


@pytest.mark.parametrize("n_steps", [4, 6, 8])
def test_the_second_order_is_worth_it_with_few_steps(n_steps):
    assert gaussian_error(n_steps, 2) < 0.4 * gaussian_error(n_steps, 1)


def test_ancestral_steps_by_hand():
    sampler = AncestralSampler(TRAINING)
    beta, kept, before = TRAINING.betas[49], TRAINING.alpha_bars[50], TRAINING.alpha_bars[49]
    sample, prediction, noise = (np.full(3, value, np.float32) for value in (0.5, -0.2, 1.5))
    mean = (0.5 + 0.2 * beta / math.sqrt(1 - kept)) / math.sqrt(1 - beta)
    wanted = mean + 1.5 * math.sqrt(beta * (1 - before) / (1 - kept))
    np.testing.assert_allclose(sampler.step(prediction, 0, sample, noise), wanted, rtol=1e-6)
    last = (0.5 + 0.2 * math.sqrt(1e-4)) / math.sqrt(1 - 1e-4)
    np.testing.assert_allclose(sampler.step(prediction, 49, sample), last, rtol=1e-6)


def test_timesteps_fall_to_the_first_of_training():
    for kind, n_steps in SAMPLERS:
        sampler = kind(TRAINING)
        sampler.set_timesteps(n_steps)
        assert len(sampler.timesteps) == n_steps
        assert (np.diff(sampler.timesteps) < 0).all()
        assert sampler.timesteps[0] <= 50
        if n_steps > 1:
            assert sampler.timesteps[-1] == pytest.approx(1, abs=1e-5)


def test_solver_steps_are_even_in_log_ratio():
    solver = DPMSolver(TRAINING)
    solver.set_timesteps(5)
    alpha = TRAINING.signal_level(solver.timesteps)
    gaps = np.diff(np.log(alpha / np.sqrt(1 - alpha**2)))
    np.testing.assert_allclose(gaps, gaps[0], rtol=1e-3)


def test_noise_is_wanted_by_all_ancestral_steps_but_the_last():
    sampler = AncestralSampler(TRAINING)
    sampler.set_timesteps(6)
    assert [sampler.needs_noise(index) for index in range(6)] == [True] * 5 + [False]
    zeros = np.zeros(3, np.float32)
    with pytest.raises(ConfigError, match="step 2 adds noise"):
        sampler.step(zeros, 2, zeros)


def test_a_solver_may_be_used_again_and_forgets():
    predict, start = noise_in_mixture, np.linspace(-2, 2, 9).astype(np.float32)
    solver = DPMSolver(TRAINING)
    first, second = (draw_sample(solver, predict, start, lambda _: start) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: AncestralSampler(TRAINING).set_timesteps(7), "choose 6 or 50"),
        (lambda: DPMSolver(TRAINING).set_timesteps(0), "at least 1"),
        (lambda: DPMSolver(TRAINING, order=3), "choose 1 or 2"),
        (lambda: DPMSolver(TRAINING).step(np.zeros(2, np.float32), 3, np.zeros(2, np.float32)), "in order"),
    ],
)
def test_impossible_steps_are_named(wrong, message):
    with pytest.raises(ConfigError, match=message):
        wrong()
