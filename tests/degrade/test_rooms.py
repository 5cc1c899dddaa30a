import time

import numpy as np
import pytest
from signals import lag, music

from goodtake.degrade.bank import Bank
from goodtake.degrade.draw import DegradeConfig, draw_room
from goodtake.degrade.parameters import Room
from goodtake.degrade.rooms import (
    DIRECT_PATH_SECONDS,
    TAIL_BANDS_HZ,
    centre,
    decay_seconds,
    direct_part_samples,
    drr_db,
    simulate,
    with_drr,
)
from goodtake.dsp.filters import band_gains, convolve
from goodtake.errors import ConfigError


def some_rooms(count, seed=0, rt60_s=(0.2, 1.0)):
    rng = np.random.default_rng(seed)
    return [draw_room(rng, DegradeConfig(simulated_room=1.0, rt60_s=rt60_s), Bank(16_000)) for _ in range(count)]


@pytest.mark.parametrize("sample_rate", [8_000, 16_000, 44_100, 48_000])
def test_direct_path_is_exact(sample_rate):
    origin = round(0.0025 * sample_rate)
    for room in some_rooms(5):
        rir = simulate(room, sample_rate, channels=2)
        assert np.all(rir[:, origin] == 1.0)
        assert not np.any(rir[:, :origin])
        assert np.all(np.isfinite(rir))


@pytest.mark.parametrize("sample_rate", [16_000, 48_000])
def test_decay_time_is_the_one_asked_for(sample_rate):
    for n, asked in enumerate(np.linspace(0.2, 1.2, 6)):
        room = some_rooms(6, seed=1)[n]
        even = Room(None, None, room.size_m, room.source_m, room.microphone_m, (float(asked),) * 4, seed=n)
        # The direct sound and first reflections of a close microphone are no part of the decay.
        late = simulate(even, sample_rate)[:, round(0.03 * sample_rate) :]
        assert decay_seconds(late, sample_rate) == pytest.approx(asked, rel=0.1)
        assert decay_seconds(simulate(even, sample_rate), sample_rate) == pytest.approx(asked, rel=0.2)


def test_each_band_decays_at_its_own_speed():
    asked = (0.9, 0.6, 0.4, 0.25)
    room = Room(size_m=(6.0, 5.0, 3.0), source_m=(1.0, 1.0, 1.5), microphone_m=(5.0, 3.5, 1.2), rt60_s=asked, seed=3)
    rir = simulate(room, 48_000)
    n_fft = 1 << 17
    bands = band_gains(np.fft.rfftfreq(n_fft, 1 / 48_000), TAIL_BANDS_HZ)
    for band, rt60 in zip(bands, asked, strict=True):
        part = np.fft.irfft(np.fft.rfft(rir[0], n_fft) * band**2, n_fft)[: rir.shape[1]]
        assert decay_seconds(part[None], 48_000) == pytest.approx(rt60, rel=0.2)


def test_spectrum_of_the_reflections_is_level():
    # With reflections of one sign the lowest band would be 10 dB and more above the others.
    levels = []
    for room in some_rooms(24, seed=2):
        rir = simulate(room, 16_000)[0]
        rir[40] = 0
        power = np.abs(np.fft.rfft(rir, 1 << 16)) ** 2
        frequencies = np.fft.rfftfreq(1 << 16, 1 / 16_000)
        edges = ((2, 40), (40, 100), (100, 300), (300, 1000), (1000, 4000))
        levels.append([10 * np.log10(power[(frequencies > a) & (frequencies < b)].mean()) for a, b in edges])
    assert np.ptp(np.mean(levels, axis=0)) < 5


def test_energy_falls_without_a_step_where_noise_takes_over():
    total = np.zeros(round(0.2 * 16_000))
    rng = np.random.default_rng(3)
    for seed in range(60):
        source, microphone = rng.uniform(0.15, 0.85, (2, 3)) * (5.0, 4.0, 2.8)
        even = Room(None, None, (5.0, 4.0, 2.8), tuple(source), tuple(microphone), (0.5,) * 4, seed)
        rir = simulate(even, 16_000)[0, 40 : 40 + total.size].astype(np.float64)
        distance = np.linalg.norm(np.subtract(even.source_m, even.microphone_m))
        total += (rir / distance) ** 2
    pieces = 10 * np.log10([piece.mean() for piece in np.split(total, 10)])  # 20 ms each
    slope_db = -60 * 0.02 / 0.5
    assert np.all(np.abs(np.diff(pieces[1:]) - slope_db) < 1.5)


