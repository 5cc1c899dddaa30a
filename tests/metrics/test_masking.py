"""Residual noise-to-mask ratio: the standard's table of bands, loops over its equations, and what ears do."""

import doctest
import importlib
from itertools import pairwise

import numpy as np
import pytest
from metric_signals import music, noise_at
from scipy import signal

from goodtake.metrics import residual_nmr_db
from goodtake.metrics.masking import LISTENING_DB_SPL, band_edges_hz, spread

RATE = 48000
CLEAN = music(1, RATE)
TIME = np.arange(2 * RATE) / RATE


def band_noise(low_hz: float, high_hz: float, seed: int = 0) -> np.ndarray:
    """Two seconds of noise in a band, rms one, float32."""
    white = np.random.default_rng(seed).standard_normal(TIME.size)
    wave = signal.sosfiltfilt(signal.butter(4, (low_hz, high_hz), "bandpass", fs=RATE, output="sos"), white)
    return (wave / np.sqrt(np.mean(wave**2))).astype(np.float32)


def test_bands_are_the_standards() -> None:
    """Its table 5 begins with 80 to 103.445 Hz around 91.708 and ends with 17690.045 Hz below 18000."""
    edges = band_edges_hz()
    barks = 7 * np.arcsinh(edges / 650)
    centres = 650 * np.sinh((barks[:-1] + barks[1:]) / 14)
    assert centres.size == 109
    np.testing.assert_allclose(centres[[0, -1]], [91.708, 17690.045], atol=1e-3)
    module = importlib.import_module("goodtake.metrics.masking")
    assert doctest.testmod(module).failed == 0


