"""The sound of a video file: pictures and all other streams are copied packet by packet, the sound is replaced.

Pictures are copied as the sound grows, so that both lie side by side in the file and memory stays bounded. The new
sound track begins where the old one began, so lips stay in step.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from fractions import Fraction
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from goodtake.audio.bridge import OutputFile
from goodtake.audio.carry import Baggage, mp4_boxes
from goodtake.audio.formats import OutputFormat
from goodtake.audio.info import AudioInfo
from goodtake.audio.libav import is_attached_picture, opened
from goodtake.audio.libav_encode import FrameEncoder, encoder_name, translated
from goodtake.audio.mp4 import put_boxes, skip_priming
from goodtake.audio.pcm import FloatArray
from goodtake.audio.trim import PacketTrimmer
from goodtake.audio.vorbis import VorbisEncoder, empty_vorbis

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.packet import Packet

    AnyPacket = Packet[Any]


class _Track(Protocol):
    """The sound on its way into the container."""

    stream: Any

    @property
    def delay(self) -> int: ...

    def encode(self, block: FloatArray) -> Iterator[AnyPacket]: ...

    def flush(self) -> Iterator[AnyPacket]: ...


class _LibavTrack:
    """Sound that libav encodes, cut to its exact length."""

    def __init__(self, muxer: OutputContainer, output: OutputFormat) -> None:
        name = encoder_name(output)
        with translated(output.codec):
            self.stream: Any = muxer.add_stream(name, rate=output.sample_rate)
        context: Any = self.stream.codec_context
        self.encoder = FrameEncoder(name, output, context)
        fixed_frames = output.codec in ("aac", "mp3", "opus", "ac3", "eac3")
        self.trimmer = PacketTrimmer(self.encoder.frame_size, output.sample_rate) if fixed_frames else None

    @property
    def delay(self) -> int:
        """Samples that a player has to skip in front."""
        return self.trimmer.delay if self.trimmer else 0

    def encode(self, block: FloatArray) -> Iterator[AnyPacket]:
        packets = self.encoder.encode(block)
        return self.trimmer.feed(packets) if self.trimmer else packets

    def flush(self) -> Iterator[AnyPacket]:
        packets = self.encoder.flush()
        if self.trimmer is None:
            yield from packets
            return
        yield from self.trimmer.feed(packets)
        yield from self.trimmer.finish(self.encoder.frames)


class _VorbisTrack:
    """Sound that libsndfile encodes into a temporary Ogg file, whose packets are taken over at the end."""

    delay = 0

    def __init__(self, muxer: OutputContainer, output: OutputFormat, things: ExitStack) -> None:
        self.things = things
        self.file: BinaryIO = things.enter_context(tempfile.TemporaryFile(prefix="goodtake-"))  # noqa: SIM115
        self.encoder = VorbisEncoder(self.file, output, [])
        # Vorbis wants its headers at the start of the file; an empty stream of the same quality has the same ones.
        head: BinaryIO = things.enter_context(tempfile.TemporaryFile(prefix="goodtake-"))  # noqa: SIM115
        head.write(empty_vorbis(output))
        template = things.enter_context(opened(head, "ogg", "vorbis"))
        with translated(output.codec):
            self.stream: Any = muxer.add_stream_from_template(template.streams.audio[0])

    def encode(self, block: FloatArray) -> Iterator[AnyPacket]:
        self.encoder.write(block)
        return iter(())

    def flush(self) -> Iterator[AnyPacket]:
        self.encoder.finish()
        container = self.things.enter_context(opened(self.file, "ogg", "vorbis"))
        for packet in container.demux(container.streams.audio[0]):
            if packet.size:
                yield packet


class VideoEncoder:
    """Sound beside copied streams, in MP4, MOV, Matroska or WebM; also without any pictures.

    Args:
        file: the output, seekable.
        output: everything about the format of the sound.
        like: the input's format.
        baggage: metadata, and the source whose pictures are copied.
    """

    def __init__(self, file: BinaryIO, output: OutputFormat, like: AudioInfo, baggage: Baggage) -> None:
        import av

        self.file, self.output = file, output
        self.target = OutputFile(file)
        self.boxes = mp4_boxes(baggage) if output.container in ("mp4", "mov") else []
        options = {"fflags": "+bitexact"}
        if output.container in ("mp4", "mov"):
            options |= {"movie_timescale": str(output.sample_rate)}  # or edit lists would be rounded to 1 ms
        self.start_s = Fraction(0)
        self.copies: dict[int, Any] = {}
        self.packets: Iterator[AnyPacket] = iter(())
        self.waiting: AnyPacket | None = None
        with ExitStack() as stack:
            with translated(output.codec):
                self.muxer = av.open(self.target, "w", format=output.muxer, options=options)
            stack.callback(self._close_quietly)
            if like.has_video and baggage.source and baggage.kind:
                source = stack.enter_context(baggage.source.open("rb"))
                container = stack.enter_context(opened(source, baggage.kind.demuxer, like.name))
                self._copy_streams(container)
                self.packets = container.demux([container.streams[index] for index in self.copies])
            vorbis = output.codec == "vorbis"
            self.track: _Track = _VorbisTrack(self.muxer, output, stack) if vorbis else _LibavTrack(self.muxer, output)
            if not self.boxes:
                self.muxer.metadata.update(baggage.tags)
            if output.muxer == "matroska":
                for number, picture in enumerate(baggage.pictures):
                    name = f"cover{number or ''}.{picture.mime.removeprefix('image/').replace('jpeg', 'jpg')}"
                    self.muxer.add_attachment(name, picture.mime, picture.data)
            self.open_things = stack.pop_all()

    def _copy_streams(self, container: Any) -> None:
        """Make an output stream for each input stream that the new container takes."""
        import av

        sound = container.streams.audio[0]
        if sound.start_time is not None and sound.time_base:
            self.start_s = max(sound.start_time * sound.time_base, Fraction(0))
        for stream in container.streams:
            if stream is sound or stream.type not in ("video", "audio", "subtitle"):
                continue
            if stream.type == "video" and is_attached_picture(stream):
                continue
            with suppress(av.FFmpegError, ValueError, RuntimeError):
                copy = self.muxer.add_stream_from_template(stream)
                copy.metadata.update(stream.metadata)
                self.copies[stream.index] = copy
        with suppress(av.FFmpegError, ValueError, RuntimeError):
            self.muxer.set_chapters(container.chapters())

    def write(self, block: FloatArray) -> None:
        """See ``Encoder``."""
        self._mux(self.track.encode(block))

    def finish(self) -> None:
        """See ``Encoder``."""
        self._mux(self.track.flush())
        self._copy_until(None)
        with translated(self.output.codec):
            self.muxer.close()
        self.target.check()
        if self.output.container in ("mp4", "mov"):
            if self.start_s and self.track.delay:
                skip_priming(self.file, self.track.delay)
            if self.boxes:
                put_boxes(self.file, self.boxes)
        self.open_things.close()

    def abandon(self) -> None:
        """See ``Encoder``."""
        self.open_things.close()

    def _close_quietly(self) -> None:
        with suppress(Exception):  # the file is finished or thrown away
            self.muxer.close()

    def _mux(self, packets: Iterator[AnyPacket]) -> None:
        """Write sound packets, each after the copied packets that come before it."""
        for packet in packets:
            if packet.pts is not None and packet.dts is not None:
                shift = round(self.start_s / packet.time_base)
                packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                self._copy_until(packet.pts * packet.time_base)
            packet.stream = self.track.stream
            with translated(self.output.codec):
                self.muxer.mux(packet)
            self.target.check()

    def _copy_until(self, time_s: Fraction | None) -> None:
        """Copy the packets that come before a time, or all that are left."""
        while True:
            if self.waiting is None:
                with translated("the video"):
                    self.waiting = next(self.packets, None)
                if self.waiting is None:
                    return
            packet = self.waiting
            if not packet.size:  # the demuxer's farewell
                self.waiting = None
                continue
            at = packet.dts if packet.dts is not None else packet.pts
            if time_s is not None and at is not None and at * packet.time_base > time_s:
                return
            packet.stream = self.copies[packet.stream_index]
            with translated("the video"):
                self.muxer.mux(packet)
            self.target.check()
            self.waiting = None
