"""Measures of synthetic takes whose truth is known."""

import json
import math

import numpy as np
import pytest

from goodtake.diagnosis.measures import Measurements, Measures
from goodtake.dsp.stft import FrameGrid, stft

RATE = 16000


def measure(wave, rate=RATE, cuts=None, frame_cuts=None, **options):
    """Feeds a wave (channel, time) and its spectrogram, in blocks that end at the given places."""
    wave = np.atleast_2d(np.asarray(wave, np.float32))
    measures = Measures(rate, len(wave), **options)
    for block in np.split(wave, cuts or [], axis=1):
        measures.update(block)
    power = np.abs(stft(wave, FrameGrid.for_rate(rate))) ** 2
    for block in np.split(power, frame_cuts or [], axis=2):
        measures.update_spectrum(block)
    return measures.result()


def tone(hz, seconds, rate=RATE, amplitude=0.5):
    return amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


def noise(seconds, rms, seed=0, rate=RATE):
    return rms * np.random.default_rng(seed).standard_normal(round(seconds * rate))


def bursts(seconds, rate=RATE):
    """Tones of half a second with pauses as long."""
    time = np.arange(round(seconds * rate)) / rate
    return np.where(time % 1 < 0.5, tone(440, seconds, rate), 0)


@pytest.mark.parametrize("ceiling", [0.9, 0.3])
def test_a_clipped_sine_is_found_below_full_scale_too(ceiling):
    wave = np.clip(tone(440, 2, amplitude=1.4 * ceiling), -ceiling, ceiling)
    result = measure(wave)
    expected = np.mean(np.abs(wave) >= ceiling)
    assert abs(result.clipped_runs_count - 2 * 440 * 2) <= 2
    assert result.clipped_share == pytest.approx(expected, rel=0.05)
    assert result.clip_ceiling_dbfs == pytest.approx(20 * math.log10(ceiling), abs=0.01)


@pytest.mark.parametrize(("hz", "amplitude"), [(440, 0.9), (50, 0.9), (40, 0.2), (997, 1.0)])
def test_an_unclipped_sine_in_16_bits_is_not_clipped(hz, amplitude):
    wave = np.round(tone(hz, 2, 44100, amplitude) * 32767) / 32768
    result = measure(wave, 44100)
    assert result.clipped_runs_count == 0
    assert result.clip_ceiling_dbfs is None


def test_one_clipped_polarity_of_one_channel_is_found():
    clean, clipped = tone(300, 2, amplitude=0.8), np.minimum(tone(300, 2, amplitude=0.8), 0.6)
    result = measure([clean, clipped])
    assert abs(result.clipped_runs_count - 600) <= 1
    assert result.clip_ceiling_dbfs == pytest.approx(20 * math.log10(0.6), abs=0.01)


def test_a_full_scale_square_wave_is_clipped_and_at_zero_db():
    result = measure(np.sign(tone(100, 1) + 1e-9))
    assert result.peak_dbfs == pytest.approx(0)
    assert result.rms_dbfs == pytest.approx(0, abs=1e-6)
    assert result.clipped_share > 0.9


@pytest.mark.parametrize("mains", [50.0, 60.0])
def test_hum_is_found(mains):
    hum = sum(tone(mains * 1.0004 * k, 12, amplitude=0.004 / k) for k in (1, 2, 3, 5))
    swells = np.sin(np.pi * np.arange(12 * RATE) / RATE) ** 4 * tone(440, 12)
    result = measure(swells + hum + noise(12, 1e-4))
    assert result.hum_hz == mains
    assert result.hum_dbfs == pytest.approx(10 * math.log10(np.mean(hum**2)), abs=1.5)
    assert result.hum_lines_hz[0] == pytest.approx(mains, abs=0.6)


def test_a_held_g_with_its_partials_is_no_hum():
    held = sum(tone(98 * k, 12, amplitude=0.1 / k) for k in range(1, 7))
    assert measure(held + noise(12, 1e-3)).hum_hz is None


