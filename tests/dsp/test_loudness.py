"""Loudness and true peak against EBU Tech 3341's signals, the standard's coefficients and a plain implementation."""

import math

import numpy as np
import pytest
from scipy import signal

from goodtake.dsp.loudness import (
    LoudnessMeter,
    TruePeakMeter,
    integrated_loudness,
    k_weighting,
    k_weighting_biquads,
    true_peak_db,
)
from goodtake.errors import ConfigError

RATE = 48000


def steps(levels_dbfs: list[tuple[float, float]], sample_rate: int = RATE, channels: int = 2) -> np.ndarray:
    """A 1 kHz sine at these (peak level, seconds), the same on every channel."""
    level = np.concatenate([np.full(round(s * sample_rate), 10 ** (db / 20)) for db, s in levels_dbfs])
    wave = level * np.sin(2 * np.pi * 1000 * np.arange(level.size) / sample_rate)
    return np.tile(wave, (channels, 1)).astype(np.float32)


EBU_CASES = {  # Tech 3341 (2023), table 1; each must read -23.0 or the number given, within 0.1 LU
    1: ([(-23, 20)], -23.0),
    2: ([(-33, 20)], -33.0),
    3: ([(-36, 10), (-23, 60), (-36, 10)], -23.0),
    4: ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23.0),
    5: ([(-26, 20), (-20, 20.1), (-26, 20)], -23.0),
}


@pytest.mark.parametrize("case", EBU_CASES)
def test_ebu_minimum_requirements(case: int) -> None:
    levels, wanted = EBU_CASES[case]
    assert integrated_loudness(steps(levels), RATE) == pytest.approx(wanted, abs=0.05)


def test_ebu_case_6_weighs_surround_channels() -> None:
    five = steps([(0, 20)], channels=5) * 10 ** (np.array([-28, -28, -24, -30, -30])[:, None] / 20)
    assert integrated_loudness(five, RATE) == pytest.approx(-23.0, abs=0.05)
    with_lfe = np.insert(five, 3, 0.5, axis=0)  # anything on the LFE counts for nothing
    assert integrated_loudness(with_lfe, RATE) == pytest.approx(-23.0, abs=0.05)


@pytest.mark.parametrize("sample_rate", [8000, 11025, 16000, 22050, 44100, 88200, 96000, 192000])
def test_every_rate_reads_the_same(sample_rate: int) -> None:
    wave = steps([(-23, 6.03)], sample_rate)
    assert integrated_loudness(wave, sample_rate) == pytest.approx(-23.0, abs=0.1)


def test_48_khz_gives_the_coefficients_of_the_standard() -> None:
    (shelf_b, shelf_a), (pass_b, pass_a) = k_weighting_biquads(48000)
    np.testing.assert_allclose(shelf_b, [1.53512485958697, -2.69169618940638, 1.19839281085285], atol=1e-9)
    np.testing.assert_allclose(shelf_a, [1.0, -1.69065929318241, 0.73248077421585], atol=1e-9)
    np.testing.assert_allclose(pass_b, [1.0, -2.0, 1.0])
    np.testing.assert_allclose(pass_a, [1.0, -1.99004745483398, 0.99007225036621], atol=1e-9)


@pytest.mark.parametrize("sample_rate", [8000, 44100, 192000])
def test_response_is_scipys(sample_rate: int) -> None:
    frequencies = np.geomspace(20, 0.45 * sample_rate, 50)
    wanted = np.prod(
        [signal.freqz(b, a, frequencies, fs=sample_rate)[1] for b, a in k_weighting_biquads(sample_rate)], 0
    )
    np.testing.assert_allclose(k_weighting(frequencies, sample_rate), wanted, rtol=1e-6)


def music_like(seconds: float, sample_rate: int, seed: int = 0) -> np.ndarray:
    """Stereo noise of wandering level and colour, with a silent middle."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((2, round(seconds * sample_rate)))
    noise = signal.lfilter([1.0], [1.0, -0.95], noise)
    level = np.interp(np.arange(noise.shape[1]), np.linspace(0, noise.shape[1], 30), 10 ** rng.uniform(-4, -1, 30))
    level[round(0.4 * level.size) : round(0.55 * level.size)] = 0
    return (noise * level).astype(np.float32)


def by_the_book(wave: np.ndarray, sample_rate: int) -> float:
    """BS.1770 in plain loops, with scipy's recursive filters."""
    (shelf_b, shelf_a), (pass_b, pass_a) = k_weighting_biquads(sample_rate)
    weighted = signal.lfilter(pass_b, pass_a, signal.lfilter(shelf_b, shelf_a, wave.astype(np.float64)))
    powers, step = [], sample_rate / 10
    index = 0
    while math.ceil((index + 4) * step) <= wave.shape[1]:
        block = weighted[:, math.ceil(index * step) : math.ceil((index + 4) * step)]
        powers.append((block**2).mean(axis=1).sum())
        index += 1
    loud = [p for p in powers if -0.691 + 10 * math.log10(p + 1e-30) > -70]
    threshold = -0.691 + 10 * math.log10(sum(loud) / len(loud)) - 10
    gated = [p for p in loud if -0.691 + 10 * math.log10(p) > threshold]
    return -0.691 + 10 * math.log10(sum(gated) / len(gated))


