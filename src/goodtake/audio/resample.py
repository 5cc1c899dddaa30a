"""Change the sample rate of a stream, block by block, with soxr (very high quality, no added delay).

soxr's own output may be a sample longer or shorter than the ideal length; here the length is a contract:
``output_length`` samples, whatever the blocks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]
DEFAULT_QUALITY = "HQ"


def output_length(frames: int, from_rate: int, to_rate: int) -> int:
    """Samples after resampling ``frames``: frames x to / from, rounded to the nearest, halves up.

    >>> output_length(441, 44100, 48000), output_length(1, 48000, 8000)
    (480, 0)
    """
    return (2 * frames * to_rate + from_rate) // (2 * from_rate)


class Resampler:
    """A streaming sample rate converter.

    Feed blocks to ``process``; set ``last`` on the final one (it may be empty). All outputs together have exactly
    ``output_length`` samples and do not depend on how the input was cut. Equal rates pass the blocks through.

    Args:
        channels: rows of every block.
        from_rate: of the input, Hz.
        to_rate: of the output, Hz.
        dtype: float32 or float64.
        quality: of soxr: QQ, LQ, MQ, HQ or VHQ.
    """

    def __init__(
        self,
        channels: int,
        from_rate: int,
        to_rate: int,
        dtype: type[np.float32] | type[np.float64] = np.float32,
        quality: str = DEFAULT_QUALITY,
    ) -> None:
        if channels < 1 or from_rate < 1 or to_rate < 1:
            raise ValueError(f"{channels} channels from {from_rate} to {to_rate} Hz")
        self.channels, self.from_rate, self.to_rate = channels, from_rate, to_rate
        self.dtype = dtype
        self._taken = self._given = 0
        self._stream: Any = None
        if from_rate != to_rate:
            import soxr

            self._stream = soxr.ResampleStream(from_rate, to_rate, channels, dtype=dtype.__name__, quality=quality)

    def process(self, block: FloatArray, last: bool = False) -> FloatArray:
        """Convert the next block.

        Args:
            block: of any length, also empty.
            last: whether the input ends with it; the resampler is then spent.

        Shape:
            (channel, time) -> (channel, whatever is ready).
        """
        if block.ndim != 2 or block.shape[0] != self.channels:
            raise ValueError(f"a block of shape {block.shape} for {self.channels} channels")
        self._taken += block.shape[1]
        if self._stream is None:
            return np.asarray(block, dtype=self.dtype)
        interleaved = np.ascontiguousarray(block.T, dtype=self.dtype)  # (time, channel)
        ready = self._stream.resample_chunk(interleaved, last=last).T  # (channel, time)
        # The total is known only at the end, but it never falls below what the input so far asks for.
        wanted = output_length(self._taken, self.from_rate, self.to_rate) - self._given
        if last:
            ready = ready[:, :wanted]
            if ready.shape[1] < wanted:
                ready = np.pad(ready, ((0, 0), (0, wanted - ready.shape[1])))
        self._given += ready.shape[1]
        return np.ascontiguousarray(ready)


def resample_clip(wave: FloatArray, from_rate: int, to_rate: int) -> FloatArray:
    """Resample a short clip whole: (channel, time) -> (channel, output_length(time))."""
    dtype = np.float64 if wave.dtype == np.float64 else np.float32
    return Resampler(wave.shape[0], from_rate, to_rate, dtype).process(wave, last=True)
