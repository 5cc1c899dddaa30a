"""What every source of clips keeps to, and the errors that all have in common."""

import pickle
import re
import shutil

import numpy as np
import pytest
import soundfile

from goodtake.errors import ConfigError, DatasetError, GoodtakeError
from goodtake.evaluation.recipe import Benchmark, ClipSet
from goodtake.evaluation.sources import SOURCES, WITHOUT_FILES, clips_of
from goodtake.evaluation.sources.choice import safe_name, take_crops
from goodtake.evaluation.sources.licences import joined, may_publish
from small_sets import write_folder, write_library, write_medley, write_musdb

SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
BENCHMARK = Benchmark("test", seed=7, sample_rate=16_000)
STEREO = Benchmark("test", seed=7, sample_rate=44_100, channels=2)
WRITERS = {"library": write_library, "folder": write_folder, "medley-solos-db": write_medley, "musdb18": write_musdb}
SETS = {
    "phrases": ClipSet("library", "library", "phrases", 4, 1.0),
    "mixes": ClipSet("library", "library", "mixes", 3, 1.0),
    "rendered": ClipSet("library", "library", "rendered", 2, 1.0),
    "folder": ClipSet("folder", "folder", "", 4, 1.0),
    "medley": ClipSet("medley-solos-db", "medley-solos-db", "test", 3, 8.0),
    "musdb": ClipSet("musdb18", "musdb18", "test", 2, 1.0),
    "solo": ClipSet("synthetic", "", "solo", 2, 1.0),
    "ensemble": ClipSet("synthetic", "", "ensemble", 2, 1.0),
    "stems": ClipSet("synthetic", "", "stems", 2, 1.0),
}
MEDLEY_SECONDS = 131_072 / 44_100
ON_DISK = [name for name, clip_set in SETS.items() if clip_set.source not in WITHOUT_FILES]


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp("data")
    for source, writer in WRITERS.items():
        writer(root / source)
    return root


def waves_of(clips):
    return [wave() for clip in clips for wave in (clip.load, *clip.load_stems.values())]


def test_every_source_is_tested():
    assert {clip_set.source for clip_set in SETS.values()} == set(SOURCES)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("benchmark", [BENCHMARK, STEREO], ids=["mono", "stereo"])
def test_clips_have_the_asked_form(name, benchmark, data):
    clip_set = SETS[name]
    clips = clips_of(clip_set, benchmark, data)
    assert len(clips) == clip_set.count
    for wave in waves_of(clips):
        assert wave.dtype == np.float32
        assert wave.shape[0] == benchmark.channels
        length = min(clip_set.seconds, MEDLEY_SECONDS) * benchmark.sample_rate
        assert wave.shape[1] == pytest.approx(length, abs=1)
        assert np.isfinite(wave).all()
    for clip in clips:
        assert np.abs(clip.load()).max() > 0.01
        assert clip.song
        assert clip.kind == (clip_set.kind or "recordings")


@pytest.mark.parametrize("name", SETS)
def test_names_are_safe_and_unlike(name, data):
    names = [clip.name for clip in clips_of(SETS[name], BENCHMARK, data)]
    assert len({name.casefold() for name in names}) == len(names)
    assert all(SAFE.fullmatch(name) for name in names), names


@pytest.mark.parametrize("name", SETS)
def test_clips_differ_from_each_other(name, data):
    first, second, *_ = [clip.load() for clip in clips_of(SETS[name], BENCHMARK, data)]
    assert first.shape != second.shape or np.abs(first - second).max() > 0.01


@pytest.mark.parametrize("name", SETS)
def test_one_seed_gives_the_same_clips_wherever_they_lie(name, data, tmp_path):
    clip_set = SETS[name]
    clips = clips_of(clip_set, BENCHMARK, data)
    if clip_set.path:
        shutil.copytree(data / clip_set.path, tmp_path / clip_set.path)
    moved = clips_of(clip_set, BENCHMARK, tmp_path)
    assert [clip.name for clip in moved] == [clip.name for clip in clips]
    assert [clip.song for clip in moved] == [clip.song for clip in clips]
    assert [wave.tobytes() for wave in waves_of(moved)] == [wave.tobytes() for wave in waves_of(clips)]


