"""Charts as SVG that follow the reader's colours: means with intervals, histograms, shares of votes.

In the page the colours come from its style sheet; `standalone` gives a chart for Markdown its own, light and dark.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from goodtake.stats import Interval

WIDTH, MARGIN, ROW = 380.0, 14.0, 24.0
LONGEST_LABEL = 19
COLOURS = 8
"""Colours of systems in the style sheet, --s0 is the baseline's grey."""

STYLE = """
svg{--ink:#1b2230;--soft:#5b6472;--grid:#e3e7ed;--paper:#ffffff;--s0:#7b8494;--s1:#0a6cc2;--s2:#c4511b;--s3:#1b7f5c;
--s4:#9a3fa3;--s5:#a07800;--s6:#0e8a9c;--s7:#b8325e}
@media(prefers-color-scheme:dark){svg{--ink:#e8ebf1;--soft:#a2abba;--grid:#303846;--paper:#151a22;--s0:#97a1b2;
--s1:#5eb0f5;--s2:#f0905c;--s3:#4fc79c;--s4:#d58ade;--s5:#dcb344;--s6:#4dc4d6;--s7:#f07fa4}}
text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",Arial,sans-serif}
"""


@dataclass(frozen=True)
class Bar:
    """One line of a chart of means.

    Args:
        label: of the line.
        figure: mean and interval; None draws nothing.
        colour: 0 is the baseline's, others go round.
        text: the figure as people read it.
        hollow: draw it as an outline: it is no competitor.
    """

    label: str
    figure: Interval | None
    colour: int
    text: str
    hollow: bool = False


def intervals_chart(title: str, unit: str, bars: Sequence[Bar], limits: tuple[float, float], rule: float | None) -> str:
    """Returns means as dots and their intervals as lines, one line per system.

    Args:
        title: of the panel.
        unit: of the axis.
        bars: from top to bottom.
        limits: of the axis, common to panels that stand side by side.
        rule: where a vertical line is drawn, for instance at the baseline's mean; None draws none.
    """
    top, height = 34.0, 34.0 + ROW * len(bars) + 34.0
    gutter = _gutter(bar.label for bar in bars)
    scale = _Scale(limits, gutter, WIDTH - MARGIN)
    bottom = top + ROW * len(bars)
    parts = [_text(0, 15, title, size=14, weight=600)]
    for tick in _ticks(limits):
        x = scale(tick)
        parts.append(f'<path d="M{x:.1f} {top:.1f}V{bottom:.1f}" stroke="var(--grid)"/>')
        parts.append(_text(x, bottom + 16, _short(tick), "var(--soft)", "middle", 11))
    parts.append(_text(WIDTH - MARGIN, bottom + 31, unit, "var(--soft)", "end", 11))
    if rule is not None:
        parts.append(f'<path d="M{scale(rule):.1f} {top:.1f}V{bottom:.1f}" stroke="var(--s0)" stroke-dasharray="3 3"/>')
    for place, bar in enumerate(bars):
        y = top + ROW * (place + 0.5)
        parts.append(_text(gutter - 10, y + 4, _cut(bar.label), "var(--ink)", "end", 12))
        parts += _dot(bar, y, scale, gutter)
    spoken = f"{title}: " + "; ".join(f"{bar.label} {bar.text}" for bar in bars if bar.figure is not None)
    return _svg(WIDTH, height, spoken, parts)


def histogram_chart(
    title: str, curves: Sequence[tuple[str, NDArray[np.float64], int]], edges: Sequence[float], shown: float
) -> str:
    """Returns shares of frames over a difference in cents as outlines, with a dotted line at the wanted 0.

    Args:
        title: of the panel.
        curves: label, shares (bin,), colour.
        edges: of the bins, cents.
        shown: the axis goes from minus to plus this; what lies beyond is not drawn.
    """
    left, top, height = 40.0, 52.0, 130.0
    bottom = top + height
    scale = _Scale((-shown, shown), left, WIDTH - MARGIN)
    inside = [n for n in range(len(edges) - 1) if edges[n] >= -shown and edges[n + 1] <= shown]
    highest = max((float(shares[inside].max()) for _, shares, _ in curves), default=0.0) or 1.0
    parts = [_text(0, 15, title, size=14, weight=600)]
    x = left
    for name, _, colour in curves:
        parts.append(f'<path d="M{x:.1f} 34h16" stroke="var(--s{colour % COLOURS})" stroke-width="2.5"/>')
        parts.append(_text(x + 21, 38, _cut(name), "var(--soft)", size=11))
        x += 34 + 6.3 * min(len(name), LONGEST_LABEL)
    for tick in _ticks((-shown, shown)):
        parts.append(_text(scale(tick), bottom + 16, _short(tick), "var(--soft)", "middle", 11))
    parts.append(f'<path d="M{left} {bottom:.1f}H{WIDTH - MARGIN}" stroke="var(--grid)"/>')
    parts.append(f'<path d="M{scale(0):.1f} {top}V{bottom:.1f}" stroke="var(--soft)" stroke-dasharray="2 3"/>')
    parts.append(_text(left - 6, top + 4, f"{100 * highest:.0f} %", "var(--soft)", "end", 11))
    parts.append(_text(WIDTH - MARGIN, bottom + 31, "estimate − reference, cents", "var(--soft)", "end", 11))
    for _, shares, colour in curves:
        steps = []
        for n in inside:
            y = bottom - height * float(shares[n]) / highest
            steps.append(f"{scale(edges[n]):.1f} {y:.1f} {scale(edges[n + 1]):.1f} {y:.1f}")
        parts.append(
            f'<path d="M{" ".join(steps)}" fill="none" stroke="var(--s{colour % COLOURS})" stroke-width="1.8" '
            'stroke-linejoin="round"/>'
        )
    return _svg(WIDTH, bottom + 36, f"{title}: share of frames over the roll-off difference", parts)


