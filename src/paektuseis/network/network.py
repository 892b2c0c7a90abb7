"""The profile of a monitored volcano: stations, ground, places, and what disturbs the records."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import isfinite, isnan, nan
from typing import TYPE_CHECKING, Any

import numpy as np
from obspy import Inventory, UTCDateTime
from obspy.geodetics import gps2dist_azimuth

from ..errors import MetadataError, ParameterError
from ..times import TimeLike, as_utc
from ..types import FloatArray
from .model import VelocityModel

if TYPE_CHECKING:
    import pandas as pd

CERTAINTIES: dict[str, str] = {
    "read": "read in the named source",
    "computed": "computed from data of the named source",
    "abstract": "read in an abstract, a page opening or a news item only",
    "inferred": "inferred, not stated by a source",
    "assumed": "assumed for want of a source",
    "metadata": "from the station metadata that were given",
    "unstated": "the profile does not say",
}
"""How sure a figure of a profile is."""


def check_position(latitude: float, longitude: float) -> None:
    """Raise ``ParameterError`` if a position is not on the Earth."""
    if not (isfinite(latitude) and -90 <= latitude <= 90):
        raise ParameterError(f"latitude={latitude}; give degrees north between -90 and 90")
    if not (isfinite(longitude) and -180 <= longitude <= 180):
        raise ParameterError(f"longitude={longitude}; give degrees east between -180 and 180")


def check_certainty(certainty: str) -> None:
    """Raise ``ParameterError`` if a certainty is none of :data:`CERTAINTIES`."""
    if certainty not in CERTAINTIES:
        near = difflib.get_close_matches(certainty, CERTAINTIES, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ParameterError(f"certainty={certainty!r} is none of {', '.join(CERTAINTIES)}{hint}")


@dataclass(frozen=True, kw_only=True)
class NetworkStation:
    """One station. Its key is ``network.station``: a station code alone is ambiguous.

    Attributes
    ----------
    network, station : str
    latitude, longitude : float
        Degrees north and east, WGS84.
    elevation_m : float
        Metres above sea level, NaN where unknown.
    starttime, endtime : UTCDateTime or None
        Begin and end of operation; ``None`` where unknown or open.
    channels : tuple of str
        As ``LOC.CHA``; empty where unknown.
    certainty, note, source : str
        How sure the position is, remarks, and where it was read.
    """

    network: str
    station: str
    latitude: float
    longitude: float
    elevation_m: float = nan
    starttime: UTCDateTime | None = None
    endtime: UTCDateTime | None = None
    channels: tuple[str, ...] = ()
    certainty: str = "unstated"
    note: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        for name in ("network", "station"):
            code = getattr(self, name)
            if not code or not code.isascii() or not code.isalnum():
                raise ParameterError(f"{name}={code!r} is no code; use letters and digits")
        check_position(self.latitude, self.longitude)
        check_certainty(self.certainty)
        if not isnan(self.elevation_m) and not -11_000 <= self.elevation_m <= 9_000:
            raise ParameterError(
                f"elevation_m={self.elevation_m}; give metres above sea level "
                "(-11000 to 9000), or leave it out where unknown"
            )
        if self.starttime and self.endtime and self.endtime <= self.starttime:
            raise ParameterError(f"endtime={self.endtime} is not after starttime={self.starttime}")

    @property
    def key(self) -> str:
        """``network.station``."""
        return f"{self.network}.{self.station}"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A named point for maps and texts."""

    name: str
    latitude: float
    longitude: float
    elevation_m: float = nan
    kind: str = "place"
    certainty: str = "unstated"
    source: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        check_position(self.latitude, self.longitude)
        check_certainty(self.certainty)


@dataclass(frozen=True, kw_only=True)
class ContaminatingSource:
    """A place whose signals reach the network and are none of the volcano's.

    ``kind`` is for example ``"nuclear test site"`` or ``"deep earthquakes"``;
    ``depth_km`` is NaN where unknown.
    """

    name: str
    latitude: float
    longitude: float
    kind: str
    depth_km: float = nan
    certainty: str = "unstated"
    source: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        check_position(self.latitude, self.longitude)
        check_certainty(self.certainty)