def test_noise_alone_is_no_hum():
    assert measure(noise(12, 0.1)).hum_hz is None


@pytest.mark.parametrize(("rate", "edge"), [(16000, 4000), (44100, 6000), (44100, 16000), (48000, 11000)])
def test_bandwidth_of_band_limited_noise(rate, edge):
    spectrum = np.fft.rfft(noise(4, 0.1, rate=rate))
    spectrum[np.fft.rfftfreq(4 * rate, 1 / rate) > edge] = 0
    wave = np.fft.irfft(spectrum) + noise(4, 1e-5, 1, rate)
    result = measure(wave, rate)
    assert result.bandwidth_hz == pytest.approx(edge, rel=0.05)
    assert result.bandwidth_cut


def test_noise_up_to_nyquist_has_the_whole_bandwidth():
    assert measure(noise(4, 0.1)).bandwidth_hz == pytest.approx(8000, rel=0.02)


def test_partials_that_fade_out_are_not_cut():
    wave = sum(tone(220 * k, 4, 44100, 0.3 * 0.6**k) for k in range(1, 25)) + noise(4, 1e-5, rate=44100)
    assert not measure(wave, 44100).bandwidth_cut


@pytest.mark.parametrize("snr_db", [5, 15, 30])
@pytest.mark.parametrize("rate", [16000, 44100])
def test_snr_of_tone_bursts_in_white_noise(snr_db, rate):
    music = bursts(12, rate)
    level = math.sqrt(np.mean(music**2)) * 10 ** (-snr_db / 20)
    result = measure(music + noise(12, level, rate=rate), rate)
    assert result.snr_db == pytest.approx(snr_db, abs=2)
    assert result.noise_floor_dbfs == pytest.approx(20 * math.log10(level), abs=2)


def test_a_gap_of_digital_silence_does_not_hide_the_noise():
    wave = bursts(10) + noise(10, 0.01)
    wave[4 * RATE : 7 * RATE] = 0
    result = measure(wave)
    assert result.noise_floor_dbfs == pytest.approx(-40, abs=2)
    assert result.digital_silence_share == pytest.approx(0.3, abs=1e-3)


@pytest.mark.parametrize("rt60", [0.35, 0.7, 1.5])
def test_decay_time_of_exponential_decays(rt60):
    time = np.arange(2 * RATE) / RATE
    rng = np.random.default_rng(1)
    notes = [rng.standard_normal(2 * RATE) * 10 ** (-3 * np.maximum(time - 0.2, 0) / rt60) for _ in range(6)]
    result = measure(0.2 * np.concatenate(notes) + noise(12, 1e-5))
    assert result.decay_s == pytest.approx(rt60, rel=0.2)


def test_a_held_sound_has_no_decay():
    assert measure(noise(6, 0.1)).decay_s is None


def test_block_sizes_do_not_matter():
    left = np.clip(bursts(5, 44100) + noise(5, 0.01, rate=44100), -0.45, 0.45)
    wave = np.stack([left, 0.5 * left + noise(5, 0.01, 1, 44100)])
    whole = measure(wave, 44100, true_peak=True)
    rng = np.random.default_rng(2)
    cuts = sorted(rng.integers(0, wave.shape[1], 40).tolist())
    frame_cuts = sorted(rng.integers(0, 300, 25).tolist())
    pieces = measure(wave, 44100, cuts, frame_cuts, true_peak=True)
    assert pieces == whole
    np.testing.assert_array_equal(pieces.thumbnail.level_dbfs, whole.thumbnail.level_dbfs)


def test_the_two_channels():
    mono = bursts(2)
    equal = measure([mono, mono])
    assert equal.channels_equal
    assert equal.channel_correlation == pytest.approx(1)
    turned = measure([mono, -mono])
    assert turned.channel_correlation == pytest.approx(-1)
    assert not turned.channels_equal
    dead = measure([mono, 0 * mono])
    assert dead.dead_channel_numbers == (2,)
    assert dead.channel_correlation is None
    assert measure([0 * mono, mono]).dead_channel_numbers == (1,)
    assert measure(mono).channel_correlation is None


