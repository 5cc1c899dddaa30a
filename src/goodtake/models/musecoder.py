"""ISTFT musecoder: log-mel spectrogram into music, one network call for all frames.

After Siuzdak, "Vocos: closing the gap between time-domain and Fourier-based neural vocoders", 2023: ConvNeXt blocks at
the frame rate write magnitude and phase, and the inverse transform does the upsampling. Three things are ours:

* the magnitude is a bounded correction of what the mel spectrogram itself says about each bin, so an untrained network
  already has the right envelope, and any level comes out as it went in;
* own phase is written relative to the centre of the frame, where an impulse has phase zero in every bin;
* with `phase="guided"` the network also sees the recording that the mel spectrogram was enhanced from, and writes a
  rotation of its phase. Magnitudes remain learned. This is the form for `mel2mel-fast`: phase need not be invented
  where the recording still holds it.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from goodtake.dsp.mel import MelConfig, mel_filterbank
from goodtake.dsp_torch import istft
from goodtake.errors import ConfigError
from goodtake.models.convnext import ConvNeXtBlock
from goodtake.models.mel_scale import MelScale

MAX_LOG_GAIN = 7.0
"""Bound of the correction of the magnitude either way: 7 nats are 61 dB."""

MAX_LOG_POWER = 40.0
"""Bound of the mel power, nats: a predicted spectrogram that is far off must not overflow."""

MAX_CONTRAST = 8.0
"""Bound of how far the recording may seem to lie from the spectrum the mel bands promise, nats."""

AMPLITUDE_FLOOR = 1e-3
"""Added to the recording's amplitudes before the logarithm: the square root of `MelConfig.floor`."""

PHASES = ("own", "guided")


@dataclass(frozen=True)
class MusecoderConfig:
    """Sizes of the musecoder; the defaults have 5,735,939 parameters, 6,885,059 guided.

    Args:
        phase: "own" invents the phase, "guided" rotates the recording's.
        dim: channels of the frame blocks.
        hidden: bottleneck of the frame blocks.
        dilations: one block each.
        mel: the spectrogram it turns into music.
        scale: range of its inner values.

    Raises:
        ConfigError: a value is impossible.
    """

    phase: str = "own"
    dim: int = 320
    hidden: int = 960
    dilations: tuple[int, ...] = (1, 1, 2, 4, 1, 1, 2, 1)
    mel: MelConfig = field(default_factory=MelConfig)
    scale: MelScale = field(default_factory=MelScale)

    def __post_init__(self) -> None:
        if self.phase not in PHASES:
            raise ConfigError(f"musecoder phase {self.phase!r}: choose {' or '.join(PHASES)}")
        if min(self.dim, self.hidden, *self.dilations) < 1:
            raise ConfigError(f"musecoder sizes {self}: give at least 1")

    @property
    def guided(self) -> bool:
        """Whether the recording's spectrogram is a second input."""
        return self.phase == "guided"

    @property
    def context_frames(self) -> int:
        """Frames to either side that one output frame depends on."""
        return 3 + 3 * sum(self.dilations)