def test_stereo_room_keeps_both_channels_in_time_and_apart():
    room = some_rooms(1, seed=5)[0]
    rir = simulate(room, 48_000, channels=2)
    late = rir[:, 48_000 // 10 :]
    frequencies = np.fft.rfftfreq(late.shape[1], 1 / 48_000)
    left, right = np.fft.rfft(late)
    for low, high, expected in ((40, 250, 0.98), (2000, 12_000, 0.0)):
        inside = (frequencies > low) & (frequencies < high)
        coherence = np.abs(np.vdot(left[inside], right[inside]))
        coherence /= np.linalg.norm(left[inside]) * np.linalg.norm(right[inside])
        assert coherence == pytest.approx(expected, abs=0.15)


def test_same_seed_same_room():
    room = some_rooms(1)[0]
    assert np.array_equal(simulate(room, 16_000), simulate(room, 16_000))
    other = Room(None, None, room.size_m, room.source_m, room.microphone_m, room.rt60_s, room.seed + 1)
    assert not np.array_equal(simulate(room, 16_000), simulate(other, 16_000))


def test_simulation_is_fast():
    rooms = some_rooms(10, rt60_s=(0.15, 1.2))
    best = []
    for room in rooms:
        runs = []
        for _ in range(3):
            start = time.perf_counter()
            simulate(room, 16_000)
            runs.append(time.perf_counter() - start)
        best.append(min(runs))
    assert np.median(best) < 0.01


def test_comparable_with_a_full_image_model():
    pyroomacoustics = pytest.importorskip("pyroomacoustics")
    differences, decays = [], []
    rng = np.random.default_rng(1)
    for seed in range(8):
        size = rng.uniform((3.0, 2.5, 2.3), (7.0, 5.0, 3.2))
        source, microphone = rng.uniform(0.2, 0.8, (2, 3)) * size
        rt60 = float(rng.uniform(0.25, 0.45))
        surface = 2 * (size[0] * size[1] + size[0] * size[2] + size[1] * size[2])
        walls = pyroomacoustics.Material(1 - np.exp(-0.161 * size.prod() / (surface * rt60)))  # Eyring
        shoebox = pyroomacoustics.ShoeBox(size, fs=16_000, materials=walls, max_order=40)
        shoebox.add_source(source)
        shoebox.add_microphone(microphone)
        shoebox.compute_rir()
        theirs = centre(np.asarray(shoebox.rir[0][0], np.float32)[None], 16_000)
        ours = simulate(Room(None, None, tuple(size), tuple(source), tuple(microphone), (rt60,) * 4, seed), 16_000)
        differences.append(drr_db(ours, 16_000) - drr_db(theirs, 16_000))
        decays.append((decay_seconds(ours, 16_000) / rt60, decay_seconds(theirs, 16_000) / rt60))
    assert abs(np.mean(differences)) < 0.7
    assert np.abs(differences).max() < 2.5
    ours, theirs = np.array(decays).T
    assert np.abs(ours - 1).max() < 0.2
    assert np.abs(ours - 1).mean() < np.abs(theirs - 1).mean()  # a shoebox decays more slowly than Eyring says


@pytest.mark.parametrize("wanted", [-6.0, 0.0, 3.0, 12.0])
def test_ratio_is_the_one_asked_for(wanted):
    for channels in (1, 2):
        rir = with_drr(simulate(some_rooms(1, seed=7)[0], 16_000, channels), 16_000, wanted)
        split = round(0.005 * 16_000)
        direct, late = (np.sum(part.astype(np.float64) ** 2) for part in (rir[:, :split], rir[:, split:]))
        assert 10 * np.log10(direct / late) == pytest.approx(wanted, abs=0.01)
        assert np.all(rir[:, 40] == 1.0)  # only the late part changes


def test_ratio_of_a_bare_impulse_stays():
    rir = np.zeros((1, 200), np.float32)
    rir[0, 40] = 1
    assert np.array_equal(with_drr(rir, 16_000, 3.0), rir)


@pytest.mark.parametrize("direct", [5, 40, 700])
def test_measured_response_is_centred_on_its_direct_path_with_its_polarity(direct):
    rng = np.random.default_rng(0)
    rir = np.zeros((2, 4000), np.float32)
    rir[:, direct] = -0.2, -0.3
    rir[:, direct + 400] = 0.9  # a reflection stronger than the direct path
    rir[:, direct + 500 :] = 0.01 * rng.standard_normal((2, 3500 - direct))
    centred = centre(rir, 16_000)
    assert centred[1, 40] == pytest.approx(1.0)
    assert centred[0, 40] == pytest.approx(2 / 3)
    assert centred[0, 440] == pytest.approx(-3.0)
    assert not np.any(centred[:, :40])
    wave = music()
    assert lag(convolve(wave, centred[:1], origin=round(DIRECT_PATH_SECONDS * 16_000)), wave) in (0, 400)


def test_direct_part_is_five_milliseconds():
    assert direct_part_samples(16_000) == 80
    assert direct_part_samples(44_100) == 220


@pytest.mark.parametrize(
    "values",
    [
        {"size_m": (0.0, 4.0, 3.0)},
        {"rt60_s": (0.4, 0.4, 0.0, 0.2)},
        {"source_m": (9.0, 1.0, 1.0)},
        {"microphone_m": (1.0, -1.0, 1.0)},
        {"seed": -1},
        {"drr_db": float("nan")},
    ],
)
def test_impossible_rooms_are_refused(values):
    with pytest.raises(ConfigError):
        Room(**values)
