import numpy as np
import pytest
from signals import level_db, make_bank, music

from goodtake.degrade.noises import coloured_noise, mix_noise, render_noise
from goodtake.degrade.parameters import Noise, NoiseLayer
from goodtake.errors import ConfigError, DatasetError

LAYERS = {
    "recorded": NoiseLayer("recorded", ("rain.ogg",), (2.5,), seed=1),
    "stereo": NoiseLayer("recorded", ("street.ogg",), (0.4,), seed=2),
    "talker": NoiseLayer("babble", ("speech/0.ogg",), (1.0,), reverberant=True, seed=3),
    "crowd": NoiseLayer("babble", ("speech/1.ogg", "speech/2.ogg", "speech/3.ogg"), (0.0, 1.0, 9.0), seed=4),
    "coloured": NoiseLayer("coloured", slope_db=-6.0, seed=5),
    "fan": NoiseLayer("fan", slope_db=-3.0, rotation_hz=110.0, seed=6),
    "rumble": NoiseLayer("rumble", slope_db=-4.0, reverberant=True, seed=7),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize(("sample_rate", "channels"), [(16_000, 1), (44_100, 2), (48_000, 1)])
def test_ratio_is_the_one_asked_for(name, sample_rate, channels):
    bank = make_bank(sample_rate)
    wave = music(sample_rate, 1.5, channels)
    for snr_db in (-5.0, 10.0, 30.0):
        noisy = mix_noise(wave, Noise((LAYERS[name],), snr_db), bank)
        assert noisy.shape == wave.shape
        assert noisy.dtype == np.float32
        assert level_db(wave) - level_db(noisy.astype(np.float64) - wave) == pytest.approx(snr_db, abs=0.01)


def test_layers_lie_at_their_levels():
    bank = make_bank()
    loud, soft = LAYERS["recorded"], NoiseLayer("coloured", gain_db=-12.0, seed=5)
    alone = render_noise((soft,), 1, 16_000, bank)
    assert level_db(alone) == pytest.approx(-12.0, abs=0.01)
    both = render_noise((loud, soft), 1, 16_000, bank)
    assert np.allclose(both, render_noise((loud,), 1, 16_000, bank) + alone, atol=1e-6)


@pytest.mark.parametrize("slope_db", [-6.0, -3.0, 0.0, 1.0])
def test_coloured_noise_has_its_slope_and_no_infrasound(slope_db):
    noise = coloured_noise(np.random.default_rng(0), 1, 1 << 19, slope_db, 16_000)[0]
    power = np.abs(np.fft.rfft(noise)) ** 2
    frequencies = np.fft.rfftfreq(len(noise), 1 / 16_000)
    octaves = [power[(frequencies > f) & (frequencies < 2 * f)].mean() for f in (50, 100, 200, 400, 800, 1600, 3200)]
    assert np.polyfit(np.arange(7), 10 * np.log10(octaves), 1)[0] == pytest.approx(slope_db, abs=0.2)
    assert power[frequencies < 11].sum() < 1e-6 * power.sum()


def test_a_short_recording_loops_without_a_seam():
    sample_rate = 16_000
    bank = make_bank(sample_rate)
    time = np.arange(sample_rate) / sample_rate
    # A cosine whose period does not divide the file: a plain loop jumps by the full height.
    bank.noises = {"hiss.ogg": np.cos(2 * np.pi * 3.5 * time)[None].astype(np.float16)}
    sound = render_noise((NoiseLayer("recorded", ("hiss.ogg",), (0.7,)),), 1, 3 * sample_rate, bank)[0]
    assert np.abs(np.diff(sound)).max() < 0.02
    assert level_db(sound) == pytest.approx(0, abs=0.01)


def test_offset_is_where_the_recording_is_entered():
    bank = make_bank()
    at = render_noise((NoiseLayer("recorded", ("rain.ogg",), (1.0,)),), 1, 8000, bank)[0]
    source = bank.noises["rain.ogg"][0, 16_000:24_000].astype(np.float32)
    assert np.corrcoef(at, source)[0, 1] > 0.9999


def test_a_mono_recording_is_spread_over_two_channels():
    bank = make_bank()
    correlations = []
    for seed in range(30):
        layer = NoiseLayer("recorded", ("rain.ogg",), (0.3,), seed=seed)
        left, right = render_noise((layer,), 2, 16_000, bank)
        assert level_db(left) - level_db(right) == pytest.approx(0, abs=1.5)
        correlations.append(np.corrcoef(left, right)[0, 1])
    assert min(correlations) < 0.2
    assert max(correlations) > 0.8
    mono = render_noise((NoiseLayer("recorded", ("street.ogg",), (0.0,)),), 1, 8000, bank)[0]
    both = bank.noises["street.ogg"][:, :8000].astype(np.float32).mean(0)
    assert np.corrcoef(mono, both)[0, 1] > 0.9999


def test_a_room_full_of_people_is_full_from_the_first_sample():
    bank = make_bank()
    bank.talkers = {"speech/0.ogg": (0.1 * np.random.default_rng(0).standard_normal((1, 64_000))).astype(np.float16)}
    sound = render_noise((NoiseLayer("babble", ("speech/0.ogg",), (0.0,), reverberant=True),), 1, 32_000, bank)[0]
    assert level_db(sound[:800]) == pytest.approx(level_db(sound), abs=3)


def test_people_get_rooms_of_their_own():
    bank = make_bank()
    tails = [NoiseLayer("babble", ("speech/0.ogg",), (0.0,), reverberant=True, seed=seed) for seed in (1, 2)]
    one, two = (render_noise((tail,), 1, 16_000, bank) for tail in tails)
    assert not np.allclose(one, two, atol=0.1)


def test_silence_has_no_ratio_and_stays():
    bank = make_bank()
    silence = np.zeros((2, 4000), np.float32)
    assert not np.any(mix_noise(silence, Noise((LAYERS["fan"],), 10.0), bank))
    wave = music(seconds=0.25)
    bank.noises = {"rain.ogg": np.zeros((1, 4000), np.float16)}
    assert np.array_equal(mix_noise(wave, Noise((LAYERS["recorded"],), 10.0), bank), wave)


def test_same_layer_same_bytes():
    bank = make_bank()
    for layer in LAYERS.values():
        first, second = (render_noise((layer,), 2, 5000, bank) for _ in range(2))
        assert np.array_equal(first, second)


def test_what_cannot_be_rendered_is_refused():
    with pytest.raises(ConfigError, match="unknown kind of noise 'thunder'"):
        NoiseLayer("thunder")
    with pytest.raises(ConfigError, match="one offset per file"):
        NoiseLayer("recorded", ("a", "b"), (0.0,))
    with pytest.raises(ConfigError, match="one offset per file"):
        NoiseLayer("babble")
    with pytest.raises(DatasetError, match=r"no noise named 'gone\.ogg'"):
        render_noise((NoiseLayer("recorded", ("gone.ogg",), (0.0,)),), 1, 100, make_bank())
