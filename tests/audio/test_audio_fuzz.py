"""Damaged files of every format: a decode of finite samples, or a GoodtakeError. Nothing else."""

import numpy as np
import pytest
from audio_cases import noise, spec, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from goodtake.audio import open_reader
from goodtake.errors import GoodtakeError

FORMATS = {
    "16.wav": spec(rate=8_000, bits=16, tags={"title": "x"}),
    "float.wav": spec(rate=8_000, bits=32, is_float=True),
    "24.w64": spec(rate=8_000, bits=24),
    "24.aiff": spec(rate=8_000, bits=24, tags={"title": "x"}),
    "16.caf": spec(rate=8_000, bits=16, tags={"title": "x"}),
    "16.flac": spec("flac", 8_000, bits=16, tags={"title": "x"}),
    "a.mp3": spec("mp3", 16_000, tags={"title": "x"}),
    "a.ogg": spec("vorbis", 16_000, tags={"title": "x"}),
    "a.opus": spec("opus", 48_000, tags={"title": "x"}),
    "aac.m4a": spec("aac", 16_000, tags={"title": "x"}),
    "alac.m4a": spec("alac", 16_000, bits=16),
    "aac.mkv": spec("aac", 16_000, tags={"title": "x"}),
    "opus.webm": spec("opus", 48_000),
    "aac.mov": spec("aac", 16_000),
}


@st.composite
def damages(draw):
    """A way to damage a file: cut it, change bytes anywhere or in the header, drop a piece, repeat a piece."""
    kind = draw(st.sampled_from(["cut", "bytes", "header", "drop", "repeat"]))
    places = draw(st.lists(st.floats(0, 0.999), min_size=1, max_size=12))
    values = draw(st.binary(min_size=12, max_size=12))
    return kind, places, values, draw(st.integers(1, 300))


def damage(raw, kind, places, values, length):
    raw = bytearray(raw)
    at = int(places[0] * len(raw))
    if kind == "cut":
        return raw[:at]
    if kind == "drop":
        del raw[at : at + length]
    elif kind == "repeat":
        raw[at:at] = raw[at : at + length]
    else:
        size = min(len(raw), 400) if kind == "header" else len(raw)
        for place, value in zip(places, values, strict=False):
            raw[int(place * size)] = value
    return raw


def check(folder, name, case):
    original = folder / name
    if not original.exists():
        write(original, noise(2, 4000), FORMATS[name])
    path = folder / f"damaged-{name}"
    path.write_bytes(damage(original.read_bytes(), *case))
    try:
        with open_reader(path) as reader:
            count = 0
            for block in reader.blocks(1500):
                assert block.shape[0] == reader.info.channels
                assert np.isfinite(block).all()
                count += block.shape[1]
            assert reader.info.frames == count > 0
    except GoodtakeError as error:
        assert "\n" not in str(error)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


QUICK = settings(
    max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.parametrize("name", FORMATS)
@QUICK
@given(case=damages())
def test_damage_is_survived(folder, name, case):
    check(folder, name, case)


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
@settings(QUICK, max_examples=400)
@given(case=damages())
def test_much_damage_is_survived(folder, name, case):
    check(folder, name, case)
