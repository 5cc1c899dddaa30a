"""Paper 1's end-to-end baseline as a stream: a waveform U-Net on long windows that are cross-faded."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from goodtake.dsp.stft import Wave
from goodtake.enhancement.chain.settings import ChainSettings
from goodtake.enhancement.chain.windows import FadedWindows


class DemucsStream:
    """One take through the U-Net; channels one by one.

    Args:
        session: of the network.
        settings: of the bundle.
        samples: of the take.
        strength: 0 gives the take back, 1 the network's answer.
    """

    def __init__(self, session: Any, settings: ChainSettings, samples: int, strength: float) -> None:
        self.session, self.settings, self.strength = session, settings, np.float32(strength)
        rate = settings.mel.sample_rate
        window, overlap = round(settings.window_seconds * rate), round(settings.overlap_seconds * rate)
        self._windows = FadedWindows(samples, window, overlap, self._enhanced)

    def feed(self, wave: Wave) -> Iterator[Wave]:
        """Takes (channel, time) and yields what is final."""
        return self._windows.feed(wave)

    def flush(self) -> Iterator[Wave]:
        """Yields nothing: the last sample ended the last window."""
        return iter(())

    def _enhanced(self, wave: Wave) -> Wave:
        samples = wave.shape[1]
        padded = np.pad(wave, [(0, 0), (0, self.settings.wave.padded_length(samples) - samples)])
        answers = [self.session.run(None, {"wave": channel[None, None]})[0][0, 0, :samples] for channel in padded]
        return np.asarray(wave + self.strength * (np.stack(answers) - wave), np.float32)
