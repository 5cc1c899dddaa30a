from dataclasses import replace

import numpy as np
import pytest
from signals import lag, make_bank, music

from goodtake.degrade.bank import Bank
from goodtake.degrade.chain import degrade
from goodtake.degrade.conditions import CONDITIONS
from goodtake.degrade.draw import PAPER1, PAPER1_NOISE_FIRST, PRESETS, STUDIO, DegradeConfig, draw
from goodtake.degrade.parameters import Codec, Degradation
from goodtake.errors import ConfigError

COUNT = 2000


def drawn(config, bank=None, count=COUNT, seed=0):
    rng = np.random.default_rng(seed)
    bank = bank or make_bank()
    return [draw(rng, config, bank) for _ in range(count)]


def fills(values, low, high):
    """Whether numbers keep within a range and spread over it evenly: Kolmogorov's distance at 99.9 %."""
    values = np.sort(values)
    assert low <= values[0]
    assert values[-1] <= high
    steps = (values - low) / (high - low)
    assert np.abs(steps - (np.arange(values.size) + 0.5) / values.size).max() < 1.95 / np.sqrt(values.size)


def share(happened):
    return np.mean([bool(one) for one in happened])


def test_paper1_always_has_room_noise_and_four_flat_bands():
    everything = drawn(PAPER1)
    for one in everything:
        assert one.room
        assert one.room.rir
        assert one.room.drr_db is None
        assert one.noise
        assert [layer.kind for layer in one.noise.layers] == ["recorded"]
        assert one.equaliser
        assert not one.equaliser.smooth
        assert one.equaliser.edges_hz == (200.0, 1000.0, 4000.0)
        rest = replace(one, room=None, noise=None, equaliser=None)
        assert rest == Degradation(low_cut_hz=35.0, peak=0.95)
    fills([one.noise.snr_db for one in everything], 5, 30)
    for band in range(4):
        fills([one.equaliser.gains_db[band] for one in everything], -15, 15)
    assert {one.room.rir for one in everything} == {"hall.flac", "room.flac"}
    assert all(one.noise_first for one in drawn(PAPER1_NOISE_FIRST, count=10))


def test_studio_has_the_shares_it_names():
    everything = drawn(STUDIO)
    faults = [[one.room, one.noise, one.equaliser, one.microphone, one.hum, one.clip_db] for one in everything]
    clean, single = STUDIO.clean_share, STUDIO.single_share
    mixed = 1 - clean - single
    assert share(one == Degradation() for one in everything) == pytest.approx(clean, abs=0.02)
    single_shares = [sum(map(bool, one)) == 1 for one in faults]
    assert share(single_shares) >= single - 0.04
    for fault, probability in enumerate((STUDIO.room, STUDIO.noise, STUDIO.equaliser)):
        assert share(one[fault] for one in faults) == pytest.approx(single / 3 + mixed * probability, abs=0.04)
    for fault, probability in enumerate((STUDIO.microphone, STUDIO.hum, STUDIO.clip), 3):
        assert share(one[fault] for one in faults) == pytest.approx(mixed * probability, abs=0.04)
    rooms = [one.room for one in everything if one.room]
    assert share(room.rir is None for room in rooms) == pytest.approx(STUDIO.simulated_room, abs=0.04)
    fills([room.drr_db for room in rooms], *STUDIO.drr_db)
    fills([room.rt60_s[1] for room in rooms if room.rir is None], *STUDIO.rt60_s)
    noises = [one.noise for one in everything if one.noise]
    fills([noise.snr_db for noise in noises], *STUDIO.snr_db)
    assert share(len(noise.layers) == 2 for noise in noises) == pytest.approx(STUDIO.second_layer, abs=0.04)
    kinds = [noise.layers[0].kind for noise in noises]
    assert share(kind == "babble" for kind in kinds) == pytest.approx(STUDIO.people, abs=0.04)
    recorded = 1 - STUDIO.people - STUDIO.generated
    assert share(kind == "recorded" for kind in kinds) == pytest.approx(recorded, abs=0.04)
    assert share(one.equaliser.smooth for one in everything if one.equaliser) == pytest.approx(STUDIO.smooth, abs=0.04)
    assert {one.microphone for one in everything} == {None, "ribbon.flac", "carbon.flac"}


