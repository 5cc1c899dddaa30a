"""Decide how an output file is stored: its extension names the container, the input names all the rest.

The same kind of file keeps its codec and bit depth; a lossy one gets at least the input's bit rate. Another kind gets
the nearest thing it can hold: see ``docs/audio.md`` for the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from goodtake.audio.info import STANDARD_STREAM, AudioInfo
from goodtake.errors import UnwritableAudioError

# Extension: container, libav muxer where libav writes it.
EXTENSIONS = {
    ".wav": ("wav", ""),
    ".wave": ("wav", ""),
    ".rf64": ("wav", ""),
    ".w64": ("w64", ""),
    ".aif": ("aiff", ""),
    ".aiff": ("aiff", ""),
    ".aifc": ("aiff", ""),
    ".caf": ("caf", ""),
    ".flac": ("flac", ""),
    ".mp3": ("mp3", "mp3"),
    ".ogg": ("ogg", "ogg"),
    ".oga": ("ogg", "ogg"),
    ".opus": ("ogg", "opus"),
    ".m4a": ("mp4", "ipod"),
    ".m4b": ("mp4", "ipod"),
    ".mp4": ("mp4", "mp4"),
    ".m4v": ("mp4", "mp4"),
    ".mov": ("mov", "mov"),
    ".mkv": ("matroska", "matroska"),
    ".mka": ("matroska", "matroska"),
    ".webm": ("matroska", "webm"),
}
PCM_CONTAINERS = frozenset({"wav", "w64", "aiff", "caf"})
SOUND_ONLY_MUXERS = frozenset({"mp3", "ogg", "opus", "ipod"})
VIDEO_CONTAINERS = frozenset({"mp4", "mov", "matroska"})
# What each muxer takes, best first; the first is used when the input's codec is not among them.
MUXER_CODECS = {
    "mp3": ("mp3",),
    "ogg": ("vorbis", "opus"),
    "opus": ("opus",),
    "ipod": ("aac", "alac"),
    "mp4": ("aac", "alac", "mp3", "opus", "ac3", "eac3", "flac"),
    "mov": ("aac", "alac", "pcm", "mp3", "ac3"),
    "matroska": ("aac", "opus", "vorbis", "mp3", "flac", "alac", "ac3", "eac3", "pcm"),
    "webm": ("opus", "vorbis"),
}
MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
AAC_RATES = (7350, 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
AC3_RATES = (32000, 44100, 48000)
RATES = {"mp3": MP3_RATES, "aac": AAC_RATES, "opus": (48000,), "ac3": AC3_RATES, "eac3": AC3_RATES}
# libav's ALAC encoder aborts the whole process on short last frames of more than two channels.
MAX_CHANNELS = {"mp3": 2, "ac3": 6, "eac3": 6, "alac": 2}
MPEG1_KBPS = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
MPEG2_KBPS = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
MPEG25_KBPS = MPEG2_KBPS[:8]
# Transparent for nearly everybody, per channel at 44.1 or 48 kHz: used when the input's bit rate is no guide.
DEFAULT_BIT_RATE = {"mp3": 128_000, "aac": 128_000, "opus": 96_000, "vorbis": 112_000, "ac3": 192_000, "eac3": 192_000}
# Encoders of variable rate undershoot their target on easy music, and music encoded once is easier.
HEADROOM = {"aac": 1.12, "opus": 1.1, "vorbis": 1.1}
MIN_BIT_RATE = 32_000
LOSSY_TO_PCM_BITS = 24


@dataclass(frozen=True)
class OutputFormat:
    """How an output is stored.

    Attributes:
        container: wav, w64, aiff, caf, flac, mp3, ogg, mp4, mov or matroska.
        muxer: libav's name of it, empty where goodtake writes it itself.
        codec: as in ``AudioInfo``.
        sample_rate, channels: as the input's.
        bit_depth: of a lossless codec.
        is_float: of a lossless codec.
        bit_rate: bit/s of a lossy codec.
        layout: libav's name of the channel layout, if known.
    """

    container: str
    muxer: str
    codec: str
    sample_rate: int
    channels: int
    bit_depth: int | None
    is_float: bool
    bit_rate: int | None
    layout: str | None


def plan_output(path: str, like: AudioInfo) -> OutputFormat:
    """Choose container, codec, bit depth and bit rate.

    Args:
        path: of the output; "-" is WAV on standard output.
        like: the input's format.

    Raises:
        UnwritableAudioError: unknown extension, or the format cannot hold the rate or the channels.
    """
    if path == STANDARD_STREAM:
        container, muxer = "wav", ""
    else:
        extension = Path(path).suffix.lower()
        if extension in (".aac", ".adts"):
            raise UnwritableAudioError(f"{path}: a raw AAC stream cannot hold its exact length; name the output .m4a")
        if extension not in EXTENSIONS:
            raise UnwritableAudioError(
                f"{path}: {extension or 'a name without extension'} is no format goodtake writes; end the name in "
                ".wav, .flac, .mp3, .ogg, .opus, .m4a, .aiff, .caf, .w64, .mp4, .mov, .mkv or .webm"
            )
        container, muxer = EXTENSIONS[extension]
    codec = _codec(container, muxer, like, path)
    _check_codec(path, codec, like)
    bit_depth, is_float = _sample_format(container, codec, like)
    return OutputFormat(
        container=container,
        muxer=muxer,
        codec=codec,
        sample_rate=like.sample_rate,
        channels=like.channels,
        bit_depth=bit_depth,
        is_float=is_float,
        bit_rate=None if bit_depth else _bit_rate(codec, like),
        layout=like.layout,
    )


def _codec(container: str, muxer: str, like: AudioInfo, path: str) -> str:
    if container in PCM_CONTAINERS:
        return "pcm"
    if container == "flac":
        return "flac"
    if container == "ogg" and like.codec == "flac" and like.container == "ogg":
        raise UnwritableAudioError(f"{path}: goodtake writes FLAC outside Ogg only; name the output .flac")
    choices = MUXER_CODECS[muxer]
    if like.codec in choices:
        return like.codec
    if muxer == "webm" and like.sample_rate not in RATES["opus"]:
        return "vorbis"
    if like.lossless and like.container in VIDEO_CONTAINERS and "alac" in choices:
        return "alac"  # say, PCM of a camera's MOV on its way to MP4
    return choices[0]


def _check_codec(path: str, codec: str, like: AudioInfo) -> None:
    rates = RATES.get(codec)
    if rates and like.sample_rate not in rates:
        allowed = f"{rates[0]} Hz" if len(rates) == 1 else f"{rates[0]} to {rates[-1]} Hz"
        raise UnwritableAudioError(
            f"{path}: {codec.upper()} holds {allowed}, the input has {like.sample_rate} Hz; "
            "name the output .flac or .wav"
        )
    if like.channels > MAX_CHANNELS.get(codec, 8):
        raise UnwritableAudioError(
            f"{path}: {codec.upper()} is written with at most {MAX_CHANNELS[codec]} channels, "
            f"the input has {like.channels}; name the output .flac or .wav"
        )


def _sample_format(container: str, codec: str, like: AudioInfo) -> tuple[int | None, bool]:
    """Bit depth and float for a lossless output, (None, False) for a lossy one."""
    if codec not in ("pcm", "flac", "alac"):
        return None, False
    if like.bit_depth is None:
        return LOSSY_TO_PCM_BITS, False
    if codec == "pcm":
        return -(-like.bit_depth // 8) * 8, like.is_float
    return (16 if like.bit_depth <= 16 and not like.is_float else 24), False


def _bit_rate(codec: str, like: AudioInfo) -> int:
    """At least the input's bit rate if it is lossy, else a transparent one; as the codec can have it."""
    scale = like.sample_rate / 48_000 if like.sample_rate < 44_100 else 1.0
    transparent = round(DEFAULT_BIT_RATE[codec] * like.channels * max(scale, 0.25))
    wanted = max(like.bit_rate or transparent, MIN_BIT_RATE)
    if like.codec != codec and not like.lossless:
        wanted = max(wanted, transparent)  # another codec must not add its own damage to the first one's
    if codec == "mp3":
        steps = MPEG1_KBPS if like.sample_rate >= 32_000 else MPEG2_KBPS if like.sample_rate >= 16_000 else MPEG25_KBPS
        return 1000 * next((step for step in steps if 1000 * step >= wanted - 500), steps[-1])
    if codec in ("ac3", "eac3"):
        return 1000 * next((step for step in (*MPEG1_KBPS, 384, 448, 512, 576) if 1000 * step >= wanted), 640)
    return wanted


def encoder_bit_rate(output: OutputFormat) -> int:
    """What to ask of the encoder so that ``output.bit_rate`` comes out, within what the codec can do."""
    asked = round((output.bit_rate or 0) * HEADROOM.get(output.codec, 1.0))
    if output.codec == "aac":
        return min(asked, 6 * output.sample_rate * output.channels)  # 6144 bits per frame of 1024 and channel
    if output.codec == "opus":
        return min(asked, 256_000 * output.channels)
    return asked
