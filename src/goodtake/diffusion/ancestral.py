"""Ancestral sampling: the reverse of the diffusion, one random step after the other.

Ho et al., "Denoising diffusion probabilistic models", NeurIPS 2020, Algorithm 2, in the notation of Kong et al.,
"DiffWave", ICLR 2021: eq. 4 (variances) and 5 (means); its fast form with steps aligned to training: appendix B.
"""

import math

import numpy as np
from numpy.typing import NDArray

from goodtake.diffusion.schedule import FAST_BETAS, NoiseSchedule, Wave, align_steps
from goodtake.errors import ConfigError


class AncestralSampler:
    """Samples in as many steps as the network was trained with, or in DiffWave's six.

    Args:
        training: the schedule of the network.
        fast_betas: variances of the short schedule.
    """

    def __init__(self, training: NoiseSchedule, fast_betas: tuple[float, ...] = FAST_BETAS) -> None:
        self.training = training
        self.fast = NoiseSchedule(fast_betas)
        self.set_timesteps(training.n_steps)

    def set_timesteps(self, n_steps: int) -> None:
        """Chooses the schedule by its number of steps.

        Raises:
            ConfigError: there is no schedule of so many steps.
        """
        schedules = {self.fast.n_steps: self.fast, self.training.n_steps: self.training}
        if n_steps not in schedules:
            raise ConfigError(
                f"{n_steps} ancestral steps: choose {' or '.join(str(number) for number in sorted(schedules))}, "
                "or DPM-Solver++ for any other number"
            )
        self.schedule = schedules[n_steps]
        self.timesteps: NDArray[np.float32] = align_steps(self.training, self.schedule.betas)[::-1].astype(np.float32)

    def needs_noise(self, index: int) -> bool:
        """Tells whether the step with that index adds noise: all but the last do."""
        return index < self.schedule.n_steps - 1

    def step(self, prediction: Wave, index: int, sample: Wave, noise: Wave | None = None) -> Wave:
        """Returns the sample one step nearer to the clean signal.

        1. mean = (x_t - beta_t / sqrt(1 - alpha-bar_t) * prediction) / sqrt(alpha_t)                       (eq. 5)
        2. variance = (1 - alpha-bar_(t - 1)) / (1 - alpha-bar_t) * beta_t                                 (eq. 4)
        3. x_(t - 1) = mean + sqrt(variance) * noise; without noise at t = 1                        (Algorithm 2)

        Args:
            prediction: the noise that the network hears in `sample` at `timesteps[index]`.
            index: 0 for the noisiest step.
            sample: x_t.
            noise: unit Gaussian, where `needs_noise`.

        Shape:
            (..., time) three times -> (..., time)

        Raises:
            ConfigError: noise is missing.
        """
        t = self.schedule.n_steps - index
        beta, kept, kept_next = self.schedule.betas[t - 1], self.schedule.alpha_bars[t], self.schedule.alpha_bars[t - 1]
        mean = (sample - np.float32(beta / math.sqrt(1 - kept)) * prediction) / np.float32(math.sqrt(1 - beta))
        if not self.needs_noise(index):
            return np.asarray(mean, np.float32)
        if noise is None:
            raise ConfigError(f"ancestral step {index} adds noise: give it an array of unit Gaussian noise")
        deviation = math.sqrt((1 - kept_next) / (1 - kept) * beta)
        return np.asarray(mean + np.float32(deviation) * noise, np.float32)
