"""Spectral gating by the package noisereduce (T. Sainburg, MIT licence), with that package's own settings.

Non-stationary, the default: a bin passes where it rises above its own running mean. Stationary: where it rises above a
threshold that the whole clip sets. As no clip of noise alone is given, music that lasts counts as noise.
"""

import importlib.metadata
import warnings
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from goodtake.dsp.stft import Wave
from goodtake.errors import ConfigError, MissingExtraError
from goodtake.evaluation.recipe import SystemSpec
from goodtake.evaluation.systems.base import Case
from goodtake.evaluation.systems.settings import check_range, digest_of, read_options

PACKAGE, EXTRA = "noisereduce", "eval"


@dataclass(frozen=True)
class GateOptions:
    """Of the kind "noisereduce".

    Args:
        stationary: 1 for one threshold over the whole clip, 0 for one that moves.
        prop_decrease: share of the noise to take away, 0 to 1.
    """

    stationary: float = 0.0
    prop_decrease: float = 1.0


class NoiseGate:
    """The package noisereduce.

    Raises:
        MissingExtraError: it is not installed.
        ConfigError: an option is unknown or out of range.
    """

    oracle = False

    def __init__(self, spec: SystemSpec) -> None:
        self.options = read_options(GateOptions, spec)
        if self.options.stationary not in (0, 1):
            raise ConfigError(f"stationary of system {spec.name} is {self.options.stationary:g}: give 0 or 1")
        check_range(self.options.prop_decrease, 0, 1, f"prop_decrease of system {spec.name}")
        _package()
        self.version = importlib.metadata.version(PACKAGE)
        self.digest = digest_of(kind="noisereduce", version=self.version, **asdict(self.options))

    def __call__(self, case: Case) -> Wave:
        """Returns the gated input, (channel, time).

        Raises:
            ConfigError: the package refuses this rate.
        """
        if not case.degraded.any():
            return case.degraded.copy()  # the package would divide by the loudness of silence
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")  # of divisions where single bins are empty
                gated = _package().reduce_noise(
                    y=case.degraded,
                    sr=case.sample_rate,
                    stationary=bool(self.options.stationary),
                    prop_decrease=self.options.prop_decrease,
                )
        except ValueError as error:
            raise ConfigError(f"{PACKAGE} refuses {case.clip} at {case.sample_rate} Hz: {error}") from error
        return np.nan_to_num(np.asarray(gated, np.float32))


def _package() -> Any:
    try:
        import noisereduce
    except ImportError as error:
        raise MissingExtraError(PACKAGE, EXTRA) from error
    return noisereduce
