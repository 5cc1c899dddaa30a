"""The mel matrix without a matrix: bands by sums over stretches of bins.

Every bin lies on the rising side of one triangle and the falling side of the one below, with weights u and 1 - u, so
the matrix of `mel.mel_filterbank` is applied, either way, by sums over the bins between two neighbouring centres.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from goodtake.dsp.mel import MelConfig, mel_edges_hz, mel_filterbank

FloatArray = NDArray[np.float32]
LEAST_WEIGHT = 1e-3
"""Bins whose weights sum to less stand on the outer edge of the bands and cannot be told from outside."""


@dataclass(frozen=True)
class MelBank:
    """The mel matrix as stretches: the bins between the centres of two neighbouring bands.

    Stretches of equal width stand together, and of those first the first bin of each, then the second, and so on: sums
    over stretches are then sums of whole rows.

    Args:
        bins: (used,) bin of each row; those outside all bands are left out.
        rising: (used, 1) weight in the band that rises; the rest to one is that in the band that falls.
        step: (used, 1) of the descent.
        order: (stretch,) which of the n_mels + 1 stretches each is; stretch k rises in band k and falls in band k - 1.
        groups: of each width: stretches first to last + 1, rows first to last + 1.
    """

    bins: NDArray[np.int64]
    rising: FloatArray
    step: FloatArray
    order: NDArray[np.int64]
    groups: tuple[tuple[slice, slice], ...]

    def bands(self, rows: FloatArray, n_mels: int) -> FloatArray:
        """Applies M: (used, frame) -> (mel, frame)."""
        weighted = rows * self.rising
        sums = np.zeros((2, n_mels + 1, rows.shape[1]), np.float32)  # all, and the rising part
        grouped = np.empty((2, self.order.size, rows.shape[1]), np.float32)
        for stretches, used in self.groups:
            shape = (-1, stretches.stop - stretches.start, rows.shape[1])  # (width, stretch, frame)
            np.add.reduce(rows[used].reshape(shape), axis=0, out=grouped[0, stretches])
            np.add.reduce(weighted[used].reshape(shape), axis=0, out=grouped[1, stretches])
        sums[:, self.order] = grouped
        return sums[1, :-1] + (sums[0, 1:] - sums[1, 1:])

    def spread(self, bands: FloatArray) -> FloatArray:
        """Applies M': (mel, frame) -> (used, frame)."""
        edged = np.pad(bands, [(1, 1), (0, 0)])
        falling, rising = edged[self.order], edged[self.order + 1]
        rising -= falling
        rows = np.empty((self.bins.size, bands.shape[1]), np.float32)
        for stretches, used in self.groups:
            shape = (-1, stretches.stop - stretches.start, bands.shape[1])
            part = rows[used].reshape(shape)
            np.multiply(self.rising[used].reshape(*shape[:2], 1), rising[stretches], out=part)
            part += falling[stretches]
        return rows


@lru_cache(maxsize=16)
def mel_bank(config: MelConfig) -> MelBank:
    """Returns the mel matrix of `mel.mel_filterbank` as stretches."""
    edges = mel_edges_hz(config)
    frequencies = np.fft.rfftfreq(config.n_fft, 1 / config.sample_rate)
    inside = np.flatnonzero(mel_filterbank(config).sum(axis=0) > LEAST_WEIGHT)
    stretch = np.searchsorted(edges, frequencies[inside], side="right") - 1
    widths = np.bincount(stretch, minlength=config.n_mels + 1)
    bins, order, groups = [], [], []
    rows = stretches = 0
    for width in np.unique(widths[widths > 0]):
        members = np.flatnonzero(widths == width)
        starts = np.searchsorted(stretch, members)
        bins.append((starts + np.arange(width)[:, None]).ravel())  # (width, stretch) -> (used,)
        order.append(members)
        groups.append((slice(stretches, stretches + members.size), slice(rows, rows + members.size * int(width))))
        stretches, rows = stretches + members.size, rows + members.size * int(width)
    chosen = np.concatenate(bins)
    low, high = edges[stretch[chosen]], edges[stretch[chosen] + 1]
    rising = ((frequencies[inside][chosen] - low) / (high - low)).astype(np.float32)[:, None]
    bank = MelBank(inside[chosen], rising, np.ones_like(rising), np.concatenate(order), tuple(groups))
    row_sums = bank.spread(bank.bands(np.ones_like(rising), config.n_mels))
    return replace(bank, step=np.asarray(1 / row_sums, np.float32))
