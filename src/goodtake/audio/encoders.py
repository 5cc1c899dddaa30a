"""What every encoder does, and the two that need no muxer: plain PCM in four containers, and FLAC."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import BinaryIO, Protocol

import numpy as np

from goodtake.audio.aiff import MAX_FORM_BYTES, aiff_header
from goodtake.audio.caf import caf_header
from goodtake.audio.carry import Baggage, chunks_for, flac_blocks
from goodtake.audio.chunks import AIFF, PcmLayout
from goodtake.audio.flac import FlacHeader, pack_header
from goodtake.audio.formats import OutputFormat
from goodtake.audio.info import AudioInfo
from goodtake.audio.pcm import FloatArray, PcmEncoding, encode_pcm, float_to_int
from goodtake.audio.wav import DEFAULT_MASKS, wav_header
from goodtake.errors import UnwritableAudioError

# A WAV whose size is not known for certain to stay below 4 GiB is begun with room for the RF64 sizes.
SURE_WAV_BYTES = 2**32 - 2**26


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
