"""Encoders goodtake drives itself: plain PCM in four containers, FLAC, and Vorbis. One interface for all of them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any, BinaryIO, Protocol

import numpy as np

from goodtake.audio.aiff import MAX_FORM_BYTES, aiff_header
from goodtake.audio.caf import caf_header
from goodtake.audio.carry import Baggage, chunks_for, flac_blocks, ogg_fields
from goodtake.audio.chunks import AIFF, PcmLayout
from goodtake.audio.flac import FlacHeader, pack_header
from goodtake.audio.formats import OutputFormat
from goodtake.audio.info import AudioInfo
from goodtake.audio.ogg import OggRewriter
from goodtake.audio.pcm import FloatArray, PcmEncoding, encode_pcm, float_to_int
from goodtake.audio.wav import DEFAULT_MASKS, wav_header
from goodtake.errors import UnwritableAudioError

# A WAV whose size is not known for certain to stay below 4 GiB is begun with room for the RF64 sizes.
SURE_WAV_BYTES = 2**32 - 2**26
# libsndfile crashes the process when it gets millions of frames of Vorbis in one call.
VORBIS_BLOCK_FRAMES = 65_536
VORBIS_LEVELS = tuple(step / 20 for step in range(4, 21))
# libvorbis wants its own order of channels; libav and WAV share another.
VORBIS_ORDER = {
    3: [0, 2, 1],
    5: [0, 2, 1, 3, 4],
    6: [0, 2, 1, 4, 5, 3],
    7: [0, 2, 1, 5, 6, 4, 3],
    8: [0, 2, 1, 6, 7, 4, 5, 3],
}


class Encoder(Protocol):
    """Turns blocks into a file."""

    def write(self, block: FloatArray) -> None:
        """Take a block (channel, time)."""
        ...

    def finish(self) -> None:
        """Write what is pending and complete the headers; the file stays open."""
        ...

    def abandon(self) -> None:
        """Let go of everything without completing the file."""
        ...


class PcmEncoder:
    """WAV (RF64 beyond 4 GiB), Wave64, AIFF and CAF.

    Args:
        file: the output, seekable unless ``stream``.
        output: encoding, rate, channels.
        like: the input; its number of frames tells whether RF64 may be needed.
        baggage: metadata.
        stream: write to a pipe: the header cannot be completed later.
    """

    def __init__(
        self, file: BinaryIO, output: OutputFormat, like: AudioInfo, baggage: Baggage, stream: bool = False
    ) -> None:
        self.file, self.container, self.stream = file, output.container, stream
        bits = output.bit_depth or 16
        kind = "float" if output.is_float else "int"
        if bits == 8 and output.container in ("wav", "w64"):
            kind = "uint"
        encoding = PcmEncoding(kind, bits, big_endian=output.container == "aiff")  # type: ignore[arg-type]
        mask = baggage.layout.channel_mask if baggage.layout else None
        if mask is None and output.channels > 2 and output.container in ("wav", "w64"):
            mask = DEFAULT_MASKS[output.channels]
        rate, channels = output.sample_rate, output.channels
        self.layout = PcmLayout(output.container, encoding, rate, channels, 0, 0, 0, channel_mask=mask)
        self.metadata = chunks_for(output.container, baggage)
        expected = None if like.frames is None else like.frames * self.layout.frame_bytes + len(self.metadata)
        self.may_grow = not stream and (expected is None or expected > SURE_WAV_BYTES)
        self.frames = 0
        at_first = like.frames if stream and expected is not None and expected < SURE_WAV_BYTES else None
        self.promised = at_first
        self.file.write(self._header(at_first if stream else 0))

    def _header(self, frames: int | None) -> bytes:
        if self.container == "aiff":
            return aiff_header(self.layout, self.metadata, frames or 0)
        if self.container == "caf":
            return caf_header(self.layout, self.metadata, frames or 0)
        wave64 = self.container == "w64"
        return wav_header(self.layout, self.metadata, frames, wave64=wave64, may_grow=self.may_grow)

    def write(self, block: FloatArray) -> None:
        """See ``Encoder``."""
        if self.container == "aiff" and (self.frames + block.shape[1]) * self.layout.frame_bytes > MAX_FORM_BYTES // 2:
            raise UnwritableAudioError("AIFF holds at most 2 GB of sound; name the output .wav, .w64 or .caf")
        self.file.write(encode_pcm(block, self.layout.encoding))
        self.frames += block.shape[1]

    def finish(self) -> None:
        """See ``Encoder``."""
        data_bytes = self.frames * self.layout.frame_bytes
        if self.container != "caf":
            alignment = 8 if self.container == "w64" else AIFF.alignment
            self.file.write(bytes(-data_bytes % alignment))
        if self.stream:
            self.file.flush()
            return
        self.file.seek(0)
        self.file.write(self._header(self.frames))

    def abandon(self) -> None:
        """See ``Encoder``."""


class FlacEncoder:
    """FLAC: libav encodes the frames, goodtake writes the metadata blocks around them.

    Args:
        file: the output, seekable.
        output: 16 or 24 bits.
        baggage: metadata.
    """

    def __init__(self, file: BinaryIO, output: OutputFormat, baggage: Baggage) -> None:
        from goodtake.audio.libav_encode import FrameEncoder

        self.file = file
        self.bits = output.bit_depth or 24
        self.header = FlacHeader(output.sample_rate, output.channels, self.bits, None, bytes(16), flac_blocks(baggage))
        self.encoder = FrameEncoder("flac", output)
        self.checksum = hashlib.md5(usedforsecurity=False)
        self.frames = 0
        self.file.write(pack_header(self.header, self.encoder.frame_size))

    def write(self, block: FloatArray) -> None:
        """See ``Encoder``."""
        samples = np.ascontiguousarray(float_to_int(block, self.bits).T, dtype="<i4")  # (time, channel)
        as_bytes = samples.view(np.uint8).reshape(-1, 4)[:, : self.bits // 8]
        self.checksum.update(as_bytes.tobytes())
        self.frames += block.shape[1]
        for packet in self.encoder.encode(block):
            self.file.write(bytes(packet))

    def finish(self) -> None:
        """See ``Encoder``."""
        for packet in self.encoder.flush():
            if packet.size:
                self.file.write(bytes(packet))
        self.header = replace(self.header, frames=self.frames, md5=self.checksum.digest())
        self.file.seek(0)
        self.file.write(pack_header(self.header, self.encoder.frame_size))

    def abandon(self) -> None:
        """See ``Encoder``."""


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
    """Ogg Vorbis by libsndfile, with our comments: PyAV's build of libav has no libvorbis.

    Args:
        file: gets the Ogg stream.
        output: rate, channels, bit rate.
        fields: comment fields.
    """

    def __init__(self, file: BinaryIO, output: OutputFormat, fields: list[bytes]) -> None:
        self.rewriter = OggRewriter(file, fields)
        self.order = VORBIS_ORDER.get(output.channels)
        self.sink = _Sink()
        level = vorbis_level(output.sample_rate, output.channels, output.bit_rate or 0)
        self.sound = _open_vorbis(self.sink, output.sample_rate, output.channels, level)

    def write(self, block: FloatArray) -> None:
        """See ``Encoder``."""
        if self.order:
            block = block[self.order]
        for start in range(0, block.shape[1], VORBIS_BLOCK_FRAMES):
            self.sound.write(np.ascontiguousarray(block[:, start : start + VORBIS_BLOCK_FRAMES].T, dtype=np.float32))
            self.rewriter.feed(self.sink.drain())

    def finish(self) -> None:
        """See ``Encoder``."""
        self.sound.close()
        self.rewriter.feed(self.sink.drain())

    def abandon(self) -> None:
        """See ``Encoder``."""
        self.sound.close()


def make_vorbis_encoder(file: BinaryIO, output: OutputFormat, baggage: Baggage) -> VorbisEncoder:
    """A Vorbis encoder that carries a source's comments and covers."""
    return VorbisEncoder(file, output, ogg_fields(baggage))


