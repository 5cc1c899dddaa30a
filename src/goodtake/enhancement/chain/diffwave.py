"""The DiffWave musecoder as a stream: noise into music, step by step, on windows with context.

The conditioner runs once a window and its answer is kept for all steps. Noise belongs to the sample, not to the window,
so neighbouring windows begin with the same noise and end with the same music; see docs/paper1-models.md on how equal.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from goodtake.diffusion.ancestral import AncestralSampler
from goodtake.diffusion.dpm_solver import DPMSolver
from goodtake.diffusion.sampling import Sampler, draw_sample
from goodtake.diffusion.schedule import FAST_BETAS, linear_schedule
from goodtake.dsp.stft import Wave
from goodtake.enhancement.chain.mels import MelFrames
from goodtake.enhancement.chain.noise import noise_at
from goodtake.enhancement.chain.windows import ContextChunks, FloatArray

WINDOW_FRAMES = 64
"""Frames made at a time, a second: the kept conditions are 245 MB a second."""


def sampler_for(steps: int) -> Sampler:
    """Returns the sampler that a number of steps stands for: paper 1's 50, DiffWave's 6, DPM-Solver++ for any other."""
    training = linear_schedule()
    sampler: Sampler = (
        AncestralSampler(training) if steps in (training.n_steps, len(FAST_BETAS)) else DPMSolver(training)
    )
    sampler.set_timesteps(steps)
    return sampler


class DiffWaveVocoder:
    """DiffWave.

    Args:
        conditioner: session of the half that does not depend on the step.
        denoiser: session of the other half.
        hop_length: samples a frame.
        context: frames that an answer of the network depends on.
        steps: see `sampler_for`.
        seed: of the noise, the same for every channel.
    """

    def __init__(self, conditioner: Any, denoiser: Any, hop_length: int, context: int, steps: int, seed: int) -> None:
        self.conditioner, self.denoiser = conditioner, denoiser
        self.hop_length, self.context, self.steps, self.seed = hop_length, context, steps, seed

    def stream(self, channels: int, samples: int, chunk_frames: int) -> "DiffWaveStream":
        """Returns a stream; see `Vocoder.stream`."""
        return DiffWaveStream(self, samples, min(chunk_frames, WINDOW_FRAMES))

    def sample(self, mel: FloatArray, first: int) -> Wave:
        """Returns the music of a window.

        Args:
            mel: log mel.
            first: frame where it lies in the take.

        Shape:
            (mel, frame) -> (frame * hop_length,)
        """
        start, length = first * self.hop_length, mel.shape[1] * self.hop_length
        (condition,) = self.conditioner.run(None, {"mel": mel[None]})

        def predict_noise(noisy: Wave, step: float) -> Wave:
            inputs = {"noisy": noisy[None], "step": np.array([step], np.float32), "cached": condition}
            (noise,) = self.denoiser.run(None, inputs)
            return np.asarray(noise[0], np.float32)

        return draw_sample(
            sampler_for(self.steps),
            predict_noise,
            noise_at(self.seed, 0, start, length),
            lambda index: noise_at(self.seed, index + 1, start, length),
        )


class DiffWaveStream:
    """One take through DiffWave.

    Args:
        vocoder: the network and its options.
        samples: of the take.
        window_frames: made at a time.
    """

    def __init__(self, vocoder: DiffWaveVocoder, samples: int, window_frames: int) -> None:
        self.vocoder, self._left = vocoder, samples
        self._chunks = ContextChunks(window_frames, vocoder.context)

    def feed(self, frames: MelFrames) -> Iterator[Wave]:
        """Takes frames and yields samples."""
        for (mel,), inside, first in self._chunks.feed(frames.mel):
            yield self._made(mel, inside, first)

    def flush(self) -> Iterator[Wave]:
        """Yields the last samples."""
        for (mel,), inside, first in self._chunks.flush():
            yield self._made(mel, inside, first)

    def _made(self, mel: FloatArray, inside: slice, first: int) -> Wave:
        hop = self.vocoder.hop_length
        wave = np.stack([self.vocoder.sample(np.ascontiguousarray(channel), first) for channel in mel])
        wave = wave[:, inside.start * hop : inside.stop * hop][:, : self._left]
        self._left -= wave.shape[1]
        return wave
