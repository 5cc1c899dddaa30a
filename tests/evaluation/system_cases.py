"""Seeded cases which the tests of systems share."""

import numpy as np

from goodtake.evaluation.recipe import Benchmark, SystemSpec
from goodtake.evaluation.systems import Case, System, make_system

BENCHMARK = Benchmark("tested")


def melody(seconds: float = 3.0, sample_rate: int = 16000, channels: int = 1, seed: int = 0) -> np.ndarray:
    """Plucked harmonic tones with rests, panned differently, (channel, time) float32."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    wave = np.zeros((channels, time.size))
    for onset in np.arange(0, seconds, 0.5):
        since = np.clip(time - onset, 0, None)
        pitch = 110 * 2 ** (rng.integers(0, 24) / 12)
        tone = sum(np.sin(2 * np.pi * pitch * n * since) * np.exp(-since * (3 + n)) / n for n in range(1, 12))
        wave += 0.1 * rng.uniform(0.5, 1, (channels, 1)) * (time >= onset) * tone
    return wave.astype(np.float32)


def with_noise(wave: np.ndarray, snr_db: float, seed: int = 1) -> np.ndarray:
    """White noise so much below the clip is added, another one in each channel."""
    noise = np.random.default_rng(seed).standard_normal(wave.shape)
    gain = np.sqrt(np.mean(wave.astype(np.float64) ** 2) / np.mean(noise**2)) * 10 ** (-snr_db / 20)
    return (wave + gain * noise).astype(np.float32)


def si_sdr(estimate: np.ndarray, reference: np.ndarray) -> float:
    """Scale-invariant signal-to-distortion ratio over all channels, dB."""
    estimate, reference = estimate.astype(np.float64), reference.astype(np.float64)
    wanted = np.vdot(estimate, reference) / np.vdot(reference, reference) * reference
    return float(10 * np.log10(np.sum(wanted**2) / max(np.sum((estimate - wanted) ** 2), 1e-30)))


def case_of(degraded: np.ndarray, clean: np.ndarray | None = None, sample_rate: int = 16000) -> Case:
    """A case named clip1 under snr5."""
    return Case(degraded, degraded if clean is None else clean, sample_rate, "clip1", "snr5")


def system(name: str, **fields: object) -> System:
    """A system ready to run."""
    return make_system(SystemSpec(name, **fields), BENCHMARK)  # type: ignore[arg-type]