def nmr_by_loops(estimate: np.ndarray, reference: np.ndarray) -> float:
    """The equations of BS.1387-1 as they stand, band by band, at 48 kHz."""
    n_fft, hop = 2048, 1024
    gain = 10 ** (LISTENING_DB_SPL / 20) / np.sqrt(2 * np.mean(reference.astype(np.float64) ** 2))
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)
    edges = [80.0]
    while len(edges) < 109:
        edges.append(650 * np.sinh(np.arcsinh(80 / 650) + len(edges) * 0.25 / 7))
    edges.append(18000.0)
    middle = [650 * np.sinh((np.arcsinh(a / 650) + np.arcsinh(b / 650)) / 2) for a, b in pairwise(edges)]
    khz = np.maximum(np.arange(n_fft // 2 + 1), 1) * RATE / n_fft / 1000
    ear = 10 ** ((-0.6 * 3.64 * khz**-0.8 + 6.5 * np.exp(-0.6 * (khz - 3.3) ** 2) - 1e-3 * khz**3.6) / 10)

    def patterns(wave: np.ndarray) -> np.ndarray:
        padded = np.pad(wave.astype(np.float64) * gain, n_fft // 2)
        starts = range(0, wave.size + 1, hop)
        power = np.array([np.abs(np.fft.rfft(padded[s : s + n_fft] * window) / (n_fft / 4)) ** 2 * ear for s in starts])
        bands = np.zeros((power.shape[0], 109))
        for k in range(109):
            for j in range(n_fft // 2 + 1):
                low, high = ((j + side) * RATE / n_fft for side in (-0.5, 0.5))
                bands[:, k] += power[:, j] * max(0, min(high, edges[k + 1]) - max(low, edges[k])) / (RATE / n_fft)
        return bands  # (frame, band)

    def spreading(pattern: np.ndarray) -> np.ndarray:
        summed = np.zeros(109)
        for source in range(109):
            up = -24 - 230 / middle[source] + 0.2 * 10 * np.log10(pattern[source])
            slopes_db = [(27 if k < source else up) * 0.25 * (k - source) for k in range(109)]
            shape = 10 ** (np.array(slopes_db) / 10)
            summed += (pattern[source] * shape / shape.sum()) ** 0.4
        return summed**2.5

    even = spreading(np.ones(109))
    noise = patterns(estimate.astype(np.float64) - reference)
    quiet = np.array([10 ** (0.4 * 3.64 * (hz / 1000) ** -0.8 / 10) for hz in middle])
    state, ratios = np.zeros(109), []
    for frame, of_noise in zip(patterns(reference), noise, strict=True):
        excitation = spreading(frame + quiet) / even
        keep = np.array([np.exp(-hop / RATE / (0.008 + 100 / hz * 0.022)) for hz in middle])
        state = keep * state + (1 - keep) * excitation
        offset_db = np.array([3.0 if 0.25 * k <= 12 else 0.25 * 0.25 * k for k in range(109)])
        ratios.append(np.mean(of_noise / (np.maximum(state, excitation) / 10 ** (offset_db / 10))))
    return float(10 * np.log10(np.mean(ratios)))


def test_it_equals_the_loops() -> None:
    reference = CLEAN[: 1024 * 15]
    for estimate in (reference + noise_at(reference, 50), 0.9 * reference):
        wanted = nmr_by_loops(estimate, reference)
        assert -40 < wanted < 20
        # float32 spectra and slopes against float64 ones.
        assert residual_nmr_db(estimate, reference, RATE) == pytest.approx(wanted, abs=0.01)


@pytest.mark.parametrize("sample_rate", [16000, 44100])
def test_it_follows_the_residual_decibel_by_decibel(sample_rate: int) -> None:
    clean = music(1, sample_rate)
    loud, soft = (residual_nmr_db(clean + noise_at(clean, snr_db), clean, sample_rate) for snr_db in (30, 55))
    assert loud - soft == pytest.approx(25, abs=0.01)
    # Of a gain error the residual is the reference itself, which masks 3 to 6 dB less than it is.
    assert residual_nmr_db(0.9 * clean, clean, sample_rate) == pytest.approx(-20 + 3.5, abs=2)
    assert residual_nmr_db(clean, clean, sample_rate) == -100


def test_a_tone_hides_what_lies_beside_it_and_above_it() -> None:
    tone = (0.1 * np.sin(2 * np.pi * 1000 * TIME)).astype(np.float32)
    bark = 7 * np.arcsinh(1000 / 650)
    near, above, below, far = (
        residual_nmr_db(
            tone + 1e-3 * band_noise(*(650 * np.sinh((bark + z + side) / 7) for side in (-0.4, 0.4))), tone, RATE
        )
        for z in (0, 1.5, -1.5, 8)
    )
    assert near < above < below < far
    assert below - above > 3  # masking reaches upwards
    assert far - near > 15


def test_what_is_below_the_threshold_of_hearing_is_not_heard() -> None:
    pause = (0.1 * np.sin(2 * np.pi * 1000 * TIME)).astype(np.float32)
    pause[RATE // 2 :] = 0  # rms -26 dBFS: full scale is some 98 dB SPL here
    rumble, hiss = band_noise(80, 120), band_noise(2500, 3500)
    heard = [residual_nmr_db(pause + 10 ** (-70 / 20) * noise, pause, RATE) for noise in (rumble, hiss)]
    assert heard[1] - heard[0] > 20
    faint = [residual_nmr_db(pause + 10 ** (-110 / 20) * noise, pause, RATE) for noise in (rumble, hiss)]
    assert max(faint) < -10


def test_a_sound_masks_for_a_while_after_its_end() -> None:
    burst = band_noise(900, 1100) * 0.1
    end = RATE
    burst[end:] = 0
    late = [end + round(seconds * RATE) for seconds in (0.03, 0.3)]
    clicks = []
    for start in late:
        residual = np.zeros_like(burst)
        residual[start : start + 1024] = 1e-4 * band_noise(900, 1100, seed=1)[:1024] * np.hanning(1024)
        clicks.append(residual_nmr_db(burst + residual, burst, RATE))
    assert clicks[0] < clicks[1] - 3


def test_ratios_are_averaged_as_energies_so_that_short_errors_show() -> None:
    reference, residual = band_noise(100, 16000), 0.01 * band_noise(100, 16000, seed=1)
    whole = residual_nmr_db(reference + residual, reference, RATE)
    residual[: residual.size * 9 // 10] = 0
    assert residual_nmr_db(reference + residual, reference, RATE) == pytest.approx(whole - 10, abs=0.5)


def test_spreading_keeps_an_even_pattern_and_falls_off_both_sides() -> None:
    barks = 0.859 + 0.25 * (np.arange(109) + 0.5)
    centres = 650 * np.sinh(barks / 7)
    np.testing.assert_allclose(spread(np.ones((109, 1)), centres), 1, rtol=1e-5)
    peak = np.full((109, 1), 1e-6)
    peak[40] = 1e7
    falling = 10 * np.log10(spread(peak, centres)[:, 0])
    assert falling.argmax() == 40
    # 27 dB per Bark downwards; upwards 24 + 0.23 - 0.2 * 70 = 10.2 dB. Both are tilted by the even pattern, a little.
    assert (falling[38] - falling[34]) == pytest.approx(27, abs=1)
    assert (falling[42] - falling[46]) == pytest.approx(24 + 230 / centres[40] - 14, abs=1)
