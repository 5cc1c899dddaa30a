"""One of goodtake's own engines, by the name of an installed model or the folder of a bundle."""

from dataclasses import asdict

from goodtake import __version__
from goodtake.bundles import find_bundle
from goodtake.bundles.bundle import CONFIG_NAME, sha256
from goodtake.dsp.stft import Wave
from goodtake.enhancement.enhancer import Enhancer
from goodtake.evaluation.recipe import SystemSpec
from goodtake.evaluation.systems.base import Case
from goodtake.evaluation.systems.musecoder import SamplingOptions
from goodtake.evaluation.systems.settings import digest_of, read_options


class Engine:
    """`goodtake enhance` on a clip held in memory, on one thread: benchmarks run in several processes.

    Raises:
        BundleError: the model is unknown or damaged.
        ConfigError: the strength is out of range, or it has no such option.
    """

    oracle = False

    def __init__(self, spec: SystemSpec) -> None:
        bundle = find_bundle(spec.engine)
        sampling = read_options(SamplingOptions, spec)
        options = sampling.of_engine(spec.name)
        self.enhancer = Enhancer(
            spec.engine,
            spec.strength,
            options.threads,
            steps=options.steps,
            seed=options.seed,
            strict_paper=options.strict_paper,
        )
        self.version = __version__
        self.digest = digest_of(
            kind="engine",
            version=self.version,
            files=bundle.config["files"],
            config=sha256(bundle.folder / CONFIG_NAME),
            strength=spec.strength,
            **asdict(sampling),
        )

    def __call__(self, case: Case) -> Wave:
        """Returns the enhanced input, (channel, time)."""
        return self.enhancer.enhance(case.degraded, case.sample_rate)