@dataclass(frozen=True, kw_only=True)
class Caldera:
    """Outline of the caldera and its lake (lengths in km, heights and depths in m)."""

    latitude: float
    longitude: float
    diameter_km: float
    depth_m: float = nan
    lake_north_south_km: float = nan
    lake_east_west_km: float = nan
    lake_depth_m: float = nan
    lake_elevation_m: float = nan
    certainty: str = "unstated"
    source: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        check_position(self.latitude, self.longitude)
        check_certainty(self.certainty)
        for name in (
            "diameter_km",
            "depth_m",
            "lake_north_south_km",
            "lake_east_west_km",
            "lake_depth_m",
        ):
            value = getattr(self, name)
            if not isnan(value) and not (isfinite(value) and value > 0):
                raise ParameterError(f"{name}={value}; give a positive number or leave it out")

    @property
    def radius_km(self) -> float:
        """Half the diameter."""
        return self.diameter_km / 2


@dataclass(frozen=True, kw_only=True)
class AzimuthCorrection:
    """How far the horizontals of a station were turned during one span of time.

    ``azimuth_error`` is in degrees, positive where the sensor's "north" points
    clockwise (east) of true north; ``endtime`` is ``None`` where the span is open.
    """

    network: str
    station: str
    starttime: UTCDateTime
    azimuth_error: float
    endtime: UTCDateTime | None = None
    n_events: int | None = None
    certainty: str = "unstated"
    source: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        check_certainty(self.certainty)
        if not -180 <= self.azimuth_error <= 180:
            raise ParameterError(
                f"azimuth_error={self.azimuth_error}; give degrees between -180 and 180"
            )
        if self.endtime is not None and self.endtime <= self.starttime:
            raise ParameterError(f"endtime={self.endtime} is not after starttime={self.starttime}")