def _open_vorbis(sink: _Sink, sample_rate: int, channels: int, level: float) -> Any:
    import soundfile

    try:
        return soundfile.SoundFile(
            sink, "w", sample_rate, channels, subtype="VORBIS", format="OGG", compression_level=1.0 - level
        )
    except (soundfile.SoundFileError, RuntimeError) as error:
        raise UnwritableAudioError(
            f"Vorbis cannot hold {channels} channels at {sample_rate} Hz; name the output .flac or .wav"
        ) from error


def empty_vorbis(output: OutputFormat) -> bytes:
    """A nearly empty Ogg Vorbis stream: the headers that ``VorbisEncoder`` would write."""
    sink = _Sink()
    level = vorbis_level(output.sample_rate, output.channels, output.bit_rate or 0)
    sound = _open_vorbis(sink, output.sample_rate, output.channels, level)
    sound.write(np.zeros((64, output.channels), np.float32))
    sound.close()
    return sink.drain()


def vorbis_level(sample_rate: int, channels: int, bit_rate: int) -> float:
    """The lowest quality, 0.2 to 1, at which libvorbis names at least this bit rate as its nominal one.

    The relation differs with rate and channels; asking the encoder takes a millisecond a step.
    """
    for level in VORBIS_LEVELS:
        sink = _Sink()
        _open_vorbis(sink, sample_rate, channels, level).close()
        head = sink.drain()
        nominal = int.from_bytes(head[48:52], "little", signed=True)
        if head[29:35] == b"vorbis" and nominal >= bit_rate:
            return level
    return VORBIS_LEVELS[-1]
