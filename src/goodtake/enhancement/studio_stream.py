"""The second pass of the studio engine: frames in, decided with the engine's whole context, frames out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from goodtake.dsp.bands import N_BINS
from goodtake.dsp.high import N_HIGH, high_matrix, spread_high
from goodtake.dsp.stft import FrameGrid, Spectrum, Wave
from goodtake.enhancement.engine import CHUNK_FRAMES, TakeShape
from goodtake.enhancement.frames import FrameAnalyser, FrameSynthesiser
from goodtake.enhancement.hearing import shared_amplitude, shared_high

if TYPE_CHECKING:
    from goodtake.enhancement.studio import Judgement, StudioEngine

CHUNK_BYTES = 48_000_000
"""A chunk of the complex spectrogram stays under this, however many channels and however high the rate."""

SEAM = N_BINS - 48
SEAM_MEAN = 16
"""At 16 kHz, where the net learnt, the anti-alias slope takes the last three quarters of a kilohertz; files of higher
rates have full sound there, so they take the mean gain of the bins just below."""


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


def enhance_stream(
    engine: StudioEngine,
    blocks: Iterable[Wave],
    take: TakeShape,
    judgement: Judgement,
    strength: float,
    chunk_frames: int,
) -> Iterator[Wave]:
    """Yields the enhanced take; see `Engine.enhance`."""
    grid = FrameGrid.for_rate(take.sample_rate)
    analyser, synthesiser = FrameAnalyser(grid, take.channels), FrameSynthesiser(grid, take.channels)
    stream = StudioStream(engine, judgement, grid, take.sample_rate, strength, chunk_frames)
    done = 0

    def chunks() -> Iterator[Spectrum]:
        for block in blocks:
            yield from stream.feed(analyser.feed(block))
        yield from stream.feed(analyser.flush())
        yield from stream.flush()

    for spectrum in chunks():
        wave = synthesiser.feed(spectrum)[:, : take.samples - done]
        done += wave.shape[1]
        yield wave
    yield synthesiser.flush(take.samples - done)
