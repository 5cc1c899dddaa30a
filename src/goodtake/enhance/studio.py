"""The studio engine in NumPy and ONNX Runtime: judges a take once, then enhances its spectrogram stretch by stretch."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from goodtake.bundles import Bundle
from goodtake.dsp.bands import LOG_FLOOR, N_BINS, band_interpolation
from goodtake.dsp.stft import FrameGrid, Spectrum
from goodtake.enhance.hearing import FloatArray, Hearing, band_statistics, log_bands, shared_amplitude
from goodtake.errors import BundleError

CHUNK_FRAMES = 1024
CHUNK_BYTES = 48_000_000
"""A chunk of the complex spectrogram stays under this, however many channels and however high the rate."""

SILENCE = 1e-9
MIN_FRAMES = 8
"""Takes shorter than an eighth of a second say too little to be judged."""


@dataclass(frozen=True)
class Judgement:
    """What the engine knows of a take before it enhances it.

    Args:
        level: of the take, as `Hearing.level`.
        statistics: of each bin at unit level, colour corrected: (N_BINS, values).
        colour: correction of the long-term spectrum, nats: (N_BINS,).
        correction: the same in the take net's bands, nats: (band,).
        facts: signal-to-noise ratio / 10 dB, direct-to-reverberant ratio / 10 dB, ln decay time in seconds, distance
            from clean in nats: (4,).
        wet: how much of the enhancement is wanted, 0 to 1.
    """

    level: float
    statistics: FloatArray
    colour: FloatArray
    correction: FloatArray
    facts: FloatArray
    wet: float


class StudioEngine:
    """Runs a bundle of kind "studio".

    Args:
        bundle: the weights.
        threads: of one operator; 0 takes all cores.
    """

    def __init__(self, bundle: Bundle, threads: int = 0) -> None:
        if bundle.engine != "studio":
            raise BundleError(f"model {bundle.name} is of kind {bundle.engine!r}, which this version cannot run")
        self.bundle = bundle
        self._take = bundle.session("take", threads)
        self._studio = bundle.session("studio", threads)
        self.context = int(bundle.config["context_frames"])
        self.n_bands = int(bundle.config["model"]["take"]["n_bands"])
        self.stretch_frames = round(float(bundle.config["take_seconds"]) / 0.016) + 1
        gate = bundle.config["gate"]
        self._gate = (float(gate["closed_nats"]), float(gate["open_nats"]))

    def hearing(self) -> Hearing:
        """Returns an ear for one take."""
        return Hearing(self.stretch_frames)

    def judge(self, hearing: Hearing) -> Judgement | None:
        """Returns what the nets need to know of a take, or None when it is silent or too short to be judged."""
        if hearing.level < SILENCE or hearing.frames < MIN_FRAMES:
            return None
        corrections, facts = zip(*self._listen(hearing), strict=True)
        correction = np.mean(corrections, axis=0, dtype=np.float32)
        fact = np.mean(facts, axis=0, dtype=np.float32)
        colour = _spread(self.n_bands) @ correction
        statistics = hearing.statistics() + colour[:, None]
        return Judgement(hearing.level, statistics, colour, correction, fact, self.wet(float(fact[3])))

    def wet(self, distance: float) -> float:
        """Returns how much enhancement a take wants: none up to the gate's lower end, all from its upper end on."""
        closed, opened = self._gate
        place = float(np.clip((distance - closed) / (opened - closed), 0, 1))
        return place * place * (3 - 2 * place)

    def _listen(self, hearing: Hearing) -> Iterator[tuple[FloatArray, FloatArray]]:
        """Asks the take net about each stretch that is within 30 dB of the whole take's level."""
        for amplitude in hearing.stretches:
            level = float(np.sqrt(np.mean(np.sum(amplitude.astype(np.float64) ** 2, axis=0))))
            if level < hearing.level * 10 ** (-30 / 20):
                continue
            bands = log_bands(amplitude, level, self.n_bands)
            correction, facts = self._take.run(None, {"bands": bands[None], "statistics": band_statistics(bands)[None]})
            yield correction[0], facts[0]

    def gains(self, amplitude: FloatArray, judgement: Judgement) -> tuple[FloatArray, FloatArray]:
        """Returns log gain, colour included, and the angle of rotation of each bin: (N_BINS, frame) -> twice the same."""
        colour = judgement.colour
        magnitude = np.log(amplitude / np.float32(judgement.level) + np.float32(LOG_FLOOR)) + colour[:, None]
        inputs = {
            "magnitude": magnitude[None],
            "statistics": judgement.statistics[None],
            "colour": colour[None],
            "facts": judgement.facts[None],
        }
        log_gain, rotation = self._studio.run(None, inputs)
        return log_gain[0] + colour[:, None], np.arctan2(rotation[0, 1], rotation[0, 0])


