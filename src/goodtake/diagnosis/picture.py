"""The picture of a diagnosis: one self-contained SVG with spectrogram, level, spectra, colour and findings.

No plotting library: the spectrogram is a PNG inside it, the rest is lines and text.
"""

import base64
from textwrap import wrap

import numpy as np
from numpy.typing import NDArray

from goodtake.diagnosis.diagnosis import Diagnosis
from goodtake.diagnosis.findings import Finding, colour_hz
from goodtake.diagnosis.measure_spectrum import Thumbnail
from goodtake.diagnosis.measures import Measurements
from goodtake.diagnosis.png import colour_image, magma, png_bytes
from goodtake.diagnosis.svg import (
    FAINT,
    FREQUENCY_TICKS,
    INK,
    SOFT,
    Panel,
    grid_frequency,
    grid_y,
    legend,
    line,
    plain,
    points,
    rect,
    text,
)
from goodtake.diagnosis.typical_music import reference_level_db, typical_db
from goodtake.diagnosis.wording import minus, seconds

WIDTH, MARGIN, GUTTER = 1120, 32, 64
FONT = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Roboto, 'Liberation Sans', Arial, sans-serif"
MUSIC, NOISE, TYPICAL, CORRECTION = "#3b4cc0", "#d1603d", "#c9d3e3", "#1c8a72"
SEVERITY_COLOURS = {"none": "#2e9e6b", "slight": "#d9a514", "clear": "#e07b26", "strong": "#cc3344"}
TYPICAL_LABEL = "typical music"
RANGE_DB = 80.0
LINE_CHARACTERS = 62


def diagnosis_svg(diagnosis: Diagnosis) -> str:
    """Returns the picture of a diagnosis as one SVG document that refers to nothing outside itself."""
    m = diagnosis.measurements
    findings, bottom = _findings(diagnosis, 712)
    height = bottom + MARGIN
    half = (WIDTH - 2 * MARGIN - 2 * GUTTER) / 2
    first, wide = MARGIN + GUTTER, WIDTH - 2 * MARGIN - GUTTER
    second = first + half + GUTTER
    body = [
        *_header(diagnosis),
        *_spectrogram(m, Panel(first, 128, wide, 214, _time_range(m), _rows_range(m), log_y=True)),
        *_level(m, Panel(first, 362, wide, 56, _time_range(m), (-60, 0))),
        *_spectra(m, first, 494, half, 156),
        *_colour(diagnosis, Panel(second, 494, half, 156, (30, 20000), (-18, 18), log_x=True)),
        *findings,
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" '
            f'viewBox="0 0 {WIDTH} {height:.0f}" font-family="{FONT}" font-size="12" fill="{INK}">',
            f"<title>{plain('Diagnosis of ' + (diagnosis.name or 'a take'))}</title>",
            f'<rect width="{WIDTH}" height="{height:.0f}" fill="#ffffff"/>',
            *body,
            "</svg>\n",
        ]
    )


def _header(diagnosis: Diagnosis) -> list[str]:
    m = diagnosis.measurements
    name = diagnosis.name or "Diagnosis"
    name = name if len(name) <= 70 else name[:40] + "…" + name[-28:]
    channels = {1: "mono", 2: "stereo"}.get(m.channels, f"{m.channels} channels")
    facts = [seconds(m.duration_s), f"{m.sample_rate_hz / 1000:g} kHz", channels, f"peak {minus(m.peak_dbfs)} dBFS"]
    if m.loudness_lufs is not None:
        facts.append(f"{minus(m.loudness_lufs)} LUFS")
    return [
        text(MARGIN, 50, name, size=22, weight=600),
        text(MARGIN, 74, "  ·  ".join(facts), fill=SOFT, size=13),
        text(MARGIN, 102, diagnosis.plan, size=14, weight=500),
    ]


def _spectrogram(m: Measurements, panel: Panel) -> list[str]:
    parts = []
    if m.thumbnail is not None and m.thumbnail.level_dbfs.shape[1]:
        image = base64.b64encode(png_bytes(_image(m.thumbnail))).decode()
        parts.append(
            f'<image x="{panel.x}" y="{panel.y}" width="{panel.width:.1f}" height="{panel.height:.1f}" '
            f'preserveAspectRatio="none" href="data:image/png;base64,{image}"/>'
        )
        parts += _colour_bar(panel)
    else:
        parts.append(rect(panel, "#f4f6f9"))
    for hz, label in FREQUENCY_TICKS.items():
        if hz in (100, 500, 1000, 2000, 5000, 10000) and panel.y_range[0] < hz < panel.y_range[1] * 0.97:
            y = float(panel.py(hz))
            parts.append(f'<path d="M{panel.x - 5:.1f} {y:.1f}h4" stroke="{FAINT}"/>')
            parts.append(text(panel.x - 9, y + 4, label, anchor="end", fill=SOFT))
    parts.append(text(panel.x - 9, panel.y + 4, "Hz", anchor="end", fill=FAINT))
    return parts


