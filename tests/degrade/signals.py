"""Signals and a bank made from a seed, for the tests of this folder."""

import numpy as np

from goodtake.degrade.bank import Bank
from goodtake.degrade.rooms import centre


def music(sample_rate=16_000, seconds=2.0, channels=1, seed=0):
    """Notes with an attack and a decay, and a little breath: broad enough for a sharp cross-correlation."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    wave = 0.02 * rng.standard_normal((channels, len(time)))
    for start in np.arange(0, seconds, 0.25):
        pitch = 110 * 2 ** (rng.integers(0, 36) / 12)
        since = time - start
        envelope = np.where(since >= 0, np.exp(-6 * np.maximum(since, 0)), 0)
        for harmonic in range(1, 8):
            if harmonic * pitch < 0.45 * sample_rate:
                wave += envelope * np.sin(2 * np.pi * harmonic * pitch * since) / harmonic * rng.uniform(0.5, 1)
    return (0.3 * wave / np.abs(wave).max()).astype(np.float32)


def sine(frequency_hz, sample_rate=16_000, seconds=2.0, channels=1):
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    return np.tile(0.5 * np.sin(2 * np.pi * frequency_hz * time), (channels, 1)).astype(np.float32)


def make_bank(sample_rate=16_000, seed=0):
    rng = np.random.default_rng(seed)

    def noise(channels, seconds):
        return (0.05 * rng.standard_normal((channels, round(seconds * sample_rate)))).astype(np.float16)

    def response(channels):
        late = np.exp(-np.arange(sample_rate // 2) / (0.06 * sample_rate))
        rir = 0.05 * rng.standard_normal((channels, late.size)) * late
        rir[:, :110] = 0
        rir[:, 100] = -1.5  # recorded with reversed polarity
        return centre(rir.astype(np.float32), sample_rate)

    def voice():
        syllables = np.repeat(rng.uniform(0, 1, 40), sample_rate // 10)
        return (syllables * rng.standard_normal((1, syllables.size)) * 0.05).astype(np.float16)

    def microphone():
        return np.convolve(rng.standard_normal(64) * np.hanning(64), [1, 0.4, -0.2])[None].astype(np.float32)

    return Bank(
        sample_rate,
        rirs={"hall.flac": response(2), "room.flac": response(1)},
        noises={"rain.ogg": noise(1, 3.0), "street.ogg": noise(2, 1.3)},
        talkers={f"speech/{n}.ogg": voice() for n in range(4)},
        microphones={"ribbon.flac": microphone(), "carbon.flac": microphone()},
    )


def lag(degraded, clean):
    """Samples by which `degraded` comes after `clean`: the peak of the whitened cross-correlation within 0.1 s."""
    n_fft = 1 << (clean.shape[1] + 8192).bit_length()
    cross = np.fft.rfft(degraded.sum(0), n_fft) * np.conj(np.fft.rfft(clean.sum(0), n_fft))
    correlation = np.fft.irfft(cross / (np.abs(cross) + 1e-3 * np.abs(cross).max()), n_fft)
    place = int(np.argmax(np.abs(np.roll(correlation, 2000)[:4001])))
    return place - 2000


def level_db(wave):
    return 10 * np.log10(np.mean(np.asarray(wave, np.float64) ** 2))
