"""The noise losses of diffusion models.

Kong et al., "DiffWave", ICLR 2021, eq. 7 and Algorithm 1: the network is shown a noisy signal, its step and a
condition, and tells the noise.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from goodtake.diffusion.schedule import NoiseSchedule
from goodtake.errors import ConfigError

LEVEL = 0.1
"""Root mean square of clean waves in training."""

STEP_SPREADS = ("even", "octaves")
"""Ways of drawing the steps of training."""


def noise_losses(
    network: nn.Module,
    wave: Tensor,
    condition: Tensor,
    schedule: NoiseSchedule,
    step: Tensor,
    noise: Tensor,
    level: float = LEVEL,
) -> dict[str, Tensor]:
    """Returns mean squared distances of the noise and what the network takes for it.

    x_t = sqrt(alpha-bar_t) x_0 + sqrt(1 - alpha-bar_t) noise; error_t = mean (noise - network(x_t, t, condition))^2

    * "noise": the mean of error_t over the batch, DiffWave's loss (eq. 7).
    * "balanced_noise": each error_t is divided by that of the best linear estimate from x_t alone. DiffWave's steps
      differ by a factor of 200 there, so that eq. 7 is all about the last, nearly clean ones; where music takes shape
      errors count too little to be learnt in a short training. Karras et al., NeurIPS 2022, section 5.

    Args:
        network: (noisy, step, condition) -> noise.
        wave: the clean signal, x_0.
        condition: the network's own, such as a log-mel spectrogram; gradients reach it.
        schedule: of the noise.
        step: whole numbers from 1 to T, one per item; see `draw_steps`.
        noise: unit Gaussian, drawn by the caller.
        level: root mean square of clean signals, for "balanced_noise".

    Shape:
        wave, noise (batch, time); step (batch,); condition (batch, ...) -> () each

    Raises:
        ConfigError: a step is not between 1 and T.
    """
    if step.min() < 1 or step.max() > schedule.n_steps:
        raise ConfigError(f"diffusion steps {step.tolist()}: give steps from 1 to {schedule.n_steps}")
    kept = torch.from_numpy(schedule.alpha_bars).to(wave.device)[step][:, None]  # (batch, 1), float64
    noisy = kept.sqrt().to(wave.dtype) * wave + (1 - kept).sqrt().to(wave.dtype) * noise
    told: Tensor = network(noisy, step.to(wave.dtype), condition)
    error = ((noise - told) ** 2).mean(1)
    linear = torch.from_numpy(schedule.linear_error(level)).to(error)[step]
    return {"noise": error.mean(), "balanced_noise": (error / linear).mean()}


def draw_steps(batch: int, schedule: NoiseSchedule, generator: torch.Generator, spread: str = "even") -> Tensor:
    """Returns steps from 1 to T for each item, spread evenly over the batch: (batch,), int64.

    One draw for all items, in equal distances round the circle of chances (Kingma et al., "Variational diffusion
    models", 2021, appendix I.1): the loss differs a hundredfold from step to step, and a batch that hears all of them
    has a quieter gradient with the same mean.

    Args:
        batch: items.
        schedule: of the noise.
        generator: of the draw.
        spread: see `step_chances`.
    """
    offset = torch.rand(1, generator=generator, device=generator.device, dtype=torch.float64)
    places = (offset + torch.arange(batch, device=generator.device) / batch) % 1
    borders = torch.from_numpy(np.cumsum(step_chances(schedule, spread))[:-1]).to(places.device)
    return 1 + torch.searchsorted(borders, places, right=True)


def step_chances(schedule: NoiseSchedule, spread: str) -> NDArray[np.float64]:
    """Returns how likely each step from 1 to T is drawn, in sum 1: (T,).

    * "even": all alike (DiffWave, Algorithm 1).
    * "octaves": as many octaves of noise over signal as lie nearest to the step. Half of DiffWave's lie in its first
      five steps, where samples of few steps get their last polish; drawn evenly, those are a tenth of all. After the
      log-normal levels of noise of Karras et al., NeurIPS 2022, section 5.

    Raises:
        ConfigError: another spread.
    """
    if spread not in STEP_SPREADS:
        raise ConfigError(f"noise steps {spread!r}: use {' or '.join(STEP_SPREADS)}")
    if spread == "even" or schedule.n_steps == 1:
        return np.full(schedule.n_steps, 1 / schedule.n_steps)
    kept = schedule.alpha_bars[1:]
    octaves = np.log2((1 - kept) / kept) / 2
    between = (octaves[1:] + octaves[:-1]) / 2
    borders = np.concatenate([[2 * octaves[0] - between[0]], between, [2 * octaves[-1] - between[-1]]])
    return np.asarray(np.diff(borders) / (borders[-1] - borders[0]), np.float64)
