"""Ogg Vorbis by libsndfile, both ways: PyAV's libav has no good Vorbis encoder, and its demuxer miscounts short files.

(When all the sound lies in one page, libav counts the silent first packet as 128 samples and cuts as many off the end.)
libvorbis wants its channels in an order of its own; goodtake keeps the order of WAV and libav everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from goodtake.audio.bridge import InputFile
from goodtake.audio.carry import Baggage, ogg_fields
from goodtake.audio.formats import OutputFormat, encoder_bit_rate
from goodtake.audio.info import AudioInfo, cut_off, damaged
from goodtake.audio.ogg import OggRewriter
from goodtake.audio.pcm import FloatArray
from goodtake.errors import UnwritableAudioError

# libsndfile crashes the process when it gets millions of frames of Vorbis in one call.
BLOCK_FRAMES = 16_384
QUALITIES = tuple(step / 20 for step in range(4, 21))
# Position in Vorbis's order of channels -> row in ours.
VORBIS_ORDER = {
    3: [0, 2, 1],
    5: [0, 2, 1, 3, 4],
    6: [0, 2, 1, 4, 5, 3],
    7: [0, 2, 1, 5, 6, 4, 3],
    8: [0, 2, 1, 6, 7, 4, 5, 3],
}


def vorbis_frames(file: BinaryIO, name: str) -> int:
    """Samples per channel of an Ogg Vorbis file, by its last granule position.

    Raises:
        UnreadableAudioError: libsndfile cannot open it.
    """
    with _opened(file, name) as sound:
        return int(sound.frames)


class VorbisSource:
    """The samples of an Ogg Vorbis file; see ``sources.Source``."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def decode(self, info: AudioInfo) -> Iterator[FloatArray]:
        """Yield blocks (channel, time), float32."""
        import soundfile

        order = VORBIS_ORDER.get(info.channels)
        rows = np.argsort(order) if order else slice(None)
        count = 0
        with _opened(self.file, info.name) as sound:
            if (sound.samplerate, sound.channels) != (info.sample_rate, info.channels):
                raise damaged(info.name, "its headers contradict each other")
            while True:
                try:
                    block = sound.read(BLOCK_FRAMES, dtype="float32", always_2d=True).T[rows]  # (channel, time)
                except (soundfile.SoundFileError, RuntimeError) as error:
                    raise damaged(f"{info.name} after {count / info.sample_rate:.3f} s", str(error)) from error
                if not block.shape[1]:
                    break
                count += block.shape[1]
                yield block
        if info.frames is not None and count != info.frames:
            raise cut_off(info.name, count / info.sample_rate, info.frames / info.sample_rate)


def _opened(file: BinaryIO, name: str) -> Any:
    import soundfile

    file.seek(0)
    try:
        return soundfile.SoundFile(InputFile(file))
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise damaged(name, "libsndfile cannot open it as Ogg Vorbis") from error


class _Sink:
    """A file that only grows, in memory, until it is drained: errors of the disk must not pass through C code."""

    def __init__(self) -> None:
        self.pending = bytearray()
        self.position = 0

    def write(self, data: bytes) -> int:
        self.pending += data
        self.position += len(data)
        return len(data)

    def drain(self) -> bytes:
        data = bytes(self.pending)
        self.pending.clear()
        return data

    def tell(self) -> int:
        return self.position

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.position

    def flush(self) -> None:
        pass


class VorbisEncoder:
    """Encodes to an Ogg stream with our comments in it; see ``encoders.Encoder``.

    Args:
        file: gets the Ogg stream.
        output: rate, channels, bit rate.
        fields: comment fields.
    """

    def __init__(self, file: BinaryIO, output: OutputFormat, fields: list[bytes]) -> None:
        self.rewriter = OggRewriter(file, fields)
        self.order = VORBIS_ORDER.get(output.channels)
        # libvorbis's choices depend on how much it gets at once: always the same, so that the same sound gives the
        # same bytes however it was cut.
        self.pending: list[FloatArray] = []
        self.held = 0
        self.sink = _Sink()
        quality = _quality(output)
        self.sound = _open_encoder(self.sink, output.sample_rate, output.channels, quality)

    def write(self, block: FloatArray) -> None:
        """See ``Encoder``."""
        self.pending.append(block)
        self.held += block.shape[1]
        if self.held >= BLOCK_FRAMES:
            whole = self.held - self.held % BLOCK_FRAMES
            joined = np.concatenate(self.pending, axis=1)
            self.pending, self.held = [joined[:, whole:]], self.held - whole
            for start in range(0, whole, BLOCK_FRAMES):
                self._encode(joined[:, start : start + BLOCK_FRAMES])

    def _encode(self, block: FloatArray) -> None:
        if self.order:
            block = block[self.order]
        self.sound.write(np.ascontiguousarray(block.T, dtype=np.float32))
        self.rewriter.feed(self.sink.drain())

    def finish(self) -> None:
        """See ``Encoder``."""
        if self.held:
            self._encode(np.concatenate(self.pending, axis=1))
        self.sound.close()
        self.rewriter.feed(self.sink.drain())

    def abandon(self) -> None:
        """See ``Encoder``."""
        self.sound.close()


def make_vorbis_encoder(file: BinaryIO, output: OutputFormat, baggage: Baggage) -> VorbisEncoder:
    """A Vorbis encoder that carries a source's comments and covers."""
    return VorbisEncoder(file, output, ogg_fields(baggage))


def empty_vorbis(output: OutputFormat) -> bytes:
    """A nearly empty Ogg Vorbis stream: the headers that ``VorbisEncoder`` would write."""
    sink = _Sink()
    quality = _quality(output)
    with _open_encoder(sink, output.sample_rate, output.channels, quality) as sound:
        sound.write(np.zeros((64, output.channels), np.float32))
    return sink.drain()


def _quality(output: OutputFormat) -> float:
    return vorbis_quality(output.sample_rate, output.channels, encoder_bit_rate(output))


def vorbis_quality(sample_rate: int, channels: int, bit_rate: int) -> float:
    """The lowest quality, 0.2 to 1, at which libvorbis names at least this bit rate as its nominal one.

    The relation differs with rate and channels; asking the encoder takes a millisecond a step.
    """
    for quality in QUALITIES:
        sink = _Sink()
        _open_encoder(sink, sample_rate, channels, quality).close()
        head = sink.drain()
        nominal = int.from_bytes(head[48:52], "little", signed=True)
        if head[29:35] == b"vorbis" and nominal >= bit_rate:
            return quality
    return QUALITIES[-1]


def _open_encoder(sink: _Sink, sample_rate: int, channels: int, quality: float) -> Any:
    import soundfile

    try:
        return soundfile.SoundFile(
            sink, "w", sample_rate, channels, subtype="VORBIS", format="OGG", compression_level=1.0 - quality
        )
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise UnwritableAudioError(
            f"Vorbis cannot hold {channels} channels at {sample_rate} Hz; name the output .flac or .wav"
        ) from error
