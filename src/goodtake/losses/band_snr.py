"""Frequency-weighted segmental signal-to-noise ratio as a loss, in mel bands.

The shape of Hu & Loizou, "Evaluation of objective quality measures for speech enhancement", IEEE TASLP 16 (2008),
eq. 8-9, over all of 0 to 8 kHz instead of their 25 bands. Use it beside log-magnitude losses: those care for weak bins,
this one for the bands that carry the music.
"""

import torch
from torch import Tensor

from goodtake.dsp.bands import band_matrix
from goodtake.dsp.stft import FrameGrid
from goodtake.dsp_torch import stft
from goodtake.losses.spectral import magnitude, unit_rms

N_FFT = 512
BANDS = 40
LOWEST_DB, HIGHEST_DB = -10.0, 35.0
WEIGHT_EXPONENT = 0.2


def band_snr_loss(estimate: Tensor, reference: Tensor) -> Tensor:
    """Returns 0 for equal waves and 1 where the mean ratio is 0 dB.

    With X and Y the band magnitudes of reference and estimate, both at unit rms, the ratio of a band in a frame is
    10 log10(X^2 / (X - Y)^2), clipped to -10..35 dB and weighted by X^0.2; the loss is 1 - mean / 35 dB.

    Shape:
        (batch, time) twice -> ()
    """
    grid = FrameGrid(N_FFT, N_FFT // 4)
    bands = torch.from_numpy(band_matrix(BANDS, grid.n_bins, 16_000 / N_FFT)).to(reference)
    ours = bands @ magnitude(stft(unit_rms(estimate), grid))
    theirs = bands @ magnitude(stft(unit_rms(reference), grid))
    ratio = (theirs**2 + 1e-8) / ((theirs - ours) ** 2 + 1e-8)
    ratio_db = (10 * torch.log10(ratio)).clamp(LOWEST_DB, HIGHEST_DB)
    weights = theirs**WEIGHT_EXPONENT
    per_frame = (weights * ratio_db).sum(1) / weights.sum(1)
    return 1 - per_frame.mean() / HIGHEST_DB
