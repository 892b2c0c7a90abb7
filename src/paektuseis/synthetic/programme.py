"""The default programme: what happens in a simulated hour."""

from __future__ import annotations

from dataclasses import replace
from math import nan
from typing import TypedDict

import numpy as np
from obspy import UTCDateTime
from obspy.geodetics import gps2dist_azimuth

from ..network import Network
from ._random import PROGRAMME, generator
from .sources import SourceEvent

WARM_UP = 170.0  # s without an event at the start, so that detectors are warm

# kind -> seconds kept free for it, and in how many hours it comes once
_ROOM = {
    "VT": 72.0,
    "small VT": 66.0,
    "LP": 85.0,
    "hybrid": 90.0,
    "harmonic": 95.0,
    "tremor": 335.0,
    "VLP": 130.0,
    "explosion": 200.0,
    "regional": 270.0,
    "teleseism": 320.0,
    "quiet": 80.0,
}
_HOURS_BETWEEN = {"tremor": 4, "VLP": 3, "explosion": 24, "regional": 6, "teleseism": 12}
_DECK = (
    "VT",
    "LP",
    "VT",
    "hybrid",
    "VT",
    "harmonic",
    "VT",
    "small VT",
    "VT",
    "explosion",
    "VT",
    "VT",
    "LP",
    "tremor",
    "VT",
    "quiet",
    "VT",
    "teleseism",
    "VT",
    "hybrid",
    "VT",
    "VLP",
    "small VT",
    "VT",
    "regional",
    "VT",
    "quiet",
    "LP",
    "VT",
    "small VT",
    "VT",
)


class _Mechanism(TypedDict):
    strike: float
    dip: float
    rake: float


def default_programme(
    network: Network, *, starttime: UTCDateTime, duration: float, seed: int
) -> tuple[SourceEvent, ...]:
    """Return a mixed programme of events that scales with the duration.

    Parameters
    ----------
    network : Network
        Local events lie under and beside its reference point; explosions come
        from its nuclear test site and deep earthquakes from its source of
        kind ``"deep earthquakes"``, where it has one.
    starttime : UTCDateTime
    duration : float
        Seconds.
    seed : int

    Returns
    -------
    tuple of SourceEvent
        In order of time.

    Notes
    -----
    Each hour holds in a fixed order 15 VT of Mw 0.9 to 2.0, 3 small VT near
    the limit of detection, 3 LP, 2 hybrid events and 1 harmonic event; in
    every 3rd hour a VLP pulse, in every 4th gliding tremor, in every 6th a
    regional earthquake, in every 12th a deep earthquake and in every 24th a
    distant explosion: the first hour has one of each. Twice an hour 80 s stay
    quiet. No event begins in the first 170 s, and each has time to end before
    the next. A shorter duration ends the order early. Where the regional
    earthquake lies is invented.
    """
    events: list[SourceEvent] = []
    hour = 0
    while hour * 3600.0 < duration:
        deck = [k for k in _DECK if hour % _HOURS_BETWEEN.get(k, 1) == 0]
        rng = generator(seed, PROGRAMME, hour)
        room = sum(_ROOM[k] for k in deck)
        slack = 3600.0 - WARM_UP - room
        shares = rng.dirichlet(np.full(len(deck) + 1, 3.0)) * slack
        clock = hour * 3600.0 + WARM_UP
        sizes = iter(rng.permutation(np.linspace(0.9, 2.0, deck.count("VT"))))
        for kind, pause in zip(deck, shares[:-1], strict=True):
            clock += float(pause)
            if clock + _ROOM[kind] > duration:
                return tuple(events)
            size = float(next(sizes)) if kind == "VT" else nan
            if kind == "quiet":
                clock += _ROOM[kind]
                continue
            event = _make(kind, size, network, starttime + clock, rng)
            if event is not None:
                events.append(_rounded(event))
            clock += _ROOM[kind]
        hour += 1
    return tuple(events)


