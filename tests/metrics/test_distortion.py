"""Energy ratios against their closed forms."""

import doctest
import importlib

import numpy as np
import pytest
from metric_signals import RATE, music, noise_at

from goodtake.metrics import sdr, si_sdr

CLEAN = music()
DISTORTION = importlib.import_module("goodtake.metrics.distortion")


def orthogonal_noise(snr_db: float) -> np.ndarray:
    """Noise without any of the clip in it, in float64, so that ratios are exact."""
    noise = np.random.default_rng(3).standard_normal(CLEAN.size)
    clean = CLEAN.astype(np.float64)
    noise -= clean * (noise @ clean) / (clean @ clean)
    return noise * np.sqrt(clean @ clean / (noise @ noise)) * 10 ** (-snr_db / 20)


@pytest.mark.parametrize("snr_db", [-20, 0, 13, 60])
def test_noise_of_known_snr(snr_db: float) -> None:
    noisy = CLEAN + orthogonal_noise(snr_db)
    # float32 rounding of the clips lies some 150 dB down.
    assert sdr(noisy, CLEAN, RATE) == pytest.approx(snr_db, abs=1e-3)
    assert si_sdr(noisy, CLEAN, RATE) == pytest.approx(snr_db, abs=1e-3)
    assert si_sdr(-3 * noisy, CLEAN, RATE) == pytest.approx(snr_db, abs=1e-3)


@pytest.mark.parametrize("gain", [0.5, 0.99, 2, -1])
def test_sdr_of_a_gain_is_the_gain(gain: float) -> None:
    assert sdr(gain * CLEAN, CLEAN, RATE) == pytest.approx(-20 * np.log10(abs(1 - gain)), abs=1e-3)


def test_swapped_arguments() -> None:
    assert sdr(0.5 * CLEAN, CLEAN, RATE) == pytest.approx(6.02, abs=0.01)
    assert sdr(CLEAN, 0.5 * CLEAN, RATE) == pytest.approx(0, abs=0.01)
    # The angle between two clips is the same from both sides.
    noisy = CLEAN + noise_at(CLEAN, 5)
    assert si_sdr(noisy, CLEAN, RATE) == pytest.approx(si_sdr(CLEAN, noisy, RATE), abs=1e-3)


def test_delay_of_a_tone() -> None:
    phase = 2 * np.pi * 500 * np.arange(RATE) / RATE
    tone, late = (np.sin(phase - shift).astype(np.float32) for shift in (0, np.pi / 4))
    # |s - e|^2 = 2 - 2 cos 45 degrees; the angle between them is 45 degrees.
    assert sdr(late, tone, RATE) == pytest.approx(-10 * np.log10(2 - np.sqrt(2)), abs=1e-3)
    assert si_sdr(late, tone, RATE) == pytest.approx(0, abs=1e-3)


def test_channels_share_one_scale() -> None:
    balance = np.stack([CLEAN, 0.5 * CLEAN])
    assert si_sdr(0.1 * balance, balance, RATE) == 100
    # <e, s> = 1.5, |s|^2 = 1.25, |e|^2 = 2: cos^2 = 0.9
    assert si_sdr(np.stack([CLEAN, CLEAN]), balance, RATE) == pytest.approx(10 * np.log10(0.9 / 0.1), abs=1e-3)


def test_ratios_stay_finite() -> None:
    tones = [np.sin(2 * np.pi * hz * np.arange(RATE) / RATE).astype(np.float32) for hz in (400, 800)]
    assert si_sdr(*tones, RATE) == -100
    assert DISTORTION.ratio_db(1, 1e-30) == 100
    assert DISTORTION.ratio_db(1, 0) == 100
    assert DISTORTION.ratio_db(0, 1) == -100


def test_examples() -> None:
    assert doctest.testmod(DISTORTION).failed == 0
