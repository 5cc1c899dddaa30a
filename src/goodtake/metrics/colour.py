"""How the colour of a recording differs from its reference: long-term spectrum, and bias per band and level.

Both measures tell where a system's remaining error lies rather than how good it sounds. Frames are 64 ms at every rate.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from goodtake.dsp.mel import MelConfig, mel_filterbank
from goodtake.dsp.stft import FrameGrid
from goodtake.metrics.clips import power_blocks, prepare, unit_rms

LTAS_BANDS = 64
TOP_HZ = 8000.0
"""Upper end of what is measured, so that figures at 16 kHz and at 48 kHz compare."""

LTAS_RANGE_DB = 80.0
"""Bands further below the strongest one count as this far below: nobody hears their colour."""

BIAS_BANDS_HZ = ((35.0, 200.0), (200.0, 1000.0), (1000.0, 4000.0), (4000.0, 8000.0))
BIN_RANGE_DB = 80.0
"""Bins further below the clip's mean bin count as this far below."""


def ltas_error_db(estimate: ArrayLike, reference: ArrayLike, sample_rate: int) -> float:
    """Returns the mean absolute error of the long-term average spectrum in dB, level removed; lower is better.

    The mean power spectrum of each clip is summed into 64 mel bands from 0 to 8 kHz and turned to dB; the mean of the
    difference over bands (the level) is subtracted. Stereo: the mean over channels.

    Args:
        estimate: (time,) or (channel, time).
        reference: the same shape.
        sample_rate: Hz.

    Raises:
        ConfigError: see `clips.prepare`.
    """
    pair = prepare(estimate, reference, sample_rate)
    grid = FrameGrid.for_rate(sample_rate)
    config = MelConfig(sample_rate, grid.n_fft, grid.hop_length, LTAS_BANDS, f_max=min(TOP_HZ, sample_rate / 2))
    blocks = power_blocks(*pair, grid=grid)
    power = np.sum([[part.sum(axis=-1) for part in block] for block in blocks], axis=0)  # (pair, channel, freq)
    spectra = power @ mel_filterbank(config).T.astype(np.float64)  # (pair, channel, mel)
    floors = spectra.max(axis=(1, 2), keepdims=True) * 10 ** (-LTAS_RANGE_DB / 10)
    levels = 10 * np.log10(np.maximum(spectra, floors))
    difference = levels[0] - levels[1]
    return float(np.abs(difference - difference.mean(axis=-1, keepdims=True)).mean())


def level_bias(estimate: ArrayLike, reference: ArrayLike, sample_rate: int) -> NDArray[np.float64]:
    """Returns the mean bias in dB of weak, middle and loud bins in each band; above 0 the estimate is too loud.

    Both clips are scaled to equal rms. In every band the time-frequency bins are sorted by the reference's level and
    cut into thirds; a bias is the mean of (estimate dB - reference dB) over one third. Noise and reverberation left
    over show in the weak third, wrong colour in all. Stereo: bins of all channels together.

    Args:
        estimate: (time,) or (channel, time). The whole spectrogram is held in memory: give minutes, not hours.
        reference: the same shape.
        sample_rate: Hz.

    Shape:
        (4, 3): bands 35-200, 200-1000, 1000-4000, 4000-8000 Hz by weakest, middle, loudest third. A band above Nyquist,
        as the last one at 8 kHz, is NaN.

    Raises:
        ConfigError: see `clips.prepare`.
    """
    pair = prepare(estimate, reference, sample_rate)
    grid = FrameGrid.for_rate(sample_rate)
    frequencies = np.fft.rfftfreq(grid.n_fft, 1 / sample_rate)
    keep = (frequencies >= BIAS_BANDS_HZ[0][0]) & (frequencies < BIAS_BANDS_HZ[-1][1])
    # Of a clip at rms one the mean power of a bin is the energy of the Hann window, 3/8 of its length.
    floor = np.float32(0.375 * grid.n_fft * 10 ** (-BIN_RANGE_DB / 10))
    blocks = power_blocks(*(unit_rms(clip) for clip in pair), grid=grid)
    kept = [[10 * np.log10(np.maximum(power[:, keep], floor)) for power in block] for block in blocks]
    estimate_db, reference_db = (np.concatenate(part, axis=-1) for part in zip(*kept, strict=True))
    bias = np.full((len(BIAS_BANDS_HZ), 3), np.nan)
    for band, (low, high) in enumerate(BIAS_BANDS_HZ):
        if low >= sample_rate / 2:
            continue
        rows = (frequencies[keep] >= low) & (frequencies[keep] < high)
        order = np.argsort(reference_db[:, rows], axis=None, kind="stable")
        difference = (estimate_db[:, rows] - reference_db[:, rows]).ravel()[order]
        bias[band] = [third.mean(dtype=np.float64) for third in np.array_split(difference, 3)]
    return bias


def weak_bin_bias_db(estimate: ArrayLike, reference: ArrayLike, sample_rate: int) -> float:
    """Returns the mean over bands of the absolute bias of the weakest third of bins, dB; lower is better.

    Args, Raises: as for `level_bias`.
    """
    return float(np.nanmean(np.abs(level_bias(estimate, reference, sample_rate)[:, 0])))
