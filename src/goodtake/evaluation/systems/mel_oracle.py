"""Oracle: the clean clip's own mel spectrogram, inverted and given a phase by Griffin-Lim.

It is how good paper 1's "Mel2Mel + Griffin-Lim" could get with a perfect Mel2Mel: what the mel spectrogram and the
missing phase cost. 128 bands of `MelConfig`; at other rates than 16 kHz frames last as long, and bands reach Nyquist.
"""

from dataclasses import asdict, dataclass

import numpy as np

from goodtake import __version__
from goodtake.dsp.griffin_lim import ITERATIONS
from goodtake.dsp.mel import MelConfig, log_mel
from goodtake.dsp.mel_inversion import log_mel_to_wave
from goodtake.dsp.stft import FrameGrid, Wave
from goodtake.evaluation.recipe import SystemSpec
from goodtake.evaluation.systems.base import Case
from goodtake.evaluation.systems.settings import check_range, digest_of, read_options


@dataclass(frozen=True)
class MelOracleOptions:
    """Of the kind "griffinlim".

    Args:
        iterations: of the mel inversion and of Griffin-Lim, 1 to 10000.
        seed: of the phases to begin with.
    """

    iterations: float = ITERATIONS
    seed: float = 0


class MelOracle:
    """The clean clip through a mel spectrogram and back.

    Raises:
        ConfigError: an option is unknown or out of range.
    """

    oracle = True

    def __init__(self, spec: SystemSpec) -> None:
        self.options = read_options(MelOracleOptions, spec)
        check_range(self.options.iterations, 1, 10_000, f"iterations of system {spec.name}")
        check_range(self.options.seed, 0, 2**53, f"seed of system {spec.name}")
        self.version = __version__
        self.digest = digest_of(kind="griffinlim", version=self.version, **asdict(self.options))

    def __call__(self, case: Case) -> Wave:
        """Returns the clean clip as it comes back, (channel, time)."""
        config = mel_config(case.sample_rate)
        rng = np.random.default_rng(int(self.options.seed))
        mel = log_mel(case.clean, config)
        return log_mel_to_wave(mel, config, case.clean.shape[1], rng, int(self.options.iterations))


def mel_config(sample_rate: int) -> MelConfig:
    """Returns paper 1's bands at 16 kHz, and at another rate as many up to Nyquist on frames as long."""
    grid = FrameGrid.for_rate(sample_rate)
    return MelConfig(sample_rate, grid.n_fft, grid.hop_length, f_max=sample_rate / 2)
