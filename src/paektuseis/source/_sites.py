"""Where an event is seen from: distance and arrivals at each station, whatever gave the place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import hypot, isfinite, nan
from typing import Any

import pandas as pd
from obspy import Inventory, UTCDateTime

from ..errors import MetadataError, ParameterError
from ..network import Network, VelocityModel, travel_time
from ..tables import PICKS
from ..times import as_utc
from ._geometry import distance_km as epicentral_distance

WINDOW_VP = 5.5
WINDOW_RATIO = 1.732
"""km/s and vp/vs: where windows begin without pick and model; no value rests on them."""


@dataclass(frozen=True, kw_only=True)
class Hypocentre:
    """A place and an instant; the place may be known only as a distance from one station."""

    latitude: float = nan
    longitude: float = nan
    depth_km: float = nan
    time: UTCDateTime | None = None
    distance_km: float = nan
    distance_uncertainty_km: float = nan
    station: str = ""

    @property
    def placed(self) -> bool:
        """Whether the place counts; without a depth, a known distance counts for more."""
        epicentre = isfinite(self.latitude) and isfinite(self.longitude)
        return epicentre and (isfinite(self.depth_km) or not isfinite(self.distance_km))


@dataclass(frozen=True, kw_only=True)
class Site:
    """An event seen from a station: distances in km, arrivals, what is assumed."""

    key: str
    elevation_m: float
    epicentral_km: float
    hypocentral_km: float
    p: UTCDateTime | None
    s: UTCDateTime | None
    picked: tuple[bool, bool]
    origin: UTCDateTime | None
    note: str = ""

    def distance(self, kind: str) -> float:
        """Hypocentral or epicentral distance."""
        return self.hypocentral_km if kind == "hypocentral" else self.epicentral_km


def hypocentre_of(loc: Any) -> Hypocentre:
    """Read a place from a Location, a row of ``tables.ORIGINS``, an obspy Origin or Event."""
    if hasattr(loc, "preferred_origin"):  # an obspy Event
        origin = loc.preferred_origin() or (loc.origins[0] if loc.origins else None)
        if origin is None:
            raise ParameterError("the event has no origin; locate it first")
        loc = origin
    if isinstance(loc, pd.DataFrame):
        if len(loc) != 1:
            raise ParameterError(f"loc is a table of {len(loc)} rows; give the one of the event")
        loc = loc.iloc[0]
    if isinstance(loc, pd.Series):
        loc = loc.to_dict()

    def get(name: str) -> Any:
        return loc.get(name) if isinstance(loc, Mapping) else getattr(loc, name, None)

    def number(name: str) -> float:
        value = get(name)
        return nan if value is None else float(value)

    depth = number("depth_km")
    if get("depth_km") is None and get("depth") is not None:
        depth = number("depth") / 1e3  # obspy counts metres
    time = get("time")
    found = Hypocentre(
        latitude=number("latitude"),
        longitude=number("longitude"),
        depth_km=depth,
        time=None if time is None or time is pd.NaT else as_utc(time),
        distance_km=number("distance_km"),
        distance_uncertainty_km=number("distance_uncertainty_km"),
        station=_one_station(get("residuals")),
    )
    if not found.placed and not isfinite(found.distance_km):
        raise ParameterError(
            "loc has neither latitude and longitude nor distance_km: give a location, an obspy "
            "Origin or a row of the table of origins"
        )
    return found


def _one_station(residuals: Any) -> str:
    if not isinstance(residuals, pd.DataFrame) or "trace_id" not in residuals.columns:
        return ""
    keys = {".".join(str(i).split(".")[:2]) for i in residuals["trace_id"]}
    return keys.pop() if len(keys) == 1 else ""


def first_picks(picks: pd.DataFrame | None) -> dict[tuple[str, str], UTCDateTime]:
    """Return the surest pick of each station (``NET.STA``) and phase."""
    if picks is None or not len(picks):
        return {}
    PICKS.check(picks, need=["trace_id", "phase", "time"])
    best: dict[tuple[str, str], tuple[float, int]] = {}
    for row in picks.to_dict("records"):
        if row["time"] is pd.NaT or row["phase"] not in ("P", "S"):
            continue
        key = ".".join(str(row["trace_id"]).split(".")[:2]), str(row["phase"])
        spread = float(row.get("uncertainty", nan))
        rank = spread if isfinite(spread) else 1e9, int(as_utc(row["time"]).ns)
        if key not in best or rank < best[key]:
            best[key] = rank
    return {key: UTCDateTime(ns=ns) for key, (_, ns) in best.items()}


def sites_of(
    keys: list[str],
    hypo: Hypocentre,
    inventory: Inventory,
    picks: pd.DataFrame | None,
    model: VelocityModel | None,
) -> dict[str, Site | str]:
    """Return the sites of stations (``NET.STA``), or why one has none."""
    arrivals = first_picks(picks)
    known = {s.key: s for s in Network.from_inventory(inventory).stations}
    out: dict[str, Site | str] = {}
    for key in keys:
        if key not in known:
            out[key] = "the station is not in the metadata"
            continue
        station = known[key]
        height = station.elevation_m
        note = "" if isfinite(height) else "elevation unknown, sea level taken"
        height = height if isfinite(height) else 0.0
        if hypo.placed:
            flat = float(
                epicentral_distance(
                    hypo.latitude, hypo.longitude, station.latitude, station.longitude
                )
            )
            if not isfinite(hypo.depth_km):
                out[key] = "the depth of the event is not known"
                continue
            straight = hypot(flat, hypo.depth_km + height / 1e3)
        else:
            if hypo.station and key != hypo.station:
                out[key] = f"only the distance from {hypo.station} is known"
                continue
            if not hypo.station and len(keys) > 1:
                raise MetadataError(
                    "loc has a distance but no place: give the records of the one station it "
                    f"is counted from, not of {', '.join(keys)}"
                )
            straight = flat = hypo.distance_km
        straight = max(straight, 0.05)
        p, s, picked = _arrivals(
            arrivals.get((key, "P")), arrivals.get((key, "S")), hypo, flat, straight, height, model
        )
        out[key] = Site(
            key=key,
            elevation_m=height,
            epicentral_km=flat,
            hypocentral_km=straight,
            p=p,
            s=s,
            picked=picked,
            origin=hypo.time,
            note=note,
        )
    return out


def _arrivals(
    p: UTCDateTime | None,
    s: UTCDateTime | None,
    hypo: Hypocentre,
    flat: float,
    straight: float,
    height_m: float,
    model: VelocityModel | None,
) -> tuple[UTCDateTime | None, UTCDateTime | None, tuple[bool, bool]]:
    """Arrivals as picked, else as predicted from the origin time, else from the other phase."""
    picked = p is not None, s is not None
    if all(picked):
        return p, s, picked
    tp, ts = straight / WINDOW_VP, straight * WINDOW_RATIO / WINDOW_VP
    if model is not None and hypo.placed:
        tp, ts = (
            float(
                travel_time(
                    model,
                    distance_km=flat,
                    source_depth_km=hypo.depth_km,
                    receiver_depth_km=-height_m / 1e3,
                    phase=phase,
                )
            )
            for phase in ("P", "S")
        )
    if p is not None:
        travelled = p - hypo.time if hypo.time is not None else tp
        # what the pick says of the velocity holds for S too
        good = 0.5 < travelled / tp < 2.0
        return p, p + (travelled if good else tp) * (ts / tp - 1.0), picked
    if s is not None:
        travelled = s - hypo.time if hypo.time is not None else ts
        good = 0.5 < travelled / ts < 2.0
        return s - (travelled if good else ts) * (1.0 - tp / ts), s, picked
    if hypo.time is None:
        return None, None, picked
    return hypo.time + tp, hypo.time + ts, picked
