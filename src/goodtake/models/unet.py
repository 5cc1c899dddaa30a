"""Waveform U-Net: strided convolutions down, transposed convolutions back, and skips between.

Défossez et al., "Music source separation in the waveform domain", 2019 (Demucs), sections 3.1 to 3.3 and figure 2. With
its two bidirectional LSTM layers it is the baseline of paper 1 (section 4.3); without them it is the generator of
paper 2 (Schaffer et al., "Music separation enhancement with generative modeling", ISMIR 2022, section 3). Here it maps
one waveform to one waveform.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from goodtake.errors import ConfigError


@dataclass(frozen=True)
class WaveUNetConfig:
    """Sizes of the U-Net; the defaults are Demucs's, 265,675,393 parameters.

    Args:
        channels: of the first layer.
        growth: factor of the channels from layer to layer.
        depth: layers on the way down, and back.
        kernel: of the strided convolutions, samples.
        stride: of the same.
        context: kernel of the convolution before each layer of the way back; odd.
        lstm_layers: bidirectional layers in the middle; 0 leaves them out.
        rescale: the deviation that first weights are drawn towards (section 3.3, "weight rescaling"); 0 leaves it out.

    Raises:
        ConfigError: a size is impossible.
    """

    channels: int = 64
    growth: int = 2
    depth: int = 6
    kernel: int = 8
    stride: int = 4
    context: int = 3
    lstm_layers: int = 2
    rescale: float = 0.1

    def __post_init__(self) -> None:
        if min(self.channels, self.growth, self.depth, self.kernel, self.stride, self.context) < 1:
            raise ConfigError(f"U-Net sizes {self}: give at least 1")
        if self.lstm_layers < 0 or self.rescale < 0:
            raise ConfigError(f"U-Net with {self.lstm_layers} LSTM layers, rescale {self.rescale}: give 0 or more")
        if self.context % 2 == 0 or self.kernel < self.stride:
            raise ConfigError(
                f"U-Net with context {self.context}, kernel {self.kernel} and stride {self.stride}: "
                "give an odd context, and a kernel that is not shorter than its stride"
            )

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels from the wave, 1, to the deepest layer: depth + 1 numbers."""
        return (1, *(self.channels * self.growth**layer for layer in range(self.depth)))

    def padded_length(self, samples: int) -> int:
        """Returns the least length, at least `samples`, that every layer divides without a rest.

        >>> WaveUNetConfig().padded_length(16_000)
        17748
        """
        length = samples
        for _ in range(self.depth):
            length = max(0, -(-(length - self.kernel) // self.stride)) + 1
        for _ in range(self.depth):
            length = (length - 1) * self.stride + self.kernel
        return length

    @property
    def receptive_field(self) -> int:
        """Samples that one output sample sees at most without LSTM layers; with them, all."""
        # Deepest first: a context kernel widens the view at its own scale; a transposed convolution lets an output look
        # at `neighbours` inputs; a strided one turns n outputs into (n - 1) * stride + kernel inputs.
        neighbours = -(-self.kernel // self.stride)
        seen = 1
        for _ in range(self.depth):  # the way back, read from the output inwards
            seen = -(-(seen - 1) // self.stride) + neighbours
            seen += self.context - 1
        for _ in range(self.depth):
            seen = (seen - 1) * self.stride + self.kernel
        return seen


class WaveUNet(nn.Module):
    """A waveform into a waveform of the same length.

    Shape:
        (batch, channel, time) -> (batch, channel, time); channels are worked on one by one
    """

    def __init__(self, config: WaveUNetConfig) -> None:
        super().__init__()
        self.config = config
        pairs = list(pairwise(config.widths))
        self.encoder = nn.ModuleList(EncoderLayer(config, narrow, wide) for narrow, wide in pairs)
        self.middle = BidirectionalLSTM(config.widths[-1], config.lstm_layers) if config.lstm_layers else nn.Identity()
        self.decoder = nn.ModuleList(
            DecoderLayer(config, wide, narrow, last=index == 0)
            for index, (narrow, wide) in reversed([*enumerate(pairs)])
        )
        if config.rescale:
            rescale_weights(self, config.rescale)

    def forward(self, wave: Tensor) -> Tensor:
        """Returns the enhanced wave; zeros are added behind it up to `padded_length`, and cut off again."""
        batch, channels, samples = wave.shape
        missing = self.config.padded_length(samples) - samples
        padded = nn.functional.pad(wave.reshape(batch * channels, 1, samples), (0, missing))
        return self.translate(padded)[..., :samples].reshape(batch, channels, samples)

    def translate(self, wave: Tensor) -> Tensor:
        """Returns the enhanced wave; the part that is exported.

        Shape:
            (batch, 1, time) -> (batch, 1, time), where time is a `padded_length`
        """
        x, skips = wave, list[Tensor]()
        for encode in self.encoder:
            x = encode(x)
            skips.append(x)
        x = self.middle(x)
        for decode in self.decoder:
            x = decode(x + skips.pop())
        out: Tensor = x
        return out


class EncoderLayer(nn.Module):
    """Strided convolution and ReLU, then a 1x1 convolution and a gated linear unit (section 3.1).

    Shape:
        (batch, narrow, time) -> (batch, wide, (time - kernel) / stride + 1)
    """

    def __init__(self, config: WaveUNetConfig, narrow: int, wide: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(narrow, wide, config.kernel, config.stride),
            nn.ReLU(),
            nn.Conv1d(wide, 2 * wide, 1),
            nn.GLU(dim=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Returns the shorter, wider signal."""
        out: Tensor = self.layers(x)
        return out


class DecoderLayer(nn.Module):
    """Convolution over neighbours and a gated linear unit, then a transposed convolution and, but for the last, ReLU.

    Shape:
        (batch, wide, time) -> (batch, narrow, (time - 1) * stride + kernel)
    """

    def __init__(self, config: WaveUNetConfig, wide: int, narrow: int, last: bool) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(wide, 2 * wide, config.context, padding=config.context // 2),
            nn.GLU(dim=1),
            nn.ConvTranspose1d(wide, narrow, config.kernel, config.stride),
            nn.Identity() if last else nn.ReLU(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Returns the longer, narrower signal."""
        out: Tensor = self.layers(x)
        return out


class BidirectionalLSTM(nn.Module):
    """LSTM layers that read both ways, and a linear layer back to the channels they had (section 3.1).

    Shape:
        (batch, channels, time) -> (batch, channels, time)
    """

    def __init__(self, channels: int, layers: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(channels, channels, layers, batch_first=True, bidirectional=True)
        self.leave = nn.Linear(2 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Returns what the layers make of the whole sequence."""
        hidden, _ = self.lstm(x.transpose(1, 2))  # (batch, time, 2 * channels)
        out: Tensor = self.leave(hidden).transpose(1, 2)
        return out


def rescale_weights(module: nn.Module, reference: float) -> None:
    """Divides each convolution by sqrt(deviation of its weights / reference), in place (section 3.3).

    Deep layers draw their first weights too small for signals to arrive; wide ones hardly change.
    """
    for part in module.modules():
        if isinstance(part, nn.Conv1d | nn.ConvTranspose1d):
            with torch.no_grad():
                scale = torch.sqrt(part.weight.std() / reference)
                part.weight.div_(scale)
                if part.bias is not None:
                    part.bias.div_(scale)
