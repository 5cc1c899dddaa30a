"""What every embedding is: a function from a clip to one vector per patch of about a second."""

from typing import Protocol

import numpy as np
import soxr
from numpy.typing import ArrayLike, NDArray

from goodtake.dsp.stft import Wave
from goodtake.errors import ConfigError

Patches = NDArray[np.float32]
"""(patch, dimension)."""


class Embedding(Protocol):
    """Turns clips into points of a space in which sets of clips are compared.

    Attributes:
        name: as in tables; names the file too where there is one.
        sample_rate: at which it listens, Hz; other rates are resampled.
        dimension: of a point.
        patches_per_second: points that a second of a long clip gives, per channel that is heard by itself.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def sample_rate(self) -> int: ...  # noqa: D102

    @property
    def dimension(self) -> int: ...  # noqa: D102

    @property
    def patches_per_second(self) -> float: ...  # noqa: D102

    def __call__(self, wave: ArrayLike, sample_rate: int) -> Patches:
        """Returns the points of one clip, at least one.

        Args:
            wave: floats, (time,) or (channel, time). Silence is sound like any other.
            sample_rate: Hz.

        Shape:
            (patch, dimension)

        Raises:
            ConfigError: not such a clip, or NaN in it.
        """


def at_rate(wave: ArrayLike, sample_rate: int, wanted_rate: int, *, mono: bool) -> Wave:
    """Checks a clip and returns it as float32 at another rate.

    Args:
        wave: floats, (time,) or (channel, time).
        sample_rate: of it, Hz.
        wanted_rate: Hz.
        mono: mix the channels down to their mean first.

    Shape:
        (channel, time)

    Raises:
        ConfigError: see `Embedding.__call__`.
    """
    array = np.asarray(wave)
    if array.ndim not in (1, 2) or 0 in array.shape or not np.issubdtype(array.dtype, np.floating):
        raise ConfigError(f"a clip is {array.dtype} {array.shape}: give floats of shape (time,) or (channel, time)")
    clip: Wave = np.atleast_2d(array).astype(np.float32)
    if clip.shape[0] > clip.shape[1]:
        raise ConfigError(f"a clip has {clip.shape[0]} channels of {clip.shape[1]} samples: give (channel, time)")
    if not np.isfinite(clip).all():
        raise ConfigError("a clip to embed holds NaN or infinite samples: repair what made it")
    if mono:
        clip = clip.mean(axis=0, keepdims=True)
    if sample_rate == wanted_rate:
        return clip
    return np.ascontiguousarray(soxr.resample(clip.T, sample_rate, wanted_rate).T)


def windows(wave: Wave, length: int, hop_length: int) -> Wave:
    """Returns the whole windows along the last axis: (..., time) -> (..., window, length); a view."""
    return np.lib.stride_tricks.sliding_window_view(wave, length, axis=-1)[..., ::hop_length, :]
