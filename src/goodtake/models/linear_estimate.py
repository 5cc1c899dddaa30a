"""What a noisy wave says of its noise before any network has listened.

Karras et al., "Elucidating the design space of diffusion-based generative models", NeurIPS 2022, section 5: give the
network an input of unit power, and let it answer only what the best linear estimate leaves, at unit power. There the
network tells the signal from its noise at any level; here it tells the noise, after DiffWave's schedule:

    x_t = a x_0 + b noise, a = sqrt(alpha-bar_t), b = sqrt(1 - alpha-bar_t), x_0 of root mean square s
    power = a^2 s^2 + b^2
    noise = b / power x_t + a s / sqrt(power) network(x_t / sqrt(power))
"""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from goodtake.diffusion.schedule import linear_schedule


@dataclass(frozen=True)
class Factors:
    """Of one step.

    Args:
        enter: brings the noisy wave to unit power.
        keep: share of the noisy wave in the best linear estimate of the noise.
        write: root mean square of what that leaves.

    Shape:
        (batch,) each
    """

    enter: Tensor
    keep: Tensor
    write: Tensor


class LinearEstimate(nn.Module):
    """The factors above at any step of the schedule of training, T = 50.

    Args:
        level: s, the root mean square of clean waves.
    """

    signal_levels: Tensor

    def __init__(self, level: float) -> None:
        super().__init__()
        self.level = level
        known = torch.from_numpy(linear_schedule().alpha_bars).sqrt().float()
        self.register_buffer("signal_levels", known, persistent=False)

    def forward(self, step: Tensor) -> Factors:
        """Returns the factors; steps need not be whole: straight lines between, as `NoiseSchedule.signal_level`."""
        last = len(self.signal_levels) - 1
        before = step.detach().floor().clamp(0, last - 1)
        index, share = before.long(), (step - before).to(self.signal_levels.dtype)
        signal = self.signal_levels[index] * (1 - share) + self.signal_levels[index + 1] * share
        noise = (1 - signal**2).clamp(min=0)
        power = (signal * self.level) ** 2 + noise
        return Factors(power**-0.5, noise.sqrt() / power, signal * self.level * power**-0.5)

    def opened(self, noisy: Tensor, step: Tensor) -> Tensor:
        """Returns what the network hears: (batch, time), (batch,) -> (batch, time)."""
        return cast(Factors, self(step)).enter[:, None] * noisy

    def closed(self, noisy: Tensor, step: Tensor, told: Tensor) -> Tensor:
        """Returns the noise from what the network told.

        Shape:
            noisy, told (batch, time), step (batch,) -> (batch, time)
        """
        factors = cast(Factors, self(step))
        return factors.keep[:, None] * noisy + factors.write[:, None] * told
