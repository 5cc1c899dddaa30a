"""What a report writes, what it refuses, and that nothing half-written stays."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from report_cases import ENHANCE, SEPARATE, enhance_rows, row, separate_rows, write_run, write_run_with_sound

from goodtake.errors import (
    ConfigError,
    MissingExtraError,
    OutputExistsError,
    UnreadableAudioError,
    UnwritableAudioError,
)
from goodtake.evaluation.report.measures import Options
from goodtake.evaluation.report.write import Wishes, write_report

WISHES = Wishes(formats=("md", "csv"), options=Options(resamples=100), command="goodtake report RUN --players 3")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "run", ENHANCE, enhance_rows(clips=4), ("bound",))


def test_formats(run, tmp_path):
    write_report([run], tmp_path / "a", replace(WISHES, formats=("csv",)))
    assert {path.name for path in (tmp_path / "a").iterdir()} == {"tables"}
    write_report([run], tmp_path / "b", replace(WISHES, formats=("md",)))
    assert {path.name for path in (tmp_path / "b").iterdir()} == {"report.md", "figures"}
    text = (tmp_path / "b" / "report.md").read_text(encoding="utf-8")
    assert "](figures/means_fwssnr.svg)" in text
    svg = (tmp_path / "b" / "figures" / "means_fwssnr.svg").read_text(encoding="utf-8")
    assert svg.count("<circle") == 8  # four systems, two conditions
    assert "report.html" not in text
    with pytest.raises(ConfigError, match="format 'pdf'"):
        write_report([run], tmp_path / "c", replace(WISHES, formats=("md", "pdf")))
    assert not (tmp_path / "c").exists()


def test_only_the_page_needs_an_extra(run, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    write_report([run], tmp_path / "plain", WISHES)
    with pytest.raises(MissingExtraError, match=r"goodtake\[eval\]"):
        write_report([run], tmp_path / "page", replace(WISHES, formats=("html",)))
    assert not (tmp_path / "page").exists()


def test_the_report_says_how_it_was_made(run, tmp_path):
    write_report([run], tmp_path / "out", WISHES)
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "`goodtake report RUN --players 3`" in text
    assert "seed 3" in text
    assert f"SHA-256 {'b' * 12}" in text
    assert "studio-diges" in text  # hash of a system
    assert "| bound † " in text
    assert "# Made-up &lt;figures&gt; & more" in text


def test_an_existing_report_stays_without_force(run, tmp_path):
    out = tmp_path / "out"
    write_report([run], out, WISHES)
    (out / "report.md").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputExistsError, match="--force"):
        write_report([run], out, WISHES)
    assert (out / "report.md").read_text(encoding="utf-8") == "mine"
    write_report([run], out, replace(WISHES, formats=("csv",)), force=True)
    assert {path.name for path in out.iterdir()} == {"tables"}
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_folder_with_other_things_is_never_replaced(run, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("x", encoding="utf-8")
    for place in (tmp_path / "out", run):
        with pytest.raises(OutputExistsError):
            write_report([run], place, WISHES, force=True)
    assert (tmp_path / "out" / "thesis.txt").exists()
    assert (run / "rows.jsonl").exists()


def test_nothing_stays_of_a_report_that_failed(run, tmp_path, monkeypatch):
    out = tmp_path / "out"
    write_report([run], out, WISHES)
    before = sorted(out.rglob("*"))

    def full(self, *rest, **more):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", full)
        with pytest.raises(UnwritableAudioError, match="disk is full"):
            write_report([run], out, WISHES, force=True)
    assert sorted(out.rglob("*")) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "run"]


def test_a_missing_sound_file_leaves_no_report(tmp_path):
    run = write_run_with_sound(tmp_path / "run", ENHANCE, enhance_rows(clips=2))
    (run / "audio" / "all" / "song0-0" / "reference.flac").unlink()
    with pytest.raises(UnreadableAudioError, match=r"reference\.flac"):
        write_report([run], tmp_path / "out", replace(WISHES, formats=("html",)))
    assert not (tmp_path / "out").exists()


def test_one_clip_has_no_interval_and_says_so(tmp_path):
    run = write_run(tmp_path / "run", ENHANCE, enhance_rows(clips=1))
    write_report([run], tmp_path / "out", WISHES)
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "One clip only" in text.partition("## Figures")[0]
    assert "[" not in text.partition("### fwSSNR")[2].partition("###")[0]
    assert "low" not in (tmp_path / "out" / "tables" / "figures_mrs.csv").read_text(encoding="utf-8")


def test_failed_rows_are_counted_and_listed(tmp_path):
    rows = enhance_rows(clips=4)
    nothing = {"fwssnr": None, "mrs": None}
    rows[2] = replace(rows[2], metrics=nothing, errors={"system": "studio: gave | no output"})
    rows[4] = replace(rows[4], metrics={**rows[4].metrics, "mrs": None}, errors={"mrs": "silent"})
    run = write_run(tmp_path / "run", ENHANCE, rows[:-1])
    write_report([run], tmp_path / "out", WISHES)
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "1 row failed and 1 single figure could not be measured" in text
    assert "1 row missing" in text
    assert "gave \\| no output" in text
    assert "silent" in text
    assert "Not every mean of a column is over the same clips" in text
    csv = (tmp_path / "out" / "tables" / "systems.csv").read_text(encoding="utf-8")
    studio = next(line for line in csv.splitlines() if line.startswith("studio"))
    assert ",8,1," in studio  # rows, failed


def test_nothing_measured_is_an_error(tmp_path):
    rows = [row("a", "all", "nothing", {"fwssnr": None}, errors={"system": "no licence"})]
    run = write_run(tmp_path / "run", ENHANCE, rows)
    with pytest.raises(ConfigError, match=r"no row has a figure \(no licence\)"):
        write_report([run], tmp_path / "out", WISHES)


def test_unknown_metric_system_and_run(run, tmp_path):
    with pytest.raises(ConfigError, match="no row has metric 'sdr': choose from fwssnr, mrs"):
        write_report([run], tmp_path / "out", replace(WISHES, metric="sdr"))
    with pytest.raises(ConfigError, match="no rows of system 'x'"):
        write_report([run], tmp_path / "out", replace(WISHES, system="x"))
    with pytest.raises(ConfigError, match="is no run"):
        write_report([tmp_path / "nowhere"], tmp_path / "out", WISHES)
    with pytest.raises(ConfigError, match="cannot be read"):
        write_report([run], tmp_path / "out", replace(WISHES, ratings=str(tmp_path / "none.csv")))


def test_runs_of_different_experiments_are_not_mixed(run, tmp_path):
    other = write_run(tmp_path / "stems", SEPARATE, separate_rows(2))
    with pytest.raises(ConfigError, match="make a report of each"):
        write_report([run, other], tmp_path / "out", WISHES)
    changed = [replace(r, degradation={**r.degradation, "gain_db": 3.0}) for r in enhance_rows(clips=4)]
    twin = write_run(tmp_path / "twin", ENHANCE, changed)
    with pytest.raises(ConfigError, match="other drawn parameters"):
        write_report([run, twin], tmp_path / "out", WISHES)


def test_only_shareable_clips_are_played(tmp_path):
    rows = [replace(r, shareable=not r.clip.endswith("-1")) for r in enhance_rows(clips=3)]
    run = write_run_with_sound(tmp_path / "run", ENHANCE, rows)
    page = replace(WISHES, formats=("html",))
    every = write_report([run], tmp_path / "a", replace(page, players=None))
    assert {player.pick.clip for player in every.players} == {"song0-0", "song0-1", "song1-2"}
    open_ones = write_report([run], tmp_path / "b", replace(page, players=None, only_shareable=True))
    assert {player.pick.clip for player in open_ones.players} == {"song0-0", "song1-2"}
    assert "1 of 3 clips may not be published" in open_ones.about_players
    assert "At most" not in every.about_players
    one = write_report([run], tmp_path / "d", replace(page, players=1))
    assert [player.pick.rank for player in one.players] == ["median"]
    assert "At most 1 clip" in one.about_players
    none = write_report([run], tmp_path / "c", replace(page, players=0))
    assert none.players == ()
    text = (tmp_path / "c" / "report.html").read_text(encoding="utf-8")
    assert "audio/mpeg" not in text
    assert 'id="listen"' not in text


def test_votes(tmp_path):
    run = write_run(tmp_path / "run", SEPARATE, separate_rows(3))
    votes = tmp_path / "votes.csv"
    answers = ["bass,demucs,processed"] * 15 + ["bass,demucs,raw"] * 5 + ["drums,demucs,raw"] * 6
    votes.write_text("\n".join(["stem,separator,choice", *answers, *["drums,demucs,processed"] * 5]), encoding="utf-8")
    write_report([run], tmp_path / "out", replace(WISHES, votes=votes))
    lines = (tmp_path / "out" / "tables" / "votes.csv").read_text(encoding="utf-8").splitlines()
    share, low, high, count, answered, p = (float(cell) for cell in lines[1].split(",")[2:])
    assert (share, count, answered) == (0.75, 20, 20)
    assert p == pytest.approx(0.0413895, rel=1e-4)  # binomial, 15 of 20
    assert (low, high) == pytest.approx((0.5313, 0.8881), abs=1e-4)  # Wilson
    assert "75 % [53, 89] ▲" in (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert lines[2].startswith("drums,demucs,0.454545")
    votes.write_text("stem,separator,choice\nbass,demucs,both\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="line 2: choice is 'both'"):
        write_report([run], tmp_path / "more", replace(WISHES, votes=votes))


def test_the_difference_of_roll_offs_is_drawn_where_the_frames_are(tmp_path):
    from goodtake.evaluation.report.collect import collect
    from goodtake.evaluation.report.paper_tables import rolloff_histogram

    evaluation = collect([write_run(tmp_path / "run", SEPARATE, separate_rows(3))])
    shares = rolloff_histogram(evaluation, "msg", "bass")
    assert shares is not None
    assert shares.sum() == pytest.approx(1.0)
    assert shares[72] == pytest.approx((50 + 51 + 52) / (50 + 51 + 52 + 30))
    assert rolloff_histogram(evaluation, "msg", "vocals") is None
