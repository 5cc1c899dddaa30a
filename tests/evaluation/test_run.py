"""Runs from recipe to rows: draws, chains, stems, and what is kept."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from bench import RATE, Louder, Sources, benchmark, figures, keys, make_folder, music, two

from goodtake.degrade.bank import Bank
from goodtake.degrade.chain import degrade
from goodtake.degrade.parameters import degradation_from_dict
from goodtake.errors import ConfigError
from goodtake.evaluation import keep, run
from goodtake.evaluation.recipe import ClipSet, SystemSpec
from goodtake.evaluation.rows import RUN_NAME, read_rows
from goodtake.evaluation.run import run_benchmark
from goodtake.metrics import measure
from goodtake.metrics.set_metrics import set_metric


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
