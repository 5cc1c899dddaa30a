"""The loop every sampler shares."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from goodtake.diffusion.schedule import Wave


class Sampler(Protocol):
    """Turns predictions of noise into a signal, step by step."""

    timesteps: NDArray[np.float32]
    """The step to tell the network, noisiest first; not always whole."""

    def set_timesteps(self, n_steps: int) -> None:
        """Chooses how many times the network is asked."""
        ...

    def needs_noise(self, index: int) -> bool:
        """Tells whether `step` wants noise at that index."""
        ...

    def step(self, prediction: Wave, index: int, sample: Wave, noise: Wave | None = None) -> Wave:
        """Returns the sample one step nearer to the clean signal."""
        ...


def draw_sample(
    sampler: Sampler,
    predict_noise: Callable[[Wave, float], Wave],
    start: Wave,
    draw_noise: Callable[[int], Wave],
) -> Wave:
    """Returns a signal from noise.

    Args:
        sampler: with its steps set.
        predict_noise: the network: (sample, step) -> the noise in it.
        start: unit Gaussian noise.
        draw_noise: index of the step -> unit Gaussian noise in the shape of `start`; called where it is needed.

    Shape:
        start (..., time) -> (..., time)
    """
    sample = start
    for index, timestep in enumerate(sampler.timesteps):
        noise = draw_noise(index) if sampler.needs_noise(index) else None
        sample = sampler.step(predict_noise(sample, float(timestep)), index, sample, noise)
    return sample
