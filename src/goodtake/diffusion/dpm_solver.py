"""DPM-Solver++ (2M): a few deterministic steps down the probability-flow equation.

Lu et al., "DPM-Solver++: fast solver for guided sampling of diffusion probabilistic models", 2022, Algorithm 2. With
alpha = sqrt(alpha-bar), sigma = sqrt(1 - alpha-bar) and lambda = ln(alpha / sigma) the equation is linear in x but for
the clean signal that the network predicts, and that changes slowly: two predictions make a second-order step.
"""

import math

import numpy as np
from numpy.typing import NDArray

from goodtake.diffusion.schedule import NoiseSchedule, Wave
from goodtake.errors import ConfigError


class DPMSolver:
    """Samples in any number of steps from one on; 4 to 8 are enough for a musecoder.

    The steps are equally far apart in lambda, from the noisiest of training to its step 1; a last one, of first order,
    leads from there to the clean signal.

    Args:
        training: the schedule of the network.
        order: 2 uses the prediction before the last too; 1 does not, which is DDIM (Song et al., 2021).

    Raises:
        ConfigError: the order is another one.
    """

    def __init__(self, training: NoiseSchedule, order: int = 2) -> None:
        if order not in (1, 2):
            raise ConfigError(f"DPM-Solver++ of order {order}: choose 1 or 2")
        self.training = training
        self.order = order
        self.set_timesteps(6)

    def set_timesteps(self, n_steps: int) -> None:
        """Spreads that many steps, and forgets what was sampled before.

        Raises:
            ConfigError: fewer than one.
        """
        if n_steps < 1:
            raise ConfigError(f"{n_steps} steps of DPM-Solver++: give at least 1")
        kept = self.training.alpha_bars
        log_ratios = 0.5 * np.log(kept[[-1, 1]] / (1 - kept[[-1, 1]]))  # lambda of step T and of step 1
        self._lambdas = np.linspace(log_ratios[0], log_ratios[1], n_steps)
        levels = np.clip(1 / np.sqrt(1 + np.exp(-2 * self._lambdas)), math.sqrt(kept[-1]), math.sqrt(kept[1]))
        self._alphas = np.append(levels, 1.0)
        self._sigmas = np.append(np.sqrt(1 - levels**2), 0.0)
        self.timesteps: NDArray[np.float32] = self.training.step_at(levels).astype(np.float32)
        self._earlier: Wave | None = None
        self._expected = 0

    def needs_noise(self, index: int) -> bool:
        """Tells whether the step with that index adds noise: none does."""
        return False

    def step(self, prediction: Wave, index: int, sample: Wave, noise: Wave | None = None) -> Wave:
        """Returns the sample one step nearer to the clean signal.

        With h_i = lambda_i - lambda_(i - 1) and r_i = h_(i - 1) / h_i

        1. x_0 = (x - sigma_(i - 1) * prediction) / alpha_(i - 1)                             the predicted clean signal
        2. D = x_0 + (x_0 - earlier x_0) / (2 r_i); D = x_0 at the first step and at the last     (Algorithm 2, line 7)
        3. x_i = sigma_i / sigma_(i - 1) * x - alpha_i (exp(-h_i) - 1) D                          (Algorithm 2, line 8)

        Args:
            prediction: the noise that the network hears in `sample` at `timesteps[index]`.
            index: 0 for the noisiest step; steps come in order.
            sample: x_(i - 1).
            noise: not used; the samplers share one signature.

        Shape:
            (..., time) twice -> (..., time)

        Raises:
            ConfigError: a step is left out or comes twice.
        """
        if index not in (0, self._expected):
            raise ConfigError(f"step {index} of DPM-Solver++ after step {self._expected - 1}: steps come in order")
        alpha, sigma = self._alphas[index], self._sigmas[index]
        alpha_next, sigma_next = self._alphas[index + 1], self._sigmas[index + 1]
        clean: Wave = np.asarray((sample - np.float32(sigma) * prediction) / np.float32(alpha), np.float32)
        last = index == len(self.timesteps) - 1
        direction = clean
        if self.order == 2 and index > 0 and not last and self._earlier is not None:
            step_before, step_now = np.diff(self._lambdas[index - 1 : index + 2])
            direction = clean + np.float32(step_now / (2 * step_before)) * (clean - self._earlier)
        self._earlier, self._expected = clean, index + 1
        # alpha_i (1 - exp(-h_i)), written so that it holds for lambda_i at infinity too
        share = alpha_next - sigma_next * alpha / sigma
        moved = np.float32(sigma_next / sigma) * sample + np.float32(share) * direction
        return np.asarray(moved, np.float32)
