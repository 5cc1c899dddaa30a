import sys
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from goodtake.cli import evaluate
from goodtake.cli.evaluate import ProgressLine, chosen, cores, time_left
from goodtake.cli.main import run
from goodtake.errors import ConfigError
from goodtake.evaluation.recipe import Benchmark
from goodtake.evaluation.rows import Row, read_rows
from goodtake.evaluation.run import Progress
from goodtake.evaluation.summary import summary_table

RATE = 16_000
RECIPE = """\
name: own
clips: [{source: folder, path: music, seconds: 0}]
conditions: [snr10, clean]
systems: [nothing, {name: copy, command: "cp {input} {output}"}]
metrics: [l1, mrs]
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with two clips and a recipe, in which the command is run."""
    (tmp_path / "music").mkdir()
    rng = np.random.default_rng(1)
    for name in "ab":
        tone = np.sin(2 * np.pi * rng.uniform(200, 900) * np.arange(RATE) / RATE)
        soundfile.write(tmp_path / "music" / f"{name}.wav", 0.3 * tone + 0.001 * rng.standard_normal(RATE), RATE)
    (tmp_path / "own.yaml").write_text(RECIPE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cli(monkeypatch, capsys):
    """Runs `goodtake evaluate` in this process: status, out, err."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["goodtake", "evaluate", *words, "--jobs", "1"])
        with pytest.raises(SystemExit) as end:
            run()
        said = capsys.readouterr()
        return SimpleNamespace(status=end.value.code or 0, out=said.out, err=said.err)

    return call


def test_a_recipe_becomes_rows_and_a_table(place, cli):
    result = cli("own.yaml", "--data", ".")
    assert result.status == 0
    table = [line.split() for line in result.out.splitlines()]
    assert table[0] == ["condition", "system", "clips", "l1", "mrs"]
    assert [line[:3] for line in table[1:5]] == [
        [condition, system, "2"] for condition in ("snr10", "clean") for system in ("nothing", "copy")
    ]
    assert table[1][3:] == table[2][3:]
    assert table[3][3:] == ["0.000", "0.000"]
    means = [row.metrics["l1"] for row in read_rows(place / "runs/evaluate/own") if row.condition == "snr10"]
    assert table[1][3] == f"{np.mean(means):.3f}"
    assert result.out.splitlines()[5:] == [
        "8 rows made, 0 were there",
        "the rows are in runs/evaluate/own; tables, pictures and players:  goodtake report runs/evaluate/own",
    ]
    again = cli("own.yaml", "--data", ".")
    assert "0 rows made, 8 were there" in again.out
    assert again.out.splitlines()[:5] == result.out.splitlines()[:5]


def test_only_part_of_it_in_another_folder(place, cli):
    result = cli("own.yaml", "--data", ".", "--run", "else", "--only", "condition=clean", "--only", "system=copy", "-q")
    assert (result.status, result.out, result.err) == (0, "", "")
    assert {(row.condition, row.system) for row in read_rows(place / "else")} == {("clean", "copy")}
    assert not (place / "runs").exists()
    for option, message in (
        ("clean", "--only clean: give condition=NAME or system=NAME"),
        ("metric=l1", "--only metric=l1: give condition=NAME or system=NAME"),
        ("condition=fog", "unknown condition 'fog': the benchmark has snr10, clean"),
    ):
        result = cli("own.yaml", "--data", ".", "--only", option)
        assert (result.status, result.err) == (1, f"goodtake: {message}\n")


def test_failures_are_counted_and_only_all_of_them_fail(place, cli):
    (place / "own.yaml").write_text(RECIPE.replace("cp {input} {output}", "false {input} {output}"))
    result = cli("own.yaml", "--data", ".", "--run", "some")
    assert result.status == 0
    assert "goodtake: copy failed on 4 of 4 clips; the first: a, snr10: " in result.err
    assert ["snr10", "copy", "2", "-", "-"] in [line.split() for line in result.out.splitlines()]
    result = cli("own.yaml", "--data", ".", "--run", "all", "--only", "system=copy")
    assert result.status == 1
    assert len(list(read_rows(place / "all"))) == 4


def test_mistakes_are_one_line(place, cli):
    for words, message in (
        (["none.yaml"], "recipe none.yaml cannot be read (No such file or directory): give the path of a recipe"),
        (["own.yaml", "--data", "music"], "is no folder: give a folder of recordings"),
        (["own.yaml", "--data", ".", "--run", "music"], "music holds other things than a run"),
    ):
        result = cli(*words)
        assert (result.status, result.out, result.err.count("\n")) == (1, "", 1)
        assert message in result.err


def test_a_table_says_how_many_clips_a_figure_is_of():
    rows = [
        Row("a", "", "", "", "all", "nothing", "", RATE, 1, 1.0, {"l1": 1.0, "mrs": None}),
        Row("b", "", "", "", "all", "nothing", "", RATE, 1, 1.0, {"l1": 2.0, "mrs": 3.0}),
    ]
    table = summary_table(Benchmark("x", metrics=("mrs", "l1", "fad")), rows)
    assert table == "condition  system   clips        mrs     l1\nall        nothing      2  3.000 (1)  1.500"


def test_progress_is_one_line_on_a_terminal_and_seldom_elsewhere(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(evaluate.time, "monotonic", lambda: now[0])
    line = ProgressLine(True)
    for now[0] in (5.0, 10.0, 12.0, 20.5):
        line.show(Progress(int(now[0]), 100, 0, 95.0))
    line.end()
    assert capsys.readouterr().err == "".join(f"{n} of 100 clips and conditions, 1 min 35 s left\n" for n in (10, 20))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    line = ProgressLine(True)
    line.show(Progress(1, 2, 3, 4.0))
    line.end()
    assert capsys.readouterr().err == "\r\x1b[K1 of 2 clips and conditions, 4 s left, 3 rows failed\r\x1b[K"
    ProgressLine(False).show(Progress(1, 2, 3, 4.0))
    assert capsys.readouterr().err == ""


def test_words():
    assert [time_left(seconds) for seconds in (0.4, 59.6, 3700)] == ["0 s left", "1 min 0 s left", "1 h 1 min left"]
    assert chosen(["system=a", "condition=b", "system=c=d"]) == (["b"], ["a", "c=d"])
    with pytest.raises(ConfigError, match="--only system=: give"):
        chosen(["system="])
    assert cores() >= 1