@pytest.mark.parametrize("name", SETS)
def test_another_seed_gives_other_clips(name, data):
    other = Benchmark("test", seed=8, sample_rate=16_000)
    before, after = (waves_of(clips_of(SETS[name], benchmark, data)) for benchmark in (BENCHMARK, other))
    assert [wave.tobytes() for wave in before] != [wave.tobytes() for wave in after]


@pytest.mark.parametrize("name", SETS)
def test_more_clips_begin_with_the_same_ones(name, data):
    few = ClipSet(SETS[name].source, SETS[name].path, SETS[name].kind, SETS[name].count - 1, SETS[name].seconds)
    fewer, all_clips = (clips_of(clip_set, BENCHMARK, data) for clip_set in (few, SETS[name]))
    assert [clip.name for clip in fewer] == [clip.name for clip in all_clips][:-1]
    assert fewer[-1].load().tobytes() == all_clips[len(fewer) - 1].load().tobytes()


@pytest.mark.parametrize("name", SETS)
def test_clips_go_to_other_processes(name, data):
    clip = clips_of(SETS[name], BENCHMARK, data)[0]
    copy = pickle.loads(pickle.dumps(clip))
    assert copy.load().tobytes() == clip.load().tobytes()
    assert copy.load_stems.keys() == clip.load_stems.keys()


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("benchmark", [BENCHMARK, STEREO], ids=["mono", "stereo"])
def test_stems_sum_to_the_mixture(name, benchmark, data):
    for clip in clips_of(SETS[name], benchmark, data):
        if clip.load_stems:
            assert set(clip.load_stems) == {"bass", "drums", "other", "vocals"}
            np.testing.assert_allclose(sum(stem() for stem in clip.load_stems.values()), clip.load(), atol=1e-5)
    assert bool(clips_of(SETS[name], benchmark, data)[0].load_stems) == (name in ("musdb", "stems"))


@pytest.mark.parametrize("name", SETS)
def test_only_what_a_known_licence_allows_is_shareable(name, data):
    clips = clips_of(SETS[name], BENCHMARK, data)
    for clip in clips:
        assert not clip.shareable or (may_publish(clip.licence) and clip.credit)
    if name in ("phrases", "folder", "musdb"):
        assert not any(clip.shareable for clip in clips)
    if name in ("medley", "rendered", "solo", "ensemble", "stems"):
        assert all(clip.shareable for clip in clips)


@pytest.mark.parametrize("name", ON_DISK)
def test_clips_are_not_read_before_they_are_loaded(name, data, tmp_path):
    clip_set = SETS[name]
    shutil.copytree(data / clip_set.path, tmp_path / clip_set.path)
    names = [clip.name for clip in clips_of(clip_set, BENCHMARK, data)]
    for path in tmp_path.rglob("*"):
        if path.suffix in (".wav", ".flac"):
            path.write_bytes(b"no sound")
    clips = clips_of(clip_set, BENCHMARK, tmp_path)
    assert [clip.name for clip in clips] == names
    with pytest.raises(DatasetError, match=r"cannot be (read|decoded)"):
        clips[0].load()


@pytest.mark.parametrize("name", ON_DISK)
@pytest.mark.parametrize("folder", ["nowhere", "empty", "file.wav"])
def test_a_wrong_folder(name, folder, tmp_path):
    (tmp_path / "empty").mkdir()
    soundfile.write(tmp_path / "file.wav", np.zeros(999), 16_000)
    clip_set = ClipSet(SETS[name].source, folder, SETS[name].kind, 1, 1.0)
    with pytest.raises(DatasetError, match=folder):
        clips_of(clip_set, BENCHMARK, tmp_path)


