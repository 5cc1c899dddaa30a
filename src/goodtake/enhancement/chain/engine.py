"""Runs bundles of kind "chain": paper 1's networks at 16 kHz, and whatever rate and channels a take has."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from goodtake.audio.resample import Resampler
from goodtake.bundles import Bundle, find_bundle
from goodtake.dsp.mel_matching import MATCHES
from goodtake.dsp.stft import Wave, stft
from goodtake.enhancement.chain.carry import Carrier
from goodtake.enhancement.chain.demucs import DemucsStream
from goodtake.enhancement.chain.diffwave import DiffWaveVocoder
from goodtake.enhancement.chain.griffin_lim import GriffinLimVocoder
from goodtake.enhancement.chain.mels import MelFrames, MelStream
from goodtake.enhancement.chain.musecoder import MusecoderVocoder
from goodtake.enhancement.chain.settings import ChainSettings, read_settings
from goodtake.enhancement.chain.vocoder import Vocoder, VocoderStream
from goodtake.enhancement.chain.windows import FloatArray
from goodtake.enhancement.engine import CHUNK_FRAMES, MIN_SECONDS, EngineOptions, Judged, TakeShape
from goodtake.errors import ConfigError

RMS, PEAK = 0.1, 0.95
"""What takes are brought to, as in training (`goodtake.training.chain.LEVEL`, and paper 1's normalisation)."""

SILENCE = 1e-7
"""Root mean square below which a take is left alone: 140 dB below full scale."""

PAPER_STEPS = 50


@dataclass(frozen=True)
class ChainJudgement:
    """What the engine knows of a take before it enhances it.

    Args:
        gain: brings it to the level of training.
        level: root mean square after that.
        wet: always 1: these engines do not judge how much a take needs.
    """

    gain: float
    level: float
    wet: float = 1.0


class LowStream(Protocol):
    """Enhances one take at the networks' rate."""

    def feed(self, wave: Wave) -> Iterator[Wave]:
        """Takes (channel, time) and yields what is final."""
        ...

    def flush(self) -> Iterator[Wave]:
        """Yields what is left."""
        ...


class ChainEngine:
    """Runs a bundle of kind "chain".

    Args:
        bundle: the weights.
        options: of the user.

    Raises:
        BundleError: the bundle is not whole.
        ConfigError: it is asked for what it does not have.
    """

    def __init__(self, bundle: Bundle, options: EngineOptions) -> None:
        self.bundle, self.settings = bundle, read_settings(bundle)
        options.refuse_all_but(bundle.name, self.settings.options)
        self.strict_paper = options.strict_paper
        self.steps = options.steps or (PAPER_STEPS if options.strict_paper else self.settings.steps)
        self.seed = options.seed or 0
        self._sessions = {
            name: bundle.session(name, options.threads, frugal=name == "denoiser") for name in self.settings.networks
        }
        self._vocoder = VOCODERS[self.settings.vocoder](self) if self.settings.vocoder in VOCODERS else None

    def ear(self, sample_rate: int, channels: int) -> "ChainEar":
        """Returns an ear for one take."""
        return ChainEar(self.settings, sample_rate, channels)

    def enhance(
        self, blocks: Iterable[Wave], take: TakeShape, judged: Judged, strength: float, chunk_frames: int
    ) -> Iterator[Wave]:
        """Enhances the blocks of a take; see `Engine.enhance`."""
        assert isinstance(judged, ChainJudgement)
        carrier = Carrier(take, self.settings.mel.sample_rate, judged.gain, keep_high=not self.strict_paper)
        stream = self._stream(take.channels, carrier.samples, judged.level, strength, chunk_frames)
        for block in blocks:
            for wave in stream.feed(carrier.down(block)):
                yield carrier.up(wave)
        nothing = np.zeros((take.channels, 0), np.float32)
        for wave in stream.feed(carrier.down(nothing, last=True)):
            yield carrier.up(wave)
        for wave in stream.flush():
            yield carrier.up(wave)
        yield carrier.up(nothing, last=True)

    def musecode(self, mel: FloatArray, samples: int, recording: Wave | None = None) -> Wave:
        """Makes music of a log-mel spectrogram with the vocoder alone.

        Args:
            mel: of `settings.mel`, at the level of training.
            samples: wanted.
            recording: whose phase a guided musecoder bends; at the same level.

        Shape:
            mel (mel, samples // hop_length + 1), recording (samples,) -> (samples,)

        Raises:
            ConfigError: the model has no vocoder, the shape does not fit, or the recording is missing.
        """
        config = self.settings.mel
        vocoder = self.require_musecoder()
        if mel.shape != (config.n_mels, config.grid.n_frames(samples)):
            wanted = (config.n_mels, config.grid.n_frames(samples))
            raise ConfigError(f"log mel of shape {mel.shape} for {samples} samples: give {wanted}")
        if self.settings.guided and (recording is None or recording.shape != (samples,)):
            raise ConfigError(f"model {self.bundle.name} bends the phase of a recording: give one of {samples} samples")
        heard = np.zeros(samples, np.float32) if recording is None else recording
        stream = vocoder.stream(1, samples, CHUNK_FRAMES)
        parts = [*stream.feed(MelFrames(mel[None], mel, stft(heard, config.grid)[None])), *stream.flush()]
        return np.asarray(np.concatenate(parts, axis=1)[0], np.float32)

    def require_musecoder(self) -> Vocoder:
        """Returns what makes a wave of a spectrogram.

        Raises:
            ConfigError: the model has nothing of the kind.
        """
        if self._vocoder is None:
            raise ConfigError(f"model {self.bundle.name} has no musecoder: it maps waves to waves")
        return self._vocoder

    def session(self, network: str) -> Any:
        """Returns an open network of the bundle."""
        return self._sessions[network]

    def _stream(self, channels: int, samples: int, level: float, strength: float, chunk_frames: int) -> LowStream:
        if self._vocoder is None:
            return DemucsStream(self.session("demucs"), self.settings, samples, strength)
        translate = self._translate if "mel2mel" in self.settings.pipeline else None
        mels = MelStream(self.settings, channels, samples, level, strength, translate)
        return MelChain(mels, self._vocoder.stream(channels, samples, chunk_frames))

    def _translate(self, mel: FloatArray) -> FloatArray:
        (enhanced,) = self.session("mel2mel").run(None, {"mel": mel[None]})
        return np.asarray(enhanced[0], np.float32)


class MelChain:
    """Samples into frames, frames into samples."""

    def __init__(self, mels: MelStream, vocoder: VocoderStream) -> None:
        self.mels, self.vocoder = mels, vocoder

    def feed(self, wave: Wave) -> Iterator[Wave]:
        """Takes (channel, time) and yields what is final."""
        for frames in self.mels.feed(wave):
            yield from self.vocoder.feed(frames)

    def flush(self) -> Iterator[Wave]:
        """Yields what is left."""
        for frames in self.mels.flush():
            yield from self.vocoder.feed(frames)
        yield from self.vocoder.flush()


class ChainEar:
    """Hears how loud a take is at the networks' rate.

    Args:
        settings: of the bundle.
        sample_rate: Hz.
        channels: of the take.
    """

    hears_power = False

    def __init__(self, settings: ChainSettings, sample_rate: int, channels: int) -> None:
        self.settings = settings
        self._down = Resampler(channels, sample_rate, settings.mel.sample_rate)
        self._channels, self._samples, self._square, self._peak = channels, 0, 0.0, 0.0

    def feed(self, block: Wave) -> None:
        """Takes (channel, time)."""
        self._hear(np.asarray(self._down.process(block), np.float32))

    def feed_power(self, power: FloatArray) -> None:
        """Takes what it does not need."""

    def judge(self) -> ChainJudgement | None:
        """Ends the take; None when it is silent or too short."""
        self._hear(np.asarray(self._down.process(np.zeros((self._channels, 0), np.float32), last=True), np.float32))
        if self._samples < MIN_SECONDS * self.settings.mel.sample_rate:
            return None
        rms = float(np.sqrt(self._square / (self._samples * self._channels)))
        if rms < SILENCE:
            return None
        gain = RMS / rms if self.settings.level == "rms" else PEAK / self._peak
        return ChainJudgement(gain, gain * rms)

    def _hear(self, low: Wave) -> None:
        self._samples += low.shape[1]
        self._square += float(np.sum(low.astype(np.float64) ** 2))
        self._peak = max(self._peak, float(np.abs(low).max(initial=0.0)))


VOCODERS: dict[str, Callable[[ChainEngine], Vocoder]] = {
    "musecoder": lambda engine: MusecoderVocoder(
        engine.session("musecoder"), engine.settings.mel.grid, engine.settings.guided, engine.settings.context_frames
    ),
    "griffinlim": lambda engine: GriffinLimVocoder(engine.settings.mel, engine.seed),
    "diffwave": lambda engine: DiffWaveVocoder(
        engine.session("conditioner"),
        engine.session("denoiser"),
        engine.settings.mel,
        engine.settings.context_frames,
        engine.steps,
        engine.seed,
        MATCHES if engine.settings.matched and not engine.strict_paper else 0,
    ),
}


def open_chain(model: str, options: EngineOptions | None = None) -> ChainEngine:
    """Returns the engine of an installed model or a bundle's folder, to be used without `Enhancer`.

    Raises:
        BundleError: when the model is unknown, damaged or of another kind.
        ConfigError: when it has no such option.
    """
    bundle = find_bundle(model)
    return ChainEngine(bundle, options or EngineOptions())
