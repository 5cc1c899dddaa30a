"""Lines, grids and text of a plot as SVG. Shapes are in pixels; a `Panel` turns values into pixels."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from goodtake.diagnosis.wording import minus

INK, SOFT, FAINT, GRID = "#1d2430", "#5d6675", "#98a1af", "#e6e9ee"
FREQUENCY_TICKS = {50: "50", 100: "100", 200: "200", 500: "500", 1000: "1k", 2000: "2k", 5000: "5k"}
FREQUENCY_TICKS |= {10000: "10k", 20000: "20k"}


@dataclass(frozen=True)
class Panel:
    """A plot area: a rectangle in pixels and the values at its edges."""

    x: float
    y: float
    width: float
    height: float
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    log_x: bool = False
    log_y: bool = False

    def px(self, values: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Returns the horizontal pixels of values."""
        return self.x + self.width * _place(values, self.x_range, self.log_x)

    def py(self, values: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Returns the vertical pixels of values; what lies outside is drawn at the edge."""
        return self.y + self.height * (1 - np.clip(_place(values, self.y_range, self.log_y), 0, 1))


def legend(x: float, y: float, entries: Iterable[tuple[str, str, str]]) -> list[str]:
    """Returns swatches ("line" or "area") with their labels, side by side."""
    parts = []
    for label, colour, kind in entries:
        if kind == "area":
            parts.append(f'<rect x="{x:.1f}" y="{y - 9:.1f}" width="16" height="9" rx="2" fill="{colour}"/>')
        else:
            parts.append(f'<path d="M{x:.1f} {y - 4:.1f}h16" stroke="{colour}" stroke-width="2.2"/>')
        parts.append(text(x + 22, y, label, fill=SOFT, size=11.5))
        x += 22 + 6.2 * len(label) + 20
    return parts


def grid_y(panel: Panel, ticks: Sequence[float], unit: str, signed: bool = False) -> list[str]:
    """Returns horizontal lines with labels to their left and the unit above them."""
    parts = []
    for tick in ticks:
        y = float(panel.py(tick))
        parts.append(f'<path d="M{panel.x:.1f} {y:.1f}h{panel.width:.1f}" stroke="{GRID}"/>')
        label = minus(tick, 0) if not signed or tick <= 0 else f"+{tick:.0f}"
        parts.append(text(panel.x - 9, y + 4, label, anchor="end", fill=SOFT))
    parts.append(text(panel.x - 9, panel.y - 10, unit, anchor="end", fill=FAINT, size=11))
    return parts


def grid_frequency(panel: Panel) -> list[str]:
    """Returns vertical lines at round frequencies with labels below."""
    parts = []
    bottom = panel.y + panel.height
    for hz, label in FREQUENCY_TICKS.items():
        x = float(panel.px(hz))
        parts.append(f'<path d="M{x:.1f} {panel.y}v{panel.height}" stroke="{GRID}"/>')
        parts.append(text(x, bottom + 18, label + (" Hz" if hz == 20000 else ""), anchor="middle", fill=SOFT))
    return parts


def line(x: NDArray[np.float64], y: NDArray[np.float64], colour: str, width: float, dash: str = "") -> str:
    """Returns a curve through points in pixels."""
    if not len(x):
        return ""
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    shape = f'd="M{points(x, y)}" fill="none" stroke="{colour}" stroke-width="{width}"'
    return f'<path {shape}{dashes} stroke-linejoin="round"/>'


def points(x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    """Returns points as a path writes them."""
    return " ".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))


def rect(panel: Panel, fill: str) -> str:
    """Returns a filled panel."""
    return f'<rect x="{panel.x}" y="{panel.y}" width="{panel.width:.1f}" height="{panel.height:.1f}" fill="{fill}"/>'


def text(
    x: float, y: float, text: str, *, anchor: str = "start", fill: str = INK, size: float = 12, weight: int = 400
) -> str:
    """Returns a line of text."""
    style = f'font-size="{size}" font-weight="{weight}" fill="{fill}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {style}>{plain(text)}</text>'


def plain(text: str) -> str:
    """Escapes text and drops what XML cannot hold: control characters and lone surrogates of odd file names."""
    return escape("".join(c if c.isprintable() else "�" for c in text))


def _place(values: NDArray[np.float64] | float, limits: tuple[float, float], log: bool) -> NDArray[np.float64]:
    low, high = (np.log(limits[0]), np.log(limits[1])) if log else limits
    given = np.log(np.maximum(values, 1e-9)) if log else np.asarray(values, np.float64)
    return np.asarray((given - low) / (high - low))
