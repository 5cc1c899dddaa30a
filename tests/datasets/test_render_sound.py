"""From events to samples: pitch, attack, loop, release, loudness, place, and the studio mix."""

from dataclasses import replace

import numpy as np
import pytest
from test_notes import write_library

from goodtake.datasets.notes import NoteLibrary
from goodtake.datasets.render.mix import apply_mix, draw_mix, room_seconds, room_spectrum
from goodtake.datasets.render.plan import Event, MixPlan, VoicePlan
from goodtake.datasets.render.sampler import Sampler, bend, extend, pan_gains
from goodtake.datasets.render.sounds import NotePlayer
from goodtake.errors import ConfigError, DatasetError

RATE = 16_000
PLAIN_MIX = MixPlan(
    room_db=-90,
    room_rt60_s=0.3,
    room_predelay_ms=5,
    room_seed=1,
    low_shelf_db=0,
    high_shelf_db=0,
    compressor_ratio=1,
    compressor_threshold_db=0,
    noise_floor_db=-200,
    noise_slope_db=0,
    noise_seed=2,
    peak_db=-6,
)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return NoteLibrary.from_index(write_library(tmp_path_factory.mktemp("sound") / "library"), "train", 44_100)


@pytest.fixture(scope="module")
def player(library):
    return NotePlayer(library)


def voice_of(player, instrument, *events, **changes):
    """A voice without vibrato on the one sound of an instrument, its events assigned."""
    (sound,) = (sound for sound in player.sounds if sound.instrument == instrument)
    rng = np.random.default_rng(0)
    assigned = tuple(sound.assign(event, rng) for event in events)
    plan = VoicePlan(instrument, sound.name, sound.family.name, -20.0, 20.0, 0.0, 0.0, 5.5, assigned)
    return replace(plan, **changes)


def note(pitch=69, start_s=0.1, duration_s=0.5, velocity=0.9, release_s=0.06, **more):
    return Event(start_s, duration_s, release_s, pitch, velocity, **more)


def play(player, voice, seconds=1.5, rate=RATE, channels=1):
    """Both buses together: `(channel, time)`."""
    buses = np.zeros((2, channels, round(seconds * rate)), dtype=np.float32)
    player.play([voice], buses, rate, 0)
    return buses.sum(axis=0)


def pitch_hz(wave, rate, about_hz):
    """The pitch near a guess, from the peak of the autocorrelation."""
    spectrum = np.fft.rfft(wave - wave.mean(), 2 * len(wave))
    likeness = np.fft.irfft(np.abs(spectrum) ** 2)[: len(wave)] / np.arange(len(wave), 0, -1)
    first, last = int(rate / about_hz * 0.93), int(rate / about_hz * 1.07) + 2
    peak = first + int(np.argmax(likeness[first:last]))
    left, middle, right = likeness[peak - 1 : peak + 2]
    return rate / (peak + 0.5 * (left - right) / (left - 2 * middle + right))


@pytest.mark.parametrize("rate", [16_000, 44_100])
@pytest.mark.parametrize(("instrument", "pitches"), [("oboe", range(57, 92, 3)), ("electric bass", range(27, 56, 4))])
def test_notes_sound_at_their_pitch(player, rate, instrument, pitches):
    for pitch in pitches:
        wave = play(player, voice_of(player, instrument, note(pitch)), rate=rate)[0]
        wanted = 440 * 2 ** ((pitch - 69) / 12)
        heard = pitch_hz(wave[round(0.2 * rate) : round(0.6 * rate)], rate, wanted)
        assert abs(1200 * np.log2(heard / wanted)) < 9  # shifts come in steps of 10 cents


def test_shifting_adds_no_aliases(player):
    wave = play(player, voice_of(player, "oboe", note(91, duration_s=0.8)))[0][4000:12_000]
    power = np.abs(np.fft.rfft(wave * np.blackman(len(wave)))) ** 2
    frequency_hz = np.fft.rfftfreq(len(wave), 1 / RATE)
    f0 = 440 * 2 ** (22 / 12)
    near = np.min(np.abs(frequency_hz[:, None] - f0 * np.arange(1, 6)), axis=1) < 40
    assert 10 * np.log10(power[~near].sum() / power.sum()) < -60


