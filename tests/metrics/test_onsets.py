"""Onset strength and F1: clicks at known times, and librosa as the independent implementation."""

import numpy as np
import pytest
from metric_signals import RATE, music, noise_at
from real_clips import real_clips

from goodtake.errors import ConfigError
from goodtake.metrics import onset_f1
from goodtake.metrics.onsets import ONSET_THRESHOLD, onset_grid, onset_strength

CLICKS = (0.512, 1.024, 1.536, 2.048)
"""Seconds; multiples of the hop at 16 kHz, so that clicks are alike in their frames too."""


def clicks(*seconds: float, sample_rate: int = RATE) -> np.ndarray:
    """Bursts of white noise which die away in 30 ms, over silence, 2.5 s."""
    burst = np.random.default_rng(7).standard_normal(round(0.2 * sample_rate))
    burst *= 0.3 * np.exp(-np.arange(burst.size) / (0.03 * sample_rate))
    wave = np.zeros(round(2.5 * sample_rate))
    for second in seconds:
        start = round(second * sample_rate)
        wave[start : start + burst.size] += burst
    return wave.astype(np.float32)


@pytest.mark.parametrize("sample_rate", [16000, 44100])
def test_onsets_lie_at_the_clicks_and_nowhere_else(sample_rate: int) -> None:
    strength = onset_strength(clicks(*CLICKS, sample_rate=sample_rate)[None], sample_rate)[0]
    seconds = np.flatnonzero(strength > ONSET_THRESHOLD) * onset_grid(sample_rate).hop_length / sample_rate
    distance = np.abs(seconds[:, None] - np.array(CLICKS))
    assert distance.min(axis=0).max() < 0.02  # every click has its onset
    assert distance.min(axis=1).max() < 0.1  # and no onset is without a click: a window covers 64 ms on either side


def test_f1_of_missing_and_added_clicks() -> None:
    # Clicks are alike, so n of them have n times the frames: with one of four missing F1 = 2 * 3 / (3 + 4).
    assert onset_f1(clicks(*CLICKS[:3]), clicks(*CLICKS), RATE) == pytest.approx(6 / 7, abs=0.02)
    assert onset_f1(clicks(*CLICKS), clicks(*CLICKS[:3]), RATE) == pytest.approx(6 / 7, abs=0.02)
    assert onset_f1(clicks(0.512, 1.024), clicks(0.512, 1.536), RATE) == pytest.approx(0.5, abs=0.02)
    assert onset_f1(clicks(0.25, 0.75), clicks(0.5, 1.0), RATE) == 0


def test_a_late_onset_is_a_miss() -> None:
    late = [onset_f1(np.roll(clicks(*CLICKS), round(ms * RATE / 1000)), clicks(*CLICKS), RATE) for ms in (16, 192)]
    assert 1 > late[0] > late[1] == 0


def test_smeared_attacks_lose_their_onsets() -> None:
    room = np.exp(-np.arange(RATE) / (0.3 * RATE)) * np.random.default_rng(2).standard_normal(RATE)
    wet = np.convolve(clicks(*CLICKS), room)[: clicks().size].astype(np.float32)
    assert onset_f1(wet, clicks(*CLICKS), RATE) < 0.8


def test_a_reference_without_onsets_has_no_f1() -> None:
    time = np.arange(2 * RATE) / RATE
    swell = (np.sin(2 * np.pi * 440 * time) * np.sin(np.pi * time / 2) ** 2).astype(np.float32)
    with pytest.raises(ConfigError, match=r"no frame of the reference has an onset strength above 0\.75"):
        onset_f1(clicks(*CLICKS)[: swell.size], swell, RATE)


@pytest.mark.parametrize("sample_rate", [16000, 44100])
def test_strength_equals_librosas(sample_rate: int) -> None:
    librosa = pytest.importorskip("librosa")
    grid = onset_grid(sample_rate)
    loud_and_faint = np.concatenate([music(1, sample_rate), 1e-4 * music(1, sample_rate)])
    synthetic = (music(2, sample_rate), clicks(*CLICKS, sample_rate=sample_rate), loud_and_faint)
    for wave in (*synthetic, 1e-6 * synthetic[0], noise_at(synthetic[0], 0), *real_clips(sample_rate, 20)):
        wanted = librosa.onset.onset_strength(
            y=wave, sr=sample_rate, n_fft=grid.n_fft, hop_length=grid.hop_length, lag=1, max_size=1
        )
        np.testing.assert_allclose(onset_strength(wave[None], sample_rate)[0], wanted, atol=1e-3)


def test_at_16_khz_it_is_librosas_own_window_and_paper_2s_hop() -> None:
    librosa = pytest.importorskip("librosa")
    wave = music(2)
    wanted = librosa.onset.onset_strength(y=wave, sr=RATE, hop_length=256)
    np.testing.assert_allclose(onset_strength(wave[None], RATE)[0], wanted, atol=1e-3)
