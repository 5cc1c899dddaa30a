"""The waveform U-Net: Demucs with its LSTM, the generator form without it."""

import doctest

import pytest
import torch
from exporting import exported
from torch import nn
from torch.nn import functional

from goodtake.errors import ConfigError
from goodtake.losses.waveform import waveform_l1
from goodtake.models import unet
from goodtake.models.unet import BidirectionalLSTM, WaveUNet, WaveUNetConfig

TINY = WaveUNetConfig(channels=4, depth=3, lstm_layers=1)
TINY_GENERATOR = WaveUNetConfig(channels=4, depth=3, lstm_layers=0)


def seeded(config):
    torch.manual_seed(0)
    return WaveUNet(config).eval()


def waves(samples, batch=2, channels=1, seed=0):
    return 0.3 * torch.randn(batch, channels, samples, generator=torch.Generator().manual_seed(seed))


def count_by_hand(channels, lstm_layers):
    total, narrow = 0, 1
    for layer in range(6):
        wide = channels * 2**layer
        total += narrow * wide * 8 + wide + wide * 2 * wide + 2 * wide  # down
        total += wide * 2 * wide * 3 + 2 * wide + wide * narrow * 8 + narrow  # back
        narrow = wide
    for layer in range(lstm_layers):
        entering = narrow if layer == 0 else 2 * narrow
        total += 2 * 4 * (narrow * entering + narrow * narrow + 2 * narrow)
    return total + (2 * narrow * narrow + narrow if lstm_layers else 0)


@pytest.mark.parametrize(
    ("channels", "lstm_layers", "parameters"),
    [
        (64, 2, 265_675_393),
        (64, 0, 89_447_041),
        (32, 2, 66_441_537),
        (32, 0, 22_367_553),
        (16, 2, 16_621_729),
        (16, 0, 5_594_785),
        (8, 2, 4_161_105),
        (8, 0, 1_400_145),
    ],
)
def test_parameters(channels, lstm_layers, parameters):
    with torch.device("meta"):
        net = WaveUNet(WaveUNetConfig(channels=channels, lstm_layers=lstm_layers))
    assert sum(value.numel() for value in net.parameters()) == count_by_hand(channels, lstm_layers) == parameters


@pytest.mark.parametrize("config", [TINY, TINY_GENERATOR])
@pytest.mark.parametrize("samples", [1, 147, 148, 149, 1009])
def test_any_length_and_any_channels_come_back(config, samples):
    out = seeded(config)(waves(samples, channels=2))
    assert out.shape == (2, 2, samples)
    assert torch.isfinite(out).all()


def test_padded_lengths_are_divided_without_a_rest():
    for samples in (1, 148, 149, 1009):
        length = TINY.padded_length(samples)
        assert length >= samples
        assert TINY.padded_length(length) == length
        assert seeded(TINY).translate(waves(length)).shape[-1] == length
    assert TINY.padded_length(149) == 212
    assert doctest.testmod(unet).failed == 0


def test_channels_are_worked_on_one_by_one():
    net, wave = seeded(TINY), waves(500, channels=2)
    apart = torch.cat([net(wave[:, :1]), net(wave[:, 1:])], 1)
    torch.testing.assert_close(net(wave), apart)


def seen_by(net, place, samples):
    wave = waves(samples).requires_grad_()
    (gradient,) = torch.autograd.grad(net(wave)[0, 0, place], wave)
    assert gradient[1].abs().max() == 0
    return gradient[0, 0].nonzero().flatten()


def test_the_generator_sees_its_receptive_field():
    net = seeded(TINY_GENERATOR)
    for part in list(net.modules()):  # linear: only the reach of the kernels is left
        for name, child in part.named_children():
            if isinstance(child, nn.ReLU):
                setattr(part, name, nn.Identity())
    spans = [seen_by(net, 2000 + offset, 4000) for offset in range(64)]
    assert max(int(seen.max() - seen.min()) + 1 for seen in spans) == TINY_GENERATOR.receptive_field


def test_the_lstm_hears_everything_before_and_after():
    net, samples = seeded(TINY), 4000
    seen = seen_by(net, 2000, samples)
    assert TINY.receptive_field < samples / 4
    assert seen.min() < 148
    assert seen.max() > samples - 148