@dataclass(frozen=True, kw_only=True)
class Network:
    """Everything the library knows of a monitored volcano before the first sample is read.

    Attributes
    ----------
    name, title : str
        Short name, and the name to print.
    latitude, longitude : float
        The reference point (for Mount Paektu the centre of the crater lake):
        distances and azimuths of the station table are counted from it.
    stations : tuple of NetworkStation
    velocity : VelocityModel or None
    places : tuple of Place
    sources : tuple of ContaminatingSource
    caldera : Caldera or None
    azimuth_corrections : tuple of AzimuthCorrection
    note : str
    """

    name: str
    latitude: float
    longitude: float
    title: str = ""
    stations: tuple[NetworkStation, ...] = ()
    velocity: VelocityModel | None = None
    places: tuple[Place, ...] = ()
    sources: tuple[ContaminatingSource, ...] = ()
    caldera: Caldera | None = None
    azimuth_corrections: tuple[AzimuthCorrection, ...] = ()
    note: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        check_position(self.latitude, self.longitude)
        seen: set[str] = set()
        for station in self.stations:
            if station.key in seen:
                raise ParameterError(f"station {station.key} is listed twice; keep one")
            seen.add(station.key)

    @classmethod
    def from_inventory(
        cls,
        inventory: Inventory,
        *,
        name: str = "inventory",
        latitude: float | None = None,
        longitude: float | None = None,
        velocity: VelocityModel | None = None,
    ) -> Network:
        """Make a network from station metadata alone.

        Parameters
        ----------
        inventory : obspy.Inventory
        name : str, optional
        latitude, longitude : float, optional
            Reference point; by default the mean position of the stations.
        velocity : VelocityModel, optional

        Returns
        -------
        Network

        Raises
        ------
        MetadataError
            If the inventory holds no station.
        """
        stations = _stations_of(inventory)
        if not stations:
            raise MetadataError("the inventory holds no station; give a StationXML with stations")
        if latitude is None or longitude is None:
            latitude = float(np.mean([s.latitude for s in stations]))
            # mean of the directions: right also across the date line
            angles = np.radians([s.longitude for s in stations])
            mean_direction = np.arctan2(np.sin(angles).mean(), np.cos(angles).mean())
            longitude = float(np.degrees(mean_direction))
        return cls(
            name=name,
            title=name,
            latitude=latitude,
            longitude=longitude,
            stations=stations,
            velocity=velocity,
        )

    def station(self, key: str) -> NetworkStation:
        """Return one station by ``NET.STA``, or by its code where only one has it.

        Raises
        ------
        MetadataError
            If no station, or more than one, answers to the name.
        """
        found = [s for s in self.stations if key in (s.key, s.station)]
        if len(found) == 1:
            return found[0]
        if found:
            raise MetadataError(f"{key!r} may be {', '.join(s.key for s in found)}; say NET.STA")
        near = difflib.get_close_matches(key, [s.key for s in self.stations], n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise MetadataError(f"network {self.name!r} has no station {key!r}{hint}")

    def select(self, stations: str | Iterable[str]) -> Network:
        """Return the network with some of its stations.

        Parameters
        ----------
        stations : str or iterable of str
            Patterns with ``*`` and ``?``: of ``NET.STA`` where they hold a
            dot, else of the station code. ``"1U.*"``, ``"JL.CBS"``, ``"P*"``.

        Returns
        -------
        Network

        Raises
        ------
        MetadataError
            If a pattern fits no station.

        Examples
        --------
        >>> from paektuseis import load_network
        >>> load_network("paektu").select("1U.P*").station_codes
        ('1U.PDBD', '1U.PSRD')
        """
        patterns = (stations,) if isinstance(stations, str) else tuple(stations)
        keep: set[str] = set()
        for pattern in patterns:
            hits = [
                s.key
                for s in self.stations
                if fnmatch.fnmatchcase(s.key if "." in pattern else s.station, pattern)
            ]
            if not hits:
                raise MetadataError(
                    f"no station of network {self.name!r} fits {pattern!r}; "
                    f"it has {', '.join(self.station_codes) or 'none'}"
                )
            keep.update(hits)
        return replace(
            self,
            stations=tuple(s for s in self.stations if s.key in keep),
            azimuth_corrections=tuple(
                c for c in self.azimuth_corrections if f"{c.network}.{c.station}" in keep
            ),
        )

    @property
    def station_codes(self) -> tuple[str, ...]:
        """``NET.STA`` of every station, in order."""
        return tuple(s.key for s in self.stations)

    def with_inventory(self, inventory: Inventory) -> Network:
        """Return the network with positions, elevations, epochs and channels from metadata.

        A station that is in both takes the values of the inventory; a station
        that is only in the inventory is added; one that is only in the profile
        stays as it is.

        Parameters
        ----------
        inventory : obspy.Inventory

        Returns
        -------
        Network
        """
        given = {s.key: s for s in _stations_of(inventory)}
        merged = []
        for station in self.stations:
            new = given.pop(station.key, None)
            if new is None:
                merged.append(station)
                continue
            note = "; ".join(t for t in (station.note, "position from station metadata") if t)
            merged.append(replace(new, note=note))
        return replace(self, stations=(*merged, *given.values()))

    def distances(self, latitude: float, longitude: float) -> FloatArray:
        """Return the distance in km from a point to each station, shape (n_stations,).

        Along the WGS84 ellipsoid, as obspy's ``gps2dist_azimuth`` counts it.
        """
        check_position(latitude, longitude)
        return np.array(
            [
                gps2dist_azimuth(latitude, longitude, s.latitude, s.longitude)[0] / 1e3
                for s in self.stations
            ],
            dtype=np.float64,
        )

    def azimuth_error(self, key: str, time: TimeLike) -> float:
        """Return the known azimuth error of a station (``NET.STA``) at a time in degrees.

        NaN where no correction covers the time.
        """
        instant = as_utc(time)
        for c in self.azimuth_corrections:
            inside = c.starttime <= instant and (c.endtime is None or instant < c.endtime)
            if f"{c.network}.{c.station}" == key and inside:
                return c.azimuth_error
        return nan

    def station_table(self) -> pd.DataFrame:
        """Return the stations as a table (:data:`paektuseis.tables.STATIONS`).

        ``distance_km`` and ``azimuth`` are counted from the reference point.
        """
        return station_rows(self.stations, self.latitude, self.longitude)


def station_rows(
    stations: Iterable[NetworkStation], latitude: float | None, longitude: float | None
) -> pd.DataFrame:
    """Return stations as a table, with distance and azimuth where a point is given."""
    from .. import tables

    rows: list[dict[str, Any]] = []
    for s in stations:
        distance = azimuth = nan
        if latitude is not None and longitude is not None:
            metres, azimuth, _ = gps2dist_azimuth(latitude, longitude, s.latitude, s.longitude)
            distance = metres / 1e3
        rows.append(
            {
                "network": s.network,
                "station": s.station,
                "latitude": s.latitude,
                "longitude": s.longitude,
                "elevation_m": s.elevation_m,
                "starttime": s.starttime,
                "endtime": s.endtime,
                "distance_km": distance,
                "azimuth": azimuth,
                "channels": s.channels,
                "certainty": s.certainty,
                "note": s.note,
            }
        )
    return tables.STATIONS.frame(rows)


def _stations_of(inventory: Inventory) -> tuple[NetworkStation, ...]:
    """One entry for each ``NET.STA``; the position is that of the latest epoch."""
    epochs: dict[str, list[tuple[str, Any]]] = {}
    for net in inventory:
        for sta in net:
            epochs.setdefault(f"{net.code}.{sta.code}", []).append((net.code, sta))
    stations = []
    for entries in epochs.values():
        entries.sort(key=lambda e: e[1].start_date.ns if e[1].start_date else 0)
        code, last = entries[-1]
        starts = [sta.start_date for _, sta in entries]
        ends = [sta.end_date for _, sta in entries]
        names = {f"{cha.location_code}.{cha.code}" for _, sta in entries for cha in sta}
        try:
            stations.append(
                NetworkStation(
                    network=code,
                    station=last.code,
                    latitude=float(last.latitude),
                    longitude=float(last.longitude),
                    elevation_m=nan if last.elevation is None else float(last.elevation),
                    starttime=None if None in starts else min(starts),
                    endtime=None if None in ends or max(ends).year > 2500 else max(ends),
                    channels=tuple(sorted(names)),
                    certainty="metadata",
                    source="station metadata",
                )
            )
        except ParameterError as error:
            raise MetadataError(f"{code}.{last.code} in the station metadata: {error}") from error
    return tuple(stations)


def station_table(
    network: Network | Inventory, *, latitude: float | None = None, longitude: float | None = None
) -> pd.DataFrame:
    """Return a table of the stations of a network or of an inventory.

    Parameters
    ----------
    network : Network or obspy.Inventory
    latitude, longitude : float, optional
        Point that distance and azimuth are counted from (degrees). By default
        the reference point of a network; an inventory has none, and the two
        columns are NaN.

    Returns
    -------
    DataFrame
        Columns of :data:`paektuseis.tables.STATIONS`; ``distance_km`` in km
        along the WGS84 ellipsoid, ``azimuth`` in degrees from north.

    Raises
    ------
    ParameterError
        If only one of latitude and longitude is given, or neither kind of object.

    Examples
    --------
    >>> from paektuseis import load_network
    >>> table = station_table(load_network("paektu").select("1U.*"))
    >>> table.station[0], round(float(table.distance_km[0]), 1)
    ('JGPD', 2.7)
    """
    if (latitude is None) != (longitude is None):
        raise ParameterError("give both latitude and longitude, or neither")
    if latitude is not None and longitude is not None:
        check_position(latitude, longitude)
    if isinstance(network, Network):
        if latitude is None:
            return network.station_table()
        return station_rows(network.stations, latitude, longitude)
    if isinstance(network, Inventory):
        return station_rows(_stations_of(network), latitude, longitude)
    raise ParameterError(
        f"a Network or an obspy Inventory is needed, not {type(network).__name__}; "
        "make one with load_network or read_stations"
    )
