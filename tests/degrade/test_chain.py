from dataclasses import replace

import numpy as np
import pytest
from signals import lag, level_db, make_bank, music, sine

from goodtake.degrade.bank import Bank
from goodtake.degrade.chain import degrade, finish, in_room
from goodtake.degrade.draw import STUDIO, draw
from goodtake.degrade.noises import render_noise
from goodtake.degrade.parameters import Codec, Degradation, Equaliser, Hum, Noise, NoiseLayer, Room
from goodtake.degrade.rooms import drr_db
from goodtake.dsp.filters import convolve
from goodtake.errors import ConfigError, DatasetError

RAIN = NoiseLayer("recorded", ("rain.ogg",), (0.2,), seed=4)
STAGES = {
    "clean": Degradation(),
    "measured room": Degradation(room=Room(rir="hall.flac", drr_db=3.0)),
    "simulated room": Degradation(room=Room(drr_db=6.0, seed=9)),
    "noise": Degradation(noise=Noise((RAIN,), 12.345678901234567)),
    "crowd": Degradation(
        noise=Noise((NoiseLayer("babble", ("speech/0.ogg",), (1.0,), reverberant=True, seed=2), RAIN), 12.0)
    ),
    "fan": Degradation(noise=Noise((NoiseLayer("fan", slope_db=-5.0, seed=8),), 12.0), noise_first=True),
    "flat bands": Degradation(equaliser=Equaliser((9.0, -6.0, 3.0, -8.0))),
    "smooth bands": Degradation(equaliser=Equaliser((9.0, -6.0, 3.0, -8.0), smooth=True)),
    "microphone": Degradation(microphone="ribbon.flac"),
    "hum": Degradation(hum=Hum(50.0, -25.0, -6.0, seed=3)),
    "clipping": Degradation(clip_db=6.0),
    "bandwidth": Degradation(low_pass_hz=5000.0),
    "mp3": Degradation(codec=Codec("mp3", 96_000)),
    "aac": Degradation(codec=Codec("aac", 96_000)),
    "opus": Degradation(codec=Codec("libopus", 64_000)),
    "level": Degradation(gain_db=-20.0, peak=0.8, low_cut_hz=50.0),
    "everything": Degradation(
        room=Room(rir="room.flac", drr_db=6.0),
        noise=Noise((RAIN,), 20.0),
        equaliser=Equaliser((3.0, -3.0, 3.0, -3.0)),
        microphone="carbon.flac",
        hum=Hum(seed=1),
        clip_db=2.0,
        low_pass_hz=6000.0,
        codec=Codec("mp3", 128_000),
    ),
}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(("sample_rate", "channels"), [(16_000, 1), (44_100, 2), (48_000, 2)])
def test_pair_is_synchronous_full_level_and_replayable(stage, sample_rate, channels):
    bank, wave, degradation = make_bank(sample_rate), music(sample_rate, 1.2, channels), STAGES[stage]
    pair = degrade(wave, degradation, bank)
    for half in (pair.clean, pair.degraded):
        assert half.shape == wave.shape
        assert half.dtype == np.float32
    assert lag(pair.degraded, pair.clean) == 0
    assert np.abs(pair.clean).max() == pytest.approx(degradation.peak, rel=1e-6)
    assert np.abs(pair.degraded).max() == pytest.approx(degradation.peak * 10 ** (degradation.gain_db / 20), rel=1e-6)
    again = degrade(wave, Degradation.from_json(degradation.to_json()), bank)
    assert again.degraded.tobytes() == pair.degraded.tobytes()
    assert again.clean.tobytes() == pair.clean.tobytes()
    if degradation != Degradation():
        assert not np.allclose(pair.degraded, pair.clean, atol=1e-3)


@pytest.mark.parametrize("stage", STAGES)
def test_silence_gives_finite_silence(stage):
    silence = np.zeros((2, 7001), np.float32)
    pair = degrade(silence, STAGES[stage], make_bank())
    assert not np.any(pair.clean)
    assert not np.any(pair.degraded)


@pytest.mark.parametrize("samples", [1, 2, 97, 1021])
def test_clips_of_any_length(samples):
    wave = music()[:, 1000 : 1000 + samples]
    for degradation in STAGES.values():
        pair = degrade(wave, degradation, make_bank())
        assert pair.degraded.shape == wave.shape
        assert np.all(np.isfinite(pair.degraded))


def test_clean_half_is_the_same_whatever_happens_to_the_other():
    wave, bank = music(channels=2), make_bank()
    halves = [degrade(wave, replace(d, peak=0.95, low_cut_hz=35.0), bank).clean for d in STAGES.values()]
    assert all(np.array_equal(half, halves[0]) for half in halves)


