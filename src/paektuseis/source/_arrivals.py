"""From a table of picks and a network to the arrays a location is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from obspy import Inventory

from ..errors import MetadataError, ParameterError
from ..network import Network
from ..tables import PHASES, PICKS, STATIONS, station_of
from ..types import FloatArray

IntArray = NDArray[np.int64]
Corrections = Mapping[tuple[str, str], float]
Place = tuple[float, float, float]
"""Latitude, longitude (degrees) and elevation (m)."""

_NEED = ("trace_id", "phase", "time", "uncertainty")
_MS = 1_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Arrivals:
    """The picks of one event in order of station.

    Attributes
    ----------
    trace_ids, phases : list of str
    texts : tuple of Series
        The same two as the table of picks has them, and
    order : list of int
        where each pick stood there.
    origin_ns : int
        Instant the times are counted from (ns since 1970).
    observed, uncertainty, correction : ndarray, shape (n,)
        Seconds.
    stations : list of str
        ``NET.STA``, each once.
    places : ndarray, shape (ns, 3)
        Latitude, longitude, depth in km below sea level of the stations.
    first : ndarray, shape (ns + 1,)
        Where the picks of each station begin.
    """

    trace_ids: list[str]
    phases: list[str]
    texts: tuple[pd.Series, pd.Series]
    order: list[int]
    origin_ns: int
    observed: FloatArray
    uncertainty: FloatArray
    correction: FloatArray
    stations: list[str]
    places: FloatArray
    first: IntArray

    @property
    def station_of_pick(self) -> IntArray:
        """Index of the station of each pick."""
        return np.repeat(np.arange(len(self.stations)), np.diff(self.first))

    def s_minus_p(self) -> FloatArray:
        """S - P in s of each station that has both (NaN elsewhere)."""
        out = np.full(len(self.stations), np.nan)
        for s in range(len(self.stations)):
            of = {self.phases[k]: k for k in range(self.first[s], self.first[s + 1])}
            if len(of) == 2:
                out[s] = self.observed[of["S"]] - self.observed[of["P"]]
        return out


def station_places(network: Network | Inventory | pd.DataFrame) -> dict[str, Place]:
    """Latitude, longitude and elevation of every station, by ``NET.STA``."""
    if isinstance(network, Inventory):
        network = Network.from_inventory(network)
    if isinstance(network, Network):
        return {s.key: (s.latitude, s.longitude, s.elevation_m) for s in network.stations}
    if isinstance(network, pd.DataFrame):
        STATIONS.check(network)
        columns = (
            network[c].tolist()
            for c in ("network", "station", "latitude", "longitude", "elevation_m")
        )
        return {f"{n}.{s}": (la, lo, z) for n, s, la, lo, z in zip(*columns, strict=True)}
    raise ParameterError(
        f"network must be a Network, an obspy Inventory or a table of stations, not "
        f"{type(network).__name__}"
    )


def read_arrivals(
    picks: pd.DataFrame,
    places: Mapping[str, Place],
    corrections: Corrections | None,
    *,
    min_picks: int,
    min_stations: int,
) -> Arrivals:
    """Check the picks of one event and bring them into order of station.

    Raises
    ------
    ParameterError
        If picks are too few, doubled, of several events, or lack a time or an uncertainty.
    MetadataError
        If a station has no position or no elevation.
    """
    PICKS.check(picks, need=_NEED)
    names = sorted(set(map(str, picks["event_id"].tolist()))) if "event_id" in picks.columns else []
    if len(names) > 1:
        raise ParameterError(
            f"picks of {len(names)} events ({names[0]}, {names[1]} ...); locate one at a time"
        )
    texts = picks["trace_id"], picks["phase"]
    ids, phases = ([str(t) for t in text.tolist()] for text in texts)
    sigma = picks["uncertainty"].to_numpy(dtype=np.float64)
    ns = _nanoseconds(picks["time"]) if len(picks) else np.zeros(0, dtype=np.int64)
    keys = [station_of(t) for t in ids]
    seen: set[tuple[str, str]] = set()
    for key, phase, u in zip(keys, phases, sigma.tolist(), strict=True):
        if phase not in PHASES:
            raise ParameterError(f"{key} has a pick of phase {phase!r}; only P and S are located")
        if (key, phase) in seen:
            raise ParameterError(f"{key} has two picks of {phase}; keep one")
        if not (isfinite(u) and u >= 0):
            raise ParameterError(
                f"the pick of {phase} at {key} has uncertainty {u} s; give a standard error"
            )
        seen.add((key, phase))
    order = sorted(range(len(ids)), key=lambda i: (keys[i], phases[i]))
    stations = sorted(set(keys))
    unknown = [k for k in stations if k not in places]
    if unknown:
        raise MetadataError(
            f"no coordinates for {', '.join(unknown)}; add them to the network or give inventory="
        )
    low = [k for k in stations if not isfinite(places[k][2])]
    if low:
        raise MetadataError(f"no elevation for {', '.join(low)}; give station metadata with it")
    if len(ids) < min_picks or len(stations) < min_stations:
        raise ParameterError(
            f"{len(ids)} picks at {len(stations)} stations; a location needs {min_picks} at "
            f"{min_stations} (min_picks, min_stations), or locate_single_station"
        )
    origin = int(ns.min()) // _MS * _MS
    known = corrections or {}
    counts = [0, *(keys.count(k) for k in stations)]
    return Arrivals(
        trace_ids=[ids[i] for i in order],
        phases=[phases[i] for i in order],
        texts=texts,
        order=order,
        origin_ns=origin,
        observed=np.asarray((ns[order] - origin) * 1e-9, dtype=np.float64),
        uncertainty=sigma[order],
        correction=np.array([float(known.get((keys[i], phases[i]), 0.0)) for i in order]),
        stations=stations,
        places=np.array([(places[k][0], places[k][1], -places[k][2] / 1e3) for k in stations]),
        first=np.cumsum(counts),
    )


def _nanoseconds(times: pd.Series) -> IntArray:
    """Nanoseconds since 1970."""
    ns = pd.DatetimeIndex(times).as_unit("ns").asi8
    if (ns == np.iinfo(np.int64).min).any():  # what NaT is
        raise ParameterError("a pick has no time; drop it before locating")
    return cast(IntArray, ns)


def as_instant(ns: int) -> Any:
    """Return nanoseconds since 1970 as ``UTCDateTime``."""
    from obspy import UTCDateTime

    return UTCDateTime(ns=ns)
