"""From a recipe that comes with goodtake to its report, with real recordings on the page."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
from bench import music

from goodtake.cli.main import run as run_cli
from goodtake.errors import ConfigError, DatasetError
from goodtake.evaluation.report.collect import collect
from goodtake.evaluation.report.recordings import make_recording_players, run_all

TINY = Path(__file__).parents[2] / "recipes" / "evaluate" / "tiny.yaml"


def goodtake(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["goodtake", *map(str, words)])
    with pytest.raises(SystemExit) as end:
        run_cli()
    return end.value.code or 0


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    with pytest.MonkeyPatch.context() as patch:
        assert goodtake(patch, "evaluate", TINY, "--run", folder / "run", "--jobs", "1", "-q") == 0
    return folder / "run"


@pytest.fixture
def found(tmp_path):
    (tmp_path / "found").mkdir()
    soundfile.write(tmp_path / "found" / "busker.wav", music(3)[0], 16_000)
    (tmp_path / "found" / "busker.txt").write_text("A busker, CC0\n")
    return tmp_path / "found"


def test_a_recipe_becomes_a_report_with_recordings(tiny, found, monkeypatch, capsys):
    assert goodtake(monkeypatch, "report", tiny, "--players", "1", "--recordings", found) == 0
    said = capsys.readouterr().out
    assert re.search(r"\| wiener +\|.*\d", said)
    page = (tiny / "report" / "report.html").read_text(encoding="utf-8")
    heard = page[page.index("Real-world recordings") :]
    assert "busker" in heard
    assert "A busker, CC0" in heard
    assert heard.count("data:audio/mpeg") == 3  # the input, afftdn, wiener
    assert "Reference" not in heard


def test_versions_are_what_the_systems_make_of_a_recording(tiny, found):
    (player,) = make_recording_players(collect([tiny]), found)
    assert [version.name for version in player.versions] == ["input", "afftdn", "wiener"]
    assert len({version.sound for version in player.versions}) == 3
    assert (player.condition, player.credit, player.seconds) == ("Real-world recordings", "A busker, CC0", 1.0)
    with pytest.raises(DatasetError, match="holds no audio"):
        make_recording_players(collect([tiny]), tiny / "embeddings")


@dataclass
class Doubled:
    oracle: bool = False
    broken: bool = False

    def __call__(self, case):
        if self.broken:
            raise ConfigError("no luck")
        return 2 * case.degraded


def test_oracles_stay_away_chains_hold_and_failures_are_said():
    systems = {"one": Doubled(), "oracle": Doubled(oracle=True), "broken": Doubled(broken=True)}
    systems |= {"two": Doubled(), "lost": Doubled()}
    wave = music(1)
    waves, failed = run_all(wave, "x", 16_000, systems, {"two": "one", "lost": "broken"})
    assert list(waves) == ["input", "one", "two"]
    np.testing.assert_array_equal(waves["two"], 4 * wave)
    assert failed == ["broken: no luck"]
