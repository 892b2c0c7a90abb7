"""Where the stations are: from a network, from metadata, or from the record of the run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from ..._language import mark, translate as _
from ...errors import ParameterError
from ...io import safe_text
from ...network import Network, load_network, shipped_networks
from ._maps import Ground, Place

NAMES = (mark("Mount Paektu"),)
"""Volcanoes whose name other languages have."""


def ground_of(network: Network | None, run: Mapping[str, Any], stations: Iterable[str]) -> Ground:
    """Return what the maps of a report show.

    Parameters
    ----------
    network : Network, optional
        As the user gave it.
    run : mapping
        ``run.json`` of the results: names the network, and holds positions where the run
        wrote them.
    stations : iterable of str
        ``NET.STA`` of the results; others are not drawn.

    Returns
    -------
    Ground
        Without stations where no position is known.
    """
    wanted = set(stations)
    name = str(run.get("network") or "")
    if network is None and not run.get("stations") and name in shipped_networks():
        network = load_network(name)
    if network is not None:
        run = ground_record(network)
    rows = run.get("stations")
    reference = run.get("reference")
    title = safe_text(str(run.get("title") or name))
    if not isinstance(rows, list):
        return Ground(title=title, stations=())
    places = []
    for row in rows:
        try:
            place = Place(
                key=f"{row['network']}.{row['station']}",
                code=safe_text(str(row["station"])),
                latitude=_degrees(row["latitude"], 90.0),
                longitude=_degrees(row["longitude"], 180.0),
                elevation_m=_number(row.get("elevation_m")),
                distance_km=_number(row.get("distance_km")),
                azimuth=_number(row.get("azimuth")),
            )
        except (KeyError, TypeError, ValueError, ParameterError):
            continue
        if place.key in wanted:
            places.append(place)
    here = reference if isinstance(reference, Mapping) else {}
    return Ground(
        title=title,
        stations=tuple(places),
        latitude=_number(here.get("latitude")),
        longitude=_number(here.get("longitude")),
        caldera_km=_number(here.get("caldera_km")),
    )


def ground_record(network: Network | None) -> dict[str, Any]:
    """Return what ``run.json`` keeps of a network, so that a report needs no other file."""
    if network is None:
        return {}
    table = network.station_table()
    columns = (
        "network", "station", "latitude", "longitude", "elevation_m", "distance_km", "azimuth",
    )  # fmt: skip
    return {
        "title": network.title or network.name,
        "reference": {
            "latitude": network.latitude,
            "longitude": network.longitude,
            "caldera_km": network.caldera.diameter_km if network.caldera else None,
        },
        "stations": [{c: _plain(row[c]) for c in columns} for row in table.to_dict("records")],
    }


def title_of(ground: Ground) -> str:
    """Return the name of the volcano as the reader's language has it."""
    return _(ground.title) if ground.title else _("Network")


def _degrees(value: Any, most: float) -> float:
    found = float(value)
    if not -most <= found <= most:
        raise ValueError(value)
    return found


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return str(value)
