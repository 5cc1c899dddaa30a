"""The studio engine's nets: shapes, context, sizes, twins of the NumPy side."""

import numpy as np
import pytest
import torch

from goodtake.dsp.bands import N_BINS, band_interpolation, band_matrix
from goodtake.dsp.high import (
    N_HIGH,
    bridge_bands,
    bridge_matrix,
    high_bands,
    high_matrix,
    high_spread,
    spread_high,
)
from goodtake.dsp.mel import MelConfig, log_mel
from goodtake.dsp.stft import FrameGrid
from goodtake.dsp.stft import istft as numpy_istft
from goodtake.dsp.stft import stft as numpy_stft
from goodtake.dsp_torch import istft, stft
from goodtake.dsp_torch import log_mel as dsp_torch_log_mel
from goodtake.enhancement import hearing
from goodtake.models.enhancer import StudioEngine, correction_target, long_term_statistics, take_level
from goodtake.models.high import FEATURES, HighConfig, HighNet
from goodtake.models.studio import MAX_LOG_GAIN, STATISTICS, StudioConfig, StudioNet
from goodtake.models.take import TakeConfig, band_statistics

TINY = StudioConfig(dim=16, hidden=24, dilations=(1, 2), fine=4, coarse=4, take=TakeConfig(dim=16, blocks=1, hidden=16))


