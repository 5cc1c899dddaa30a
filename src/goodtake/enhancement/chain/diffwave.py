"""The DiffWave musecoder as a stream: noise into music, step by step, on windows with context.

The conditioner runs once a window and its answer is kept for all steps. Noise belongs to the sample, not to the window,
so neighbouring windows begin with the same noise and end with the same music; see docs/paper1-models.md on how equal.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from goodtake.diffusion.ancestral import AncestralSampler
from goodtake.diffusion.dpm_solver import DPMSolver
from goodtake.diffusion.sampling import Sampler, draw_sample
from goodtake.diffusion.schedule import FAST_BETAS, linear_schedule
from goodtake.dsp.mel import MelConfig
from goodtake.dsp.mel_matching import match_mel
from goodtake.dsp.stft import Wave
from goodtake.enhancement.chain.mels import MelFrames
from goodtake.enhancement.chain.noise import noise_at
from goodtake.enhancement.chain.windows import ContextChunks, FloatArray

WINDOW_FRAMES = 80
"""Frames made at a time, 1.3 s. The kept conditions are 245 MB a second, and context is computed twice."""

PIECE_FRAMES = 16
"""Frames that the conditioner is asked about at a time: its answers are large, and stay in the cache like this."""

PIECE_CONTEXT = 2
"""Frames to either side that its upsampling mixes in."""


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
        mel: spectrogram it is told.
        context: frames that an answer of the network depends on.
        steps: see `sampler_for`.
        seed: of the noise, the same for every channel.
        matches: rounds in which the music is given the spectrogram it was made of (`dsp.mel_matching`); 0 leaves it as
            sampled.
    """

    def __init__(
        self, conditioner: Any, denoiser: Any, mel: MelConfig, context: int, steps: int, seed: int, matches: int
    ) -> None:
        self.conditioner, self.denoiser = conditioner, denoiser
        self.mel, self.hop_length, self.context = mel, mel.hop_length, context
        self.steps, self.seed, self.matches = steps, seed, matches
        self.halves = sum(given.name.startswith("cached_") for given in denoiser.get_inputs())
        self._kept = np.zeros(0, np.float32)  # memory for conditions, used again and again

    def stream(self, channels: int, samples: int, chunk_frames: int) -> "DiffWaveStream":
        """Returns a stream; see `Vocoder.stream`. Windows have their own length, for they can be heard, if barely."""
        return DiffWaveStream(self, samples, WINDOW_FRAMES)

    def sample(self, mel: FloatArray, first: int) -> Wave:
        """Returns the music of a window.

        Args:
            mel: log mel.
            first: frame where it lies in the take.

        Shape:
            (mel, frame) -> (frame * hop_length,)
        """
        start, length = first * self.hop_length, mel.shape[1] * self.hop_length
        # Bound, not passed: passing copies, and the conditions are hundreds of megabytes for every step.
        binding, kept = self.denoiser.io_binding(), self.conditions(mel)
        for name, condition in kept.items():
            _bind(binding.bind_input, name, condition)
        noise = np.zeros((1, length), np.float32)
        _bind(binding.bind_output, "noise", noise)

        def predict_noise(noisy: Wave, step: float) -> Wave:
            sample, steps = np.ascontiguousarray(noisy[None]), np.array([step], np.float32)
            _bind(binding.bind_input, "noisy", sample)
            _bind(binding.bind_input, "step", steps)
            self.denoiser.run_with_iobinding(binding)
            answer: Wave = noise[0]
            return answer

        music = draw_sample(
            sampler_for(self.steps),
            predict_noise,
            noise_at(self.seed, 0, start, length),
            lambda index: noise_at(self.seed, index + 1, start, length),
        )
        return match_mel(music, np.pad(mel, [(0, 0), (0, 1)], "edge"), self.mel, self.matches)

    def conditions(self, mel: FloatArray) -> dict[str, FloatArray]:
        """Returns what the conditioner says of a window, in memory that the next window takes over.

        Shape:
            (mel, frame) -> of each layer's filter and gate (1, channels, frame * hop_length)
        """
        frames, hop = mel.shape[1], self.hop_length
        kept: FloatArray | None = None
        for first in range(0, frames, PIECE_FRAMES):
            begin, end = max(0, first - PIECE_CONTEXT), min(frames, first + PIECE_FRAMES)
            heard = np.ascontiguousarray(mel[None, :, begin : end + PIECE_CONTEXT])
            (answer,) = self.conditioner.run(None, {"mel": heard})
            if kept is None:
                size = answer.shape[1] * frames * hop
                if self._kept.size < size:
                    self._kept = np.zeros(size, np.float32)
                kept = self._kept[:size].reshape(1, answer.shape[1], frames * hop)
            kept[..., first * hop : end * hop] = answer[..., (first - begin) * hop : (end - begin) * hop]
        assert kept is not None
        return {f"cached_{half}": part for half, part in enumerate(np.split(kept, self.halves, axis=1))}


def _bind(bind: Callable[..., None], name: str, values: FloatArray) -> None:
    bind(name, "cpu", 0, np.float32, values.shape, values.ctypes.data)


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