def shares_chart(title: str, bars: Sequence[tuple[str, float, str, bool]]) -> str:
    """Returns shares of votes as stacked bars: raw to the left, processed to the right.

    Args:
        title: of the panel.
        bars: label, share of the processed from 0 to 1, what to write, whether it is significant (then bold).
    """
    gutter = _gutter(name for name, _, _, _ in bars)
    top, inner = 48.0, WIDTH - MARGIN - gutter
    parts = [_text(0, 15, title, size=14, weight=600)]
    parts.append(_text(gutter, 38, "raw", "var(--soft)", size=11))
    parts.append(_text(WIDTH - MARGIN, 38, "processed", "var(--soft)", "end", 11))
    for place, (name, share, said, significant) in enumerate(bars):
        y, cut = top + (ROW + 4) * place, gutter + inner * (1 - share)
        weight = 700 if significant else 400
        parts.append(_text(gutter - 10, y + 15, _cut(name), "var(--ink)", "end", 12))
        parts.append(
            f'<rect x="{gutter}" y="{y}" width="{cut - gutter:.1f}" height="20" fill="var(--s0)" opacity="0.45"/>'
        )
        parts.append(f'<rect x="{cut:.1f}" y="{y}" width="{gutter + inner - cut:.1f}" height="20" fill="var(--s1)"/>')
        parts.append(_text(WIDTH - MARGIN - 6, y + 14.5, said, "var(--paper)", "end", 12, weight))
    middle, bottom = gutter + inner / 2, top + (ROW + 4) * len(bars)
    parts.append(f'<path d="M{middle:.1f} {top - 4}V{bottom:.1f}" stroke="var(--ink)" stroke-dasharray="2 3"/>')
    spoken = f"{title}: " + "; ".join(f"{name} {said} for the processed" for name, _, said, _ in bars)
    return _svg(WIDTH, bottom + 6, spoken, parts)


def limits_of(figures: Sequence[Interval]) -> tuple[float, float]:
    """Returns the ends of an axis that holds all figures and their intervals."""
    ends = [end for f in figures for end in (f.estimate, f.low, f.high) if end is not None]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    room = 0.06 * (high - low) or abs(high) * 0.1 or 1.0
    return low - room, high + room


def standalone(panels: Sequence[str]) -> str:
    """Returns panels one below the other as an SVG file with colours of its own."""
    sizes = [
        [float(side) for side in panel.partition('viewBox="0 0 ')[2].partition('"')[0].split()] for panel in panels
    ]
    parts, y = [f"<style>{escape(STYLE)}</style>"], 12.0
    for panel, (width, height) in zip(panels, sizes, strict=True):
        place = f'<svg x="14" y="{y:.1f}" width="{width:.0f}" height="{height:.1f}" '
        parts.append(panel.replace("<svg ", place, 1))
        y += height + 14
    width = WIDTH + 28
    parts.insert(1, f'<rect width="{width:.0f}" height="{y:.0f}" fill="var(--paper)"/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{y:.0f}" '
        f'viewBox="0 0 {width:.0f} {y:.0f}">' + "\n".join(parts) + "</svg>\n"
    )


class _Scale:
    """Turns values into horizontal pixels."""

    def __init__(self, limits: tuple[float, float], left: float, right: float) -> None:
        self._low, self._high = limits
        self._left, self._right = left, right

    def __call__(self, value: float) -> float:
        share = (value - self._low) / (self._high - self._low)
        return self._left + (self._right - self._left) * min(1.0, max(0.0, share))


def _dot(bar: Bar, y: float, scale: _Scale, gutter: float) -> list[str]:
    if bar.figure is None:
        return [_text(gutter, y + 4, "no figure", "var(--soft)", size=11)]
    colour, x = f"var(--s{bar.colour % COLOURS})", scale(bar.figure.estimate)
    parts = []
    if bar.figure.low is not None and bar.figure.high is not None:
        parts.append(
            f'<path d="M{scale(bar.figure.low):.1f} {y:.1f}H{scale(bar.figure.high):.1f}" stroke="{colour}" '
            'stroke-width="3" stroke-linecap="round" opacity="0.5"/>'
        )
    fill = "var(--paper)" if bar.hollow else colour
    parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{fill}" stroke="{colour}" stroke-width="2"/>')
    return [f"<g><title>{escape(f'{bar.label}: {bar.text}')}</title>", *parts, "</g>"]


def _gutter(labels: Iterable[str]) -> float:
    """Returns the room that labels take to the left of a chart."""
    return 20 + 7.0 * max((len(_cut(name)) for name in labels), default=0)


def _ticks(limits: tuple[float, float]) -> list[float]:
    """Returns three to six round values inside the limits."""
    low, high = limits
    raw = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw)
    first = math.ceil(low / step)
    return [step * n for n in range(first, math.floor(high / step) + 1)]


def _short(value: float) -> str:
    return f"{value:.4g}".replace("-", "−") if value else "0"


def _cut(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…"


def _text(
    x: float, y: float, said: str, fill: str = "var(--ink)", anchor: str = "start", size: float = 12, weight: int = 400
) -> str:
    style = f'font-size="{size}" font-weight="{weight}" fill="{fill}" text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(said)}</text>'


def _svg(width: float, height: float, spoken: str, parts: list[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width:.0f} {height:.1f}" role="img" aria-label="{escape(spoken, {chr(34): "&quot;"})}">'
        + "".join(part for part in parts if part)
        + "</svg>"
    )
