"""Texts and covers go along: byte for byte between files of one kind, by meaning from one kind to another."""

import zlib

import numpy as np
import pytest
from audio_cases import copy, noise, spec, write

from goodtake.audio import probe, read_audio
from goodtake.audio.chunks import CAF, RIFF
from goodtake.audio.flac import PICTURE, parse_flac
from goodtake.audio.libav import read_pictures
from goodtake.audio.ogg import checksum, read_comment
from goodtake.audio.sniff import sniff
from goodtake.audio.tags import Picture, flac_picture

TAGS = {"title": "Träumerei", "artist": "Clara & Robert", "album": "Kinderszenen", "date": "1838", "comment": "take 3"}
FULL_TAGS = {
    **TAGS,
    "genre": "Romantic",
    "track": "7/13",
    "album_artist": "Various",
    "composer": "Schumann",
    "mood": "calm",
}


def png(width=300, height=300):
    """A valid picture of some size, larger than an Ogg page."""

    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    rows = np.random.default_rng(0).integers(0, 256, (height, 1 + width * 3), dtype=np.uint8)
    rows[:, 0] = 0
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0"
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", size)
        + chunk(b"IDAT", zlib.compress(rows.tobytes(), 1))
        + chunk(b"IEND", b"")
    )


PNG = png()


def pictures(path):
    with path.open("rb") as file:
        return read_pictures(file, sniff(file).demuxer, str(path))


@pytest.fixture
def flac(tmp_path):
    """A FLAC file with texts and a cover."""
    path = write(tmp_path / "source.flac", noise(2, 9000), spec("flac", 48_000, bits=16, tags=FULL_TAGS))
    raw = path.read_bytes()
    with path.open("rb") as file:
        first_block = 4 + 4 + 34
        assert parse_flac(file, 0, "x").frames == 9000
    block = flac_picture(Picture("image/png", PNG))
    header = bytes([PICTURE]) + len(block).to_bytes(3, "big")
    path.write_bytes(raw[:first_block] + header + block + raw[first_block:])
    return path


WITH_COVER = [".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aiff", ".wav", ".mkv", ".mp4"]


@pytest.mark.parametrize("extension", [*WITH_COVER, ".caf", ".w64"])
def test_texts_and_cover_survive_a_change_of_kind_and_back(tmp_path, flac, extension):
    there = copy(flac, tmp_path / f"a{extension}")
    info = probe(there)
    np.testing.assert_allclose(read_audio(there)[0].shape, (2, 9000))
    if extension == ".w64":
        return  # nothing but its own kind can put texts there
    kept = FULL_TAGS if extension in (".flac", ".ogg", ".opus", ".mp3", ".m4a", ".mp4") else TAGS
    assert {key: info.tags.get(key) for key in kept} == kept
    back = copy(there, tmp_path / "back.flac")
    assert {key: probe(back).tags.get(key) for key in TAGS} == TAGS
    if extension in WITH_COVER:
        assert info.has_cover
        assert pictures(there) == pictures(back) == [Picture("image/png", PNG)]


@pytest.mark.parametrize("extension", [*WITH_COVER, ".caf"])
def test_a_copy_of_a_copy_has_the_same_metadata(tmp_path, flac, extension):
    first = copy(flac, tmp_path / f"a{extension}")
    second = copy(first, tmp_path / f"b{extension}")
    assert dict(probe(first).tags) == dict(probe(second).tags)
    assert probe(first).has_cover == probe(second).has_cover
    assert pictures(first) == pictures(second)


def test_unknown_wav_chunks_are_kept_to_the_byte(tmp_path):
    path = write(tmp_path / "a.wav", noise(1, 100), spec(channels=1, bits=16, frames=100))
    raw = path.read_bytes()
    bext = RIFF.pack(b"bext", b"description of a broadcast" + bytes(600))
    cue = RIFF.pack(b"cue ", bytes(28))
    odd = RIFF.pack(b"iXML", b"<x/>!")
    data = raw.index(b"data")
    stale = RIFF.pack(b"PEAK", bytes(16))
    body = raw[12:data] + bext + stale + raw[data:] + cue + odd
    path.write_bytes(b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"WAVE" + body)
    copied = copy(path, tmp_path / "b.wav").read_bytes()
    assert bext in copied
    assert cue in copied
    assert odd in copied
    assert b"PEAK" not in copied
    assert int.from_bytes(copied[4:8], "little") == len(copied) - 8


def test_unknown_caf_and_flac_blocks_are_kept(tmp_path):
    path = write(tmp_path / "a.caf", noise(1, 100), spec(channels=1, bits=16))
    strange = CAF.pack(b"uuid", bytes(range(40)))
    path.write_bytes(path.read_bytes() + strange)
    assert strange in copy(path, tmp_path / "b.caf").read_bytes()
    path = write(tmp_path / "a.flac", noise(1, 100), spec("flac", channels=1, bits=16))
    raw = path.read_bytes()
    application = b"\x02\0\0\x08riffabcd"
    path.write_bytes(raw[:42] + application + raw[42:])
    assert application in copy(path, tmp_path / "b.flac").read_bytes()


def test_id3_tags_of_both_versions_are_kept_to_the_byte(tmp_path):
    path = write(tmp_path / "a.mp3", noise(2, 9000), spec("mp3", tags=TAGS))
    front = path.read_bytes()[: path.read_bytes().index(b"\xff\xfb")]
    assert front.startswith(b"ID3\x04")
    private = front + b""
    back = b"TAG" + b"old title".ljust(125, b"\0")
    path.write_bytes(path.read_bytes() + back)
    copied = copy(path, tmp_path / "b.mp3")
    assert copied.read_bytes().startswith(private)
    assert copied.read_bytes().endswith(back)
    assert probe(copied).frames == 9000


def test_repeated_comment_fields_survive(tmp_path):
    path = write(tmp_path / "a.ogg", noise(2, 9000), spec("vorbis", tags={"artist": "One"}))
    with path.open("rb") as file:
        assert read_comment(file) == [b"ARTIST=One"]


def test_ogg_checksum_equals_the_definition():
    def slow(data):
        value = 0
        for byte in data:
            value ^= byte << 24
            for _ in range(8):
                value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
        return value

    data = np.random.default_rng(0).bytes(999)
    assert checksum(data) == slow(data)


@pytest.mark.parametrize("extension", [".wav", ".aiff", ".caf", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".mkv"])
def test_same_in_same_out_byte_for_byte(tmp_path, extension):
    codec = {".mp3": "mp3", ".ogg": "vorbis", ".opus": "opus", ".m4a": "aac", ".flac": "flac", ".mkv": "aac"}
    codec = codec.get(extension, "pcm")
    like = spec(codec, 48_000, bits=16 if codec in ("pcm", "flac") else None, tags=TAGS)
    first = write(tmp_path / f"a{extension}", noise(2, 20_000), like)
    second = write(tmp_path / f"b{extension}", noise(2, 20_000), like, block=777)
    assert first.read_bytes() == second.read_bytes()
