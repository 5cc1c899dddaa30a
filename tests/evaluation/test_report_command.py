"""`goodtake report`: from a run folder to files and printed tables."""

import sys
from types import SimpleNamespace

import pytest
from report_cases import ENHANCE, enhance_rows, write_run

from goodtake.cli.main import run as run_cli


@pytest.fixture
def cli(monkeypatch, capsys):
    def call(*words):
        monkeypatch.setattr(sys, "argv", ["goodtake", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            run_cli()
        said = capsys.readouterr()
        return SimpleNamespace(status=end.value.code or 0, out=said.out, err=said.err)

    return call


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "run", ENHANCE, enhance_rows(clips=4), ("bound",))


def test_a_report_is_written_beside_the_rows_and_printed(cli, run):
    result = cli("report", run, "--players", "none")
    assert (result.status, result.err) == (0, "")
    assert {path.name for path in (run / "report").iterdir()} == {"report.md", "report.html", "tables", "figures"}
    assert "| studio " in result.out
    assert "fwSSNR: gain over nothing" in result.out
    assert f"the report is in {run / 'report'}" in result.out
    text = (run / "report" / "report.md").read_text(encoding="utf-8")
    assert f"goodtake report {run} --players none" in text
    again = cli("report", run, "--players", "none")
    assert again.status == 1
    assert "--force" in again.err
    assert cli("report", run, "--players", "none", "--force", "-q").out == ""


def test_correlation_alone_prints_and_writes_nothing(cli, run, tmp_path):
    means = {}
    for one in enhance_rows(clips=4):
        means.setdefault((one.system, one.condition), []).append(one.metrics["fwssnr"])
    order = sorted(means, key=lambda key: sum(means[key]))
    ratings = tmp_path / "ours.csv"
    lines = [f"{system},{condition},{1.5 + place / 4}" for place, (system, condition) in enumerate(order)]
    ratings.write_text("\n".join(["system,condition,mean", *lines]), encoding="utf-8")
    result = cli("report", "correlation", run, "--ratings", ratings)
    assert (result.status, result.err) == (0, "")
    found = {
        line.split("|")[1].strip(): line.split("|")[2].split()[0] for line in result.out.splitlines() if "[" in line
    }
    assert found == {"fwSSNR": "1.00", "−MRS": "1.00"}  # listeners of the very order of the figures
    assert not (run / "report").exists()
    published = cli("report", "correlation", run)
    assert "paper 1" in published.out
    ratings.write_text("system,condition,mean\nx,y,3\n", encoding="utf-8")
    assert "nothing in ratings ours was measured" in cli("report", "correlation", run, "--ratings", ratings).err


def test_options_that_cannot_be(cli, run):
    assert "--players many: give a number, none or all" in cli("report", run, "--players", "many").err
    assert "format 'doc'" in cli("report", run, "--format", "doc").err
    assert "is no run" in cli("report", run / "nothing").err
