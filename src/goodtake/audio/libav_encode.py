"""Encode and mux with libav: MP3, Opus, AAC and ALAC files; single frames for FLAC; the sound of videos."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from goodtake.audio.bridge import OutputFile, OutputStream
from goodtake.audio.carry import Baggage, id3_tags, mp4_boxes, ogg_fields
from goodtake.audio.formats import OutputFormat, encoder_bit_rate
from goodtake.audio.libav import PLANES_MISCOUNTED, plain
from goodtake.audio.mp4 import put_boxes
from goodtake.audio.mpeg import set_length
from goodtake.audio.ogg import OggRewriter
from goodtake.audio.pcm import FloatArray, float_to_int
from goodtake.errors import UnwritableAudioError

if TYPE_CHECKING:
    from av.audio.codeccontext import AudioCodecContext
    from av.packet import Packet

    AnyPacket = Packet[Any]

ENCODERS = {"mp3": "libmp3lame", "opus": "libopus"}
PCM_ENCODERS = {(16, False): "pcm_s16le", (24, False): "pcm_s24le", (32, False): "pcm_s32le", (8, False): "pcm_u8"}
PCM_ENCODERS |= {(32, True): "pcm_f32le", (64, True): "pcm_f64le"}
# Names of libav's layouts by number of channels, likeliest first; an encoder takes only some of them.
LAYOUTS = {
    1: ("mono",),
    2: ("stereo",),
    3: ("3.0", "2.1"),
    4: ("4.0", "quad"),
    5: ("5.0", "5.0(side)"),
    6: ("5.1", "5.1(side)"),
    7: ("6.1", "6.1(back)", "7.0"),
    8: ("7.1", "7.1(wide)"),
}
# Opus and Vorbis know four channels as quadraphonic only.
XIPH_LAYOUTS = {4: ("quad",)}
# libav's wrapper of libopus shuffles five and seven channels wrongly on their way to Vorbis's order; shuffled like this
# before, they come out right (test_channels_stay_in_order would notice a repair).
LIBOPUS_REPAIR = {5: [0, 1, 4, 2, 3], 7: [0, 1, 4, 3, 5, 2, 6]}
VARIABLE_FRAME_SIZE = 4096
FLAC_BLOCK_FRAMES = 4096
AC3_CODECS = ("ac3", "eac3")
AC3_DELAY = 256


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn libav's exceptions while writing into ``UnwritableAudioError``; those of the disk pass as OSError."""
    import av

    try:
        yield
    except av.FFmpegError as error:
        if isinstance(error, OSError) and not isinstance(error, ValueError) and 0 < (error.errno or 0) < 200:
            raise OSError(error.errno, error.strerror) from error
        raise UnwritableAudioError(f"{what}: libav cannot write it ({plain(error)}); try .wav or .flac") from error
    except (ValueError, RuntimeError) as error:
        raise UnwritableAudioError(f"{what}: libav cannot write it ({plain(error)}); try .wav or .flac") from error


def encoder_name(output: OutputFormat) -> str:
    """The name of libav's encoder for an output."""
    if output.codec == "pcm":
        return PCM_ENCODERS[(output.bit_depth or 16, output.is_float)]
    return ENCODERS.get(output.codec, output.codec)


def _sample_format(name: str, output: OutputFormat) -> str:
    if name == "flac":
        return "s16" if output.bit_depth == 16 else "s32"
    if name == "alac":
        return "s16p" if output.bit_depth == 16 else "s32p"
    fixed = {"libopus": "flt", "pcm_s16le": "s16", "pcm_u8": "u8", "pcm_f32le": "flt", "pcm_f64le": "dbl"}
    if name.startswith("pcm_"):
        return fixed.get(name, "s32")
    return fixed.get(name, "fltp")


