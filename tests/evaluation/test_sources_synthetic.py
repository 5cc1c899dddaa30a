"""Made music: as long, as loud and as high as it should be, never silent, the same piece at every rate, and quick."""

from time import perf_counter

import numpy as np
import pytest

from goodtake.datasets.synthetic import (
    PEAK,
    RELEASE_S,
    SCALE,
    SOLOISTS,
    STEMS,
    TIMBRES,
    Tone,
    _melody,
    _tone,
    make_mixture,
    make_solo,
    make_stems,
)
from goodtake.errors import ConfigError
from goodtake.evaluation.recipe import Benchmark, ClipSet
from goodtake.evaluation.sources import clips_of


def spectrum_db(wave):
    power = np.abs(np.fft.rfft(wave * np.hanning(len(wave)))) ** 2
    return 10 * np.log10(power / power.max() + 1e-12)


@pytest.mark.parametrize("instrument", TIMBRES)
def test_a_note_has_its_pitch_and_nothing_but_harmonics(instrument):
    timbre = TIMBRES[instrument]
    pitch = timbre.lowest + 3
    f0 = 440 * 2 ** ((pitch - 69) / 12)
    note = _tone(np.random.default_rng(0), Tone(0.0, 1.0, pitch, 1.0), timbre, 44_100)[2205:]
    level_db = spectrum_db(note)
    hz = np.fft.rfftfreq(len(note), 1 / 44_100)
    harmonic = hz / f0
    away = np.abs(harmonic - np.round(harmonic)) > 0.25
    assert level_db[(np.abs(harmonic - 1) < 0.05)].max() > -25
    assert level_db[away].max() < -30
    assert 0.9 < hz[np.argmax(level_db)] / f0 / max(1, round(hz[np.argmax(level_db)] / f0)) < 1.1


def test_plucked_notes_die_away_and_blown_ones_do_not():
    ends = {}
    for name in ("made guitar", "made flute"):
        note = _tone(np.random.default_rng(0), Tone(0.0, 2.0, 70, 1.0), TIMBRES[name], 16_000)
        early, late = (np.sqrt(np.mean(note[start : start + 1600] ** 2)) for start in (3200, 28_000))
        ends[name] = 20 * np.log10(late / early)
        assert len(note) == round((2.0 + RELEASE_S) * 16_000)
        assert abs(note[-1]) < 1e-3
    assert ends["made guitar"] < -10
    assert abs(ends["made flute"]) < 1.5


def test_melodies_keep_to_their_key_and_range():
    for seed in range(20):
        tones = _melody(np.random.default_rng(seed), 10.0, 2.0, 3, (0, 4, 5, 3), TIMBRES["made flute"])
        assert {(tone.pitch - 3) % 12 for tone in tones} <= set(SCALE)
        assert {67 <= tone.pitch <= 67 + 11 + 20 for tone in tones} == {True}
        assert len({tone.pitch for tone in tones}) > 3
        starts = [tone.start_s for tone in tones]
        assert starts == sorted(starts)
        assert starts[-1] > 8.0


@pytest.mark.parametrize("instrument", SOLOISTS)
@pytest.mark.parametrize(("rate", "channels", "seconds"), [(16_000, 1, 2.0), (44_100, 2, 1.3), (48_000, 1, 0.0001)])
def test_solos_have_the_asked_form(instrument, rate, channels, seconds):
    wave = make_solo(3, instrument, seconds, rate, channels)
    assert wave.shape == (channels, round(seconds * rate))
    assert wave.dtype == np.float32
    if seconds > 1:
        assert np.abs(wave).max() == pytest.approx(PEAK, rel=0.05) or channels == 2
        assert 0.3 < np.abs(wave).max() < 1


