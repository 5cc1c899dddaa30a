"""Mel2Mel: size, reach, any number of frames, residual form, and what an exported graph does."""

import pytest
import torch
from exporting import exported
from torch import nn
from torch.nn import functional

from goodtake.dsp.mel import MelConfig
from goodtake.errors import ConfigError
from goodtake.models.mel2mel import Mel2Mel, Mel2MelConfig
from goodtake.models.mel_scale import MelScale

TINY = Mel2MelConfig(channels=4, blocks=1)


def mels(frames, seed=0, batch=2):
    return 6 * torch.randn(batch, 128, frames, generator=torch.Generator().manual_seed(seed)) - 4


def seeded(config, seed=0):
    torch.manual_seed(seed)
    return Mel2Mel(config).eval()


# weights: 7x7 in and out, 3x3 for two halvings, 2 convolutions a block, two doublings; one bias at the very end
@pytest.mark.parametrize(
    ("channels", "blocks", "parameters"), [(64, 3, 4_282_497), (64, 9, 11_360_385), (32, 6, 1_956_929)]
)
def test_parameters_are_the_papers_four_point_three_million(channels, blocks, parameters):
    c = channels
    by_hand = 2 * 49 * c + 1 + 2 * 9 * (c * 2 * c + 2 * c * 4 * c) + blocks * 2 * 9 * (4 * c) ** 2
    with torch.device("meta"):
        counted = sum(value.numel() for value in Mel2Mel(Mel2MelConfig(channels, blocks)).parameters())
    assert counted == by_hand == parameters


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5, 7, 64, 187])
def test_any_number_of_frames_comes_back(frames):
    out = seeded(TINY)(mels(frames))
    assert out.shape == (2, 128, frames)
    assert torch.isfinite(out).all()


def test_the_repeated_last_frame_is_the_only_padding():
    net, mel = seeded(TINY), mels(9)
    padded = torch.cat([mel, mel[..., -1:].expand(-1, -1, 3)], -1)
    torch.testing.assert_close(net(mel), net.translate(padded)[..., :9])


@pytest.mark.parametrize("blocks", [0, 1, 3])
def test_convolutions_reach_as_far_as_the_configuration_says(blocks):
    net = seeded(Mel2MelConfig(channels=2, blocks=blocks)).double()
    for part in list(net.modules()):  # linear and without normalisation, only the reach of the kernels is left
        for name, child in part.named_children():
            if isinstance(child, nn.InstanceNorm2d | nn.ReLU):
                setattr(part, name, nn.Identity())
    mel, reach = mels(200, batch=1).double(), 0
    with torch.no_grad():
        before = net(mel)
        for place in range(96, 100):  # each phase of the fours
            changed = mel.clone()
            changed[..., place] += 100
            moved = (net(changed) - before).abs().amax((0, 1)).gt(1e-12).nonzero().flatten()
            reach = max(reach, place - int(moved[0]), int(moved[-1]) - place)
    assert reach == net.config.context_frames == 12 + 8 * blocks


def test_the_residual_form_keeps_the_level_that_instance_normalisation_forgets():
    mel = mels(32)
    for residual, kept in ((True, 5.0), (False, 0.0)):
        net = seeded(Mel2MelConfig(channels=4, blocks=1, residual=residual))
        with torch.no_grad():
            rise = (net(mel + 5) - net(mel)).mean().item()
        assert rise == pytest.approx(kept, abs=0.2), residual


def test_the_residual_form_begins_near_its_input():
    mel = mels(32)
    with torch.no_grad():
        change = (seeded(Mel2MelConfig(channels=16, blocks=1, residual=True))(mel) - mel).abs().mean()
    assert 0 < change < 0.2 * mel.std()


def test_every_parameter_learns():
    net = seeded(TINY).train()
    net(mels(24)).square().mean().backward()
    assert all(value.grad is not None and value.grad.abs().max() > 0 for value in net.parameters())


def test_a_few_steps_learn_to_lower_the_level_of_the_upper_bands():
    net, mel = seeded(Mel2MelConfig(channels=4, blocks=1, residual=True)).train(), mels(32)
    target = mel.clone()
    target[:, 64:] -= 6
    optimiser = torch.optim.Adam(net.parameters(), 1e-2)
    costs = []
    for _ in range(30):
        loss = (net(mel) - target).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        costs.append(loss.item())
    assert costs[-1] < 0.6 * costs[0]


def test_instances_of_a_batch_do_not_mix():
    net, mel = seeded(TINY), mels(16)
    torch.testing.assert_close(net(mel)[1:], net(mel[1:]))


def test_normalising_there_and_back_changes_nothing():
    scale, mel = MelScale(), mels(8)
    normalised = scale.normalise(mel)
    assert abs(normalised.mean().item()) < 0.1
    assert normalised.std().item() == pytest.approx(1, abs=0.1)
    torch.testing.assert_close(scale.restore(normalised), mel)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: Mel2MelConfig(channels=0), "give at least 1"),
        (lambda: Mel2MelConfig(blocks=-1), "-1 blocks"),
        (lambda: Mel2MelConfig(mel=MelConfig(n_mels=126)), "126 mel bands"),
        (lambda: MelScale(deviation=0.0), "above 0"),
    ],
)
def test_impossible_sizes_are_named(wrong, message):
    with pytest.raises(ConfigError, match=message):
        wrong()


def test_the_exported_graph_equals_the_network_at_other_lengths(tmp_path):
    net = seeded(TINY)
    run = exported(net, {"mel": mels(20, batch=1)}, {"mel": 2, "enhanced": 2}, ["enhanced"], tmp_path / "net.onnx")
    for frames in (1, 3, 64, 65):
        mel = mels(frames, batch=1)
        torch.testing.assert_close(net(mel), run(mel=mel)[0], atol=1e-3, rtol=1e-3)


def by_the_text(net, mel):
    """Paper 1, section 4.2, written out again; even the residual form is a plain sum."""

    def norm(x):
        return (x - x.mean((2, 3), keepdim=True)) / (x.var((2, 3), keepdim=True, unbiased=False) + 1e-5).sqrt()

    def mirrored(x):
        return functional.pad(x, (3, 3, 3, 3), mode="reflect")

    weights = [value for name, value in net.named_parameters() if name.endswith("weight")]
    seven, halve, halve_again, first, second, double, double_again, last = weights
    x = functional.conv2d(mirrored((mel[:, None] + 4) / 6), seven)
    x = functional.relu(norm(x))
    for kernel in (halve, halve_again):
        x = functional.relu(norm(functional.conv2d(x, kernel, stride=2, padding=1)))
    y = functional.relu(norm(functional.conv2d(x, first, padding=1)))
    x = x + norm(functional.conv2d(y, second, padding=1))
    for kernel in (double, double_again):
        x = functional.relu(norm(functional.conv_transpose2d(x, kernel, stride=2, padding=1, output_padding=1)))
    change = functional.conv2d(mirrored(x), last, net.leave[1].bias)[:, 0]
    return mel + 6 * change if net.config.residual else 6 * change - 4


@pytest.mark.parametrize("residual", [False, True])
def test_the_network_is_the_one_of_the_text(residual):
    net, mel = seeded(Mel2MelConfig(channels=4, blocks=1, residual=residual)), mels(16)
    torch.testing.assert_close(net(mel), by_the_text(net, mel), atol=1e-4, rtol=1e-4)
