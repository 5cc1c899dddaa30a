import json
import resource
import signal
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from bench import RATE, Louder, Sources, benchmark, figures, make_folder, music

from goodtake.degrade.bank import Bank
from goodtake.degrade.chain import degrade
from goodtake.degrade.conditions import CONDITIONS
from goodtake.degrade.parameters import degradation_from_dict
from goodtake.errors import BundleError, ConfigError, DatasetError, MissingExtraError, UnwritableAudioError
from goodtake.evaluation import folder, keep, plan, run, trial
from goodtake.evaluation.recipe import ClipSet, SystemSpec
from goodtake.evaluation.rows import ROWS_NAME, RUN_NAME, read_rows
from goodtake.evaluation.run import run_benchmark
from goodtake.evaluation.systems.outputs import CheckedSystem
from goodtake.metrics import METRICS, measure
from goodtake.metrics.embeddings.vggish import VARIABLE
from goodtake.metrics.set_metrics import set_metric


@pytest.fixture
def lab(monkeypatch):
    """Clips from memory and systems by name, in place of the real ones."""

    class Lab:
        sources = Sources()
        systems: dict[str, Louder]

    Lab.systems = {}

    def given(spec):
        return CheckedSystem(spec.name, Lab.systems[spec.name]) if spec.name in Lab.systems else None

    monkeypatch.setattr(plan, "clips_of", lambda *words: Lab.sources(*words))
    real = trial.make_system
    monkeypatch.setattr(trial, "make_system", lambda spec, b: given(spec) or real(spec, b))
    return Lab


def two(lab, **changes):
    """`nothing` and a counted system."""
    lab.systems["louder"] = Louder()
    return benchmark(systems=("nothing", SystemSpec("louder", kind="command", command="x")), **changes)


def keys(place):
    lines = (place / ROWS_NAME).read_text().splitlines()
    return Counter((row["clip"], row["condition"], row["system"]) for row in map(json.loads, lines))


def test_a_run_from_files_to_rows(tmp_path):
    make_folder(tmp_path)
    seen = []
    outcome = run_benchmark(benchmark(), tmp_path / "run", tmp_path, report=seen.append)
    assert (outcome.units, outcome.rows, outcome.made, outcome.failed) == (4, 8, 8, Counter())
    assert [(one.done, one.total) for one in seen] == [(n, 4) for n in range(1, 5)]
    rows = list(read_rows(tmp_path / "run"))
    assert len({(row.clip, row.condition, row.system) for row in rows}) == 8
    assert {row.sample_rate for row in rows} == {RATE}
    assert {row.seconds for row in rows} == {1.0}
    by_name = {(row.clip, row.condition, row.system): row for row in rows}
    for (clip, condition, system), row in by_name.items():
        assert set(row.metrics) == {"fwssnr", "l1"}
        assert not row.errors
        assert row.metrics == by_name[clip, condition, "nothing"].metrics  # a copy is as good as nothing
        assert (row.metrics["l1"] == 0) == (condition == "clean")
        for side, name in (("reference", "reference"), ("input", "nothing"), ("estimate", system)):
            assert row.audio[side] == f"audio/{condition}/{clip}/{name}.flac"
            kept, rate = soundfile.read(tmp_path / "run" / row.audio[side])
            assert (kept.shape, rate) == ((RATE,), RATE)
    files = [row.embeddings for row in rows if row.system == "copy" and row.condition == "snr10"]
    assert set(files[0]) == {"fad"}
    places = [tmp_path / "run" / file["fad"] for file in files]
    sides = [[np.load(place) for place in places], [np.load(place.with_name("reference.npy")) for place in places]]
    assert {part.dtype for part in sides[0]} == {np.dtype(np.float16)}
    assert {part.shape for part in sides[0]} == {part.shape for part in sides[1]}
    assert not np.array_equal(sides[0][0], sides[1][0])