def _make(
    kind: str, size: float, network: Network, time: UTCDateTime, rng: np.random.Generator
) -> SourceEvent | None:
    """Make one event whose first arrival comes soon after ``time``."""
    spread = 1.5  # km
    east, north = rng.normal(0.0, spread, 2)
    latitude = network.latitude + north / 111.2
    longitude = network.longitude + east / (111.2 * np.cos(np.radians(network.latitude)))
    depth = float(rng.uniform(-1.0, 8.0))
    mechanism: _Mechanism = {
        "strike": float(rng.normal(135.0, 20.0) % 360),
        "dip": float(rng.uniform(60.0, 88.0)),
        "rake": float(rng.uniform(-60.0, 60.0)),
    }
    unit = rng.uniform(size=4)
    if kind in ("VT", "small VT"):
        magnitude = size if kind == "VT" else float(0.2 + 0.4 * unit[0])
        return SourceEvent(
            kind="VT",
            time=time,
            latitude=latitude,
            longitude=longitude,
            depth_km=depth,
            magnitude=magnitude,
            stress_drop=1.0 + 3.0 * unit[1],
            **mechanism,
        )
    if kind == "hybrid":
        return SourceEvent(
            kind="hybrid",
            time=time,
            latitude=latitude,
            longitude=longitude,
            depth_km=min(depth, 3.0),
            magnitude=1.1 + 0.5 * unit[0],
            reduced_displacement=3.0 + 3.0 * unit[1],
            frequency=1.6 + 0.8 * unit[2],
            quality=18.0,
            **mechanism,
        )
    if kind == "LP":
        return SourceEvent(
            kind="LP",
            time=time,
            latitude=latitude,
            longitude=longitude,
            depth_km=0.3 * depth,
            reduced_displacement=6.0 + 5.0 * unit[0],
            frequency=1.2 + 1.0 * unit[1],
            quality=12.0 + 12.0 * unit[2],
        )
    if kind == "harmonic":
        return SourceEvent(
            kind="harmonic",
            time=time,
            latitude=latitude,
            longitude=longitude,
            depth_km=0.3 * depth,
            reduced_displacement=7.0,
            duration=36.0,
            frequency=1.1 + 0.3 * unit[0],
            overtones=5,
        )
    if kind == "tremor":
        f0 = 1.0 + 0.2 * unit[0]
        return SourceEvent(
            kind="tremor",
            time=time,
            latitude=latitude,
            longitude=longitude,
            depth_km=0.2 * depth,
            reduced_displacement=9.0,
            duration=270.0,
            frequency=f0,
            frequency_end=f0 * (1.5 + 0.3 * unit[1]),
            overtones=5,
        )
    if kind == "VLP":
        return SourceEvent(
            kind="VLP",
            time=time,
            latitude=latitude,
            longitude=longitude,
            depth_km=1.0 + 3.0 * unit[0],
            magnitude=4.1,
            duration=16.0,
        )
    return _distant(kind, network, time, mechanism, unit)


def _rounded(event: SourceEvent) -> SourceEvent:
    """The event with figures that a table can hold exactly."""
    return replace(
        event,
        time=UTCDateTime(ns=round(event.time.ns, -6)),
        latitude=round(float(event.latitude), 5),
        longitude=round(float(event.longitude), 5),
        depth_km=round(float(event.depth_km), 3),
        magnitude=round(float(event.magnitude), 2),
        stress_drop=round(float(event.stress_drop), 2),
        frequency=round(float(event.frequency), 2),
        frequency_end=round(float(event.frequency_end), 2),
        quality=round(float(event.quality), 1),
        reduced_displacement=round(float(event.reduced_displacement), 1),
    )


def _distant(
    kind: str,
    network: Network,
    time: UTCDateTime,
    mechanism: _Mechanism,
    unit: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> SourceEvent | None:
    if kind == "regional":  # an invented place 250 km away
        angle = np.radians(215.0)
        latitude = network.latitude + 250.0 * np.cos(angle) / 111.2
        longitude = network.longitude + 250.0 * np.sin(angle) / (
            111.2 * np.cos(np.radians(latitude))
        )
        return SourceEvent(
            kind="regional",
            time=time - 34.0,
            latitude=float(latitude),
            longitude=float(longitude),
            depth_km=12.0,
            magnitude=2.9 + 0.3 * unit[0],
            stress_drop=5.0,
            **mechanism,
        )
    wanted = "nuclear test site" if kind == "explosion" else "deep earthquakes"
    places = [s for s in network.sources if s.kind == wanted]
    if not places:
        return None
    place = places[0]
    if kind == "explosion":
        away = (
            gps2dist_azimuth(network.latitude, network.longitude, place.latitude, place.longitude)[
                0
            ]
            / 1e3
        )
        return SourceEvent(
            kind="explosion",
            time=time - away / 9.0,
            latitude=place.latitude,
            longitude=place.longitude,
            depth_km=-0.5,
            magnitude=2.8,
            stress_drop=10.0,
        )
    depth = float(np.clip(place.depth_km if np.isfinite(place.depth_km) else 555.0, 540.0, 570.0))
    return SourceEvent(
        kind="teleseism",
        time=time - 66.0,
        latitude=place.latitude,
        longitude=place.longitude,
        depth_km=depth,
        magnitude=5.2,
        stress_drop=20.0,
        **mechanism,
    )
