"""Tells real pairs of spectrograms from generated ones, patch by patch.

The discriminator of paper 1 (Kandpal, Nieto, Jin, ICASSP 2022, sections 3.3 and 4.2) after Isola et al.,
"Image-to-image translation with conditional adversarial networks", CVPR 2017, section 3.2.2: it looks at the degraded
spectrogram beside the candidate, and gives one logit for every patch of 46 bands by 46 frames, 8 apart.
"""

from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor, cat, nn

from goodtake.errors import ConfigError

PATCH = 46
"""Bands, and frames, that one logit sees: 4, 10, 22 after the three blocks, plus 3 times 8 for the last layer."""

LEAST_FRAMES = 16
"""With fewer, the last layer has nothing to look at."""


@dataclass(frozen=True)
class PatchDiscriminatorConfig:
    """Sizes of the discriminator; the defaults give 661,505 parameters.

    Args:
        channels: of the first of the three blocks; doubled by each further one.

    Raises:
        ConfigError: a size is impossible.
    """

    channels: int = 64

    def __post_init__(self) -> None:
        if self.channels < 1:
            raise ConfigError(f"discriminator of {self.channels} channels: give at least 1")


class PatchDiscriminator(nn.Module):
    """Blocks of a 4x4 convolution of stride 2, instance normalisation and LeakyReLU 0.2, then a bare 4x4 convolution.

    Shape:
        degraded (batch, mel, frame), candidate (batch, mel, frame), both normalised
        -> logits (batch, mel // 8 - 1, frame // 8 - 1)
    """

    def __init__(self, config: PatchDiscriminatorConfig) -> None:
        super().__init__()
        self.config = config
        widths = (2, config.channels, 2 * config.channels, 4 * config.channels)
        layers: list[nn.Module] = []
        for narrow, wide in pairwise(widths):
            layers += [nn.Conv2d(narrow, wide, 4, stride=2, padding=1, bias=False), nn.InstanceNorm2d(wide)]
            layers.append(nn.LeakyReLU(0.2))
        self.layers = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 4, padding=1))

    def forward(self, degraded: Tensor, candidate: Tensor) -> Tensor:
        """Returns a logit for each patch: near 1 for real candidates, near 0 for generated ones.

        Raises:
            ConfigError: there are fewer than 16 bands or frames.
        """
        if min(degraded.shape[1:]) < LEAST_FRAMES:
            raise ConfigError(
                f"spectrogram of {degraded.shape[1]} bands and {degraded.shape[2]} frames: "
                f"the discriminator needs at least {LEAST_FRAMES} of each, so train on longer crops"
            )
        pair = cat([degraded[:, None], candidate[:, None]], 1)  # (batch, 2, mel, frame)
        logits: Tensor = self.layers(pair)[:, 0]
        return logits
