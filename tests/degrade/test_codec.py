import numpy as np
import pytest
from signals import lag, level_db, music, sine

from goodtake.degrade.codec import codec_round_trip
from goodtake.degrade.parameters import Codec
from goodtake.errors import ConfigError

CODECS = [Codec("mp3", 96_000), Codec("aac", 96_000), Codec("libopus", 64_000)]


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
@pytest.mark.parametrize(("sample_rate", "channels"), [(16_000, 1), (44_100, 2), (48_000, 1), (96_000, 2)])
def test_round_trip_keeps_length_place_and_most_of_the_sound(codec, sample_rate, channels):
    wave = music(sample_rate, 1.3, channels)
    coded = codec_round_trip(wave, codec, sample_rate)
    assert coded.shape == wave.shape
    assert coded.dtype == np.float32
    assert lag(coded, wave) == 0
    assert 10 < level_db(wave) - level_db(coded - wave) < 60  # one sample late would leave less than 10 dB


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
def test_a_held_tone_does_not_slip_by_a_period(codec):
    fade = np.minimum(1, np.arange(32_000) / 3200)
    wave = sine(440.0) * np.minimum(fade, fade[::-1]).astype(np.float32)
    coded = codec_round_trip(wave, codec, 16_000)
    assert level_db(wave) - level_db(coded - wave) > 20


def test_a_soft_and_a_loud_wave_are_coded_alike():
    wave = music()
    soft, loud = (codec_round_trip(wave * np.float32(scale), CODECS[0], 16_000) / scale for scale in (1e-4, 30.0))
    assert np.allclose(soft, loud, atol=1e-4)


def test_fewer_bits_leave_less():
    wave = music(44_100)
    errors = [level_db(codec_round_trip(wave, Codec("mp3", rate), 44_100) - wave) for rate in (32_000, 128_000)]
    assert errors[0] > errors[1] + 3


@pytest.mark.parametrize("samples", [1, 100, 1153])
def test_short_clips_keep_their_length(samples):
    wave = music()[:, 2000 : 2000 + samples]
    for codec in CODECS:
        coded = codec_round_trip(wave, codec, 16_000)
        assert coded.shape == wave.shape
        assert np.all(np.isfinite(coded))


def test_silence_stays():
    assert not np.any(codec_round_trip(np.zeros((1, 5000), np.float32), CODECS[0], 16_000))


def test_what_cannot_be_coded_is_refused():
    with pytest.raises(ConfigError, match="unknown codec 'flac'"):
        codec_round_trip(music(), Codec("flac"), 16_000)
    with pytest.raises(ConfigError, match="one or two channels, not 3"):
        codec_round_trip(music(channels=3), CODECS[0], 16_000)
    with pytest.raises(ConfigError, match="bit rate of 0"):
        Codec("mp3", 0)