def test_what_was_drawn_makes_the_pair_and_the_figures_again(tmp_path, lab):
    run_benchmark(benchmark(systems=("nothing",), conditions=("all",)), tmp_path)
    for row in read_rows(tmp_path):
        pair = degrade(music(ord(row.clip)), degradation_from_dict(row.degradation), Bank(RATE))
        assert row.metrics == measure(pair.degraded, pair.clean, RATE, ("fwssnr", "l1"))
        kept, _ = soundfile.read(tmp_path / row.audio["input"], dtype="float32")
        assert np.abs(kept - pair.degraded[0]).max() < 1e-4
        kept, _ = soundfile.read(tmp_path / row.audio["reference"], dtype="float32")
        assert np.abs(kept - pair.clean[0]).max() < 1e-4
        assert (row.kind, row.instrument, row.song) == ("tones", "organ", f"song-{row.clip}")
        assert (row.licence, row.credit, row.shareable) == ("CC0", "A. N.", True)


def test_the_seed_alone_decides(tmp_path, lab):
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        run_benchmark(benchmark(seed=seed, systems=("nothing",)), tmp_path / name)
    assert figures(tmp_path / "one") == figures(tmp_path / "again")
    noises = [[row["degradation"]["noise"] for row in figures(tmp_path / name)] for name in ("one", "other")]
    assert noises[0][1] != noises[1][1]
    assert noises[0][1] != noises[0][3]  # the other clip has another noise


def test_each_condition_has_draws_of_its_own(tmp_path, lab):
    run_benchmark(benchmark(systems=("nothing",), conditions=("snr5", "snr10")), tmp_path)
    seeds = [row["degradation"]["noise"]["layers"][0]["seed"] for row in figures(tmp_path)]
    assert len(set(seeds)) == 4


def test_added_clips_and_conditions_leave_what_is_drawn(tmp_path, lab):
    run_benchmark(benchmark(systems=("nothing",)), tmp_path / "small")
    lab.sources = Sources("xaby")
    larger = benchmark(systems=("nothing",), conditions=("drr0", "clean", "snr10", "eq"))
    outcome = run_benchmark(larger, tmp_path / "large")
    assert outcome.made == 16
    large = figures(tmp_path / "large")
    assert all(row in large for row in figures(tmp_path / "small"))


def test_processes_change_nothing(tmp_path):
    make_folder(tmp_path, "abc")
    for jobs in (1, 2):
        assert run_benchmark(benchmark(), tmp_path / f"run{jobs}", tmp_path, jobs=jobs).made == 12
    assert figures(tmp_path / "run1") == figures(tmp_path / "run2")
    for row in read_rows(tmp_path / "run1"):
        for file in [*row.audio.values(), *row.embeddings.values()]:
            assert (tmp_path / "run1" / file).read_bytes() == (tmp_path / "run2" / file).read_bytes()


def test_an_ended_run_goes_on_where_it_stopped(tmp_path, lab):
    class Stop(KeyboardInterrupt):
        pass

    def check():
        if len(lab.systems["louder"].calls) == 3:
            raise Stop

    small = two(lab)
    run_benchmark(small, tmp_path / "whole")
    small = two(lab)
    with pytest.raises(Stop):
        run_benchmark(small, tmp_path / "run", check=check)
    assert keys(tmp_path / "run").total() == 4  # what was being made when it stopped is not kept
    with (tmp_path / "run" / ROWS_NAME).open("a") as file:
        file.write('{"clip": "b", "cond')
    outcome = run_benchmark(small, tmp_path / "run")
    assert (outcome.made, outcome.rows) == (4, 8)
    assert len(lab.systems["louder"].calls) == 3 + 2
    assert set(keys(tmp_path / "run").values()) == {1}
    assert figures(tmp_path / "run") == figures(tmp_path / "whole")
    assert run_benchmark(small, tmp_path / "run").made == 0


