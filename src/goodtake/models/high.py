"""The high net: carries the studio net's decision above 8 kHz.

Light, because little is to be decided there: it reads the level of twelve bands against their long-term levels, and
what the studio net does from 4 to 8 kHz, and writes a bounded gain for each band.
"""

from dataclasses import dataclass

from torch import Tensor, cat, nn, tanh

from goodtake.dsp.bands import PERCENTILES
from goodtake.dsp.high import N_BRIDGE, N_HIGH
from goodtake.models.convnext import ConvNeXtBlock

MAX_LOG_GAIN = 7.0
FEATURES = 2 * N_BRIDGE + N_HIGH * (3 + len(PERCENTILES))
"""Bridge levels and gains; high levels, contrasts to mean and percentiles, and which bands there are."""


@dataclass(frozen=True)
class HighConfig:
    """Sizes of the high net: channels, bottleneck, one block for each dilation."""

    dim: int = 96
    hidden: int = 288
    dilations: tuple[int, ...] = (1, 2)


class HighNet(nn.Module):
    """Features of a frame into gains of the high bands.

    Shape:
        (batch, FEATURES, frame) -> log gain (batch, N_HIGH, frame), nats
    """

    def __init__(self, config: HighConfig) -> None:
        super().__init__()
        self.config = config
        self.enter = nn.Conv1d(FEATURES, config.dim, 3, padding=1)
        self.blocks = nn.ModuleList(ConvNeXtBlock(config.dim, config.hidden, d) for d in config.dilations)
        self.leave = nn.Conv1d(config.dim, N_HIGH, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Returns bounded log gains."""
        x = self.enter(features)
        for block in self.blocks:
            x = block(x)
        gain: Tensor = MAX_LOG_GAIN * tanh(self.leave(x).float() / MAX_LOG_GAIN)
        return gain


def high_features(bridge: Tensor, bridge_gain: Tensor, high: Tensor, statistics: Tensor, present: Tensor) -> Tensor:
    """Puts the high net's input together; the NumPy twin is in `goodtake.enhancement.studio`.

    Args:
        bridge: ln amplitude of the bands from 4 to 8 kHz at unit take level: (batch, N_BRIDGE, frame).
        bridge_gain: mean log gain of the studio net there: the same shape.
        high: ln amplitude of the high bands at unit take level: (batch, N_HIGH, frame).
        statistics: mean and percentiles of `high` over the take: (batch, N_HIGH, 1 + len(PERCENTILES)).
        present: 1 for bands below the Nyquist frequency, else 0: (N_HIGH,).

    Shape:
        -> (batch, FEATURES, frame)
    """
    contrast = (high[..., None] - statistics[:, :, None, :]).permute(0, 3, 1, 2)  # (batch, statistic, band, frame)
    there = present[None, :, None].expand_as(high)
    planes = [bridge / 2.5 + 2, bridge_gain / 2.5, high / 2.5 + 2, contrast.flatten(1, 2) / 2.5, there]
    return cat(planes, 1)
