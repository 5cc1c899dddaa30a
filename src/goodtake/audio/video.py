"""The sound of a video file: pictures and all other streams are copied packet by packet, the sound is replaced.

Pictures are copied as the sound grows, so that both lie side by side in the file and memory stays bounded. The new
sound track begins where the old one began, so lips stay in step.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from fractions import Fraction
from typing import TYPE_CHECKING, Any, BinaryIO

from goodtake.audio.carry import Baggage, mp4_boxes
from goodtake.audio.formats import OutputFormat
from goodtake.audio.info import AudioInfo
from goodtake.audio.libav import is_attached_picture, opened
from goodtake.audio.libav_encode import FrameEncoder, encoder_name, translated
from goodtake.audio.mp4 import put_boxes
from goodtake.audio.pcm import FloatArray

if TYPE_CHECKING:
    from av.packet import Packet
    from av.stream import Stream

    AnyPacket = Packet[Stream]


class VideoEncoder:
    """Sound encoded by libav beside copied streams, in MP4, MOV, Matroska or WebM; also without any pictures.

    Args:
        file: the output, seekable.
        output: everything about the format of the sound.
        like: the input's format.
        baggage: metadata, and the source whose pictures are copied.
    """

    def __init__(self, file: BinaryIO, output: OutputFormat, like: AudioInfo, baggage: Baggage) -> None:
        import av

        self.file, self.output = file, output
        self.boxes = mp4_boxes(baggage) if output.container in ("mp4", "mov") else []
        options = {"fflags": "+bitexact"}
        if output.container in ("mp4", "mov"):
            options |= {"movie_timescale": str(output.sample_rate)}
        self.start_s = Fraction(0)
        self.copies: dict[int, Any] = {}
        self.packets: Iterator[AnyPacket] = iter(())
        self.waiting: AnyPacket | None = None
        with ExitStack() as stack:
            with translated(output.codec):
                self.muxer = av.open(file, "w", format=output.muxer, options=options)
            stack.callback(self._close_quietly)
            name = encoder_name(output)
            if like.has_video and baggage.source and baggage.kind:
                source = stack.enter_context(baggage.source.open("rb"))
                container = stack.enter_context(opened(source, baggage.kind.demuxer, like.name))
                self._copy_streams(container)
                self.packets = container.demux([container.streams[index] for index in self.copies])
            with translated(output.codec):
                self.stream: Any = self.muxer.add_stream(name, rate=output.sample_rate)
                self._copy_tags(baggage)
            context: Any = self.stream.codec_context
            self.encoder = FrameEncoder(name, output, context)
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

    def _copy_tags(self, baggage: Baggage) -> None:
        if not self.boxes:
            self.muxer.metadata.update(baggage.tags)

    def write(self, block: FloatArray) -> None:
        """See ``Encoder``."""
        self._mux(self.encoder.encode(block))
        self._copy_until(self.start_s + Fraction(self.encoder.frames, self.output.sample_rate))

    def finish(self) -> None:
        """See ``Encoder``."""
        packets = list(self.encoder.flush())
        self._mux(iter(packets))
        self._copy_until(None)
        with translated(self.output.codec):
            self.muxer.close()
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
        shift = round(self.start_s * self.output.sample_rate)
        for packet in packets:
            if packet.pts is not None and packet.dts is not None:
                packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
            packet.stream = self.stream
            with translated(self.output.codec):
                self.muxer.mux(packet)

    def _copy_until(self, time_s: Fraction | None) -> None:
        """Copy the packets that come before a time, or all that are left."""
        while True:
            if self.waiting is None:
                with translated("the video"):
                    self.waiting = next(self.packets, None)
                if self.waiting is None:
                    return
            packet = self.waiting
            if packet.dts is None or not packet.size:
                self.waiting = None
                continue
            if time_s is not None and packet.dts * packet.time_base > time_s:
                return
            packet.stream = self.copies[packet.stream_index]
            with translated("the video"):
                self.muxer.mux(packet)
            self.waiting = None