def test_an_added_system_is_all_that_is_computed(tmp_path, lab):
    small = two(lab)
    run_benchmark(small, tmp_path)
    lab.systems["new"] = Louder("new")
    added = replace(small, systems=(*small.systems, SystemSpec("new", kind="command", command="y")))
    before = (tmp_path / ROWS_NAME).read_bytes()
    assert run_benchmark(added, tmp_path).made == 4
    assert len(lab.systems["louder"].calls) == 4
    assert (tmp_path / ROWS_NAME).read_bytes().startswith(before)
    assert set(keys(tmp_path).values()) == {1}


def test_an_added_metric_is_all_that_is_measured(tmp_path, lab, monkeypatch):
    small = two(lab, metrics=("l1",))
    run_benchmark(small, tmp_path)
    before = figures(tmp_path)

    def unwanted(*clips):
        raise AssertionError("l1 is measured again")

    monkeypatch.setitem(METRICS, "l1", replace(METRICS["l1"], function=unwanted))
    assert run_benchmark(replace(small, metrics=("mrs", "l1", "fad")), tmp_path).made == 8
    for old, new in zip(before, figures(tmp_path), strict=True):
        assert set(new["metrics"]) == {"l1", "mrs"}
        assert new["metrics"]["l1"] == old["metrics"]["l1"]
        assert set(new["embeddings"]) == {"fad"}


def test_another_version_of_a_system_is_made_again(tmp_path, lab):
    small = two(lab)
    run_benchmark(small, tmp_path)
    lab.systems["louder"] = Louder(digest="d2", fails=lambda case: case.clean)
    stopped = []

    def check():
        stopped.append(1)
        if len(stopped) == 3:  # after the first unit
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_benchmark(small, tmp_path, check=check)
    # Rows of the former version do not stand among those of the new one.
    assert {row.digest for row in read_rows(tmp_path) if row.system == "louder"} == {"d2"}
    assert run_benchmark(small, tmp_path).made == 3
    rows = [row for row in read_rows(tmp_path) if row.system == "louder"]
    assert [row.metrics["l1"] for row in rows] == [0.0] * 4
    assert json.loads((tmp_path / RUN_NAME).read_text())["systems"]["louder"]["digest"] == "d2"


def test_a_clip_that_was_changed_is_made_again(tmp_path, lab):
    small = two(lab)
    run_benchmark(small, tmp_path)
    lab.sources.waves["b"] = music(99)
    assert run_benchmark(small, tmp_path).made == 4
    assert {clip for clip, _ in lab.systems["louder"].calls[4:]} == {"b"}


def test_other_draws_are_made_again(tmp_path, lab, monkeypatch):
    small = two(lab)
    run_benchmark(small, tmp_path)
    monkeypatch.setitem(CONDITIONS, "snr10", CONDITIONS["snr15"])
    assert run_benchmark(small, tmp_path).made == 4
    assert [condition for _, condition in lab.systems["louder"].calls[4:]] == ["snr10", "snr10"]
    rows = [row for row in read_rows(tmp_path) if row.condition == "snr10"]
    assert {row.degradation["noise"]["snr_db"] for row in rows} == {15.0}


def test_files_that_were_deleted_are_made_again(tmp_path, lab):
    small = two(lab)
    run_benchmark(small, tmp_path)
    before = figures(tmp_path)
    deleted = tmp_path / "audio/clean/a/louder.flac", tmp_path / "embeddings/logmel-stats/snr10/b/louder.npy"
    kept = [path.read_bytes() for path in deleted]
    for path in deleted:
        path.unlink()
    assert run_benchmark(small, tmp_path).made == 0  # the rows are what they were
    assert [path.read_bytes() for path in deleted] == kept
    assert lab.systems["louder"].calls[4:] == [("a", "clean"), ("b", "snr10")]
    assert figures(tmp_path) == before


def test_each_clip_is_read_once(tmp_path, lab):
    run_benchmark(two(lab, conditions=("clean", "eq", "snr5")), tmp_path)
    lab.sources.reads.sort()
    assert lab.sources.reads == ["a", "b"]


