"""Names on a map that do not lie on one another."""

from __future__ import annotations

import unicodedata
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ._fonts import fonts
from ._style import SMALL

Box = tuple[float, float, float, float]  # left, bottom, right, top in points


class LabelPlacer:
    """Places names in axes whose limits are final, keeping clear of what is there.

    Sizes are reckoned from the number of letters (no renderer is needed), in
    points, and are a little too large rather than too small.
    """

    def __init__(self, ax: Axes) -> None:
        self.ax = ax
        box = ax.get_window_extent()
        self.scale = 72.0 / ax.figure.dpi
        self.frame: Box = (0.0, 0.0, box.width * self.scale, box.height * self.scale)
        self.taken: list[Box] = []

    def _points(self, x: float, y: float) -> NDArray[np.float64]:
        (left, right), (bottom, top) = self.ax.get_xlim(), self.ax.get_ylim()
        return np.array(
            [
                (x - left) / (right - left) * self.frame[2],
                (y - bottom) / (top - bottom) * self.frame[3],
            ]
        )

    def occupy(self, xs: Any, ys: Any, size: float) -> None:
        """Keep squares of ``size`` points about some places free of names."""
        for x, y in zip(xs, ys, strict=True):
            px, py = self._points(float(x), float(y))
            self.taken.append((px - size / 2, py - size / 2, px + size / 2, py + size / 2))

    def cost_of(self, xs: Any, y: float, size: float) -> float:
        """Return how much squares of ``size`` points in a row share with what is there."""
        total = 0.0
        for x in xs:
            px, py = self._points(float(x), y)
            total += self._cost((px - size / 2, py - size / 2, px + size / 2, py + size / 2))
        return total

    def put(self, x: float, y: float, text: str, *, background: bool = False, **style: Any) -> bool:
        """Write a name centred on a place, if it is inside and free; returns whether it was."""
        px, py = self._points(x, y)
        width, height = _size(text, 1.0)
        box = (px - width / 2, py - height / 2, px + width / 2, py + height / 2)
        if self._cost(box) > 0:
            return False
        self.taken.append(box)
        if background:
            style["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.8}
        self.ax.text(
            x,
            y,
            text,
            ha="center",
            va="center",
            fontsize=SMALL,
            family=fonts(),
            zorder=2.8,
            **style,
        )
        return True

    def place(self, x: float, y: float, text: str, *, optional: bool = False, **style: Any) -> bool:
        """Write a name beside a place, where it covers least; returns whether it was written.

        An ``optional`` name is left out where no free spot is found.
        """
        px, py = self._points(x, y)
        width, height = _size(text, 1.1 if style.get("weight") == "bold" else 1.0)
        best: tuple[float, Box, tuple[float, float]] | None = None
        for reach in (6.0, 11.0) if optional else (6.0, 11.0, 18.0, 27.0, 38.0):
            for dx, dy in (
                (1, 0),
                (-1, 0),
                (0, 1),
                (0, -1),
                (0.8, 0.8),
                (0.8, -0.8),
                (-0.8, 0.8),
                (-0.8, -0.8),
            ):
                cx = px + dx * (reach + width / 2) if dx else px
                cy = py + dy * (reach + height / 2) if dy else py
                box = (cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2)
                cost = self._cost(box) + 0.01 * reach
                if best is None or cost < best[0] - 1e-9:
                    best = (cost, box, (cx - px, cy - py))
            if best is not None and best[0] < 1.0:
                break
        assert best is not None
        cost, box, offset = best
        if cost >= 1.0 and optional:
            return False
        self.taken.append(box)
        far = max(abs(offset[0]) - width / 2, abs(offset[1]) - height / 2) > 12.0
        self.ax.annotate(
            text,
            (x, y),
            xytext=offset,
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=SMALL,
            family=fonts(),
            zorder=9,
            arrowprops={"arrowstyle": "-", "color": "#888888", "linewidth": 0.5} if far else None,
            **style,
        )
        return True

    def _cost(self, box: Box) -> float:
        """Area (square points) a box shares with others or has outside the frame."""
        covered = sum(_shared(box, other) for other in self.taken)
        area = (box[2] - box[0]) * (box[3] - box[1])
        return covered + 3.0 * (area - _shared(box, self.frame))


def _size(text: str, factor: float) -> tuple[float, float]:
    lines = text.replace(r"\$", "$").split("\n")
    widths = (sum(_em(c) for c in line) for line in lines)
    return (max(widths) * factor + 0.2) * SMALL, len(lines) * 1.3 * SMALL


def _em(letter: str) -> float:
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.0
    return 0.72 if letter.isupper() or letter.isdigit() else 0.58


def _shared(a: Box, b: Box) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return width * height if width > 0 and height > 0 else 0.0
