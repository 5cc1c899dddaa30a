"""The take net: hears a stretch of a recording and tells what is wrong with it as a whole.

Guessing the clean long-term spectrum right is worth more than everything else an enhancer does, and it is a small
problem of its own: whole-stretch statistics in, 64 numbers out. The same net tells the signal-to-noise ratio, the
direct-to-reverberant ratio, the decay time and how far the recording is from its clean self. A long take is heard in
several stretches, whose answers are averaged.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from goodtake.dsp.bands import QUANTILES
from goodtake.models.convnext import ConvNeXtBlock


@dataclass(frozen=True)
class TakeConfig:
    """Sizes of the take net.

    Args:
        n_bands: mel bands over 0 to 8 kHz.
        dim: channels of the frame path.
        blocks: ConvNeXt blocks of the frame path.
        hidden: width of the head.
    """

    n_bands: int = 64
    dim: int = 160
    blocks: int = 3
    hidden: int = 256


class TakeEstimate(NamedTuple):
    """What the take net says, one row per item of the batch.

    Args:
        correction: clean minus degraded long-term spectrum, nats of amplitude, mean removed: (batch, n_bands).
        facts: signal-to-noise ratio / 10 dB, direct-to-reverberant ratio / 10 dB, ln of the decay time in seconds,
            and mean distance of the log magnitudes from the clean ones, nats: (batch, 4).
    """

    correction: Tensor
    facts: Tensor


class TakeNet(nn.Module):
    """Statistics and an attention pool over frames, into the corrected long-term spectrum and four facts.

    Shape:
        log band amplitudes (batch, n_bands, frame), their statistics (batch, n_bands, 8)
        -> correction (batch, n_bands), facts (batch, 4)
    """

    def __init__(self, config: TakeConfig) -> None:
        super().__init__()
        self.config = config
        self.enter = nn.Conv1d(config.n_bands, config.dim, 3, padding=1)
        self.blocks = nn.ModuleList(ConvNeXtBlock(config.dim, 3 * config.dim, 2**i) for i in range(config.blocks))
        self.attention = nn.Conv1d(config.dim, 1, 1)
        statistics = config.n_bands * (len(QUANTILES) + 3)
        self.head = nn.Sequential(
            nn.Linear(statistics + config.dim, config.hidden),
            nn.GELU(approximate="tanh"),
            nn.Linear(config.hidden, config.hidden),
            nn.GELU(approximate="tanh"),
            nn.Linear(config.hidden, config.n_bands + 4),
        )

    def forward(self, bands: Tensor, statistics: Tensor) -> TakeEstimate:
        """Listens to ln band amplitude at unit level and `band_statistics` of it."""
        x = self.enter(bands / 2.5)
        for block in self.blocks:
            x = block(x)
        weights = torch.softmax(self.attention(x), dim=-1)  # (batch, 1, frame)
        pooled = (weights * x).sum(-1)  # (batch, dim)
        out = self.head(torch.cat([statistics.flatten(1) / 2.5, pooled], dim=1))
        correction = out[:, : self.config.n_bands]
        return TakeEstimate(correction - correction.mean(1, keepdim=True), out[:, self.config.n_bands :])


def band_statistics(bands: Tensor) -> Tensor:
    """Returns the long-term statistics of each band: mean, root mean square level, five quantiles, mean flux.

    Quantiles are sorted frames, without interpolation; the NumPy twin is in `goodtake.enhancement.hearing`.

    Shape:
        (batch, n_bands, frame) -> (batch, n_bands, 8)
    """
    frames = bands.shape[-1]
    ordered = torch.sort(bands, dim=-1).values
    places = [min(frames - 1, int(quantile * frames)) for quantile in QUANTILES]
    loud = 0.5 * torch.log(torch.mean(torch.exp(2 * bands), dim=-1) + 1e-12)
    flux = (bands[..., 1:] - bands[..., :-1]).abs().mean(-1) if frames > 1 else torch.zeros_like(loud)
    return torch.stack([bands.mean(-1), loud, flux, *(ordered[..., place] for place in places)], dim=-1)
