"""A map of a volcano and its stations, drawn from coordinates alone: no tile, no download."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Ellipse
from obspy.geodetics import gps2dist_azimuth

from .._language import translate
from ..errors import ParameterError
from ..types import KM_PER_DEGREE
from ._fonts import fonts
from ._labels import LabelPlacer
from ._stations import event_point, reference_of, stations_table
from ._style import (
    BLUE,
    GREY,
    ORANGE,
    RED,
    SKY,
    SMALL,
    axes_or_new,
    empty_panel,
    label_axes,
    safe_text,
    words_of,
)
from .relief import draw_relief


def plot_station_map(
    stations: Any,
    *,
    ax: Axes | None = None,
    event: Any = None,
    alive: Sequence[str] | Mapping[str, bool] | None = None,
    caldera: bool = True,
    places: bool = True,
    sources: bool = True,
    rings: Sequence[float] | None = None,
    labels: bool = True,
    extent_km: float | None = None,
    bounds: tuple[float, float, float, float] | None = None,
    elevation: Any = None,
    avoid: Sequence[tuple[float, float]] = (),
    title: str | None = None,
) -> Axes:
    """Draw stations about a volcano in longitude and latitude, true to shape.

    Parameters
    ----------
    stations : Network, DataFrame or Inventory
        A Network also brings its caldera, places, known sources and reference point.
    ax : Axes, optional
        Where to draw; by default in a figure of its own.
    event : mapping or Series, optional
        With ``latitude`` and ``longitude``: drawn as a star.
    alive : sequence of str or mapping, optional
        ``NET.STA`` of stations that recorded; the others are drawn hollow.
    caldera, places, sources : bool
        Draw what the network knows of them. A source outside the map becomes
        an arrow at its edge with the distance.
    rings : sequence of float, optional
        Radii in km of the circles of distance; by default three round ones, none for ``()``.
    labels : bool
        Write station codes.
    extent_km : float, optional
        Half width of the map; by default what holds all stations.
    bounds : tuple of float, optional
        Degrees west, east, south and north of the map, instead of ``extent_km``.
    elevation : ElevationGrid, optional
        As :func:`paektuseis.read_elevation` returns it: shaded relief behind the map.
    avoid : sequence of (latitude, longitude)
        Places that names keep clear of, such as epicentres drawn later.
    title : str, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ParameterError
        If the stations cannot be understood, the extent is not positive or the grid of
        elevation does not meet the map.
    """
    table = stations_table(stations)
    ax = axes_or_new(ax, (5.0, 5.0))
    if table.empty:
        empty_panel(ax, translate("no station positions"))
        return ax
    if extent_km is not None and not extent_km > 0:
        raise ParameterError(f"extent_km={extent_km}; give a positive half width in km")
    latitudes = table["latitude"].to_numpy(float)
    longitudes = table["longitude"].to_numpy(float)
    reference = reference_of(stations)
    centre = reference or (float(latitudes.mean()), float(longitudes.mean()))
    squeeze = math.cos(math.radians(centre[0]))
    point = event_point(event)
    if bounds is not None:
        ax.set_xlim(bounds[0], bounds[1])
        ax.set_ylim(bounds[2], bounds[3])
    else:
        _limits(ax, latitudes, longitudes, centre, squeeze, point, extent_km)
    if elevation is not None:
        draw_relief(ax, elevation)
    names = LabelPlacer(ax)
    names.occupy(longitudes, latitudes, 8.0)
    names.occupy([centre[1]], [centre[0]], 7.0)
    names.occupy([p[1] for p in avoid], [p[0] for p in avoid], 6.0)
    if rings is None:
        rings = _round_rings(ax)
    if reference is not None:
        _draw_rings(ax, names, centre, rings)
    if caldera and getattr(stations, "caldera", None) is not None:
        _draw_caldera(ax, stations.caldera)
    _draw_stations(ax, table, alive)
    if point is not None:
        ax.plot(
            point[1],
            point[0],
            marker="*",
            markersize=13,
            color=ORANGE,
            zorder=8,
            markeredgecolor="black",
            markeredgewidth=0.6,
            linestyle="none",
            label=translate("event"),
        )
        names.occupy([point[1]], [point[0]], 12.0)
    if sources:
        for source in getattr(stations, "sources", ()):
            _draw_source(ax, names, centre, source)
    _scale_bar(ax, names)
    if labels:
        repeated = table["station"].duplicated(keep=False).to_numpy()
        for i in np.argsort(np.hypot((longitudes - centre[1]) * squeeze, latitudes - centre[0])):
            row = table.iloc[int(i)]
            code = f"{row['network']}.{row['station']}" if repeated[i] else str(row["station"])
            names.place(float(longitudes[i]), float(latitudes[i]), safe_text(code), weight="bold")
    if places:
        for place in getattr(stations, "places", ()):
            _draw_place(ax, names, place)
    ax.set_aspect(1.0 / squeeze, adjustable="box")
    ax.ticklabel_format(useOffset=False)
    ax.locator_params(nbins=5)
    label_axes(
        ax,
        x=translate("longitude (° E)"),
        y=translate("latitude (° N)"),
        title=None if title is None else safe_text(title),
    )
    return ax


def _limits(
    ax: Axes,
    latitudes: Any,
    longitudes: Any,
    centre: tuple[float, float],
    squeeze: float,
    point: tuple[float, float] | None,
    extent_km: float | None,
) -> None:
    """Set the limits: a frame about the stations (and the event, if it is near them)."""
    box = ax.get_window_extent()
    shape = box.height / box.width if box.width > 0 and box.height > 0 else 1.0
    if extent_km is not None:
        half_x = extent_km / KM_PER_DEGREE / squeeze
        ax.set_xlim(centre[1] - half_x, centre[1] + half_x)
        half_y = extent_km * shape / KM_PER_DEGREE
        ax.set_ylim(centre[0] - half_y, centre[0] + half_y)
        return
    lat, lon = [*latitudes, centre[0]], [*longitudes, centre[1]]
    spread = max(np.ptp(lat), np.ptp(lon) * squeeze, 5.0 / KM_PER_DEGREE)
    if (
        point is not None
        and math.hypot(point[0] - centre[0], (point[1] - centre[1]) * squeeze) < 1.5 * spread
    ):
        lat.append(point[0])
        lon.append(point[1])
    # km about the middle of everything, with room for names; at least 4 km each way
    half_x = max(0.5 * np.ptp(lon) * squeeze * KM_PER_DEGREE * 1.25, 4.0)
    half_y = max(0.5 * np.ptp(lat) * KM_PER_DEGREE * 1.25, 4.0)
    half_x, half_y = max(half_x, half_y / shape), max(half_y, half_x * shape)
    mid_lat, mid_lon = 0.5 * (min(lat) + max(lat)), 0.5 * (min(lon) + max(lon))
    wide = half_x / KM_PER_DEGREE / squeeze
    ax.set_xlim(mid_lon - wide, mid_lon + wide)
    ax.set_ylim(mid_lat - half_y / KM_PER_DEGREE, mid_lat + half_y / KM_PER_DEGREE)


def _width_km(ax: Axes) -> float:
    west, east = ax.get_xlim()
    middle = 0.5 * sum(ax.get_ylim())
    return float(gps2dist_azimuth(middle, west, middle, east)[0]) / 1000.0


def _round(value: float) -> float:
    """Largest of 1, 2, 5 times a power of ten that is not above the value."""
    power = 10.0 ** math.floor(math.log10(value))
    return max(s * power for s in (1.0, 2.0, 5.0) if s * power <= value * (1 + 1e-9))


def _round_rings(ax: Axes) -> tuple[float, ...]:
    step = _round(_width_km(ax) / 5.0)
    return (step, 2 * step, 4 * step)


def _draw_rings(
    ax: Axes, names: LabelPlacer, centre: tuple[float, float], rings: Sequence[float]
) -> None:
    squeeze = math.cos(math.radians(centre[0]))
    ax.plot(centre[1], centre[0], marker="+", markersize=6, color=GREY, zorder=3, linestyle="none")
    for radius in rings:
        degrees = radius / KM_PER_DEGREE
        ax.add_patch(
            Ellipse(
                (centre[1], centre[0]),
                2 * degrees / squeeze,
                2 * degrees,
                facecolor="none",
                edgecolor=GREY,
                linewidth=0.6,
                linestyle=(0, (4, 3)),
                zorder=1,
            )
        )
        for angle in (225, 315, 135, 45, 180, 270, 0, 90):
            x = centre[1] + degrees / squeeze * math.cos(math.radians(angle))
            y = centre[0] + degrees * math.sin(math.radians(angle))
            if names.put(x, y, f"{radius:g} km", color="#666666", background=True):
                break


def _draw_caldera(ax: Axes, caldera: Any) -> None:
    squeeze = math.cos(math.radians(caldera.latitude))
    across = caldera.diameter_km / KM_PER_DEGREE
    ax.add_patch(
        Ellipse(
            (caldera.longitude, caldera.latitude),
            across / squeeze,
            across,
            facecolor="#F3E7DA",
            edgecolor=RED,
            linewidth=0.9,
            zorder=2,
            label=translate("caldera"),
        )
    )
    north, east = caldera.lake_north_south_km, caldera.lake_east_west_km
    if math.isfinite(north) and math.isfinite(east):
        ax.add_patch(
            Ellipse(
                (caldera.longitude, caldera.latitude),
                east / KM_PER_DEGREE / squeeze,
                north / KM_PER_DEGREE,
                facecolor=SKY,
                edgecolor="none",
                alpha=0.6,
                zorder=2.5,
                label=translate("lake"),
            )
        )


def _draw_stations(ax: Axes, table: Any, alive: Any) -> None:
    keys = [f"{n}.{s}" for n, s in zip(table["network"], table["station"], strict=True)]
    if alive is None:
        living = np.ones(len(keys), dtype=bool)
    elif isinstance(alive, Mapping):
        living = np.array([bool(alive.get(k, False)) for k in keys])
    else:
        living = np.isin(keys, list(alive))
    for pick, face, name in (
        (
            living,
            BLUE,
            translate("station") if alive is None else translate("station with records"),
        ),
        (~living, "white", translate("station without records")),
    ):
        if pick.any():
            ax.scatter(
                table["longitude"][pick],
                table["latitude"][pick],
                marker="^",
                s=36,
                facecolor=face,
                edgecolor=BLUE if face == "white" else "black",
                linewidth=0.7,
                zorder=7,
                label=name,
            )


def _draw_place(ax: Axes, names: LabelPlacer, place: Any) -> None:
    (west, east), (south, north) = ax.get_xlim(), ax.get_ylim()
    if not (west < place.longitude < east and south < place.latitude < north):
        return
    ax.plot(
        place.longitude,
        place.latitude,
        marker="o",
        markersize=2.5,
        color="#444444",
        linestyle="none",
        zorder=5,
    )
    names.place(
        place.longitude,
        place.latitude,
        words_of(place.name),
        style="italic",
        color="#444444",
        optional=True,
    )


def _draw_source(ax: Axes, names: LabelPlacer, centre: tuple[float, float], source: Any) -> None:
    (west, east), (south, north) = ax.get_xlim(), ax.get_ylim()
    name = words_of(source.name)
    if west < source.longitude < east and south < source.latitude < north:
        ax.plot(
            source.longitude,
            source.latitude,
            marker="X",
            markersize=7,
            color=RED,
            markeredgecolor="black",
            markeredgewidth=0.5,
            linestyle="none",
            zorder=6,
        )
        names.place(source.longitude, source.latitude, name, color=RED)
        return
    metres = gps2dist_azimuth(centre[0], centre[1], source.latitude, source.longitude)[0]
    # from the middle of the map towards it, in the shape the paper shows
    middle = np.array([0.5 * (west + east), 0.5 * (south + north)])
    half = np.array([0.5 * (east - west), 0.5 * (north - south)])
    way = (np.array([source.longitude, source.latitude]) - middle) / half
    way = way / np.abs(way).max()
    tip, tail = middle + 0.985 * way * half, middle + 0.90 * way * half
    ax.annotate(
        "",
        tip,
        tail,
        zorder=9,
        arrowprops={
            "arrowstyle": "-|>",
            "color": RED,
            "linewidth": 1.2,
            "shrinkA": 0,
            "shrinkB": 0,
        },
    )
    names.occupy([tip[0], tail[0]], [tip[1], tail[1]], 5.0)
    names.place(float(tail[0]), float(tail[1]), f"{name}\n{metres / 1000:.0f} km", color=RED)


def _scale_bar(ax: Axes, names: LabelPlacer) -> None:
    """Draw a scale bar in the corner that is emptiest."""
    length = _round(_width_km(ax) / 4.0)
    (west, east), (south, north) = ax.get_xlim(), ax.get_ylim()
    degrees = length / (_width_km(ax) / (east - west))
    margin = 0.04 * (east - west)
    corners = [
        (x, south + share * (north - south))
        for share in (0.045, 0.90)
        for x in (east - margin - degrees, west + margin)
    ]
    x, y = min(
        corners, key=lambda c: names.cost_of(np.linspace(c[0], c[0] + degrees, 8), c[1], 16.0)
    )
    ax.plot([x, x + degrees], [y, y], color="black", linewidth=2.2, solid_capstyle="butt", zorder=9)
    ax.annotate(
        f"{length:g} km",
        (x + degrees / 2, y),
        xytext=(0, 3),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=SMALL,
        family=fonts(),
        zorder=9,
    )
    names.occupy(np.linspace(x, x + degrees, 8), np.full(8, y), 16.0)
