"""What the spectrogram tells: noise floor, bandwidth, long-term spectrum, decay, and a small spectrogram to look at.

The noise floor is the level that each bin falls to in its quietest tenth (minimum statistics, after Martin, "Noise
power spectral density estimation based on optimal smoothing and minimum statistics", IEEE TSAP 9, 2001, with a quantile
for the minimum), then a low quantile over neighbouring bins, which ignores partials that never stop. What steadily
sounds is noise to it: for a drone or a dense legato it tells too high a floor, and a trained net tells better.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from goodtake.diagnosis.measure_blocks import ColumnPool, FixedBlocks, LevelHistogram, to_db
from goodtake.diagnosis.measure_decay import OCTAVES_HZ, DecayMeasure
from goodtake.diagnosis.typical_music import curve_hz
from goodtake.dsp.stft import FrameGrid, hann

PORTION = 64
"""Frames worked on at once: one second."""

FLOOR_POOL = 4
"""Frames averaged before a level is counted."""

FLOOR_QUANTILE, FLOOR_NEIGHBOURS = 0.10, 0.30
LOWEST_QUANTILE, NOISE_UNREST_DB, UNREST_WEIGHT = 0.02, 3.3, 3.0
"""In steady noise these two quantiles lie 2.8 dB apart, in music that never pauses further: each dB above 3.3 lowers
the floor by three. Both numbers were set on real mixes, clean and with real noise."""

LARGEST_DOUBT_DB = 15.0

FLOOR_BIAS_DB = 5.0
"""How far those quantiles lie below the mean of white noise on this grid; measured, a test holds it."""

SILENT_POWER = 1e-14
"""Frames below -140 dBFS are digital silence: they tell nothing about the noise."""

LOWEST_NOISE_HZ = 35.0
LOUD_QUANTILE = 0.95
BANDWIDTH_RANGE_DB = 75.0
CLIFF_DB, BRINK_DB = 24.0, 10.0
ROWS, COLUMNS = 128, 800
LOWEST_ROW_HZ = 30.0
CURVE_POINTS = 57
"""Third-octave bands of the long-term spectrum, a sixth of an octave apart: 31 Hz to 20 kHz."""


@dataclass(frozen=True)
class SpectrumFacts:
    """Measures of the spectrogram; levels are mean squares relative to full scale.

    Args:
        noise_floor_dbfs: power of the steady noise above 35 Hz.
        snr_db: power of the rest against it, -20 to 100; None for digital silence.
        bandwidth_hz: highest frequency with content.
        bandwidth_cut: whether it ends there in a cliff, or at the end of what the sample rate holds.
        decay_s: decay time (60 dB), None where no free decay is heard.
        curve_hz: centres of third-octave bands.
        spectrum_dbfs: long-term level in each.
        floor_dbfs: level of the steady noise in each.
    """

    noise_floor_dbfs: float
    snr_db: float | None
    bandwidth_hz: float
    bandwidth_cut: bool
    decay_s: float | None
    curve_hz: tuple[float, ...]
    spectrum_dbfs: tuple[float, ...]
    floor_dbfs: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Thumbnail:
    """A small spectrogram.

    Args:
        rows_hz: centre of each row, rising in equal steps of pitch.
        level_dbfs: (row, column).
        column_s: time of a column.
    """

    rows_hz: NDArray[np.float64]
    level_dbfs: NDArray[np.float32]
    column_s: float


class SpectrumMeasure:
    """Takes blocks (channel, n_bins, frame) of |STFT| squared, unnormalised, on the native grid."""

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate, self.grid = sample_rate, FrameGrid.for_rate(sample_rate)
        window = hann(self.grid.n_fft)
        # With this scale the bins sum to the mean square.
        self._scale = np.float32(2 / (self.grid.n_fft * float(np.sum(window**2))))
        bins, bin_hz = self.grid.n_bins, sample_rate / self.grid.n_fft
        self._bins_hz = np.arange(bins) * bin_hz
        self._rows_hz = np.geomspace(LOWEST_ROW_HZ, sample_rate / 2, ROWS)
        half_row = (self._rows_hz[1] / self._rows_hz[0]) ** 0.5
        octaves = np.array([hz for hz in OCTAVES_HZ if hz * 2**0.5 < sample_rate / 2])
        rows = fractional_bands(self._rows_hz, half_row, bins, bin_hz)
        rows /= rows.sum(1, keepdims=True)
        self._matrix = np.concatenate([rows, fractional_bands(octaves, 2**0.5, bins, bin_hz)])
        frame_s = self.grid.hop_length / sample_rate
        self._frame_s = frame_s
        self._blocks = FixedBlocks(bins, PORTION)
        self._levels = LevelHistogram(bins)
        self._decay = DecayMeasure(len(octaves), frame_s)
        self._pool = ColumnPool(ROWS, COLUMNS, PORTION)
        self._sum = np.zeros(bins)
        self._active = 0

    def update(self, power: NDArray[np.floating]) -> None:
        """Takes the next frames, (channel, n_bins, frame)."""
        mean = power[0] if len(power) == 1 else power.mean(0)
        for portion in self._blocks.feed(np.asarray(mean, np.float32)):
            self._take(portion)

    def result(self) -> tuple[SpectrumFacts, Thumbnail]:
        """Returns the measures; the stream has ended."""
        rest = self._blocks.rest()
        if rest.shape[1]:
            self._take(rest)
        mean = self._sum / max(self._active, 1)
        floor = np.minimum(self._floor(), mean)
        audible = self._bins_hz >= LOWEST_NOISE_HZ
        noise = float(floor[audible].sum())
        signal = max(float(mean[audible].sum()) - noise, 0.0)
        bandwidth_hz, cut = self._bandwidth()
        centres = curve_hz(CURVE_POINTS)
        centres = centres[centres * 2 ** (1 / 6) <= self.sample_rate / 2]
        bands = fractional_bands(centres, 2 ** (1 / 6), len(mean), self.sample_rate / self.grid.n_fft)
        facts = SpectrumFacts(
            noise_floor_dbfs=float(to_db(noise)),
            snr_db=float(np.clip(to_db(signal) - to_db(noise), -20, 100)) if self._active else None,
            bandwidth_hz=bandwidth_hz,
            bandwidth_cut=cut,
            decay_s=self._decay.result(),
            curve_hz=tuple(round(float(hz), 2) for hz in centres),
            spectrum_dbfs=tuple(round(float(level), 2) for level in to_db(bands @ mean)),
            floor_dbfs=tuple(round(float(level), 2) for level in to_db(bands @ floor)),
        )
        level = to_db(self._pool.columns()).astype(np.float32)
        return facts, Thumbnail(self._rows_hz, level, self._pool.factor * self._frame_s)

    def _take(self, power: NDArray[np.float32]) -> None:
        power = power * self._scale
        total = power.sum(0)
        self._active += int(np.count_nonzero(total > SILENT_POWER))
        self._sum += power.sum(1)
        pooled = np.add.reduceat(power, np.arange(0, power.shape[1], FLOOR_POOL), axis=1) / np.float32(FLOOR_POOL)
        whole = np.add.reduceat(total > SILENT_POWER, np.arange(0, power.shape[1], FLOOR_POOL), dtype=np.int64)
        self._levels.add(pooled[:, whole == FLOOR_POOL])
        bands = self._matrix @ power
        self._pool.add(bands[:ROWS])
        self._decay.update(bands[ROWS:])

    def _floor(self) -> NDArray[np.float64]:
        """Returns the power of the steady noise per bin, (n_bins,)."""
        quiet_db = self._levels.quantile_db(FLOOR_QUANTILE)
        unrest_db = quiet_db - self._levels.quantile_db(LOWEST_QUANTILE)
        last = len(quiet_db) - 1
        centres = np.unique(np.round(np.geomspace(1, last, 160))).astype(int)
        reach = np.maximum(4, centres // 12)
        smooth = []
        for centre, width in zip(centres.tolist(), reach.tolist(), strict=True):
            near = slice(max(1, centre - width), centre + width + 1)
            unrest = float(np.median(unrest_db[near])) - NOISE_UNREST_DB
            doubt = min(UNREST_WEIGHT * max(unrest, 0.0), LARGEST_DOUBT_DB)
            smooth.append(float(np.quantile(quiet_db[near], FLOOR_NEIGHBOURS)) + FLOOR_BIAS_DB - doubt)
        return np.asarray(10 ** (np.interp(np.arange(last + 1), centres, smooth) / 10))

    def _bandwidth(self) -> tuple[float, bool]:
        """Returns the highest frequency within 75 dB of the loudest or where a cliff ends it, Hz, and whether one does.

        A cliff is a fall by 24 dB within four percent of the frequency, which no instrument and no room makes.
        """
        level = self._levels.quantile_db(LOUD_QUANTILE)
        reach = 4  # bins to each side: 125 Hz together
        smooth_db = to_db(np.convolve(10 ** (level / 10), np.ones(2 * reach + 1) / (2 * reach + 1), mode="same"))
        if smooth_db.max() <= -140:
            return 0.0, False
        highest = float(self._bins_hz[np.flatnonzero(smooth_db > smooth_db.max() - BANDWIDTH_RANGE_DB)[-1]])
        best_db, edge_hz = CLIFF_DB, highest
        for hz in np.geomspace(2000, self.sample_rate / 2 / 1.03, 400):
            low, high, above = np.searchsorted(self._bins_hz, (0.70 * hz, 0.98 * hz, 1.02 * hz)).tolist()
            # A low quantile below the cliff: the last partial of a tone ends steeply too, but has valleys before it.
            plateau = float(np.quantile(level[low:high], 0.25))
            fall = plateau - float(smooth_db[above:].max())
            if fall > best_db:
                brink = np.flatnonzero(level[:above] > plateau - BRINK_DB)[-1]
                best_db, edge_hz = fall, float(self._bins_hz[brink])
        return min(highest, edge_hz), best_db > CLIFF_DB or highest > 0.97 * self.sample_rate / 2


def fractional_bands(centres_hz: NDArray[np.float64], half: float, n_bins: int, bin_hz: float) -> NDArray[np.float32]:
    """Returns the share of each bin that lies in each band [centre / half, centre * half]: (band, n_bins)."""
    bins = np.arange(n_bins)[None]
    low, high = (centres_hz / half / bin_hz)[:, None], (centres_hz * half / bin_hz)[:, None]
    share = np.clip(np.minimum(high, bins + 0.5) - np.maximum(low, bins - 0.5), 0, 1)
    return np.asarray(share, np.float32)