def inputs(frames, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (
        torch.randn(2, N_BINS, frames, generator=generator),
        torch.randn(2, N_BINS, STATISTICS, generator=generator),
        torch.randn(2, N_BINS, generator=generator),
        torch.randn(2, 4, generator=generator),
    )


@pytest.mark.parametrize("frames", [1, 7, 50])
def test_gain_is_bounded_and_rotation_is_a_unit_vector(frames):
    net = StudioNet(TINY)
    gain, rotation = net(*(100 * value for value in inputs(frames)))
    assert gain.shape == (2, N_BINS, frames)
    assert rotation.shape == (2, 2, N_BINS, frames)
    assert gain.abs().max() <= MAX_LOG_GAIN
    # a vector that happens to be short is kept from dividing by zero, and so ends a little shorter
    torch.testing.assert_close((rotation**2).sum(1), torch.ones(2, N_BINS, frames), atol=0.05, rtol=0)


def test_a_frame_depends_on_its_context_and_on_nothing_beyond():
    net, reach = StudioNet(TINY).eval(), TINY.context_frames
    magnitude, *rest = inputs(2 * reach + 41)
    changed = magnitude.clone()
    changed[..., 0] += 1
    with torch.no_grad():
        moved = (net(magnitude, *rest)[0] - net(changed, *rest)[0]).abs().amax((0, 1))
    assert moved[reach + 1 :].max() == 0
    assert moved[0] > 0


def test_the_default_engine_fits_its_twelve_megabytes_in_half_precision():
    weights = sum(
        value.numel() for net in (StudioEngine(StudioConfig()), HighNet(HighConfig())) for value in net.parameters()
    )
    assert 2 * weights < 12e6


def test_high_net_is_bounded():
    gain = HighNet(HighConfig())(1000 * torch.randn(2, FEATURES, 9))
    assert gain.shape == (2, N_HIGH, 9)
    assert gain.abs().max() <= MAX_LOG_GAIN


@pytest.mark.parametrize("length", [900, 16000])
def test_torch_and_numpy_transforms_are_twins(length):
    wave = np.random.default_rng(0).standard_normal((2, length)).astype(np.float32)
    grid = FrameGrid()
    ours, theirs = stft(torch.from_numpy(wave), grid), numpy_stft(wave, grid)
    np.testing.assert_allclose(ours.numpy(), theirs, atol=2e-4)
    if length > grid.n_fft:
        np.testing.assert_allclose(istft(ours, grid, length).numpy(), numpy_istft(theirs, grid, length), atol=1e-5)


def test_hearing_has_the_statistics_the_nets_were_trained_on():
    rng = np.random.default_rng(0)
    wave = (rng.standard_normal(16000 * 6) * np.repeat(rng.uniform(0.05, 1, 60), 1600)).astype(np.float32)
    grid = FrameGrid()
    spectrum = numpy_stft(wave[None], grid)
    ear = hearing.Hearing(10_000, grid, 16_000)
    power = np.abs(spectrum) ** 2
    for start in range(0, power.shape[2], 50):
        ear.feed(power[..., start : start + 50])
    ear.finish()

    torch_spectrum = torch.from_numpy(spectrum) / grid.n_fft
    level = take_level(torch_spectrum)
    assert ear.level == pytest.approx(level.item(), rel=1e-4)
    magnitude = torch.log(torch_spectrum.abs() / level[:, None, None] + 1e-5)
    np.testing.assert_allclose(ear.bins.statistics(ear.level), long_term_statistics(magnitude)[0], atol=0.05)

    engine = StudioEngine(TINY)
    bands = engine.log_bands(torch_spectrum.abs() / level[:, None, None])
    own = hearing.log_bands(ear.stretches[0], ear.level, TINY.take.n_bands)
    np.testing.assert_allclose(own, bands[0], atol=1e-3)
    np.testing.assert_allclose(hearing.band_statistics(own), band_statistics(bands)[0], atol=1e-3)


def test_bands_pass_a_flat_spectrum_and_interpolate_a_flat_curve():
    np.testing.assert_allclose(band_matrix(64).sum(1), 1, rtol=1e-5)
    np.testing.assert_allclose(band_interpolation(64) @ np.ones(64, np.float32), 1, rtol=1e-5)


def test_correction_target_is_the_filter_that_was_applied():
    """A clip tilted by a known curve is told to tilt back by it, mean removed."""
    rng = torch.Generator().manual_seed(1)
    clean = torch.randn(1, N_BINS, 400, generator=rng, dtype=torch.complex64)
    curve = torch.linspace(-1, 1, N_BINS)
    target = correction_target(clean * torch.exp(curve)[None, :, None], clean, torch.from_numpy(band_matrix(64)))
    expected = -(torch.from_numpy(band_matrix(64)) @ curve)
    torch.testing.assert_close(target[0], expected - expected.mean(), atol=0.12, rtol=0)


def test_engine_reads_the_whole_stretch_but_writes_the_crop():
    engine = StudioEngine(TINY)
    spectrum = torch.randn(2, N_BINS, 60, dtype=torch.complex64)
    enhanced = engine(spectrum, slice(10, 30))
    assert enhanced.spectrum.shape == (2, N_BINS, 20)
    assert enhanced.take.correction.shape == (2, 64)
    torch.testing.assert_close(enhanced.take.correction.mean(1), torch.zeros(2), atol=1e-5, rtol=0)
    louder = engine(10 * spectrum, slice(10, 30))
    torch.testing.assert_close(louder.spectrum, 10 * enhanced.spectrum, rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("sample_rate", [22_050, 44_100, 48_000, 192_000])
def test_bands_above_8_khz_are_the_same_as_means_and_as_matrices(sample_rate):
    grid = FrameGrid.for_rate(sample_rate)
    rng = np.random.default_rng(0)
    power = rng.uniform(size=(grid.n_bins - N_BINS, 5)).astype(np.float32)
    np.testing.assert_allclose(high_bands(power, grid, sample_rate), high_matrix(grid, sample_rate) @ power, atol=1e-5)
    values = rng.uniform(size=(N_HIGH, 5)).astype(np.float32)
    np.testing.assert_allclose(
        spread_high(values, grid, sample_rate), high_spread(grid, sample_rate) @ values, atol=1e-5
    )
    bins = rng.uniform(size=(N_BINS, 5)).astype(np.float32)
    np.testing.assert_allclose(bridge_bands(bins), bridge_matrix() @ bins, atol=1e-5)


def test_log_mel_equals_its_twin():
    wave = np.random.default_rng(3).standard_normal((2, 5000)).astype(np.float32)
    wave[1, 2000:4500] = 0  # the floor
    ours = dsp_torch_log_mel(torch.from_numpy(wave), MelConfig())
    np.testing.assert_allclose(ours.numpy(), log_mel(wave, MelConfig()), atol=2e-3)
