"""The ISTFT musecoder as a stream: one network call writes magnitudes and phases of many frames.

NumPy twin of `goodtake.models.musecoder`; a test holds the two equal.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from goodtake.dsp.stft import FrameGrid, Spectrum, Wave
from goodtake.enhancement.chain.mels import MelFrames
from goodtake.enhancement.chain.windows import ContextChunks, FloatArray
from goodtake.enhancement.frames import FrameSynthesiser

AMPLITUDE_FLOOR = np.float32(1e-3)
"""Of the guide: `goodtake.models.musecoder.AMPLITUDE_FLOOR`."""


class MusecoderVocoder:
    """The musecoder.

    Guided, all channels share one decision: the network hears the root mean square of the channels, and each channel is
    brought from that to what the network wrote, by one gain and one rotation for every bin. The image stays where it
    is. With a phase of its own, the channels are made one by one.

    Args:
        session: of the network.
        grid: window and hop.
        guided: whether it hears the recording.
        context: frames.
    """

    def __init__(self, session: Any, grid: FrameGrid, guided: bool, context: int) -> None:
        self.session, self.grid, self.guided, self.context = session, grid, guided, context
        self._signs = (1 - 2 * (np.arange(grid.n_bins) % 2)).astype(np.float32)[:, None]

    def stream(self, channels: int, samples: int, chunk_frames: int) -> "MusecoderStream":
        """Returns a stream; see `Vocoder.stream`."""
        return MusecoderStream(self, channels, samples, chunk_frames)

    def own(self, mel: FloatArray) -> Spectrum:
        """Returns the spectrogram of each channel: (channel, mel, frame) -> (channel, freq, frame)."""
        spectra = []
        for channel in mel:
            magnitude, phase = self.session.run(None, {"mel": channel[None]})
            spectra.append(np.exp(magnitude[0]) * self._signs * (phase[0, 0] + 1j * phase[0, 1]))
        return np.asarray(spectra, np.complex64)

    def rotated(self, shared: FloatArray, recording: Spectrum) -> Spectrum:
        """Returns the recording with the magnitudes and rotations that the network writes.

        Where no channel has any amplitude, all take that of the network at phase zero.

        Shape:
            shared (mel, frame), recording (channel, freq, frame) -> (channel, freq, frame)
        """
        amplitude = np.sqrt((recording.real**2 + recording.imag**2).mean(axis=0))
        guide = np.log(amplitude + AMPLITUDE_FLOOR)
        magnitude, phase = self.session.run(None, {"mel": shared[None], "guide": guide[None]})
        carrier = np.where(amplitude > 0, recording / np.maximum(amplitude, np.float32(1e-20)), np.complex64(1))
        return np.asarray(np.exp(magnitude[0]) * (phase[0, 0] + 1j * phase[0, 1]) * carrier, np.complex64)


class MusecoderStream:
    """One take through the musecoder.

    Args:
        vocoder: the network.
        channels: of the take.
        samples: of the take.
        chunk_frames: frames a call.
    """

    def __init__(self, vocoder: MusecoderVocoder, channels: int, samples: int, chunk_frames: int) -> None:
        self.vocoder, self._left = vocoder, samples
        self._chunks = ContextChunks(chunk_frames, vocoder.context)
        self._synthesiser = FrameSynthesiser(vocoder.grid, channels)

    def feed(self, frames: MelFrames) -> Iterator[Wave]:
        """Takes frames and yields samples."""
        streams = (frames.shared, frames.spectrum) if self.vocoder.guided else (frames.mel,)
        for heard, inside, _ in self._chunks.feed(*streams):
            yield self._made(heard, inside)

    def flush(self) -> Iterator[Wave]:
        """Yields the last samples."""
        for heard, inside, _ in self._chunks.flush():
            yield self._made(heard, inside)
        yield self._synthesiser.flush(self._left)

    def _made(self, heard: list[Any], inside: slice) -> Wave:
        spectrum = self.vocoder.rotated(*heard) if self.vocoder.guided else self.vocoder.own(*heard)
        wave = self._synthesiser.feed(np.ascontiguousarray(spectrum[..., inside]))[:, : self._left]
        self._left -= wave.shape[1]
        return wave