@pytest.mark.parametrize("start_s", [0.1, 0.2003])
@pytest.mark.parametrize("instrument", ["piano", "electric bass"])
def test_attacks_are_on_time(player, instrument, start_s):
    wave = play(player, voice_of(player, instrument, note(53, start_s)))[0]
    loud = np.abs(wave) > 0.1 * np.abs(wave).max()
    assert np.argmax(loud) / RATE == pytest.approx(start_s, abs=0.003)


def test_notes_fade_when_released(player):
    wave = play(player, voice_of(player, "oboe", note(69, 0.1, 0.5, release_s=0.06)))[0]
    level = np.sqrt((wave.reshape(-1, 160) ** 2).mean(axis=1))  # per 10 ms
    held = level[30:55].mean()
    assert level[58] == pytest.approx(held, rel=0.1)
    assert 0.2 * held < level[62:64].mean() < 0.8 * held
    assert level[67:].max() < 1e-3 * held


def test_drums_ring(player):
    wave = play(player, voice_of(player, "drum kit (made)", note(38, 0.1, 0.02, release_s=0.0)))[0]
    level = np.sqrt((wave.reshape(-1, 160) ** 2).mean(axis=1))
    assert level[20] == pytest.approx(level[12] * np.exp(-0.08 / 0.08), rel=0.4)


