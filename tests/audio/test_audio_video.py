"""The sound of videos is replaced; pictures stay as they are, and in step."""

from fractions import Fraction

import av
import numpy as np
import pytest
from audio_cases import copy, noise, offset

from goodtake.audio import open_reader, probe, read_audio


def make_video(
    path, *, sound="aac", rate=48_000, seconds=2, late=Fraction(0), gap=Fraction(0), second_sound=False, codec="mpeg4"
):
    """Pictures at 25 per second and noise that begins ``late`` seconds after them."""
    wave = noise(2, rate * seconds)
    with av.open(str(path), "w") as muxer:
        pictures = muxer.add_stream(codec, rate=25, width=64, height=48)
        sounds = [muxer.add_stream(sound, rate=rate) for _ in range(1 + second_sound)]
        muxer.metadata["title"] = "Hello"
        packed = {"aac": "fltp", "libopus": "flt", "pcm_s16le": "s16", "libmp3lame": "fltp"}[sound]
        for stream in sounds:
            stream.codec_context.format, stream.codec_context.layout = packed, "stereo"
            stream.codec_context.open()
        for number in range(25 * seconds):
            plane = np.full((72, 64), number * 4, np.uint8)
            frame = av.VideoFrame.from_ndarray(plane, format="yuv420p")
            frame.pts = number
            muxer.mux(pictures.encode(frame))
        muxer.mux(pictures.encode(None))
        size = sounds[0].codec_context.frame_size or 1024
        for stream in sounds:
            for start in range(0, wave.shape[1], size):
                part = wave[:, start : start + size]
                if packed == "s16":
                    part = (part * 32767).astype(np.int16)
                part = part if packed.endswith("p") else part.T.reshape(1, -1)
                frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(part), format=packed, layout="stereo")
                frame.sample_rate, frame.pts = rate, start + round(late * rate)
                if start >= wave.shape[1] // 2:
                    frame.pts += round(gap * rate)
                muxer.mux(stream.encode(frame))
            muxer.mux(stream.encode(None))
    return wave


def picture_packets(path):
    """Times and contents of all picture packets."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return [(p.pts * p.time_base, p.is_keyframe, bytes(p)) for p in container.demux(stream) if p.size]


def sound_start(path):
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        return float((stream.start_time or 0) * stream.time_base)


CASES = [
    (".mp4", "aac", "mpeg4"),
    (".mov", "aac", "mpeg4"),
    (".mov", "pcm_s16le", "mpeg4"),
    (".mkv", "aac", "mpeg4"),
    (".mkv", "libmp3lame", "mpeg4"),
    (".mkv", "pcm_s16le", "mpeg4"),
    (".webm", "libopus", "libvpx"),
]


@pytest.mark.parametrize(("extension", "sound", "codec"), CASES)
def test_pictures_are_copied_and_sound_is_exact(tmp_path, extension, sound, codec):
    path = tmp_path / f"a{extension}"
    make_video(path, sound=sound, codec=codec)
    info = probe(path)
    assert info.has_video
    assert not info.has_cover
    target = copy(path, tmp_path / f"b{extension}")
    before, after = picture_packets(path), picture_packets(target)
    assert len(before) == 50
    assert [packet[1:] for packet in before] == [packet[1:] for packet in after]
    shift = {after_time - before_time for (before_time, *_), (after_time, *_) in zip(before, after, strict=True)}
    assert max(map(abs, shift)) < 0.03
    wave, _ = read_audio(path)
    again, copied = read_audio(target)
    assert again.shape == wave.shape
    assert offset(wave, again) == 0
    assert (copied.codec, copied.has_video, copied.container) == (info.codec, True, info.container)
    assert copied.tags["title"] == "Hello"
    if info.lossless:
        np.testing.assert_array_equal(again, wave)


@pytest.mark.parametrize("extension", [".mp4", ".mov", ".mkv"])
def test_sound_that_begins_late_stays_late(tmp_path, extension):
    path = tmp_path / f"a{extension}"
    make_video(path, late=Fraction(1, 2))
    target = copy(path, tmp_path / f"b{extension}")
    wave, again = read_audio(path)[0], read_audio(target)[0]
    assert again.shape == wave.shape
    assert offset(wave, again) == 0
    # Matroska names the time of the first packet, delay included; both files do so in their own way.
    assert abs(sound_start(path) - sound_start(target)) < 0.025
    assert sound_start(path) > 0.4


@pytest.mark.parametrize(("extension", "sound"), [(".mp4", "aac"), (".mkv", "aac"), (".mkv", "pcm_s16le")])
def test_a_gap_in_the_sound_is_filled_with_silence(tmp_path, extension, sound):
    path, plain = tmp_path / f"a{extension}", tmp_path / f"plain{extension}"
    make_video(path, sound=sound, gap=Fraction(1, 2))
    make_video(plain, sound=sound)
    wave, without = read_audio(path)[0], read_audio(plain)[0]
    assert abs(wave.shape[1] - without.shape[1] - 24_000) < 50
    silent = np.flatnonzero(np.abs(wave).max(axis=0) == 0)
    assert len(silent) >= 22_000
    assert offset(without[:, -20_000:], wave[:, -20_000:]) in range(-50, 51)
    assert read_audio(copy(path, tmp_path / f"b{extension}"))[0].shape == wave.shape


def test_other_sound_tracks_are_copied(tmp_path):
    path = tmp_path / "a.mkv"
    make_video(path, second_sound=True)
    target = copy(path, tmp_path / "b.mkv")
    with av.open(str(target)) as container:
        assert [stream.type for stream in container.streams].count("audio") == 2


def test_an_m4a_made_from_a_video_has_its_sound_only(tmp_path):
    path = tmp_path / "a.mp4"
    make_video(path)
    for name in ("b.m4a", "b.wav", "b.flac"):
        target = copy(path, tmp_path / name)
        assert not probe(target).has_video
        assert read_audio(target)[0].shape == read_audio(path)[0].shape


def test_the_source_may_be_read_while_it_is_copied(tmp_path):
    path = tmp_path / "a.mp4"
    make_video(path)
    with open_reader(path) as reader:
        first = np.concatenate(list(reader.blocks(1000)), axis=1)
        copy(path, tmp_path / "b.mp4")
        np.testing.assert_array_equal(first, np.concatenate(list(reader.blocks(999)), axis=1))