@pytest.mark.parametrize("name", SETS)
def test_an_unknown_kind(name, data):
    clip_set = ClipSet(SETS[name].source, SETS[name].path, "polka", 1, 1.0)
    with pytest.raises(ConfigError, match=f"source {clip_set.source}: unknown kind 'polka': use"):
        clips_of(clip_set, BENCHMARK, data)


@pytest.mark.parametrize(
    ("clip_set", "message"),
    [
        (ClipSet("tape", "x"), "unknown source 'tape': use one of library, folder"),
        (ClipSet("folder", "folder", count=-1), "give 0 or more"),
        (ClipSet("folder", "folder", seconds=-1.0), "give 0 or more"),
        (ClipSet("synthetic", "folder", "solo", 1), "needs no files: leave out path 'folder'"),
        (ClipSet("synthetic", "", "solo", 0), "give a count"),
        (ClipSet("synthetic", "", "solo", 1, 0.0), "give a count and seconds"),
        (ClipSet("library", "library", "rendered", 0), "give a count"),
        (ClipSet("library", "library", "phrases", 99), "99 clips wanted, library has 5 of kind phrases"),
        (ClipSet("medley-solos-db", "medley-solos-db", "test", 15), "15 clips wanted.*has 14 of kind test"),
        (ClipSet("folder", "folder", "", 4, 0.0), "4 clips wanted, folder has 3"),
    ],
)
def test_what_a_source_cannot_give(clip_set, message, data):
    with pytest.raises(GoodtakeError, match=message):
        clips_of(clip_set, BENCHMARK, data)


def test_paths_start_from_the_data_folder_or_the_current_one(data, monkeypatch):
    names = [clip.name for clip in clips_of(SETS["folder"], BENCHMARK, data)]
    assert [clip.name for clip in clips_of(ClipSet("folder", "", "", 4, 1.0), BENCHMARK, data / "folder")] == names
    absolute = ClipSet("folder", str(data / "folder"), "", 4, 1.0)
    assert [clip.name for clip in clips_of(absolute, BENCHMARK, None)] == names
    monkeypatch.chdir(data)
    assert [clip.name for clip in clips_of(SETS["folder"], BENCHMARK, None)] == names
    with pytest.raises(ConfigError, match="source folder needs a folder"):
        clips_of(ClipSet("folder"), BENCHMARK, None)


def test_crops_are_spread_over_the_files():
    crops = take_crops("abcd", ClipSet("folder", count=10), 3)
    assert sorted(crops[:4]) == [("a", 0), ("b", 0), ("c", 0), ("d", 0)]
    assert sorted(crops[4:8]) == [("a", 1), ("b", 1), ("c", 1), ("d", 1)]
    assert [item for item, _ in crops[:4]] == [item for item, _ in crops[4:8]]
    assert take_crops("abcd", ClipSet("folder"), 3) == [("a", 0), ("b", 0), ("c", 0), ("d", 0)]


@pytest.mark.parametrize("text", ["../../etc/passwd", "Ω", "", " . ", "a" * 300, "con:aux?*", "-rf", "\udcff bytes"])
def test_any_text_becomes_a_safe_name(text):
    name = safe_name(text)
    assert SAFE.fullmatch(name)
    assert len(name) <= 80
    assert name == safe_name(text)
    assert safe_name(text + "b") != name


@pytest.mark.parametrize("licence", ["CC0", "CC0 1.0", "CC-BY-4.0", "cc by 3.0", "MIT", "CC0; MIT", "Public Domain"])
def test_licences_that_allow_publication(licence):
    assert may_publish(licence)


@pytest.mark.parametrize(
    "licence",
    ["", "CC BY-NC 4.0", "CC BY-SA 3.0", "CC BY-ND 4.0", "Philharmonia terms", "CC0; unknown", "free", "; CC0", "by"],
)
def test_licences_that_are_unknown_or_forbid_it(licence):
    assert not may_publish(licence)


def test_licences_are_listed_once():
    assert joined(["MIT", "CC0", "", "MIT"]) == "CC0; MIT"