def test_a_chain_hands_outputs_on(tmp_path, lab):
    lab.systems = {"first": Louder("first", "f"), "second": Louder("second", "s")}
    chain = (
        "nothing",
        SystemSpec("second", kind="command", command="x", after="first"),
        SystemSpec("first", kind="command", command="x"),
    )
    run_benchmark(benchmark(systems=chain), tmp_path)
    given = {name: [case.degraded for case in lab.systems[name].cases] for name in lab.systems}
    for first, second in zip(given["first"], given["second"], strict=True):
        assert np.array_equal(second, 2 * first)
    assert {row.after for row in read_rows(tmp_path) if row.system == "second"} == {"first"}
    lab.systems["second"] = Louder("second", "s2")
    assert run_benchmark(benchmark(systems=chain), tmp_path).made == 4  # a new second is no new first
    before = {row.digest for row in read_rows(tmp_path) if row.system == "second"}
    lab.systems["first"] = Louder("first", "f2", fails=lambda case: (_ for _ in ()).throw(ConfigError("no luck")))
    outcome = run_benchmark(benchmark(systems=chain), tmp_path)
    assert outcome.made == 8  # a new first makes a new second
    rows = [row for row in read_rows(tmp_path) if row.system == "second"]
    assert {row.digest for row in rows}.isdisjoint(before)
    assert {row.errors["system"] for row in rows} == {"first: no luck"}


def test_only_some_systems_and_conditions(tmp_path, lab):
    small = two(lab)
    outcome = run_benchmark(small, tmp_path, conditions=["clean"], systems=["louder"])
    assert (outcome.rows, keys(tmp_path).total()) == (2, 2)
    assert {(row.condition, row.system) for row in read_rows(tmp_path)} == {("clean", "louder")}
    facts = json.loads((tmp_path / RUN_NAME).read_text())["systems"]
    assert list(facts) == ["louder"]
    assert run_benchmark(small, tmp_path, systems=["nothing"]).made == 4
    facts |= {"nothing": json.loads((tmp_path / RUN_NAME).read_text())["systems"]["nothing"]}
    assert json.loads((tmp_path / RUN_NAME).read_text())["systems"] == facts
    assert run_benchmark(small, tmp_path).made == 2
    for word in ("conditions", "systems"):
        with pytest.raises(ConfigError, match=f"unknown {word[:-1]} 'x': the benchmark has"):
            run_benchmark(small, tmp_path, **{word: ["x"]})


FAILURES = {
    "no luck": lambda case: (_ for _ in ()).throw(ConfigError("no luck")),
    "ValueError: of a library": lambda case: (_ for _ in ()).throw(ValueError("of a library")),
    "gave NaN": lambda case: case.degraded * np.nan,
    "gave 0.250 s": lambda case: case.degraded[:, :4000],
    "gave float32 of shape (16000,)": lambda case: case.degraded[0],
}


@pytest.mark.parametrize("reason", FAILURES)
def test_a_system_that_fails_has_a_row_and_the_run_goes_on(tmp_path, lab, reason):
    small = two(lab)
    lab.systems["louder"].fails = lambda case: FAILURES[reason](case) if case.clip == "a" else case.degraded
    outcome = run_benchmark(small, tmp_path)
    assert (outcome.failed, outcome.all_failed) == ({"louder": 2}, False)
    assert outcome.reasons["louder"].startswith("a, snr10: ")
    assert reason in outcome.reasons["louder"]
    failed = [row for row in read_rows(tmp_path) if row.errors]
    assert [(row.clip, row.system, row.metrics) for row in failed] == [
        ("a", "louder", {"fwssnr": None, "l1": None})
    ] * 2
    assert all(reason in row.errors["system"] and list(row.errors) == ["system"] for row in failed)
    assert run_benchmark(small, tmp_path).made == 0  # it was tried again, and failed as before
    assert len(lab.systems["louder"].calls) == 4 + 2
    lab.systems["louder"].fails = None
    assert run_benchmark(small, tmp_path).made == 2
    assert not any(row.errors for row in read_rows(tmp_path))