def test_the_generator_is_the_same_network_without_the_middle():
    names = {name for name, _ in seeded(TINY).named_parameters()}
    assert isinstance(seeded(TINY).middle, BidirectionalLSTM)
    assert {name for name in names if not name.startswith("middle.")} == {
        name for name, _ in seeded(TINY_GENERATOR).named_parameters()
    }


def test_skips_join_layers_of_one_scale():
    net = seeded(TINY_GENERATOR)
    with torch.no_grad():
        for value in net.encoder[1].parameters():  # nothing passes the second layer: the outermost skip is left
            value.zero_()
        for decode in net.decoder[:2]:
            for value in decode.parameters():
                value.zero_()
    quiet, loud = net(waves(500)), net(waves(500, seed=1))
    assert (quiet - loud).abs().max() > 1e-4


def test_first_weights_are_drawn_towards_the_reference():
    plain = seeded(WaveUNetConfig(channels=16, lstm_layers=0, depth=4, rescale=0.0))
    scaled = seeded(WaveUNetConfig(channels=16, lstm_layers=0, depth=4, rescale=0.1))
    for before, after in zip(plain.parameters(), scaled.parameters(), strict=True):
        if before.ndim == 3:
            wanted = before * (0.1 / before.std()) ** 0.5
            torch.testing.assert_close(after, wanted)


def test_training_with_l1_lowers_the_noise():
    net = seeded(WaveUNetConfig(channels=8, depth=2, lstm_layers=1)).train()
    time = torch.arange(2000) / 16_000
    clean = 0.5 * torch.sin(2 * torch.pi * torch.tensor([220.0, 330.0])[:, None] * time)[:, None]
    noisy = clean + waves(2000) / 2
    optimiser = torch.optim.Adam(net.parameters(), 3e-3)
    for _ in range(60):
        loss = waveform_l1(net(noisy), clean)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert all(value.grad is not None and value.grad.abs().max() > 0 for value in net.parameters())
    assert loss < 0.6 * waveform_l1(noisy, clean)


@pytest.mark.parametrize("config", [TINY, TINY_GENERATOR])
def test_the_exported_graph_equals_the_network_at_other_lengths(config, tmp_path):
    net = seeded(config)

    class Inner(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self, wave):
            return self.net.translate(wave)

    example = waves(config.padded_length(400), batch=1)
    run = exported(Inner(), {"wave": example}, {"wave": 2, "enhanced": 2}, ["enhanced"], tmp_path / "net.onnx")
    for samples in (148, 1009):
        wave = waves(config.padded_length(samples), batch=1)
        torch.testing.assert_close(net.translate(wave), run(wave=wave)[0], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    "wrong", [{"channels": 0}, {"lstm_layers": -1}, {"context": 2}, {"kernel": 3}, {"rescale": -0.1}]
)
def test_impossible_sizes_are_named(wrong):
    with pytest.raises(ConfigError, match="U-Net"):
        WaveUNetConfig(**wrong)


def test_the_network_is_the_one_of_the_paper():
    net = seeded(WaveUNetConfig(channels=4, depth=2, lstm_layers=0))
    wave = waves(net.config.padded_length(200))

    def gated(x):
        return x[:, : x.shape[1] // 2] * torch.sigmoid(x[:, x.shape[1] // 2 :])

    values = [(part.weight, part.bias) for part in net.modules() if isinstance(part, nn.Conv1d | nn.ConvTranspose1d)]
    down, wide, down_again, wide_again, near, up, near_again, up_again = values
    fine = gated(functional.conv1d(functional.conv1d(wave, *down, stride=4).relu(), *wide))
    coarse = gated(functional.conv1d(functional.conv1d(fine, *down_again, stride=4).relu(), *wide_again))
    back = functional.conv_transpose1d(gated(functional.conv1d(2 * coarse, *near, padding=1)), *up, stride=4).relu()
    back = gated(functional.conv1d(back + fine, *near_again, padding=1))
    torch.testing.assert_close(net(wave), functional.conv_transpose1d(back, *up_again, stride=4))