class StudioStream:
    """Enhances a stream of frames; every frame is decided with the engine's whole context, so chunks leave no trace.

    Args:
        engine: the nets.
        judgement: of the take.
        grid: window and hop.
        strength: 0 leaves the take as it is, 1 enhances it as much as the judgement wants, above is more.
        chunk_frames: frames decided at a time.
    """

    def __init__(
        self,
        engine: StudioEngine,
        judgement: Judgement,
        grid: FrameGrid,
        strength: float = 1.0,
        chunk_frames: int = CHUNK_FRAMES,
    ) -> None:
        self.engine, self.judgement, self.grid = engine, judgement, grid
        self.amount = np.float32(strength * judgement.wet)
        self.chunk_frames = chunk_frames
        self._spectra: list[Spectrum] = []  # frames not yet decided
        self._amplitude = np.zeros((N_BINS, 0), np.float32)  # of those, with up to one context before them
        self._past = 0  # frames of that context

    def feed(self, spectrum: Spectrum) -> Iterator[Spectrum]:
        """Takes (channel, freq, frame) and yields enhanced chunks that have all the context they need."""
        if spectrum.shape[-1]:
            self._spectra.append(spectrum)
            heard = spectrum[:, :N_BINS]
            amplitude = shared_amplitude(heard.real**2 + heard.imag**2, self.grid)
            self._amplitude = np.concatenate([self._amplitude, amplitude], axis=1)
        chunk = min(self.chunk_frames, max(16, CHUNK_BYTES // (8 * spectrum.shape[0] * spectrum.shape[1])))
        while self._amplitude.shape[1] - self._past >= chunk + self.engine.context:
            yield self._decide(chunk)

    def flush(self) -> Iterator[Spectrum]:
        """Yields the frames that are left."""
        left = self._amplitude.shape[1] - self._past
        if left:
            yield self._decide(left)

    def _decide(self, frames: int) -> Spectrum:
        heard = self._amplitude[:, : self._past + frames + self.engine.context]
        log_gain, angle = self.engine.gains(heard, self.judgement)
        inside = slice(self._past, self._past + frames)
        spectrum = self._take_frames(frames)
        enhanced = apply_gains(spectrum, self.amount * log_gain[:, inside], self.amount * angle[:, inside])
        drop = max(0, self._past + frames - self.engine.context)
        self._amplitude = self._amplitude[:, drop:]
        self._past = self._past + frames - drop
        return enhanced

    def _take_frames(self, frames: int) -> Spectrum:
        pending = np.concatenate(self._spectra, axis=-1) if len(self._spectra) > 1 else self._spectra[0]
        self._spectra = [pending[..., frames:]] if pending.shape[-1] > frames else []
        return pending[..., :frames]


def apply_gains(spectrum: Spectrum, log_gain: FloatArray, angle: FloatArray) -> Spectrum:
    """Applies one decision to every channel; above 8 kHz the mean gain of 7 to 8 kHz goes on.

    Shape:
        (channel, freq, frame), (N_BINS, frame) twice -> (channel, freq, frame)
    """
    bins = min(N_BINS, spectrum.shape[1])
    turn = (np.exp(log_gain[:bins]) * np.exp(1j * angle[:bins])).astype(np.complex64)
    enhanced = np.empty_like(spectrum)
    enhanced[:, :bins] = spectrum[:, :bins] * turn
    if spectrum.shape[1] > N_BINS:
        enhanced[:, N_BINS:] = spectrum[:, N_BINS:] * np.exp(log_gain[-64:].mean(axis=0))
    return enhanced


@lru_cache(maxsize=4)
def _spread(n_bands: int) -> FloatArray:
    return band_interpolation(n_bands)
