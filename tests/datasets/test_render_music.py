"""Written music: keys, phrases, scores, how they are arranged and played."""

import json

import numpy as np
import pytest

from goodtake.datasets.render import backing, phrases, scores
from goodtake.datasets.render.arrange import Arranger, fit, one_voice
from goodtake.datasets.render.families import FAMILIES, family_of
from goodtake.datasets.render.music import SCALES, Harmony, Music, Part, ScoreNote, draw_harmony
from goodtake.datasets.render.perform import Manner, TempoCurve, draw_manner, draw_tempo, perform
from goodtake.datasets.render.sounds import Sound
from goodtake.errors import ConfigError, DatasetError, MissingExtraError

C_MAJOR = Harmony(0, "major", ((0, 4, 7), (5, 9, 0), (7, 11, 2), (0, 4, 7)), 4.0)
PLAIN = Manner(jitter_ms=0, loudness=0.6, arc=0, arc_beats=8, unevenness=0, held=0.9, spread_ms=0)
STEADY = TempoCurve(bpm=120, swing=0, rubato=0, period=8, phase=0)


class Whistle(Sound):
    """Plays whatever it is given."""

    def __init__(self, low=60, high=84, family="wind"):
        super().__init__("whistle", "whistle", FAMILIES[family], low, high)

    def assign(self, event, rng):
        return event if self.covers(event.midi_pitch) else None


@pytest.mark.parametrize("name", list(phrases.MELODIES))
@pytest.mark.parametrize("seed", range(6))
def test_melodies_stay_in_range_and_fill_the_time(name, seed):
    rng = np.random.default_rng(seed)
    notes = phrases.MELODIES[name](rng, draw_harmony(rng, 4.0), 32.0, 55, 79)
    assert len(notes) >= 5
    assert {55 <= note.pitch <= 79 for note in notes} == {True}
    assert all(note.beats > 0 and 0 <= note.start < 32 for note in notes)
    assert max(note.end for note in notes) >= 26
    part = Part("melody", tuple(notes))
    assert not part.polyphonic
    assert len({note.pitch for note in notes}) > 1


@pytest.mark.parametrize("name", ["tune", "busy line", "riff"])
def test_melodies_keep_to_the_key(name):
    white = {0, 2, 4, 5, 7, 9, 11}
    for seed in range(5):
        notes = phrases.MELODIES[name](np.random.default_rng(seed), C_MAJOR, 16.0, 60, 84)
        assert {note.pitch % 12 for note in notes} <= white


@pytest.mark.parametrize("density", ["fast", "medium", "slow"])
@pytest.mark.parametrize("beats", [1.0, 2.0, 3.0, 4.0, 6.0])
def test_rhythms_add_up(density, beats):
    for seed in range(10):
        lengths = phrases.draw_rhythm(np.random.default_rng(seed), beats, density)
        assert sum(lengths) == pytest.approx(beats)
        assert min(lengths) > 0


def test_chords_belong_to_the_harmony_and_the_range():
    for seed in range(12):
        notes = backing.draw_chords(np.random.default_rng(seed), C_MAJOR, 16.0, 48, 72)
        assert all(note.pitch % 12 in C_MAJOR.chord(note.start) and 48 <= note.pitch <= 72 for note in notes)
        assert len({note.pitch for note in notes if note.start < 4}) >= 3


def test_basses_start_each_bar_on_the_root():
    for seed in range(12):
        notes = backing.draw_bass(np.random.default_rng(seed), C_MAJOR, 16.0, 28, 55)
        firsts = {note.start: note.pitch for note in notes}
        assert [firsts[start] % 12 for start in (0.0, 4.0, 8.0, 12.0)] == [0, 5, 7, 0]
        assert all(28 <= note.pitch <= 55 for note in notes)


