"""The studio net: rebuilds the spectrogram of a take frame by frame, at the take's own rate.

It reads log magnitudes of 0 to 8 kHz on a grid of 64 ms windows and 16 ms hops, which is the same at every sample
rate, set against the long-term level of each bin over the whole take, and writes a bounded gain and a phase rotation
for every bin. Two strided convolutions over time and frequency share what they learn across pitch; ConvNeXt blocks
over frames see a second to either side; their answer returns through the same two scales.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from goodtake.dsp.bands import N_BINS, PERCENTILES
from goodtake.models.convnext import ConvNeXtBlock
from goodtake.models.take import TakeConfig

MAX_LOG_GAIN = 7.0
"""Bound of the net's gain either way: 7 nats are 61 dB."""

STATISTICS = 1 + len(PERCENTILES)
"""Long-term values per bin: mean and percentiles of ln magnitude."""


@dataclass(frozen=True)
class StudioConfig:
    """Sizes of the studio net.

    Args:
        dim: channels of the frame blocks.
        hidden: bottleneck of the frame blocks.
        dilations: one block each.
        fine: channels at half the frequency resolution.
        coarse: channels at an eighth.
        take: sizes of the take net beside it.
    """

    dim: int = 320
    hidden: int = 880
    dilations: tuple[int, ...] = (1, 2, 4, 8, 2, 1)
    fine: int = 16
    coarse: int = 32
    take: TakeConfig = field(default_factory=TakeConfig)

    @property
    def context_frames(self) -> int:
        """Frames to either side that one output frame depends on."""
        return 3 * sum(self.dilations) + 4


class StudioNet(nn.Module):
    """Log magnitudes and long-term statistics into gains and rotations.

    Shape:
        magnitude (batch, N_BINS, frame): ln amplitude at unit take level, colour corrected
        statistics (batch, N_BINS, STATISTICS): of the same, over the whole take
        colour (batch, N_BINS): the correction already applied, nats
        facts (batch, 4): of the take net
        -> log gain (batch, N_BINS, frame), rotation (batch, 2, N_BINS, frame), a unit vector (cosine, sine)
    """

    def __init__(self, config: StudioConfig) -> None:
        super().__init__()
        self.config = config
        coarse_bins = 65
        self.fine_in = nn.Conv2d(2 + STATISTICS, config.fine, (7, 3), stride=(2, 1), padding=(3, 1))
        self.coarse_in = nn.Conv2d(config.fine, config.coarse, (5, 3), stride=(4, 1), padding=(2, 1))
        self.enter = nn.Linear(coarse_bins * config.coarse, config.dim)
        self.context = nn.Linear(coarse_bins * (STATISTICS + 1) + 4, config.dim)
        self.enter_norm = nn.LayerNorm(config.dim)
        self.blocks = nn.ModuleList(ConvNeXtBlock(config.dim, config.hidden, d) for d in config.dilations)
        self.leave_norm = nn.LayerNorm(config.dim)
        self.leave = nn.Linear(config.dim, coarse_bins * config.coarse)
        self.coarse_out = nn.Conv2d(config.coarse, 4 * config.fine, (3, 3), padding=(1, 1))
        self.fine_out = nn.Conv2d(config.fine, 2 * 3, (5, 3), padding=(2, 1))
        with torch.no_grad():
            self.fine_out.weight *= 0.1
            self.fine_out.bias.zero_()  # type: ignore[union-attr]

    def forward(self, magnitude: Tensor, statistics: Tensor, colour: Tensor, facts: Tensor) -> tuple[Tensor, Tensor]:
        """Returns log gain and rotation; the gain does not contain the colour correction."""
        batch, _, frames = magnitude.shape
        contrast = magnitude[..., None] - statistics[:, :, None, :]  # (batch, bin, frame, statistic)
        planes = [magnitude[:, None] / 2.5 + 2, contrast.permute(0, 3, 1, 2) / 2.5]
        planes.append((colour / 2.5)[:, None, :, None].expand(-1, 1, -1, frames))
        fine = nn.functional.gelu(self.fine_in(torch.cat(planes, 1)), approximate="tanh")  # (batch, fine, 257, frame)
        coarse = nn.functional.gelu(self.coarse_in(fine), approximate="tanh")  # (batch, coarse, 65, frame)
        x = self.enter(coarse.flatten(1, 2).transpose(1, 2))  # (batch, frame, dim)
        x = self.enter_norm(x + self.context(self._summary(statistics, colour, facts))[:, None]).transpose(1, 2)
        for block in self.blocks:
            x = block(x)
        x = self.leave(self.leave_norm(x.transpose(1, 2))).transpose(1, 2)  # (batch, coarse * 65, frame)
        x = nn.functional.gelu(coarse + x.reshape(batch, self.config.coarse, 65, frames), approximate="tanh")
        x = _spread(self.coarse_out(x), 4)[:, :, :257]
        x = _spread(self.fine_out(nn.functional.gelu(fine + x, approximate="tanh")), 2)[:, :, :N_BINS]
        gain, rotation = x[:, 0].float(), x[:, 1:].float()
        rotation = torch.cat([1 + rotation[:, :1], rotation[:, 1:]], 1)
        rotation = rotation / torch.sqrt((rotation**2).sum(1, keepdim=True) + 1e-6)
        return MAX_LOG_GAIN * torch.tanh(gain / MAX_LOG_GAIN), rotation

    def _summary(self, statistics: Tensor, colour: Tensor, facts: Tensor) -> Tensor:
        """Pools the per-bin values eight by eight: -> (batch, 65 * (STATISTICS + 1) + 4)."""
        values = torch.cat([statistics, colour[..., None]], -1).transpose(1, 2)  # (batch, value, bin)
        padded = nn.functional.pad(values, (0, 65 * 8 - N_BINS), mode="replicate")
        pooled = padded.reshape(*values.shape[:2], 65, 8).mean(-1) / 2.5
        return torch.cat([pooled.flatten(1), facts], 1)


def _spread(x: Tensor, factor: int) -> Tensor:
    """Turns channels into frequency: (batch, factor * channel, freq, frame) -> (.., channel, factor * freq, frame)."""
    batch, channels, freq, frames = x.shape
    x = x.reshape(batch, channels // factor, factor, freq, frames).transpose(2, 3)
    return x.reshape(batch, channels // factor, factor * freq, frames)
