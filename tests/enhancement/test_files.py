"""What comes back is what went in, but better: rate, channels, length, depth, tags, loudness, image, and every bit."""

import json

import numpy as np
import pytest
from enhance_cases import contents, melody, video, write

from goodtake.audio import probe, read_audio
from goodtake.dsp.loudness import integrated_loudness
from goodtake.enhancement.files import enhance_file

TAGS = {"title": "Étude", "artist": "Somebody"}
FORMATS = {
    "wav8": (".wav", {"bits": 8}),
    "wav16": (".wav", {}),
    "wav24": (".wav", {"bits": 24}),
    "wav32": (".wav", {"bits": 32}),
    "float": (".wav", {"bits": 32, "is_float": True}),
    "double": (".wav", {"bits": 64, "is_float": True}),
    "flac16": (".flac", {}),
    "flac24": (".flac", {"bits": 24}),
    "aiff": (".aiff", {}),
    "caf": (".caf", {"bits": 24}),
    "w64": (".w64", {}),
    "alac": (".m4a", {"codec": "alac"}),
    "mp3": (".mp3", {"bit_rate": 192_000}),
    "m4a": (".m4a", {"bit_rate": 192_000}),
    "ogg": (".ogg", {"bit_rate": 192_000}),
    "opus": (".opus", {"bit_rate": 160_000}),
}
WHOLE_NUMBERS = ("wav8", "wav16", "wav24", "wav32", "flac16", "flac24", "aiff", "caf", "w64", "alac")


def make(tmp_path, name, wave=None, sample_rate=48_000, **options):
    suffix, format_options = FORMATS[name]
    wave = melody(1.2, sample_rate) if wave is None else wave
    return write(tmp_path / f"take{suffix}", wave, sample_rate, **format_options, **options)


@pytest.mark.parametrize("name", FORMATS)
def test_everything_but_the_sound_is_kept(enhancer, tmp_path, name):
    path = make(tmp_path, name, tags=TAGS)
    target = path.with_name(f"out{path.suffix}")
    before = path.read_bytes()
    result = enhance_file(enhancer, path, target)
    (taken, info), (enhanced, now) = read_audio(path), read_audio(target)
    for fact in ("sample_rate", "channels", "frames", "container", "codec", "bit_depth", "is_float"):
        assert getattr(now, fact) == getattr(info, fact), fact
    assert enhanced.shape == taken.shape
    assert name == "w64" or set(TAGS) <= set(info.tags)  # Wave64 has no place for tags
    for key in TAGS:
        assert now.tags.get(key) == info.tags.get(key)
    if info.bit_rate:
        assert now.bit_rate >= 0.98 * info.bit_rate
    assert result.changed
    assert np.abs(enhanced - taken).max() > 0.005
    assert integrated_loudness(enhanced, 48_000) == pytest.approx(integrated_loudness(taken, 48_000), abs=0.5)
    assert path.read_bytes() == before
    assert set(contents(tmp_path)) == {path.name, target.name}


@pytest.mark.parametrize("name", FORMATS)
def test_strength_0_changes_no_bit(enhancer, tmp_path, monkeypatch, name):
    path, rest = make(tmp_path, name, tags=TAGS), tmp_path / "rest.wav"
    monkeypatch.setattr(enhancer, "strength", 0.0)
    result = enhance_file(enhancer, path, tmp_path / f"out{path.suffix}", rest)
    assert not result.changed
    assert (tmp_path / f"out{path.suffix}").read_bytes() == path.read_bytes()
    silence, _ = read_audio(rest)
    assert silence.shape == (2, read_audio(path)[0].shape[1])
    assert not silence.any()


@pytest.mark.parametrize("name", ["wav16", "flac24", "mp3", "m4a"])
def test_a_take_that_needs_nothing_is_copied(idle_enhancer, tmp_path, name):
    path = make(tmp_path, name)
    result = enhance_file(idle_enhancer, path, tmp_path / f"out{path.suffix}")
    assert not result.changed
    assert "left as it is" in result.summary()
    assert (tmp_path / f"out{path.suffix}").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("name", ["wav16", "wav24", "flac16", "alac", "mp3"])
def test_a_take_that_needs_nothing_changes_its_container_only(idle_enhancer, tmp_path, name):
    path, target, rest = make(tmp_path, name), tmp_path / "out.caf", tmp_path / "rest.wav"
    enhance_file(idle_enhancer, path, target, rest)
    taken, copied = read_audio(path)[0], read_audio(target)[0]
    if name == "mp3":
        np.testing.assert_allclose(copied, taken, atol=2**-24)  # a 24-bit CAF
    else:
        np.testing.assert_array_equal(copied, taken)
        assert not read_audio(rest)[0].any()


@pytest.mark.parametrize("name", ["float", "double", *WHOLE_NUMBERS])
def test_output_and_residual_add_up_to_the_input(enhancer, tmp_path, name):
    path = make(tmp_path, name)
    target, rest = (path.with_name(f"{word}{path.suffix}") for word in ("out", "rest"))
    enhance_file(enhancer, path, target, rest)
    taken, enhanced, removed = (read_audio(place)[0] for place in (path, target, rest))
    assert np.abs(removed).max() > 0.005
    if name in WHOLE_NUMBERS:
        np.testing.assert_array_equal(enhanced + removed, taken)
    else:
        one_rounding = np.spacing(np.maximum(np.abs(taken), np.abs(removed)).astype(np.float32))
        assert (np.abs(enhanced + removed - taken) <= one_rounding).all()


