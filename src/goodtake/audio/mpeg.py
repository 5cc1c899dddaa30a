"""Walk the frames of an MP3 file: its exact length, its mean bit rate, and whether its end is missing.

Sources: ISO/IEC 11172-3 and 13818-3 (frame header); the Xing/LAME "info" tag as described by Gabriel Bouvigne, which
holds the encoder's delay and padding. A decoder adds 529 samples of its own delay; a player that honours the tag drops
delay + 529 samples in front and padding - 529 behind, which restores the length before encoding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from goodtake.audio.info import damaged

DECODER_DELAY = 529
BITRATES_KBPS = {
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
SAMPLE_RATES_HZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
READ_BYTES = 1 << 20


@dataclass(frozen=True)
class Mp3Scan:
    """What the frame headers say.

    Attributes:
        frames: samples per channel a gapless decoder gives, None where stray bytes make it unsure.
        sample_rate: in Hz.
        channels: 1 or 2.
        bit_rate: mean over the sound frames, bit/s.
        read_s: length of the whole frames that are there.
        expected_s: length the info tag promises, None without a tag.
        is_cut_off: whether the last frame, or frames that the info tag counts, are missing.
    """

    frames: int | None
    sample_rate: int
    channels: int
    bit_rate: int
    read_s: float
    expected_s: float | None
    is_cut_off: bool


@dataclass(frozen=True)
class FrameHeader:
    """One decoded frame header."""

    version: int
    sample_rate: int
    channels: int
    size: int
    samples: int


def parse_frame_header(head: bytes) -> FrameHeader | None:
    """Decode four bytes as an MPEG layer III frame header; None if they are none."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bitrate_index, rate_index, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or layer != 1 or bitrate_index in (0, 15) or rate_index == 3:
        return None
    rate = SAMPLE_RATES_HZ[version][rate_index]
    kbps = BITRATES_KBPS[1 if version == 3 else 2][bitrate_index]
    samples = 1152 if version == 3 else 576
    size = samples // 8 * kbps * 1000 // rate + padding
    return FrameHeader(version, rate, 1 if head[3] >> 6 == 3 else 2, size, samples)


class _Window:
    """Random access to a file through one large buffer, for a walk that mostly goes forward."""

    def __init__(self, file: BinaryIO, end: int) -> None:
        self.file, self.end = file, end
        self.start, self.buffer = 0, b""

    def at(self, position: int, length: int) -> bytes:
        if position < self.start or position + length > self.start + len(self.buffer):
            self.file.seek(position)
            self.start, self.buffer = position, self.file.read(READ_BYTES)
        return self.buffer[position - self.start : position - self.start + length]


def scan_mp3(file: BinaryIO, start: int, end: int, name: str) -> Mp3Scan:
    """Walk all frame headers.

    Args:
        file: seekable.
        start: position after the ID3v2 tags.
        end: size of the file in bytes.
        name: for messages.

    Raises:
        UnreadableAudioError: there are no two frames in a row.
    """
    window = _Window(file, end)
    first = parse_frame_header(window.at(start, 4))
    if first is None or (start + first.size + 4 <= end and not _continues(window, start, first)):
        raise damaged(name, "no MP3 frames where they should begin")
    tag = _InfoTag.read(window.at(start, min(first.size, 512)), first)
    position = start + first.size if tag else start
    count = sound_bytes = 0
    stray = is_cut_off = False
    while position < end:
        header = parse_frame_header(window.at(position, 4))
        if header is None or header.sample_rate != first.sample_rate or header.version != first.version:
            if _is_trailer(window, position, end):
                break
            stray = True
            found = _resync(window, position + 1, end, first)
            if found is None:
                break
            position = found
            continue
        if position + header.size > end:
            is_cut_off = True
            break
        count += 1
        sound_bytes += header.size
        position += header.size
    samples = count * first.samples
    delay = padding = 0
    if tag:
        is_cut_off = is_cut_off or count < tag.frame_count
        delay, padding = tag.delay, tag.padding
    bit_rate = round(8 * sound_bytes * first.sample_rate / samples) if samples else 0
    length = max(samples - delay - padding, 0)
    return Mp3Scan(
        frames=None if stray or (tag and 0 < tag.frame_count < count) else length,
        sample_rate=first.sample_rate,
        channels=first.channels,
        bit_rate=bit_rate,
        read_s=length / first.sample_rate,
        expected_s=tag.frame_count * first.samples / first.sample_rate if tag and tag.frame_count else None,
        is_cut_off=is_cut_off,
    )


