"""Runs in which something goes wrong: a row with the reason, or an end that loses nothing."""

import resource
import signal
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from bench import RATE, benchmark, music, two

from goodtake.errors import BundleError, ConfigError, DatasetError, MissingExtraError, UnwritableAudioError
from goodtake.evaluation import folder, keep
from goodtake.evaluation.recipe import ClipSet
from goodtake.evaluation.rows import ROWS_NAME, read_rows
from goodtake.evaluation.run import run_benchmark
from goodtake.metrics import METRICS
from goodtake.metrics.embeddings.vggish import VARIABLE

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
