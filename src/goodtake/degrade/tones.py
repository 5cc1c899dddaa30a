"""Sums of harmonics, for hum and fans: one complex exponential for all of them instead of a sine each."""

import numpy as np
from numpy.typing import NDArray


def harmonic_sum(phase: NDArray[np.floating], levels: list[float], shifts: list[float]) -> NDArray[np.float64]:
    """Returns the sum over n of levels[n] sin((n + 1) phase + shifts[n]): (time,) -> (time,).

    With z = exp(i phase) it is the imaginary part of a polynomial in z, evaluated by Horner's rule.

    >>> harmonic_sum(np.array([0.0, np.pi / 2]), [2.0, 1.0], [0.0, np.pi / 2]).round(6).tolist()
    [1.0, 1.0]
    """
    turn = np.exp(1j * phase)
    total = np.zeros_like(turn)
    for level, shift in zip(reversed(levels), reversed(shifts), strict=True):
        total += level * np.exp(1j * shift)
        total *= turn
    return np.asarray(total.imag)
