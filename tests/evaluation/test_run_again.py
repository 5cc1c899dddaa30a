"""Runs that are continued, and runs that grow: only what is missing is made."""

import json
from dataclasses import replace

import pytest
from bench import Louder, figures, keys, music, two

from goodtake.degrade.conditions import CONDITIONS
from goodtake.evaluation.recipe import SystemSpec
from goodtake.evaluation.rows import ROWS_NAME, RUN_NAME, read_rows
from goodtake.evaluation.run import run_benchmark
from goodtake.metrics import METRICS


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
