"""Clean clips to degrade: real phrases, mixtures of them and rendered music, through ever new recording chains.

Nearly all real phrases at hand come from a few studios, so each clip passes a drawn recording chain (pitch, tone,
compression, noise floor) before it counts as the clean target: the net must learn how music sounds, not how one room
does.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import soxr

from goodtake.datasets.recordings import Recordings
from goodtake.dsp.filters import magnitude_filter
from goodtake.dsp.stft import Wave

RenderClip = Callable[[np.random.Generator, int], Wave]
"""Draws rendered music of that many samples: (channel, time)."""


@dataclass(frozen=True)
class ClipConfig:
    """Shares of the clip kinds and strength of the recording chain.

    Args:
        rendered: share of rendered music, when a renderer is given.
        mixed: share of real clips that are two to four phrases together.
        retuned: share of phrases that are resampled, by up to `semitones` either way.
        semitones: largest pitch change.
        toned: share of clips with a tone curve of up to `tone_db`.
        tone_db: largest gain of the tone curve.
        compressed: share of clips with a soft compression.
        floor_db: range of the noise floor below the clip's rms.
    """

    rendered: float = 0.35
    mixed: float = 0.3
    retuned: float = 0.7
    semitones: float = 3.0
    toned: float = 0.5
    tone_db: float = 6.0
    compressed: float = 0.15
    floor_db: tuple[float, float] = (62.0, 95.0)


@dataclass
class CleanClips:
    """Draws clean clips.

    Args:
        recordings: real music.
        config: shares and strengths.
        render: rendered music, or None for real music only.
    """

    recordings: Recordings
    config: ClipConfig
    render: RenderClip | None = None

    def draw(self, rng: np.random.Generator, samples: int) -> Wave:
        """Returns a clip (channel, samples) of unit rms that is nowhere digitally silent."""
        if self.render is not None and rng.uniform() < self.config.rendered:
            wave = unit_rms(self.render(rng, samples))
        else:
            wave = self._phrase(rng, samples)
            if rng.uniform() < self.config.mixed:
                for _ in range(int(rng.integers(1, 4))):
                    wave = wave + np.float32(10 ** (rng.uniform(-9, 3) / 20)) * self._phrase(rng, samples)
        if rng.uniform() < self.config.toned:
            wave = _tone(rng, wave, self.recordings.sample_rate, self.config.tone_db)
        if rng.uniform() < self.config.compressed:
            wave = _compress(rng, unit_rms(wave), self.recordings.sample_rate)
        return unit_rms(unit_rms(wave) + _floor(rng, wave.shape, self.config.floor_db))

    def _phrase(self, rng: np.random.Generator, samples: int) -> Wave:
        if rng.uniform() >= self.config.retuned:
            return unit_rms(self.recordings.crop(rng, samples))
        ratio = 2 ** (rng.uniform(-self.config.semitones, self.config.semitones) / 12)
        stretch = self.recordings.crop(rng, int(samples * ratio) + 16)
        retuned = soxr.resample(stretch.T, ratio, 1.0, quality="MQ").T[:, :samples]
        return unit_rms(np.pad(retuned, [(0, 0), (0, samples - retuned.shape[1])]).astype(np.float32))


def unit_rms(wave: Wave) -> Wave:
    """Scales to an rms of one over all channels; silence stays silence."""
    rms = float(np.sqrt(np.mean(wave.astype(np.float64) ** 2)))
    return (wave / np.float32(rms)).astype(np.float32) if rms > 1e-9 else wave


def _tone(rng: np.random.Generator, wave: Wave, sample_rate: int, tone_db: float) -> Wave:
    points = np.geomspace(60, 0.45 * sample_rate, int(rng.integers(3, 8)))
    return magnitude_filter(wave, points, rng.uniform(-tone_db, tone_db, len(points)), sample_rate)


def _compress(rng: np.random.Generator, wave: Wave, sample_rate: int) -> Wave:
    """Lowers what exceeds a threshold around the rms, with the power smoothed over 50 ms."""
    hop = sample_rate // 20
    power = np.convolve((wave**2).mean(0), np.ones(hop) / hop, mode="same")[: wave.shape[1]]
    over_db = np.maximum(10 * np.log10(power + 1e-9) - rng.uniform(-6, 3), 0)
    gain_db = -over_db * (1 - 1 / rng.uniform(1.3, 4.0))
    return (wave * 10 ** (gain_db / 20)).astype(np.float32)


def _floor(rng: np.random.Generator, shape: tuple[int, ...], floor_db: tuple[float, float]) -> Wave:
    spectrum = np.fft.rfft(rng.standard_normal(shape, dtype=np.float32))
    slope = rng.uniform(-0.5, 0)  # white to pink
    spectrum *= np.maximum(np.arange(spectrum.shape[-1]), 1.0).astype(np.float32) ** np.float32(slope)
    noise = unit_rms(np.fft.irfft(spectrum, shape[-1]).astype(np.float32))
    return noise * np.float32(10 ** (-rng.uniform(*floor_db) / 20))
