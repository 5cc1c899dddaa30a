"""Fast convolution by FFT, in float32, sample-aligned to the direct path of an impulse response.

Short signals take one FFT, long ones overlap-add (Oppenheim & Schafer, "Discrete-Time Signal Processing", section 8.7).
Use it to put a clip into a room or through a measured microphone.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from goodtake.errors import ConfigError

FloatArray: TypeAlias = NDArray[np.float32]

_LONGEST_FFT = 1 << 20
"""Convolutions that need a longer FFT than this are done block by block."""


@lru_cache(maxsize=256)
def next_fast_len(length: int) -> int:
    """Returns the smallest even 2^a 3^b 5^c which is at least `length`: a size at which the FFT is fast.

    >>> next_fast_len(1021), next_fast_len(16000)
    (1024, 16000)
    """
    half = max(1, (length + 1) // 2)
    best = 1 << (half - 1).bit_length()
    five = 1
    while five < best:
        three = five
        while three < best:
            best = min(best, three << max(0, (-(-half // three) - 1).bit_length()))
            three *= 3
        five *= 5
    return 2 * best


def convolve(wave: NDArray[np.floating], rir: NDArray[np.floating], origin: int = 0) -> FloatArray:
    """Convolves a clip with an impulse response, so that response sample `origin` lands on the input sample.

    With `origin` at the direct path the output is sample-synchronous with the input; the tail beyond the end is cut.
    Long signals are done block by block (overlap-add), so the work space stays small.

    Args:
        wave: (…, time).
        rir: (…, tap), leading axes broadcast against those of `wave`.
        origin: index of the direct path in `rir`.

    Shape:
        (…, time), (…, tap) -> (…, time)

    Raises:
        ConfigError: `origin` lies outside the response.

    >>> convolve(np.array([1.0, 0, 0]), np.array([0.0, 1, 0.5]), origin=1).round(6).tolist()
    [1.0, 0.5, 0.0]
    """
    time, taps = wave.shape[-1], rir.shape[-1]
    if not 0 <= origin < taps:
        raise ConfigError(f"origin is {origin}, but the impulse response has {taps} samples: give an index inside it")
    n_fft = next_fast_len(time + taps - 1)
    if n_fft > _LONGEST_FFT:
        n_fft = next_fast_len(max(8 * taps, _LONGEST_FFT // 4))
    hop = min(n_fft - taps + 1, max(time, 1))
    response = np.fft.rfft(np.asarray(rir, np.float32), n_fft)
    full = np.zeros((*np.broadcast_shapes(wave.shape[:-1], rir.shape[:-1]), time + taps - 1), np.float32)
    for start in range(0, time, hop):
        block = np.asarray(wave[..., start : start + hop], np.float32)
        stop = start + block.shape[-1] + taps - 1
        full[..., start:stop] += np.fft.irfft(np.fft.rfft(block, n_fft) * response, n_fft)[..., : stop - start]
    return np.ascontiguousarray(full[..., origin : origin + time])
