"""DiffWave: tells the noise in a noisy waveform, given a mel spectrogram and how noisy it is.

Kong et al., "DiffWave: a versatile diffusion model for audio synthesis", ICLR 2021, section 3 and figure 2, in the base
size that paper 1 takes over (section 4.2). The network is cut in two where its halves meet only once: the conditioner
does not depend on the step, so sampling computes it once for all steps, exactly. Training needs each layer's conditions
once, and computes both halves together (`goodtake.models.diffwave_rows`).

Kernels and strides of the upsampler are fixed at 16 x 16, which is a hop of 256 samples.
"""

import math
from dataclasses import dataclass, field
from typing import cast

import torch
from torch import Tensor, nn

from goodtake.dsp.mel import MelConfig
from goodtake.errors import ConfigError
from goodtake.models.diffwave_rows import UPSAMPLING, upsampled_rows, write_rows
from goodtake.models.linear_estimate import LinearEstimate
from goodtake.models.mel_scale import MelScale

SINES = 64
"""Frequencies of the step's embedding, each as sine and cosine (section 3.1)."""


@dataclass(frozen=True)
class DiffWaveConfig:
    """Sizes of the network; the defaults have 2,804,291 parameters, with 80 mel bands 2,619,971.

    Args:
        layers: residual layers.
        channels: residual channels.
        cycle: the dilation doubles from layer to layer, and begins at 1 again after so many.
        step_hidden: width of the step's two layers.
        preconditioned: tell only what the best linear estimate of the noise leaves (`models/linear_estimate.py`), for
            waves of root mean square `level`. DiffWave and paper 1 do without, and train a hundred times longer.
        level: see there.
        mel: the spectrogram it turns into music.
        scale: range in which it sees the spectrogram.

    Raises:
        ConfigError: a size is impossible.
    """

    layers: int = 30
    channels: int = 64
    cycle: int = 10
    step_hidden: int = 512
    preconditioned: bool = False
    level: float = 0.1
    mel: MelConfig = field(default_factory=MelConfig)
    scale: MelScale = field(default_factory=MelScale)

    def __post_init__(self) -> None:
        if min(self.layers, self.channels, self.cycle, self.step_hidden) < 1:
            raise ConfigError(f"DiffWave sizes {self}: give at least 1")
        if not self.level > 0:
            raise ConfigError(f"DiffWave for waves of level {self.level:g}: give their root mean square")
        if self.mel.hop_length != UPSAMPLING**2:
            raise ConfigError(f"DiffWave with a hop of {self.mel.hop_length}: its upsampler makes {UPSAMPLING**2}")

    @property
    def dilations(self) -> tuple[int, ...]:
        """Of the layers, from first to last."""
        return tuple(2 ** (layer % self.cycle) for layer in range(self.layers))

    @property
    def receptive_field(self) -> int:
        """Samples of the noisy wave that one output sample sees: 2 * sum of dilations + 1 (section 3.1)."""
        return 2 * sum(self.dilations) + 1

    @property
    def context_frames(self) -> int:
        """Frames to either side that an output sample's frame depends on."""
        # Each transposed convolution mixes two neighbours, half a step off centre: samples up to 16 * 15 / 2 before a
        # frame's border still belong to that frame and the next.
        shared = UPSAMPLING * (UPSAMPLING - 1) // 2
        return 1 - (shared - sum(self.dilations)) // self.mel.hop_length


class DiffWave(nn.Module):
    """Noisy wave, step and log-mel spectrogram into the noise.

    Shape:
        noisy (batch, time), step (batch,), mel (batch, mel, frame) -> (batch, time); time <= frame * hop_length
    """

    def __init__(self, config: DiffWaveConfig) -> None:
        super().__init__()
        self.config = config
        self.conditioner = Conditioner(config)
        self.denoiser = Denoiser(config)

    def forward(self, noisy: Tensor, step: Tensor, mel: Tensor) -> Tensor:
        """Returns the noise.

        Raises:
            ConfigError: the wave is longer than the spectrogram.
        """
        covered = mel.shape[-1] * self.config.mel.hop_length
        if noisy.shape[-1] > covered:
            raise ConfigError(f"a wave of {noisy.shape[-1]} samples with mel frames for {covered}: give more frames")
        rows = upsampled_rows(self.conditioner, mel)[:, : noisy.shape[-1]]
        return write_rows(self.denoiser, self.conditioner.project, noisy, step, rows)


