"""The noise loss and the L1 distance of waves."""

import numpy as np
import pytest
import torch
from torch import nn

from goodtake.diffusion.schedule import linear_schedule
from goodtake.errors import ConfigError
from goodtake.losses.diffusion import draw_steps, noise_losses, step_chances
from goodtake.losses.waveform import waveform_l1
from goodtake.models.diffwave import DiffWave, DiffWaveConfig
from goodtake.training.schemes import ChainConfig

SCHEDULE = linear_schedule()
TINY = DiffWaveConfig(layers=3, channels=4, cycle=2, step_hidden=8)


def waves(seed=0, batch=3, length=512):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(batch, length, generator=generator) for _ in range(2)]


class Perfect(nn.Module):
    """Knows the clean wave, and so the noise."""

    def forward(self, noisy, step, condition):
        kept = torch.from_numpy(SCHEDULE.alpha_bars)[step.long()][:, None]
        return ((noisy - kept.sqrt() * condition) / (1 - kept).sqrt()).float()


class Deaf(nn.Module):
    """Always hears silence."""

    def forward(self, noisy, step, condition):
        return torch.zeros_like(noisy)


def test_perfect_prediction_costs_nothing_and_none_at_all_costs_the_noises_power():
    wave, noise = waves()
    step = torch.tensor([1, 25, 50])
    assert noise_losses(Perfect(), wave, wave, SCHEDULE, step, noise)["noise"].item() == pytest.approx(0, abs=1e-8)
    silent = noise_losses(Deaf(), wave, wave, SCHEDULE, step, noise)["noise"].item()
    assert silent == pytest.approx(noise.square().mean().item())


def test_each_item_has_the_noise_of_its_own_step():
    heard = {}

    class Listens(nn.Module):
        def forward(self, noisy, step, condition):
            heard.update(noisy=noisy, step=step)
            return noisy

    wave, noise = waves()
    noise_losses(Listens(), wave, wave, SCHEDULE, torch.tensor([1, 25, 50]), noise)["noise"]
    for item, step in enumerate((1, 25, 50)):
        wanted = SCHEDULE.add_noise(wave[item].numpy(), noise[item].numpy(), step)
        torch.testing.assert_close(heard["noisy"][item], torch.from_numpy(wanted))
    assert heard["step"].tolist() == [1, 25, 50]


def test_the_gradient_reaches_network_and_spectrogram():
    torch.manual_seed(0)
    net, (wave, noise) = DiffWave(TINY), waves()
    nn.init.normal_(net.denoiser.leave.weight)  # it begins at zero, where nothing before it learns
    mel = torch.randn(3, 128, 3, requires_grad=True)
    noise_losses(net, wave, mel, SCHEDULE, torch.tensor([5, 9, 40]), noise)["noise"].backward()
    assert mel.grad.abs().max() > 0
    unused = {f"denoiser.layers.2.leave.{kind}" for kind in ("weight", "bias")}  # half: the last layer's way on
    for name, value in net.named_parameters():
        assert value.grad is not None, name
        assert value.grad.abs().max() > 0, name
        if name in unused:
            assert value.grad[: TINY.channels].abs().max() == 0


def test_training_lowers_the_loss():
    torch.manual_seed(0)
    net, (wave, noise) = DiffWave(TINY), waves()
    optimiser = torch.optim.Adam(net.parameters(), 1e-2)
    mel, step, costs = torch.zeros(3, 128, 2), torch.tensor([40, 45, 50]), []
    for _ in range(60):
        loss = noise_losses(net, wave * 0.1, mel, SCHEDULE, step, noise)["noise"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        costs.append(loss.item())
    assert costs[0] == pytest.approx(noise.square().mean().item(), rel=0.2)
    assert costs[-1] < 0.3 * costs[0]


def test_steps_are_drawn_evenly_from_one_to_the_last():
    drawn = draw_steps(20_000, SCHEDULE, torch.Generator().manual_seed(0))
    counts = torch.bincount(drawn, minlength=51)
    assert counts[0] == 0
    assert len(counts) == 51
    assert counts[1:].min() > 300
    again = draw_steps(20_000, SCHEDULE, torch.Generator().manual_seed(0))
    assert torch.equal(drawn, again)


def test_each_step_is_equally_likely_for_each_item_and_a_batch_hears_of_all():
    generator = torch.Generator().manual_seed(1)
    drawn = torch.stack([draw_steps(5, SCHEDULE, generator) for _ in range(5_000)])
    assert (drawn.min(), drawn.max()) == (1, 50)
    for item in drawn.T:
        counts = torch.bincount(item, minlength=51)[1:]
        assert 60 < counts.min() < counts.max() < 145  # 100 expected, of deviation 10
    gaps = drawn.sort(1).values.diff(dim=1)
    assert (gaps == 10).all()


def test_steps_drawn_by_octaves_hear_every_octave_of_noise_alike():
    chances = step_chances(SCHEDULE, "octaves")
    assert chances.sum() == pytest.approx(1)
    octaves = np.log2(1 / SCHEDULE.alpha_bars[1:] - 1) / 2  # of noise over signal
    reach = (octaves[2:] - octaves[:-2]) / 2  # from half way to the step before to half way to the next
    np.testing.assert_allclose(chances[1:-1] / chances[1], reach / reach[0])
    assert 0.5 < chances[:5].sum() < 0.6
    drawn = draw_steps(50_000, SCHEDULE, torch.Generator().manual_seed(0), "octaves")
    np.testing.assert_allclose(torch.bincount(drawn, minlength=51)[1:] / 50_000, chances, atol=1e-4)


def test_an_unknown_spread_of_steps_is_named():
    with pytest.raises(ConfigError, match="even or octaves"):
        draw_steps(2, SCHEDULE, torch.Generator(), "thirds")
    with pytest.raises(ConfigError, match="even or octaves"):
        ChainConfig(noise_steps="thirds")


@pytest.mark.parametrize("step", [0, 51])
def test_steps_outside_of_the_schedule_are_named(step):
    wave, noise = waves(batch=1)
    with pytest.raises(ConfigError, match="steps from 1 to 50"):
        noise_losses(Deaf(), wave, wave, SCHEDULE, torch.tensor([step]), noise)["noise"]


def test_waveform_distance_by_hand():
    estimate = torch.tensor([[1.0, -1.0, 0.0, 0.0]], requires_grad=True)
    loss = waveform_l1(estimate, torch.tensor([[0.0, 1.0, 0.0, 1.0]]))
    assert loss.item() == pytest.approx(1.0)
    loss.backward()
    assert estimate.grad.tolist() == [[0.25, -0.25, 0.0, -0.25]]
