"""Decay time from the free decays in a recording: what rings on after notes end.

Where the level of an octave band falls along a straight line (in dB), its slope is a decay time; every such stretch
votes, and a low quantile of the votes is the answer, for an instrument can only ring longer than its room allows, never
shorter (after Ratnam et al., "Blind estimation of reverberation time", JASA 114, 2003, section III: the fast decays
tell the room).

It needs pauses or staccato. On phrases played in rooms of known decay time the logarithms correlate by 0.5 only, the
median being right: a hint where no trained net is at hand. Thresholds were chosen on those.
"""

import numpy as np
from numpy.typing import NDArray

from goodtake.diagnosis.measure_blocks import to_db

STRETCHES = (16, 32)
"""Lengths of the lines that are fitted, frames."""

LEAST_DROP_DB = 12.0
LARGEST_RESIDUAL_DB = 1.6
LEAST_VOTES = 8
QUANTILE = 0.2
OCTAVES_HZ = (250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0)
GRID_S = np.geomspace(0.08, 12.0, 101)


class DecayMeasure:
    """Takes portions (band, frame) of octave-band powers.

    Args:
        bands: number of octave bands.
        frame_s: time between two frames, seconds.
    """

    def __init__(self, bands: int, frame_s: float) -> None:
        self.frame_s = frame_s
        self._votes = np.zeros(len(GRID_S) + 1, np.int64)
        self._past = np.full((bands, max(STRETCHES) - 1), np.nan)

    def update(self, power: NDArray[np.floating]) -> None:
        """Takes the next frames, (band, frame)."""
        level = np.concatenate([self._past, to_db(power)], axis=1)  # before the first frame NaN, which never votes
        self._past = level[:, -self._past.shape[1] :].copy()
        fresh = power.shape[1]
        taken = np.zeros((len(level), fresh), bool)
        for stretch in reversed(STRETCHES):  # a long line speaks for the short ones at its end
            decay_s, straight = self._lines(level[:, -(fresh + stretch - 1) :], stretch)
            straight &= ~taken
            np.add.at(self._votes, np.searchsorted(GRID_S, decay_s[straight]), 1)
            taken |= straight

    def result(self) -> float | None:
        """Returns the decay time (60 dB) in seconds, None where too few decays were heard."""
        total = int(self._votes.sum())
        if total < LEAST_VOTES:
            return None
        cumulative = np.cumsum(self._votes)
        place = int(np.argmax(cumulative >= QUANTILE * total))
        return float(GRID_S[np.clip(place, 0, len(GRID_S) - 1)])

    def _lines(self, level: NDArray[np.float64], stretch: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Fits a line to the frames up to each one: its decay time, and whether it is straight and long enough."""
        windows = np.lib.stride_tricks.sliding_window_view(level, stretch, axis=1)  # (band, frame, stretch)
        time = np.arange(stretch) - (stretch - 1) / 2
        spread = float(np.sum(time**2))
        slope = windows @ time / spread  # dB per frame
        residual = windows.var(axis=2) - slope**2 * spread / stretch
        drop = -slope * stretch
        straight = (drop > LEAST_DROP_DB) & (residual < LARGEST_RESIDUAL_DB**2)
        return np.where(straight, 60 * self.frame_s / np.where(straight, -slope, 1), 0), straight
