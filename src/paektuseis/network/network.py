"""The profile of a monitored volcano: stations, ground, places, and what disturbs the records."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np
from obspy import Inventory
from obspy.geodetics import gps2dist_azimuth

from ..errors import MetadataError, ParameterError
from ..times import TimeLike, as_utc
from ..types import FloatArray
from .model import VelocityModel
from .records import (
    AzimuthCorrection,
    Caldera,
    ContaminatingSource,
    NetworkStation,
    Place,
    check_position,
)

if TYPE_CHECKING:
    import pandas as pd


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
        """Return the distance from a point to each station.

        Parameters
        ----------
        latitude, longitude : float
            Degrees north and east.

        Returns
        -------
        ndarray, shape (n_stations,)
            Kilometres along the WGS84 ellipsoid, as obspy's ``gps2dist_azimuth``
            counts it.

        Raises
        ------
        ParameterError
            If the point is not on the Earth.
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
        """Return the known azimuth error of a station at a time.

        Parameters
        ----------
        key : str
            ``NET.STA``.
        time : UTCDateTime or str

        Returns
        -------
        float
            Degrees, positive where the sensor's north points clockwise of true
            north; NaN where no correction covers the time.
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