class Musecoder(nn.Module):
    """Log-mel spectrogram, and in the guided form a recording's log magnitudes, into magnitude and phase.

    Shape:
        mel (batch, mel, frame), guide (batch, bin, frame), ln amplitude
        -> ln magnitude (batch, bin, frame), phase (batch, 2, bin, frame), a unit vector (cosine, sine)
    """

    spread: Tensor
    signs: Tensor

    def __init__(self, config: MusecoderConfig) -> None:
        super().__init__()
        self.config = config
        bins = config.mel.grid.n_bins
        self.enter = nn.Conv1d(config.mel.n_mels + (bins if config.guided else 0), config.dim, 7, padding=3)
        self.enter_norm = nn.LayerNorm(config.dim)
        self.blocks = nn.ModuleList(ConvNeXtBlock(config.dim, config.hidden, d) for d in config.dilations)
        self.leave_norm = nn.LayerNorm(config.dim)
        self.leave = nn.Linear(config.dim, 3 * bins)
        self.register_buffer("spread", torch.from_numpy(_bins_from_bands(config.mel)), persistent=False)
        self.register_buffer("signs", 1 - 2 * (torch.arange(bins) % 2).float(), persistent=False)
        with torch.no_grad():
            self.leave.weight[:bins] *= 0.1
            self.leave.bias.zero_()
            if config.guided:  # begin with the recording's own phase
                self.leave.weight[bins:] *= 0.1
                self.leave.bias[bins : 2 * bins] = 1

    def forward(self, mel: Tensor, guide: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Returns log magnitude and phase; the phase is relative to `carrier`.

        Args:
            mel: log mel power.
            guide: see `log_amplitude`; needed in the guided form, and only there.

        Raises:
            ConfigError: the guide is missing, or not wanted.
        """
        if (guide is not None) != self.config.guided:
            given = "no guide" if guide is None else "a guide"
            raise ConfigError(
                f"musecoder with phase {self.config.phase!r} was given {given}: see MusecoderConfig.phase"
            )
        envelope = self.envelope(mel)
        planes = [self.config.scale.normalise(mel)]
        if guide is not None:
            planes.append((guide - envelope).clamp(-MAX_CONTRAST, MAX_CONTRAST) / 2.5)
        x = self.enter(torch.cat(planes, 1))
        x = self.enter_norm(x.transpose(1, 2)).transpose(1, 2)
        for block in self.blocks:
            x = block(x)
        x = self.leave(self.leave_norm(x.transpose(1, 2))).transpose(1, 2).float()  # (batch, 3 * bin, frame)
        bins = self.config.mel.grid.n_bins
        gain, phase = x[:, :bins], torch.stack([x[:, bins : 2 * bins], x[:, 2 * bins :]], 1)
        phase = phase / torch.sqrt((phase**2).sum(1, keepdim=True) + 1e-9)
        return envelope + MAX_LOG_GAIN * torch.tanh(gain / MAX_LOG_GAIN), phase

    def envelope(self, mel: Tensor) -> Tensor:
        """Returns what the mel bands say about each bin's ln amplitude, spread by their own triangles.

        Shape:
            (batch, mel, frame) -> (batch, bin, frame)
        """
        nats = mel.float() * math.log(self.config.mel.log_base)
        power = torch.exp(nats.clamp(math.log(self.config.mel.floor), MAX_LOG_POWER))
        return torch.log(self.spread @ power) / self.config.mel.power

    def carrier(self, recording: Tensor | None, frames: int) -> Tensor:
        """Returns the complex unit vectors that the written phase rotates.

        Args:
            recording: its complex spectrogram (batch, bin, frame) in the guided form, where bins of no amplitude count
                as phase zero; None otherwise.
            frames: of the spectrogram.

        Shape:
            -> (batch or 1, bin, frame), complex
        """
        if recording is None:
            return torch.complex(self.signs, torch.zeros_like(self.signs))[None, :, None].expand(-1, -1, frames)
        amplitude = recording.abs()
        return torch.where(amplitude > 0, recording / amplitude.clamp_min(1e-20), torch.ones_like(recording))

    def synthesise(self, mel: Tensor, length: int, recording: Tensor | None = None) -> Tensor:
        """Returns the music.

        Args:
            mel: log mel power.
            length: samples wanted, at most frame * hop_length.
            recording: complex spectrogram of the recording, in the guided form.

        Shape:
            mel (batch, mel, frame), recording (batch, bin, frame) -> (batch, length)
        """
        guide = None if recording is None else log_amplitude(recording)
        magnitude, phase = self(mel, guide)
        unit = torch.complex(phase[:, 0], phase[:, 1])
        spectrum = torch.exp(magnitude) * unit * self.carrier(recording, mel.shape[-1])
        return istft(spectrum, self.config.mel.grid, length)


def log_amplitude(spectrum: Tensor) -> Tensor:
    """Returns the guide: ln(|spectrum| + floor), of any shape."""
    return torch.log(spectrum.abs() + AMPLITUDE_FLOOR)


def _bins_from_bands(mel: MelConfig) -> NDArray[np.float32]:
    """Returns the matrix that gives each bin the mean power per bin of the bands it lies in: (bin, mel).

    A flat spectrum comes out flat. A bin outside all triangles, such as DC, takes the values of its neighbour.
    """
    bank = mel_filterbank(mel)  # (mel, bin)
    density = bank / np.maximum(bank.sum(1, keepdims=True), 1e-9)
    share = bank.sum(0)
    inside = np.flatnonzero(share > 0)
    nearest = inside[np.abs(np.arange(len(share))[:, None] - inside).argmin(1)]
    return np.ascontiguousarray((density[:, nearest] / share[nearest]).T, np.float32)
