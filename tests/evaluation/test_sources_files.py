"""Sources that read files: which stretch is taken, how clips are named, whose licence they carry."""

import os
from pathlib import Path

import numpy as np
import pytest

from goodtake.datasets.recordings import read_clip, trim_silence
from goodtake.datasets.sections import read_section, seconds_of
from goodtake.datasets.synthetic import make_solo
from goodtake.errors import DatasetError
from goodtake.evaluation.recipe import Benchmark, ClipSet
from goodtake.evaluation.sources import clips_of
from small_sets import RATE, song_waves, write, write_folder, write_index, write_library, write_musdb

BENCHMARK = Benchmark("test", seed=7, sample_rate=16_000)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return write_library(tmp_path_factory.mktemp("sources") / "library")


def clips(root, source="folder", kind="", count=0, seconds=1.0, benchmark=BENCHMARK):
    return clips_of(ClipSet(source, str(root), kind, count, seconds), benchmark, None)


# A sound library


def test_phrases_are_drawn_by_the_seed_and_begin_with_the_music(library):
    order = np.random.default_rng(7).permutation(5)[:3]
    chosen = clips(library, "library", "phrases", 3)
    assert [clip.name for clip in chosen] == [f"phrases-oboe_{number}" for number in order]
    assert {clip.instrument for clip in chosen} == {"oboe"}
    first = read_clip(library / f"dev/phrases/oboe_{order[0]}.wav", 16_000, 1)
    assert (chosen[0].load() == trim_silence(first, 16_000)[:, :16_000]).all()
    assert np.abs(chosen[0].load()[:, :1600]).max() > 0.01  # the half second of silence before it is gone


def test_a_phrase_that_is_shorter_than_asked_comes_whole(library):
    (clip,) = [clip for clip in clips(library, "library", "phrases", seconds=8.0) if clip.song == "oboe_0"]
    assert clip.load().shape[1] == pytest.approx(1.5 * 16_000, abs=800)


def test_mixes_are_crops_at_starts_drawn_one_after_another(library):
    waves = [trim_silence(read_clip(library / f"dev/{name}.wav", 16_000, 1), 16_000) for name in ("open", "closed")]
    rng = np.random.default_rng(7)
    rng.permutation(5)  # the phrases
    chosen = clips(library, "library", "mixes", 5)
    assert [clip.name for clip in chosen] == [
        "mixes-open",
        "mixes-closed",
        "mixes-open-2",
        "mixes-closed-2",
        "mixes-open-3",
    ]
    for number, clip in enumerate(chosen):
        start = int(rng.integers(waves[number % 2].shape[1] - 16_000))
        assert (clip.load() == waves[number % 2][:, start : start + 16_000]).all()
    assert [clip.song for clip in chosen[:3]] == ["open", "closed", "open"]


def test_licence_and_credit_come_from_the_index(library):
    opened, closed = clips(library, "library", "mixes", 2)
    assert (opened.licence, opened.credit, opened.shareable) == ("CC BY 3.0", "the open band", True)
    assert (closed.licence, closed.credit, closed.shareable) == ("all rights reserved", "the closed band", False)


def test_orchestral_phrases_are_never_shareable_whatever_the_index_says(tmp_path):
    write_library(tmp_path)
    index = tmp_path / "index.csv"
    index.write_text(index.read_text().replace("Philharmonia terms", "CC0"))
    chosen = clips(tmp_path, "library", "phrases")
    assert {clip.licence for clip in chosen} == {"CC0"}
    assert not any(clip.shareable for clip in chosen)


def test_rendered_music_carries_the_licences_of_the_notes_that_are_heard(library):
    chosen = clips(library, "library", "rendered", 12, 1.5)
    found = {clip.licence for clip in chosen}
    assert found <= {"CC0", "CC BY 4.0", "CC BY 4.0; CC0"}
    assert len(found) > 1
    for clip in chosen:
        assert clip.credit == "; ".join(f"{licence} player" for licence in clip.licence.split("; "))
        assert clip.shareable
        assert clip.song == clip.name  # generated, not from a score


def test_one_closed_note_library_closes_the_clip(tmp_path):
    write_library(tmp_path)
    index = tmp_path / "index.csv"
    index.write_text(index.read_text().replace("CC BY 4.0,CC BY 4.0 player", "ask first,somebody"))
    chosen = clips(tmp_path, "library", "rendered", 12, 1.5)
    assert {clip.shareable for clip in chosen} == {True, False}
    assert all(clip.shareable == ("ask first" not in clip.licence) for clip in chosen)


