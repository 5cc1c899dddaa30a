"""The linear estimate of the noise: best of its kind, of unit power on both sides, and at steps that are not whole."""

import numpy as np
import torch
from torch import nn

from goodtake.diffusion.schedule import linear_schedule
from goodtake.losses.diffusion import noise_losses
from goodtake.models.diffwave import DiffWave, DiffWaveConfig
from goodtake.models.linear_estimate import LinearEstimate

SCHEDULE = linear_schedule()
LEVEL = 0.1
STEPS = torch.arange(1, 51)


def noisy_waves(length=20_000):
    generator = torch.Generator().manual_seed(0)
    wave, noise = (torch.randn(50, length, generator=generator, dtype=torch.float64) for _ in range(2))
    wave *= LEVEL
    kept = torch.from_numpy(SCHEDULE.alpha_bars)[STEPS][:, None]
    return kept.sqrt() * wave + (1 - kept).sqrt() * noise, wave, noise


def test_no_other_share_of_the_noisy_wave_is_nearer_to_the_noise():
    noisy, _, noise = noisy_waves()
    best = (noisy * noise).mean(1) / (noisy**2).mean(1)  # least squares
    factors = LinearEstimate(LEVEL)(STEPS.double())
    torch.testing.assert_close(factors.keep.double(), best, rtol=0.15, atol=0.02)
    left = (noise - factors.keep[:, None] * noisy).square().mean(1)
    torch.testing.assert_close(factors.write.double() ** 2, left, rtol=0.05, atol=0)
    np.testing.assert_allclose(SCHEDULE.linear_error(LEVEL)[1:], factors.write**2, rtol=1e-4)


def test_the_network_hears_unit_power():
    noisy, _, _ = noisy_waves()
    heard = LinearEstimate(LEVEL).opened(noisy, STEPS.double())
    torch.testing.assert_close(heard.square().mean(1), torch.ones(50).double(), rtol=0.05, atol=0)


def test_steps_between_have_the_signal_level_of_the_schedule():
    step = torch.tensor([1.0, 1.89, 5.09, 23.99, 43.92, 50.0])
    signal = SCHEDULE.signal_level(step.numpy())
    power = (signal * LEVEL) ** 2 + 1 - signal**2
    factors = LinearEstimate(LEVEL)(step)
    np.testing.assert_allclose(factors.enter, power**-0.5, rtol=1e-4)
    np.testing.assert_allclose(factors.keep, np.sqrt(1 - signal**2) / power, rtol=1e-4)
    np.testing.assert_allclose(factors.write, signal * LEVEL / np.sqrt(power), rtol=1e-4)


def test_an_untrained_preconditioned_network_gives_the_linear_estimate():
    torch.manual_seed(0)
    net = DiffWave(DiffWaveConfig(layers=2, channels=4, step_hidden=8, preconditioned=True))
    nn.init.zeros_(net.denoiser.leave.bias)
    _, wave, noise = (value.float() for value in noisy_waves(length=2048))
    losses = noise_losses(net, wave, torch.zeros(50, 128, 8), SCHEDULE, STEPS, noise)
    assert abs(losses["balanced_noise"].item() - 1) < 0.02
    assert abs(losses["noise"].item() - SCHEDULE.linear_error(LEVEL)[1:].mean()) < 0.003


def test_errors_are_balanced_by_what_each_step_leaves():
    def silent(noisy, step, condition):
        return torch.zeros_like(noisy)

    wave, noise = torch.zeros(2, 100), torch.ones(2, 100)
    losses = noise_losses(silent, wave, wave, SCHEDULE, torch.tensor([1, 50]), noise)
    assert losses["noise"].item() == 1
    expected = (1 / SCHEDULE.linear_error(LEVEL)[[1, 50]]).mean()
    np.testing.assert_allclose(losses["balanced_noise"].item(), expected, rtol=1e-5)
