"""The patch discriminator: size, patch, and that it looks at both of its inputs."""

import pytest
import torch
from torch import nn

from goodtake.errors import ConfigError
from goodtake.models.patch_discriminator import PATCH, PatchDiscriminator, PatchDiscriminatorConfig

TINY = PatchDiscriminatorConfig(channels=4)


def pictures(frames=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, 128, frames, generator=generator), torch.randn(2, 128, frames, generator=generator)


def seeded(config=TINY):
    torch.manual_seed(0)
    return PatchDiscriminator(config)


def test_parameters():
    by_hand = 16 * (2 * 64 + 64 * 128 + 128 * 256 + 256) + 1
    counted = sum(value.numel() for value in seeded(PatchDiscriminatorConfig()).parameters())
    assert counted == by_hand == 661_505


@pytest.mark.parametrize("frames", [16, 17, 63, 187])
def test_one_logit_for_every_eighth_band_and_frame(frames):
    assert seeded()(*pictures(frames)).shape == (2, 15, frames // 8 - 1)


def test_a_logit_sees_its_patch_of_both_pictures_and_nothing_else():
    net = seeded()
    net.layers = nn.Sequential(*(nn.Identity() if isinstance(part, nn.InstanceNorm2d) else part for part in net.layers))
    degraded, candidate = pictures(160)
    degraded.requires_grad_()
    candidate.requires_grad_()
    logits = net(degraded, candidate)
    for gradient in torch.autograd.grad(logits[0, 7, 9], (degraded, candidate)):
        bands, frames = gradient[0].nonzero().unbind(1)
        assert int(bands.max() - bands.min()) + 1 == PATCH
        assert int(frames.max() - frames.min()) + 1 == PATCH
        assert gradient[1].abs().max() == 0


def test_the_last_layer_is_bare_and_blocks_leak():
    layers = list(seeded().layers)
    assert [type(layer) for layer in layers[:3]] == [nn.Conv2d, nn.InstanceNorm2d, nn.LeakyReLU]
    assert [layer.negative_slope for layer in layers if isinstance(layer, nn.LeakyReLU)] == [0.2] * 3
    assert isinstance(layers[-1], nn.Conv2d)
    logits = seeded()(*pictures())
    assert logits.min() < 0 < logits.max()


def test_degraded_and_candidate_are_not_interchangeable():
    net, (degraded, candidate) = seeded(), pictures()
    assert (net(degraded, candidate) - net(candidate, degraded)).abs().max() > 1e-3


def test_short_pictures_and_impossible_sizes_are_named():
    with pytest.raises(ConfigError, match="15 frames"):
        seeded()(*pictures(15))
    with pytest.raises(ConfigError, match="0 channels"):
        PatchDiscriminatorConfig(channels=0)