def test_equal_channels_stay_equal_and_a_silent_one_silent(enhancer, tmp_path):
    one = melody(1.0, channels=1)
    path = write(tmp_path / "take.wav", np.concatenate([one, one, 0 * one]), bits=24)
    enhance_file(enhancer, path, tmp_path / "out.wav")
    left, right, silent = read_audio(tmp_path / "out.wav")[0]
    np.testing.assert_array_equal(left, right)
    assert not silent.any()


def test_the_image_stays(enhancer, tmp_path):
    """Both channels get one decision, so the level between them is that of the take."""
    one = melody(1.0, channels=1)
    path = write(tmp_path / "take.wav", np.concatenate([one, -0.25 * one]), bits=32, is_float=True)
    enhance_file(enhancer, path, tmp_path / "out.wav")
    left, right = read_audio(tmp_path / "out.wav")[0]
    np.testing.assert_allclose(right, -0.25 * left, atol=1e-5)


@pytest.mark.parametrize("name", ["wav16", "float", "flac24", "mp3", "m4a", "ogg", "opus"])
def test_the_same_again_is_the_same(enhancer, tmp_path, name):
    path = make(tmp_path, name)
    targets = [path.with_name(f"{number}{path.suffix}") for number in (1, 2)]
    for target in targets:
        enhance_file(enhancer, path, target)
    assert targets[0].read_bytes() == targets[1].read_bytes()


def test_whole_numbers_never_exceed_full_scale(enhancer, tmp_path):
    loud = melody(1.2)
    loud *= 0.98 / np.abs(loud).max()
    path = write(tmp_path / "take.wav", loud, bits=24)
    enhance_file(enhancer, path, tmp_path / "out.wav")
    assert np.abs(read_audio(tmp_path / "out.wav")[0]).max() <= 0.985 + 1e-6


def test_floats_may_exceed_full_scale_and_are_brought_below_it_for_whole_numbers(enhancer, tmp_path):
    loud = melody(1.2)
    loud *= 3 / np.abs(loud).max()
    path = write(tmp_path / "take.wav", loud, bits=32, is_float=True)
    for target in ("out.wav", "out.flac"):
        enhance_file(enhancer, path, tmp_path / target)
    floats, whole = (read_audio(tmp_path / target)[0] for target in ("out.wav", "out.flac"))
    assert np.abs(floats).max() > 1.5
    assert np.abs(whole).max() <= 1
    at_the_rails, beyond = np.abs(whole) >= 1 - 2**-20, np.abs(floats) > 1
    assert at_the_rails.sum() < 0.05 * beyond.sum(), "it was clipped instead of limited"


def packets(path):
    import av

    with av.open(str(path)) as container:
        return [
            (packet.pts, packet.dts, packet.time_base, bytes(packet))
            for packet in container.demux(container.streams.video[0])
            if packet.size
        ]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_a_video_keeps_its_pictures(enhancer, tmp_path, suffix):
    path = video(tmp_path / "concert.mp4", melody(1.0, 48_000))
    enhance_file(enhancer, path, tmp_path / f"out{suffix}")
    before, after = packets(path), packets(tmp_path / f"out{suffix}")
    assert len(before) == 25
    assert [data for *_, data in after] == [data for *_, data in before]
    for one, other in zip(before, after, strict=True):
        assert float(one[0] * one[2]) == pytest.approx(float(other[0] * other[2]), abs=1e-3)
    (taken, info), (enhanced, now) = read_audio(path), read_audio(tmp_path / f"out{suffix}")
    assert now.has_video
    assert (now.codec, enhanced.shape) == (info.codec, taken.shape)
    assert np.abs(enhanced - taken).max() > 0.005


def test_the_result_says_what_happened(enhancer, tmp_path):
    path = make(tmp_path, "wav16")
    facts = enhance_file(enhancer, path, tmp_path / "out.wav", tmp_path / "rest.wav").to_dict()
    assert json.loads(json.dumps(facts)) == facts
    assert facts["source"] == str(path)
    assert facts["target"] == str(tmp_path / "out.wav")
    assert facts["residual"] == str(tmp_path / "rest.wav")
    assert (facts["sample_rate"], facts["channels"], facts["samples"]) == (48_000, 2, probe(path).frames)
    assert facts["changed"] is True
    assert facts["loudness_lufs"] == pytest.approx(integrated_loudness(read_audio(path)[0], 48_000), abs=0.01)


def test_silence_has_no_loudness_in_json(enhancer, tmp_path):
    path = write(tmp_path / "take.wav", np.zeros((1, 9000), np.float32))
    facts = enhance_file(enhancer, path, tmp_path / "out.wav").to_dict()
    assert facts["loudness_lufs"] is None
    assert facts["changed"] is False


def test_progress_goes_through_all_stages(enhancer, tmp_path):
    path = make(tmp_path, "wav16")
    seen = []
    enhance_file(enhancer, path, tmp_path / "out.wav", progress=lambda *stage: seen.append(stage))
    samples = probe(path).frames
    assert list(dict.fromkeys(stage for stage, _, _ in seen)) == ["listening", "enhancing", "writing"]
    for stage in ("listening", "enhancing", "writing"):
        done = [count for name, count, total in seen if name == stage and total == samples]
        assert done == sorted(done)
        assert done[-1] == samples
