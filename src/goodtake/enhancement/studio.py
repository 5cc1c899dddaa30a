"""The studio engine in NumPy and ONNX Runtime: judges a take once, then enhances its spectrogram stretch by stretch."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from goodtake.bundles import Bundle
from goodtake.dsp.bands import LOG_FLOOR, band_interpolation
from goodtake.dsp.high import bridge_bands
from goodtake.dsp.stft import FrameGrid, Wave
from goodtake.enhancement.engine import EngineOptions, Judged, TakeShape
from goodtake.enhancement.hearing import (
    FloatArray,
    Hearing,
    band_statistics,
    log_bands,
)
from goodtake.enhancement.studio_stream import enhance_stream
from goodtake.errors import BundleError

FAULTS = ("snr_db", "drr_db", "colour_db")
"""What the gate looks at: noise, room, and the mean correction of the long-term spectrum."""

DB_PER_NAT = 8.685889638

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

    Raises:
        BundleError: the bundle is not whole.
    """

    def __init__(self, bundle: Bundle, threads: int = 0) -> None:
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

    @classmethod
    def open(cls, bundle: Bundle, options: EngineOptions) -> "StudioEngine":
        """Returns the engine of a bundle.

        Raises:
            BundleError: the bundle is not whole.
            ConfigError: it is asked for what it does not have.
        """
        options.refuse_all_but(bundle.name, ())
        return cls(bundle, options.threads)

    def ear(self, sample_rate: int, channels: int) -> "StudioEar":
        """Returns an ear for one take."""
        return StudioEar(self, FrameGrid.for_rate(sample_rate), sample_rate)

    def enhance(
        self, blocks: Iterable[Wave], take: TakeShape, judged: Judged, strength: float, chunk_frames: int
    ) -> Iterator[Wave]:
        """Enhances the blocks of a take; see `Engine.enhance`."""
        assert isinstance(judged, Judgement)
        return enhance_stream(self, blocks, take, judged, strength, chunk_frames)

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


class StudioEar:
    """Hears a take for the engine: the spectrogram at its own rate.

    Args:
        engine: whose take net judges.
        grid: window and hop.
        sample_rate: Hz.
    """

    hears_power = True

    def __init__(self, engine: StudioEngine, grid: FrameGrid, sample_rate: int) -> None:
        self.engine, self.hearing = engine, engine.hearing(grid, sample_rate)

    def feed(self, block: Wave) -> None:
        """Takes (channel, time), and waits for its spectrogram."""

    def feed_power(self, power: FloatArray) -> None:
        """Takes (channel, freq, frame)."""
        self.hearing.feed(power)

    def judge(self) -> Judgement | None:
        """Ends the take; None when it is silent or too short."""
        self.hearing.finish()
        return self.engine.judge(self.hearing)


@lru_cache(maxsize=4)
def _spread(n_bands: int) -> FloatArray:
    return band_interpolation(n_bands)
