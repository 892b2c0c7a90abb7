"""What a network can see, on a map."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import PatchCollection
from matplotlib.colors import Colormap, ListedColormap, Normalize
from matplotlib.patches import Rectangle

from .._language import translate
from ..errors import ParameterError
from ..types import KM_PER_DEGREE, CompletenessMap
from ._fonts import fonts
from ._style import BLACK, SMALL, axes_or_new, colour_bar, legend, safe_text
from .maps import plot_station_map

ALONE_KM = 5.0
"""Side of the cell of a place that has no neighbour."""


def plot_completeness_map(
    result: CompletenessMap,
    *,
    share: float = 0.5,
    magnitude: float | None = None,
    ax: Axes | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
    labels: bool = True,
    title: str | None = None,
) -> Axes:
    """Draw the magnitude of completeness by place, or the detection probability of one magnitude.

    Parameters
    ----------
    result : CompletenessMap
    share : float, optional
        0.5 or 0.9: the magnitude at which this share of the earthquakes is found. Places where
        it was refused say why: below (``<``) or above (``>``) all magnitudes planted.
    magnitude : float, optional
        Instead the probability of finding this magnitude, one of those planted.
    ax : Axes, optional
    vmin, vmax : float, optional
        Ends of the colours, to make two maps alike.
    labels : bool, optional
        Write the value into each cell, and the standard error below a magnitude.
    title : str, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ParameterError
        If nothing was computed for this share or magnitude.
    """
    import matplotlib

    rows = _rows(result, share, magnitude)
    ax = axes_or_new(ax, (6.8, 5.4))
    values = rows["value"].to_numpy(dtype=np.float64)
    known = values[np.isfinite(values)]
    low, high = (0.0, 1.0) if magnitude is not None else _ends(known, result)
    norm = Normalize(low if vmin is None else vmin, high if vmax is None else vmax)
    colours = matplotlib.colormaps["cividis"](np.linspace(0.4, 1.0, 256))  # light: text stays black
    cmap = ListedColormap(colours if magnitude is not None else colours[::-1])
    plot_station_map(
        result.network,
        ax=ax,
        alive=result.alive,
        rings=(),
        bounds=_bounds(result.network, rows),
        sources=False,
        title=title or _title(result, share, magnitude),
    )
    _cells(ax, rows, values, norm, cmap, labels)
    shown = ScalarMappable(norm=norm, cmap=cmap)
    shown.set_clim(norm.vmin, norm.vmax)
    scale = str(rows["scale"].iloc[0])
    colour_bar(
        ax,
        shown,
        translate(
            "magnitude {scale} found in {share} of the cases", scale=scale, share=f"{share:.0%}"
        )
        if magnitude is None
        else translate(
            "detection probability of {scale} {magnitude}", scale=scale, magnitude=f"{magnitude:g}"
        ),
    )
    legend(ax, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=4)
    return ax


def _rows(result: CompletenessMap, share: float, magnitude: float | None) -> pd.DataFrame:
    """Return place, value, its uncertainty in words, and what stands in a cell without value."""
    table = result.completeness if magnitude is None else result.detectability
    column, wanted = ("share", share) if magnitude is None else ("magnitude", magnitude)
    rows = table[np.isclose(table[column], wanted)]
    if not len(rows):
        have = ", ".join(f"{v:g}" for v in sorted(set(table[column])))
        raise ParameterError(f"{column}={wanted:g} was not computed; there is {have}")
    if magnitude is None:
        small, large = (f(result.detectability["magnitude"]) for f in (min, max))
        below = [f"±{u:.1f}" if np.isfinite(u) else "" for u in rows["uncertainty"]]
        refused = [f"< {small:g}" if "smaller" in n else f"> {large:g}" for n in rows["note"]]
        value, text = rows["magnitude"], [f"{v:.1f}" for v in rows["magnitude"]]
    else:
        value, text = rows["probability"], [f"{v:.2f}" for v in rows["probability"]]
        below = refused = [""] * len(rows)
    return rows.assign(value=value, text=text, below=below, refused=refused)


def _ends(known: Any, result: CompletenessMap) -> tuple[float, float]:
    if not known.size:
        sizes = result.detectability["magnitude"]
        return float(sizes.min()), float(sizes.max())
    low, high = float(known.min()), float(known.max())
    return (low, high) if high > low else (low - 0.25, high + 0.25)


def _steps(values: Any) -> float:
    """Return the smallest distance of different coordinates, in degrees."""
    apart = np.diff(np.unique(np.round(values, 6)))
    return float(apart.min()) if apart.size else math.nan


def _cell_size(rows: pd.DataFrame) -> tuple[float, float]:
    """Return height and width of a cell in degrees."""
    squeeze = math.cos(math.radians(float(rows["latitude"].mean())))
    high, wide = _steps(rows["latitude"]), _steps(rows["longitude"])
    high = high if math.isfinite(high) else ALONE_KM / KM_PER_DEGREE
    wide = wide if math.isfinite(wide) else ALONE_KM / KM_PER_DEGREE / squeeze
    return high, wide


def _cells(
    ax: Axes, rows: pd.DataFrame, values: Any, norm: Normalize, cmap: Colormap, labels: bool
) -> None:
    high, wide = _cell_size(rows)
    patches, faces = [], []
    for x, y, value in zip(rows["longitude"], rows["latitude"], values, strict=True):
        patches.append(Rectangle((x - wide / 2, y - high / 2), wide, high))
        faces.append(cmap(norm(value)) if np.isfinite(value) else (1.0, 1.0, 1.0, 1.0))
    drawn = PatchCollection(
        patches, facecolors=faces, edgecolors="white", linewidths=0.5, zorder=0.5, alpha=0.85
    )
    ax.add_collection(drawn, autolim=False)
    for patch, value in zip(patches, values, strict=True):
        if not np.isfinite(value):
            ax.add_patch(
                Rectangle(
                    patch.get_xy(), wide, high, facecolor="none", edgecolor="#999999",
                    hatch="///", linewidth=0.4, zorder=0.6,
                )
            )  # fmt: skip
    if not labels:
        return
    for (_, row), value in zip(rows.iterrows(), values, strict=True):
        lines = (row["text"], row["below"]) if np.isfinite(value) else (row["refused"],)
        text = "\n".join(safe_text(line).replace("-", "−") for line in lines if line)
        ax.text(
            row["longitude"],
            row["latitude"] + 0.46 * high,
            text,
            ha="center",
            va="top",
            fontsize=SMALL,
            family=fonts(),
            color=BLACK,
            zorder=2.6,
            clip_on=True,
        )


def _bounds(network: Any, rows: pd.DataFrame) -> tuple[float, float, float, float]:
    """Return west, east, south and north of a map of all cells and stations."""
    table = network.station_table()
    high, wide = _cell_size(rows)
    out = []
    for name, size in (("longitude", wide), ("latitude", high)):
        low = min(float(table[name].min()), float(rows[name].min()) - size / 2)
        top = max(float(table[name].max()), float(rows[name].max()) + size / 2)
        room = 0.04 * (top - low)
        out += [low - room, top + room]
    return out[0], out[1], out[2], out[3]


def _title(result: CompletenessMap, share: float, magnitude: float | None) -> str:
    what = (
        translate("Magnitude found in {share} of the cases", share=f"{share:.0%}")
        if magnitude is None
        else translate(
            "Probability of finding {scale} {magnitude}", scale="Mw", magnitude=f"{magnitude:g}"
        )
    )
    alive = translate(
        "{alive} stations alive, {dead} dead", alive=len(result.alive), dead=len(result.dead)
    )
    return f"{what}: {alive}"
