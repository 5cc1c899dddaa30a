"""The second half of a chain: a vocoder makes the wave of the frames."""

from collections.abc import Iterator
from typing import Protocol

from goodtake.dsp.stft import Wave
from goodtake.enhancement.chain.mels import MelFrames


class VocoderStream(Protocol):
    """Makes one take."""

    def feed(self, frames: MelFrames) -> Iterator[Wave]:
        """Takes the next frames and yields what is final, (channel, time)."""
        ...

    def flush(self) -> Iterator[Wave]:
        """Yields what is left; all together it is as long as the take."""
        ...


class Vocoder(Protocol):
    """Opens a stream for each take."""

    def stream(self, channels: int, samples: int, chunk_frames: int) -> VocoderStream:
        """Returns a stream.

        Args:
            channels: of the take.
            samples: of the take, per channel.
            chunk_frames: frames made at a time; it changes nothing but memory and speed.
        """
        ...