def test_held_tones_are_looped_without_seams(player):
    wave = play(player, voice_of(player, "oboe", note(69, 0.1, 4.0)), seconds=4.5)[0]
    held = wave[round(0.3 * RATE) : round(4.0 * RATE)]
    level = np.sqrt((held[: len(held) // 160 * 160].reshape(-1, 160) ** 2).mean(axis=1))
    assert level.min() > 0.8 * level.max()
    for begin in range(0, len(held) - 4000, 4000):
        assert pitch_hz(held[begin : begin + 4000], RATE, 440) == pytest.approx(440, rel=0.004)


@pytest.mark.parametrize("samples", [12_345, 40_000])
def test_loops_have_the_length_asked_for_and_no_clicks(samples):
    tone = np.sin(2 * np.pi * 440.3 * np.arange(10_000) / RATE, dtype=np.float32)[None]
    out = extend(tone, samples, 9000, RATE / 440.3, RATE)
    assert out.shape == (1, samples)
    assert np.abs(np.diff(out)).max() < 1.05 * np.abs(np.diff(tone)).max()
    assert np.abs(out[0, -2000:]).max() == pytest.approx(1, abs=0.05)


def test_too_short_tones_are_not_looped():
    tone = np.ones((1, 500), dtype=np.float32)
    assert extend(tone, 4000, 500, 36.0, RATE) is tone


def test_vibrato_swings_around_the_pitch():
    wave = np.sin(2 * np.pi * 1000 * np.arange(6 * RATE) / (2 * RATE), dtype=np.float32)[None]
    bent = bend(wave, 30.0, 5.0, 2 * RATE)[0]
    frames = bent[RATE : 2 * RATE].reshape(-1, 320)  # 20 ms
    heard = np.array([pitch_hz(frame, RATE, 1000) for frame in frames])
    assert heard.mean() == pytest.approx(1000, rel=0.002)
    assert 1200 * np.log2(heard.max() / heard.min()) == pytest.approx(60, abs=12)
    steady = bend(wave, 0.0, 5.0, 2 * RATE)[0]
    np.testing.assert_allclose(steady[10:5000], wave[0, 20:10_000:2], atol=1e-5)


def test_velocity_makes_notes_louder_and_brighter(library, player):
    levels, shares = [], []
    for velocity in (0.2, 0.8):
        buses = np.zeros((2, 1, RATE), dtype=np.float32)
        player.play([voice_of(player, "oboe", note(69, velocity=velocity))], buses, RATE, 0)
        levels.append(20 * np.log10(np.sqrt((buses.sum(axis=0) ** 2).mean())))
        shares.append(float((buses[0] ** 2).sum() / (buses**2).sum()))
    assert levels[1] - levels[0] == pytest.approx(0.6 * 20.0, abs=0.1)  # dynamics_db is 20
    assert shares[0] < 0.2 < 0.9 < shares[1]


def test_level_does_not_depend_on_the_library(player):
    """The soft layer of the piano was stored 10 dB below the loud one."""
    soft, loud = (play(player, voice_of(player, "piano", note(60, velocity=velocity))) for velocity in (0.3, 0.9))
    assert 20 * np.log10(loud.std() / soft.std()) == pytest.approx(0.6 * 20, abs=0.5)


def test_pan_keeps_the_power():
    for pan in np.linspace(-1, 1, 9):
        assert np.sum(np.square(pan_gains(pan, 2))) == pytest.approx(2)
    assert pan_gains(-1, 2)[1] == pytest.approx(0, abs=1e-9)
    left, right = pan_gains(0.5, 2)
    assert 0 < left < right


def test_stereo_places_voices_and_keeps_stereo_notes(player):
    centre = play(player, voice_of(player, "oboe", note()), channels=2)
    np.testing.assert_array_equal(centre[0], centre[1])
    np.testing.assert_allclose(centre[:1], play(player, voice_of(player, "oboe", note())), atol=1e-6)
    right = play(player, voice_of(player, "oboe", note(), pan=1.0), channels=2)
    assert np.abs(right[0]).max() < 1e-6 < 0.01 < np.abs(right[1]).max()
    piano = play(player, voice_of(player, "piano", note(60)), channels=2)
    assert not np.array_equal(piano[0], piano[1])
    np.testing.assert_allclose(
        play(player, voice_of(player, "piano", note(60))), piano.mean(axis=0, keepdims=True), atol=1e-6
    )


def test_notes_that_began_before_the_clip_are_joined_in_time(player):
    early = play(player, voice_of(player, "oboe", note(69, 0.3, 0.6)))
    late = play(player, voice_of(player, "oboe", note(69, -0.2, 0.6)), seconds=1.0)
    np.testing.assert_allclose(late[:, : RATE // 2], early[:, RATE // 2 : RATE], atol=1e-6)


def test_the_cache_changes_nothing(library):
    player, starved = NotePlayer(library), Sampler(library, cache_mb=0.0)
    voice = voice_of(player, "piano", *(note(60 + i % 5, 0.1 * i, 0.1) for i in range(12)))
    first, again = play(player, voice), play(player, voice)
    buses = np.zeros((2, 1, first.shape[1]), dtype=np.float32)
    starved.play(voice, buses, RATE, 0)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first, buses.sum(axis=0))


def test_kits_map_general_midi_keys_to_drums(player):
    (kit,) = (sound for sound in player.sounds if sound.family.name == "drum")
    rng = np.random.default_rng(0)
    found = {key: kit.assign(note(key, release_s=0.0), rng) for key in (36, 38, 42, 49, 75)}
    library = player._sampler.library
    names = {key: event and library.note(event.source).instrument for key, event in found.items()}
    assert names == {36: "bass drum", 38: "snare drum", 42: "hi-hat closed", 49: "crash cymbal", 75: None}
    assert found[42].gain_db < found[36].gain_db


def test_out_of_range_notes_move_by_octaves(player):
    oboe = next(sound for sound in player.sounds if sound.instrument == "oboe")
    assert oboe.assign(note(50), np.random.default_rng(0)).midi_pitch == 62
    assert oboe.assign(note(20), np.random.default_rng(0)) is None


def test_rates_above_the_librarys_are_an_error(tmp_path):
    player = NotePlayer(NoteLibrary.from_index(write_library(tmp_path), "train", 16_000))
    player.check_rate(16_000)
    with pytest.raises(ConfigError, match="22050"):
        player.check_rate(22_050)


def test_a_foreign_plan_is_an_error(player):
    with pytest.raises(DatasetError, match=r"no\.wav"):
        play(player, replace(voice_of(player, "oboe", note()), events=(note(source="no.wav"),)))


def tone_buses(seconds=1.0, hz=500.0, channels=1, dark=False):
    buses = np.zeros((2, channels, round(seconds * RATE)), dtype=np.float32)
    buses[1 if dark else 0] = 0.1 * np.sin(2 * np.pi * hz * np.arange(buses.shape[-1]) / RATE)
    return buses


def test_a_plain_mix_is_the_bright_bus():
    buses = tone_buses()
    out = apply_mix(buses, PLAIN_MIX, RATE)
    np.testing.assert_allclose(out, buses[0] * 10 ** (-6 / 20) / 0.1, atol=2e-4)
    np.testing.assert_allclose(apply_mix(buses, PLAIN_MIX, RATE, lead=100), out[:, 100:], atol=2e-3)


@pytest.mark.parametrize("level_db", [-55.0, -80.0])
@pytest.mark.parametrize("slope", [0.0, -3.0])
def test_the_noise_floor_lies_as_deep_as_drawn(level_db, slope):
    buses = tone_buses(2.0)
    buses[..., RATE:] = 0
    out = apply_mix(buses, replace(PLAIN_MIX, noise_floor_db=level_db, noise_slope_db=slope), RATE)[0]
    rest = out[RATE + 2000 :]
    assert 20 * np.log10(rest.std() / np.sqrt((out**2).mean())) == pytest.approx(level_db, abs=1.5)
    power = np.abs(np.fft.rfft(rest)) ** 2
    octaves = [power[round(hz / RATE * len(rest)) :][: round(hz / RATE * len(rest))].mean() for hz in (500, 1000, 2000)]
    fall_db = 10 * np.diff(np.log10(octaves))
    np.testing.assert_allclose(fall_db, slope, atol=1.2)


def test_silence_gets_a_floor_too():
    out = apply_mix(np.zeros((2, 2, RATE), dtype=np.float32), replace(PLAIN_MIX, noise_floor_db=-60), RATE)
    assert np.isfinite(out).all()
    assert (out != 0).mean() > 0.99
    assert not np.allclose(out[0], out[1])


def test_the_dark_bus_loses_its_top():
    low, high = (apply_mix(tone_buses(hz=hz, dark=True) + tone_buses(hz=100.0), PLAIN_MIX, RATE) for hz in (300, 6000))
    spectra = [np.abs(np.fft.rfft(out[0])) for out in (low, high)]
    gains_db = [20 * np.log10(s[hz] / s[100]) for s, hz in zip(spectra, (300, 6000), strict=True)]
    assert gains_db[0] == pytest.approx(0, abs=0.5)
    assert gains_db[1] == pytest.approx(-12.8, abs=0.5)


@pytest.mark.parametrize(
    ("hz", "change", "wanted_db"),  # both shelves have half of their gain at the corner, 200 and 4000 Hz
    [(50, {"low_shelf_db": 4.0}, 3.6), (200, {"low_shelf_db": 4.0}, 1.85), (7900, {"high_shelf_db": -4.0}, -2.95)],
)
def test_shelves_do_what_they_say(hz, change, wanted_db):
    buses = tone_buses(hz=hz) + tone_buses(hz=1000)
    mixes = (PLAIN_MIX, replace(PLAIN_MIX, **change))
    plain, shaped = (np.abs(np.fft.rfft(apply_mix(buses, mix, RATE)[0])) for mix in mixes)
    assert 20 * np.log10(shaped[hz] / shaped[1000] * plain[1000] / plain[hz]) == pytest.approx(wanted_db, abs=0.1)


@pytest.mark.parametrize("room_db", [-12.0, -25.0])
def test_the_room_is_as_loud_and_as_long_as_drawn(room_db):
    mix = replace(PLAIN_MIX, room_db=room_db)
    assert room_seconds(mix) == pytest.approx(0.305)
    assert room_seconds(PLAIN_MIX) == 0
    response = np.fft.irfft(room_spectrum(mix, 2, RATE, 2 * RATE))
    np.testing.assert_allclose(10 * np.log10((response**2).sum(axis=1)), room_db, atol=0.1)
    assert not np.allclose(response[0], response[1])
    power = (response[0] ** 2).cumsum() / (response[0] ** 2).sum()
    assert power[round(0.004 * RATE)] < 0.05  # nothing but filter tails before the first reflection
    assert power[round(0.05 * RATE)] > 0.5
    assert power[round(0.3 * RATE)] > 0.99
    dry, wet = (apply_mix(tone_buses(), m, RATE) for m in (PLAIN_MIX, mix))
    assert not np.allclose(dry, wet, atol=1e-3)


def test_the_compressor_narrows_loud_and_soft():
    buses = tone_buses(2.0)
    buses[..., RATE:] *= 10 ** (-20 / 20)
    out = apply_mix(buses, replace(PLAIN_MIX, compressor_ratio=3.0, compressor_threshold_db=-6.0), RATE)[0]
    span_db = 20 * np.log10(out[4000:12_000].std() / out[20_000:28_000].std())
    assert 10 < span_db < 17


def test_drawn_mixes_are_mild():
    drawn = [draw_mix(np.random.default_rng(seed)) for seed in range(100)]
    assert 0.1 < np.mean([room_seconds(mix) == 0 for mix in drawn]) < 0.45
    assert all(-80 <= mix.noise_floor_db <= -55 and -12 <= mix.peak_db <= -1 for mix in drawn)
    assert all(mix.room_db <= -11 and 1 <= mix.compressor_ratio <= 3 for mix in drawn)
