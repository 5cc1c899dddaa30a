"""Mel2Mel: translates the log-mel spectrogram of a poor recording into that of a good one.

The generator of paper 1 (Kandpal, Nieto, Jin, "Music Enhancement via Image Translation and Vocoding", ICASSP 2022,
sections 3.3 and 4.2), a residual image-to-image network in the manner of Johnson et al., "Perceptual losses for
real-time style transfer", ECCV 2016: two convolutions halve the picture, residual blocks work on the small one, two
transposed convolutions bring it back. Its discriminator is in `goodtake.models.patch_discriminator`.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from goodtake.dsp.mel import MelConfig
from goodtake.errors import ConfigError
from goodtake.models.mel_scale import MelScale

STRIDE = 4
"""Mel bands and frames are worked on in fours: two halvings."""


@dataclass(frozen=True)
class Mel2MelConfig:
    """Sizes of the generator; the defaults are paper 1's, 4,282,497 parameters.

    Args:
        channels: after the first layer; doubled at each of the two downsamplings.
        blocks: residual blocks at the coarse scale: 3 in the paper's text, 9 in the authors' code.
        residual: predict what is to be added to the input, instead of the output itself. Instance normalisation
            forgets the level of its input, so the residual form alone keeps the level of any take; paper 1 has no such
            term, and a recipe that wants the paper's says False.
        mel: the spectrogram it was trained on; parts that are joined must agree.
        scale: range of its inner values.

    Raises:
        ConfigError: a size is impossible.
    """

    channels: int = 64
    blocks: int = 3
    residual: bool = False
    mel: MelConfig = field(default_factory=MelConfig)
    scale: MelScale = field(default_factory=MelScale)

    def __post_init__(self) -> None:
        if self.channels < 1 or self.blocks < 0:
            raise ConfigError(f"mel2mel of {self.channels} channels and {self.blocks} blocks: give at least 1 and 0")
        if self.mel.n_mels % STRIDE:
            raise ConfigError(f"mel2mel with {self.mel.n_mels} mel bands: give a multiple of {STRIDE}")

    @property
    def context_frames(self) -> int:
        """Frames to either side that the convolutions reach; instance normalisation hears the whole window."""
        # 3 for the first layer; 1, then 2, for the halvings; 2 layers of 4 for each block; 2, then 1, for the way
        # back; 3 for the last layer.
        return 3 + 1 + 2 + 8 * self.blocks + 2 + 1 + 3


class Mel2Mel(nn.Module):
    """Low-quality log-mel spectrogram into a high-quality one, through a network that sees normalised values.

    Biases are left out where instance normalisation would take them away again.

    Shape:
        (batch, mel, frame) -> (batch, mel, frame), any number of frames from one on; log2 mel power
    """

    def __init__(self, config: Mel2MelConfig) -> None:
        super().__init__()
        self.config = config
        c = config.channels
        self.enter = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(1, c, 7, bias=False), nn.InstanceNorm2d(c), _relu())
        self.down = nn.Sequential(_halve(c, 2 * c), _halve(2 * c, 4 * c))
        self.blocks = nn.Sequential(*(ResidualBlock(4 * c) for _ in range(config.blocks)))
        self.up = nn.Sequential(_double(4 * c, 2 * c), _double(2 * c, c))
        self.leave = nn.Sequential(nn.ReflectionPad2d(3), nn.Conv2d(c, 1, 7))
        if config.residual:  # begin near "change nothing"
            with torch.no_grad():
                self.leave[1].weight.mul_(0.1)  # type: ignore[operator]
                self.leave[1].bias.zero_()  # type: ignore[operator]

    def forward(self, mel: Tensor) -> Tensor:
        """Returns the enhanced spectrogram; the last frame is repeated up to a multiple of four, and cut off again."""
        frames = mel.shape[-1]
        padded = nn.functional.pad(mel, (0, -frames % STRIDE), mode="replicate")
        return self.translate(padded)[..., :frames]

    def translate(self, mel: Tensor) -> Tensor:
        """Returns the enhanced spectrogram of a multiple of four frames; the part that is exported.

        Shape:
            (batch, mel, 4 n) -> (batch, mel, 4 n)
        """
        normalised = self.config.scale.normalise(mel)
        change = self.leave(self.up(self.blocks(self.down(self.enter(normalised[:, None])))))[:, 0]
        return self.config.scale.restore(normalised + change if self.config.residual else change)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with instance normalisation, added to the input (He et al., CVPR 2016, figure 2).

    Shape:
        (batch, channels, mel, frame) -> the same
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.InstanceNorm2d(channels),
            _relu(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.InstanceNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Returns x plus the branch."""
        out: Tensor = x + self.branch(x)
        return out


def _halve(channels: int, wider: int) -> nn.Sequential:
    """Convolution of kernel 3 and stride 2: (batch, channels, mel, frame) -> (batch, wider, mel / 2, frame / 2)."""
    convolution = nn.Conv2d(channels, wider, 3, stride=2, padding=1, bias=False)
    return nn.Sequential(convolution, nn.InstanceNorm2d(wider), _relu())


def _double(channels: int, narrower: int) -> nn.Sequential:
    """Transposed convolution of kernel 3 and stride 2, the way back: ... -> (batch, narrower, 2 mel, 2 frame)."""
    convolution = nn.ConvTranspose2d(channels, narrower, 3, stride=2, padding=1, output_padding=1, bias=False)
    return nn.Sequential(convolution, nn.InstanceNorm2d(narrower), _relu())


def _relu() -> nn.ReLU:
    return nn.ReLU(inplace=True)
