"""One training step of the high net, on full-band pairs, beside a studio engine that stays as it is."""

import torch
from torch import Tensor

from goodtake.dsp.bands import LOG_FLOOR, N_BINS
from goodtake.dsp.high import HIGH_EDGES_HZ, bridge_matrix, high_matrix
from goodtake.dsp.stft import FrameGrid
from goodtake.dsp_torch import stft
from goodtake.models.enhancer import StudioEngine, long_term_statistics, take_level
from goodtake.models.high import HighNet, high_features
from goodtake.training.pairs import Batch
from goodtake.training.recipe import DataConfig

DOUBTFUL_HZ = 15_800.0
DOUBTFUL_WEIGHT = 0.3
"""Most real recordings at hand were coded to 16 to 19 kHz: what they lack above that is no example to follow."""


def high_losses(
    net: HighNet, engine: StudioEngine, batch: Batch, data: DataConfig, bfloat16: bool
) -> dict[str, Tensor]:
    """Returns "high": the L1 distance of ln band levels above 8 kHz from the clean ones, nats.

    Both sides are levelled by what lies below 8 kHz: the clean half by itself, the enhanced one by the engine's output,
    so that the upper part joins on to the lower without a step.
    """
    grid = FrameGrid.for_rate(data.sample_rate)
    clean, degraded = batch.clean.flatten(0, 1), batch.degraded.flatten(0, 1)  # (batch, time)
    crop_frames = round(data.crop_seconds * data.sample_rate) // grid.hop_length + 1
    first = batch.crop // grid.hop_length
    frames = slice(first, first + crop_frames)
    clean_spectrum, degraded_spectrum = stft(clean, grid) / grid.n_fft, stft(degraded, grid) / grid.n_fft
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        enhanced = engine(degraded_spectrum[:, :N_BINS], frames)
    level = take_level(degraded_spectrum[:, :N_BINS])[:, None, None]
    to_high = torch.from_numpy(high_matrix(grid, data.sample_rate))
    to_bridge = torch.from_numpy(bridge_matrix())
    high = log_band_level(degraded_spectrum[:, N_BINS:], to_high, level)
    bridge = log_band_level(degraded_spectrum[:, :N_BINS, frames], to_bridge, level)
    present = (to_high.sum(1) > 0).float()
    features = high_features(
        bridge, to_bridge @ enhanced.log_gain.float(), high[..., frames], long_term_statistics(high), present
    )
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        gain = net(features)
    lower = enhanced.spectrum
    change = torch.log(take_level(lower)[:, None, None] / level)  # how much the engine changed the level below 8 kHz
    wanted = log_band_level(
        clean_spectrum[:, N_BINS:, frames], to_high, take_level(clean_spectrum[:, :N_BINS, frames])[:, None, None]
    )
    doubt = torch.tensor([DOUBTFUL_WEIGHT if edge >= DOUBTFUL_HZ else 1.0 for edge in HIGH_EDGES_HZ[:-1]])
    weights = present * doubt
    distance = (
        torch.logaddexp(high[..., frames] + gain - change, torch.tensor(-9.2))
        - torch.logaddexp(wanted, torch.tensor(-9.2))
    ).abs()
    return {"high": (distance.mean((0, 2)) * weights).sum() / weights.sum()}


def log_band_level(spectrum: Tensor, matrix: Tensor, level: Tensor) -> Tensor:
    """Returns ln rms amplitude of bands at unit level: (batch, bin, frame) -> (batch, band, frame)."""
    power = (spectrum.real**2 + spectrum.imag**2) / level**2
    return 0.5 * torch.log(matrix @ power.float() + LOG_FLOOR**2)
