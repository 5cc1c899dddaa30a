"""Log-spectral distance and Multi-Mel-SNR: known answers, and SciPy's transforms as independent ones."""

import numpy as np
import pytest
from metric_signals import RATE, music, noise_at
from scipy import signal

from goodtake.dsp.filters import equalize
from goodtake.metrics import log_spectral_distance, multi_mel_snr
from goodtake.metrics.multi_mel import htk_filterbank

CLEAN = music()
NOISY = CLEAN + noise_at(CLEAN, 20)


def power(wave: np.ndarray, n_fft: int, hop: int, boundary: str = "zeros") -> np.ndarray:
    """Power spectrogram in float64, (freq, frame), unnormalised."""
    window = signal.get_window("hann", n_fft)
    _, _, spectrum = signal.stft(
        wave.astype(np.float64), window=window, nperseg=n_fft, noverlap=n_fft - hop, boundary=boundary, padded=False
    )
    return np.abs(spectrum * window.sum()) ** 2


@pytest.mark.parametrize("gain_db", [-6, 0.5, 12])
def test_lsd_of_a_gain_is_the_gain(gain_db: float) -> None:
    white = np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    assert log_spectral_distance(10 ** (gain_db / 20) * white, white, RATE) == pytest.approx(abs(gain_db), abs=1e-3)


def test_lsd_equals_scipys_spectrograms() -> None:
    length = 512 * 60
    of_estimate, of_reference = (power(clip[:length], 2048, 512) for clip in (NOISY, CLEAN))
    floor = 1e-8 * 0.375 * 2048 * np.mean(CLEAN[:length].astype(np.float64) ** 2)
    difference = 10 * np.log10(np.maximum(of_reference, floor) / np.maximum(of_estimate, floor))
    wanted = np.sqrt((difference**2).mean(axis=0)).mean()
    assert 5 < wanted < 30
    assert log_spectral_distance(NOISY[:length], CLEAN[:length], RATE) == pytest.approx(wanted, rel=1e-4)


def test_lsd_hears_a_missing_octave_and_counts_it_by_its_bins() -> None:
    white = np.random.default_rng(1).standard_normal(4 * RATE).astype(np.float32)
    spectrum = np.fft.rfft(white)
    spectrum[spectrum.size // 2 :] = 0
    low = np.fft.irfft(spectrum).astype(np.float32)
    # Half of the bins fall to 80 dB below the mean bin of the reference, of which noise is 2.5 dB below on average.
    assert log_spectral_distance(low, white, RATE) == pytest.approx(77.5 * np.sqrt(0.5), rel=0.03)
    silent = white.copy()
    silent[RATE:] = 0
    assert log_spectral_distance(silent, white, RATE) == pytest.approx(0.75 * 80, rel=0.05)


def multi_mel_by_scipy(estimate: np.ndarray, reference: np.ndarray) -> float:
    """The challenge's figure of clips at 48 kHz, band by band."""
    estimate, reference = estimate.astype(np.float64), reference.astype(np.float64)
    estimate = estimate * (estimate @ reference) / (estimate @ estimate)
    ratios = []
    for n_fft, n_mels in ((512, 80), (1024, 128), (2048, 192)):
        frequencies = np.linspace(0, 24000, n_fft // 2 + 1)
        mels = np.linspace(0, 2595 * np.log10(1 + 24000 / 700), n_mels + 2)
        edges = 700 * (10 ** (mels / 2595) - 1)
        spectra = [power(clip, n_fft, n_fft // 2, "even") for clip in (reference, estimate)]
        top = bottom = 0.0
        for band in range(n_mels):
            triangle = np.interp(frequencies, edges[band : band + 3], [0, 1, 0])
            of_reference, of_estimate = (triangle @ spectrum for spectrum in spectra)
            top += np.sum(of_reference**2)
            bottom += np.sum((of_reference - of_estimate) ** 2)
        ratios.append(10 * np.log10(top / bottom))
    return float(np.mean(ratios))


def test_multi_mel_snr_equals_scipys_spectrograms() -> None:
    length = 48000 // 1024 * 1024  # a multiple of every hop
    clean = music(1, 48000)[:length]
    for estimate in (clean + noise_at(clean, 10), 0.3 * equalize(clean, [6, -6, 6, -6], 48000)):
        wanted = multi_mel_by_scipy(estimate, clean)
        assert 0 < wanted < 30
        # float32 spectra against float64 ones.
        assert multi_mel_snr(estimate, clean, 48000) == pytest.approx(wanted, abs=0.01)


def test_multi_mel_snr_is_the_same_at_every_rate() -> None:
    # Material below 4 kHz: resampling loses none of it.
    white = np.random.default_rng(2).standard_normal((2, 48000))
    sos = signal.butter(8, 3000, fs=48000, output="sos")
    reference, error = signal.sosfiltfilt(sos, white).astype(np.float32)
    estimate = reference + 0.2 * error
    half = [clip[::3].copy() for clip in (estimate, reference)]
    assert multi_mel_snr(*half, 16000) == pytest.approx(multi_mel_snr(estimate, reference, 48000), abs=0.1)


def test_multi_mel_snr_of_another_sound_is_zero() -> None:
    tones = [np.sin(2 * np.pi * hz * np.arange(RATE) / RATE).astype(np.float32) for hz in (400, 800)]
    assert multi_mel_snr(*tones, RATE) == pytest.approx(0, abs=1e-3)


def test_htk_bands_peak_at_one_and_add_up() -> None:
    bank = htk_filterbank(2048, 192)
    assert bank.shape == (192, 1025)
    np.testing.assert_allclose(bank.sum(axis=0)[20:950], 1, atol=1e-3)
    assert bank.max() <= 1