@pytest.mark.parametrize("sample_rate", [11025, 44100])
def test_equals_a_plain_implementation(sample_rate: int) -> None:
    wave = music_like(7.77, sample_rate)
    assert integrated_loudness(wave, sample_rate) == pytest.approx(by_the_book(wave, sample_rate), abs=1e-3)


def test_block_sizes_do_not_matter() -> None:
    wave = music_like(5, 44100)
    whole = integrated_loudness(wave, 44100)
    for size in (1999, 4410, 65536):
        meter = LoudnessMeter(44100, 2)
        for start in range(0, wave.shape[1], size):
            meter.update(wave[:, start : start + size])
        assert meter.integrated() == whole


def test_reading_does_not_disturb_the_stream() -> None:
    wave = music_like(3, 16000)
    meter = LoudnessMeter(16000, 2)
    meter.update(wave[:, :20011])
    assert meter.integrated() == integrated_loudness(wave[:, :20011], 16000)
    meter.update(wave[:, 20011:])
    assert meter.integrated() == integrated_loudness(wave, 16000)


def test_gain_and_silence_and_mono() -> None:
    wave = music_like(3, 16000)
    assert integrated_loudness(0.5 * wave, 16000) - integrated_loudness(wave, 16000) == pytest.approx(-6.02, abs=0.02)
    assert integrated_loudness(np.zeros((2, 16000)), 16000) == -math.inf
    assert LoudnessMeter(16000, 2).integrated() == -math.inf
    assert integrated_loudness(steps([(-23, 2)], channels=1)[0], RATE) == pytest.approx(-26.0, abs=0.1)


def test_a_clip_shorter_than_a_block_is_one_block() -> None:
    assert integrated_loudness(steps([(-23, 0.2)]), RATE) == pytest.approx(-23.0, abs=0.2)
    assert math.isfinite(integrated_loudness(np.full((1, 1), 0.5), RATE))


# Tech 3341 cases 15 to 19: (frequency as a part of the rate, phase in degrees, amplitude, true peak in dBTP)
PEAK_CASES = [
    (1 / 4, 0, 0.5, -6),
    (1 / 4, 45, 0.5, -6),
    (1 / 6, 60, 0.5, -6),
    (1 / 8, 67.5, 0.5, -6),
    (1 / 4, 45, 1.41, 3),
]


@pytest.mark.parametrize("sample_rate", [44100, 48000, 96000])
@pytest.mark.parametrize(("frequency", "phase", "amplitude", "wanted"), PEAK_CASES)
def test_true_peak_of_tones(frequency: float, phase: float, amplitude: float, wanted: float, sample_rate: int) -> None:
    time = np.arange(sample_rate)
    fade = np.clip(np.minimum(time, time[::-1]) / (0.01 * sample_rate), 0, 1)
    tone = amplitude * fade * np.sin(2 * np.pi * frequency * time + np.radians(phase))
    assert wanted - 0.4 < true_peak_db(tone, sample_rate) < wanted + 0.2
    if phase == 45:  # the samples themselves lie 3 dB lower
        assert 20 * np.log10(np.abs(tone).max()) == pytest.approx(wanted - 3, abs=0.05)


def test_true_peak_in_blocks_and_at_the_very_end() -> None:
    wave = 0.3 * np.random.default_rng(0).standard_normal((2, 20001)).astype(np.float32)
    meter = TruePeakMeter(44100, 2)
    for start in range(0, 20001, 777):
        meter.update(wave[:, start : start + 777])
    assert meter.peak_db() == pytest.approx(true_peak_db(wave, 44100), abs=1e-3)
    assert meter.peak_db() == meter.peak_db()
    with pytest.raises(ConfigError, match="new TruePeakMeter"):
        meter.update(wave)
    click = np.zeros(5000, np.float32)
    click[-1] = 0.5
    assert true_peak_db(click, 48000) == pytest.approx(-6.02, abs=0.1)
    assert true_peak_db(click, 192000) == pytest.approx(-6.02, abs=0.001)
    assert true_peak_db(np.zeros(100), 48000) == -math.inf


def test_errors_say_what_is_wrong() -> None:
    with pytest.raises(ConfigError, match="sample rate is 4000"):
        LoudnessMeter(4000, 1)
    with pytest.raises(ConfigError, match="9 channels"):
        LoudnessMeter(48000, 9)
    with pytest.raises(ConfigError, match="one weight per channel"):
        integrated_loudness(np.zeros((2, 100)), 48000, [1.0])
    with pytest.raises(ConfigError, match="meter is for 2 channels"):
        LoudnessMeter(48000, 2).update(np.zeros((1, 10)))
    with pytest.raises(ConfigError, match="meter is for 2 channels"):
        TruePeakMeter(48000, 2).update(np.zeros(10))
