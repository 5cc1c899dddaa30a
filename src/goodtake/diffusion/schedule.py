"""Noise schedules: how much of the signal is left at each step.

After Kong et al., "DiffWave: a versatile diffusion model for audio synthesis", ICLR 2021: sections 2 and 5, and
appendix B for steps that lie between those of training. Steps count as in the paper: 0 is the clean signal, 1 to T are
noisy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodtake.errors import ConfigError

FAST_BETAS = (1e-4, 1e-3, 1e-2, 0.05, 0.2, 0.5)
"""DiffWave's schedule of six steps for synthesis (section 5.1)."""

Wave = NDArray[np.float32]


@dataclass(frozen=True)
class NoiseSchedule:
    """Variances of the noise added at steps 1 to T.

    Args:
        betas: beta_1 to beta_T, each between 0 and 1.

    Raises:
        ConfigError: there is none, or one is not between 0 and 1.
    """

    betas: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.betas or not all(0 < beta < 1 for beta in self.betas):
            raise ConfigError(f"noise schedule {self.betas}: give one or more variances between 0 and 1")

    @property
    def n_steps(self) -> int:
        """T, the number of noisy steps."""
        return len(self.betas)

    @cached_property
    def alpha_bars(self) -> NDArray[np.float64]:
        """Share of the signal's variance that is left, alpha-bar_t = prod (1 - beta_s) (eq. 4), t from 0: (T + 1,)."""
        return np.concatenate([[1.0], np.cumprod(1 - np.asarray(self.betas, np.float64))])

    def signal_level(self, step: ArrayLike) -> NDArray[np.float64]:
        """Returns the factor of the signal, sqrt(alpha-bar), at steps that need not be whole: straight lines between.

        Shape:
            any -> the same
        """
        steps = np.asarray(step, np.float64)
        return np.asarray(np.interp(steps, np.arange(self.n_steps + 1), np.sqrt(self.alpha_bars)), np.float64)

    def linear_error(self, level: float) -> NDArray[np.float64]:
        """Returns the mean squared error of the best linear estimate of the noise from x_t alone, t from 0: (T + 1,).

        What a network has to do is below it: a^2 s^2 / (a^2 s^2 + 1 - a^2), with a the signal's factor.

        Args:
            level: s, the root mean square of clean signals.
        """
        signal = self.alpha_bars * level**2
        return np.asarray(signal / (signal + 1 - self.alpha_bars), np.float64)

    def step_at(self, signal_level: ArrayLike) -> NDArray[np.float64]:
        """Returns the step, seldom whole, where the factor of the signal is that; the inverse of `signal_level`.

        For a level between those of t and t + 1 (appendix B)

            t_align = t + (sqrt(alpha-bar_t) - level) / (sqrt(alpha-bar_t) - sqrt(alpha-bar_(t + 1)))

        Shape:
            any -> the same

        Raises:
            ConfigError: a level lies outside of what the schedule covers.
        """
        level, known = np.asarray(signal_level, np.float64), np.sqrt(self.alpha_bars)
        if np.any(level > 1 + 1e-12) or np.any(level < known[-1] - 1e-12):
            raise ConfigError(
                f"signal levels {np.round(level, 4).tolist()} for a schedule from 1 down to {known[-1]:.4f}: "
                "the network was not trained on so much noise, choose a shorter schedule"
            )
        return np.asarray(np.interp(-level, -known, np.arange(self.n_steps + 1)), np.float64)

    def add_noise(self, clean: Wave, noise: Wave, step: int) -> Wave:
        """Returns the signal at a step: x_t = sqrt(alpha-bar_t) x_0 + sqrt(1 - alpha-bar_t) noise (section 2).

        Shape:
            clean, noise (..., time) -> (..., time)
        """
        kept = self.alpha_bars[step]
        return np.asarray(np.float32(np.sqrt(kept)) * clean + np.float32(np.sqrt(1 - kept)) * noise, np.float32)


def linear_schedule(n_steps: int = 50, first: float = 1e-4, last: float = 0.05) -> NoiseSchedule:
    """Returns variances that rise by equal amounts; the defaults are DiffWave base's and paper 1's.

    >>> linear_schedule(3, 0.1, 0.3).alpha_bars.round(3).tolist()
    [1.0, 0.9, 0.72, 0.504]
    """
    return NoiseSchedule(tuple(np.linspace(first, last, n_steps).tolist()))


def align_steps(training: NoiseSchedule, betas: Sequence[float]) -> NDArray[np.float64]:
    """Returns, for each step of a shorter schedule, the step of training with as much noise.

    Shape:
        S variances -> (S,), rising
    """
    return training.step_at(np.sqrt(NoiseSchedule(tuple(betas)).alpha_bars[1:]))
