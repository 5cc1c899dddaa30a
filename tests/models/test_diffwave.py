"""DiffWave: size, receptive field, the cached conditioner, and exported graphs."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from exporting import exported
from torch import nn
from torch.nn import functional

from goodtake.dsp.mel import MelConfig
from goodtake.errors import ConfigError
from goodtake.models.diffwave import DiffWave, DiffWaveConfig
from goodtake.models.diffwave_cached import CachedDenoiser
from goodtake.models.diffwave_rows import upsampled_rows

TINY = DiffWaveConfig(layers=4, channels=4, cycle=3, step_hidden=8)
FORMS = pytest.mark.parametrize(
    "config", [TINY, replace(TINY, preconditioned=True)], ids=["published", "preconditioned"]
)


def seeded(config=TINY):
    torch.manual_seed(0)
    net = DiffWave(config).eval()
    nn.init.normal_(net.denoiser.leave.weight)  # it begins at zero
    for upsample in net.conditioner.upsample:  # it begins with one of its three rows of taps
        upsample.reset_parameters()
    with torch.no_grad():  # all rectifiers open, so that few channels show the whole reach
        net.denoiser.enter.weight.mul_(0.1)
        net.denoiser.enter.bias.fill_(1)
        net.denoiser.skip.bias.fill_(10)
    return net


def inputs(frames=4, batch=2, seed=0):
    generator = torch.Generator().manual_seed(seed)
    noisy = torch.randn(batch, 256 * frames, generator=generator)
    mel = 6 * torch.randn(batch, 128, frames, generator=generator) - 4
    return noisy, torch.tensor([3.0, 41.5])[:batch], mel


@pytest.mark.parametrize(
    ("layers", "c", "bands", "parameters"), [(30, 64, 128, 2_804_291), (30, 64, 80, 2_619_971), (20, 32, 128, 989_891)]
)
def test_parameters_are_diffwave_bases(layers, c, bands, parameters):
    layer = (512 * c + c) + (c * 2 * c * 3 + 2 * c) + (bands * 2 * c + 2 * c) + (c * 2 * c + 2 * c)
    step = 128 * 512 + 512 + 512 * 512 + 512
    by_hand = 2 * c + step + 2 * (3 * 32 + 1) + layers * layer + (c * c + c) + (c + 1)
    with torch.device("meta"):
        config = DiffWaveConfig(layers=layers, channels=c, mel=MelConfig(n_mels=bands))
        counted = sum(p.numel() for p in DiffWave(config).parameters())
    assert counted == by_hand == parameters


def test_the_upsampler_begins_as_linear_interpolation():
    net = DiffWave(TINY)
    rows = upsampled_rows(net.conditioner, torch.full((1, 128, 5), 2.0))
    level = float(net.config.scale.normalise(torch.tensor(2.0)))
    assert level > 0  # the leaky ReLU lets it through as it is
    np.testing.assert_allclose(rows[0, 256:-256].detach().numpy(), level, rtol=1e-5)
    step = torch.cat([torch.full((1, 128, 3), 2.0), torch.full((1, 128, 3), 8.0)], 2)
    wave = upsampled_rows(net.conditioner, step)[0, :, 64].detach()
    assert (wave[256:-256].diff() > -1e-5).all()
    assert wave[2 * 256 + 20] < wave[3 * 256] < wave[4 * 256 - 20]


def test_the_spectrogram_counts_from_the_first_step_on():
    torch.manual_seed(0)
    net, (noisy, step, mel) = DiffWave(DiffWaveConfig(layers=4, channels=16)), inputs()
    nn.init.normal_(net.denoiser.leave.weight)
    told, other = net(noisy, step, mel), net(noisy, step, mel.flip(1))
    assert (told - other).std() > 0.1 * told.std()


def test_dilations_and_receptive_field():
    config = DiffWaveConfig()
    assert config.dilations == (1, 2, 4, 8, 16, 32, 64, 128, 256, 512) * 3
    assert config.receptive_field == 2 * 3 * 1023 + 1 == 6139
    assert config.context_frames == 13
    small = DiffWaveConfig(layers=20, channels=32)
    assert (small.receptive_field, small.context_frames) == (4093, 9)


@FORMS
def test_a_sample_sees_its_receptive_field_both_ways_and_nothing_beyond(config):
    net, (noisy, step, mel) = seeded(config), inputs()
    noisy.requires_grad_()
    (gradient,) = torch.autograd.grad(net(noisy, step, mel)[0, 500], noisy)
    seen = gradient[0].nonzero().flatten()
    reach = TINY.receptive_field // 2
    assert (int(seen.min()), int(seen.max())) == (500 - reach, 500 + reach)
    assert gradient[1].abs().max() == 0


@pytest.mark.parametrize(("layers", "cycle", "frames"), [(4, 3, 1), (6, 6, 1), (7, 7, 2), (9, 9, 3)])
def test_frames_reach_as_far_as_the_configuration_says(layers, cycle, frames):
    config = DiffWaveConfig(layers=layers, channels=4, cycle=cycle, step_hidden=8)
    net, (noisy, step, mel) = seeded(config).double(), (value.double() for value in inputs(frames=9))
    mel.requires_grad_()
    seen = set()
    for place in (4 * 256, 5 * 256 - 1):  # the ends of frame 4
        (gradient,) = torch.autograd.grad(net(noisy, step, mel)[0, place], mel)
        seen.update((gradient[0].abs().amax(0).nonzero().flatten() - 4).tolist())
    assert (-min(seen), max(seen)) == (frames, frames) == (config.context_frames,) * 2


@FORMS
def test_caching_the_conditioner_changes_nothing(config):
    net, (noisy, _, mel) = seeded(config).double(), (value.double() for value in inputs())
    cached = net.conditioner(mel)
    assert cached.shape == (2, 4 * 2 * 4, 1024)
    for number in (1.0, 17.25, 50.0):
        step = torch.full((2,), number, dtype=torch.float64)
        torch.testing.assert_close(
            net(noisy, step, mel), net.denoiser(noisy, step, cached), rtol=1e-12, atol=1e-12
        )  # training adds up in another order


@FORMS
def test_the_form_for_inference_gives_the_same_answers(config):
    net, (noisy, step, mel) = seeded(config), (given.double() for given in inputs(frames=9, batch=1))
    form = CachedDenoiser(net.denoiser).double()
    net.double()
    cached = net.conditioner(mel)
    expected = net.denoiser(noisy, step, cached)
    assert expected.std() > 0.05
    answer = form(noisy, step, *cached.chunk(2 * TINY.layers, 1))
    torch.testing.assert_close(answer, expected, rtol=1e-12, atol=1e-12)  # the ends of the wave too


@FORMS
def test_training_gives_the_gradients_of_the_two_halves(config):
    net, (noisy, step, mel) = seeded(replace(config, layers=12, cycle=11)).double(), (v.double() for v in inputs())
    mel.requires_grad_()  # mel2mel is trained through it
    wanted = [mel, *net.parameters()]
    with torch.no_grad():  # or the gates let too little through
        net.denoiser.leave.weight.mul_(0.1)
    ours = torch.autograd.grad(net(noisy, step, mel).square().sum(), wanted)
    theirs = torch.autograd.grad(net.denoiser(noisy, step, net.conditioner(mel)).square().sum(), wanted)
    for gradient, other in zip(ours, theirs, strict=True):
        assert other.abs().max() > 0
        torch.testing.assert_close(gradient, other, rtol=1e-9, atol=1e-9 * float(other.abs().max()))


def test_bfloat16_training_stays_near():
    net, (noisy, step, mel) = seeded(), inputs()
    wanted = net(noisy, step, mel)
    with torch.autocast("cpu", torch.bfloat16):
        told = net(noisy, step, mel)
    assert (told.float() - wanted).norm() < 0.02 * wanted.norm()


def test_each_layer_has_a_conditioner_of_its_own():
    net, (noisy, step, mel) = seeded(), inputs()
    cached = net.conditioner(mel).requires_grad_()
    (gradient,) = torch.autograd.grad(net.denoiser(noisy, step, cached).square().sum(), cached)
    assert (gradient.abs().amax((0, 2)) > 0).all()


def test_step_and_spectrogram_matter():
    net, (noisy, step, mel) = seeded(), inputs()
    told = net(noisy, step, mel)
    assert (net(noisy, step + 0.5, mel) - told).abs().max() > 1e-4
    assert (net(noisy, step, mel + 3) - told).abs().max() > 1e-4


def test_step_sines_by_hand():
    sines = seeded().denoiser.step_sines(torch.tensor([2.0]))
    assert sines.shape == (1, 128)
    frequency = 10 ** (4 * 5 / 63)
    assert sines[0, 0].item() == pytest.approx(math.sin(2))
    assert sines[0, 5].item() == pytest.approx(math.sin(2 * frequency), abs=1e-5)
    assert sines[0, 64 + 5].item() == pytest.approx(math.cos(2 * frequency), abs=1e-5)


def test_an_untrained_network_hears_no_noise():
    torch.manual_seed(0)
    net = DiffWave(TINY)
    told = net(*inputs())
    torch.testing.assert_close(told, net.denoiser.leave.bias.detach().expand_as(told))


def test_any_length_up_to_the_frames():
    net, (noisy, step, mel) = seeded(), inputs()
    for length in (1, 255, 700, 1024):
        assert net(noisy[:, :length], step, mel).shape == (2, length)
    with pytest.raises(ConfigError, match="1024 samples with mel frames for 768"):
        net(noisy, step, mel[..., :3])


@FORMS
def test_both_halves_export(config, tmp_path):
    net = seeded(config)
    conditioner = exported(
        net.conditioner, {"mel": inputs(3, 1)[2]}, {"mel": 2, "cached": 2}, ["cached"], tmp_path / "conditioner.onnx"
    )
    noisy, step, mel = inputs(3, 1)
    example = {"noisy": noisy, "step": step, "cached": net.conditioner(mel).detach()}
    axes = {"noisy": 1, "cached": 2, "noise": 1}
    denoiser = exported(net.denoiser, example, axes, ["noise"], tmp_path / "denoiser.onnx")
    noisy, step, mel = inputs(5, 1, seed=1)
    (cached,) = conditioner(mel=mel)
    torch.testing.assert_close(
        denoiser(noisy=noisy, step=step, cached=cached)[0], net(noisy, step, mel), atol=1e-4, rtol=1e-4
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: DiffWaveConfig(layers=0), "at least 1"),
        (lambda: DiffWaveConfig(mel=MelConfig(hop_length=200)), "hop of 200"),
        (lambda: DiffWaveConfig(level=0.0), "root mean square"),
    ],
)
def test_impossible_sizes_are_named(wrong, message):
    with pytest.raises(ConfigError, match=message):
        wrong()


def by_the_paper(net, noisy, step, mel):
    """DiffWave, section 3 and figure 2, written out again for one item."""
    values = {name: value.detach() for name, value in net.named_parameters()}

    def linear(name, x):
        return x @ values[f"{name}.weight"].T + values[f"{name}.bias"]

    def pointwise(name, x):
        return values[f"{name}.weight"][..., 0] @ x + values[f"{name}.bias"][:, None]

    x = (mel[None, None] + 4) / 6
    for number in (0, 1):
        kernel, bias = (values[f"conditioner.upsample.{number}.{kind}"] for kind in ("weight", "bias"))
        x = functional.conv_transpose2d(x, kernel, bias, stride=(1, 16), padding=(1, 8))
        x = torch.maximum(x, 0.4 * x)
    conditions = pointwise("conditioner.project", x[0, 0]).reshape(net.config.layers, -1, mel.shape[-1] * 256)
    angles = step * 10 ** (torch.arange(64) * 4 / 63)
    embedding = torch.cat([angles.sin(), angles.cos()])
    for name in ("denoiser.embed.0", "denoiser.embed.2"):
        embedding = linear(name, embedding)
        embedding = embedding * torch.sigmoid(embedding)
    x, skips = pointwise("denoiser.enter", noisy[None]).clamp_min(0), 0
    for index, dilation in enumerate(net.config.dilations):
        name = f"denoiser.layers.{index}"
        y = x + linear(f"{name}.step", embedding)[:, None]
        kernel, bias = values[f"{name}.dilated.weight"], values[f"{name}.dilated.bias"]
        y = functional.conv1d(y[None], kernel, bias, padding=dilation, dilation=dilation)[0] + conditions[index]
        y = pointwise(f"{name}.leave", y[: len(y) // 2].tanh() * y[len(y) // 2 :].sigmoid())
        x, skips = (x + y[: len(x)]) / 2**0.5, skips + y[len(x) :]
    return pointwise("denoiser.leave", pointwise("denoiser.skip", skips / net.config.layers**0.5).clamp_min(0))[0]


def test_the_network_is_the_one_of_the_paper():
    net, (noisy, step, mel) = seeded(), inputs(frames=2)
    told = net(noisy, step, mel)
    for item in (0, 1):
        wanted = by_the_paper(net, noisy[item], step[item], mel[item])
        torch.testing.assert_close(told[item], wanted, atol=1e-4, rtol=1e-4)
