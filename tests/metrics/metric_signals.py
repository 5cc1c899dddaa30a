"""Seeded synthetic clips which the metric tests share."""

import numpy as np

RATE = 16000


def music(seconds: float = 2.0, sample_rate: int = RATE, seed: int = 0) -> np.ndarray:
    """A decaying harmonic tone every half second over a floor of noise 50 dB below, (time,) float32."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    wave = 1e-3 * rng.standard_normal(time.size)
    for onset in np.arange(0, seconds, 0.5):
        since = np.clip(time - onset, 0, None)
        pitch = 110 * 2 ** (rng.integers(0, 24) / 12)
        for partial in range(1, 16):
            decay = np.exp(-since * (2 + partial)) * (time >= onset)
            wave += 0.2 / partial * decay * np.sin(2 * np.pi * pitch * partial * since + partial)
    return wave.astype(np.float32)


def noise_at(wave: np.ndarray, snr_db: float, seed: int = 1) -> np.ndarray:
    """White noise so much below the clip, of its shape."""
    noise = np.random.default_rng(seed).standard_normal(wave.shape)
    return (noise * np.sqrt(np.mean(wave**2) / np.mean(noise**2)) * 10 ** (-snr_db / 20)).astype(np.float32)