def test_levels_and_offset():
    result = measure(tone(440, 4, amplitude=0.5) + 0.02, true_peak=True)
    assert result.peak_dbfs == pytest.approx(20 * math.log10(0.52), abs=0.01)
    assert result.rms_dbfs == pytest.approx(10 * math.log10(0.125 + 0.0004), abs=0.01)
    assert result.dc_offset_share == pytest.approx(0.02, abs=1e-4)
    assert result.loudness_lufs == pytest.approx(-9.7, abs=0.3)
    assert result.true_peak_dbtp == pytest.approx(result.peak_dbfs, abs=0.2)


def test_level_over_time_follows_the_take():
    wave = np.concatenate([tone(440, 5, amplitude=0.1), tone(440, 5, amplitude=0.4)])
    result = measure(wave)
    level, times = np.array(result.level_dbfs), np.arange(len(result.level_dbfs)) * result.level_step_s
    assert len(level) <= 800
    assert times[-1] == pytest.approx(10, abs=2 * result.level_step_s)
    assert np.median(level[times < 4.9]) == pytest.approx(-23, abs=0.1)
    assert np.median(level[times > 5.1]) == pytest.approx(-11, abs=0.1)


def test_the_thumbnail_stays_small_and_keeps_the_time_of_a_tone():
    wave = np.zeros(40 * RATE)
    wave[30 * RATE : 31 * RATE] = tone(1000, 1)
    thumbnail = measure(wave).thumbnail
    assert thumbnail.level_dbfs.shape[0] == 128
    assert 400 <= thumbnail.level_dbfs.shape[1] <= 800
    row, column = np.unravel_index(thumbnail.level_dbfs.argmax(), thumbnail.level_dbfs.shape)
    assert thumbnail.rows_hz[row] == pytest.approx(1000, rel=0.05)
    assert 29.9 <= column * thumbnail.column_s <= 31.1


def test_the_spectrum_sums_to_the_level_and_tilts():
    flat = measure(noise(8, 0.1))
    assert flat.tilt_db_per_octave == pytest.approx(3, abs=0.3)  # third octaves of white noise
    bands = 10 ** (np.array(flat.spectrum_dbfs)[::2] / 10)
    assert 10 * math.log10(bands.sum()) == pytest.approx(-20, abs=1)


@pytest.mark.parametrize(
    "wave",
    [
        np.zeros(0),
        np.zeros(1),
        np.full(1, 0.5),
        np.zeros(RATE),
        np.full(3 * RATE, 0.5),
        noise(0.01, 0.1),
        noise(0.3, 1e-9),
    ],
    ids=["nothing", "zero", "one sample", "silence", "direct current", "shorter than a window", "nearly silent"],
)
def test_odd_takes_give_finite_json(wave):
    result = measure(wave, true_peak=True)
    json.dumps(result.to_dict(), allow_nan=False)
    assert result.hum_hz is None
    assert result.clipped_runs_count == 0
    assert result.decay_s is None


def test_silence_has_no_snr_and_no_tilt():
    result = measure(np.zeros(2 * RATE))
    assert result.snr_db is None
    assert result.tilt_db_per_octave is None
    assert result.loudness_lufs is None
    assert result.bandwidth_hz == 0
    assert result.digital_silence_share == 1


def test_direct_current_is_an_offset_and_no_clipping():
    result = measure(np.full(2 * RATE, 0.25))
    assert result.dc_offset_share == pytest.approx(0.25)
    assert result.clipped_share == 0


def test_json_and_back():
    result = measure(bursts(5) + noise(5, 0.01))
    again = Measurements.from_dict(json.loads(json.dumps(result.to_dict())))
    assert again.to_dict() == result.to_dict()
    assert again.snr_db == pytest.approx(result.snr_db, abs=1e-3)
