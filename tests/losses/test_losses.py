"""Losses: zero for equal waves, blind to level, growing with damage, with gradients that lead back to the reference."""

import pytest
import torch

from goodtake.losses.band_snr import band_snr_loss
from goodtake.losses.spectral import bin_weights, spectral_losses

NAMES = {"log_magnitude", "convergence", "complex", "bands"}


def waves(seed=0):
    return torch.randn(2, 8000, generator=torch.Generator().manual_seed(seed))


def all_losses(estimate, reference):
    return {**spectral_losses(estimate, reference), "band_snr": band_snr_loss(estimate, reference)}


def test_equal_waves_cost_nothing():
    wave = waves()
    for name, loss in all_losses(wave, wave).items():
        assert loss.item() == pytest.approx(0, abs=1e-6), name


def test_level_costs_nothing():
    wave = waves()
    for name, loss in all_losses(0.1 * wave, wave).items():
        assert loss.item() == pytest.approx(0, abs=2e-3), name


@pytest.mark.parametrize("name", sorted(NAMES | {"band_snr"}))
def test_more_noise_costs_more(name):
    wave, noise = waves(), waves(1)
    costs = [all_losses(wave + share * noise, wave)[name].item() for share in (0.03, 0.1, 0.3, 1.0)]
    assert costs == sorted(costs)
    assert costs[-1] > 2 * costs[0]


@pytest.mark.parametrize("name", sorted(NAMES | {"band_snr"}))
def test_a_step_down_the_gradient_lowers_the_loss(name):
    reference = waves()
    estimate = (reference + 0.3 * waves(1)).requires_grad_()
    loss = all_losses(estimate, reference)[name]
    (gradient,) = torch.autograd.grad(loss, estimate)
    assert torch.isfinite(gradient).all()
    better = estimate.detach() - 1e-2 * gradient / gradient.norm() * estimate.detach().norm()
    assert all_losses(better, reference)[name] < loss


def test_silence_has_finite_losses_and_gradients():
    estimate = torch.zeros(1, 4000, requires_grad=True)
    total = sum(all_losses(estimate, torch.zeros(1, 4000)).values())
    total.backward()
    assert torch.isfinite(total)
    assert torch.isfinite(estimate.grad).all()


def test_a_tone_missing_from_the_low_octaves_costs_more_than_from_the_high_ones():
    weights = bin_weights(513, torch.device("cpu"))
    assert weights.sum().item() == pytest.approx(1)
    assert weights[0] > 3 * weights[-1]