def _image(thumbnail: Thumbnail) -> NDArray[np.uint8]:
    """Returns the spectrogram as colours, (row from the top, column, 3), its loudest octaves filling the range."""
    # Each row is shown relative to a gentle slope, so that the treble, always weaker, can be seen.
    slope = 3.0 * np.log2(thumbnail.rows_hz / 1000)[:, None]
    level = thumbnail.level_dbfs + slope
    top = float(np.quantile(level, 0.998))
    return colour_image(((level - top) / RANGE_DB + 1)[::-1])


def _colour_bar(panel: Panel) -> list[str]:
    width = 90
    stops = "".join(
        f'<stop offset="{share:.2f}" stop-color="rgb({r},{g},{b})"/>'
        for share, (r, g, b) in zip(np.linspace(0, 1, 9), magma(np.linspace(0, 1, 9)).tolist(), strict=True)
    )
    x, y = panel.x + panel.width - width, panel.y - 19
    return [
        f'<defs><linearGradient id="level">{stops}</linearGradient></defs>',
        f'<rect x="{x:.1f}" y="{y}" width="{width}" height="8" rx="2" fill="url(#level)"/>',
        text(x - 6, y + 8, f"−{RANGE_DB:.0f}", anchor="end", fill=SOFT, size=11),
        text(x - 6 - 28, y + 8, "Level, dB under the loudest", anchor="end", fill=SOFT, size=11),
    ]


def _level(m: Measurements, panel: Panel) -> list[str]:
    level = np.array(m.level_dbfs)
    parts = grid_y(panel, (0, -30, -60), "dBFS")
    if len(level):
        time = np.minimum((np.arange(len(level)) + 0.5) * m.level_step_s, m.duration_s)
        x, y = panel.px(time), panel.py(level)
        base = panel.y + panel.height
        area = f"M{x[0]:.1f} {base}L{points(x, y)}L{x[-1]:.1f} {base}Z"
        parts.append(f'<path d="{area}" fill="{MUSIC}" fill-opacity="0.18"/>')
        parts.append(line(x, y, MUSIC, 1.1))
    if m.clip_ceiling_dbfs is not None:
        rail = float(panel.py(m.clip_ceiling_dbfs))
        red = SEVERITY_COLOURS["strong"]
        parts.append(f'<path d="M{panel.x} {rail:.1f}h{panel.width}" stroke="{red}" stroke-dasharray="5 3"/>')
    step = _nice_step(m.duration_s / 8)
    ticks = np.arange(0, m.duration_s + 1e-9, step)
    for tick in ticks:
        place = float(panel.px(tick))
        label = f"{tick:g} s" if m.duration_s < 90 else f"{int(tick // 60)}:{tick % 60:02.0f}"
        parts.append(f'<path d="M{place:.1f} {panel.y + panel.height}v4" stroke="{FAINT}"/>')
        parts.append(text(place, panel.y + panel.height + 18, label, anchor="middle", fill=SOFT))
    return parts


def _spectra(m: Measurements, x: float, y: float, width: float, height: float) -> list[str]:
    spectrum, floor, centres = np.array(m.spectrum_dbfs), np.array(m.floor_dbfs), np.array(m.curve_hz)
    if not len(spectrum) or spectrum.max() < -140:
        spectrum = floor = np.full(len(centres), -150.0)
    top = 10 * np.ceil((float(spectrum.max(initial=-140)) + 3) / 10)
    panel = Panel(x, y, width, height, (30, 20000), (top - RANGE_DB, top), log_x=True)
    typical = typical_db(len(spectrum)) + reference_level_db(spectrum)
    pixels = panel.px(centres)
    low, high = panel.py(typical[1]), panel.py(typical[2])
    band = f"M{points(pixels, high)}L{points(pixels[::-1], low[::-1])}Z"
    parts = [
        text(x, y - 30, "Spectrum of the take", size=14, weight=600),
        *legend(
            x, y - 12, (("this take", MUSIC, "line"), ("steady noise", NOISE, "line"), (TYPICAL_LABEL, TYPICAL, "area"))
        ),
        f'<path d="{band}" fill="{TYPICAL}" fill-opacity="0.55"/>',
        *grid_y(panel, [top - step for step in range(0, int(RANGE_DB) + 1, 20)], "dBFS"),
        *grid_frequency(panel),
        line(pixels, panel.py(typical[0]), "#a3b2cb", 1.2, dash="4 3"),
        line(pixels, panel.py(floor), NOISE, 1.8),
        line(pixels, panel.py(spectrum), MUSIC, 2.2),
    ]
    if m.bandwidth_cut and 30 < m.bandwidth_hz < 19000:
        edge = float(panel.px(m.bandwidth_hz))
        parts.append(f'<path d="M{edge:.1f} {y}v{height}" stroke="{FAINT}" stroke-dasharray="2 3"/>')
    return parts