def test_every_optional_stage_can_be_drawn_within_its_range():
    config = DegradeConfig(hum=1, clip=1, low_pass=1, codec=1, soft=1, microphone=1)
    everything = drawn(config, count=400)
    fills([one.clip_db for one in everything], 1, 12)
    fills([one.low_pass_hz for one in everything], 3500, 7500)
    fills([one.gain_db for one in everything], -30, -6)
    fills([one.hum.level_db for one in everything], -40, -15)
    assert {one.codec.name for one in everything} == {"mp3", "aac"}
    assert {one.hum.frequency_hz for one in everything} == {50.0, 60.0}


def test_without_a_bank_rooms_are_simulated_and_noise_generated():
    for config in (PAPER1, replace(STUDIO, microphone=1.0)):
        for one in drawn(config, Bank(16_000), count=200):
            assert one.room is None or one.room.rir is None
            assert one.noise is None or {layer.kind for layer in one.noise.layers} <= {"coloured", "fan", "rumble"}
            assert one.microphone is None


def test_same_seed_same_draw():
    assert drawn(STUDIO, count=50, seed=7) == drawn(STUDIO, count=50, seed=7)
    assert drawn(STUDIO, count=50, seed=7) != drawn(STUDIO, count=50, seed=8)


def test_conditions_are_the_ones_of_the_evaluation():
    names = {"all", "eq", "snr5", "snr10", "snr15", "drr0", "drr3", "drr6", "reverb", "noise", "clean"}
    assert set(CONDITIONS) == names | {"clip6", "clip12", "mp3-64", "opus-32", "studio"}
    assert CONDITIONS["all"] == PAPER1
    assert CONDITIONS["studio"] == STUDIO
    assert set(PRESETS) == {"paper1", "paper1-noise-first", "studio"}


@pytest.mark.parametrize("name", sorted(set(CONDITIONS) - {"studio"}))
def test_a_single_condition_has_its_fault_and_nothing_else(name):
    bank, wave = make_bank(), music(seconds=0.5)
    faults = {"all": {"room", "noise", "equaliser"}, "eq": {"equaliser"}, "noise": {"noise"}, "reverb": {"room"}}
    expected = faults.get(name, {"noise"} if name.startswith("snr") else {"room"} if name.startswith("drr") else set())
    clip_db = float(name[4:]) if name.startswith("clip") else None
    codec = {"mp3-64": Codec("mp3", 64_000), "opus-32": Codec("libopus", 32_000)}.get(name)
    for one in drawn(CONDITIONS[name], bank, count=30):
        assert {fault for fault in ("room", "noise", "equaliser") if getattr(one, fault)} == expected
        assert replace(one, room=None, noise=None, equaliser=None) == Degradation(clip_db=clip_db, codec=codec)
        if name.startswith("snr"):
            assert one.noise.snr_db == float(name[3:])
        if name.startswith("drr"):
            assert one.room.drr_db == float(name[3:])
        if name == "reverb":
            assert one.room.drr_db is None
    pair = degrade(wave, one, bank)
    assert np.abs(pair.degraded).max() == pytest.approx(0.95, rel=1e-6)
    assert lag(pair.degraded, pair.clean) == 0
    assert np.array_equal(pair.clean, pair.degraded) == (name == "clean")


def test_codecs_are_chosen_from_those_given_or_from_the_usual_ones():
    own = (Codec("mp3", 32_000), Codec("libopus", 24_000))
    assert {one.codec for one in drawn(DegradeConfig(codec=1.0, codecs=own), count=50)} == set(own)
    usual = {one.codec for one in drawn(DegradeConfig(codec=1.0), count=200)}
    assert usual == {Codec(name, rate * 1000) for name in ("mp3", "aac") for rate in (48, 64, 96, 128)}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"room": 1.5}, "room is 1.5: a probability"),
        ({"people": -0.1}, "people is -0.1: a probability"),
        ({"clean_share": 0.6, "single_share": 0.6}, "exceed 1"),
        ({"snr_db": (30.0, 5.0)}, "snr_db is \\[30.0, 5.0\\]"),
        ({"drr_db": (1.0,)}, "drr_db is \\[1.0\\]"),
        ({"rt60_s": (0.1, float("nan"))}, "rt60_s is"),
    ],
)
def test_impossible_configurations_are_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        DegradeConfig(**values)
