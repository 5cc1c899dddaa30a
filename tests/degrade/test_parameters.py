import json

import pytest

from goodtake.degrade.parameters import Codec, Degradation, Equaliser, Hum, Noise, NoiseLayer, Room
from goodtake.errors import ConfigError

FULL = Degradation(
    room=Room(None, -1.25, (5.5, 4.0, 2.6), (1.0, 1.5, 1.2), (3.5, 2.5, 1.2), (0.1 + 0.2, 0.4, 0.35, 0.25), 2**31 - 1),
    noise=Noise(
        (
            NoiseLayer("babble", ("speech/ü.ogg", "speech/b.ogg"), (1.0, 2.5), -3.1, reverberant=True, seed=5),
            NoiseLayer("fan", slope_db=-2.0, modulation_hz=0.7, rotation_hz=123.4, seed=6),
        ),
        12.3456789,
    ),
    equaliser=Equaliser((1.0, 2.0, -3.0, 1 / 3), (100.0, 900.0, 5000.0), smooth=True),
    microphone="ribbon.flac",
    hum=Hum(60.0, -22.0, -5.0, 9),
    clip_db=3.3,
    low_pass_hz=7000.0,
    codec=Codec("libopus", 24_000),
    low_cut_hz=40.0,
    peak=0.9,
    gain_db=-7.0,
    noise_first=True,
)


@pytest.mark.parametrize("degradation", [Degradation(), FULL])
def test_json_gives_back_the_same_numbers(degradation):
    again = Degradation.from_json(degradation.to_json())
    assert again == degradation
    assert again.to_json() == degradation.to_json()
    assert hash(again) == hash(degradation)  # tuples again, not lists


def test_whole_numbers_serve_where_fractions_are_wanted():
    assert Degradation.from_json('{"clip_db": 3}').clip_db == 3.0
    assert isinstance(Degradation.from_json('{"clip_db": 3}').clip_db, float)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"volume": 1}, "degradation: unknown key 'volume'"),
        ({"room": {"walls": 4}}, "degradation.room: unknown key 'walls'"),
        ({"noise": {"layers": [], "snr_db": 1, "colour": 2}}, "degradation.noise: unknown key 'colour'"),
        ({"noise": {"layers": [{"kind": "fan", "x": 1}], "snr_db": 1}}, r"layers\[0\]: unknown key 'x'"),
        ({"noise": {"layers": []}}, "'snr_db' is missing"),
        ({"room": "big"}, "degradation.room: expected an object"),
        ({"peak": "loud"}, "degradation.peak: expected float, got 'loud'"),
        ({"peak": True}, "degradation.peak: expected float, got True"),
        ({"noise_first": 1}, "expected bool, got 1"),
        ({"codec": {"bit_rate": 64_000.5}}, "expected int, got 64000.5"),
        ({"room": {"size_m": [1, 2]}}, "expected 3 values, got 2"),
        ({"room": {"size_m": 3}}, "expected a list"),
        ({"gain_db": float("nan")}, "give a finite one"),
        ({"gain_db": 1e9}, "the final level is 1000000000.0 dB"),
        ({"clip_db": -1}, "clipping -1.0 dB"),
        ({"low_pass_hz": 0}, "a bandwidth of 0.0 Hz"),
        ({"peak": 0}, "peak 0.0"),
        ({"hum": {"frequency_hz": 0}}, "hum of 0.0 Hz"),
        ({"noise": {"layers": [{"kind": "fan", "seed": -2}], "snr_db": 1}}, "a seed of -2"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(change, message):
    with pytest.raises(ConfigError, match=message) as caught:
        Degradation.from_json(json.dumps(change))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", '"room"', "\x00"])
def test_text_that_is_no_object_is_refused(text):
    with pytest.raises(ConfigError):
        Degradation.from_json(text)
