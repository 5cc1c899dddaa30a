"""The noise losses of diffusion models.

Kong et al., "DiffWave", ICLR 2021, eq. 7 and Algorithm 1: the network is shown a noisy signal, its step and a
condition, and tells the noise.
"""

import torch
from torch import Tensor, nn

from goodtake.diffusion.schedule import NoiseSchedule
from goodtake.errors import ConfigError

LEVEL = 0.1
"""Root mean square of clean waves in training."""


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
        step: whole numbers from 1 to T, one per item, drawn evenly; see `draw_steps`.
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


def draw_steps(batch: int, schedule: NoiseSchedule, generator: torch.Generator) -> Tensor:
    """Returns steps from 1 to T, each equally likely for each item, and spread evenly over the batch: (batch,), int64.

    One draw for all items, in equal distances round the circle of steps (Kingma et al., "Variational diffusion models",
    2021, appendix I.1): the loss differs a hundredfold from step to step, and a batch that hears all of them has a
    quieter gradient with the same mean.
    """
    offset = torch.rand(1, generator=generator, device=generator.device, dtype=torch.float64)
    places = (offset + torch.arange(batch, device=generator.device) / batch) % 1
    return 1 + (schedule.n_steps * places).floor().long().clamp(max=schedule.n_steps - 1)
