"""Waves that are given the mel spectrogram they should have."""

import numpy as np
import pytest

from goodtake.dsp.mel import MelConfig, log_mel
from goodtake.dsp.mel_matching import match_mel
from goodtake.errors import ConfigError

CONFIGS = [MelConfig(), MelConfig(n_fft=512, hop_length=128, n_mels=40, f_min=60, f_max=7000)]


def tune(seconds=1.5):
    """Two notes with overtones and a pause, (time,)."""
    time = np.arange(round(seconds * 16_000)) / 16_000
    notes = sum(0.1 / k * np.sin(2 * np.pi * 220 * k * time * (1 + 0.5 * (time > 0.7))) for k in range(1, 9))
    return np.asarray(notes * ((time < 0.6) | (time > 0.7)), np.float32)


def distance(wave, wanted, config):
    return float(np.abs(log_mel(wave, config) - wanted).mean())


@pytest.mark.parametrize("config", CONFIGS)
def test_hiss_goes_from_bands_that_should_be_empty(config):
    clean = tune()
    noisy = clean + 0.01 * np.random.default_rng(0).standard_normal(clean.size).astype(np.float32)
    wanted = log_mel(clean, config)
    before, *after = (distance(match_mel(noisy, wanted, config, rounds), wanted, config) for rounds in (0, 1, 8))
    assert before > 4  # octaves of power
    assert after[0] < 0.4 * before
    assert after[1] < 0.7 * after[0]
    matched = match_mel(noisy, wanted, config)
    assert np.sum((matched - clean) ** 2) < 0.3 * np.sum((noisy - clean) ** 2)


@pytest.mark.parametrize("config", CONFIGS)
def test_a_wave_that_has_the_spectrogram_stays(config):
    clean = tune()
    np.testing.assert_allclose(match_mel(clean, log_mel(clean, config), config), clean, atol=1e-5)


def test_an_equaliser_is_undone():
    clean = tune()
    spectrum = np.fft.rfft(clean)
    tilted = np.fft.irfft(spectrum * np.linspace(1.4, 0.4, spectrum.size), clean.size).astype(np.float32)
    matched = match_mel(tilted, log_mel(clean, CONFIGS[0]), CONFIGS[0])
    assert np.sum((matched - clean) ** 2) < 0.02 * np.sum((tilted - clean) ** 2)


def test_silence_becomes_of_what_should_be_silent():
    noise = 0.1 * np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    silent = log_mel(np.zeros(16_000, np.float32), CONFIGS[0])
    assert np.abs(match_mel(noise, silent, CONFIGS[0])).max() < 1e-3


def test_the_spectrogram_has_to_fit():
    with pytest.raises(ConfigError, match=r"give \(128, 63\)"):
        match_mel(np.zeros(16_000, np.float32), np.zeros((128, 62), np.float32), CONFIGS[0])
