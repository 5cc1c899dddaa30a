"""Mains hum: steady narrow lines at the multiples of 50 or 60 Hz.

Two-second spectra (half a hertz per bin) tell 98 Hz from 100 Hz, which the frames of 64 ms cannot. A line is steady
when it stands out from its neighbourhood even in the quietest quarter of the spectra; played notes come and go. Three
such lines on one comb, or two that stand out very far, are hum.
"""

from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from goodtake.diagnosis.measure_blocks import SILENCE_DB, FixedBlocks, LevelHistogram, to_db
from goodtake.dsp.stft import Wave, hann

RATE = 2000
WINDOW = 2 * RATE
"""Samples of a spectrum: two seconds."""

STEADY_SHARE = 0.25
HIGHEST_HZ = 620.0
LINE_DB, STRONG_LINE_DB = 10.0, 20.0
MAINS_HZ = (50.0, 60.0)
DRIFT = 0.0015
"""Mains and sound-card clocks together stay within this share of the nominal frequency."""


@dataclass(frozen=True)
class HumFacts:
    """Hum that was found.

    Args:
        hum_hz: 50 or 60, None where there is no hum.
        hum_dbfs: level of all its lines together, None where there is none.
        hum_lines_hz: frequencies of the lines that stand out.
    """

    hum_hz: float | None
    hum_dbfs: float | None
    hum_lines_hz: tuple[float, ...]


class HumMeasure:
    """Takes portions (n,) of a mono sum at the file's rate and gives `HumFacts`; needs at least four seconds."""

    def __init__(self, sample_rate: int) -> None:
        self._resampler = soxr.ResampleStream(sample_rate, RATE, 1, dtype="float32", quality="MQ")
        self._blocks = FixedBlocks(1, WINDOW // 2)
        self._half: Wave | None = None
        self._bins = int(HIGHEST_HZ * WINDOW / RATE) + 40
        self._levels = LevelHistogram(self._bins)
        self._spectra = 0

    def update(self, mono: Wave) -> None:
        """Takes the next samples, (n,)."""
        self._take(self._resampler.resample_chunk(np.ascontiguousarray(mono)))

    def result(self) -> HumFacts:
        """Returns what was found; the stream has ended."""
        self._take(self._resampler.resample_chunk(np.zeros(0, np.float32), last=True))
        none = HumFacts(None, None, ())
        if self._spectra < 3:
            return none
        steady_db = self._levels.quantile_db(STEADY_SHARE)
        best = max((_comb(steady_db, mains) for mains in MAINS_HZ), key=lambda comb: comb.prominence_db)
        strong = sum(prominence > STRONG_LINE_DB for prominence in best.prominences)
        if len(best.prominences) < 3 and strong < 2:
            return none
        return HumFacts(best.mains_hz, float(to_db(best.power)), best.lines_hz)

    def _take(self, mono: Wave) -> None:
        for second in self._blocks.feed(mono[None]):
            current = second[0].copy()
            if self._half is not None:
                window = hann(WINDOW)
                spectrum = np.fft.rfft(np.concatenate([self._half, current]) * window)[: self._bins]
                power = 2 * np.abs(spectrum) ** 2 / (WINDOW * float(np.sum(window**2)))  # mean squares per bin
                if power.max() > 1e-15:  # digital silence tells nothing about hum
                    self._levels.add(power[:, None])
                    self._spectra += 1
            self._half = current


@dataclass(frozen=True)
class _Comb:
    mains_hz: float
    lines_hz: tuple[float, ...]
    prominences: tuple[float, ...]
    power: float

    @property
    def prominence_db(self) -> float:
        return sum(self.prominences)


def _comb(steady_db: NDArray[np.float64], mains_hz: float) -> _Comb:
    """Finds the lines of one comb in the steady part of the spectrum (bin,)."""
    bin_hz = RATE / WINDOW
    lines, prominences, power = [], [], 0.0
    for harmonic in range(1, int(HIGHEST_HZ / mains_hz) + 1):
        centre = harmonic * mains_hz
        reach = max(1, round(DRIFT * centre / bin_hz))
        first = round(centre / bin_hz) - reach
        peak = first + int(steady_db[first : first + 2 * reach + 1].argmax())
        level = float(steady_db[peak])
        sides = np.concatenate([steady_db[peak - 20 : peak - 5], steady_db[peak + 6 : peak + 21]])
        prominence = level - max(float(np.quantile(sides, 0.75)), SILENCE_DB + 10)
        lonely = level >= float(steady_db[peak - 5 : peak + 6].max())  # else it is the skirt of a neighbour
        if prominence > LINE_DB and lonely:
            lines.append(peak * bin_hz)
            prominences.append(prominence)
            power += float(np.sum(10 ** (steady_db[peak - 2 : peak + 3] / 10)))
    return _Comb(mains_hz, tuple(lines), tuple(prominences), power)