class FrameEncoder:
    """Cuts blocks into the codec's frames and encodes them.

    Args:
        name: of libav's encoder.
        output: rate, channels, bit depth, bit rate.
        context: of a muxer's stream; a free-standing one is made if it is left out.
    """

    def __init__(self, name: str, output: OutputFormat, context: AudioCodecContext | None = None) -> None:
        import av

        self.output = output
        self.format = codec_format = _sample_format(name, output)
        if output.channels >= PLANES_MISCOUNTED and self.format.endswith("p"):
            self.format = self.format.rstrip("p")  # libav makes it planar again
        names = XIPH_LAYOUTS.get(output.channels, ()) if name == "libopus" else ()
        wanted = [output.layout] if output.layout else []
        candidates = dict.fromkeys([*names, *wanted, *LAYOUTS[output.channels]])
        usable = _usable_layouts(name, candidates, output)
        with translated(name):
            self.context: AudioCodecContext = context or av.CodecContext.create(name, "w")  # type: ignore[assignment]
            _configure(self.context, usable, codec_format, output)
            self.context.open()
        self.layout = usable
        self.frame_size = self.context.frame_size or VARIABLE_FRAME_SIZE
        self._pending: list[FloatArray] = []
        self._held = 0
        self.frames = 0  # samples per channel given to the codec so far

    def encode(self, block: FloatArray) -> Iterator[AnyPacket]:
        """Take a block (channel, time) and yield the packets that are ready."""
        self._pending.append(block)
        self._held += block.shape[1]
        if self._held < self.frame_size:
            return
        joined = np.concatenate(self._pending, axis=1)
        whole = self._held - self._held % self.frame_size
        for start in range(0, whole, self.frame_size):
            yield from self._frame(joined[:, start : start + self.frame_size])
        self._pending, self._held = [joined[:, whole:]], self._held - whole

    def flush(self) -> Iterator[AnyPacket]:
        """Yield the packets of the remainder, shorter than a frame, and what the codec held back."""
        frames = self.frames + self._held
        if self.output.codec in AC3_CODECS:  # these do not push their delay out by themselves
            self._pending.append(np.zeros((self.output.channels, AC3_DELAY), np.float32))
            self._held += AC3_DELAY
        while self._held > self.frame_size:
            joined = np.concatenate(self._pending, axis=1)
            self._pending, self._held = [joined[:, self.frame_size :]], self._held - self.frame_size
            yield from self._frame(joined[:, : self.frame_size])
        if self._held:
            rest = np.concatenate(self._pending, axis=1)
            self._pending, self._held = [], 0
            yield from self._frame(rest)
        with translated(self.output.codec):
            packets = self.context.encode(None)
        self.frames = frames
        yield from packets

    def _frame(self, samples: FloatArray) -> list[AnyPacket]:
        import av

        frame = av.AudioFrame.from_ndarray(self._prepare(samples), format=self.format, layout=self.layout)
        frame.sample_rate = self.output.sample_rate
        frame.pts = self.frames
        self.frames += samples.shape[1]
        with translated(self.output.codec):
            return self.context.encode(frame)

    def _prepare(self, samples: FloatArray) -> np.ndarray[Any, Any]:
        """Samples (channel, time) in the codec's type; (1, time x channel) where it wants them interleaved."""
        if self.output.codec == "opus" and self.output.channels in LIBOPUS_REPAIR:
            samples = samples[LIBOPUS_REPAIR[self.output.channels]]
        kind = self.format.rstrip("p")
        converted: np.ndarray[Any, Any]
        if kind == "u8":
            converted = (float_to_int(samples, 8) + 128).astype(np.uint8)
        elif kind == "s16":
            converted = float_to_int(samples, 16).astype(np.int16)
        elif kind == "s32":
            bits = self.output.bit_depth or 32
            converted = float_to_int(samples, bits) << (32 - bits)
        else:
            converted = samples.astype(np.float64 if kind == "dbl" else np.float32)
        return np.ascontiguousarray(converted if self.format.endswith("p") else converted.T.reshape(1, -1))


def _configure(context: AudioCodecContext, layout: str, sample_format: str, output: OutputFormat) -> None:
    context.sample_rate = output.sample_rate
    context.layout = layout
    context.format = sample_format
    if output.bit_rate:
        context.bit_rate = encoder_bit_rate(output)
    if output.codec == "flac":
        # libav's parser gives up on frames of more than some 128 KB, which its own default can reach.
        context.options = {**context.options, "frame_size": str(FLAC_BLOCK_FRAMES)}
    if output.codec == "alac" and output.bit_depth == 24:
        context.options = {**context.options, "bits_per_raw_sample": "24"}


def _usable_layouts(name: str, candidates: dict[str, None], output: OutputFormat) -> str:
    """The first layout that the encoder opens with."""
    import av

    for layout in candidates:
        with suppress(av.FFmpegError, ValueError, RuntimeError):
            if av.AudioLayout(layout).nb_channels != output.channels:
                continue
            trial: AudioCodecContext = av.CodecContext.create(name, "w")  # type: ignore[assignment]
            _configure(trial, layout, _sample_format(name, output), output)
            trial.open()
            return layout
    raise UnwritableAudioError(
        f"{output.codec.upper()} cannot hold {output.channels} channels at {output.sample_rate} Hz; "
        "name the output .flac or .wav"
    )


class LibavEncoder:
    """A sound file that libav encodes and muxes: MP3, Opus, M4A.

    Args:
        file: the output, seekable.
        output: everything about the format.
        baggage: metadata.
    """

    def __init__(self, file: BinaryIO, output: OutputFormat, baggage: Baggage) -> None:
        import av

        self.file, self.output = file, output
        self.front, self.back = id3_tags(baggage) if output.container == "mp3" else (b"", b"")
        self.boxes = mp4_boxes(baggage) if output.container == "mp4" else []
        file.write(self.front)
        self.target: OutputFile | OutputStream = OutputFile(file)
        options = {"fflags": "+bitexact"}
        if output.container == "mp3":
            options |= {"id3v2_version": "0", "write_xing": "1"}
        elif output.container == "mp4":
            options |= {"movie_timescale": str(output.sample_rate)}  # or the edit list would be rounded to 1 ms
        elif output.container == "ogg":
            self.target = OutputStream(OggRewriter(file, ogg_fields(baggage)).feed)
        name = encoder_name(output)
        with translated(output.codec):
            self.muxer = av.open(self.target, "w", format=output.muxer, options=options)
            self.stream: Any = self.muxer.add_stream(name, rate=output.sample_rate)
        context: Any = self.stream.codec_context
        self.encoder = FrameEncoder(name, output, context)

    def write(self, block: FloatArray) -> None:
        """See ``Encoder``."""
        self._mux(self.encoder.encode(block))

    def finish(self) -> None:
        """See ``Encoder``."""
        self._mux(self.encoder.flush())
        with translated(self.output.codec):
            self.muxer.close()
        self.target.check()
        if self.output.container == "mp3":
            set_length(self.file, len(self.front), self.encoder.frames)
        if self.boxes:
            put_boxes(self.file, self.boxes)
        self.file.seek(0, 2)
        self.file.write(self.back)

    def abandon(self) -> None:
        """See ``Encoder``."""
        with suppress(Exception):  # the file is thrown away; whatever its muxer has to say is of no use
            self.muxer.close()

    def _mux(self, packets: Iterator[AnyPacket]) -> None:
        for packet in packets:
            packet.stream = self.stream
            with translated(self.output.codec):
                self.muxer.mux(packet)
            self.target.check()
