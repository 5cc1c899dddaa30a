"""The picture of a diagnosis is well-formed, self-contained, and shows what was found."""

import base64
import re
import struct
import xml.etree.ElementTree as ElementTree
import zlib
from dataclasses import replace

import numpy as np
import pytest

from goodtake.diagnosis.diagnosis import Diagnosis, TakeFacts
from goodtake.diagnosis.measures import Measures
from goodtake.diagnosis.picture import LINE_CHARACTERS, diagnosis_svg
from goodtake.diagnosis.png import colour_image, magma, png_bytes
from goodtake.dsp.stft import FrameGrid, stft

RATE = 16000
SVG = "{http://www.w3.org/2000/svg}"
TAKE = TakeFacts(14.0, 4.0, 0.6, 0.8, tuple(np.linspace(-9, 9, 64).tolist()))


def diagnosis(wave, take=TAKE, wet=0.8, name="take.wav"):
    wave = np.atleast_2d(np.asarray(wave, np.float32))
    measures = Measures(RATE, len(wave))
    measures.update(wave)
    measures.update_spectrum(np.abs(stft(wave, FrameGrid.for_rate(RATE))) ** 2)
    return Diagnosis(measures.result(), take, wet, name)


@pytest.fixture(scope="module")
def shown():
    return diagnosis(0.1 * np.random.default_rng(0).standard_normal(5 * RATE))


def texts(svg):
    return [element.text for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_the_picture_holds_every_finding_and_the_plan(shown):
    joined = " ".join(texts(diagnosis_svg(shown)))
    for finding in shown.findings:
        assert finding.text in joined
        assert finding.kind in joined
    assert shown.plan in joined
    assert "take.wav" in joined


def test_the_picture_refers_to_nothing_outside(shown):
    svg = diagnosis_svg(shown)
    references = re.findall(r'(?:href|src)="([^"]{1,30})', svg) + re.findall(r"url\(([^)]*)\)", svg)
    assert references
    assert all(reference.startswith(("data:image/png;base64,", "#")) for reference in references)


def test_texts_stay_inside_and_do_not_overlap(shown):
    svg = ElementTree.fromstring(diagnosis_svg(shown))
    width, height = float(svg.get("width")), float(svg.get("height"))
    boxes = []
    for element in svg.iter(f"{SVG}text"):
        size, x, y = (float(element.get(key)) for key in ("font-size", "x", "y"))
        length = 0.5 * size * len(element.text)  # a little under the mean width of a letter
        left = x - {"start": 0, "middle": 0.5, "end": 1}[element.get("text-anchor")] * length
        boxes.append((left, left + length, y - 0.7 * size, y, element.text))
    for left, right, top, bottom, text in boxes:
        assert left >= 0, text
        assert right <= width, text
        assert top >= 0, text
        assert bottom <= height, text
    for number, (left, right, top, bottom, text) in enumerate(boxes):
        for other in boxes[number + 1 :]:
            apart = right <= other[0] or other[1] <= left or bottom <= other[2] or other[3] <= top
            assert apart, (text, other[4])
    assert max(len(text) for *_, text in boxes) <= 2 * LINE_CHARACTERS


def test_names_cannot_break_the_xml(shown):
    name = 'a<b>&"\x07\udc80 ' + "long " * 60 + ".wav"
    svg = diagnosis_svg(replace(shown, name=name))
    assert any(text.startswith('a<b>&"') for text in texts(svg))
    svg.encode("utf-8")


@pytest.mark.parametrize("samples", [0, 1, 100, RATE])
def test_odd_takes_can_be_drawn(samples):
    svg = diagnosis_svg(diagnosis(np.zeros(samples), None, None, ""))
    assert "The file is silent: there is nothing to enhance." in texts(svg)
    assert "nan" not in svg
    assert "inf" not in re.sub(r"base64,[^\"]*", "", svg)


def test_a_diagnosis_from_json_can_be_drawn(shown):
    assert shown.findings[0].text in " ".join(texts(diagnosis_svg(Diagnosis.from_json(shown.to_json()))))


def decode(png):
    """Reads an RGB PNG without filters by the standard alone."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        data = png[at + 8 : at + 8 + length]
        assert struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0] == zlib.crc32(kind + data)
        chunks[kind] = data
        at += 12 + length
    assert list(chunks) == [b"IHDR", b"IDAT", b"IEND"]
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, 1 + 3 * width)
    assert not lines[:, 0].any()
    return lines[:, 1:].reshape(height, width, 3)


def test_the_png_gives_its_pixels_back():
    image = np.random.default_rng(0).integers(0, 256, (7, 5, 3), dtype=np.uint8)
    np.testing.assert_array_equal(decode(png_bytes(image)), image)


def test_the_spectrogram_shows_a_tone_at_its_height():
    tone = 0.3 * np.sin(2 * np.pi * 1000 * np.arange(4 * RATE) / RATE)
    shown = diagnosis(tone + 1e-5 * np.random.default_rng(0).standard_normal(len(tone)))
    data = re.search(r"base64,([^\"]*)", diagnosis_svg(shown)).group(1)
    brightness = decode(base64.b64decode(data)).astype(int).sum((1, 2))[::-1]
    assert shown.measurements.thumbnail.rows_hz[brightness.argmax()] == pytest.approx(1000, rel=0.05)


def test_the_colours_become_lighter_all_the_way():
    luminance = magma(np.linspace(0, 1, 256)) @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(luminance) >= -0.5).all()
    assert luminance[-1] - luminance[0] > 200
    assert colour_image(np.array([[-1.0, 2.0]])).tolist() == [magma(np.array([0.0, 1.0])).tolist()]
