"""One system against another on the same clips: how much better, how often, and how sure.

Pairing removes what clips differ in, which is far more than systems do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodtake.errors import ConfigError
from goodtake.stats.binomial import wilson_interval
from goodtake.stats.bootstrap import RESAMPLES, bootstrap_interval
from goodtake.stats.interval import Interval, checked_values
from goodtake.stats.signed_rank import SignedRank, wilcoxon


@dataclass(frozen=True)
class PairedComparison:
    """One system ("ours") against another on the same clips. Above 0 and above a half are better, whatever the metric.

    Args:
        difference: mean improvement with its bootstrap interval over songs, in the metric's unit.
        wins: clips on which ours is better.
        ties: clips without a difference.
        losses: clips on which the other is better.
        win_rate: (wins + ties / 2) / clips, with a Wilson interval that counts each song once.
        test: Wilcoxon's signed-rank test on the mean improvement of every song.
        n: clips.
        groups: songs.
    """

    difference: Interval
    wins: int
    ties: int
    losses: int
    win_rate: Interval
    test: SignedRank
    n: int
    groups: int

    @property
    def p(self) -> float:
        """Two-sided p-value of the test, before any correction for several tests (`holm`)."""
        return self.test.p


def compare_pairs(
    ours: ArrayLike,
    others: ArrayLike,
    groups: Sequence[str | int] | None = None,
    *,
    direction: Literal["up", "down"] = "up",
    tolerance: float = 0.0,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> PairedComparison:
    """Compares two systems on the same clips.

    Clips of one song are not independent. The interval draws whole songs, the test is given one number per song, and
    the interval of the win rate takes the number of songs as the number of trials: as if the clips of a song always
    agreed, which makes it too wide rather than too narrow.

    Args:
        ours: (n,) figures of the system in question.
        others: (n,) figures of the other, clip by clip in the same order.
        groups: name of the song of every clip; None when every clip is a song of its own.
        direction: "up" when more is better, "down" when less is.
        tolerance: differences up to this size are ties.
        level: confidence of both intervals.
        resamples: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        ConfigError: when the lists differ in length, are empty or hold something that is not finite.
    """
    first, second = checked_values(ours, "figures of the first system"), checked_values(others, "figures of the second")
    if first.size != second.size:
        raise ConfigError(f"a paired comparison needs the same clips, got {first.size} and {second.size} figures")
    if tolerance < 0:
        raise ConfigError(f"tolerance must be 0 or more, got {tolerance}")
    gains = first - second if direction == "up" else second - first
    gains[np.abs(gains) <= tolerance] = 0.0
    difference = bootstrap_interval(gains, groups, level=level, resamples=resamples, seed=seed)
    per_song = gains if groups is None else group_means(gains, groups)
    wins, losses = int(np.sum(gains > 0)), int(np.sum(gains < 0))
    ties = gains.size - wins - losses
    share = (wins + ties / 2) / gains.size
    low, high = wilson_interval(share, per_song.size, level)
    win_rate = (
        Interval(share, low, high, gains.size, level)
        if per_song.size > 1
        else Interval(share, None, None, gains.size, level, difference.note)
    )
    return PairedComparison(difference, wins, ties, losses, win_rate, wilcoxon(per_song), gains.size, per_song.size)


def group_means(values: NDArray[np.float64], groups: Sequence[str | int]) -> NDArray[np.float64]:
    """Returns the mean of every group, in the order of the groups' names: (n,) -> (groups,)."""
    names, of_item = np.unique(np.asarray(groups), return_inverse=True)
    return np.asarray(np.bincount(of_item, values, names.size) / np.bincount(of_item, minlength=names.size))
