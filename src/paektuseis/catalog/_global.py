"""First arrivals of the world's earthquakes, predicted and compared with an onset."""

from __future__ import annotations

from functools import lru_cache
from math import nan
from typing import Any

import numpy as np
import pandas as pd
from obspy import Catalog, UTCDateTime
from obspy.geodetics import locations2degrees

from ..errors import ParameterError
from ..network import Network
from ..times import as_utc

LONGEST = 1320.0  # s, no first arrival comes later


@lru_cache(maxsize=1)
def _model() -> Any:
    from obspy.taup import TauPyModel  # loads matplotlib

    return TauPyModel("iasp91")


@lru_cache(maxsize=4096)
def first_arrival(distance: float, depth_km: float) -> float:
    """Return the travel time of the first P (s) in iasp91; distance in degrees."""
    phases = ["p", "P", "Pn", "Pg", "Pdiff", "PKP", "PKIKP"]
    arrivals = _model().get_travel_times(depth_km, distance, phases)
    return min((float(a.time) for a in arrivals), default=nan)


def catalogue_misfit(
    catalogue: Catalog | pd.DataFrame, onset: UTCDateTime, network: Network | None
) -> dict[str, Any]:
    """Return onset - prediction of the earthquake whose arrival is nearest."""
    if network is None:
        raise ParameterError("a catalogue needs the network: give network= or inventory=")
    best: dict[str, Any] = {}
    for time, latitude, longitude, depth, magnitude in _rows(catalogue):
        since = onset - time
        if not -30.0 <= since <= LONGEST + 60.0:
            continue
        degrees = float(locations2degrees(latitude, longitude, network.latitude, network.longitude))
        depth = max(depth, 0.0) if np.isfinite(depth) else 10.0
        misfit = since - first_arrival(round(degrees, 2), round(depth, 1))
        if np.isfinite(misfit) and abs(misfit) < abs(best.get("catalogue_misfit", np.inf)):
            best = {
                "catalogue_misfit": misfit,
                "catalogue_distance": degrees,
                "catalogue_magnitude": magnitude,
            }
    return best


def _rows(
    catalogue: Catalog | pd.DataFrame,
) -> list[tuple[UTCDateTime, float, float, float, float]]:
    if isinstance(catalogue, pd.DataFrame):
        missing = {"time", "latitude", "longitude"} - set(catalogue.columns)
        if missing:
            raise ParameterError(f"the catalogue lacks the columns {sorted(missing)}")
        table = catalogue.assign(
            depth_km=catalogue.get("depth_km", nan), magnitude=catalogue.get("magnitude", nan)
        )
        names = ["time", "latitude", "longitude", "depth_km", "magnitude"]
        return [(as_utc(t), *map(float, rest)) for t, *rest in table[names].itertuples(index=False)]
    found = []
    for event in catalogue:
        origin = event.preferred_origin() or (event.origins[0] if event.origins else None)
        if origin is None:
            continue
        size = event.preferred_magnitude() or (event.magnitudes[0] if event.magnitudes else None)
        depth = nan if origin.depth is None else float(origin.depth) / 1e3
        found.append(
            (origin.time, float(origin.latitude), float(origin.longitude), depth,
             nan if size is None else float(size.mag))
        )  # fmt: skip
    return found
