import numpy as np
import pytest

from goodtake.dsp.mel import MelConfig, log_mel, mel_filterbank
from goodtake.dsp.mel_inversion import log_mel_to_wave, mel_from_log, mel_to_magnitude
from goodtake.dsp.stft import stft
from goodtake.errors import ConfigError

CONFIG = MelConfig()
SMALL = MelConfig(n_fft=128, hop_length=32, n_mels=24)
CONFIGS = [CONFIG, SMALL, MelConfig(44100, 2816, 704, f_max=22050), MelConfig(n_mels=64, f_min=50, f_max=7000)]


def chords(seconds: float = 1.5) -> np.ndarray:
    rng = np.random.default_rng(2)
    time = np.arange(round(seconds * 16000)) / 16000
    tones = [
        0.1 * np.sin(2 * np.pi * pitch * time) * np.exp(-2 * (time % 0.5)) for pitch in (196, 247, 294, 1175, 4000)
    ]
    return (sum(tones) + 1e-3 * rng.standard_normal(time.size)).astype(np.float32)


def error_of(magnitude: np.ndarray, mel: np.ndarray, config: MelConfig) -> np.ndarray:
    """Norm of the residual of each frame."""
    bank = mel_filterbank(config).astype(np.float64)
    return np.linalg.norm(bank @ magnitude.astype(np.float64) ** config.power - mel, axis=-2)


@pytest.mark.parametrize("config", CONFIGS)
def test_bands_of_a_spectrum_come_back(config):
    spectrum = np.random.default_rng(0).exponential(size=(config.grid.n_bins, 30)) ** 2
    mel = (mel_filterbank(config) @ spectrum).astype(np.float32)
    magnitude = mel_to_magnitude(mel, config)
    assert magnitude.shape == spectrum.shape
    assert magnitude.dtype == np.float32
    assert magnitude.min() >= 0
    assert (error_of(magnitude, mel, config) / np.linalg.norm(mel, axis=0)).max() < 0.01
    assert not magnitude[mel_filterbank(config).sum(axis=0) == 0].any()


def test_the_residual_is_that_of_an_independent_solver():
    """Bands that no spectrum has exactly, so that the least residual is not zero."""
    from scipy.optimize import nnls

    mel = np.random.default_rng(1).exponential(size=(SMALL.n_mels, 25)).astype(np.float32) ** 3
    bank = mel_filterbank(SMALL).astype(np.float64)
    least = np.array([nnls(bank, column.astype(np.float64))[1] for column in mel.T])
    ours = error_of(mel_to_magnitude(mel, SMALL), mel, SMALL)
    assert least.max() > 0.1
    assert (ours >= least - 1e-4).all()
    assert (ours <= 1.01 * least + 1e-3 * np.linalg.norm(mel, axis=0)).all()


def test_the_residual_falls_with_iterations():
    wave = chords()
    mel = mel_from_log(log_mel(wave, CONFIG), CONFIG)
    errors = [np.linalg.norm(error_of(mel_to_magnitude(mel, CONFIG, n), mel, CONFIG)) for n in (1, 10, 100)]
    assert errors[1] < 0.5 * errors[0]
    assert errors[2] < 0.2 * errors[1]
    assert errors[2] < 0.01 * np.linalg.norm(mel)


def test_a_tone_lands_in_its_bin():
    tone = np.cos(2 * np.pi * 40 / 1024 * np.arange(16000)).astype(np.float32)
    magnitude = mel_to_magnitude(mel_from_log(log_mel(tone, CONFIG), CONFIG), CONFIG)
    assert abs(int(magnitude[:, 30].argmax()) - 40) <= 1
    assert magnitude[:, 30].max() == pytest.approx(np.abs(stft(tone, CONFIG.grid))[40, 30], rel=0.3)


def test_twice_the_amplitude_gives_twice_the_magnitude():
    mel = mel_from_log(log_mel(chords(), CONFIG), CONFIG)
    np.testing.assert_allclose(mel_to_magnitude(4 * mel, CONFIG), 2 * mel_to_magnitude(mel, CONFIG), rtol=1e-4)


def test_mel_of_magnitudes_instead_of_power():
    config = MelConfig(power=1.0)
    magnitude = np.random.default_rng(4).exponential(size=(513, 10))
    mel = (mel_filterbank(config) @ magnitude).astype(np.float32)
    assert (error_of(mel_to_magnitude(mel, config), mel, config) / np.linalg.norm(mel, axis=0)).max() < 0.01


def test_channels_and_long_clips_are_solved_frame_by_frame():
    mel = np.random.default_rng(3).exponential(size=(2, 128, 1200)).astype(np.float32)
    whole = mel_to_magnitude(mel, CONFIG, 5)
    np.testing.assert_allclose(whole[1, :, 700:720], mel_to_magnitude(mel[1, :, 700:720], CONFIG, 5), rtol=1e-4)
    np.testing.assert_array_equal(whole[0], mel_to_magnitude(mel[0], CONFIG, 5))


def test_silence_stays_silence():
    mel = log_mel(np.zeros((2, 5000), np.float32), CONFIG)
    assert not log_mel_to_wave(mel, CONFIG, 5000, np.random.default_rng(0)).any()


def test_the_logarithm_is_undone_down_to_the_floor():
    bands = np.array([[3e-6, 1.0, 2.0**10]], np.float32).T
    logs = np.log2(bands + np.float32(CONFIG.floor))
    np.testing.assert_allclose(mel_from_log(logs, CONFIG), bands, rtol=1e-3)
    assert mel_from_log(np.full((1, 1), np.log2(CONFIG.floor), np.float32), CONFIG)[0, 0] < 1e-9


@pytest.mark.parametrize("length", [1, 300, 5001, 16000])
def test_a_wave_with_the_mel_spectrogram_comes_back(length):
    wave = np.stack([chords(1.0)[:length], 0.5 * chords(1.0)[:length][::-1]])
    mel = log_mel(wave, CONFIG)
    rebuilt = log_mel_to_wave(mel, CONFIG, length, np.random.default_rng(0))
    assert rebuilt.shape == wave.shape
    if length == 16000:
        loud = mel > mel.max() - 20  # 60 dB
        assert np.abs(log_mel(rebuilt, CONFIG) - mel)[loud].mean() < 0.6  # 1.8 dB
        energy = np.linalg.norm(rebuilt, axis=1) / np.linalg.norm(wave, axis=1)
        np.testing.assert_allclose(energy, 1, atol=0.1)


@pytest.mark.parametrize(
    ("mel", "iterations", "message"),
    [
        (np.ones((80, 4)), 10, "give \\(..., 128, frame\\)"),
        (np.ones(128), 10, "give \\(..., 128, frame\\)"),
        (-np.ones((128, 4)), 10, "negative"),
        (np.full((128, 4), np.inf), 10, "infinite"),
        (np.ones((128, 4)), 0, "give 1 or more"),
    ],
)
def test_what_cannot_be_inverted_is_an_error(mel, iterations, message):
    with pytest.raises(ConfigError, match=message):
        mel_to_magnitude(mel, CONFIG, iterations)
