"""Enhances recordings: arrays, streams and files, by one path.

Two passes: the first hears the whole take (long-term spectrum, noise, loudness), the second enhances it stretch by
stretch with what the first one learnt. Memory does not grow with the take.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from goodtake.bundles import DEFAULT_MODEL, find_bundle
from goodtake.dsp.loudness import LoudnessMeter
from goodtake.dsp.stft import FrameGrid, Wave
from goodtake.enhancement.engine import CHUNK_FRAMES, EngineOptions, Judged, TakeShape
from goodtake.enhancement.engines import open_engine
from goodtake.enhancement.frames import FrameAnalyser
from goodtake.enhancement.level import CEILING, Leveller, matching_gain
from goodtake.errors import ConfigError

Blocks = Iterable[Wave]
Progress = Callable[[int], None]
MAX_STRENGTH = 2.0


class Store(Protocol):
    """Holds an enhanced take until its loudness is known."""

    def put(self, wave: Wave) -> None:
        """Adds (channel, time)."""

    def take(self) -> Iterator[Wave]:
        """Yields what was put, in order."""


class MemoryStore(Store):
    """Keeps a take in memory between two passes."""

    def __init__(self) -> None:
        self._waves: list[Wave] = []

    def put(self, wave: Wave) -> None:
        """Adds (channel, time)."""
        self._waves.append(wave)

    def take(self) -> Iterator[Wave]:
        """Yields what was put, in order."""
        yield from self._waves


@dataclass(frozen=True)
class Survey:
    """What the first pass learnt of a take.

    Args:
        sample_rate: Hz.
        channels: of every block.
        samples: per channel.
        peak: highest absolute sample.
        loudness: integrated, LUFS (ITU-R BS.1770); minus infinity when nothing is loud enough to count.
        judgement: of the engine; None leaves the take alone.
    """

    sample_rate: int
    channels: int
    samples: int
    peak: float
    loudness: float
    judgement: Judged | None

    def acts(self, strength: float) -> bool:
        """Tells whether enhancing with that strength changes anything at all."""
        return self.judgement is not None and strength * self.judgement.wet > 0


class Enhancer:
    """Makes recordings sound like studio takes.

    Args:
        model: name of an installed model, or the folder of a bundle.
        strength: 0 leaves a take as it is, 1 is full, up to 2 exaggerates.
        threads: for the networks; 0 takes all cores.
        steps: network calls of a diffusion musecoder; the model's own number when None.
        seed: of whatever a model draws at random.
        strict_paper: models of a paper leave out what the paper does not have.

    Raises:
        BundleError: when the model is unknown or damaged.
        ConfigError: when the strength is out of range, or the model has no such option.
    """

    def __init__(
        self,
        model: str = DEFAULT_MODEL,
        strength: float = 1.0,
        threads: int = 0,
        *,
        steps: int | None = None,
        seed: int | None = None,
        strict_paper: bool = False,
    ) -> None:
        if not 0 <= strength <= MAX_STRENGTH:
            raise ConfigError(f"strength is {strength:g}: give a number from 0 (no change) to {MAX_STRENGTH:g}")
        self.model, self.strength = model, strength
        self.engine = open_engine(find_bundle(model), EngineOptions(threads, steps, seed, strict_paper))

    def enhance(self, audio: NDArray[np.floating], sample_rate: int) -> Wave:
        """Enhances a take held in memory.

        Args:
            audio: (time,) or (channel, time), in [-1, 1].
            sample_rate: Hz.

        Shape:
            the shape of the input

        Raises:
            ConfigError: when the shape or a value is not that of audio.
        """
        wave = np.atleast_2d(np.asarray(audio, np.float32))
        if wave.ndim != 2 or wave.shape[0] > 64:
            raise ConfigError(f"audio has shape {np.shape(audio)}: give (time,) or (channel, time)")
        if not np.isfinite(wave).all():
            raise ConfigError("audio contains NaN or infinite samples: repair it first")
        blocks = [wave[:, at : at + 65536] for at in range(0, wave.shape[1], 65536)]
        survey = self.survey(blocks, sample_rate, wave.shape[0])
        enhanced = list(self.stream(lambda: blocks, survey))
        result = np.concatenate(enhanced, axis=1) if enhanced else wave.copy()
        return result.reshape(np.shape(audio))

    def survey(
        self,
        blocks: Blocks,
        sample_rate: int,
        channels: int,
        progress: Progress = lambda samples: None,
        listen: Callable[[Wave], None] = lambda block: None,
        look: Callable[[NDArray[np.float32]], None] | None = None,
    ) -> Survey:
        """Hears a whole take: the first pass.

        Args:
            blocks: (channel, time).
            sample_rate: Hz.
            channels: of the blocks.
            progress: called with the number of samples heard so far.
            listen: called with every block, for further measures.
            look: called with the power (channel, freq, frame) of every group of frames.
        """
        analyser = FrameAnalyser(FrameGrid.for_rate(sample_rate), channels)
        ear = self.engine.ear(sample_rate, channels)
        lookers = [*([ear.feed_power] if ear.hears_power else []), *([look] if look else [])]
        loudness = LoudnessMeter(sample_rate, channels)

        def take(spectrum: NDArray[np.complex64]) -> None:
            if spectrum.shape[-1]:
                power = spectrum.real**2 + spectrum.imag**2
                for looker in lookers:
                    looker(power)

        peak, samples = 0.0, 0
        for block in blocks:
            listen(block)
            loudness.update(block)
            ear.feed(block)
            peak = max(peak, float(np.abs(block).max(initial=0.0)))
            samples += block.shape[1]
            if lookers:
                take(analyser.feed(block))
            progress(samples)
        if lookers:
            take(analyser.flush())
        return Survey(sample_rate, channels, samples, peak, loudness.integrated(), ear.judge())

    def stream(
        self,
        blocks: Callable[[], Blocks],
        survey: Survey,
        chunk_frames: int = CHUNK_FRAMES,
        store: Store | None = None,
        ceiling: float | None = CEILING,
        progress: Progress = lambda samples: None,
    ) -> Iterator[Wave]:
        """Enhances a surveyed take: the second pass. Yields as many samples as the take has.

        Args:
            blocks: opens the take anew.
            survey: of the same take.
            chunk_frames: frames decided at a time; it changes nothing but memory and speed.
            store: holds the take between enhancing it and bringing it to its loudness; in memory by default.
            ceiling: highest sample; None for floating-point outputs.
            progress: called with the number of samples done so far.
        """
        if not survey.acts(self.strength):
            yield from blocks()
            return
        store = MemoryStore() if store is None else store
        loudness = LoudnessMeter(survey.sample_rate, survey.channels)
        done = 0
        assert survey.judgement is not None
        shape = TakeShape(survey.sample_rate, survey.channels, survey.samples)
        for wave in self.engine.enhance(blocks(), shape, survey.judgement, self.strength, chunk_frames):
            store.put(wave)
            loudness.update(wave)
            done += wave.shape[1]
            progress(done)
        leveller = Leveller(
            matching_gain(survey.loudness, loudness.integrated()), survey.sample_rate, survey.channels, ceiling
        )
        for wave in store.take():
            yield leveller.feed(wave)
        yield leveller.flush()


def enhance(audio: NDArray[np.floating], sample_rate: int, model: str = DEFAULT_MODEL, strength: float = 1.0) -> Wave:
    """Enhances a take held in memory; see `Enhancer.enhance`."""
    return Enhancer(model, strength).enhance(audio, sample_rate)
