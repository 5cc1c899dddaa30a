"""Zero-phase filters: what passes, what is removed, what stays where it was."""

import numpy as np
import pytest
from scipy import signal

from goodtake.dsp.filters import (
    EQ_EDGES_HZ,
    band_gains,
    butterworth_low,
    equalize,
    high_pass,
    interpolate_curve,
    low_cut,
    low_pass,
    magnitude_filter,
)
from goodtake.errors import ConfigError

RATE = 16000


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return (0.1 * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)


def tone(frequency_hz: float, sample_rate: int = RATE, seconds: float = 1.0) -> np.ndarray:
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    return np.sin(2 * np.pi * frequency_hz * time).astype(np.float32)


def gain_db(out: np.ndarray, wave: np.ndarray) -> float:
    """Gain of the middle of a clip, away from the edges, where a tone begins out of silence."""
    middle = slice(len(wave) // 4, -len(wave) // 4)
    return float(10 * np.log10(np.mean(out[middle] ** 2) / np.mean(wave[middle] ** 2)))


@pytest.mark.parametrize("sample_rate", [16000, 44100, 48000])
@pytest.mark.parametrize("edges_hz", [EQ_EDGES_HZ, (100.0,), (35.0, 200.0, 1000.0, 4000.0, 7000.0)])
def test_bands_sum_to_the_input(sample_rate: int, edges_hz: tuple[float, ...]) -> None:
    wave = noise(2, sample_rate // 2)
    unit_gains_db = np.where(np.eye(len(edges_hz) + 1) > 0, 0.0, -np.inf)[:, None]
    bands = equalize(wave, unit_gains_db, sample_rate, edges_hz)  # (band, channel, time)
    np.testing.assert_allclose(bands.sum(axis=0), wave, atol=1e-6)
    gains = band_gains(np.linspace(0, sample_rate / 2, 777), edges_hz)
    np.testing.assert_allclose(gains.sum(axis=0), 1.0, atol=1e-12)
    assert gains.min() >= 0


@pytest.mark.parametrize("length", [1, 2, 7, 1021, 16000])
def test_zero_gains_change_nothing_at_any_length(length: int) -> None:
    wave = noise(length)
    out = equalize(wave, np.zeros(4), RATE)
    assert out.shape == wave.shape
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, wave, atol=1e-6)


@pytest.mark.parametrize(("frequency_hz", "band"), [(60, 0), (440, 1), (1800, 2), (7000, 3)])
def test_a_tone_gets_the_gain_of_its_band(frequency_hz: float, band: int) -> None:
    gains = [-15.0, 6.0, -3.0, 12.0]
    wave = tone(frequency_hz)
    assert gain_db(equalize(wave, gains, RATE), wave) == pytest.approx(gains[band], abs=0.25)


def test_the_last_band_reaches_nyquist() -> None:
    wave = tone(20000, 48000)
    assert gain_db(equalize(wave, [0, 0, 0, -10], 48000), wave) == pytest.approx(-10, abs=0.01)


def test_each_item_of_a_batch_gets_its_own_gains() -> None:
    wave, gains = noise(3, 2, 4000), np.random.default_rng(1).uniform(-15, 15, (3, 1, 4))
    out = equalize(wave, gains, RATE)
    for item in range(3):
        np.testing.assert_allclose(out[item], equalize(wave[item], gains[item, 0], RATE), atol=1e-6)


def test_equalizer_delays_nothing_and_does_not_wrap() -> None:
    click = np.zeros(RATE, np.float32)
    click[RATE // 2] = 1
    out = equalize(click, [15, -15, 15, -15], RATE)
    after, before = out[RATE // 2 :], out[RATE // 2 :: -1]
    np.testing.assert_allclose(after[:4000], before[:4000], atol=1e-6)  # symmetric around the click
    click = np.roll(click, RATE // 2 - 1)  # now the last sample
    assert np.abs(equalize(click, [15, -15, 15, -15], RATE)[: RATE // 2]).max() < 1e-5


def test_butterworth_shape_is_scipys_run_forwards_and_backwards() -> None:
    frequencies = np.array([50.0, 200.0, 450.0, 1000.0])
    b, a = signal.butter(4, 200, fs=96000)  # a high rate, where the bilinear transform bends little
    _, response = signal.freqz(b, a, frequencies, fs=96000)
    np.testing.assert_allclose(butterworth_low(frequencies, 200, 4), np.abs(response) ** 2, rtol=0.01)


@pytest.mark.parametrize("sample_rate", [8000, 44100])
def test_low_cut_removes_rumble_and_keeps_music(sample_rate: int) -> None:
    for frequency_hz, wanted_db in [(20, -39), (35, -6.02), (41.2, -2.1), (100, 0)]:
        wave = tone(frequency_hz, sample_rate, 4)
        assert gain_db(low_cut(wave, sample_rate), wave) == pytest.approx(wanted_db, abs=0.4)
    middle = low_cut(np.ones(4 * sample_rate, np.float32), sample_rate)[sample_rate:-sample_rate]
    assert np.abs(middle).max() < 1e-3  # DC


def test_interpolated_curve_passes_its_points_and_is_flat_outside() -> None:
    curve_hz, curve_db = [100, 1000, 4000], np.array([[0, -10, 5], [1, 2, 3]])
    out = interpolate_curve([0, 100, 1000, 2000, 4000, 8000], curve_hz, curve_db)
    np.testing.assert_allclose(out, [[0, 0, -10, -2.5, 5, 5], [1, 1, 2, 2.5, 3, 3]], atol=1e-9)
    assert interpolate_curve([10, 20], [100], [3]).tolist() == [3, 3]


def test_magnitude_filter_gives_tones_the_gain_of_the_curve() -> None:
    curve_hz, curve_db = [50, 200, 1000, 6000], [-6.0, 0.0, 4.0, -12.0]
    for frequency_hz, wanted_db in zip(curve_hz, curve_db, strict=True):
        wave = tone(frequency_hz)
        assert gain_db(magnitude_filter(wave, curve_hz, curve_db, RATE), wave) == pytest.approx(wanted_db, abs=0.15)
    batch, curves = noise(2, 1, 3000), np.array([[[0, 3, 3, 3]], [[-3, 0, 0, 6.0]]])
    out = magnitude_filter(batch, curve_hz, curves, RATE)
    np.testing.assert_allclose(out[1, 0], magnitude_filter(batch[1, 0], curve_hz, curves[1, 0], RATE), atol=1e-6)


def test_bandwidth_limits_are_complements() -> None:
    wave = noise(RATE)
    low, high = low_pass(wave, RATE, 3400), high_pass(wave, RATE, 3400)
    np.testing.assert_allclose(low + high, wave, atol=1e-6)
    for frequency_hz, low_db in [(3000, 0.0), (3400, -6.02)]:
        assert gain_db(low_pass(tone(frequency_hz), RATE, 3400), tone(frequency_hz)) == pytest.approx(low_db, abs=0.05)
    assert gain_db(low_pass(tone(3800), RATE, 3400), tone(3800)) < -80
    assert gain_db(high_pass(tone(3000), RATE, 3400), tone(3000)) < -80
    np.testing.assert_array_equal(low_pass(wave, RATE, 9000), wave)


def test_silence_stays_silence() -> None:
    silence = np.zeros((2, 999), np.float32)
    for out in (equalize(silence, [1, 2, 3, 4], RATE), low_cut(silence, RATE), low_pass(silence, RATE, 100)):
        assert not out.any()


def test_errors_say_what_is_wrong() -> None:
    wave = noise(100)
    with pytest.raises(ConfigError, match=r"3.*gains for 4 bands"):
        equalize(wave, [0, 0, 0], RATE)
    with pytest.raises(ConfigError, match="rising"):
        equalize(wave, [0, 0, 0], RATE, (1000, 200))
    with pytest.raises(ConfigError, match="cutoff is 9000"):
        low_cut(wave, RATE, 9000)
    with pytest.raises(ConfigError, match="rising row"):
        magnitude_filter(wave, [200, 100], [0, 0], RATE)
    with pytest.raises(ConfigError, match="2 frequencies"):
        magnitude_filter(wave, [100, 200], [0, 0, 0], RATE)
