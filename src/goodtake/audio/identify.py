"""Find out what a file is, and where its samples come from."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from goodtake.audio.aiff import parse_aiff
from goodtake.audio.caf import parse_caf
from goodtake.audio.chunks import PcmLayout
from goodtake.audio.flac import parse_flac
from goodtake.audio.info import AudioInfo, check_limits, cut_off, damaged
from goodtake.audio.ogg import comment_end, ends_whole, opus_pre_skip
from goodtake.audio.sniff import Kind, sniff
from goodtake.audio.sources import LibavSource, PcmSource, Source
from goodtake.audio.wav import parse_w64, parse_wav
from goodtake.errors import GoodtakeError, UnreadableAudioError

PCM_PARSERS = {"wav": parse_wav, "rf64": parse_wav, "w64": parse_w64, "aiff": parse_aiff, "caf": parse_caf}
# Containers whose one stream is the file, so that size over time is the bit rate.
SOUND_ONLY = frozenset({"ogg", "adts"})


def identify(file: BinaryIO, path: Path, name: str) -> tuple[AudioInfo, Source]:
    """Parse the headers of an open file.

    Args:
        file: seekable.
        path: what ``AudioInfo.path`` shall say.
        name: for messages.

    Raises:
        UnreadableAudioError: see ``open_reader``.
    """
    end = file.seek(0, os.SEEK_END)
    if not end:
        raise UnreadableAudioError(f"{name}: is empty (0 bytes); record or export it again")
    kind = sniff(file)
    if kind is None:
        raise UnreadableAudioError(
            f"{name}: is not audio that goodtake knows; "
            "give WAV, FLAC, MP3, Ogg, Opus, M4A, AIFF, CAF, MP4, MOV, MKV or WebM"
        )
    parser = PCM_PARSERS.get(kind.container)
    if parser is not None:
        file.seek(0)
        if not (kind.container == "wav" and file.read(4) == b"RIFX"):
            layout = parser(file, end, name)
            if layout is not None:
                return _plain(file, kind, layout, path, name), PcmSource(file, layout)
    info, source = _coded(file, kind, end, path, name)
    return check_limits(info), source


def _plain(file: BinaryIO, kind: Kind, layout: PcmLayout, path: Path, name: str) -> AudioInfo:
    encoding = layout.encoding
    info = check_limits(
        AudioInfo(
            path=path,
            name=name,
            container=layout.container,
            codec="pcm",
            sample_rate=layout.sample_rate,
            channels=layout.channels,
            frames=layout.frames + layout.missing_frames,
            bit_depth=encoding.bits,
            is_float=encoding.kind == "float",
            duration_s=layout.frames / max(layout.sample_rate, 1),
        )
    )
    if layout.missing_frames:
        raise cut_off(name, layout.frames / info.sample_rate, (info.frames or 0) / info.sample_rate)
    if not layout.chunks:
        return info
    # Texts and covers: libav is asked only if there are chunks that may hold some.
    from goodtake.audio.libav import stream_facts

    try:
        facts = stream_facts(file, kind.demuxer, name)
    except GoodtakeError:
        return info  # the samples are sound, a broken text chunk is no reason to refuse them
    return replace(info, tags=facts.tags, has_cover=facts.has_cover)


def _coded(file: BinaryIO, kind: Kind, end: int, path: Path, name: str) -> tuple[AudioInfo, Source]:
    from goodtake.audio.libav import stream_facts

    flac = parse_flac(file, kind.audio_offset, name) if kind.container == "flac" else None
    _check_whole(file, kind, end, name)
    facts = stream_facts(file, kind.demuxer, name)
    codec = "pcm" if facts.codec.startswith("pcm_") else facts.codec
    frames, bit_rate = None, facts.bit_rate
    bit_depth: int | None = facts.bit_depth
    source: Source = LibavSource(file, kind.demuxer, flac)
    if flac is not None:
        frames, bit_depth = flac.frames, flac.bit_depth
    elif kind.container == "ogg" and codec == "vorbis":
        from goodtake.audio.vorbis import VorbisSource, vorbis_frames

        frames = vorbis_frames(file, name)
        source = VorbisSource(file)
    elif kind.container == "ogg" and facts.duration is not None:
        frames = facts.duration - opus_pre_skip(file)
    elif kind.container == "mp3":
        frames, bit_rate = _scan_mp3(file, kind, end, name)
    elif kind.container in ("mp4", "mov"):
        frames = _mp4_frames(file, end, facts.sample_rate, name)
    seconds = frames / facts.sample_rate if frames is not None and facts.sample_rate else facts.duration_s
    if bit_rate is None and kind.container in SOUND_ONLY and seconds:
        headers = comment_end(file) if kind.container == "ogg" else 0
        bit_rate = round(8 * (end - headers) / seconds)
    info = AudioInfo(
        path=path,
        name=name,
        container=kind.container,
        codec=codec,
        sample_rate=facts.sample_rate,
        channels=facts.channels,
        frames=frames,
        bit_rate=bit_rate,
        duration_s=seconds,
        layout=facts.layout,
        has_video=facts.has_video,
        has_cover=facts.has_cover,
        tags=facts.tags,
    )
    if info.lossless:
        info = replace(info, bit_depth=bit_depth, is_float=facts.is_float, bit_rate=None)
    return info, source


def _check_whole(file: BinaryIO, kind: Kind, end: int, name: str) -> None:
    """Refuse a container whose own structure shows that its end is missing; libav would read what is left."""
    if kind.container == "ogg":
        if not ends_whole(file, end):
            raise damaged(name, "cut off: its last page is incomplete")
    elif kind.container in ("mp4", "mov"):
        from goodtake.audio.mp4 import top_level

        top_level(file, end, name)
    elif kind.container == "matroska":
        from goodtake.audio.matroska import check_whole

        check_whole(file, end, name)


def _scan_mp3(file: BinaryIO, kind: Kind, end: int, name: str) -> tuple[int | None, int | None]:
    from goodtake.audio.mpeg import scan_mp3

    scan = scan_mp3(file, kind.audio_offset, end, name)
    if scan.is_cut_off:
        raise cut_off(name, scan.read_s, scan.expected_s)
    return scan.frames, scan.bit_rate or None


def _mp4_frames(file: BinaryIO, end: int, sample_rate: int, name: str) -> int | None:
    """Exact length by the index: only where its clock ticks with the samples (or with half, as in HE-AAC)."""
    from goodtake.audio.mp4 import read_moov, sound_track, top_level

    track = sound_track(read_moov(file, top_level(file, end, name), name))
    if track is None or track.ticks is None or sample_rate not in (track.timescale, 2 * track.timescale):
        return None
    return track.ticks * (sample_rate // track.timescale)