def test_a_metric_that_fails_says_why(tmp_path, lab):
    small = two(lab)
    lab.systems["louder"].fails = lambda case: 0 * case.degraded
    outcome = run_benchmark(small, tmp_path)
    assert not outcome.failed
    for row in read_rows(tmp_path):
        if row.system == "louder":
            assert row.metrics == {"fwssnr": None, "l1": None}
            assert set(row.errors) == {"fwssnr", "l1"}
            assert "estimate is silent" in row.errors["l1"]
    assert run_benchmark(small, tmp_path).made == 0


def test_a_clip_that_cannot_be_read_has_rows_and_the_run_goes_on(tmp_path, lab):
    small = two(lab)
    lab.sources.waves["a"] = DatasetError("a.wav cannot be read")
    lab.sources.waves["c"] = np.full((1, RATE), np.nan, np.float32)
    outcome = run_benchmark(small, tmp_path)
    assert outcome.failed == {"nothing": 4, "louder": 4}
    errors = {row.clip: row.errors for row in read_rows(tmp_path)}
    assert errors["a"] == {"clip": "a.wav cannot be read"}
    assert "holds NaN" in errors["c"]["clip"]
    assert errors["b"] == {}
    lab.sources.waves |= {"a": music(1), "c": music(2)}
    assert run_benchmark(small, tmp_path).made == 8
    lab.sources.waves["a"] = DatasetError("the disk is gone")
    assert run_benchmark(small, tmp_path).made == 0  # good rows stay


def test_all_failed(tmp_path, lab):
    lab.sources.waves = dict.fromkeys("ab", DatasetError("gone"))
    assert run_benchmark(benchmark(systems=("nothing",)), tmp_path).all_failed


def test_a_missing_package_of_a_metric_stops_before_anything_is_made(tmp_path, lab, monkeypatch):
    monkeypatch.setitem(METRICS, "mrs", replace(METRICS["mrs"], package="no_such_package", extra="eval"))
    with pytest.raises(
        MissingExtraError, match=r"no_such_package is not installed: run  pip install 'goodtake\[eval\]'"
    ):
        run_benchmark(benchmark(metrics=("l1", "mrs")), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert not lab.sources.reads


def test_a_missing_embedding_stops_before_anything_is_made(tmp_path, lab, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "no.onnx"))
    with pytest.raises(BundleError, match=r"no\.onnx"):
        run_benchmark(benchmark(metrics=("l1", "fad_vggish")), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_missing_package_of_a_system_ends_the_run(tmp_path, lab):
    small = two(lab)
    lab.systems["louder"].fails = lambda case: (_ for _ in ()).throw(MissingExtraError("noisereduce", "eval"))
    with pytest.raises(MissingExtraError, match="noisereduce is not installed"):
        run_benchmark(small, tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 2}, "was made with seed 1, the recipe says 2"),
        ({"sample_rate": 22_050}, "was made with sample_rate 16000, the recipe says 22050"),
        ({"align": True}, "was made with align False, the recipe says True"),
        ({"clips": (ClipSet("folder", "music", seconds=3.0),)}, "was made with the clips folder music of 0 s"),
        ({"conditions": ("clean",)}, "has rows of condition 'snr10', the recipe has not"),
        ({"systems": ("nothing",)}, "has rows of system 'louder', the recipe has not"),
    ],
)
def test_another_experiment_is_refused_in_a_run_folder(tmp_path, lab, changes, message):
    small = two(lab)
    run_benchmark(small, tmp_path)
    before = (tmp_path / ROWS_NAME).read_bytes()
    with pytest.raises(ConfigError, match=f"{message}.*: figures would mix; give another folder with --run"):
        run_benchmark(replace(small, **changes), tmp_path)
    assert (tmp_path / ROWS_NAME).read_bytes() == before


