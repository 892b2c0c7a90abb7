"""Shaded relief behind a map, from a grid of elevation the user has."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from ..errors import ParameterError
from ..types import KM_PER_DEGREE, FloatArray

# pale, so that marks and names stay readable on it
PALE_LAND = LinearSegmentedColormap.from_list(
    "land", ["#E4EBDD", "#F1EFE2", "#EFE3D0", "#E6D8C8", "#F6F3F0"]
)


def draw_relief(ax: Axes, grid: Any, *, exaggeration: float = 1.5, most: int = 900) -> None:
    """Draw the part of a grid that a map shows, lit from the north-west; limits stay as they are.

    Parameters
    ----------
    ax : Axes
        With its final limits, longitude to the right and latitude upwards.
    grid : ElevationGrid
    exaggeration : float
        Of the heights, for the shading only.
    most : int
        Cells each way that are drawn at most; finer grids are thinned by means.
    """
    for name in ("latitudes", "longitudes", "elevation_m"):
        if not hasattr(grid, name):
            raise ParameterError(
                f"elevation is a {type(grid).__name__}; read one with read_elevation(path)"
            )
    (west, east), (south, north) = ax.get_xlim(), ax.get_ylim()
    columns = _inside(grid.longitudes, west, east)
    rows = _inside(grid.latitudes, south, north)
    if len(columns) < 2 or len(rows) < 2:
        raise ParameterError(
            f"the grid of elevation ({grid.longitudes[0]:.3f} to {grid.longitudes[-1]:.3f}° E, "
            f"{grid.latitudes[0]:.3f} to {grid.latitudes[-1]:.3f}° N) does not meet the map "
            f"({west:.3f} to {east:.3f}° E, {south:.3f} to {north:.3f}° N)"
        )
    heights = grid.elevation_m[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    x, y = grid.longitudes[columns], grid.latitudes[rows]
    dx, dy = float(x[1] - x[0]), float(y[1] - y[0])
    extent = (x[0] - dx / 2, x[-1] + dx / 2, y[0] - dy / 2, y[-1] + dy / 2)
    heights = _thinned(heights, most)
    ax.imshow(
        shade(heights, extent, exaggeration),
        extent=extent,
        origin="lower",
        aspect="auto",
        interpolation="bilinear",
        zorder=0.2,
    )
    ax.set_xlim(west, east)
    ax.set_ylim(south, north)


def shade(
    heights: FloatArray, extent: tuple[float, float, float, float], exaggeration: float = 1.5
) -> FloatArray:
    """Return a picture (ny, nx, 4), rows from south to north; transparent where nothing is known.

    A level plain has the colour of its height; slopes towards the north-west are lighter.
    """
    west, east, south, north = extent
    rows, columns = heights.shape
    squeeze = np.cos(np.radians(0.5 * (south + north)))
    dx = 1000.0 * KM_PER_DEGREE * squeeze * (east - west) / columns
    dy = 1000.0 * KM_PER_DEGREE * (north - south) / rows
    known = np.isfinite(heights)
    filled = np.where(known, heights, np.nanmean(heights) if known.any() else 0.0)
    light = _light(exaggeration * filled, dx, dy)
    low, high = float(filled.min()), float(filled.max())
    base = PALE_LAND((filled - low) / (high - low) if high > low else np.zeros_like(filled))
    level = float(np.sin(np.radians(45.0)))
    picture = np.asarray(base, dtype=np.float64)
    factor = 1.0 + 0.75 * (light - level)
    picture[..., :3] = np.clip(picture[..., :3] * factor[..., None], 0.0, 1.0)
    picture[..., 3] = np.where(known, 1.0, 0.0)
    return picture


def _light(heights: FloatArray, dx: float, dy: float) -> FloatArray:
    """Return the cosine between surface and light from the north-west, 45° high (0 in shadow).

    Not stretched to what the map happens to show, as matplotlib's own is.
    """
    north, east = np.gradient(heights, dy, dx)
    sine = np.sqrt(0.5)  # of the height of the light; its way is (-1, 1) / 2 to the north-west
    lit = (0.5 * east - 0.5 * north + sine) / np.sqrt(1.0 + east**2 + north**2)
    return np.asarray(np.clip(lit, 0.0, 1.0), dtype=np.float64)


def _inside(axis: FloatArray, low: float, high: float) -> Any:
    """Return indices of the centres within limits, and one beyond each."""
    first = max(int(np.searchsorted(axis, low)) - 1, 0)
    last = min(int(np.searchsorted(axis, high)) + 1, len(axis))
    if axis[-1] < low or axis[0] > high:
        return np.empty(0, dtype=int)
    return np.arange(first, last)


def _thinned(heights: FloatArray, most: int) -> FloatArray:
    """Return means of blocks, so that neither side is longer than ``most``."""
    by = max(-(-max(heights.shape) // most), 1)
    if by == 1:
        return heights
    rows, columns = (n // by * by for n in heights.shape)
    blocks = heights[:rows, :columns].reshape(rows // by, by, columns // by, by)
    known = np.isfinite(blocks)
    n = known.sum(axis=(1, 3))
    total = np.where(known, blocks, 0.0).sum(axis=(1, 3))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(n > 0, total / n, np.nan), dtype=np.float64)
