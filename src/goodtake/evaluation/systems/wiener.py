"""A Wiener filter with the decision-directed estimate of the a priori signal-to-noise ratio: no training, no package.

P. Scalart, J. V. Filho, "Speech enhancement based on a priori signal to noise estimation", ICASSP 1996 (paper 1's
reference [8]), after Y. Ephraim, D. Malah, "Speech enhancement using a minimum mean-square error short-time spectral
amplitude estimator", IEEE TASSP 32(6), 1984. With X the input's spectrum, lambda the power of the noise, k the bin and
m the frame:

    gamma[k, m] = |X[k, m]|^2 / lambda[k]                                              (Ephraim & Malah, eq. 10)
    xi[k, m] = a G[k, m-1]^2 gamma[k, m-1] + (1 - a) max(gamma[k, m] - 1, 0)           (Ephraim & Malah, eq. 51)
    G[k, m] = xi[k, m] / (1 + xi[k, m])                                                (Scalart & Filho, Wiener's gain)

The noise is taken to last: it is a low quantile over the frames of the clip (V. Stahl, A. Fischer, R. Bippus, "Quantile
based noise estimation for spectral subtraction and Wiener filtering", ICASSP 2000), divided by that quantile of an
exponential distribution of mean one, as the power of Gaussian noise has it. A running median over frequency, which is
ours, keeps held notes from being taken for noise, and hum too. All channels get one gain, so the image stays.
"""

import math
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from goodtake import __version__
from goodtake.dsp.stft import FrameGrid, Wave, istft, stft
from goodtake.evaluation.recipe import SystemSpec
from goodtake.evaluation.systems.base import Case
from goodtake.evaluation.systems.settings import check_range, digest_of, read_options

MEDIAN_BINS = 17
"""Width of the running median, bins of 15.6 Hz."""

LEAST_NOISE = 1e-20
"""Power per bin that stands for none: digital silence has no noise to divide by."""

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class WienerOptions:
    """Of the kind "wiener".

    Args:
        smoothing: a of the equations, 0 to 0.999: nearer to 1 is smoother, with less musical noise and softer attacks.
        quantile: 0.01 to 0.9: share of the frames in which a bin holds nothing but noise, at most.
        floor_db: lowest gain, -80 to 0 dB.
    """

    smoothing: float = 0.98
    quantile: float = 0.2
    floor_db: float = -25.0


class Wiener:
    """The Wiener filter.

    Raises:
        ConfigError: an option is unknown or out of range.
    """

    oracle = False

    def __init__(self, spec: SystemSpec) -> None:
        self.options = read_options(WienerOptions, spec)
        check_range(self.options.smoothing, 0, 0.999, f"smoothing of system {spec.name}")
        check_range(self.options.quantile, 0.01, 0.9, f"quantile of system {spec.name}")
        check_range(self.options.floor_db, -80, 0, f"floor_db of system {spec.name}")
        self.version = __version__
        self.digest = digest_of(kind="wiener", version=self.version, **asdict(self.options))

    def __call__(self, case: Case) -> Wave:
        """Returns the filtered input, (channel, time)."""
        grid = FrameGrid.for_rate(case.sample_rate)
        spectrum = stft(case.degraded, grid)
        power = np.square(np.abs(spectrum), dtype=np.float64)  # (channel, freq, frame)
        noise = noise_power(power, self.options.quantile).mean(axis=0)
        gains = wiener_gains(power.mean(axis=0), noise, self.options.smoothing, 10 ** (self.options.floor_db / 20))
        return istft(spectrum * gains.astype(np.float32), grid, case.degraded.shape[1])


def noise_power(power: FloatArray, quantile: float) -> FloatArray:
    """Returns the mean power of the noise in each bin; frames of digital silence are left out.

    Shape:
        (..., freq, frame) -> (..., freq)
    """
    heard = power.reshape(-1, power.shape[-1]).any(axis=0)
    if not heard.any():
        return np.zeros(power.shape[:-1])
    low = np.quantile(power[..., heard], quantile, axis=-1) / -math.log1p(-quantile)
    half = MEDIAN_BINS // 2
    mirrored = np.pad(low, [(0, 0)] * (low.ndim - 1) + [(half, half)], mode="reflect")
    median: FloatArray = np.median(np.lib.stride_tricks.sliding_window_view(mirrored, MEDIAN_BINS, axis=-1), axis=-1)
    return median


def wiener_gains(power: FloatArray, noise: FloatArray, smoothing: float, floor: float) -> FloatArray:
    """Returns the gain of each bin, `floor` to 1.

    Args:
        power: of the input.
        noise: mean power of the noise.
        smoothing: a of the equations.
        floor: lowest gain.

    Shape:
        (freq, frame), (freq,) -> (freq, frame)
    """
    posterior = (power / np.maximum(noise, LEAST_NOISE)[:, None]).T  # gamma, (frame, freq)
    fresh = (1 - smoothing) * np.maximum(posterior - 1, 0)
    gains = np.empty_like(posterior)
    before = np.ones(noise.size)  # G^2 gamma of the frame before; 1 to begin with
    for frame, (gamma, new) in enumerate(zip(posterior, fresh, strict=True)):
        prior = smoothing * before + new  # xi
        gains[frame] = np.maximum(prior / (1 + prior), floor)
        before = gains[frame] ** 2 * gamma
    return gains.T
