"""What every system under test is: a callable that is given a case and returns a wave."""

from dataclasses import dataclass
from typing import Protocol

from goodtake.dsp.stft import Wave


@dataclass(frozen=True)
class Case:
    """What a system is given.

    Args:
        degraded: the input, (channel, time), float32.
        clean: the reference, equally long; only oracles may look at it.
        sample_rate: of both, Hz.
        clip: name.
        condition: name.
    """

    degraded: Wave
    clean: Wave
    sample_rate: int
    clip: str
    condition: str


class System(Protocol):
    """A system under test.

    Attributes:
        version: of the program or package behind it, for the rows.
        digest: SHA-256 over everything that decides its output (weights, command line, options): rows of another digest
            are made again.
        oracle: looks at the reference; reports mark it.
    """

    version: str
    digest: str
    oracle: bool

    def __call__(self, case: Case) -> Wave:
        """Returns the estimate, (channel, time), at the rate of the case.

        Raises:
            GoodtakeError: when it has none to give: missing output, failed command, missing package.
        """
