"""The studio engine in NumPy and ONNX Runtime: judges a take once, then enhances its spectrogram stretch by stretch."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from goodtake.bundles import Bundle
from goodtake.dsp.bands import LOG_FLOOR, N_BINS, band_interpolation
from goodtake.dsp.high import N_HIGH, bridge_bands, high_matrix, spread_high
from goodtake.dsp.stft import FrameGrid, Spectrum
from goodtake.enhancement.hearing import (
    FloatArray,
    Hearing,
    band_statistics,
    log_bands,
    shared_amplitude,
    shared_high,
)
from goodtake.errors import BundleError

CHUNK_FRAMES = 512
CHUNK_BYTES = 48_000_000
"""A chunk of the complex spectrogram stays under this, however many channels and however high the rate."""

FAULTS = ("snr_db", "drr_db", "colour_db")
"""What the gate looks at: noise, room, and the mean correction of the long-term spectrum."""

DB_PER_NAT = 8.685889638

SEAM = N_BINS - 48
SEAM_MEAN = 16
"""At 16 kHz, where the net learnt, the anti-alias slope takes the last three quarters of a kilohertz; files of higher
rates have full sound there, so they take the mean gain of the bins just below."""

SILENCE = 1e-9
MIN_FRAMES = 8
"""Takes shorter than an eighth of a second say too little to be judged."""


@dataclass(frozen=True)
class Judgement:
    """What the engine knows of a take before it enhances it.

    Args:
        level: of the take, as `Hearing.level`.
        statistics: of each bin at unit level, colour corrected: (N_BINS, values).
        high_statistics: of each band above 8 kHz at unit level: (N_HIGH, values).
        colour: correction of the long-term spectrum, nats: (N_BINS,).
        correction: the same in the take net's bands, nats: (band,).
        facts: signal-to-noise ratio / 10 dB, direct-to-reverberant ratio / 10 dB, ln decay time in seconds, distance
            from clean in nats: (4,).
        moving: how much of the frame-by-frame gains is wanted, 0 to 1.
        wet: how much of the colour correction is wanted, 0 to 1, and so how much of anything; never below `moving`.
    """

    level: float
    statistics: FloatArray
    high_statistics: FloatArray
    colour: FloatArray
    correction: FloatArray
    facts: FloatArray
    moving: float
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
        self._high = bundle.session("high", threads)
        try:
            self.context = int(bundle.config["context_frames"])
            self.n_bands = int(bundle.config["model"]["take"]["n_bands"])
            self.stretch_frames = round(float(bundle.config["take_seconds"]) / 0.016) + 1
            gate = bundle.config["gate"]
            self._gate = {fault: (float(gate[fault]["closed"]), float(gate[fault]["open"])) for fault in FAULTS}
        except (KeyError, TypeError, ValueError) as error:
            raise BundleError(f"model {bundle.name} lacks {error} in its config.yaml: export it again") from error

    def hearing(self, grid: FrameGrid, sample_rate: int) -> Hearing:
        """Returns an ear for one take."""
        return Hearing(self.stretch_frames, grid, sample_rate)

    def judge(self, hearing: Hearing) -> Judgement | None:
        """Returns what the nets need to know of a take, or None when it is silent or too short to be judged."""
        if hearing.level < SILENCE or hearing.frames < MIN_FRAMES:
            return None
        heard = list(self._listen(hearing))
        if not heard:
            return None
        corrections, facts = zip(*heard, strict=True)
        correction = np.asarray(np.mean(corrections, axis=0), np.float32)
        fact = np.asarray(np.mean(facts, axis=0), np.float32)
        colour = _spread(self.n_bands) @ correction
        statistics = hearing.bins.statistics(hearing.level) + colour[:, None]
        high = hearing.high.statistics(hearing.level)
        amounts = self.amounts(fact, correction)
        return Judgement(hearing.level, statistics, high, colour, correction, fact, *amounts)

    def amounts(self, facts: FloatArray, correction: FloatArray) -> tuple[float, float]:
        """Returns how much a take wants of the frame-by-frame gains and of the colour correction, 0 to 1 each.

        Each fault has a ramp: at its closed end it wants nothing, at its open end everything. Noise and room are what
        gains that move can mend; a wrong colour wants a filter that stands still. The gains were learnt on corrected
        colour, so the correction is never less than they are.
        """
        measures = dict(
            zip(FAULTS, (10 * facts[0], 10 * facts[1], DB_PER_NAT * np.abs(correction).mean()), strict=True)
        )
        wanted = {}
        for fault, (closed, opened) in self._gate.items():
            place = float(np.clip((measures[fault] - closed) / (opened - closed), 0, 1))
            wanted[fault] = place * place * (3 - 2 * place)
        moving = 1 - (1 - wanted["snr_db"]) * (1 - wanted["drr_db"])
        return moving, max(moving, wanted["colour_db"])

    def _listen(self, hearing: Hearing) -> Iterator[tuple[FloatArray, FloatArray]]:
        """Asks the take net about each stretch that is within 30 dB of the loudest."""
        levels = [float(np.sqrt(np.mean(np.sum(heard.astype(np.float64) ** 2, axis=0)))) for heard in hearing.stretches]
        for amplitude, level in zip(hearing.stretches, levels, strict=True):
            if level < max(levels) * 10 ** (-30 / 20) or level < SILENCE:
                continue
            bands = log_bands(amplitude, level, self.n_bands)
            correction, facts = self._take.run(None, {"bands": bands[None], "statistics": band_statistics(bands)[None]})
            yield correction[0], facts[0]

    def gains(self, amplitude: FloatArray, judgement: Judgement) -> tuple[FloatArray, FloatArray]:
        """Returns log gain, colour included, and angle of rotation of each bin: (N_BINS, frame) -> twice that."""
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

    def high_gains(
        self, amplitude: FloatArray, log_gain: FloatArray, high: FloatArray, present: FloatArray, judgement: Judgement
    ) -> FloatArray:
        """Returns the log gain of the bands above 8 kHz; holds the NumPy twin of `models.high.high_features`.

        Args:
            amplitude: shared amplitudes (N_BINS, frame).
            log_gain: what `gains` said for them.
            high: shared amplitudes of the high bands (N_HIGH, frame).
            present: 1 for bands below the Nyquist frequency, else 0: (N_HIGH,).
            judgement: of the take.

        Shape:
            -> (N_HIGH, frame)
        """
        level = np.float32(judgement.level)
        floor = np.float32(LOG_FLOOR**2)
        bridge = 0.5 * np.log(bridge_bands((amplitude / level) ** 2) + floor)
        levels = 0.5 * np.log((high / level) ** 2 + floor)
        contrast = levels[None] - judgement.high_statistics.T[:, :, None]  # (statistic, band, frame)
        there = np.broadcast_to(present[:, None], levels.shape)
        planes = [
            bridge / 2.5 + 2,
            bridge_bands(log_gain) / 2.5,
            levels / 2.5 + 2,
            contrast.reshape(-1, levels.shape[1]) / 2.5,
            there,
        ]
        (gain,) = self._high.run(None, {"features": np.concatenate(planes)[None].astype(np.float32)})
        return np.asarray(gain[0], np.float32)


class StudioStream:
    """Enhances a stream of frames; every frame is decided with the engine's whole context, so chunks leave no trace.

    Args:
        engine: the nets.
        judgement: of the take.
        grid: window and hop.
        sample_rate: Hz.
        strength: 0 leaves the take as it is, 1 enhances it as much as the judgement wants, above is more.
        chunk_frames: frames decided at a time.
    """

    def __init__(
        self,
        engine: StudioEngine,
        judgement: Judgement,
        grid: FrameGrid,
        sample_rate: int,
        strength: float = 1.0,
        chunk_frames: int = CHUNK_FRAMES,
    ) -> None:
        self.engine, self.judgement, self.grid, self.sample_rate = engine, judgement, grid, sample_rate
        self.moving, self.still = np.float32(strength * judgement.moving), np.float32(strength * judgement.wet)
        self.chunk_frames = chunk_frames
        self._has_high = grid.n_bins > N_BINS
        self._spectra: list[Spectrum] = []  # frames not yet decided
        self._heard = np.zeros((N_BINS + N_HIGH, 0), np.float32)  # of those, with up to one context before them
        self._past = 0  # frames of that context

    def feed(self, spectrum: Spectrum) -> Iterator[Spectrum]:
        """Takes (channel, freq, frame) and yields enhanced chunks that have all the context they need."""
        if spectrum.shape[-1]:
            self._spectra.append(spectrum)
            power = spectrum.real**2 + spectrum.imag**2
            heard = [shared_amplitude(power, self.grid), shared_high(power, self.grid, self.sample_rate)]
            self._heard = np.concatenate([self._heard, np.concatenate(heard)], axis=1)
        chunk = min(self.chunk_frames, max(16, CHUNK_BYTES // (8 * spectrum.shape[0] * spectrum.shape[1])))
        while self._heard.shape[1] - self._past >= chunk + self.engine.context:
            yield self._decide(chunk)

    def flush(self) -> Iterator[Spectrum]:
        """Yields the frames that are left."""
        left = self._heard.shape[1] - self._past
        if left:
            yield self._decide(left)

    def _decide(self, frames: int) -> Spectrum:
        heard = self._heard[:, : self._past + frames + self.engine.context]
        inside = slice(self._past, self._past + frames)
        log_gain, angle = self.engine.gains(heard[:N_BINS], self.judgement)
        if self._has_high:
            log_gain[SEAM:] = log_gain[SEAM - SEAM_MEAN : SEAM].mean(axis=0)
        enhanced = self._take_frames(frames)
        bins = min(N_BINS, enhanced.shape[1])
        still = (self.still - self.moving) * self.judgement.colour[:bins, None]
        gain = np.exp(self.moving * log_gain[:bins, inside] + still)
        turn = np.exp(1j * (self.moving * angle[:bins, inside]))
        enhanced[:, :bins] *= (gain * turn).astype(np.complex64)
        if self._has_high:
            present = (high_matrix(self.grid, self.sample_rate).sum(axis=1) > 0).astype(np.float32)
            high = self.engine.high_gains(heard[:N_BINS], log_gain, heard[N_BINS:], present, self.judgement)
            spread = spread_high(self.moving * high[:, inside], self.grid, self.sample_rate)
            enhanced[:, N_BINS:] *= np.exp(spread)
        drop = max(0, self._past + frames - self.engine.context)
        self._heard = self._heard[:, drop:]
        self._past = self._past + frames - drop
        return enhanced

    def _take_frames(self, frames: int) -> Spectrum:
        """Returns a copy of the next frames, to be changed in place."""
        pending = np.concatenate(self._spectra, axis=-1) if len(self._spectra) > 1 else self._spectra[0]
        self._spectra = [pending[..., frames:]] if pending.shape[-1] > frames else []
        return pending[..., :frames].copy()


@lru_cache(maxsize=4)
def _spread(n_bands: int) -> FloatArray:
    return band_interpolation(n_bands)
