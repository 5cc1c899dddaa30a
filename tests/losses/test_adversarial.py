"""The adversarial objective: its values, whom its gradients reach, and what a step of either side does."""

import pytest
import torch
from torch import nn

from goodtake.losses.adversarial import discriminator_losses, generator_losses, readonly
from goodtake.models.mel2mel import Mel2Mel, Mel2MelConfig
from goodtake.models.patch_discriminator import PatchDiscriminator, PatchDiscriminatorConfig


class Judge(nn.Module):
    """Gives the mean of each candidate as its one logit."""

    def forward(self, degraded, candidate):
        return candidate.mean((1, 2))


@pytest.fixture
def pair():
    torch.manual_seed(0)
    return Mel2Mel(Mel2MelConfig(channels=4, blocks=1)), PatchDiscriminator(PatchDiscriminatorConfig(channels=4))


def pictures(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, 128, 32, generator=generator), torch.randn(2, 128, 32, generator=generator)


def gradients(module):
    return [value.grad for value in module.parameters()]


def test_values_by_hand():
    flat = torch.ones(3, 8, 8)
    judge, degraded = Judge(), 0 * flat
    generator = generator_losses(judge, degraded, 0.5 * flat, 2 * flat)
    assert generator["adversarial"].item() == pytest.approx(0.25)
    assert generator["l1"].item() == pytest.approx(1.5)
    discriminator = discriminator_losses(judge, degraded, 0.5 * flat, 2 * flat)
    assert discriminator["real"].item() == pytest.approx(0.5)
    assert discriminator["generated"].item() == pytest.approx(0.125)


def test_the_adversarial_gradient_reaches_the_generator_and_only_the_generator(pair):
    generator, discriminator = pair
    degraded, clean = pictures()
    with readonly(discriminator):
        losses = generator_losses(discriminator, degraded, generator(degraded), clean)
        losses["adversarial"].backward()
    assert all(gradient is not None and gradient.abs().max() > 0 for gradient in gradients(generator))
    assert all(gradient is None for gradient in gradients(discriminator))


def test_the_l1_gradient_reaches_the_generator_and_only_the_generator(pair):
    generator, discriminator = pair
    degraded, clean = pictures()
    with readonly(discriminator):
        losses = generator_losses(discriminator, degraded, generator(degraded), clean)
    losses["l1"].backward()
    assert all(gradient is not None and gradient.abs().max() > 0 for gradient in gradients(generator))
    assert all(gradient is None for gradient in gradients(discriminator))


def test_the_discriminators_gradient_reaches_the_discriminator_and_only_the_discriminator(pair):
    generator, discriminator = pair
    degraded, clean = pictures()
    for name in ("real", "generated"):
        discriminator.zero_grad()
        discriminator_losses(discriminator, degraded, generator(degraded), clean)[name].backward()
        assert all(gradient is not None for gradient in gradients(discriminator)), name
        assert discriminator.layers[0].weight.grad.abs().max() > 0, name
    assert all(gradient is None for gradient in gradients(generator))


def test_one_step_of_the_generator_raises_the_discriminators_score(pair):
    generator, discriminator = pair
    degraded, clean = pictures()
    score = discriminator(degraded, generator(degraded)).mean().item()
    assert score < 1
    with readonly(discriminator):
        generator_losses(discriminator, degraded, generator(degraded), clean)["adversarial"].backward()
    torch.optim.SGD(generator.parameters(), 1e-3).step()
    with torch.no_grad():
        assert discriminator(degraded, generator(degraded)).mean().item() > score


def test_steps_of_the_discriminator_tell_real_from_generated(pair):
    _, discriminator = pair
    degraded, clean = pictures()
    candidate = clean.cumsum(-1) / 4  # blurred along time
    optimiser = torch.optim.Adam(discriminator.parameters(), 1e-2)
    for _ in range(40):
        optimiser.zero_grad()
        sum(discriminator_losses(discriminator, degraded, candidate, clean).values()).backward()
        optimiser.step()
    with torch.no_grad():
        gap = discriminator(degraded, clean).mean() - discriminator(degraded, candidate).mean()
    assert gap > 0.5


def test_readonly_gives_back_what_it_took_even_after_an_error(pair):
    _, discriminator = pair
    frozen = next(discriminator.parameters()).requires_grad_(False)
    others = list(discriminator.parameters())[1:]
    with pytest.raises(RuntimeError, match="stop"), readonly(discriminator):
        assert not any(value.requires_grad for value in others)
        raise RuntimeError("stop")
    assert all(value.requires_grad for value in others)
    assert not frozen.requires_grad
