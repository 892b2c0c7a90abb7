"""Where stations are: one table, whatever the caller has (network, table or inventory)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from obspy import Inventory
from obspy.geodetics import gps2dist_azimuth

from .._language import translate
from ..errors import ParameterError
from ..tables import STATIONS


def stations_table(source: Any) -> pd.DataFrame:
    """Return a STATIONS table from a Network, a STATIONS table or an obspy Inventory.

    Raises
    ------
    ParameterError
        If it is none of these.
    """
    if isinstance(source, pd.DataFrame):
        return STATIONS.check(
            source, need=("network", "station", "latitude", "longitude")
        ).reset_index(drop=True)
    if isinstance(source, Inventory):
        return STATIONS.frame(
            {
                "network": network.code,
                "station": station.code,
                "latitude": float(station.latitude),
                "longitude": float(station.longitude),
                "elevation_m": float(station.elevation),
            }
            for network in source
            for station in network
        ).drop_duplicates(["network", "station"], ignore_index=True)
    if hasattr(source, "station_table"):
        return stations_table(source.station_table())
    raise ParameterError(
        f"stations are given as {type(source).__name__}; "
        "give a Network, a table of stations or an obspy Inventory"
    )


def reference_of(source: Any) -> tuple[float, float] | None:
    """Return latitude and longitude of the volcano's reference point, if the source has one."""
    latitude = getattr(source, "latitude", None)
    longitude = getattr(source, "longitude", None)
    if isinstance(latitude, int | float) and isinstance(longitude, int | float):
        return float(latitude), float(longitude)
    return None


def distance_km(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Return the distance on the WGS84 ellipsoid in kilometres."""
    return float(gps2dist_azimuth(lat1, lon1, lat2, lon2)[0]) / 1000.0


def event_point(event: Any) -> tuple[float, float] | None:
    """Return latitude and longitude of an event row that has them."""
    if event is None:
        return None
    try:
        point = float(event["latitude"]), float(event["longitude"])
    except (KeyError, TypeError, ValueError):
        return None
    return point if math.isfinite(point[0]) and math.isfinite(point[1]) else None


def distances(source: Any, *, point: tuple[float, float] | None = None) -> dict[str, float]:
    """Return kilometres from a point for each ``NET.STA`` (none known: an empty mapping).

    Without a point, the distance from the volcano's reference point is used.
    """
    if source is None:
        return {}
    table = stations_table(source)
    point = point or reference_of(source)
    found: dict[str, float] = {}
    for row in table.to_dict("records"):
        value = float(row.get("distance_km", np.nan))
        if point is not None:
            value = distance_km(point[0], point[1], row["latitude"], row["longitude"])
        if math.isfinite(value):
            found[f"{row['network']}.{row['station']}"] = value
    return found


def position_text(source: Any, trace_id: str) -> str:
    """Return a station's coordinates in words, ``""`` where it is not in the table."""
    if source is None:
        return ""
    table = stations_table(source)
    network, station = [*str(trace_id).split("."), ""][:2]
    rows = table[(table["network"] == network) & (table["station"] == station)]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    text = coordinates_text(float(row["latitude"]), float(row["longitude"]))
    elevation = float(row.get("elevation_m", np.nan))
    if math.isfinite(elevation):
        text += translate(", {elevation:.0f} m a.s.l.", elevation=elevation)
    distance = distances(source).get(f"{network}.{station}")
    if distance is not None:
        text += translate(", {distance:.1f} km from the reference point", distance=distance)
    return text


def coordinates_text(latitude: float, longitude: float) -> str:
    """Return coordinates as ``42.0067° N 128.0550° E``."""
    return (
        f"{abs(latitude):.4f}° {'N' if latitude >= 0 else 'S'} "
        f"{abs(longitude):.4f}° {'E' if longitude >= 0 else 'W'}"
    )
