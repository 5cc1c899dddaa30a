"""The one door to libav (PyAV): open a file, decode its sound to arrays, and turn every failure into our errors.

Files are always handed over as open file objects with the demuxer named, so that nothing in a file's name or content
can make libav open something else. Its log stays silent; what it has to say arrives as exceptions.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from goodtake.audio.bridge import InputFile
from goodtake.audio.info import damaged
from goodtake.audio.pcm import FloatArray, int_to_float
from goodtake.audio.tags import Picture
from goodtake.errors import UnreadableAudioError

if TYPE_CHECKING:
    from av.audio.codeccontext import AudioCodecContext
    from av.audio.stream import AudioStream
    from av.container import InputContainer

# Keys of libav that describe the container and not the music.
TECHNICAL_TAGS = frozenset(
    "encoder encoded_by major_brand minor_version compatible_brands handler_name vendor_id language duration "
    "number_of_bytes number_of_frames bps iTunSMPB _statistics_tags metadata_block_picture "
    "waveformatextensible_channel_mask id3v2_priv.peakvalue id3v2_priv.averagelevel".lower().split()
)
# PyAV counts planes up to a null pointer and so runs past the end of eight: then only packed frames are safe.
PLANES_MISCOUNTED = 8
MIN_GAP_S = 0.06
GAP_BLOCK_FRAMES = 65_536


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Turn libav's exceptions while reading into ``UnreadableAudioError``."""
    import av

    try:
        yield
    except (av.FFmpegError, OSError, ValueError, RuntimeError, IndexError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno in (errno.EIO, errno.ENOMEM, errno.EACCES):
            raise UnreadableAudioError(f"{name}: cannot be read: {os.strerror(error.errno)}; check the disk") from error
        raise damaged(name, plain(error)) from error


def plain(error: BaseException) -> str:
    """The message of a libav error without its number and file name."""
    text = str(getattr(error, "strerror", None) or error)
    return (text[:1].lower() + text[1:]).replace("\n", " ")


@contextmanager
def opened(file: BinaryIO, demuxer: str, name: str) -> Iterator[InputContainer]:
    """Open a file for reading with a named demuxer."""
    import av

    file.seek(0)
    with translated(name):
        bridge = InputFile(file)
        container = av.open(bridge, "r", format=demuxer, metadata_errors="replace")
    try:
        yield container
        with translated(name):
            bridge.check()
    finally:
        with suppress(av.FFmpegError, ValueError):
            container.close()


def sound_stream(container: InputContainer, name: str) -> AudioStream:
    """The first sound stream.

    Raises:
        UnreadableAudioError: there is none, or its codec is unknown.
    """
    if not container.streams.audio:
        raise UnreadableAudioError(f"{name}: has no sound track; give a file with sound")
    stream = container.streams.audio[0]
    if stream.codec_context is None:
        raise UnreadableAudioError(f"{name}: its sound is in a codec goodtake cannot decode; convert it to WAV first")
    return stream


@dataclass(frozen=True)
class StreamFacts:
    """What libav says about the first sound stream and its container.

    Attributes:
        codec: libav's name.
        sample_rate, channels, layout: of the sound.
        bit_depth: significant bits of a lossless codec's samples, as far as libav's sample format tells.
        is_float: whether the decoder gives floating point.
        bit_rate: of the stream, None if unsaid.
        duration: in samples, None if unsaid.
        duration_s: the container's own claim.
        has_video, has_cover: moving pictures; attached picture.
        tags: lower-case keys.
    """

    codec: str
    sample_rate: int
    channels: int
    layout: str | None
    bit_depth: int
    is_float: bool
    bit_rate: int | None
    duration: int | None
    duration_s: float | None
    has_video: bool
    has_cover: bool
    tags: dict[str, str] = field(default_factory=dict)


def stream_facts(file: BinaryIO, demuxer: str, name: str) -> StreamFacts:
    """Read headers only.

    Raises:
        UnreadableAudioError: not readable, or without a sound track.
    """
    with opened(file, demuxer, name) as container, translated(name):
        stream = sound_stream(container, name)
        context = stream.codec_context
        duration_s = container.duration / 1e6 if container.duration and container.duration > 0 else None
        duration = None
        if stream.duration and stream.duration > 0 and stream.time_base:
            duration = round(stream.duration * stream.time_base * context.sample_rate)
        sample_format = context.format
        is_float = bool(sample_format and sample_format.name.startswith(("flt", "dbl")))
        layout = context.layout.name if context.layout else None
        attached = [s for s in container.streams.video if is_attached_picture(s)]
        return StreamFacts(
            codec=context.codec.canonical_name,
            sample_rate=context.sample_rate,
            channels=context.channels,
            layout=layout,
            bit_depth=_bit_depth(context),
            is_float=is_float,
            bit_rate=stream.bit_rate or None,
            duration=duration,
            duration_s=duration_s,
            has_video=len(container.streams.video) > len(attached),
            has_cover=bool(attached),
            tags=_clean_tags({**container.metadata, **stream.metadata}),
        )


def _bit_depth(context: AudioCodecContext) -> int:
    """Significant bits of a lossless codec's samples: libav's own type knows only 16 and 32."""
    codec, extra = context.codec.canonical_name, context.extradata or b""
    stated = 0
    if codec == "alac" and len(extra) > 17:
        stated = extra[17]  # sample size in the "magic cookie"
    elif codec == "flac" and len(extra) >= 34:
        stated = (int.from_bytes(extra[-34:][10:18], "big") >> 36 & 31) + 1
    elif codec.startswith("pcm_"):
        stated = int("".join(re.findall(r"\d", codec)) or 16)  # pcm_s24le; the logarithmic ones give 16 bits
    stored = 8 * context.format.bytes if context.format else 16
    return stated if 8 <= stated <= stored else stored


def is_attached_picture(stream: Any) -> bool:
    """Whether a video stream is cover art."""
    from av.stream import Disposition

    return bool(stream.disposition & Disposition.attached_pic)


def read_pictures(file: BinaryIO, demuxer: str, name: str) -> list[Picture]:
    """The attached pictures of a file."""
    pictures: list[Picture] = []
    with opened(file, demuxer, name) as container, translated(name):
        for stream in container.streams.video:
            if is_attached_picture(stream):
                packet = next(iter(container.demux(stream)), None)
                if packet is not None and packet.size:
                    mime = "image/png" if stream.codec_context.name == "png" else "image/jpeg"
                    pictures.append(Picture(mime, bytes(packet)))
    return pictures


def _clean_tags(raw: dict[str, str]) -> dict[str, str]:
    tags = {key.lower(): str(value) for key, value in raw.items()}
    return {key: value for key, value in tags.items() if key not in TECHNICAL_TAGS and value.strip()}


def decode(file: BinaryIO, demuxer: str, name: str, sample_rate: int, channels: int) -> Iterator[NDArray[Any]]:
    """Yield the decoded sound of the first sound stream as it comes out of the codec.

    libav drops the encoder's delay by itself, and the padding where the container says it in a way it understands.
    Where the time stamps of a video's sound jump ahead (a phone that was busy, a cut), silence fills the gap, as in
    players: sound and pictures stay in step.

    Shape:
        (channel, time) each, in the codec's own type: uint8, int16, int32, float32 or float64.

    Raises:
        UnreadableAudioError: damaged data, or a rate or channel count that changes on the way.
    """
    import av

    count = 0
    with opened(file, demuxer, name) as container:
        with translated(name):
            stream = sound_stream(container, name)
            stream.codec_context.thread_count = 1
            frames = container.decode(stream)
            to_packed = None
            gaps = _Gaps(container, sample_rate) if demuxer in ("mov", "matroska") else None
        while True:
            with translated(f"{name} after {count / sample_rate:.3f} s"):
                frame = next(frames, None)
                if frame is None:
                    return
                if frame.sample_rate != sample_rate or frame.layout.nb_channels != channels:
                    at = f"{name} after {count / sample_rate:.3f} s"
                    raise damaged(at, f"it changes to {frame.layout.nb_channels} channels at {frame.sample_rate} Hz")
                pts = None if frame.pts is None or not frame.time_base else Fraction(frame.pts * frame.time_base)
                if frame.format.is_planar and channels >= PLANES_MISCOUNTED:
                    to_packed = to_packed or av.AudioResampler(frame.format.packed, frame.layout, sample_rate)
                    (frame,) = to_packed.resample(frame)
                samples = frame.to_ndarray()
                gap = gaps.before(pts, samples, count) if gaps else 0
            if not frame.format.is_planar:
                samples = samples.reshape(-1, channels).T  # (time * channel,) -> (channel, time)
            for start in range(0, gap, GAP_BLOCK_FRAMES):
                yield np.zeros((channels, min(GAP_BLOCK_FRAMES, gap - start)), samples.dtype)
            count += gap + samples.shape[1]
            yield samples


class _Gaps:
    """Finds jumps in the time stamps of decoded frames."""

    def __init__(self, container: InputContainer, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self.longest = container.duration * sample_rate // 1_000_000 if container.duration else 0
        self.first: Fraction | None = None

    def before(self, pts: Fraction | None, samples: NDArray[Any], count: int) -> int:
        """Samples of silence that belong before a frame when ``count`` samples came earlier; small jitter is none."""
        if pts is None:
            return 0
        if self.first is None:
            self.first = pts
        gap = round((pts - self.first) * self.sample_rate) - count
        # Damaged time stamps may point anywhere: nothing is filled beyond the length that the container claims.
        if gap < MIN_GAP_S * self.sample_rate or count + gap > self.longest or samples.dtype == np.uint8:
            return 0
        return gap


def to_float(samples: NDArray[Any], is_double: bool) -> FloatArray:
    """Scale a codec's samples to floats in [-1, 1]; float64 if ``is_double``, else float32. Shape is kept."""
    if samples.dtype == np.uint8:
        samples = int_to_float(samples.astype(np.int16) - 128, 8)
    elif samples.dtype.kind == "i":
        samples = int_to_float(samples, 8 * samples.dtype.itemsize)
    return np.ascontiguousarray(samples, dtype=np.float64 if is_double else np.float32)
