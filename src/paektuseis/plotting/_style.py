"""How everything looks: sizes, colours, text that cannot break a label, and axes of our own.

No pyplot and no ``rcParams``: each artist is told its size, so that a figure
looks the same whatever style the caller has set.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .._language import retell, translate
from ..errors import ParameterError
from ._fonts import fonts

# sizes in points; nothing printed is smaller than SMALL
SMALL, NORMAL, LARGE, TITLE = 7.0, 8.0, 9.0, 14.0
A4_PORTRAIT = (8.27, 11.69)  # inches
A4_LANDSCAPE = (11.69, 8.27)

# Okabe and Ito (2008): distinguishable with every common kind of colour blindness
BLACK = "#000000"
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
YELLOW = "#F0E442"
BLUE = "#0072B2"
RED = "#D55E00"
PURPLE = "#CC79A7"
GREY = "#8C8C8C"
PALE = "#E8E8E8"
CYCLE = (BLUE, RED, GREEN, PURPLE, ORANGE, SKY, BLACK, GREY)


def safe_text(value: Any, *, limit: int = 200) -> str:
    """Return text from outside as text a label can hold.

    Dollar signs stay dollar signs (no mathematics), control characters,
    direction marks and lone surrogates become ``�``, and overlong text is cut.
    """
    text = str(value)
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    clean = "".join(
        " " if c in "\t\n\r" else "�" if unicodedata.category(c) in _UNPRINTABLE else c
        for c in text
    )
    return clean.replace("$", r"\$")


_UNPRINTABLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def words_of(text: Any, *, limit: int = 200) -> str:
    """Return a text of a table in the language spoken, as a label can hold it."""
    return safe_text(retell(str(text)), limit=limit)


def unit_text(units: str) -> str:
    """Return a unit as it is printed: ``"(m/s)**2/Hz"`` becomes ``"(m/s)²/Hz"``."""
    words = safe_text(retell(str(units)))
    if "counts" in words:
        words = words.replace("counts", translate("counts"))
    return words.replace("**2", "²").replace("**3", "³").replace("**-1", "⁻¹")


def number_text(value: float) -> str:
    """Return a number with three significant digits, as a person writes it."""
    value = float(value)
    if value != value:
        return "–"
    if value == 0 or 1e-2 <= abs(value) < 1e4:
        text = f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
        return text.replace("-", "−")
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa.replace('-', '−')}×10{_raised(int(exponent))}"


def power_text(value: float) -> str:
    """Return a power of ten as it is printed (``""`` for other numbers)."""
    exponent = math.log10(value) if value > 0 else math.nan
    return f"10{_raised(round(exponent))}" if abs(exponent - round(exponent)) < 1e-6 else ""


def _raised(exponent: int) -> str:
    return str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def new_figure(size: tuple[float, float], *, constrained: bool = True) -> Figure:
    """Return a figure with a raster canvas that no window system knows of."""
    figure = Figure(
        figsize=size, dpi=100, layout="constrained" if constrained else None, facecolor="white"
    )
    FigureCanvasAgg(figure)
    return figure


def axes_or_new(
    ax: Axes | None,
    size: tuple[float, float],
    margins: tuple[float, float, float, float] | None = None,
) -> Axes:
    """Return the caller's axes, or axes in a figure of their own.

    Parameters
    ----------
    ax : Axes, optional
    size : tuple of float
        Inches.
    margins : tuple of float, optional
        Inches left, bottom, right and top of the axes. By default a layout is found for what
        is drawn, which costs as much again as drawing it.
    """
    if ax is None and margins is not None:
        left, bottom, right, top = margins
        width, height = size
        box = (left, bottom, width - left - right, height - bottom - top)
        ax = new_figure(size, constrained=False).add_axes(
            (box[0] / width, box[1] / height, box[2] / width, box[3] / height)
        )
    elif ax is None:
        ax = new_figure(size).add_subplot()
    elif not isinstance(ax, Axes):
        raise ParameterError(
            f"ax={ax!r} ({type(ax).__name__}) is no matplotlib Axes; give one or leave it out"
        )
    dress(ax)
    return ax


def dress(ax: Axes) -> None:
    """Give axes our tick sizes and thin frame."""
    ax.tick_params(labelsize=SMALL, width=0.6, length=3, labelfontfamily=fonts())
    ax.tick_params(which="minor", width=0.4, length=1.8, labelsize=SMALL, labelfontfamily=fonts())
    for spine in ax.spines.values():
        spine.set_linewidth(0.6)


def label_axes(
    ax: Axes, *, x: str | None = None, y: str | None = None, title: str | None = None
) -> None:
    """Write axis labels and a left-hand panel title (text already safe)."""
    if x is not None:
        ax.set_xlabel(x, fontsize=NORMAL, family=fonts())
    if y is not None:
        ax.set_ylabel(y, fontsize=NORMAL, family=fonts())
    if title is not None:
        ax.set_title(title, fontsize=LARGE, loc="left", family=fonts(), pad=4, y=1.0)


def place_label(ax: Axes, *, left: float) -> None:
    """Set the label of the y axis at a distance in points, not beside the widest tick label.

    To find the widest, matplotlib lays out every tick label once more.
    """
    width = ax.get_window_extent().width * 72.0 / ax.figure.dpi
    ax.yaxis.set_label_coords(-left / width, 0.5)


def write(ax: Axes, x: float, y: float, text: str, **options: Any) -> Any:
    """Write text into axes in axes coordinates, in our font."""
    options.setdefault("fontsize", SMALL)
    options.setdefault("transform", ax.transAxes)
    return ax.text(x, y, text, family=fonts(), **options)


def legend(ax: Axes, **options: Any) -> None:
    """Draw a legend if there is anything to tell."""
    handles, labels = ax.get_legend_handles_labels()
    if not handles:
        return
    options.setdefault("loc", "upper right")
    options.setdefault("framealpha", 0.85)
    drawn = ax.legend(
        handles,
        labels,
        prop={"family": fonts(), "size": SMALL},
        borderpad=0.3,
        handlelength=1.6,
        labelspacing=0.25,
        **options,
    )
    drawn.get_frame().set_linewidth(0.5)


def key_share(ax: Axes, rows: int) -> float:
    """Return the share of the height of axes that a legend of some rows takes (at most 0.6)."""
    height = ax.get_window_extent().height * 72.0 / ax.figure.dpi
    return min(0.6, (rows * 1.3 * SMALL + 8.0) / max(height, 1.0))


def plain_numbers(ax: Axes, top: float) -> str:
    """Label a linear y axis with short numbers; returns the power of ten to put before the unit.

    The factor stands with the unit (``"10⁻⁷ "``), not hidden above the frame.
    """
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    exponent = 0 if 1e-2 <= top < 1e5 else math.floor(math.log10(top))
    ax.yaxis.set_major_locator(MaxNLocator(nbins=4))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 10.0**exponent:.6g}"))
    return f"10{_raised(exponent)} " if exponent else ""


def empty_panel(ax: Axes, why: str) -> None:
    """Say in a panel why it holds nothing: an empty frame is no result."""
    dress(ax)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_facecolor("#F7F7F7")
    write(ax, 0.5, 0.5, why, ha="center", va="center", fontsize=NORMAL, color="#444444")


def colour_of(index: int) -> str:
    """Return the colour of the i-th series."""
    return CYCLE[index % len(CYCLE)]


def colour_bar(ax: Axes, mappable: Any, label: str) -> Axes:
    """Draw a colour bar beside axes without narrowing them; returns its axes.

    The bar is a picture of the colour map over its limits: matplotlib's own is a small
    program that watches for changes, at five times the price.
    """
    from matplotlib.ticker import MaxNLocator

    bar = ax.inset_axes((1.012, 0.0, 0.015, 1.0))
    dress(bar)
    low, high = mappable.get_clim()
    if low is None or high is None or not low < high:  # nothing to show, or one value
        low, high = (0.0, 1.0) if low is None or high is None else (low - 0.5, high + 0.5)
    bar.imshow(
        np.linspace(low, high, 256)[:, None],
        cmap=mappable.get_cmap(),
        norm=mappable.norm,
        extent=(0.0, 1.0, low, high),
        origin="lower",
        aspect="auto",
        interpolation="nearest",
    )
    bar.xaxis.set_visible(False)
    bar.yaxis.tick_right()
    bar.yaxis.set_label_position("right")
    height = ax.get_window_extent().height / ax.figure.dpi
    bar.yaxis.set_major_locator(MaxNLocator(nbins=int(min(max(3.0, 2.5 * height), 8.0))))
    bar.set_ylabel(label, fontsize=SMALL, family=fonts())
    return bar


def same(values: Sequence[Any]) -> bool:
    """Whether all values are equal (an empty sequence counts as equal)."""
    return len(set(values)) <= 1
