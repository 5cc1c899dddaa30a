"""Correlation of metrics with ratings on made-up runs whose answer is known."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from scipy import stats as scipy_stats

from goodtake.errors import ConfigError
from goodtake.evaluation.correlation import CorrelationResult, as_table, correlate
from goodtake.evaluation.published import Names
from goodtake.evaluation.ratings import Rating, RatingTable, published_ratings
from goodtake.evaluation.rows import Row

SYSTEMS = {"paper1": "Mel2Mel + Diffwave", "mel2mel-griffinlim": "Mel2Mel + Griffin-Lim", "nothing": "No Enhancement"}
CONDITIONS = {"eq": "Random EQ", "snr5": "SNR 5", "snr15": "SNR 15", "drr0": "DRR 0", "all": "All"}
MOS = {(rating.system, rating.condition): rating.mean for rating in published_ratings().ratings}


def row(system: str, condition: str, clip: int = 0, **metrics: float | None) -> Row:
    return Row(
        clip=f"clip{clip}",
        kind="phrases",
        instrument="",
        song=f"song{clip}",
        condition=condition,
        system=system,
        after="",
        sample_rate=16_000,
        channels=1,
        seconds=3.0,
        metrics=dict(metrics),
    )


def run(figure: Callable[[str, str], float], metric: str = "fwssnr", clips: int = 3) -> Iterator[Row]:
    """Rows whose mean over clips is figure(system, condition)."""
    for system in SYSTEMS:
        for condition in CONDITIONS:
            for clip in range(clips):
                yield row(system, condition, clip, **{metric: figure(system, condition) + clip - (clips - 1) / 2})


def opinion(system: str, condition: str) -> float:
    return MOS[SYSTEMS[system], CONDITIONS[condition]]


def only(results: list[CorrelationResult]) -> CorrelationResult:
    assert len(results) == 1
    return results[0]


def test_a_metric_that_orders_like_listeners_correlates_perfectly() -> None:
    result = only(correlate(run(lambda s, c: np.exp(opinion(s, c))), published_ratings()))
    assert result.spearman is not None
    assert result.kendall is not None
    assert result.spearman.estimate == pytest.approx(1.0)
    assert result.kendall.estimate == pytest.approx(1.0)
    assert (result.label, result.published, result.clips_missing, result.note) == ("fwssnr", 0.5, 0, "")
    assert len(result.points) == result.spearman.n == 15


def test_less_is_turned_into_better_for_metrics_that_go_down() -> None:
    down = only(correlate(run(lambda s, c: -opinion(s, c), "mrs"), published_ratings()))
    assert down.spearman is not None
    assert down.spearman.estimate == pytest.approx(1.0)
    assert (down.label, down.direction) == ("−mrs", "down")
    assert down.points[0].figure == pytest.approx(-down.points[0].rating.mean)  # figures keep their own sign
    up = only(correlate(run(lambda s, c: -opinion(s, c), "fwssnr"), published_ratings()))
    assert up.spearman is not None
    assert up.spearman.estimate == pytest.approx(-1.0)


def test_rho_and_tau_are_those_of_the_means() -> None:
    generator = np.random.default_rng(0)
    noise = {(s, c): generator.normal() for s in SYSTEMS for c in CONDITIONS}
    rows = [
        row(s, c, clip, fwssnr=opinion(s, c) + noise[s, c] + generator.normal())
        for s in SYSTEMS
        for c in CONDITIONS
        for clip in range(4)
    ]
    means = {key: np.mean([r.metrics["fwssnr"] for r in rows if (r.system, r.condition) == key]) for key in noise}
    result = only(correlate(rows, published_ratings(), resamples=500))
    opinions = [opinion(*key) for key in means]
    assert result.spearman is not None
    assert result.spearman.low is not None
    assert result.spearman.high is not None
    assert result.kendall is not None
    assert result.spearman.estimate == pytest.approx(scipy_stats.spearmanr(list(means.values()), opinions).statistic)
    assert result.kendall.estimate == pytest.approx(scipy_stats.kendalltau(list(means.values()), opinions).statistic)
    assert -1 <= result.spearman.low < result.spearman.estimate < result.spearman.high <= 1
    assert correlate(rows, published_ratings(), resamples=500) == [result]


def test_what_was_left_out_is_named() -> None:
    rows = [*run(opinion), row("paper1", "studio", fwssnr=1.0), row("wiener", "eq", fwssnr=1.0)]
    result = only(correlate(rows, published_ratings()))
    assert result.unrated == ("paper1 / studio", "wiener / eq")
    assert len(result.unmeasured) == 39 - 15
    assert {"Clean / All", "Demucs / SNR 5", "No Enhancement / DRR 6"} <= set(result.unmeasured)
    assert "Mel2Mel + Diffwave / SNR 5" not in result.unmeasured


def test_set_metrics_join_in_and_follow_their_direction() -> None:
    fad = {("fad_vggish", s, c): 9 - opinion(s, c) for s in SYSTEMS for c in CONDITIONS}
    results = correlate(run(lambda s, c: -opinion(s, c)), published_ratings(), set_values=fad)
    assert [result.label for result in results] == ["−fad_vggish", "fwssnr"]  # best first
    assert results[0].spearman is not None
    assert results[0].spearman.estimate == pytest.approx(1.0)
    assert results[0].published == 0.53


def test_clips_without_a_figure_are_counted_and_left_out() -> None:
    rows = [*run(opinion), row("paper1", "snr5", 9, fwssnr=None), row("wiener", "snr5", 9, fwssnr=None)]
    result = only(correlate(rows, published_ratings()))
    assert result.clips_missing == 1
    assert result.spearman is not None
    assert result.spearman.estimate == pytest.approx(1.0)


def test_a_metric_that_was_never_measured_is_listed_last_with_the_reason() -> None:
    rows = [row(r.system, r.condition, mrs=None, **r.metrics) for r in run(opinion)]
    first, last = correlate(rows, published_ratings())
    assert (first.metric, last.metric) == ("fwssnr", "mrs")
    assert last.spearman is last.kendall is last.ceiling is None
    assert last.note == "0 of 3 points that a rank correlation needs"
    assert last.clips_missing == 45
    assert as_table([last])[0]["spearman"] is None


def test_figures_without_order_have_no_correlation() -> None:
    result = only(correlate(run(lambda s, c: 1.0), published_ratings()))
    assert result.spearman is None
    assert result.note == "all figures are equal: there is no order"
    same = RatingTable("mine", "", tuple(Rating(s, "eq", 3.0) for s in SYSTEMS))
    assert only(correlate(run(opinion), same)).note == "all ratings are equal: there is no order"


def test_own_ratings_need_no_names_but_may_bring_some() -> None:
    ratings = [Rating(s, "eq", opinion(s, "eq")) for s in SYSTEMS]
    result = only(correlate(run(opinion), RatingTable("mine", "", tuple(ratings))))
    assert result.spearman is not None
    assert (result.spearman.n, result.published, result.ceiling) == (3, None, None)
    renamed = RatingTable("mine", "", tuple(Rating(f"my {r.system}", "E", r.mean) for r in ratings))
    names = Names({f"my {s}": s for s in SYSTEMS}, {"E": "eq"})
    again = only(correlate(run(opinion), renamed, names=names))
    assert again.spearman == result.spearman


def test_a_name_that_the_benchmark_has_stands_for_itself() -> None:
    rows = [row(s, c, fwssnr=f) for s, c, f in [("Demucs", "eq", 1.0), ("a", "eq", 2.0), ("b", "eq", 3.0)]]
    ratings = RatingTable("mine", "", (Rating("Demucs", "eq", 1.0), Rating("a", "eq", 2.0), Rating("b", "eq", 3.0)))
    assert only(correlate(rows, ratings)).unmeasured == ()


def test_certain_ratings_have_a_higher_ceiling() -> None:
    def ceiling(half: float) -> float:
        ratings = tuple(Rating(s, c, opinion(s, c), half) for s in SYSTEMS for c in CONDITIONS)
        result = only(correlate(run(opinion), RatingTable("mine", "", ratings)))
        assert result.ceiling is not None
        return result.ceiling

    assert 0.999 < ceiling(0.0) <= 1.0
    assert 0.97 < ceiling(0.1) < ceiling(0.0)
    assert 0.3 < ceiling(1.5) < 0.8


def test_the_table_holds_what_a_report_prints() -> None:
    line = as_table(correlate(run(opinion), published_ratings()))[0]
    assert line["metric"] == "fwssnr"
    assert line["spearman"] == pytest.approx(1.0)
    assert line["points"] == 15
    assert line["systems"] == "paper1, mel2mel-griffinlim, nothing"
    assert line["published"] == 0.5
    assert "Demucs / SNR 5" in str(line["unmeasured"])


def test_ratings_of_something_else_are_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"nothing in ratings mine.*rated x / eq; measured .*nothing / all"):
        correlate(run(opinion), RatingTable("mine", "", (Rating("x", "eq", 3.0),)))
    with pytest.raises(ConfigError, match="measured nothing"):
        correlate([], published_ratings())


def test_two_ratings_for_one_system_are_refused() -> None:
    twice = RatingTable("mine", "", (Rating("No Enhancement", "eq", 3.0), Rating("nothing", "eq", 4.0)))
    with pytest.raises(ConfigError, match="two ratings stand for nothing / eq"):
        correlate(run(opinion), twice)


def test_a_metric_outside_the_registry_is_refused() -> None:
    with pytest.raises(ConfigError, match="unknown metric 'beauty': known are fwssnr"):
        correlate(run(opinion, "beauty"), published_ratings())
