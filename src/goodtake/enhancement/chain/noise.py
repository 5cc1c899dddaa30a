"""Gaussian noise that every sample has by its place: the same whatever stretch of it is asked for."""

import numpy as np

from goodtake.dsp.stft import Wave

BLOCK = 4096
"""Samples drawn together."""


def noise_at(seed: int, layer: int, start: int, length: int) -> Wave:
    """Returns unit Gaussian noise.

    Args:
        seed: of the take.
        layer: which of many noises, from 0 on.
        start: sample, not negative.
        length: samples.

    Shape:
        -> (length,)
    """
    first, last = start // BLOCK, -(-(start + length) // BLOCK)
    blocks = [
        np.random.Generator(np.random.Philox(key=[seed, (layer << 40) + block])).standard_normal(BLOCK, np.float32)
        for block in range(first, last)
    ]
    drawn = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    return drawn[start - first * BLOCK :][:length]
