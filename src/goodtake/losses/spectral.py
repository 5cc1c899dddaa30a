"""Distances of spectrograms at several resolutions.

Multi-resolution log magnitudes and spectral convergence after Yamamoto et al., "Parallel WaveGAN", ICASSP 2020,
eq. 5-7; the compressed complex distance after Wilson et al., "Exploring tradeoffs in models for low-latency speech
enhancement", 2018. Waves are compared at unit rms, because a listener sets the level.
"""

import torch
from torch import Tensor

from goodtake.dsp.bands import band_matrix
from goodtake.dsp.stft import FrameGrid
from goodtake.dsp_torch import stft

RESOLUTIONS = (512, 1024, 2048)
MAGNITUDE_FLOOR = 2e-3
COMPRESSION = 0.3
CONVERGENCE_CEILING = 4.0
LOSS_BANDS = 80


def spectral_losses(estimate: Tensor, reference: Tensor) -> dict[str, Tensor]:
    """Returns the distances of two batches of waves, each averaged over the batch.

    Args:
        estimate: (batch, time).
        reference: (batch, time).

    Returns:
        "log_magnitude": mean over resolutions of the L1 distance of ln magnitudes, floor 2e-3, bins weighted half flat
            and half 1/k, so that the low octaves, which have few bins, count;
        "convergence": mean over resolutions of the relative squared error, at most 4;
        "complex": squared distance of the complex spectra compressed to the power 0.3, at 1024;
        "bands": L1 distance of ln amplitude in 80 mel bands at 1024.
    """
    estimate, reference = unit_rms(estimate), unit_rms(reference)
    log_magnitude, convergence = [], []
    losses: dict[str, Tensor] = {}
    for n_fft in RESOLUTIONS:
        grid = FrameGrid(n_fft, n_fft // 4)
        ours, theirs = stft(estimate, grid), stft(reference, grid)
        ours_magnitude, theirs_magnitude = magnitude(ours), magnitude(theirs)
        distance = (_log(ours_magnitude) - _log(theirs_magnitude)).abs()
        log_magnitude.append((distance.mean(-1) * bin_weights(grid.n_bins, distance.device)).sum(-1).mean())
        error = ((ours_magnitude - theirs_magnitude) ** 2).sum((1, 2)) / ((theirs_magnitude**2).sum((1, 2)) + 1e-6)
        convergence.append(error.clamp(max=CONVERGENCE_CEILING).mean())
        if n_fft == 1024:
            compressed = ours * ours_magnitude ** (COMPRESSION - 1) - theirs * theirs_magnitude ** (COMPRESSION - 1)
            losses["complex"] = (compressed.real**2 + compressed.imag**2).mean()
            losses["bands"] = _band_distance(ours_magnitude, theirs_magnitude)
    losses["log_magnitude"] = torch.stack(log_magnitude).mean()
    losses["convergence"] = torch.stack(convergence).mean()
    return losses


def unit_rms(wave: Tensor) -> Tensor:
    """Scales each wave of (batch, time) to an rms of one."""
    return wave / torch.sqrt((wave**2).mean(-1, keepdim=True) + 1e-8)


def magnitude(spectrum: Tensor) -> Tensor:
    """Returns the absolute value with a gradient that stays finite at zero."""
    return torch.sqrt(spectrum.real**2 + spectrum.imag**2 + 1e-8)


def bin_weights(n_bins: int, device: torch.device) -> Tensor:
    """Returns weights over bins that sum to one: half flat, half falling as 1/k from 1 to 1/8: (n_bins,)."""
    falling = 1 / torch.linspace(1, 8, n_bins, device=device)
    return 0.5 / n_bins + 0.5 * falling / falling.sum()


def _log(values: Tensor) -> Tensor:
    return torch.log(values + MAGNITUDE_FLOOR)


def _band_distance(ours: Tensor, theirs: Tensor) -> Tensor:
    bands = torch.from_numpy(band_matrix(LOSS_BANDS, ours.shape[1])).to(ours)  # (band, bin)
    floor = MAGNITUDE_FLOOR**2
    return 0.5 * (torch.log(bands @ ours**2 + floor) - torch.log(bands @ theirs**2 + floor)).abs().mean()
