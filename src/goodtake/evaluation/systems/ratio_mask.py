"""Oracle: the ideal ratio mask, a bound for whatever scales the bins of a spectrogram and keeps its phase.

    mask = (|S|^2 / (|S|^2 + |N|^2)) ^ exponent

D. Wang, J. Chen, "Supervised speech separation based on deep learning: an overview", IEEE/ACM TASLP 26(10), 2018,
section III, with the exponent one half. S is the reference, scaled to how loud it is in the input (least squares, as
both halves of a degraded pair are scaled on their own), and N all that the input holds beside it.
"""

from dataclasses import asdict, dataclass

import numpy as np

from goodtake import __version__
from goodtake.dsp.stft import FrameGrid, Wave, istft, stft
from goodtake.evaluation.recipe import SystemSpec
from goodtake.evaluation.systems.base import Case
from goodtake.evaluation.systems.settings import check_range, digest_of, read_options


@dataclass(frozen=True)
class RatioMaskOptions:
    """Of the kind "irm".

    Args:
        exponent: 0.5 is the ratio mask in common use, 1 Wiener's gain; 0.1 to 4.
    """

    exponent: float = 0.5


class RatioMask:
    """The ideal ratio mask.

    Raises:
        ConfigError: an option is unknown or out of range.
    """

    oracle = True

    def __init__(self, spec: SystemSpec) -> None:
        self.options = read_options(RatioMaskOptions, spec)
        check_range(self.options.exponent, 0.1, 4, f"exponent of system {spec.name}")
        self.version = __version__
        self.digest = digest_of(kind="irm", version=self.version, **asdict(self.options))

    def __call__(self, case: Case) -> Wave:
        """Returns the masked input, (channel, time)."""
        grid = FrameGrid.for_rate(case.sample_rate)
        energy = float(np.vdot(case.clean, case.clean))
        gain = max(float(np.vdot(case.clean, case.degraded)), 0.0) / energy if energy else 0.0
        mixture, wanted = stft(case.degraded, grid), stft(np.float32(gain) * case.clean, grid)
        signal, rest = np.abs(wanted) ** 2, np.abs(mixture - wanted) ** 2
        mask = (signal / np.maximum(signal + rest, np.float32(1e-30))) ** np.float32(self.options.exponent)
        return istft(mixture * mask, grid, case.degraded.shape[1])
