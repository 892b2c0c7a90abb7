"""Small drawings inside a page: text, lines and marks as SVG, coloured by the page's own sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from markupsafe import Markup, escape
from obspy import UTCDateTime

from ...processing._traces import runs
from ...types import FloatArray

STEPS = (
    60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 2 * 86400,
    7 * 86400, 14 * 86400, 28 * 86400, 91 * 86400, 182 * 86400, 365 * 86400,
)  # fmt: skip
"""Steps between ticks of a time axis, s."""


class Drawing:
    """An SVG being drawn; every text is escaped, every colour is a class of the style sheet.

    Parameters
    ----------
    width, height : float
        Of its coordinates.
    name : str
        Unique in the page.
    title, words : str
        What the drawing is, and what it shows with its numbers: read aloud in place of it.
    """

    def __init__(self, width: float, height: float, *, name: str, title: str, words: str) -> None:
        self.width, self.height = width, height
        self.name, self.title, self.words = name, title, words
        self._parts: list[str] = []

    def raw(self, part: str) -> None:
        """Add markup made here."""
        self._parts.append(part)

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
        """Draw a straight line."""
        self.raw(f'<path class="{kind}" d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"/>')

    def rect(
        self, x: float, y: float, width: float, height: float, kind: str, tip: str = ""
    ) -> None:
        """Draw a filled box; ``tip`` is shown when the pointer rests on it."""
        shape = f'class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.6):.1f}" '
        shape += f'height="{height:.1f}"'
        self.raw(
            f"<rect {shape}><title>{escape(tip)}</title></rect>" if tip else f"<rect {shape}/>"
        )

    def circle(self, x: float, y: float, radius: float, kind: str) -> None:
        """Draw a circle."""
        self.raw(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/>')

    def text(self, x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> None:
        """Write one line of text."""
        where = f'x="{x:.1f}" y="{y:.1f}"'
        side = "" if anchor == "start" else f' text-anchor="{anchor}"'
        name = f' class="{kind}"' if kind else ""
        self.raw(f"<text{name} {where}{side}>{escape(text)}</text>")

    def broken_line(self, x: FloatArray, y: FloatArray, kind: str) -> None:
        """Draw a line through finite points; it is broken, not bridged, at the others."""
        good = np.isfinite(x) & np.isfinite(y)
        parts: list[str] = []
        dots: list[str] = []
        for first, stop in runs(good):
            points = [f"{x[i]:.1f} {y[i]:.1f}" for i in range(first, stop)]
            if len(points) == 1:
                dots.append(f"M{points[0]}h.01")
            else:
                parts.append("M" + "L".join(points))
        if parts:
            self.raw(f'<path class="{kind}" d="{"".join(parts)}"/>')
        if dots:
            self.raw(f'<path class="{kind} lone" d="{"".join(dots)}"/>')

    def mark(self, x: float, y: float, label: str, size: float = 4.5, tip: str = "") -> None:
        """Draw the mark of a class: shapes differ too, so that colour is not needed."""
        self.raw(class_mark(x, y, label, size, tip))

    def svg(self) -> Markup:
        """Return the drawing as markup for a page."""
        name = escape(self.name)
        return Markup(
            f'<svg class="chart" viewBox="0 0 {self.width:g} {self.height:g}" role="img" '
            f'aria-labelledby="{name}-t {name}-d"><title id="{name}-t">{escape(self.title)}</title>'
            f'<desc id="{name}-d">{escape(self.words)}</desc>{"".join(self._parts)}</svg>'
        )


SHAPES: dict[str, str] = {
    "VT": "circle", "LP": "square", "hybrid": "diamond", "VLP": "up", "harmonic": "down",
    "tremor": "plus", "explosion": "star", "regional": "right", "teleseism": "left",
    "noise": "cross", "": "circle",
}  # fmt: skip
_POLYGONS: dict[str, tuple[tuple[float, float], ...]] = {
    "square": ((-0.85, -0.85), (0.85, -0.85), (0.85, 0.85), (-0.85, 0.85)),
    "diamond": ((0, -1.15), (1.15, 0), (0, 1.15), (-1.15, 0)),
    "up": ((0, -1.1), (1.05, 0.8), (-1.05, 0.8)),
    "down": ((0, 1.1), (1.05, -0.8), (-1.05, -0.8)),
    "right": ((1.1, 0), (-0.8, 1.05), (-0.8, -1.05)),
    "left": ((-1.1, 0), (0.8, 1.05), (0.8, -1.05)),
    "plus": (
        (-0.35, -1.1), (0.35, -1.1), (0.35, -0.35), (1.1, -0.35), (1.1, 0.35), (0.35, 0.35),
        (0.35, 1.1), (-0.35, 1.1), (-0.35, 0.35), (-1.1, 0.35), (-1.1, -0.35), (-0.35, -0.35),
    ),
    "star": tuple(
        (
            math.sin(math.pi * i / 5) * (1.35 if i % 2 == 0 else 0.55),
            -math.cos(math.pi * i / 5) * (1.35 if i % 2 == 0 else 0.55),
        )
        for i in range(10)
    ),
}  # fmt: skip


def class_mark(x: float, y: float, label: str, size: float = 4.5, tip: str = "") -> str:
    """Return the mark of a class as SVG."""
    kind = f"mark k-{class_key(label)}"
    told = f"<title>{escape(tip)}</title>" if tip else ""
    shape = SHAPES.get(label, "circle")
    if shape == "circle":
        return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{size:g}">{told}</circle>'
    if shape == "cross":
        s = size * 0.8
        path = f"M{x - s:.1f} {y - s:.1f}l{2 * s:.1f} {2 * s:.1f}"
        path += f"m0 {-2 * s:.1f}l{-2 * s:.1f} {2 * s:.1f}"
        return f'<path class="stroke k-{class_key(label)}" d="{path}">{told}</path>'
    points = " ".join(f"{x + a * size:.1f},{y + b * size:.1f}" for a, b in _POLYGONS[shape])
    return f'<polygon class="{kind}" points="{points}">{told}</polygon>'


def class_key(label: str) -> str:
    """Return the name of a class in the style sheet."""
    return label if label in SHAPES and label else "none"


class TimeAxis:
    """Instants to x coordinates.

    Parameters
    ----------
    start, end : UTCDateTime
    left, right : float
        Coordinates of both.
    """

    def __init__(self, start: UTCDateTime, end: UTCDateTime, left: float, right: float) -> None:
        self.start, self.end = int(start.ns), int(end.ns)
        self.left, self.right = left, right

    def __call__(self, ns: int | float) -> float:
        """Return where an instant (ns since 1970) lies, kept inside the axis."""
        share = (ns - self.start) / (self.end - self.start)
        return self.left + (self.right - self.left) * min(max(share, 0.0), 1.0)

    def ticks(self, most: int = 9) -> list[tuple[float, str]]:
        """Return places and labels of at most so many ticks."""
        length = (self.end - self.start) / 1e9
        step = next((s for s in STEPS if length / s <= most), STEPS[-1])
        first = -(-self.start // (step * 10**9)) * step * 10**9
        form = "%H:%M" if length <= 86400 else "%m-%d %H:%M" if step < 86400 else "%m-%d"
        if length > 400 * 86400:
            form = "%Y-%m-%d"
        places = range(first, self.end + 1, step * 10**9)
        return [(self(ns), pd.Timestamp(ns, tz="UTC").strftime(form)) for ns in places]

    def draw(self, drawing: Drawing, top: float, bottom: float) -> None:
        """Draw the grid of a panel."""
        for x, _text in self.ticks():
            drawing.line(x, top, x, bottom, "grid")

    def label(self, drawing: Drawing, bottom: float, text: str) -> None:
        """Write the instants under a panel, and what they are."""
        for x, tick in self.ticks():
            inside = min(max(x, self.left + 14), self.right - 14)
            drawing.text(inside, bottom + 16, tick, "s", "middle")
        drawing.text((self.left + self.right) / 2, bottom + 34, text, "s", "middle")


def round_ticks(low: float, high: float, most: int = 4) -> list[float]:
    """Return round values inside a range, at most so many."""
    if not high > low:
        return [low]
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * f for f in (1, 2, 5, 10) if power * f >= raw)
    first = math.ceil(low / step - 1e-9)
    return [i * step for i in range(first, math.floor(high / step + 1e-9) + 1)]


def power_ticks(low: float, high: float) -> list[float]:
    """Return powers of ten inside a positive range; 2 and 5 times them where it is short."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    tens = [10.0**i for i in range(first, last + 1) if low <= 10.0**i <= high]
    if len(tens) >= 2:
        return tens[:: max(1, len(tens) // 4)]
    found = [
        f * 10.0**i for i in range(first, last + 1) for f in (1, 2, 5) if low <= f * 10.0**i <= high
    ]
    return found if len(found) >= 3 else round_ticks(low, high, 4)


def nice_range(values: Sequence[float] | FloatArray) -> tuple[float, float] | None:
    """Return a range a little wider than positive finite values; ``None`` for none."""
    good = np.asarray(values, dtype=np.float64)
    good = good[np.isfinite(good) & (good > 0)]
    if not len(good):
        return None
    low, high = float(good.min()), float(good.max())
    if high / low < 2:
        middle = math.sqrt(low * high)
        low, high = middle / 1.6, middle * 1.6
    return low / 1.15, high * 1.15