def test_the_piece_is_the_same_at_every_rate():
    low, high = (make_solo(5, "made violin", 4.0, rate)[0] for rate in (16_000, 48_000))
    envelopes = [np.sqrt(np.mean(wave.reshape(80, -1) ** 2, axis=1)) for wave in (low, high)]
    assert np.corrcoef(*envelopes)[0, 1] > 0.99
    peaks = [np.argmax(spectrum_db(wave[: len(wave) // 2])[:4000]) for wave in (low, high)]
    assert peaks[0] == pytest.approx(peaks[1], abs=2)


def test_there_is_no_digital_silence():
    for wave in (make_solo(0, "made guitar", 6.0, 16_000), *make_stems(0, 6.0, 16_000).values()):
        quietest = np.abs(wave[0].reshape(-1, 160)).max(axis=1).min()
        assert quietest > 1e-5


def test_stems_are_what_their_names_say():
    stems = make_stems(4, 8.0, 44_100)
    assert tuple(stems) == STEMS
    hz = np.fft.rfftfreq(8 * 44_100, 1 / 44_100)
    centre = {name: (power := np.abs(np.fft.rfft(wave[0])) ** 2) @ hz / power.sum() for name, wave in stems.items()}
    assert centre["bass"] < 200 < centre["vocals"]
    assert centre["drums"] > 100
    treble = {name: (np.abs(np.fft.rfft(wave[0]))[hz > 8000] ** 2).sum() for name, wave in stems.items()}
    assert max(treble, key=treble.__getitem__) == "drums"
    levels_db = [10 * np.log10(np.mean(wave**2)) for wave in stems.values()]
    assert max(levels_db) - min(levels_db) < 15
    assert np.abs(make_mixture(stems)).max() == pytest.approx(PEAK, rel=0.05)


def test_parts_have_their_places_in_stereo():
    stems = make_stems(2, 4.0, 16_000, 2)
    balance = {name: float(np.log((wave[0] ** 2).mean() / (wave[1] ** 2).mean())) for name, wave in stems.items()}
    assert balance["other"] > 0.5  # left
    assert abs(balance["bass"]) < 0.05
    assert balance["drums"] < -0.1  # a little right


def test_the_source_takes_all_instruments_in_turn_and_gives_credit():
    clips = clips_of(ClipSet("synthetic", "", "solo", 7, 1.0), Benchmark("test"), None)
    assert [clip.instrument for clip in clips] == [*SOLOISTS, *SOLOISTS[:2]]
    assert [clip.name for clip in clips[:2]] == ["solo-000", "solo-001"]
    assert {(clip.licence, clip.credit, clip.shareable) for clip in clips} == {("CC0", "made by goodtake", True)}


def test_an_ensemble_is_the_song_whose_stems_there_are():
    kinds = [
        clips_of(ClipSet("synthetic", "", kind, 1, 1.0), Benchmark("test"), None)[0] for kind in ("ensemble", "stems")
    ]
    assert (kinds[0].load() == kinds[1].load()).all()
    assert not kinds[0].load_stems


@pytest.mark.parametrize(("seconds", "rate", "channels"), [(0.0, 16_000, 1), (1.0, 0, 1), (1.0, 16_000, 3)])
def test_impossible_wishes(seconds, rate, channels):
    with pytest.raises(ConfigError, match="cannot be made"):
        make_solo(1, "made flute", seconds, rate, channels)
    with pytest.raises(ConfigError, match="cannot be made"):
        make_stems(1, seconds, rate, channels)


def test_an_unknown_instrument():
    with pytest.raises(ConfigError, match="'kazoo' cannot be made: use one of made flute"):
        make_solo(1, "kazoo", 1.0, 16_000)


@pytest.mark.slow
def test_it_is_quick():
    make_stems(0, 8.0, 16_000)
    taken = []
    for seed in range(5):
        start = perf_counter()
        make_stems(seed, 8.0, 16_000)
        taken.append(perf_counter() - start)
    assert 8.0 / min(taken) > 50  # 170 times real time on a core that is free