def _colour(diagnosis: Diagnosis, panel: Panel) -> list[str]:
    parts = [text(panel.x, panel.y - 30, "Colour correction", size=14, weight=600)]
    if diagnosis.take is None:
        parts += [
            *grid_y(panel, (-12, 0, 12), "dB", signed=True),
            *grid_frequency(panel),
            text(panel.x + panel.width / 2, panel.y + 52, "no model was asked", anchor="middle", fill=FAINT, size=13),
        ]
        return parts
    colour = np.array(diagnosis.take.colour_db)
    limit = max(12.0, 6 * np.ceil(float(np.abs(colour).max()) / 6))
    panel = Panel(panel.x, panel.y, panel.width, panel.height, panel.x_range, (-limit * 1.15, limit * 1.15), log_x=True)
    centres = colour_hz(len(colour))
    inside = centres >= panel.x_range[0]
    x, y = panel.px(centres[inside]), panel.py(colour[inside])
    zero = float(panel.py(0.0))
    caption = "what the recording lacks (up) or has too much of (down)"
    area = f"M{x[0]:.1f} {zero:.1f}L{points(x, y)}L{x[-1]:.1f} {zero:.1f}Z"
    parts += [
        text(panel.x, panel.y - 12, caption, fill=SOFT, size=11.5),
        *grid_y(panel, (-limit, -limit / 2, 0, limit / 2, limit), "dB", signed=True),
        *grid_frequency(panel),
        f'<path d="{area}" fill="{CORRECTION}" fill-opacity="0.14"/>',
        f'<path d="M{panel.x} {zero:.1f}h{panel.width:.1f}" stroke="{FAINT}"/>',
        line(x, y, CORRECTION, 2.2),
    ]
    return parts


def _findings(diagnosis: Diagnosis, y: float) -> tuple[list[str], float]:
    """Draws the findings in two columns; returns the shapes and where they end."""
    order = [*diagnosis.faults, *(finding for finding in diagnosis.findings if finding.severity == "none")]
    parts = [text(MARGIN, y, "Findings", size=14, weight=600)]
    columns = [y + 28, y + 28]
    middle = MARGIN + (WIDTH - 2 * MARGIN) / 2 + 12
    for finding in order:
        side = int(columns[1] < columns[0])
        shapes, columns[side] = _finding(finding, middle if side else MARGIN, columns[side])
        parts += shapes
    return parts, max(columns)


def _finding(finding: Finding, x: float, y: float) -> tuple[list[str], float]:
    colour = SEVERITY_COLOURS[finding.severity]
    ink = INK if finding.severity != "none" else SOFT
    word = "fine" if finding.severity == "none" else finding.severity
    parts = [
        f'<circle cx="{x + 5}" cy="{y - 4}" r="5" fill="{colour}"/>',
        text(x + 20, y, finding.kind, weight=600, size=13, fill=ink),
        text(x + 20, y + 17, word, size=11.5, fill=FAINT),
    ]
    lines = wrap(finding.text, LINE_CHARACTERS)
    parts += [text(x + 106, y + 17 * number, line, size=13, fill=ink) for number, line in enumerate(lines)]
    return parts, y + 17 * max(len(lines), 2) + 11


def _time_range(m: Measurements) -> tuple[float, float]:
    return 0.0, max(m.duration_s, 1e-3)


def _rows_range(m: Measurements) -> tuple[float, float]:
    if m.thumbnail is None:
        return 30.0, m.sample_rate_hz / 2
    return float(m.thumbnail.rows_hz[0]), float(m.thumbnail.rows_hz[-1])


def _nice_step(least: float) -> float:
    steps = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600)
    return next((step for step in steps if step >= least), 7200)
