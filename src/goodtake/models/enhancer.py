"""The studio engine as one differentiable function: take net, colour, studio net, spectrogram in and out.

Training runs this; enhancing runs the two nets through ONNX Runtime with the same steps in NumPy
(`goodtake.enhancement.studio`), and a test holds the two equal.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from goodtake.dsp.bands import LOG_FLOOR, N_BINS, PERCENTILES, band_interpolation, band_matrix
from goodtake.models.studio import StudioConfig, StudioNet
from goodtake.models.take import TakeEstimate, TakeNet, band_statistics


@dataclass(frozen=True)
class Enhanced:
    """What the engine makes of a batch of spectrograms.

    Args:
        spectrum: (batch, N_BINS, frame), complex, of the cropped frames, at the scale of the input.
        take: what the take net says of the whole stretch.
        log_gain: total gain, nats, colour included: (batch, N_BINS, frame).
    """

    spectrum: Tensor
    take: TakeEstimate
    log_gain: Tensor


class StudioEngine(nn.Module):
    """Take net and studio net with the steps between them.

    Args:
        config: sizes of both.
    """

    to_bands: Tensor
    from_bands: Tensor

    def __init__(self, config: StudioConfig) -> None:
        super().__init__()
        self.config = config
        self.take = TakeNet(config.take)
        self.studio = StudioNet(config)
        n_bands = config.take.n_bands
        self.register_buffer("to_bands", torch.from_numpy(band_matrix(n_bands)), persistent=False)
        self.register_buffer("from_bands", torch.from_numpy(band_interpolation(n_bands)), persistent=False)

    def forward(self, spectrum: Tensor, frames: slice, colour_jitter: Tensor | None = None) -> Enhanced:
        """Enhances a crop of frames, having heard the whole stretch.

        Args:
            spectrum: complex spectrogram of the stretch, divided by the window length: (batch, N_BINS, frame).
            frames: the crop to enhance.
            colour_jitter: factor and offset, each (batch, n_bands), put on the take net's correction in training, so
                that the studio net does not trust it more than it deserves on recordings it never saw; two of them
                stacked: (2, batch, n_bands).
        """
        level = take_level(spectrum)
        amplitude = spectrum.abs() / level[:, None, None]
        bands = self.log_bands(amplitude)
        take = self.take(bands, band_statistics(bands))
        correction = take.correction.detach().float()
        if colour_jitter is not None:
            correction = correction * colour_jitter[0] + colour_jitter[1]
        colour = correction @ self.from_bands.T  # (batch, bin)
        magnitude = torch.log(amplitude + LOG_FLOOR) + colour[..., None]
        statistics = long_term_statistics(magnitude)
        gain, rotation = self.studio(magnitude[..., frames], statistics, colour, take.facts.detach())
        log_gain = gain + colour[..., None]
        scaled = torch.exp(log_gain)
        turn = torch.complex(scaled * rotation[:, 0], scaled * rotation[:, 1])
        return Enhanced(spectrum[..., frames] * turn, take, log_gain)

    def log_bands(self, amplitude: Tensor) -> Tensor:
        """Returns ln amplitude of the mel bands: (batch, N_BINS, frame) -> (batch, n_bands, frame)."""
        power = self.to_bands @ amplitude.float() ** 2
        return 0.5 * torch.log(power + LOG_FLOOR**2)


def take_level(spectrum: Tensor) -> Tensor:
    """Returns the root mean square over frames of the summed bins: (batch, N_BINS, frame) -> (batch,)."""
    return torch.sqrt((spectrum.real**2 + spectrum.imag**2).sum(1).mean(-1) + 1e-20)


def long_term_statistics(magnitude: Tensor) -> Tensor:
    """Returns mean and percentiles of each bin: (batch, N_BINS, frame) -> (batch, N_BINS, STATISTICS)."""
    ordered = torch.sort(magnitude, dim=-1).values
    frames = magnitude.shape[-1]
    places = [min(frames - 1, int(percentile * frames)) for percentile in PERCENTILES]
    return torch.stack([magnitude.mean(-1), *(ordered[..., place] for place in places)], dim=-1)


def correction_target(degraded: Tensor, clean: Tensor, to_bands: Tensor) -> Tensor:
    """Returns what the take net should say: the clean long-term spectrum over the degraded one, nats, mean removed.

    Args:
        degraded: complex spectrogram (batch, N_BINS, frame).
        clean: the same of the clean half.
        to_bands: band matrix (n_bands, N_BINS).

    Shape:
        -> (batch, n_bands)
    """

    def long_term(spectrum: Tensor) -> Tensor:
        power = (spectrum.real**2 + spectrum.imag**2).mean(-1) / take_level(spectrum)[:, None] ** 2
        return 0.5 * torch.log(power @ to_bands.T + LOG_FLOOR**2)

    difference = long_term(clean) - long_term(degraded)
    return difference - difference.mean(1, keepdim=True)


assert N_BINS == 513, "the strided convolutions of StudioNet are made for 513 bins"
