"""Delay, gain and polarity: what was put in is found, reported and gone."""

import numpy as np
import pytest
from metric_signals import RATE, music, noise_at

from goodtake.errors import ConfigError
from goodtake.metrics import Alignment, align, sdr, si_sdr

CLEAN = music()


def delayed(clip: np.ndarray, samples: int) -> np.ndarray:
    """The clip later (or, below 0, earlier) by that many samples, zeros where there is nothing."""
    moved = np.zeros_like(clip)
    if samples >= 0:
        moved[..., samples:] = clip[..., : clip.shape[-1] - samples]
    else:
        moved[..., :samples] = clip[..., -samples:]
    return moved


@pytest.mark.parametrize("delay", [0, 1, -1, 40, -733, 1600, -1600])
@pytest.mark.parametrize("gain", [1.0, -0.25, 3.0])
def test_what_was_put_in_is_found_and_gone(delay: int, gain: float) -> None:
    aligned, found = align(gain * delayed(CLEAN, delay), CLEAN, RATE)
    assert (found.delay_samples, found.inverted) == (delay, gain < 0)
    assert found.gain_db == pytest.approx(20 * np.log10(abs(gain)), abs=1e-3)
    assert found.correlation == pytest.approx(1, abs=1e-4)
    kept = slice(max(0, -delay), CLEAN.size - max(0, delay))
    np.testing.assert_allclose(aligned[0, kept], CLEAN[kept], atol=1e-4)
    assert aligned.shape == (1, CLEAN.size)


def test_noise_does_not_bias_the_gain() -> None:
    noisy = delayed(0.5 * (CLEAN + noise_at(CLEAN, 0)), 25)
    _, found = align(noisy, CLEAN, RATE)
    assert found.delay_samples == 25
    assert found.gain_db == pytest.approx(-6.02, abs=0.2)
    assert found.correlation == pytest.approx(np.sqrt(0.5), abs=0.03)


def test_the_sdr_of_the_aligned_is_the_si_sdr() -> None:
    noisy = -0.3 * (CLEAN + noise_at(CLEAN, 12))
    aligned, _ = align(noisy, CLEAN, RATE)
    assert sdr(aligned, CLEAN, RATE) == pytest.approx(si_sdr(noisy, CLEAN, RATE), abs=1e-4)


def test_channels_share_one_delay_and_gain() -> None:
    reference = np.stack([CLEAN, music(seed=4)])
    estimate = 0.5 * delayed(reference, 10)
    estimate[1] *= 0.9
    aligned, found = align(estimate, reference, RATE)
    assert found.delay_samples == 10
    balance = np.linalg.norm(aligned, axis=1) / np.linalg.norm(reference, axis=1)
    assert balance[1] / balance[0] == pytest.approx(0.9, abs=0.01)


def test_a_longer_estimate_gives_its_tail() -> None:
    aligned, found = align(np.concatenate([np.zeros(300, np.float32), CLEAN]), CLEAN, RATE)
    assert found.delay_samples == 300
    np.testing.assert_allclose(aligned[0], CLEAN, atol=1e-5)
    shorter, _ = align(CLEAN[:-500], CLEAN, RATE)
    assert shorter.shape == (1, CLEAN.size)
    assert not shorter[0, -500:].any()


def test_strangers_are_left_as_they_are() -> None:
    white = np.random.default_rng(5).standard_normal(CLEAN.size).astype(np.float32)
    aligned, found = align(white, CLEAN, RATE)
    assert found == Alignment(0, 0.0, False, found.correlation)
    assert found.correlation < 0.1
    np.testing.assert_array_equal(aligned[0], white)


def test_the_bound_holds() -> None:
    white = np.random.default_rng(6).standard_normal(RATE).astype(np.float32)
    assert align(delayed(white, 170), white, RATE, max_delay_ms=11)[1].delay_samples == 170
    assert align(delayed(white, 180), white, RATE, max_delay_ms=11)[1] != 180
    assert align(-white, white, RATE, max_delay_ms=0)[1].inverted
    for bound in (-1, 600):
        with pytest.raises(ConfigError, match=f"max_delay_ms is {bound}: it must lie from 0 to half the clip, 500 ms"):
            align(white, white, RATE, max_delay_ms=bound)
    with pytest.raises(ConfigError, match="estimate is silent"):
        align(0 * white, white, RATE)