def test_a_library_without_what_is_asked(tmp_path):
    write(tmp_path / "a.wav", make_solo(1, "made flute", 1.0, RATE))
    row = {"path": "a.wav", "kind": "performance", "library": "Philharmonia", "instrument": "", "licence": ""}
    write_index(tmp_path, [row])
    with pytest.raises(DatasetError, match="no dev performances but those of philharmonia"):
        clips(tmp_path, "library", "mixes", 1)
    write_index(tmp_path, [{**row, "library": "home"}])
    with pytest.raises(DatasetError, match="use kind mixes"):
        clips(tmp_path, "library", "phrases", 1)
    with pytest.raises(DatasetError, match="no notes"):
        clips(tmp_path, "library", "rendered", 1)
    write_index(tmp_path, [{**row, "part": "train"}])
    with pytest.raises(DatasetError, match="no performance of part dev"):
        clips(tmp_path, "library", "mixes", 1)
    (tmp_path / "index.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DatasetError, match="cannot be read"):
        clips(tmp_path, "library", "mixes", 1)


@pytest.mark.slow
@pytest.mark.skipif("GOODTAKE_LIBRARY" not in os.environ, reason="GOODTAKE_LIBRARY names no sound library")
@pytest.mark.parametrize("kind", ["phrases", "mixes", "rendered"])
def test_a_real_library(kind):
    library = Path(os.environ["GOODTAKE_LIBRARY"])
    chosen = clips(library, "library", kind, 3, 4.0)
    assert len({clip.name for clip in chosen}) == 3
    assert all(clip.licence and clip.credit for clip in chosen)
    assert all(np.abs(clip.load()).max() > 0.01 for clip in chosen)
    assert all(clip.shareable for clip in chosen) == (kind != "phrases")


# Folders


def test_whole_files(tmp_path):
    write_folder(tmp_path)
    flute, guitar, song = clips(tmp_path, seconds=0.0)
    assert (flute.song, guitar.song, song.song) == ("home/flute/étude", "home/guitar/slow tune", "song")
    assert (flute.instrument, guitar.instrument, song.instrument) == ("flute", "guitar", "")
    assert guitar.name == "home_guitar_slow_tune"
    assert flute.name.startswith("home_flute_tude_")  # six digits stand for the letter that was left out
    for clip in (flute, guitar, song):
        assert clip.load().shape == (1, 48_000)
    whole = read_clip(tmp_path / "home" / "guitar" / "slow tune.wav", 16_000, 1)
    assert (guitar.load() == whole).all()


def test_crops_avoid_silence(tmp_path):
    tune = make_solo(1, "made flute", 2.0, RATE)
    write(tmp_path / "late.wav", np.pad(tune, [(0, 0), (8 * RATE, 0)]))  # a crop drawn but once is silent most times
    for seed in range(8):
        (clip,) = clips(tmp_path, benchmark=Benchmark("test", seed=seed, sample_rate=16_000))
        assert np.sqrt(np.mean(clip.load() ** 2)) > 1e-3
    write(tmp_path / "late.wav", np.zeros((1, 3 * RATE)))
    assert clips(tmp_path)[0].load().shape == (1, 16_000)  # nothing but silence: still a clip


def test_crops_lie_anywhere_in_the_file(tmp_path):
    ramp = np.linspace(0.1, 1.0, 30 * RATE)[None]
    write(tmp_path / "ramp.wav", ramp)
    levels = [float(clip.load().mean()) for clip in clips(tmp_path, count=12)]
    assert min(levels) < 0.35 < 0.75 < max(levels)
    assert len({round(level, 4) for level in levels}) == 12


def test_a_recording_that_is_shorter_than_asked_comes_whole(tmp_path):
    write(tmp_path / "short.wav", make_solo(1, "made flute", 0.5, RATE))
    (clip,) = clips(tmp_path, seconds=8.0)
    assert clip.load().shape == (1, 8_000)


def test_names_that_a_file_system_would_mix_up_get_a_number(tmp_path):
    for name in ("take.wav", "take.flac", "TAKE.ogg", "take one.wav", "take_one.wav"):
        (tmp_path / name).touch()
    names = [clip.name for clip in clips(tmp_path)]
    assert sorted(names) == ["TAKE", "take-2", "take-3", "take_one", "take_one-2"]


def test_crops_do_not_change_when_files_are_added(tmp_path):
    write_folder(tmp_path)
    before = {clip.name: clip.load().tobytes() for clip in clips(tmp_path)}
    write(tmp_path / "a new one.wav", make_solo(9, "made flute", 2.0, RATE))
    after = {clip.name: clip.load().tobytes() for clip in clips(tmp_path)}
    assert len(after) == 4
    assert before.items() <= after.items()


@pytest.mark.parametrize(
    ("wave", "message"),
    [(np.zeros((1, 0)), "no samples"), (np.full((1, 99_999), np.nan), "no finite numbers"), (None, "cannot be read")],
)
@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_damaged_files(tmp_path, wave, message, seconds):
    if wave is None:
        (tmp_path / "bad.wav").write_bytes(b"RIFF....WAVE, but nothing follows")
    else:
        write(tmp_path / "bad.wav", wave)
    (clip,) = clips(tmp_path, seconds=seconds)
    with pytest.raises(DatasetError, match=rf"bad\.wav.*{message}"):
        clip.load()


def test_a_file_that_vanished(tmp_path):
    write_folder(tmp_path)
    clip = clips(tmp_path)[-1]
    (tmp_path / "song.flac").unlink()
    with pytest.raises(DatasetError, match=r"song\.flac"):
        clip.load()


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000, 96_000])
def test_a_stretch_has_its_length_and_its_place_at_every_rate(tmp_path, rate):
    time = np.arange(RATE) / RATE
    path = write(tmp_path / "tone.wav", np.sin(2 * np.pi * 440 * time)[None])
    wave = read_section(path, 0.25, 0.5, rate, 2)
    assert wave.shape == (2, round(0.5 * rate))
    expected = np.sin(2 * np.pi * 440 * (0.25 + np.arange(wave.shape[1]) / rate))
    inner = slice(rate // 20, -rate // 20)  # resampling begins from nothing
    np.testing.assert_allclose(wave[:, inner], np.broadcast_to(expected[inner], wave[:, inner].shape), atol=2e-3)
    assert seconds_of(path) == 1.0


def test_nothing_lies_behind_the_end(tmp_path):
    path = write(tmp_path / "tone.wav", np.ones((1, RATE)))
    with pytest.raises(DatasetError, match="no samples from 2 s on"):
        read_section(path, 2.0, 1.0, 16_000, 1)


# MUSDB18


def test_a_segment_is_one_place_for_all_stems_at_every_rate(tmp_path):
    write_musdb(tmp_path)
    low = clips(tmp_path, "musdb18", "test")[0]
    high = clips(tmp_path, "musdb18", "test", benchmark=Benchmark("test", seed=7, sample_rate=RATE, channels=2))[0]
    made = song_waves(int(low.song[-1]))
    stretches = np.lib.stride_tricks.sliding_window_view(made["drums"][0, : 2 * RATE], 16)
    place = np.argmin(np.abs(stretches - high.load_stems["drums"]()[0, :16]).sum(axis=1))
    assert place > 0
    for sound, load in (("mixture", high.load), *high.load_stems.items()):
        np.testing.assert_allclose(load(), made[sound][:, place : place + RATE], atol=1e-6)
    assert low.load().shape == (1, 16_000)
    assert len({clip.song for clip in clips(tmp_path, "musdb18", "test")}) == 3


def test_a_segment_is_taken_where_all_stems_sound(tmp_path):
    for sound, wave in song_waves(6, 8.0, vocals_from_s=6.0).items():
        write(tmp_path / "test" / "Late Voice" / f"{sound}.wav", wave)
    for seed in range(4):
        (clip,) = clips(tmp_path, "musdb18", "test", benchmark=Benchmark("test", seed=seed, sample_rate=16_000))
        assert np.sqrt(np.mean(clip.load_stems["vocals"]() ** 2)) > 1e-3


def test_whole_songs_and_songs_that_are_too_short(tmp_path):
    write_musdb(tmp_path)
    assert clips(tmp_path, "musdb18", "train", seconds=0.0)[0].load().shape == (1, 48_000)
    with pytest.raises(DatasetError, match=r"Song 1 lasts 3\.0 s, 7 s are wanted"):
        clips(tmp_path, "musdb18", "train", seconds=7.0)[0].load()
