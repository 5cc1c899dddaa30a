"""What an engine is to `Enhancer`: it hears a take once, judges it, and then enhances its blocks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from goodtake.bundles import Bundle
from goodtake.dsp.stft import Wave
from goodtake.errors import ConfigError

CHUNK_FRAMES = 512
"""Frames of 16 ms that networks work on at a time."""

MIN_SECONDS = 0.125
"""Takes shorter than this say too little to be judged."""


class Judged(Protocol):
    """What an engine knows of a take before it enhances it."""

    @property
    def wet(self) -> float:
        """How much of the enhancement is wanted, 0 to 1."""
        ...


@dataclass(frozen=True)
class TakeShape:
    """Size of a take.

    Args:
        sample_rate: Hz.
        channels: of every block.
        samples: per channel.
    """

    sample_rate: int
    channels: int
    samples: int


class Ear(Protocol):
    """Hears one take, block by block."""

    hears_power: bool
    """Whether it wants the spectrogram as well."""

    def feed(self, block: Wave) -> None:
        """Takes (channel, time)."""
        ...

    def feed_power(self, power: NDArray[np.float32]) -> None:
        """Takes the power (channel, freq, frame) of the spectrogram on `FrameGrid.for_rate`."""
        ...

    def judge(self) -> Judged | None:
        """Ends the take; None when it is silent or too short, and is to be left alone."""
        ...


class Engine(Protocol):
    """Runs bundles of one kind."""

    bundle: Bundle

    def ear(self, sample_rate: int, channels: int) -> Ear:
        """Returns an ear for one take."""
        ...

    def enhance(
        self, blocks: Iterable[Wave], take: TakeShape, judged: Judged, strength: float, chunk_frames: int
    ) -> Iterator[Wave]:
        """Yields as many samples as the take has, in step with it, before its loudness is matched.

        Args:
            blocks: of the take, (channel, time), of any length.
            take: its size.
            judged: what `Ear.judge` of the same engine returned.
            strength: 1 is full.
            chunk_frames: frames decided at a time; it changes nothing but memory and speed.
        """
        ...


@dataclass(frozen=True)
class EngineOptions:
    """What a user may ask of an engine.

    Args:
        threads: of one operator; 0 takes all cores.
        steps: network calls of a diffusion musecoder; None takes those of the bundle.
        seed: of whatever is drawn; None is 0.
        strict_paper: leave out what the paper does not have: nothing above half the networks' rate is kept.

    Raises:
        ConfigError: a value is out of range.
    """

    threads: int = 0
    steps: int | None = None
    seed: int | None = None
    strict_paper: bool = False

    def __post_init__(self) -> None:
        if self.steps is not None and self.steps < 1:
            raise ConfigError(f"{self.steps} steps: give 1 or more")
        if self.seed is not None and not 0 <= self.seed < 2**32:
            raise ConfigError(f"seed {self.seed}: give a whole number from 0 to {2**32 - 1}")

    def refuse_all_but(self, model: str, known: Iterable[str]) -> None:
        """Checks that nothing was asked for that the engine does not have.

        Args:
            model: its name, for the message.
            known: names of fields other than `threads` that it has.

        Raises:
            ConfigError: something was.
        """
        fields = {"steps": self.steps is not None, "seed": self.seed is not None, "strict_paper": self.strict_paper}
        for name, given in fields.items():
            if given and name not in known:
                reason = {
                    "steps": "only models with a diffusion musecoder sample in steps",
                    "seed": "nothing in it is drawn at random",
                    "strict_paper": "it is no engine of a paper",
                }[name]
                raise ConfigError(f"model {model} knows no --{name.replace('_', '-')}: {reason}; leave it out")
