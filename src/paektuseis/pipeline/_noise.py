"""Which noise, which channels of it, and which places."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd
from obspy import Inventory, Stream, Trace, UTCDateTime

from .. import tables
from ..config import Settings
from ..errors import MetadataError, NoRecordsError, ParameterError
from ..io import Archive
from ..network import Network
from ..times import TimeLike, as_utc
from ..types import KM_PER_DEGREE
from ._blocks import Read
from ._planting import Channel, Place, channel_of


@dataclass(frozen=True)
class Source:
    """The noise, wherever it lies."""

    read: Read
    names: tuple[str, ...]
    stations: frozenset[str]
    starttime: UTCDateTime
    endtime: UTCDateTime


def source_of(
    noise: Stream | Archive,
    network: Network,
    settings: Settings,
    starttime: TimeLike | None,
    endtime: TimeLike | None,
) -> Source:
    """Return the channels of the stations that any detector listens to, and their span."""
    known = set(network.station_codes)

    def wanted(name: str) -> bool:
        return (
            tables.station_of(name) in known
            and any(fnmatchcase(name, p) for p in settings.data.trace_ids)
            and any(fnmatchcase(name, d.channels) for d in settings.detectors)
        )

    if isinstance(noise, Stream):
        stream = Stream([trace for trace in noise if wanted(trace.id)])
        if not len(stream):
            have = ", ".join(sorted({trace.id for trace in noise})) or "no trace"
            raise NoRecordsError(
                f"no record of the stations {', '.join(sorted(known))} for the detectors in the "
                f"noise; it holds {have}"
            )
        spans = [(trace.stats.starttime, trace.stats.endtime) for trace in stream]
        names = tuple(dict.fromkeys(trace.id for trace in stream))

        def read(start: UTCDateTime, end: UTCDateTime) -> Stream:
            return stream.slice(start, end)
    else:
        names = tuple(name for name in noise.trace_ids() if wanted(name))
        if not names:
            raise NoRecordsError(
                f"no record of the stations {', '.join(sorted(known))} for the detectors in "
                f"{noise.root}"
            )
        held = noise.availability(names, starttime, endtime)
        spans = [(as_utc(a), as_utc(b)) for a, b in zip(held.starttime, held.endtime, strict=True)]

        def read(start: UTCDateTime, end: UTCDateTime) -> Stream:
            return noise.read(list(names), start, end)

    first, last = (
        as_utc(given, name=name) if given is not None else None
        for given, name in ((starttime, "starttime"), (endtime, "endtime"))
    )
    if first is not None and last is not None and not last > first:
        raise ParameterError(f"endtime {last} is not after starttime {first}")
    begin = max(min((a for a, _ in spans), default=first), first or UTCDateTime(0))
    until = min(max((b for _, b in spans), default=last), last or UTCDateTime(2**33))
    if not spans or not until > begin:
        raise NoRecordsError(f"no record of {', '.join(names[:4])} between {first} and {last}")
    return Source(read, names, frozenset(tables.station_of(name) for name in names), begin, until)


def channels_of(
    source: Source,
    network: Network,
    living: list[str],
    inventory: Inventory | None,
    notes: list[str],
) -> list[Channel]:
    """Return the channels events can be planted in; stations without one are named."""
    out, reasons = [], []
    for name in source.names:
        station = tables.station_of(name)
        if station not in living:
            continue
        sample = _sample(source, name)
        if sample is None:
            reasons.append(f"{name} left out: no record in the span")
            continue
        try:
            out.append(
                channel_of(sample, network.station(station), inventory, sample.stats.starttime)
            )
        except (MetadataError, ParameterError) as error:
            reasons.append(f"{name} left out: {error}")
    notes += reasons
    if not out:
        raise MetadataError(
            "no channel to plant earthquakes in: " + ("; ".join(reasons[:3]) or "no living station")
        )
    return out


def _sample(source: Source, name: str) -> Trace | None:
    """Return a trace of a channel, from the first of some places in the span that has one."""
    span = source.endtime - source.starttime
    for share in (0.5, 0.0, 0.25, 0.75):
        start = source.starttime + share * span
        found = source.read(start, min(start + 0.25 * span, start + 3600.0)).select(id=name)
        if len(found):
            return found[0]
    return None


def places_of(grid: int | pd.DataFrame, network: Network, depth_km: float) -> list[Place]:
    """Return the places asked for, or a grid about the stations."""
    if isinstance(grid, pd.DataFrame):
        lacking = [c for c in ("latitude", "longitude") if c not in grid.columns]
        if lacking or not len(grid):
            raise ParameterError("grid must be a table with latitude and longitude, not empty")
        depths = grid["depth_km"] if "depth_km" in grid.columns else [depth_km] * len(grid)
        rows = zip(grid["latitude"], grid["longitude"], depths, strict=True)
        places = [(float(a), float(b), float(c)) for a, b, c in rows]
        if not np.isfinite(places).all():
            raise ParameterError("a place of the grid has no finite latitude, longitude or depth")
        return places
    if int(grid) != grid or grid < 1:
        raise ParameterError(f"grid={grid}; give a whole number of places on a side, or a table")
    table = network.station_table()
    latitude, longitude = table["latitude"].to_numpy(), table["longitude"].to_numpy()
    middle = 0.5 * (latitude.min() + latitude.max()), 0.5 * (longitude.min() + longitude.max())
    squeeze = float(np.cos(np.radians(middle[0])))
    half = np.array([np.ptp(latitude), np.ptp(longitude) * squeeze]) * 0.5 * 1.2
    half = np.maximum(half, max(0.5 * half.max(), 5.0 / KM_PER_DEGREE))
    steps = np.linspace(-1.0, 1.0, int(grid)) if grid > 1 else np.zeros(1)
    return [
        (
            round(float(middle[0] + y * half[0]), 5),
            round(float(middle[1] + x * half[1] / squeeze), 5),
            float(depth_km),
        )
        for y in steps
        for x in steps
    ]


def names_of(grid: int | pd.DataFrame, places: list[Place]) -> list[str]:
    """Return the name of each place."""
    if isinstance(grid, pd.DataFrame) and "place" in grid.columns:
        return [str(name) for name in grid["place"]]
    return [f"p{i + 1:03d}" for i in range(len(places))]