def test_fewer_clips_and_other_rooms_are_refused(tmp_path, lab):
    small = two(lab)
    run_benchmark(small, tmp_path / "run")
    (tmp_path / "data" / "dev" / "rir").mkdir(parents=True)
    soundfile.write(tmp_path / "data" / "dev" / "rir" / "hall.wav", [0.0, 1.0, 0.5, 0.1], RATE)
    with pytest.raises(ConfigError, match="other rooms and noises than those in the data folder"):
        run_benchmark(small, tmp_path / "run", tmp_path / "data")
    del lab.sources.waves["a"]
    with pytest.raises(ConfigError, match="has rows of clip 'a', the recipe has not"):
        run_benchmark(small, tmp_path / "run")


def test_rooms_and_noises_come_from_the_data_folder_with_their_terms(tmp_path, lab):
    noise, rng = tmp_path / "dev" / "noise", np.random.default_rng(0)
    noise.mkdir(parents=True)
    soundfile.write(noise / "fan.wav", 0.1 * rng.standard_normal(RATE), RATE)
    index = "path,part,kind,licence,credit\ndev/noise/fan.wav,dev,noise,{},Fan Club\n"
    for licence, shareable in (("CC BY 3.0", True), ("CC BY-NC 4.0", False)):
        (tmp_path / "index.csv").write_text(index.format(licence))
        run_benchmark(benchmark(systems=("nothing",), conditions=("snr10",)), tmp_path / licence, tmp_path)
        for row in read_rows(tmp_path / licence):
            assert row.degradation["noise"]["layers"][0]["files"] == ["fan.wav"]
            assert (row.licence, row.credit) == ("; ".join(sorted({"CC0", licence})), "A. N.; Fan Club")
            assert row.shareable is shareable


