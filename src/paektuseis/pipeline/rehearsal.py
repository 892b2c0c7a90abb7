"""Compiling ahead: a channel and an event of a rehearsal, measured as real ones will be."""

from __future__ import annotations

from typing import cast

import numpy as np
import pandas as pd
from obspy import Inventory, Stream, Trace, UTCDateTime

from .. import tables
from ..config import Settings
from ..detection import coincidence_candidates, match_detections
from ..io import Archive
from ..network import Network, load_network
from ._shelf import Shelf
from .channel import process_channel
from .event import process_event

RATE = 100.0
BEGIN = UTCDateTime(2000, 1, 1)
BEFORE, AFTER = 90.0, 90.0
HOUR = 3600.0
STATIONS = 4
DEPTH_KM, P_SPEED, S_SPEED = 5.0, 5.5, 3.2


def rehearse_event(settings: Settings | None = None) -> int:
    """Measure one event of a rehearsal, so that the kernels of events are compiled.

    Compiled kernels are kept on disk; on a machine where they are not there yet, a process that
    would only wait can compile what another will need next.

    Parameters
    ----------
    settings : Settings, optional
        Its measures are rehearsed.

    Returns
    -------
    int
        Number of picks; of no interest.
    """
    stream, network, inventory = _stage(STATIONS, BEFORE + AFTER)
    onset = BEGIN + BEFORE
    found = coincidence_candidates(_triggers(stream, onset), min_stations=2, window=2.0)
    result = process_event(
        stream,
        {"event_id": "rehearsal", "time": onset + 1.0, "endtime": onset + 15.0},
        inventory=inventory,
        network=network,
        settings=settings,
    )
    match_detections(found, found, time_column="starttime")
    return len(result.understanding.picks)


def rehearse_channel(settings: Settings | None = None) -> int:
    """Measure an hour of one channel, so that the kernels of channels are compiled.

    Parameters
    ----------
    settings : Settings, optional
        Its detectors and measures are rehearsed.

    Returns
    -------
    int
        Number of triggers; of no interest.
    """
    stream, _, inventory = _stage(1, HOUR)
    name = stream[0].id
    day = process_channel(
        cast(Archive, Shelf(stream)),
        name,
        BEGIN,
        BEGIN + HOUR,
        settings or Settings(),
        inventory,
    )
    return len(day.triggers)


def _triggers(stream: Stream, onset: UTCDateTime) -> pd.DataFrame:
    """Return a trigger of each vertical, one after the other."""
    names = [t.id for t in stream if t.stats.channel.endswith("Z")]
    return tables.TRIGGERS.frame(
        {
            "trace_id": name,
            "starttime": onset + 0.1 * i,
            "endtime": onset + 5.0,
            "peak_ratio": 5.0,
            "peak_time": onset + 1.0,
        }
        for i, name in enumerate(names)
    )


def _stage(count: int, length: float) -> tuple[Stream, Network, Inventory]:
    """Return noise with one shot under the first stations of a shipped network, in counts."""
    from ..synthetic import INSTRUMENTS, make_inventory

    network = load_network("paektu").select(["1U.*"])
    stations = network.stations[:count]
    inventory = make_inventory(
        stations,
        sampling_rate=RATE,
        starttime=BEGIN - HOUR,
        endtime=BEGIN + 2 * HOUR,
        sensor=INSTRUMENTS["CMG-3ESP 30 s"],
    )
    latitude = float(np.mean([s.latitude for s in stations]))
    longitude = float(np.mean([s.longitude for s in stations]))
    rng = np.random.default_rng(0)
    stream = Stream()
    for station in stations:
        north = 111.2 * (station.latitude - latitude)
        east = 111.2 * (station.longitude - longitude) * np.cos(np.radians(latitude))
        far = float(np.sqrt(north**2 + east**2 + DEPTH_KM**2))
        for component, size in (("Z", 3e4), ("N", 6e4), ("E", 6e4)):
            samples = rng.normal(0.0, 100.0, round(length * RATE))
            for speed, share in ((P_SPEED, 0.5), (S_SPEED, 1.0)):
                first = round((BEFORE + far / speed) * RATE)
                time = np.arange(round(10.0 * RATE)) / RATE
                pulse = np.exp(-time) * np.sin(2 * np.pi * 6.0 * time)
                samples[first : first + len(pulse)] += share * size * pulse
            trace = Trace(samples.astype(np.int32))
            trace.stats.update(
                {"network": station.network, "station": station.station, "starttime": BEGIN}
            )
            trace.stats.channel = "HH" + component
            trace.stats.sampling_rate = RATE
            stream.append(trace)
    return stream, network, inventory
