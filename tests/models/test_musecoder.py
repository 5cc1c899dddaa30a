"""The ISTFT musecoder: size, reach, envelope, phase conventions, and both of its forms learning a tone."""

import math

import numpy as np
import pytest
import torch
from exporting import exported

from goodtake.dsp.mel import MelConfig, log_mel, mel_filterbank
from goodtake.dsp_torch import istft, stft
from goodtake.errors import ConfigError
from goodtake.models.musecoder import Musecoder, MusecoderConfig, log_amplitude

TINY = MusecoderConfig(dim=16, hidden=24, dilations=(1, 2))
TINY_GUIDED = MusecoderConfig(phase="guided", dim=16, hidden=24, dilations=(1, 2))
GRID = MelConfig().grid


def seeded(config, seed=0):
    torch.manual_seed(seed)
    return Musecoder(config).eval()


def tones(length=8192, level=0.3):
    time = np.arange(length) / 16_000
    return (level * np.stack([np.sin(2 * np.pi * f * time + 0.7) for f in (440, 1234.5)])).astype(np.float32)


def mel_of(wave):
    return torch.from_numpy(log_mel(wave, MelConfig()))


def inputs(frames, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return 6 * torch.randn(2, 128, frames, generator=generator) - 4, torch.randn(2, 513, frames, generator=generator)


@pytest.mark.parametrize(("phase", "parameters"), [("own", 5_735_939), ("guided", 6_885_059)])
def test_parameters(phase, parameters):
    block = 7 * 320 + 320 + 2 * 320 + 2 * 320 * 960 + 960 + 320 + 320
    planes = 128 + 513 * (phase == "guided")
    by_hand = 7 * planes * 320 + 320 + 640 + 8 * block + 640 + 320 * 3 * 513 + 3 * 513
    counted = sum(value.numel() for value in Musecoder(MusecoderConfig(phase=phase)).parameters())
    assert counted == by_hand == parameters
    assert 4e6 < counted < 8e6


@pytest.mark.parametrize("frames", [1, 7, 50])
def test_magnitude_is_bounded_and_phase_is_a_unit_vector(frames):
    mel, guide = inputs(frames)
    for config in (TINY, TINY_GUIDED):
        net = seeded(config)
        magnitude, phase = net(100 * mel, 100 * guide if config.guided else None)
        assert magnitude.shape == (2, 513, frames)
        assert phase.shape == (2, 2, 513, frames)
        assert torch.isfinite(magnitude).all()
        assert ((magnitude - net.envelope(100 * mel)).abs() <= 7 + 1e-5).all()
        torch.testing.assert_close((phase**2).sum(1), torch.ones(2, 513, frames), atol=0.05, rtol=0)


@pytest.mark.parametrize("config", [TINY, TINY_GUIDED])
def test_a_frame_depends_on_its_context_and_on_nothing_beyond(config):
    net, reach = seeded(config), config.context_frames
    assert reach == 12
    mel, guide = inputs(2 * reach + 9)
    changed = mel.clone()
    changed[..., 0] += 1
    extra = (guide,) if config.guided else ()
    with torch.no_grad():
        moved = (net(mel, *extra)[1] - net(changed, *extra)[1]).abs().amax((0, 1, 2))
    assert moved[reach + 1 :].max() == 0
    assert moved[reach] > 0


def test_the_default_context():
    assert MusecoderConfig().context_frames == 42


def test_the_envelope_of_a_flat_spectrum_is_flat_at_its_height():
    bank_sums = torch.from_numpy(np.asarray(log_mel_of_flat(0.25), np.float32))
    envelope = seeded(TINY).envelope(bank_sums)
    torch.testing.assert_close(envelope, torch.full((1, 513, 3), math.log(0.25)), atol=1e-3, rtol=0)


def log_mel_of_flat(amplitude):
    power = mel_filterbank(MelConfig()) @ np.full((513, 3), amplitude**2)
    return np.log2(power)[None]


def test_the_envelope_of_noise_is_the_noises_own_within_a_decibel():
    wave = np.random.default_rng(0).standard_normal((1, 64_000)).astype(np.float32)
    truth = torch.log((stft(torch.from_numpy(wave), GRID).abs() ** 2).mean(-1)) / 2
    envelope = torch.log((seeded(TINY).envelope(mel_of(wave)) * 2).exp().mean(-1)) / 2
    assert (truth - envelope)[:, 8:-8].abs().mean() < 0.12


@pytest.mark.parametrize("config", [TINY, TINY_GUIDED])
def test_twice_the_level_in_is_twice_the_level_out_before_training(config):
    net, wave = seeded(config), tones()
    with torch.no_grad():
        net.leave.weight.zero_()
        net.leave.bias[513:1026] = 1
        quiet, loud = (
            net.synthesise(
                mel_of(gain * wave), 8192, stft(torch.from_numpy(gain * wave), GRID) if config.guided else None
            )
            for gain in (1.0, 2.0)
        )
    torch.testing.assert_close(loud, 2 * quiet, atol=2e-2 * float(loud.abs().max()), rtol=0)


def test_own_phase_zero_is_an_impulse_at_the_centre_of_the_frame():
    net = seeded(TINY)
    spectrum = net.carrier(None, 9).clone()
    spectrum[..., [0, 1, 2, 3, 5, 6, 7, 8]] = 0
    wave = istft(spectrum, GRID, 2048)[0]
    assert int(wave.abs().argmax()) == 4 * GRID.hop_length
    assert wave[4 * GRID.hop_length] > 0


def test_guided_begins_with_the_recordings_own_phase():
    net, wave = seeded(TINY_GUIDED), torch.from_numpy(tones())
    recording = stft(wave, GRID)
    with torch.no_grad():
        net.leave.weight.zero_()
        out = net.synthesise(mel_of(tones()), 8192, recording)
    correlation = (out * wave).sum(-1) / (out.norm(dim=-1) * wave.norm(dim=-1))
    assert correlation.min() > 0.8


def test_guided_silence_is_finite():
    net = seeded(TINY_GUIDED)
    silence = torch.zeros(1, 4096)
    out = net.synthesise(mel_of(silence.numpy()), 4096, stft(silence, GRID))
    assert torch.isfinite(out).all()
    assert out.abs().max() < 1e-2


@pytest.mark.parametrize("config", [TINY, TINY_GUIDED])
def test_half_precision_changes_little(config):
    net, wave = seeded(config), tones()
    recording = stft(torch.from_numpy(wave), GRID) if config.guided else None
    whole = net.synthesise(mel_of(wave), 8192, recording)
    with torch.autocast("cpu", torch.bfloat16):
        half = net.synthesise(mel_of(wave), 8192, recording)
    assert half.dtype == torch.float32
    assert (half - whole).norm() < 0.15 * whole.norm()


def test_the_guide_changes_the_magnitude():
    net, (mel, guide) = seeded(TINY_GUIDED), inputs(9)
    assert (net(mel, guide)[0] - net(mel, guide + 1)[0]).abs().max() > 1e-4


@pytest.mark.parametrize("config", [TINY, TINY_GUIDED])
def test_training_lowers_the_distance_to_a_tone(config):
    net, wave = seeded(config).train(), torch.from_numpy(tones())
    noisy = wave + 0.05 * torch.randn(wave.shape, generator=torch.Generator().manual_seed(0))
    recording = stft(noisy, GRID) if config.guided else None
    mel, target = mel_of(wave.numpy()), stft(wave, GRID).abs()
    optimiser = torch.optim.Adam(net.parameters(), 1e-2)
    costs = []
    for _ in range(25):
        out = net.synthesise(mel, 8192, recording)
        loss = (torch.log(stft(out, GRID).abs() + 0.02) - torch.log(target + 0.02)).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        costs.append(loss.item())
    assert all(value.grad is not None and value.grad.abs().max() > 0 for value in net.parameters())
    assert costs[-1] < 0.7 * costs[0]


def test_the_guide_follows_the_form():
    mel, guide = inputs(4)
    with pytest.raises(ConfigError, match="no guide"):
        seeded(TINY_GUIDED)(mel)
    with pytest.raises(ConfigError, match="a guide"):
        seeded(TINY)(mel, guide)


def test_log_amplitude_has_a_floor():
    assert log_amplitude(torch.zeros(1, dtype=torch.complex64)).item() == pytest.approx(math.log(1e-3))


@pytest.mark.parametrize("wrong", [{"phase": "borrowed"}, {"dim": 0}, {"dilations": (1, 0)}])
def test_impossible_values_are_named(wrong):
    with pytest.raises(ConfigError, match="musecoder"):
        MusecoderConfig(**wrong)


@pytest.mark.parametrize("config", [TINY, TINY_GUIDED])
def test_the_exported_graph_equals_the_network_at_other_lengths(config, tmp_path):
    net = seeded(config)

    def named(frames):
        mel, guide = (value[:1] for value in inputs(frames))
        return {"mel": mel, "guide": guide} if config.guided else {"mel": mel}

    axes = {**dict.fromkeys(named(1), 2), "magnitude": 2, "phase": 3}
    run = exported(net, named(20), axes, ["magnitude", "phase"], tmp_path / "net.onnx")
    for frames in (1, 9, 61):
        for ours, theirs in zip(net(*named(frames).values()), run(**named(frames)), strict=True):
            torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


def test_the_guide_is_read_as_its_height_above_the_envelope():
    net, mel = seeded(TINY_GUIDED), inputs(5)[0]
    read = []
    net.enter.register_forward_hook(lambda _, given, __: read.append(given[0]))
    net(mel, net.envelope(mel) + torch.linspace(-9, 5, 513)[:, None])
    torch.testing.assert_close(read[0][:, :128], (mel + 4) / 6)
    wanted = torch.linspace(-9, 5, 513).clamp(-8, 8) / 2.5
    torch.testing.assert_close(read[0][:, 128:], wanted[:, None].expand(2, -1, 5), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("config", [TINY, TINY_GUIDED])
def test_magnitude_and_phase_become_the_spectrum_they_say(config):
    net, wave = seeded(config), torch.from_numpy(tones())
    recording = stft(wave, GRID) if config.guided else None
    mel = mel_of(wave.numpy())
    magnitude, phase = net(mel, log_amplitude(recording) if config.guided else None)
    angle = torch.atan2(phase[:, 1], phase[:, 0])
    angle = angle + (recording.angle() if config.guided else torch.pi * torch.arange(513)[:, None])
    wanted = istft(torch.polar(magnitude.exp(), angle), GRID, 8192)
    torch.testing.assert_close(
        net.synthesise(mel, 8192, recording), wanted, atol=1e-3 * wanted.abs().max().item(), rtol=0
    )