def test_a_folder_of_other_things_is_left_alone(tmp_path, lab):
    (tmp_path / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(ConfigError, match="holds other things than a run: give an empty or a new folder"):
        run_benchmark(benchmark(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_two_runs_at_once_in_a_folder_are_refused(tmp_path, lab, monkeypatch):
    monkeypatch.setattr(folder, "LOCK_PATIENCE_S", 0.05)
    small = two(lab)
    lab.systems["louder"].fails = lambda case: run_benchmark(small, tmp_path)
    run_benchmark(small, tmp_path)
    reasons = {row.errors["system"] for row in read_rows(tmp_path) if row.system == "louder"}
    assert reasons == {f"another goodtake is working in {tmp_path}: wait for it, or give another --run"}


def test_stems_are_references_and_mixtures_inputs(tmp_path, lab):
    lab.sources = Sources(stems={"a": ("bass", "drums"), "b": ("bass",)})
    lab.systems["louder"] = Louder()
    stems = two(lab, task="separate", conditions=("bass", "drums"), metrics=("si_sdr", "rolloff_error_cents"))
    outcome = run_benchmark(stems, tmp_path)
    assert (outcome.units, outcome.rows) == (3, 6)
    for case in lab.systems["louder"].cases:
        assert np.array_equal(case.degraded, music(ord(case.clip)))
        assert np.array_equal(case.clean, music(len(case.clip + case.condition) * 7))
    for row in read_rows(tmp_path):
        assert row.degradation is None
        assert sum(row.histograms["rolloff_cents"]) > 0
    with pytest.raises(ConfigError, match="no clip has a stem 'vocals': there are bass, drums"):
        run_benchmark(replace(stems, conditions=("vocals",)), tmp_path / "other")


def test_delay_and_gain_are_removed_and_said(tmp_path, lab):
    small = two(lab, align=True, conditions=("clean",), metrics=("sdr",))
    lab.systems["louder"].fails = lambda case: 0.5 * np.roll(case.degraded, 7, axis=1)
    run_benchmark(small, tmp_path)
    for row in read_rows(tmp_path):
        if row.system == "louder":
            assert row.alignment["delay_samples"] == 7
            assert row.alignment["gain_db"] == pytest.approx(-6.02, abs=0.01)
            assert row.metrics["sdr"] > 15


def test_equal_names_are_told_apart(tmp_path, lab):
    sets = (ClipSet("folder", "music"), ClipSet("folder", "more"))
    run_benchmark(benchmark(systems=("nothing",), conditions=("clean",), clips=sets), tmp_path)
    assert sorted(row.clip for row in read_rows(tmp_path)) == ["a", "a-2", "b", "b-2"]


def test_systems_cannot_change_the_case_of_others(tmp_path, lab):
    small = two(lab, conditions=("clean",))

    def spoil(case):
        case.clean[:] = 0
        case.degraded[:] = 0
        return case.degraded + 1

    lab.systems["louder"].fails = spoil
    run_benchmark(replace(small, systems=small.systems[::-1]), tmp_path)
    assert [row.metrics["l1"] for row in read_rows(tmp_path) if row.system == "nothing"] == [0.0, 0.0]


def test_a_full_disk_ends_the_run_with_earlier_rows_whole(tmp_path, lab, monkeypatch):
    small = two(lab)
    real = keep._write

    def full(path, content):
        if "b" in path.parts:
            raise OSError(28, "No space left on device")
        real(path, content)

    def refused(path, content):
        with keep.disk_errors(path):
            full(path, content)

    monkeypatch.setattr(keep, "_write", refused)
    with pytest.raises(UnwritableAudioError, match="the disk is full"):
        run_benchmark(small, tmp_path)
    assert {row.clip for row in read_rows(tmp_path)} == {"a"}
    monkeypatch.setattr(keep, "_write", real)
    assert run_benchmark(small, tmp_path).made == 4


def test_a_system_that_finds_the_disk_full_ends_the_run(tmp_path, lab):
    small = two(lab)
    lab.systems["louder"].fails = lambda case: (_ for _ in ()).throw(OSError(28, "No space left on device"))
    with pytest.raises(OSError, match="No space left"):
        run_benchmark(small, tmp_path)
    assert not (tmp_path / ROWS_NAME).exists()


def test_a_file_that_does_not_fit_leaves_nothing_behind(tmp_path):
    keep.keep_wave(tmp_path, "a/b.flac", music(1), RATE)
    whole = (tmp_path / "a/b.flac").read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(UnwritableAudioError, match=r"b\.flac: the "):
            keep.keep_wave(tmp_path, "a/b.flac", music(2), RATE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.flac"]
    assert (tmp_path / "a/b.flac").read_bytes() == whole


def test_what_would_clip_is_turned_down_as_a_whole(tmp_path):
    for gain in (0.5, 4.0):
        wave = gain * music(1) / np.abs(music(1)).max()
        keep.keep_wave(tmp_path, "wave.flac", wave, RATE)
        kept, _ = soundfile.read(tmp_path / "wave.flac")
        assert np.abs(kept - wave[0] * min(1.0, 0.999 / gain)).max() < 1e-4


def test_fad_of_kept_embeddings(tmp_path, lab):
    lab.sources = Sources("abcdefgh")
    for name in lab.sources.waves:
        lab.sources.waves[name] = music(ord(name), seconds=6.0)
    run_benchmark(benchmark(systems=("nothing",), metrics=("fad",), keep_audio=False), tmp_path)
    fads = {}
    for condition in ("clean", "snr10"):
        files = [row.embeddings for row in read_rows(tmp_path) if row.condition == condition]
        places = [tmp_path / file["fad"] for file in files]
        sides = [np.load(place) for place in places], [np.load(place.with_name("reference.npy")) for place in places]
        fads[condition] = set_metric("fad", *sides)
    assert fads["clean"] == pytest.approx(0, abs=1e-6)
    assert fads["snr10"] > 0.1
    assert not (tmp_path / "audio").exists()


def test_metrics_that_are_there_need_nothing():
    run.check_packages(("fwssnr", "mrs", "l1", "fad"))