def test_input_is_not_touched():
    wave = music()
    before = wave.copy()
    degrade(wave, STAGES["everything"], make_bank())
    assert np.array_equal(wave, before)


@pytest.mark.parametrize("which", ["clean", "degraded"])
def test_both_halves_are_cut_below_35_hz(which):
    wave = sine(20.0, seconds=4.0) + np.float32(0.5) * sine(300.0, seconds=4.0)
    half = getattr(degrade(wave, Degradation(), make_bank()), which)[0]
    power = np.abs(np.fft.rfft(half * np.hanning(half.size))) ** 2
    assert power[4 * 20] < 1e-3 * power[4 * 300]
    assert power[4 * 300] > 100


def test_order_is_room_then_noise_then_equaliser():
    """Paper 1, section 3.2: the noise gets no room, but it gets the microphone's colour."""
    wave, bank = music(seconds=1.0), make_bank()
    room, noise = Room(rir="room.flac", drr_db=0.0), Noise((RAIN,), 5.0)
    bands = Equaliser((15.0, -15.0, 15.0, -15.0))
    free = {"low_cut_hz": 0.0, "peak": 0.5}
    wet = in_room(wave, room, bank)
    background = render_noise((RAIN,), 1, wave.shape[1], bank)
    gain = 10 ** ((level_db(wet) - level_db(background) - 5.0) / 20)
    by_hand = degrade(wet + np.float32(gain) * background, Degradation(equaliser=bands, **free), bank).degraded
    chain = degrade(wave, Degradation(room=room, noise=noise, equaliser=bands, **free), bank).degraded
    assert np.allclose(chain, by_hand, atol=1e-5)

    other = Degradation(room=room, noise=noise, equaliser=bands, noise_first=True, **free)
    gain = 10 ** ((level_db(wave) - level_db(background) - 5.0) / 20)
    first = degrade(wave + np.float32(gain) * background, Degradation(room=room, equaliser=bands, **free), bank)
    assert np.allclose(degrade(wave, other, bank).degraded, first.degraded, atol=1e-5)
    assert not np.allclose(chain, first.degraded, atol=1e-2)


@pytest.mark.parametrize("rir", [None, "hall.flac", "room.flac"])
def test_room_has_the_ratio_asked_for(rir):
    bank = make_bank()
    impulse = np.zeros((2, 32_000), np.float32)
    impulse[:, 40] = 1.0
    heard = in_room(impulse, Room(rir=rir, drr_db=3.0), bank)
    assert drr_db(heard, 16_000) == pytest.approx(3.0, abs=0.01)


def test_channels_of_a_room():
    bank, stereo = make_bank(), music(channels=2)
    stereo[1] = stereo[0]
    same = in_room(stereo, Room(rir="room.flac"), bank)
    assert np.array_equal(same[0], same[1])  # one response for both
    apart = in_room(stereo, Room(rir="hall.flac"), bank)
    assert not np.allclose(apart[0], apart[1], atol=1e-3)
    assert np.allclose(apart[1], convolve(stereo[1], bank.room("hall.flac")[1], origin=40), atol=1e-6)
    six = in_room(np.repeat(stereo[:1], 6, axis=0), Room(rir="hall.flac"), bank)
    assert np.allclose(six, np.tile(apart, (3, 1)), atol=1e-6)
    mono = in_room(stereo[:1], Room(rir="hall.flac"), bank)
    assert np.allclose(mono[0], apart[0], atol=1e-6)  # a mono wave hears the first
    simulated = in_room(stereo, Room(seed=2), bank)
    assert not np.allclose(simulated[0], simulated[1], atol=1e-3)


def test_everything_drawn_replays_from_json():
    bank, wave = make_bank(), music(seconds=0.5)
    config = replace(STUDIO, hum=0.5, clip=0.5, low_pass=0.5, codec=0.3, soft=0.5, people=0.5)
    rng = np.random.default_rng(0)
    for _ in range(25):
        drawn = draw(rng, config, bank)
        replayed = Degradation.from_json(drawn.to_json())
        assert replayed == drawn
        assert degrade(wave, replayed, bank).degraded.tobytes() == degrade(wave, drawn, bank).degraded.tobytes()


def test_finish_leaves_silence():
    assert not np.any(finish(np.zeros((1, 100), np.float32), 16_000, 35.0, 0.95))


def test_what_cannot_be_degraded_is_refused():
    for shape in ((100,), (1, 0), (1, 1, 100)):
        with pytest.raises(ConfigError, match="give \\(channel, time\\)"):
            degrade(np.zeros(shape, np.float32), Degradation(), make_bank())
    for degradation in (STAGES["measured room"], STAGES["noise"], STAGES["microphone"]):
        with pytest.raises(DatasetError, match="in this bank: give the folder"):
            degrade(music(), degradation, Bank(16_000))
