"""Damaged files of every format: a plain refusal that leaves nothing behind, or a whole output of finite samples."""

import hashlib
import shutil

import numpy as np
import pytest
from enhance_cases import contents, melody, video, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goodtake.audio import read_audio
from goodtake.enhancement.files import enhance_file
from goodtake.errors import GoodtakeError

KINDS = {
    "wav": (".wav", {}),
    "wav-float": (".wav", {"bits": 32, "is_float": True}),
    "w64": (".w64", {"bits": 24}),
    "aiff": (".aiff", {}),
    "caf": (".caf", {}),
    "flac": (".flac", {}),
    "alac": (".m4a", {"codec": "alac"}),
    "m4a": (".m4a", {}),
    "mp3": (".mp3", {}),
    "ogg": (".ogg", {}),
    "opus": (".opus", {}),
    "mkv": (".mkv", {}),
    "webm": (".webm", {}),
    "mp4-video": (".mp4", None),
}
HEADER_BYTES = 600

places = st.one_of(st.integers(0, HEADER_BYTES), st.integers(0, 2**20))
"""Where to strike: often in the headers, which say how all the rest is read."""

strikes = st.one_of(
    st.tuples(st.just("flip"), places, st.integers(0, 7)),
    st.tuples(st.just("set"), places, st.binary(min_size=1, max_size=8)),
    st.tuples(st.just("cut"), places, st.integers(1, 4000)),
    st.tuples(st.just("insert"), places, st.binary(min_size=1, max_size=40)),
    st.tuples(st.just("repeat"), places, st.integers(1, 4000)),
    st.tuples(st.just("end"), places, st.none()),
)


def damaged(data, blows):
    data = bytearray(data)
    for kind, place, what in blows:
        at = place % max(len(data), 1)
        if kind == "flip" and data:
            data[at] ^= 1 << what
        elif kind == "set":
            data[at : at + len(what)] = what
        elif kind == "cut":
            del data[at : at + what]
        elif kind == "insert":
            data[at:at] = what
        elif kind == "repeat":
            data[at:at] = data[at : at + what]
        elif kind == "end":
            del data[at:]
    return bytes(data)


@pytest.fixture(scope="module")
def whole_files(tmp_path_factory):
    folder, wave = tmp_path_factory.mktemp("whole"), melody(0.3, 16_000)
    files = {}
    for kind, (suffix, options) in KINDS.items():
        rate = 48_000 if suffix in (".opus", ".webm", ".mp4") else 16_000
        path = folder / f"{kind}{suffix}"
        if options is None:
            video(path, melody(0.3, rate), rate)
        else:
            write(path, wave if rate == 16_000 else melody(0.3, rate), rate, tags={"title": "take"}, **options)
        files[kind] = path
    return files


def strike(enhancer, whole_files, folder, kind, blows):
    """Damages a copy, enhances it, and holds what comes of it to the promise."""
    suffix = KINDS[kind][0]
    data = damaged(whole_files[kind].read_bytes(), blows)
    place = folder / hashlib.sha256(data).hexdigest()[:16]
    place.mkdir(exist_ok=True)
    source, target = place / f"take{suffix}", place / f"out{suffix}"
    source.write_bytes(data)
    try:
        result = enhance_file(enhancer, source, target, force=True)
    except GoodtakeError as error:
        assert "\n" not in str(error)
        assert contents(place) == {source.name: data}
    else:
        samples, info = read_audio(target)
        assert samples.shape == (result.survey.channels, result.survey.samples)
        assert info.sample_rate == result.survey.sample_rate
        assert np.isfinite(samples).all()
        assert set(contents(place)) == {source.name, target.name}
        assert source.read_bytes() == data
    shutil.rmtree(place)


RULES = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=12, derandomize=True, **RULES)
@given(blows=st.lists(strikes, min_size=1, max_size=3))
def test_damaged_files_are_refused_or_read(enhancer, whole_files, tmp_path_factory, kind, blows):
    strike(enhancer, whole_files, tmp_path_factory.getbasetemp(), kind, blows)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=200, **RULES)
@given(blows=st.lists(strikes, min_size=1, max_size=5))
def test_many_more_damaged_files_are_refused_or_read(enhancer, whole_files, tmp_path_factory, kind, blows):
    strike(enhancer, whole_files, tmp_path_factory.getbasetemp(), kind, blows)