@dataclass(frozen=True)
class _InfoTag:
    """The Xing, Info or VBRI tag in the first frame.

    It holds the number of sound frames (0 if unsaid) and the samples to drop in front and behind.
    """

    frame_count: int
    delay: int
    padding: int

    @classmethod
    def read(cls, frame: bytes, header: FrameHeader) -> _InfoTag | None:
        """Parse the first frame, None if it is an ordinary one."""
        if frame[36:40] == b"VBRI":
            return cls(int.from_bytes(frame[50:54], "big"), 0, 0)
        at = _tag_offset(header)
        if frame[at : at + 4] not in (b"Xing", b"Info"):
            return None
        flags = int.from_bytes(frame[at + 4 : at + 8], "big")
        position, frame_count = at + 8, 0
        if flags & 1:
            frame_count = int.from_bytes(frame[position : position + 4], "big")
        position += 4 * (flags & 1) + 4 * (flags >> 1 & 1) + 100 * (flags >> 2 & 1) + 4 * (flags >> 3 & 1)
        # Only LAME and libav write the delay; others leave noise there.
        if frame[position : position + 4] not in (b"LAME", b"Lavf", b"Lavc"):
            return cls(frame_count, 0, 0)
        packed = int.from_bytes(frame[position + 21 : position + 24], "big")
        return cls(frame_count, (packed >> 12) + DECODER_DELAY, max((packed & 0xFFF) - DECODER_DELAY, 0))


def _tag_offset(header: FrameHeader) -> int:
    """Where in its frame an info tag begins: behind the header and the empty side information."""
    if header.version == 3:
        return 4 + (32 if header.channels == 2 else 17)
    return 4 + (17 if header.channels == 2 else 9)


def set_length(file: BinaryIO, start: int, frames: int) -> None:
    """Correct the padding in the info tag of a file that libav just wrote.

    Its muxer knows the padding of the last packet only, but the padding may span two.

    Args:
        file: open for reading and writing.
        start: position of the first frame.
        frames: samples per channel that the file holds.
    """
    file.seek(start)
    frame = bytearray(file.read(512))
    header = parse_frame_header(bytes(frame[:4]))
    tag = _InfoTag.read(bytes(frame), header) if header else None
    if header is None or tag is None or not tag.frame_count or not tag.delay:
        raise AssertionError("libav wrote no info tag with the delay in it")
    extension = _tag_offset(header) + 120  # the Xing part with all its fields
    padding = tag.frame_count * header.samples - (tag.delay - DECODER_DELAY) - frames
    packed = (tag.delay - DECODER_DELAY) << 12 | max(min(padding, 0xFFF), 0)
    frame[extension + 21 : extension + 24] = packed.to_bytes(3, "big")
    checksum = _crc16(bytes(frame[: extension + 34]))
    frame[extension + 34 : extension + 36] = checksum.to_bytes(2, "big")
    file.seek(start)
    file.write(frame[: extension + 36])


def _crc16(data: bytes) -> int:
    """CRC-16 (polynomial 0x8005, bits reversed, from zero), as LAME puts behind its tag."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value


def _continues(window: _Window, position: int, header: FrameHeader) -> bool:
    following = parse_frame_header(window.at(position + header.size, 4))
    return following is not None and following.sample_rate == header.sample_rate


def _is_trailer(window: _Window, position: int, end: int) -> bool:
    """Whether an ID3v1, APE, Lyrics3 or appended ID3v2 tag, or mere zeros, begin here."""
    head = window.at(position, min(end - position, 128))
    return head.startswith((b"TAG", b"APETAGEX", b"LYRICSBEGIN", b"ID3", b"3DI")) or not any(head)


def _resync(window: _Window, position: int, end: int, first: FrameHeader) -> int | None:
    """The next position where two frames like the first one follow each other."""
    while position + 4 <= end:
        chunk = window.at(position, min(READ_BYTES // 2, end - position))
        at = chunk.find(b"\xff")
        if at < 0:
            position += len(chunk)
            continue
        position += at
        header = parse_frame_header(window.at(position, 4))
        if header is not None and header.sample_rate == first.sample_rate and _continues(window, position, header):
            return position
        position += 1
    return None
