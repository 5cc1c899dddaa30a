"""Oracle: the clean clip's own mel spectrogram, made audible by the musecoder of an engine.

What the spectrogram and the musecoder cost, had Mel2Mel made no mistake: the second half of paper 1's model alone
(section 3.4). A guided musecoder also hears the input's phase; under the condition `clean` that is the clean clip's.
"""

from dataclasses import asdict, dataclass

import numpy as np

from goodtake import __version__
from goodtake.audio.resample import resample_clip
from goodtake.bundles.bundle import CONFIG_NAME, sha256
from goodtake.dsp.mel import log_mel
from goodtake.dsp.stft import Wave
from goodtake.enhancement.chain.engine import open_chain
from goodtake.enhancement.engine import EngineOptions
from goodtake.evaluation.recipe import SystemSpec
from goodtake.evaluation.systems.base import Case
from goodtake.evaluation.systems.settings import check_range, digest_of, read_options


@dataclass(frozen=True)
class SamplingOptions:
    """Of the kinds "engine" and "musecoder".

    Args:
        steps: network calls of a diffusion musecoder; 0 takes the bundle's.
        seed: of what is drawn.
        strict_paper: 1 leaves out what the paper does not have.
    """

    steps: float = 0
    seed: float = 0
    strict_paper: float = 0

    def of_engine(self, name: str) -> EngineOptions:
        """Returns them as an engine takes them, on one thread: benchmarks run in several processes.

        Args:
            name: of the system, for messages.

        Raises:
            ConfigError: one is out of range.
        """
        check_range(self.steps, 0, 1000, f"steps of system {name}")
        check_range(self.seed, 0, 2**32 - 1, f"seed of system {name}")
        check_range(self.strict_paper, 0, 1, f"strict_paper of system {name}")
        return EngineOptions(1, int(self.steps) or None, int(self.seed) or None, bool(self.strict_paper))


class MusecoderOracle:
    """The clean clip through a mel spectrogram and an engine's musecoder.

    Raises:
        BundleError: the engine is unknown, damaged, or none of paper 1.
        ConfigError: it has no musecoder or no such option, or an option is out of range.
    """

    oracle = True

    def __init__(self, spec: SystemSpec) -> None:
        options = read_options(SamplingOptions, spec)
        self.engine = open_chain(spec.engine, options.of_engine(spec.name))
        self.engine.require_musecoder()
        self.version = __version__
        bundle = self.engine.bundle
        self.digest = digest_of(
            kind="musecoder",
            version=self.version,
            files=bundle.config["files"],
            config=sha256(bundle.folder / CONFIG_NAME),
            **asdict(options),
        )

    def __call__(self, case: Case) -> Wave:
        """Returns the clean clip as it comes back, (channel, time); a silent or very short one as it is."""
        config = self.engine.settings.mel
        clean, recording = (
            resample_clip(wave, case.sample_rate, config.sample_rate) for wave in (case.clean, case.degraded)
        )
        gain = self._gain(clean)
        if not gain:
            return case.clean.copy()
        guides = self._gain(recording) * recording
        mels = log_mel(gain * clean, config)
        samples = clean.shape[1]
        waves = [self.engine.musecode(mel, samples, guide) for mel, guide in zip(mels, guides, strict=True)]
        back = resample_clip(np.stack(waves) / np.float32(gain), config.sample_rate, case.sample_rate)
        wave = np.zeros_like(case.clean)
        kept = min(wave.shape[1], back.shape[1])
        wave[:, :kept] = back[:, :kept]
        return wave

    def _gain(self, wave: Wave) -> np.float32:
        """Returns what brings a wave to the level of training; 0 for silence."""
        ear = self.engine.ear(self.engine.settings.mel.sample_rate, wave.shape[0])
        ear.feed(wave)
        judged = ear.judge()
        return np.float32(judged.gain if judged else 0)
