"""The long-term spectrum of typical music, and how far a take lies from it.

The table was derived from real clean recordings: 727 close solo phrases and performances (orchestral instruments,
guitar, saxophone, voice, piano, a band) and 167 random phrases of twelve notes each from single-note libraries, drums
left out. Each gave its long-term third-octave levels, relative to its own power between 100 Hz and 8 kHz; the table
holds the weighted median and the range between the lowest and the highest tenth, every instrument of every library
weighing the same. The range is wide, for a flute has no bass and a tuba has no treble: only what leaves it is a hint of
a microphone or an equaliser. Above 16 kHz the sources end.
"""

import numpy as np
from numpy.typing import NDArray

FIRST_HZ = 31.25
TYPICAL_DB = """-47 -46 -46 -46 -42 -36 -25 -19 -16 -13 -13 -11 -12 -12 -12 -13 -14 -17 -19 -22 -24 -28 -34 -39
    -42 -46 -50 -55"""
LOW_DB = """-59 -58 -58 -61 -60 -59 -59 -57 -50 -38 -32 -28 -21 -23 -23 -24 -27 -31 -35 -38 -45 -48 -51 -54
    -56 -59 -61 -64"""
HIGH_DB = """-27 -24 -23 -17 -14 -12 -10 -9 -8 -8 -7 -7 -6 -7 -7 -7 -8 -9 -10 -12 -13 -16 -21 -25
    -30 -34 -37 -40"""
"""Third-octave levels from 31 Hz to 16 kHz: the median, the lowest and the highest tenth."""

BANDS_HZ = {
    "sub": (25.0, 60.0),
    "bass": (60.0, 250.0),
    "low mids": (250.0, 500.0),
    "mids": (500.0, 2000.0),
    "presence": (2000.0, 6000.0),
    "air": (6000.0, 16000.0),
}
REFERENCE_HZ = (100.0, 8000.0)
"""Levels are compared after the power in this range was made equal."""


def curve_hz(points: int) -> NDArray[np.float64]:
    """Returns the first centres of the grid that curves of this package lie on, a sixth of an octave apart, Hz."""
    return np.asarray(FIRST_HZ * 2 ** (np.arange(points) / 6))


def typical_db(points: int) -> NDArray[np.float64]:
    """Returns the typical curve on the grid: rows median, lowest tenth, highest tenth: (3, points)."""
    table = np.array([[float(level) for level in row.split()] for row in (TYPICAL_DB, LOW_DB, HIGH_DB)])
    thirds = np.arange(table.shape[1]) * 2.0
    return np.stack([np.interp(np.arange(points), thirds, row) for row in table])


def reference_level_db(spectrum_db: NDArray[np.float64]) -> float:
    """Returns the level of a curve (points,) from 100 Hz to 8 kHz, which typical music has at 0 dB."""
    centres = curve_hz(len(spectrum_db))
    inside = (centres >= REFERENCE_HZ[0]) & (centres <= REFERENCE_HZ[1])
    inside[1::2] = False  # third-octave bands a sixth apart overlap: every second one
    return float(10 * np.log10(np.sum(10 ** (spectrum_db[inside] / 10)) + 1e-20))


def band_deviation_db(spectrum_db: NDArray[np.float64], bandwidth_hz: float) -> tuple[float | None, ...]:
    """Returns how far each of the six bands lies above the typical level.

    Args:
        spectrum_db: third-octave levels on the grid.
        bandwidth_hz: bands that begin above have no content and read None.

    Shape:
        (points,) -> six numbers
    """
    return _in_bands(spectrum_db - reference_level_db(spectrum_db) - typical_db(len(spectrum_db))[0], bandwidth_hz)


def band_excess_db(spectrum_db: NDArray[np.float64], bandwidth_hz: float) -> tuple[float | None, ...]:
    """Returns how far each band lies outside the range of typical music: above it positive, below it negative."""
    level = spectrum_db - reference_level_db(spectrum_db)
    _, low, high = typical_db(len(spectrum_db))
    return _in_bands(np.maximum(level - high, 0) + np.minimum(level - low, 0), bandwidth_hz)


def tilt_db_per_octave(spectrum_db: NDArray[np.float64]) -> float | None:
    """Returns the slope of the third-octave levels from 100 Hz to 8 kHz, None for silence.

    What lies 50 dB or more below the strongest band counts as if it lay there: below is the noise, not the music.
    """
    centres = curve_hz(len(spectrum_db))
    inside = (centres >= REFERENCE_HZ[0]) & (centres <= REFERENCE_HZ[1])
    level = spectrum_db[inside]
    if level.max(initial=-150.0) < -140:
        return None
    level = np.maximum(level, level.max() - 50)
    return float(np.polyfit(np.log2(centres[inside]), level, 1)[0])


def _in_bands(values: NDArray[np.float64], bandwidth_hz: float) -> tuple[float | None, ...]:
    """Averages a curve over each band, as far as it has content."""
    centres = curve_hz(len(values))
    means: list[float | None] = []
    for low, high in BANDS_HZ.values():
        inside = (centres >= low) & (centres < min(high, bandwidth_hz))
        means.append(float(values[inside].mean()) if np.count_nonzero(inside) >= 3 else None)
    return tuple(means)
