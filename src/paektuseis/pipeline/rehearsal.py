"""Compiling ahead: a channel and an event of a rehearsal, measured as real ones will be."""

from __future__ import annotations

from typing import cast

import numpy as np
from obspy import Inventory, Stream, Trace, UTCDateTime

from ..config import Settings
from ..io import Archive
from ..network import Network, load_network
from .channel import process_channel
from .event import process_event

RATE = 100.0
BEGIN = UTCDateTime(2000, 1, 1)
BEFORE, LENGTH = 90.0, 600.0
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
    stream, network, inventory = _stage()
    onset = BEGIN + BEFORE
    result = process_event(
        stream.slice(BEGIN, BEGIN + 2 * BEFORE),
        {"event_id": "rehearsal", "time": onset + 1.0, "endtime": onset + 15.0},
        inventory=inventory,
        network=network,
        settings=settings,
    )
    return len(result.understanding.picks)


def rehearse_channel(settings: Settings | None = None) -> int:
    """Measure ten minutes of one channel, so that the kernels of channels are compiled.

    Parameters
    ----------
    settings : Settings, optional
        Its detectors and measures are rehearsed.

    Returns
    -------
    int
        Number of triggers; of no interest.
    """
    stream, _, inventory = _stage()
    name = stream[0].id
    day = process_channel(
        cast(Archive, _Shelf(stream)),
        name,
        BEGIN,
        BEGIN + LENGTH,
        settings or Settings(),
        inventory,
    )
    return len(day.triggers)


class _Shelf:
    """Records in memory, read as those of an archive are."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def read(self, trace_id: str, start: UTCDateTime, end: UTCDateTime) -> Stream:
        return self._stream.select(id=trace_id).slice(start, end)


def _stage() -> tuple[Stream, Network, Inventory]:
    """Return noise with one shot under the first stations of a shipped network, in counts."""
    from ..synthetic import INSTRUMENTS, make_inventory

    network = load_network("paektu").select(["1U.*"])
    stations = network.stations[:STATIONS]
    inventory = make_inventory(
        stations,
        sampling_rate=RATE,
        starttime=BEGIN - 3600.0,
        endtime=BEGIN + 2 * LENGTH,
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
            samples = rng.normal(0.0, 100.0, round(LENGTH * RATE))
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
