"""Where events were: epicentres on a map, hypocentres on a section, with their uncertainty."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from .._language import plural, translate
from ..errors import ParameterError
from ..tables import ORIGINS
from ..types import KM_PER_DEGREE
from ._classes import labels_of, scatter_classes
from ._stations import reference_of, stations_table
from ._style import BLUE, GREY, axes_or_new, empty_panel, label_axes, legend
from .maps import plot_station_map

FloatArray = NDArray[np.float64]


def plot_epicentres(
    origins: pd.DataFrame,
    *,
    ax: Axes | None = None,
    network: Any = None,
    classes: pd.DataFrame | None = None,
    uncertainty: bool = True,
    extent_km: float | None = None,
    surroundings: bool = True,
    title: str | None = None,
) -> Axes:
    """Draw epicentres by class on the map of the stations, with their 68 % ellipses.

    Parameters
    ----------
    origins : DataFrame
        Table ``tables.ORIGINS``; rows without a position are counted in the title, not drawn.
    ax : Axes, optional
        Where to draw; by default in a figure of its own.
    network : Network, DataFrame or Inventory, optional
        Stations, and what else the network knows of its volcano.
    classes : DataFrame, optional
        Table ``tables.CLASSES``.
    uncertainty : bool
        Draw the ellipses.
    extent_km : float, optional
        Half width of the map; by default what holds all stations.
    surroundings : bool
        Circles of distance and what the network knows of sources farther away.
    title : str, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    table = ORIGINS.check(origins, need=("event_id", "latitude", "longitude"))
    known = table[table["latitude"].notna() & table["longitude"].notna()].reset_index(drop=True)
    ax = axes_or_new(ax, (5.0, 5.0))
    if network is not None:
        plot_station_map(
            network,
            ax=ax,
            places=False,
            sources=surroundings,
            rings=None if surroundings else (),
            extent_km=extent_km,
            avoid=list(zip(known["latitude"], known["longitude"], strict=True)),
        )
    elif known.empty:
        empty_panel(ax, translate("no event was located"))
        return ax
    west, east = ax.get_xlim()
    south, north = ax.get_ylim()
    if uncertainty:
        _draw_ellipses(ax, known)
    labels = labels_of(known["event_id"], classes)
    scatter_classes(ax, known["longitude"], known["latitude"], labels)
    outside = 0
    if network is not None:
        ax.set_xlim(west, east)
        ax.set_ylim(south, north)
        inside = known["longitude"].between(west, east) & known["latitude"].between(south, north)
        outside = int((~inside).sum())
    else:
        ax.set_aspect(1.0 / math.cos(math.radians(float(known["latitude"].mean()))))
        label_axes(ax, x=translate("longitude (° E)"), y=translate("latitude (° N)"))
    if title is None:
        parts = [plural("{n} epicentre", "{n} epicentres", len(known) - outside)]
        parts += [translate("{n} outside the map", n=outside)] if outside else []
        missing = len(table) - len(known)
        parts += [translate("{n} without a position", n=missing)] if missing else []
        title = ", ".join(parts)
        if uncertainty and len(known):
            title += translate(" · 68 % ellipses")
    label_axes(ax, title=title)
    legend(ax, loc="best")
    return ax


def _draw_ellipses(ax: Axes, origins: pd.DataFrame) -> None:
    for row in origins.to_dict("records"):
        major = float(row.get("horizontal_uncertainty_km", math.nan))
        minor = float(row.get("semi_minor_km", math.nan))
        if not math.isfinite(major) or major <= 0:
            continue
        minor = minor if math.isfinite(minor) else major
        turn = float(row.get("major_azimuth", math.nan))
        turn = turn if math.isfinite(turn) else 0.0
        angle = np.linspace(0.0, 2.0 * np.pi, 61)
        along, across = major * np.cos(angle), minor * np.sin(angle)
        azimuth = math.radians(turn)
        east = along * math.sin(azimuth) + across * math.cos(azimuth)
        north = along * math.cos(azimuth) - across * math.sin(azimuth)
        squeeze = math.cos(math.radians(float(row["latitude"])))
        ax.plot(
            row["longitude"] + east / KM_PER_DEGREE / squeeze,
            row["latitude"] + north / KM_PER_DEGREE,
            color="#555555",
            linewidth=0.5,
            alpha=0.7,
            zorder=6,
        )


