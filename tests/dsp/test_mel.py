"""The mel scale, its bands and the logarithm, against closed forms and a loop."""

import numpy as np
import pytest
from scipy import signal

from goodtake.dsp.mel import MelConfig, hz_to_mel, log_mel, mel_edges_hz, mel_filterbank, mel_to_hz
from goodtake.errors import ConfigError

CONFIG = MelConfig()


def test_defaults_are_those_of_paper_1() -> None:
    assert (CONFIG.sample_rate, CONFIG.n_fft, CONFIG.hop_length, CONFIG.n_mels) == (16000, 1024, 256, 128)
    assert (CONFIG.f_min, CONFIG.f_max, CONFIG.log_base, CONFIG.power) == (0.0, 8000.0, 2.0, 2.0)


def test_scale_is_slaneys() -> None:
    np.testing.assert_allclose(hz_to_mel([0, 200 / 3, 1000, 6400]), [0, 1, 15, 42], atol=1e-9)
    frequencies = np.linspace(0, 24000, 500)
    np.testing.assert_allclose(mel_to_hz(hz_to_mel(frequencies)), frequencies, atol=1e-6)


@pytest.mark.parametrize(
    "config",
    [CONFIG, MelConfig(44100, 2048, 512, 80, 30, 16000), MelConfig(n_mels=64), MelConfig(n_fft=1000, hop_length=77)],
)
def test_every_band_is_a_triangle_of_peak_one(config: MelConfig) -> None:
    bank, edges = mel_filterbank(config), mel_edges_hz(config)
    assert bank.shape == (config.n_mels, config.n_fft // 2 + 1)
    frequencies = np.arange(config.n_fft // 2 + 1) * config.sample_rate / config.n_fft
    for band in range(config.n_mels):
        low, peak, high = edges[band : band + 3]
        wanted = np.interp(frequencies, [low, peak, high], [0, 1, 0])
        np.testing.assert_allclose(bank[band], wanted, atol=1e-6)
    assert (bank.max(axis=1) > 0.3).all()  # no band is empty
    between = (frequencies >= edges[1]) & (frequencies <= edges[-2])
    np.testing.assert_allclose(bank.sum(axis=0)[between], 1, atol=1e-6)


def test_log_mel_equals_an_independent_spectrogram() -> None:
    wave = (0.1 * np.random.default_rng(0).standard_normal((2, 256 * 20))).astype(np.float32)
    window = signal.get_window("hann", 1024)
    _, _, spectrum = signal.stft(wave, window=window, nperseg=1024, noverlap=768, padded=False)
    power = np.abs(spectrum * window.sum()) ** 2
    wanted = np.log2(np.einsum("mf,cft->cmt", mel_filterbank(CONFIG), power))
    out = log_mel(wave, CONFIG)
    assert out.shape == (2, 128, 21)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, wanted, atol=1e-3)


def test_a_tone_lands_in_its_band_and_ten_times_louder_is_log2_of_100_more() -> None:
    tone = 0.01 * np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000).astype(np.float32)
    mel = log_mel(tone, CONFIG)
    band = int(mel[:, 30].argmax())
    low, _, high = mel_edges_hz(CONFIG)[band : band + 3]
    assert low < 1000 < high
    assert log_mel(10 * tone, CONFIG)[band, 30] - mel[band, 30] == pytest.approx(np.log2(100), abs=1e-3)


def test_base_power_and_floor_are_obeyed() -> None:
    silence = np.zeros(4000, np.float32)
    assert log_mel(silence, CONFIG) == pytest.approx(np.log2(1e-6))
    assert log_mel(silence, MelConfig(log_base=10, floor=1e-4)) == pytest.approx(-4)
    click = np.zeros(4000, np.float32)
    click[1024] = 3  # frame 4 sees it under the window's peak: magnitude 3 in every bin
    amplitude = log_mel(click, MelConfig(power=1.0, n_mels=64))[20, 4]
    power = log_mel(click, MelConfig(power=2.0, n_mels=64))[20, 4]
    assert power - amplitude == pytest.approx(np.log2(3), abs=1e-4)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"f_max": 9000.0}, "f_max at most at 8000"),
        ({"f_min": 8000.0}, "f_min must lie below"),
        ({"n_mels": 0}, "at least 1"),
        ({"log_base": 1.0}, "log_base must be above 1"),
        ({"floor": 0.0}, "floor above 0"),
    ],
)
def test_impossible_values_are_refused(values: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        MelConfig(**values)  # type: ignore[arg-type]
