import numpy as np
import pytest
from signals import level_db, make_bank, music, sine

from goodtake.degrade.channel import add_hum, colour, hard_clip, through_microphone
from goodtake.degrade.parameters import Equaliser, Hum
from goodtake.errors import ConfigError

GAINS = (9.0, -12.0, 4.0, -6.0)


def measured_gain_db(process, frequency_hz, sample_rate):
    wave = sine(frequency_hz, sample_rate)
    inner = slice(sample_rate // 2, -sample_rate // 2)
    return level_db(process(wave)[:, inner]) - level_db(wave[:, inner])


@pytest.mark.parametrize("sample_rate", [16_000, 44_100, 48_000])
@pytest.mark.parametrize(("band", "tones_hz"), [(0, (60, 100)), (1, (440, 560)), (2, (1700, 2400)), (3, (6500, 7500))])
def test_flat_bands_have_their_gains(sample_rate, band, tones_hz):
    for tone_hz in tones_hz:
        gain = measured_gain_db(lambda wave: colour(wave, Equaliser(GAINS), sample_rate), tone_hz, sample_rate)
        assert gain == pytest.approx(GAINS[band], abs=0.5)


def test_last_flat_band_reaches_nyquist():
    gain = measured_gain_db(lambda wave: colour(wave, Equaliser(GAINS), 48_000), 20_000, 48_000)
    assert gain == pytest.approx(GAINS[3], abs=0.1)


@pytest.mark.parametrize("sample_rate", [16_000, 48_000])
def test_smooth_curve_goes_through_the_gains_at_the_band_centres(sample_rate):
    smooth = Equaliser(GAINS, smooth=True)
    for centre_hz, gain_db in zip((100, 447.2, 2000, 5656.9), GAINS, strict=True):
        gain = measured_gain_db(lambda wave: colour(wave, smooth, sample_rate), centre_hz, sample_rate)
        assert gain == pytest.approx(gain_db, abs=0.3)
    halfway = measured_gain_db(lambda wave: colour(wave, smooth, sample_rate), 211.5, sample_rate)
    assert halfway == pytest.approx((GAINS[0] + GAINS[1]) / 2, abs=0.5)


def test_equaliser_at_zero_changes_nothing():
    wave = music(channels=2)
    for smooth in (False, True):
        assert np.allclose(colour(wave, Equaliser((0.0,) * 4, smooth=smooth), 16_000), wave, atol=1e-6)


def test_gains_must_fit_the_edges():
    with pytest.raises(ConfigError, match="one gain more than edges"):
        Equaliser((1.0, 2.0, 3.0))
    with pytest.raises(ConfigError, match="gain of a band is inf"):
        Equaliser((1.0, 2.0, float("inf"), 0.0))


@pytest.mark.parametrize("sample_rate", [16_000, 48_000, 96_000])
def test_microphone_colours_by_its_magnitude_only(sample_rate):
    # A first-order low-pass at 1 kHz, delayed and upside down: neither delay nor sign may come through.
    time = np.arange(round(0.06 * sample_rate))
    response = np.zeros((1, time.size), np.float32)
    response[0, 200:] = -np.exp(-2 * np.pi * 1000 * (time[200:] - 200) / sample_rate)
    gains = {
        tone: measured_gain_db(lambda wave: through_microphone(wave, response, sample_rate), tone, sample_rate)
        for tone in (100, 1000, 4000)
    }
    step = np.exp(-2j * np.pi * np.array([100, 1000, 4000]) / sample_rate)
    expected = -20 * np.log10(np.abs(1 - np.exp(-2 * np.pi * 1000 / sample_rate) * step))
    assert gains[1000] - gains[100] == pytest.approx(expected[1] - expected[0], abs=0.3)
    assert gains[4000] - gains[100] == pytest.approx(expected[2] - expected[0], abs=0.3)
    wave = music(sample_rate)
    assert np.vdot(through_microphone(wave, response, sample_rate), wave) > 0


def test_a_level_microphone_changes_nothing():
    response = np.zeros((1, 700), np.float32)
    response[0, 40] = 0.9
    wave = music()
    assert np.allclose(through_microphone(wave, response, 16_000), wave, atol=1e-5)


@pytest.mark.parametrize("sample_rate", [8_000, 44_100])
def test_hum_has_its_level_and_lies_on_its_harmonics(sample_rate):
    wave = music(sample_rate, 4.0, channels=2)
    hum = add_hum(wave, Hum(60.0, -20.0, -6.0, seed=1), sample_rate) - wave
    assert level_db(hum) - level_db(wave) == pytest.approx(-20.0, abs=0.05)
    assert np.array_equal(hum[0] != 0, hum[1] != 0)
    power = np.abs(np.fft.rfft(hum[0] * np.hanning(hum.shape[1]))) ** 2
    frequencies = np.fft.rfftfreq(hum.shape[1], 1 / sample_rate)
    near = np.abs(frequencies / 60 - np.round(frequencies / 60)) * 60 < 1
    assert power[near & (frequencies < 1010)].sum() > 0.999 * power.sum()


def test_clipping_takes_the_peak_down_and_nothing_else():
    wave = music(channels=2)
    clipped = hard_clip(wave, 6.0)
    ceiling = np.abs(wave).max() / 10 ** (6 / 20)
    assert np.abs(clipped).max() == pytest.approx(ceiling, rel=1e-6)
    below = np.abs(wave) < ceiling
    assert np.array_equal(clipped[below], wave[below])
    assert np.array_equal(np.sign(clipped), np.sign(wave))
    assert np.array_equal(hard_clip(wave, 0.0), wave)


def test_stages_leave_silence_silent():
    silence = np.zeros((2, 3000), np.float32)
    response = make_bank().microphone("ribbon.flac")
    for result in (
        colour(silence, Equaliser(GAINS), 16_000),
        through_microphone(silence, response, 16_000),
        add_hum(silence, Hum(), 16_000),
        hard_clip(silence, 3.0),
    ):
        assert not np.any(result)
