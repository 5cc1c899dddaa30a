"""Known answers and independent implementations of the single metrics."""

import sys

import numpy as np
import pytest
from metric_signals import RATE, music, noise_at
from scipy import signal

from goodtake.dsp.filters import band_gains, equalize
from goodtake.dsp.mel import MelConfig, mel_edges_hz
from goodtake.errors import MissingExtraError
from goodtake.metrics import clips, fwssnr, level_bias, ltas_error_db, mrs, spectrogram_l1, zimtohrli_mos
from goodtake.metrics.colour import BIAS_BANDS_HZ
from goodtake.metrics.segmental import BANDWIDTHS_HZ, CENTRES_HZ, critical_bands

CLEAN = music()
NOISY = CLEAN + noise_at(CLEAN, 10)


def fwssnr_by_loops(estimate: np.ndarray, reference: np.ndarray, sample_rate: int) -> float:
    """Hu & Loizou's measure, bin by bin and frame by frame."""
    length, n_fft = round(0.03 * sample_rate), 1
    while n_fft < 2 * length:
        n_fft *= 2
    window = signal.windows.hann(length + 2, sym=True)[1:-1]
    frame_scores = []
    for start in range(0, len(reference) - length + 1, length // 4)[:-1]:  # as their program: not the last
        spectra = []
        for wave in (reference, estimate):
            magnitude = np.abs(np.fft.fft(wave[start : start + length].astype(np.float64) * window, n_fft))[
                : n_fft // 2
            ]
            spectra.append(magnitude / magnitude.sum())
        top = bottom = 0.0
        for centre_hz, width_hz in zip(CENTRES_HZ, BANDWIDTHS_HZ, strict=True):
            in_band = [0.0, 0.0]
            centre, width = int(centre_hz / (sample_rate / n_fft)), width_hz / (sample_rate / n_fft)
            for k in range(max(0, centre - 200), min(n_fft // 2, centre + 200)):
                gain = 70 / width_hz * np.exp(-11 * ((k - centre) / width) ** 2)
                if gain > np.exp(-15 / 2.303):
                    in_band = [value + gain * spectrum[k] for value, spectrum in zip(in_band, spectra, strict=True)]
            weight = in_band[0] ** 0.2
            top += weight * 10 * np.log10(in_band[0] ** 2 / max((in_band[0] - in_band[1]) ** 2, 2.2e-16))
            bottom += weight
        frame_scores.append(min(max(top / bottom, -10.0), 35.0))
    return float(np.mean(frame_scores))


@pytest.mark.parametrize("sample_rate", [8000, 16000, 44100])
def test_fwssnr_equals_the_loops(sample_rate: int) -> None:
    reference = music(0.3, sample_rate)
    for estimate in (reference + noise_at(reference, 5), equalize(reference, [9, -9, 9, -9], sample_rate)):
        wanted = fwssnr_by_loops(estimate, reference, sample_rate)
        assert -9 < wanted < 30
        assert fwssnr(estimate, reference, sample_rate) == pytest.approx(wanted, abs=0.05)


def test_fwssnr_is_not_symmetric_and_blind_to_the_level_of_each_frame() -> None:
    assert abs(fwssnr(NOISY, CLEAN, RATE) - fwssnr(CLEAN, NOISY, RATE)) > 0.5
    swell = np.linspace(0.5, 1.5, CLEAN.size).astype(np.float32)
    assert fwssnr(swell * CLEAN, CLEAN, RATE) > 25


def test_fwssnr_leaves_out_silent_frames_of_the_reference() -> None:
    reference = np.concatenate([CLEAN, np.zeros(RATE, np.float32)])
    estimate = np.concatenate([NOISY, np.zeros(RATE, np.float32)])
    assert fwssnr(estimate, reference, RATE) == pytest.approx(fwssnr(NOISY, CLEAN, RATE), abs=0.1)


def test_fwssnr_falls_to_its_floor() -> None:
    low, high = (np.sin(2 * np.pi * hz * np.arange(RATE) / RATE).astype(np.float32) for hz in (260, 2702))
    assert fwssnr(high, low + 1e-5 * high, RATE) < 0
    assert fwssnr(high, high, RATE) == 35


def test_critical_bands_have_equal_area() -> None:
    area = critical_bands(16000, 16384).sum(axis=1)  # a fine grid
    np.testing.assert_allclose(area[1:], area[1], rtol=0.01)


def by_scipy(wave: np.ndarray, n_fft: int) -> np.ndarray:
    wave = wave.astype(np.float64) / np.linalg.norm(wave.astype(np.float64))
    window = signal.get_window("hann", n_fft)
    _, _, spectrum = signal.stft(wave, window=window, nperseg=n_fft, noverlap=n_fft * 3 // 4, padded=False)
    return np.abs(spectrum * window.sum()).clip(1e-5)


def test_l1_and_mrs_equal_scipys_spectrograms() -> None:
    length = 2048 * 14  # a multiple of every hop
    estimate, reference = NOISY[:length], CLEAN[:length]
    e, r = by_scipy(estimate, 1024), by_scipy(reference, 1024)
    assert spectrogram_l1(estimate, reference, RATE) == pytest.approx(np.abs(np.log(e**2 / r**2)).mean(), rel=1e-3)
    parts = []
    for n_fft in (512, 1024, 2048):
        e, r = by_scipy(estimate, n_fft), by_scipy(reference, n_fft)
        parts.append(((e - r) ** 2).sum() / (r**2).sum() + np.abs(np.log(e) - np.log(r)).mean())
    assert mrs(estimate, reference, RATE) == pytest.approx(np.mean(parts), rel=1e-3)


def test_l1_and_mrs_are_symmetric_between_clips_of_norm_one() -> None:
    assert spectrogram_l1(NOISY, CLEAN, RATE) == pytest.approx(spectrogram_l1(CLEAN, NOISY, RATE), rel=1e-6)
    assert mrs(NOISY, CLEAN, RATE) == pytest.approx(mrs(CLEAN, NOISY, RATE), rel=1e-2)


def test_blocks_equal_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    names = (fwssnr, mrs, spectrogram_l1, ltas_error_db)
    whole = [metric(NOISY, CLEAN, RATE) for metric in names]
    monkeypatch.setattr(clips, "BLOCK_FRAMES", 7)
    monkeypatch.setattr(sys.modules["goodtake.metrics.segmental"], "BLOCK_FRAMES", 7)
    np.testing.assert_allclose([metric(NOISY, CLEAN, RATE) for metric in names], whole, rtol=1e-5)


def white(seconds: float = 4.0, sample_rate: int = RATE, seed: int = 3) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * sample_rate))).astype(np.float32)


def eq_curve_db(gains_db: list[float], frequencies_hz: np.ndarray) -> np.ndarray:
    return 20 * np.log10(10 ** (np.array(gains_db) / 20) @ band_gains(frequencies_hz))


@pytest.mark.parametrize("sample_rate", [16000, 48000])
def test_ltas_error_is_the_error_of_the_colour(sample_rate: int) -> None:
    reference, gains_db = white(sample_rate=sample_rate), [10, 10, -10, -10]
    bands = MelConfig(n_mels=64, f_max=8000)
    of_white = eq_curve_db(gains_db, mel_edges_hz(bands)[1:-1])
    wanted = np.abs(of_white - of_white.mean()).mean()
    assert 7 < wanted < 10
    assert ltas_error_db(equalize(reference, gains_db, sample_rate), reference, sample_rate) == pytest.approx(
        wanted, abs=0.2
    )
    assert ltas_error_db(white(seed=4), white(seed=5), RATE) < 0.5  # another clip of the same colour


def test_level_bias_finds_where_the_error_lies() -> None:
    reference = white() * np.repeat([1e-3, 1e-1, 1], [22000, 21000, 21000]).astype(np.float32)
    weak = reference.copy()
    weak[:21000] *= 10
    bias = level_bias(weak, reference, RATE)
    np.testing.assert_allclose(bias[:, 0], 20, atol=2.5)
    np.testing.assert_allclose(bias[:, 1:], 0, atol=0.6)
    np.testing.assert_allclose(level_bias(reference, weak, RATE)[:, 0], -20, atol=2.5)


def test_level_bias_names_the_band() -> None:
    reference = white()
    bias = level_bias(equalize(reference, [0, 0, -6, 0], RATE), reference, RATE)
    wanted = np.array([eq_curve_db([0, 0, -6, 0], np.arange(*band)).mean() for band in BIAS_BANDS_HZ])
    gain = bias - bias[1]  # unit rms raises all bands alike
    np.testing.assert_allclose(gain, np.repeat((wanted - wanted[1])[:, None], 3, axis=1), atol=0.2)
    assert np.isnan(level_bias(white(1, 8000), white(1, 8000, 1), 8000)[3]).all()


def test_zimtohrli_hears_little_noise_as_little(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("zimtohrli")
    assert zimtohrli_mos(CLEAN + noise_at(CLEAN, 50), CLEAN, RATE) > 4
    assert zimtohrli_mos(NOISY, CLEAN, RATE) < 4
    monkeypatch.setitem(sys.modules, "zimtohrli", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'goodtake\[eval\]'"):
        zimtohrli_mos(NOISY, CLEAN, RATE)
