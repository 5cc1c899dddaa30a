"""Tables of ratings: from answers, from means, from paper 1, and what is no table."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats as scipy_stats

from goodtake.errors import ConfigError
from goodtake.evaluation.ratings import Rating, RatingTable, published_ratings, read_ratings


def table(tmp_path: Path, text: str, **options: tuple[float, float]) -> RatingTable:
    path = tmp_path / "mine.csv"
    path.write_text(text, encoding="utf-8")
    return read_ratings(path, **options)


def test_answers_become_means_with_intervals(tmp_path: Path) -> None:
    answers = [2, 3, 3, 5]
    lines = [f"nothing,snr5,{answer},listener {n}" for n, answer in enumerate(answers)]
    ratings = table(tmp_path, "\n".join(["system, condition ,rating,listener", *lines, "ours,snr5,4.5,x"]))
    low, high = scipy_stats.t.interval(0.95, 3, np.mean(answers), scipy_stats.sem(answers))
    first, second = ratings.ratings
    assert (first.system, first.condition, first.mean, first.n) == ("nothing", "snr5", 3.25, 4)
    assert first.half_interval == pytest.approx((high - low) / 2)
    assert second == Rating("ours", "snr5", 4.5, None, 1)
    assert (ratings.name, ratings.systems, ratings.conditions) == ("mine", ("nothing", "ours"), ("snr5",))


def test_means_are_taken_as_they_are(tmp_path: Path) -> None:
    text = "\ufeffsystem,condition,mean,half_interval,n\na,x,2.48,0.11,310\na,y,3,,\n"
    assert table(tmp_path, text).ratings == (Rating("a", "x", 2.48, 0.11, 310), Rating("a", "y", 3.0))
    assert table(tmp_path, "system,condition,mean\na,x,2.5\n").ratings == (Rating("a", "x", 2.5),)


def test_another_scale_can_be_given(tmp_path: Path) -> None:
    assert table(tmp_path, "system,condition,rating\na,x,80\n", scale=(0, 100)).ratings[0].mean == 80


def test_the_papers_ratings_are_all_there() -> None:
    ratings = published_ratings()
    assert len(ratings.ratings) == 39
    assert len(ratings.systems) == 5
    assert len(ratings.conditions) == 8
    assert Rating("Demucs", "SNR 15", 2.85, 0.11) in ratings.ratings
    assert "ICASSP 2022" in ratings.source


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no column 'system', found nothing"),
        ("system;condition;rating\na;x;3\n", "no column 'system', found system;condition;rating"),
        ("system,rating\na,3\n", "no column 'condition'"),
        ("system,condition,score\na,x,3\n", "no column 'mean'.*rating or mean"),
        ("system,condition,rating\n", "holds no rows"),
        ("system,condition,rating\na,x,3\na,x,good\n", "line 3: rating 'good' is not a number"),
        ("system,condition,rating\na,x\n", "line 2: rating '' is not a number"),
        ("system,condition,rating\na,x,6\n", "rating 6 is outside the scale: expected 1 to 5"),
        ("system,condition,rating\na,x,nan\n", "rating nan is outside"),
        ("system,condition,mean\na,x,0.5\n", "mean 0.5 is outside"),
        ("system,condition,rating\n,x,3\n", "column 'system' is empty"),
        ("system,condition,mean\na,x,3\na,x,4\n", "line 3: a / x is given twice"),
        (
            "system,condition,mean,half_interval\na,x,3,-1\n",
            "half_interval -1 is outside the scale: expected 0 or more",
        ),
        ("system,condition,mean,n\na,x,3,0\n", "n 0 is outside"),
        ("system,condition,mean,n\na,x,3,inf\n", "n inf is outside"),
    ],
)
def test_what_is_no_table_of_ratings_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        table(tmp_path, text)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_ratings(tmp_path / "missing.csv")
    (tmp_path / "latin.csv").write_bytes("system,condition,rating\nBöse,x,3\n".encode("latin-1"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_ratings(tmp_path / "latin.csv")