def plot_depth_section(
    origins: pd.DataFrame,
    *,
    ax: Axes | None = None,
    network: Any = None,
    azimuth: float = 90.0,
    reference: tuple[float, float] | None = None,
    classes: pd.DataFrame | None = None,
    samples: pd.DataFrame | None = None,
    width_km: float | None = None,
    title: str | None = None,
) -> Axes:
    """Draw depth against distance along a direction, with the 68 % uncertainty of both.

    Parameters
    ----------
    origins : DataFrame
        Table ``tables.ORIGINS``.
    ax : Axes, optional
        Where to draw; by default in a figure of its own.
    network : Network, DataFrame or Inventory, optional
        Its stations are drawn at their elevation.
    azimuth : float
        Direction of the section in degrees from north: 90 looks north, with east on the right.
    reference : (latitude, longitude), optional
        Zero of the section; by default the network's reference point, else the middle.
    classes : DataFrame, optional
        Table ``tables.CLASSES``.
    samples : DataFrame, optional
        Draws from the posterior of one event: ``latitude``, ``longitude``, ``depth_km``.
    width_km : float, optional
        Half width of the section; by default what holds the stations and the events near them.
    title : str, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ParameterError
        If the width is not positive.
    """
    if width_km is not None and not width_km > 0:
        raise ParameterError(f"width_km={width_km}; give a positive half width in km")
    table = ORIGINS.check(origins, need=("event_id", "latitude", "longitude", "depth_km"))
    known = table.dropna(subset=["latitude", "longitude", "depth_km"]).reset_index(drop=True)
    ax = axes_or_new(ax, (5.0, 3.0))
    stations = stations_table(network) if network is not None else None
    centre = reference or reference_of(network)
    if centre is None:
        where = known if stations is None else stations
        if where.empty:
            empty_panel(ax, translate("no event was located"))
            return ax
        centre = float(where["latitude"].mean()), float(where["longitude"].mean())
    spans: list[FloatArray] = []
    if stations is not None and len(stations):
        along = _along(stations, centre, azimuth)
        spans.append(along)
        height = -stations["elevation_m"].to_numpy(float) / 1000.0
        ax.scatter(
            along, height, marker="^", s=26, color=BLUE, edgecolor="black", linewidth=0.5, zorder=7
        )
    if samples is not None and len(samples):
        ax.scatter(
            _along(samples, centre, azimuth),
            samples["depth_km"],
            s=1.5,
            color=GREY,
            alpha=0.35,
            linewidth=0,
            zorder=4,
            rasterized=True,
        )
    x = pd.Series(_along(known, centre, azimuth), index=known.index)
    depth = known["depth_km"]
    if len(known):
        sideways = _half_width(known, azimuth)
        ax.errorbar(
            x,
            depth,
            xerr=np.nan_to_num(sideways),
            yerr=np.nan_to_num(known["depth_uncertainty_km"].to_numpy(float)),
            fmt="none",
            ecolor="#777777",
            elinewidth=0.5,
            zorder=5,
        )
        scatter_classes(ax, x, depth, labels_of(known["event_id"], classes))
        spans.append(np.asarray(x, dtype=np.float64))
    half = width_km or _reach(spans)
    ax.set_xlim(-half, half)
    top = min([-0.5, *(-stations["elevation_m"].dropna() / 1000.0 if stations is not None else [])])
    deepest = depth + known["depth_uncertainty_km"].astype(float).fillna(0.0)
    bottom = max([5.0, *(1.1 * deepest[x.abs() <= half])])
    if samples is not None and len(samples):
        bottom = max(bottom, float(samples["depth_km"].quantile(0.99)))
    ax.set_ylim(bottom, top - 0.06 * (bottom - top))
    ax.axhline(0.0, color=GREY, linewidth=0.6, linestyle=(0, (4, 3)), zorder=1)
    label_axes(
        ax,
        x=translate(
            "distance, {first} to {last} (km)",
            first=_compass(azimuth + 180),
            last=_compass(azimuth),
        ),
        y=translate("depth below sea level (km)"),
        title=title,
    )
    return ax


def _along(table: pd.DataFrame, centre: tuple[float, float], azimuth: float) -> FloatArray:
    """Return kilometres from the centre in the direction of the section."""
    squeeze = math.cos(math.radians(centre[0]))
    east = (table["longitude"].to_numpy(float) - centre[1]) * squeeze * KM_PER_DEGREE
    north = (table["latitude"].to_numpy(float) - centre[0]) * KM_PER_DEGREE
    turn = math.radians(azimuth)
    return np.asarray(east * math.sin(turn) + north * math.cos(turn), dtype=np.float64)


def _half_width(origins: pd.DataFrame, azimuth: float) -> FloatArray:
    """Return half the shadow of each ellipse on the section, in km."""
    major = origins["horizontal_uncertainty_km"].to_numpy(float)
    minor = origins.get("semi_minor_km", origins["horizontal_uncertainty_km"]).to_numpy(float)
    minor = np.where(np.isfinite(minor), minor, major)
    if "major_azimuth" in origins.columns:
        turn = np.radians(np.nan_to_num(origins["major_azimuth"].to_numpy(float)) - azimuth)
    else:
        turn = np.zeros(len(origins))
    return np.asarray(np.hypot(major * np.cos(turn), minor * np.sin(turn)), dtype=np.float64)


def _reach(spans: list[FloatArray]) -> float:
    """Return a half width that holds the stations, and the events not far beyond them."""
    if not spans:
        return 10.0
    reach = float(np.abs(spans[0]).max()) if len(spans[0]) else 5.0
    for more in spans[1:]:
        near = np.abs(more[np.abs(more) <= 2.0 * reach])
        reach = max(reach, float(near.max()) if len(near) else 0.0)
    return max(1.1 * reach, 2.0)


def _compass(azimuth: float) -> str:
    names = (
        translate("N"),
        translate("NE"),
        translate("E"),
        translate("SE"),
        translate("S"),
        translate("SW"),
        translate("W"),
        translate("NW"),
    )
    return names[round((azimuth % 360.0) / 45.0) % 8]
