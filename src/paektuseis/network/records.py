"""The entries of a profile: stations, places, sources, caldera, sensor azimuths."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from math import isfinite, isnan, nan

from obspy import UTCDateTime

from ..errors import ParameterError

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