def test_drums_play_kick_and_time_in_every_groove():
    names = set()
    for seed in range(40):
        name, notes = backing.draw_drums(np.random.default_rng(seed), 16.0, 3.0 if seed % 5 == 0 else 4.0)
        names.add(name)
        assert backing.KICK in {note.pitch for note in notes}
        assert all(35 <= note.pitch <= 81 for note in notes)
        assert sorted({int(note.start // 4) for note in notes}) == list(range(max(4, int(notes[-1].start // 4) + 1)))
    assert len(names) >= 8


def test_harmonies_use_the_scale_they_name():
    for seed in range(20):
        harmony = draw_harmony(np.random.default_rng(seed), 4.0)
        steps = {(pitch - harmony.tonic) % 12 for pitch in harmony.scale_pitches(40, 80)}
        assert steps == set(SCALES[harmony.scale])
        assert harmony.chord(1000.0) in harmony.chords
        assert all(len(chord) in (3, 4) for chord in harmony.chords)


@pytest.mark.parametrize(
    ("instrument", "articulation", "family"),
    [
        ("acoustic grand piano", "ordinary", "keys"),
        ("contrabass", "pizzicato", "plucked"),
        ("contrabass", "arco", "bowed"),
        ("electric guitar (clean)", "picked", "plucked"),
        ("electric bass (finger)", "sustain", "plucked"),
        ("bass tagelharpa", "scrape", "plucked"),
        ("orchestral harp", "", "plucked"),
        ("voice soprano", "vowel ah", "voice"),
        ("soprano sax", "sustain", "wind"),
        ("bass flute", "sustain", "wind"),
        ("lute", "plucked", "plucked"),
        ("bass clarinet", "sustain", "wind"),
        ("vibraphone", "soft mallets", "mallet"),
        ("string ensemble (violins)", "sustain", "bowed"),
        ("church organ", "", "organ"),
    ],
)
def test_families_follow_from_names(instrument, articulation, family):
    assert family_of(instrument, articulation).name == family


def test_families_can_be_named():
    assert family_of("theremin", family="bowed").name == "bowed"
    with pytest.raises(DatasetError, match="bowing"):
        family_of("theremin", family="bowing")


def test_tempo_is_within_a_fifth_of_the_written_one():
    music = Music("m", (Part("melody", (ScoreNote(0, 1, 60),)),), bpm=100)
    drawn = [draw_tempo(np.random.default_rng(seed), music).bpm for seed in range(50)]
    assert 80 <= min(drawn) < 88
    assert 112 < max(drawn) <= 120


@pytest.mark.parametrize("swing", [0.0, 1 / 6])
def test_time_runs_forward(swing):
    tempo = TempoCurve(bpm=90, swing=swing, rubato=0.06, period=8, phase=1.0)
    times = [tempo.seconds(beat) for beat in np.arange(0, 32, 0.125)]
    assert np.diff(times).min() > 0
    assert times[0] == 0
    assert times[-1] == pytest.approx(32 * 60 / 90, rel=0.03)


def test_swing_delays_the_off_beat():
    tempo = TempoCurve(bpm=60, swing=1 / 6, rubato=0, period=8, phase=0)
    assert [round(tempo.seconds(beat), 3) for beat in (0, 0.5, 1.0, 1.5)] == [0, 0.667, 1.0, 1.667]


def test_players_keep_time_and_articulate():
    part = Part("melody", tuple(ScoreNote(i / 2, 0.5, 60 + i) for i in range(8)))
    events = perform(np.random.default_rng(0), part, STEADY, FAMILIES["wind"], PLAIN, transpose=5)
    assert [event.midi_pitch for event in events] == list(range(65, 73))
    np.testing.assert_allclose([event.start_s for event in events], np.arange(8) / 4)
    np.testing.assert_allclose([event.duration_s for event in events], 0.9 * 0.25)
    assert all(0.05 <= event.release_s <= 0.08 and event.velocity == pytest.approx(0.6) for event in events)
    assert not any(event.legato for event in events)


def test_tied_notes_are_legato_but_the_first_and_what_follows_a_rest():
    part = Part("melody", (ScoreNote(0, 1, 60), ScoreNote(1, 1, 62), ScoreNote(3, 1, 64)))
    manner = Manner(**{**PLAIN.__dict__, "held": 1.04})
    events = perform(np.random.default_rng(0), part, STEADY, FAMILIES["bowed"], manner)
    assert [event.legato for event in events] == [False, True, False]
    plucked = perform(np.random.default_rng(0), part, STEADY, FAMILIES["plucked"], manner)
    assert not any(event.legato for event in plucked)
    assert 0.25 <= plucked[0].release_s <= 0.35


def test_players_are_uneven_but_not_wild():
    part = Part("melody", tuple(ScoreNote(i / 2, 0.5, 60) for i in range(200)))
    manner = draw_manner(np.random.default_rng(3), FAMILIES["wind"])
    events = perform(np.random.default_rng(4), part, STEADY, FAMILIES["wind"], manner)
    offsets_ms = 1000 * (np.array([event.start_s for event in events]) - np.arange(200) / 4)
    assert 1 < offsets_ms.std() < 20
    velocities = np.array([event.velocity for event in events])
    assert 0.02 < velocities.std() < 0.3
    assert 0 < velocities.min() <= velocities.max() <= 1


def test_chords_are_spread_upwards():
    part = Part("chords", tuple(ScoreNote(0, 1, pitch) for pitch in (64, 60, 67)))
    manner = Manner(**{**PLAIN.__dict__, "spread_ms": 20})
    events = perform(np.random.default_rng(0), part, STEADY, FAMILIES["plucked"], manner)
    assert [(event.midi_pitch, round(event.start_s, 3)) for event in events] == [(60, 0.0), (64, 0.02), (67, 0.04)]


def test_one_voice_takes_the_top_or_the_bottom():
    chords = Part("chords", tuple(ScoreNote(i, 2, pitch) for i in range(3) for pitch in (48 + i, 60 + i)))
    top, bottom = one_voice(chords), one_voice(chords, top=False)
    assert [note.pitch for note in top.notes] == [60, 61, 62]
    assert [note.pitch for note in bottom.notes] == [48, 49, 50]
    assert [note.end for note in top.notes] == [1, 2, 4]


def test_parts_move_into_the_range_by_octaves_and_the_key():
    rng = np.random.default_rng(0)
    part = Part("melody", tuple(ScoreNote(i, 1, 40 + i) for i in range(12)))
    for key_shift in (-5, 0, 3):
        seat = fit(part, Whistle(), key_shift, rng)
        assert (seat.transpose - key_shift) % 12 == 0
        assert np.mean([60 <= note.pitch + seat.transpose <= 84 for note in seat.part.notes]) >= 0.75
    assert fit(Part("melody", tuple(ScoreNote(i, 1, 30 + 4 * i) for i in range(12))), Whistle(60, 66), 0, rng) is None


def test_arranger_respects_weights_and_checks_them():
    loud, quiet = Whistle(), Whistle(family="bowed")
    quiet.name = quiet.instrument = "saw"
    arranger = Arranger([loud, quiet], [], {"whistle": 0.0})
    for seed in range(10):
        _, seats = arranger.arrange(np.random.default_rng(seed), "lines", 4.0)
        assert {seat.sound.instrument for seat in seats} == {"saw"}
    for weights in ({"kazoo": 1.0}, {"saw": -1.0}):
        with pytest.raises(ConfigError, match="weights"):
            Arranger([loud, quiet], [], weights)
    with pytest.raises(ConfigError, match="orchestra"):
        arranger.arrange(np.random.default_rng(0), "orchestra", 4.0)
    with pytest.raises(DatasetError, match="no sound"):
        Arranger([loud], [], {"whistle": 0.0}).arrange(np.random.default_rng(0), "solo", 4.0)


def test_arrangements_last_long_enough():
    arranger = Arranger([Whistle(), Whistle(30, 90, "keys")], [], {})
    for seed in range(20):
        music, seats = arranger.arrange(np.random.default_rng(seed), "lines", 10.0)
        last = max(note.end for seat in seats for note in seat.part.notes)
        assert last * 60 / (1.2 * music.bpm) > 9.0


def write_midi(path, tracks=((60, 64, 67),), bpm=90, channel=0):
    mido = pytest.importorskip("mido")
    midi = mido.MidiFile(ticks_per_beat=480)
    for pitches in tracks:
        track = mido.MidiTrack()
        track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm)))
        track.append(mido.MetaMessage("time_signature", numerator=3, denominator=4))
        for pitch in pitches:
            track.append(mido.Message("note_on", note=pitch, velocity=90, channel=channel, time=240))
            track.append(mido.Message("note_on", note=pitch, velocity=0, channel=channel, time=240))
        midi.tracks.append(track)
    midi.save(path)
    return path


