"""The papers' figures as data: their shape, some cells, and the claims that they bear out."""

import numpy as np
import pytest

from goodtake.degrade.conditions import CONDITIONS
from goodtake.evaluation.published import (
    findings,
    metric_correlations,
    names_in_benchmarks,
    onset_f1,
    opinion_scores,
    statements,
    training_schemes,
)
from goodtake.evaluation.rows import REFERENCE
from goodtake.metrics import METRICS, SET_METRICS


def test_opinion_scores_are_whole() -> None:
    scores = opinion_scores()
    by_key = {(score.table, score.system, score.condition): score for score in scores}
    assert len(scores) == len(by_key) == 4 + 5 * 7
    assert len({score.system for score in scores}) == 5
    assert (by_key[1, "Mel2Mel + Diffwave", "All"].mean, by_key[1, "No Enhancement", "All"].half_interval) == (
        4.06,
        0.09,
    )
    assert (by_key[2, "Demucs", "SNR 5"].mean, by_key[2, "Clean", "DRR 0"].half_interval) == (2.55, 0.04)
    # sums of the rows of Table 2, added up by hand from the page
    for system, total in {
        "Clean": 30.21,
        "Mel2Mel + Diffwave": 27.93,
        "Mel2Mel + Griffin-Lim": 21.37,
        "Demucs": 21.50,
        "No Enhancement": 24.35,
    }.items():
        assert sum(s.mean for s in scores if s.table == 2 and s.system == system) == pytest.approx(total)
    assert sum(score.half_interval for score in scores) == pytest.approx(3.10)


def test_table_3_and_4_are_whole() -> None:
    assert {entry.metric: entry.rho for entry in metric_correlations()} == {
        "fwssnr": 0.5,
        "mrs": 0.56,
        "l1": 0.4,
        "fad_vggish": 0.53,
    }
    for entry in metric_correlations():
        metric = METRICS.get(entry.metric) or SET_METRICS[entry.metric]
        assert entry.label.startswith("−") == (metric.direction == "down")
    schemes = {scheme.model: scheme for scheme in training_schemes()}
    assert len(schemes) == 5
    assert (schemes["Joint Training"].fad, schemes["No Enhancement"].fwssnr) == (3.98, 6.96)


def test_paper_2_is_whole() -> None:
    rows = onset_f1()
    assert len(rows) == 12
    assert {row.domain for row in rows if row.separator in ("Demucs v2", "Wavenet")} == {"wave"}
    assert {row.domain for row in rows if row.separator in ("Spleeter", "OpenUnmix")} == {"spectrogram"}
    assert [row.polished for row in rows if row.stem == "drums"] == [0.82, 0.74, 0.82, 0.79]
    assert sum(row.raw for row in rows) == pytest.approx(6.97)
    told = {(entry.name, entry.stem): (entry.low, entry.high) for entry in statements()}
    assert told["answers_per_test", "all"] == (308, 696)
    assert told["rolloff_error_raw", "vocals"] == (100, 200)


def test_names_lead_to_conditions_that_exist() -> None:
    names = names_in_benchmarks()
    scores = opinion_scores()
    assert set(names.conditions) == {score.condition for score in scores}
    assert set(names.conditions.values()) <= set(CONDITIONS)
    assert {score.system for score in scores} <= set(names.systems)
    assert {scheme.model for scheme in training_schemes()} <= set(names.systems)
    assert names.systems["Clean"] == REFERENCE
    assert names.conditions["Random EQ"] == "eq"


def test_no_enhancement_under_all_faults_is_not_the_mean_of_single_faults() -> None:
    """Why Table 1 is filed under "All": 2.85 cannot be the mean of these seven and an eighth of 1 or more."""
    single = [score.mean for score in opinion_scores() if score.table == 2 and score.system == "No Enhancement"]
    assert np.mean([*single, 1.0]) > 2.85 + 0.09


def test_the_papers_claims_follow_from_their_tables() -> None:
    found = findings()
    assert len(found) == 10
    assert all(finding.holds for finding in found)
    figures = {finding.claim: finding.figures for finding in found}
    assert (
        figures["listeners mind noise and mostly ignore reverberation"] == "noise costs 1.58 points, reverberation 0.25"
    )
    assert (
        figures["MSG raises the onset F1 of bass and drums in 7 of 8 cases"]
        == "mean change +0.050, signed-rank p = 0.047"
    )
    assert "0.56 [0.21, 0.78]" in figures["no metric correlates strongly with listeners"]
    assert "rho = -0.8" in figures["joint training is best by FAD, independent training by the other metrics"]
    assert figures["308 to 696 answers suffice to see a preference"] == "from 55.8% down to 53.9% of answers"
    assert "p = 0.12" in figures["listeners prefer MSG in 11 of 15 combinations of separator and stem"]
