"""One training step of the studio engine, or of its take net alone: pairs in, named losses out."""

import numpy as np
import torch
from torch import Tensor

from goodtake.dsp.bands import LOG_FLOOR, N_BINS
from goodtake.dsp.stft import FrameGrid
from goodtake.dsp_torch import istft, stft
from goodtake.losses.band_snr import band_snr_loss
from goodtake.losses.spectral import magnitude, spectral_losses
from goodtake.models.enhancer import StudioEngine, correction_target, take_level
from goodtake.models.take import TakeEstimate, band_statistics
from goodtake.training.pairs import Batch
from goodtake.training.recipe import DataConfig

JITTER_FACTOR = (0.6, 1.1)
JITTER_NATS = 0.2
NO_COLOUR_SHARE = 0.1


def studio_losses(engine: StudioEngine, batch: Batch, data: DataConfig, bfloat16: bool) -> dict[str, Tensor]:
    """Returns the losses of one batch, by the names that recipes weigh them with.

    "log_magnitude", "convergence", "complex", "bands" and "band_snr" compare the enhanced crop with the clean one
    (`goodtake.losses`); "colour" is the L1 distance of the corrected long-term spectrum in nats, and "facts"
    that of signal-to-noise ratio, direct-to-reverberant ratio, decay time and distance.
    """
    grid = FrameGrid.for_rate(data.sample_rate)
    device = next(engine.parameters()).device
    clean, degraded = batch.clean.to(device).flatten(0, 1), batch.degraded.to(device).flatten(0, 1)  # (batch, time)
    clean_spectrum = stft(clean, grid)[:, :N_BINS] / grid.n_fft
    degraded_spectrum = stft(degraded, grid)[:, :N_BINS] / grid.n_fft
    crop_samples = round(data.crop_seconds * data.sample_rate)
    first = batch.crop // grid.hop_length
    frames = slice(first, first + crop_samples // grid.hop_length + 1)
    jitter = colour_jitter(batch.seed, len(clean), engine.config.take.n_bands).to(device)

    with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
        enhanced = engine(degraded_spectrum, frames, jitter)

    estimate = istft(enhanced.spectrum.to(torch.complex64), grid, crop_samples)
    reference = clean[:, batch.crop : batch.crop + crop_samples]
    losses = spectral_losses(estimate, reference)
    losses["band_snr"] = band_snr_loss(estimate, reference)
    return losses | _estimate_losses(engine, enhanced.take, degraded_spectrum, clean_spectrum, batch.facts.to(device))


def take_losses(engine: StudioEngine, batch: Batch, data: DataConfig, bfloat16: bool) -> dict[str, Tensor]:
    """Returns "colour" and "facts" alone: a tenth of the work of `studio_losses`, so that many more takes are heard."""
    grid = FrameGrid.for_rate(data.sample_rate)
    device = next(engine.parameters()).device
    clean_spectrum = stft(batch.clean.to(device).flatten(0, 1), grid)[:, :N_BINS] / grid.n_fft
    degraded_spectrum = stft(batch.degraded.to(device).flatten(0, 1), grid)[:, :N_BINS] / grid.n_fft
    with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
        bands = engine.log_bands(degraded_spectrum.abs() / take_level(degraded_spectrum)[:, None, None])
        take = engine.take(bands, band_statistics(bands))
    return _estimate_losses(engine, take, degraded_spectrum, clean_spectrum, batch.facts.to(device))


def _estimate_losses(
    engine: StudioEngine, take: TakeEstimate, degraded: Tensor, clean: Tensor, room_and_noise: Tensor
) -> dict[str, Tensor]:
    """Compares what the take net says with the truth: spectra (batch, bin, frame), facts of each pair (pair, 3)."""
    channels = len(clean) // len(room_and_noise)
    facts = torch.cat([room_and_noise.repeat_interleave(channels, 0), _distance(degraded, clean)[:, None]], 1)
    target = correction_target(degraded, clean, engine.to_bands)
    return {
        "colour": (take.correction.float() - target).abs().mean(),
        "facts": (take.facts.float() - facts).abs().mean(),
    }


def colour_jitter(seed: int, batch: int, n_bands: int) -> Tensor:
    """Draws a factor and a smooth offset per item for the colour correction: (2, batch, n_bands).

    A tenth of the items gets no correction at all.
    """
    rng = np.random.default_rng(seed)
    factor = rng.uniform(*JITTER_FACTOR, (batch, 1)) * (rng.uniform(size=(batch, 1)) >= NO_COLOUR_SHARE)
    points = rng.standard_normal((batch, 9)) * JITTER_NATS
    places = np.linspace(0, 8, n_bands)
    offset = np.stack([np.interp(places, np.arange(9), row) for row in points])
    return torch.from_numpy(np.stack([np.broadcast_to(factor, offset.shape), offset]).astype(np.float32))


def _distance(degraded: Tensor, clean: Tensor) -> Tensor:
    """Returns the mean distance of log magnitudes at unit level, nats: two (batch, bin, frame) -> (batch,)."""
    floor = 100 * LOG_FLOOR

    def log(spectrum: Tensor) -> Tensor:
        return torch.log(magnitude(spectrum / take_level(spectrum)[:, None, None]) + floor)

    return (log(degraded) - log(clean)).abs().mean((1, 2))