def test_reads_midi(tmp_path):
    music = scores.read_score(write_midi(tmp_path / "a.mid", tracks=((60, 64, 67), (36, 38))))
    assert music.bpm == pytest.approx(90, abs=0.01)
    assert music.beats_per_bar == 3
    assert [part.role for part in music.parts] == ["melody", "bass"]
    assert [(note.start, note.beats, note.pitch) for note in music.parts[0].notes] == [
        (0.5, 0.5, 60),
        (1.5, 0.5, 64),
        (2.5, 0.5, 67),
    ]
    assert scores.read_score(write_midi(tmp_path / "d.mid", channel=9)).parts[0].role == "drums"


def test_reads_folders_of_midi(tmp_path):
    (tmp_path / "deep").mkdir()
    write_midi(tmp_path / "deep" / "b.mid")
    write_midi(tmp_path / "a.midi")
    assert [music.name for music in scores.read_scores([tmp_path])] == ["a", "b"]
    with pytest.raises(DatasetError, match="no score"):
        scores.read_scores([tmp_path / "deep" / "b.mid"][:0])


@pytest.mark.parametrize(
    "content", [None, b"", b"RIFF and more", b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk\0\0\0\4\0\xff\x2f\0"]
)
def test_bad_midi_is_an_error(tmp_path, content):
    pytest.importorskip("mido")
    if content is not None:
        (tmp_path / "x.mid").write_bytes(content)
    with pytest.raises(DatasetError, match=r"x\.mid"):
        scores.read_score(tmp_path / "x.mid")


def test_midi_needs_mido(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mido", None)
    with pytest.raises(MissingExtraError, match="pip install"):
        scores.read_score(tmp_path / "x.mid")


def test_sections_are_long_enough_and_start_at_zero():
    notes = tuple(ScoreNote(float(i), 1.0, 60 + i % 12) for i in range(16))
    music = Music("m", (Part("melody", notes),), 120, 4.0)
    starts = set()
    for seed in range(20):
        part = scores.section(np.random.default_rng(seed), music, 8.0).parts[0]
        assert part.notes[0].start == 0
        assert part.notes[-1].start == 7
        starts.add(part.notes[0].pitch)
    assert starts == {60, 64, 68}
    longer = scores.section(np.random.default_rng(0), music, 40.0).parts[0]
    assert len(longer.notes) == 40


def test_drawn_values_are_plain_numbers():
    manner = draw_manner(np.random.default_rng(0), FAMILIES["wind"])
    assert json.loads(json.dumps(manner.__dict__)) == manner.__dict__
