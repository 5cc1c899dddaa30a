"""The range in which networks see log-mel spectrograms.

Log2 mel power of music at peak 0.95 lies between -20 (the floor) and 16. Networks, adversarial losses and their weights
want values near one, so every network here carries the two constants in its configuration and applies them itself.
"""

from dataclasses import dataclass

from torch import Tensor

from goodtake.errors import ConfigError


@dataclass(frozen=True)
class MelScale:
    """Mean and deviation of the log-mel values of clean music; the defaults belong to `MelConfig`'s own.

    Args:
        mean: taken off first, log2 of mel power.
        deviation: divided by afterwards, above 0.

    Raises:
        ConfigError: the deviation is not above 0.
    """

    mean: float = -4.0
    deviation: float = 6.0

    def __post_init__(self) -> None:
        if not self.deviation > 0:
            raise ConfigError(f"mel deviation {self.deviation}: give a number above 0")

    def normalise(self, mel: Tensor) -> Tensor:
        """Returns the spectrogram with about zero mean and unit deviation; any shape."""
        return (mel - self.mean) / self.deviation

    def restore(self, normalised: Tensor) -> Tensor:
        """Returns log mel power; the inverse of `normalise`."""
        return normalised * self.deviation + self.mean
