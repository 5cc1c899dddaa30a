"""The one place where the output of a system is checked, whoever made it."""

import numpy as np

from goodtake.dsp.stft import Wave
from goodtake.errors import ConfigError
from goodtake.evaluation.systems.base import Case, System
from goodtake.metrics.clips import MAX_DIFFERENCE_S


class CheckedSystem:
    """A system whose every output has the shape of the input, is finite and float32.

    One that is up to `MAX_DIFFERENCE_S` longer or shorter is cut or filled up with silence at its end.

    Args:
        name: of the system, for messages.
        system: what does the work.
    """

    def __init__(self, name: str, system: System) -> None:
        self.name, self.system = name, system
        self.version, self.digest, self.oracle = system.version, system.digest, system.oracle

    def __call__(self, case: Case) -> Wave:
        """Returns the estimate, (channel, time).

        Raises:
            ConfigError: the output has another shape, length or type, or samples that are not finite.
            GoodtakeError: the system has none to give.
        """
        return fitted_output(self.system(case), case, f"system {self.name} on {case.clip}, {case.condition}")


def fitted_output(estimate: Wave, case: Case, where: str) -> Wave:
    """Returns an output with the shape of the input, float32.

    Args:
        estimate: (channel, time), floats.
        case: what the system was given.
        where: for messages.

    Raises:
        ConfigError: the output has another number of channels, is too long or too short, or is not finite.
    """
    channels, samples = case.degraded.shape
    given = np.shape(estimate)
    if len(given) != 2 or given[0] != channels or not np.issubdtype(np.asarray(estimate).dtype, np.floating):
        raise ConfigError(
            f"{where}: gave {np.asarray(estimate).dtype} of shape {given}: expected floats of shape "
            f"({channels}, {samples}), as the input is"
        )
    if abs(given[1] - samples) > MAX_DIFFERENCE_S * case.sample_rate:
        raise ConfigError(
            f"{where}: gave {given[1] / case.sample_rate:.3f} s for {samples / case.sample_rate:.3f} s: at most "
            f"{MAX_DIFFERENCE_S:g} s apart is allowed, check clip and sample rate"
        )
    fitted = np.zeros((channels, samples), np.float32)
    with np.errstate(over="ignore"):
        fitted[:, : given[1]] = estimate[:, :samples]
    if not np.isfinite(fitted).all():
        raise ConfigError(f"{where}: gave NaN or infinite samples: repair what made them")
    return fitted
