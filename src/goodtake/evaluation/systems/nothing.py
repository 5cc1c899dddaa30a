"""Doing nothing: the baseline that every system has to beat."""

from goodtake import __version__
from goodtake.dsp.stft import Wave
from goodtake.evaluation.recipe import SystemSpec
from goodtake.evaluation.systems.base import Case
from goodtake.evaluation.systems.settings import digest_of


class Nothing:
    """Returns its input."""

    oracle = False

    def __init__(self, spec: SystemSpec) -> None:
        self.version = __version__
        self.digest = digest_of(kind="nothing")

    def __call__(self, case: Case) -> Wave:
        """Returns a copy of the input, (channel, time)."""
        return case.degraded.copy()
