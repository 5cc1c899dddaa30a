"""The first half of a chain: what the take's mel spectrogram is, and what mel2mel makes of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from goodtake.dsp.mel import MelConfig, mel_filterbank
from goodtake.dsp.stft import Spectrum, Wave
from goodtake.enhancement.chain.settings import ChainSettings
from goodtake.enhancement.chain.windows import FadedWindows, FloatArray, Queue
from goodtake.enhancement.frames import FrameAnalyser

LEAST_LEVEL = 10 ** (-30 / 20)
"""Windows this far below the level of the take are not raised further: what is in them is the noise floor."""

Translate = Callable[[FloatArray], FloatArray]
"""mel2mel: log mel (mel, 4 n) -> the same."""


@dataclass(frozen=True)
class MelFrames:
    """Frames for a vocoder.

    Args:
        mel: enhanced log mel of each channel: (channel, mel, frame).
        shared: enhanced log mel of the mean power of all channels: (mel, frame).
        spectrum: of the take: (channel, freq, frame).
    """

    mel: FloatArray
    shared: FloatArray
    spectrum: Spectrum


class MelStream:
    """A stream of samples into frames for a vocoder.

    All channels get one decision: mel2mel hears their mean power, and what it adds to that log-mel spectrogram is added
    to each channel's own. So equal channels stay equal and levels keep their distances.

    Every window is heard at the level of the take, as clips were in training, and put back to its own afterwards:
    instance normalisation forgets levels, and quiet passages would else come out loud.

    Args:
        settings: of the bundle.
        channels: of the take.
        samples: of the take, per channel.
        level: root mean square of the take.
        strength: factor of the change of the log-mel spectrogram.
        translate: mel2mel; None changes nothing.
    """

    def __init__(
        self,
        settings: ChainSettings,
        channels: int,
        samples: int,
        level: float,
        strength: float,
        translate: Translate | None,
    ) -> None:
        self.settings, self.level, self.strength = settings, level, np.float32(strength)
        self.frames = settings.mel.grid.n_frames(samples)
        self._translate = translate
        self._analyser = FrameAnalyser(settings.mel.grid, channels)
        self._spectra, self._powers = Queue(), Queue()
        self._windows = FadedWindows(self.frames, settings.window_frames, settings.overlap_frames, self._change)

    def feed(self, wave: Wave) -> Iterator[MelFrames]:
        """Takes (channel, time) and yields the frames that are decided."""
        return self._hear(self._analyser.feed(wave))

    def flush(self) -> Iterator[MelFrames]:
        """Yields what is left."""
        return self._hear(self._analyser.flush())

    def _hear(self, spectrum: Spectrum) -> Iterator[MelFrames]:
        if not spectrum.shape[-1]:
            return
        power = spectrum.real**2 + spectrum.imag**2
        self._spectra.put(spectrum)
        self._powers.put(mel_power(power, self.settings.mel))
        if self._translate is None:
            yield self._changed(np.zeros((self.settings.mel.n_mels, spectrum.shape[-1]), np.float32))
            return
        shared = power.mean(axis=0)
        heard = np.concatenate([mel_power(shared[None], self.settings.mel)[0], mean_square(shared)[None]])
        for change in self._windows.feed(heard):
            yield self._changed(change)

    def _change(self, heard: FloatArray) -> FloatArray:
        """Asks mel2mel about a window: mel power and mean square (mel + 1, frame) -> what it adds (mel, frame)."""
        assert self._translate is not None
        loudness = float(np.sqrt(heard[-1].mean())) / self.level
        mel = to_log(heard[:-1] / np.float32(max(loudness, LEAST_LEVEL)) ** 2, self.settings.mel)
        frames = mel.shape[1]
        padded = np.pad(mel, [(0, 0), (0, -frames % 4)], mode="edge")
        return np.asarray(self._translate(padded)[:, :frames] - mel, np.float32)

    def _changed(self, change: FloatArray) -> MelFrames:
        frames = change.shape[-1]
        power = self._powers.take(frames)
        added = self.strength * change
        mel = to_log(power, self.settings.mel) + added
        shared = to_log(power.mean(axis=0), self.settings.mel) + added
        return MelFrames(mel, shared, self._spectra.take(frames))


def mel_power(power: FloatArray, config: MelConfig) -> FloatArray:
    """Returns the bands of `mel.log_mel` without logarithm: (channel, freq, frame) -> (channel, mel, frame).

    Sums over the few bins of each band, not a product of matrices: that would wake the threads of the BLAS.
    """
    if config.power != 2:
        power = power ** np.float32(config.power / 2)
    bands = [(power[:, bins] * weights[:, None]).sum(axis=1) for bins, weights in _bank_rows(config)]
    return np.stack(bands, axis=1).astype(np.float32)


def to_log(bands: FloatArray, config: MelConfig) -> FloatArray:
    """Returns the logarithm of mel bands, as `mel.log_mel` has it; any shape."""
    log = np.log(np.maximum(bands, np.float32(config.floor)))
    return np.asarray(log / np.float32(np.log(config.log_base)), np.float32)


def mean_square(power: FloatArray) -> FloatArray:
    """Returns the mean square of the samples beneath each frame, weighed by the window: (freq, frame) -> (frame,)."""
    n_fft = 2 * (power.shape[0] - 1)
    both_sides = 2 * power.sum(axis=0) - power[0] - power[-1]  # Parseval: sum over all bins = n_fft * sum (w x)^2
    window_square = 3 / 8 * n_fft  # of a Hann window
    return np.asarray(both_sides / (n_fft * window_square), np.float32)


@lru_cache(maxsize=4)
def _bank_rows(config: MelConfig) -> tuple[tuple[slice, NDArray[np.float32]], ...]:
    """Returns the bins of each band and their weights; most of the matrix is zero."""
    rows = []
    for row in mel_filterbank(config):
        inside = np.flatnonzero(row)
        bins = slice(int(inside[0]), int(inside[-1]) + 1) if inside.size else slice(0, 1)
        rows.append((bins, row[bins]))
    return tuple(rows)