class Conditioner(nn.Module):
    """The half that does not depend on the step: upsamples the spectrogram and projects it for every layer.

    Shape:
        mel (batch, mel, frame) -> (batch, layers * 2 * channels, frame * hop_length)
    """

    def __init__(self, config: DiffWaveConfig) -> None:
        super().__init__()
        self.config = config
        self.upsample = nn.ModuleList(
            nn.ConvTranspose2d(1, 1, (3, 2 * UPSAMPLING), (1, UPSAMPLING), padding=(1, UPSAMPLING // 2))
            for _ in range(2)
        )
        self.project = nn.Conv1d(config.mel.n_mels, config.layers * 2 * config.channels, 1)
        nn.init.kaiming_normal_(self.project.weight)
        for upsample in self.upsample:
            interpolate_linearly(cast(nn.ConvTranspose2d, upsample))

    def forward(self, mel: Tensor) -> Tensor:
        """Returns what each layer adds, to be kept for all steps."""
        x = self.config.scale.normalise(mel)[:, None]
        for upsample in self.upsample:
            x = nn.functional.leaky_relu(upsample(x), 0.4)  # (batch, 1, mel, 16 or 256 * frame)
        cached: Tensor = self.project(x[:, 0])
        return cached


def interpolate_linearly(upsample: nn.ConvTranspose2d) -> None:
    """Makes an upsampler begin as linear interpolation between frames.

    From torch's own random kernels two upsamplers pass on some hundredth of the spectrogram, and the network learns to
    denoise without it: after 800 steps of the small size another spectrogram gave the same answer to four digits.
    """
    taps = upsample.kernel_size[1]
    triangle = 1 - (torch.arange(taps) - (taps - 1) / 2).abs() / (taps / 2)
    with torch.no_grad():
        upsample.weight.zero_()
        upsample.weight[0, 0, upsample.kernel_size[0] // 2] = triangle
        if upsample.bias is not None:
            upsample.bias.zero_()


class Denoiser(nn.Module):
    """The half that is asked at every step.

    Shape:
        noisy (batch, time), step (batch,), cached (batch, layers * 2 * channels, time) -> (batch, time)
    """

    frequencies: Tensor

    def __init__(self, config: DiffWaveConfig) -> None:
        super().__init__()
        self.config = config
        frequencies = 10 ** (4 * torch.arange(SINES) / (SINES - 1))
        self.register_buffer("frequencies", frequencies, persistent=False)
        self.estimate = LinearEstimate(config.level) if config.preconditioned else None
        self.embed = nn.Sequential(
            nn.Linear(2 * SINES, config.step_hidden),
            nn.SiLU(),
            nn.Linear(config.step_hidden, config.step_hidden),
            nn.SiLU(),
        )
        self.enter = nn.Conv1d(1, config.channels, 1)
        self.layers = nn.ModuleList(ResidualLayer(config, dilation) for dilation in config.dilations)
        self.skip = nn.Conv1d(config.channels, config.channels, 1)
        self.leave = nn.Conv1d(config.channels, 1, 1)
        for convolution in (self.enter, self.skip):
            nn.init.kaiming_normal_(convolution.weight)
        nn.init.zeros_(self.leave.weight)

    def forward(self, noisy: Tensor, step: Tensor, cached: Tensor) -> Tensor:
        """Returns the noise; `step` counts from 1 to T and need not be whole."""
        embedding = self.embed(self.step_sines(step))
        x = torch.relu(self.enter(self.opened(noisy, step)[:, None]))  # (batch, channels, time)
        width = 2 * self.config.channels
        total = torch.zeros_like(x)
        for index, layer in enumerate(self.layers):
            x, skip = layer(x, embedding, cached[:, index * width : (index + 1) * width])
            total = total + skip
        total = total / math.sqrt(len(self.layers))
        return self.closed(noisy, step, self.leave(torch.relu(self.skip(total)))[:, 0])

    def opened(self, noisy: Tensor, step: Tensor) -> Tensor:
        """Returns the noisy wave as the layers hear it: (batch, time), (batch,) -> (batch, time)."""
        return self.estimate.opened(noisy, step) if self.estimate else noisy

    def closed(self, noisy: Tensor, step: Tensor, told: Tensor) -> Tensor:
        """Returns the noise from what the layers told.

        Shape:
            noisy, told (batch, time), step (batch,) -> (batch, time)
        """
        return self.estimate.closed(noisy, step, told) if self.estimate else told

    def step_sines(self, step: Tensor) -> Tensor:
        """Returns sin(10^(4 j / 63) t) for j from 0 to 63, then the cosines (section 3.1): (batch,) -> (batch, 128)."""
        angles = step[:, None] * self.frequencies
        return torch.cat([torch.sin(angles), torch.cos(angles)], 1)


class ResidualLayer(nn.Module):
    """A dilated convolution that looks both ways, gated, with a residual and a skip output (figure 2a).

    Shape:
        x (batch, channels, time), embedding (batch, step_hidden), condition (batch, 2 * channels, time)
        -> x and skip, (batch, channels, time) each
    """

    def __init__(self, config: DiffWaveConfig, dilation: int) -> None:
        super().__init__()
        channels = config.channels
        self.step = nn.Linear(config.step_hidden, channels)
        self.dilated = nn.Conv1d(channels, 2 * channels, 3, padding=dilation, dilation=dilation)
        self.leave = nn.Conv1d(channels, 2 * channels, 1)
        for convolution in (self.dilated, self.leave):
            nn.init.kaiming_normal_(convolution.weight)

    def forward(self, x: Tensor, embedding: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the next layer's input and this layer's share of the output."""
        filtered, gate = (self.dilated(x + self.step(embedding)[..., None]) + condition).chunk(2, 1)
        out, skip = self.leave(torch.tanh(filtered) * torch.sigmoid(gate)).chunk(2, 1)
        return (x + out) / math.sqrt(2), skip
