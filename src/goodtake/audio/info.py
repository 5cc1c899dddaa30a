"""What is known about an audio file before its samples are read, and the limits goodtake works in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from goodtake.errors import UnreadableAudioError

MAX_CHANNELS = 8
MIN_SAMPLE_RATE = 8_000
MAX_SAMPLE_RATE = 192_000
LOSSLESS_CODECS = frozenset({"pcm", "flac", "alac", "wavpack", "tta", "truehd", "mlp"})
STANDARD_STREAM = "-"


@dataclass(frozen=True)
class AudioInfo:
    """The format of one sound track.

    Attributes:
        path: the file that holds the samples (for standard input, its spooled copy).
        name: what to call it in messages.
        container: wav, rf64, w64, aiff, caf, flac, mp3, ogg, mp4, mov, matroska or adts.
        codec: pcm, flac, alac, mp3, vorbis, opus, aac, or libav's name of anything else.
        sample_rate: samples per second and channel.
        channels: number of channels.
        frames: samples per channel that ``blocks`` will give, or None where only decoding tells.
        bit_depth: bits of one sample of a lossless codec, None for a lossy one.
        is_float: whether the stored samples are floating point.
        bit_rate: bit/s of a lossy sound track, None if unknown or lossless.
        duration_s: length in seconds, exact where ``frames`` is known, else what the container claims.
        layout: libav's name of the channel layout ("5.1"), None where the file says nothing.
        has_video: whether moving pictures accompany the sound (cover art is not video).
        has_cover: whether a picture is attached.
        tags: text tags, keys as in libav ("title", "artist", "album", "track", "date", "comment", ...).
        is_double: whether float32 cannot hold the samples, so that ``blocks`` gives float64.
    """

    path: Path
    name: str
    container: str
    codec: str
    sample_rate: int
    channels: int
    frames: int | None
    bit_depth: int | None = None
    is_float: bool = False
    bit_rate: int | None = None
    duration_s: float | None = None
    layout: str | None = None
    has_video: bool = False
    has_cover: bool = False
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def lossless(self) -> bool:
        """Whether decoding gives back exactly what was encoded."""
        return self.codec in LOSSLESS_CODECS

    @property
    def is_double(self) -> bool:
        """Whether float32 cannot hold the stored samples: more than 24 bits of integer, or 64-bit float."""
        if self.bit_depth is None:
            return False
        return self.bit_depth > 32 if self.is_float else self.bit_depth > 24

    @property
    def subtype(self) -> str:
        """The sample format in the words of libsndfile: PCM_16, FLOAT, DOUBLE; or the codec in capitals."""
        if self.bit_depth is None:
            return self.codec.upper()
        if self.is_float:
            return "DOUBLE" if self.bit_depth == 64 else "FLOAT"
        return f"PCM_{self.bit_depth}"


def check_limits(info: AudioInfo) -> AudioInfo:
    """Return ``info`` if goodtake can work on it.

    Raises:
        UnreadableAudioError: no samples, more than eight channels, or a sample rate outside 8 to 192 kHz.
    """
    if not 1 <= info.channels <= MAX_CHANNELS:
        raise UnreadableAudioError(
            f"{info.name}: has {info.channels} channels, goodtake works on 1 to {MAX_CHANNELS}; "
            "split it into several files"
        )
    if not MIN_SAMPLE_RATE <= info.sample_rate <= MAX_SAMPLE_RATE:
        raise UnreadableAudioError(
            f"{info.name}: has a sample rate of {info.sample_rate} Hz, goodtake works on "
            f"{MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz; resample it first"
        )
    if info.frames == 0:
        raise no_samples(info.name)
    return info


def no_samples(name: str) -> UnreadableAudioError:
    """The error for a valid file that holds no sound."""
    return UnreadableAudioError(f"{name}: holds no samples, only a header; record or export it again")


def cut_off(name: str, read_s: float, expected_s: float | None = None) -> UnreadableAudioError:
    """The error for a file that ends, or breaks, before its own header says it does."""
    of = "" if expected_s is None else f" of {expected_s:.3f} s"
    return UnreadableAudioError(
        f"{name}: is cut off or damaged, only {read_s:.3f} s{of} could be read; "
        "get a whole copy, or cut it to what is left with another tool first"
    )


def damaged(name: str, what: str) -> UnreadableAudioError:
    """The error for a file whose structure makes no sense."""
    return UnreadableAudioError(f"{name}: is damaged ({what}); get a whole copy, or convert it with another tool first")
