"""Which stations agree: detections, events and rates of a network, wherever a day is cut.

A span is judged with the triggers of some time before and after it. What is kept is what
begins inside it, so a day, its six-hour pieces and a month give the same detections.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from obspy import UTCDateTime

from .. import tables
from ..catalog import event_rate, event_table
from ..catalog._columns import nanoseconds
from ..config import DetectorSettings, Settings
from ..detection import coincidence_candidates, synchronised
from ..network import Network
from ..times import as_timestamp

IntArray = NDArray[np.int64]

MAX_LAG = 30.0
"""Seconds within which two detectors may begin to see the same event (``event_table``)."""


def stations_needed(detector: DetectorSettings, alive: int) -> int:
    """Return how many stations must agree, given how many have data.

    A number in the settings is taken as it is. 0 means two thirds of the stations
    with data, rounded up, but never fewer than three while three or more live (fewer
    cannot tell an event from a coincidence of noises), and all of them below that.
    """
    if detector.min_stations:
        return detector.min_stations
    return max(1, min(alive, max(3, math.ceil(2 * alive / 3))))


def within(frame: pd.DataFrame, start: UTCDateTime, end: UTCDateTime) -> pd.DataFrame:
    """Return the rows that begin in the half-open span."""
    column = "time" if "time" in frame.columns else "starttime"
    inside = (frame[column] >= as_timestamp(start)) & (frame[column] < as_timestamp(end))
    return frame[inside].reset_index(drop=True)


def detect_network(
    triggers: pd.DataFrame,
    monitoring: pd.DataFrame,
    settings: Settings,
    network: Network | None,
    since: UTCDateTime,
) -> pd.DataFrame:
    """Return the detections of all detectors, vetoed ones included.

    Parameters
    ----------
    triggers, monitoring : DataFrame
        ``tables.TRIGGERS`` and ``tables.MONITORING`` of all channels, from some time before the
        span to some time after it.
    settings : Settings
    network : Network or None
        Positions, for the move-out.
    since : UTCDateTime
        Begin of the span.

    Returns
    -------
    DataFrame
        ``tables.DETECTIONS``; those that begin before ``since`` may be wrong.
    """
    good = triggers[triggers["flag"] == ""]
    stations = network.station_table() if network is not None else None
    found = []
    for detector in settings.detectors:
        mine = good[good["detector"] == detector.name].reset_index(drop=True)
        if not len(mine):
            continue
        reach = detector.window + (0.0 if stations is None else _crossing(stations, detector))
        mine = synchronised(mine, since=since, reach=reach)
        listening = monitoring[monitoring["detector"] == detector.name]
        edges, need = needed_stations(listening, detector)
        candidates = [
            _of_need(
                coincidence_candidates(
                    mine,
                    min_stations=count,
                    window=detector.window,
                    stations=stations,
                    velocity=detector.velocity,
                ),
                edges,
                need,
                count,
            )
            for count in sorted(set(need.tolist()))
        ]
        found.append(_apart(candidates) if len(candidates) > 1 else candidates[0])
    return tables.DETECTIONS.concat(found).sort_values(["starttime", "event_id"], ignore_index=True)


def needed_stations(
    monitoring: pd.DataFrame, detector: DetectorSettings
) -> tuple[IntArray, IntArray]:
    """Return since when (ns) how many stations must agree: edges (n,) and counts (n,).

    The first count also holds before the first edge. Stations count while one of
    their channels is monitored.
    """
    rows = monitoring[monitoring["state"] == "monitored"]
    if detector.min_stations or not len(rows):
        return np.zeros(1, np.int64), np.array([stations_needed(detector, 0)], np.int64)
    spans = pd.DataFrame(
        {
            "station": rows["trace_id"].map(tables.station_of),
            "begin": nanoseconds(rows["starttime"]),
            "end": nanoseconds(rows["endtime"]),
        }
    ).sort_values(["station", "begin"], ignore_index=True)
    times, steps = [], []
    for _, part in spans.groupby("station", sort=True):
        low, high = part["begin"].to_numpy(), np.maximum.accumulate(part["end"].to_numpy())
        fresh = np.append(True, low[1:] > high[:-1])
        last = np.append(np.flatnonzero(fresh)[1:] - 1, len(high) - 1)
        times += [low[fresh], high[last]]
        steps += [np.ones(int(fresh.sum()), np.int64), -np.ones(len(last), np.int64)]
    at = np.concatenate(times)
    edges, inverse = np.unique(at, return_inverse=True)
    change = np.zeros(len(edges), np.int64)
    np.add.at(change, inverse, np.concatenate(steps))
    alive = np.cumsum(change)
    need = np.array([stations_needed(detector, int(n)) for n in alive], np.int64)
    keep = np.append(True, np.diff(need) != 0)
    return edges[keep], need[keep]


def _of_need(found: pd.DataFrame, edges: IntArray, need: IntArray, count: int) -> pd.DataFrame:
    """Return the candidates that begin while ``count`` stations are needed."""
    if not len(found):
        return found
    when = np.searchsorted(edges, nanoseconds(found["starttime"]), side="right") - 1
    kept: pd.DataFrame = found[need[np.maximum(when, 0)] == count]
    return kept


def _apart(candidates: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Join candidates of different needs; of two that overlap the earlier stays."""
    joined = tables.DETECTIONS.concat(candidates).sort_values(
        ["starttime", "event_id"], ignore_index=True
    )
    begin, end = nanoseconds(joined["starttime"]), nanoseconds(joined["endtime"])
    keep = np.ones(len(joined), bool)
    until = np.iinfo(np.int64).min
    for i in range(len(joined)):
        keep[i] = begin[i] > until
        if keep[i]:
            until = end[i]
    return joined[keep].reset_index(drop=True)


def _crossing(stations: pd.DataFrame, detector: DetectorSettings) -> float:
    """Return the longest move-out between two stations, in seconds."""
    places = stations.dropna(subset=["latitude", "longitude"])
    if len(places) < 2:
        return 0.0
    latitude = np.radians(places["latitude"].to_numpy())
    longitude = np.radians(places["longitude"].to_numpy())
    north = 6371.0 * np.ptp(latitude)
    east = 6371.0 * np.ptp(longitude) * float(np.cos(latitude).max())
    return float(np.hypot(north, east)) / detector.velocity * 1.01  # a box round the stations


def draft_events(
    detections: pd.DataFrame, settings: Settings, since: UTCDateTime, **measured: pd.DataFrame
) -> pd.DataFrame:
    """Merge the detections of all detectors to events, from a quiet moment before ``since`` on.

    Parameters
    ----------
    detections : DataFrame
        ``tables.DETECTIONS`` without vetoed rows.
    settings : Settings
    since : UTCDateTime
        Begin of the span.
    **measured
        Handed to :func:`paektuseis.event_table`.

    Returns
    -------
    DataFrame
        ``tables.EVENTS``.
    """
    gap = settings.events.merge_gap
    if len(detections):
        begin = nanoseconds(detections["starttime"])
        reach = round(max(gap, MAX_LAG) * 1e9)
        apart = np.append(True, np.diff(begin) > reach) & (begin <= int(since.ns))
        start = int(np.flatnonzero(apart)[-1]) if apart.any() else 0
        detections = detections.iloc[start:].reset_index(drop=True)
    return event_table(detections, merge_gap=gap, max_lag=MAX_LAG, **measured)


def network_rates(
    detections: pd.DataFrame,
    monitoring: pd.DataFrame,
    settings: Settings,
    start: UTCDateTime,
    end: UTCDateTime,
    window: float,
) -> pd.DataFrame:
    """Return the rate of each detector in windows of the span.

    Parameters
    ----------
    detections : DataFrame
        ``tables.DETECTIONS`` without vetoed rows.
    monitoring : DataFrame
        ``tables.MONITORING``.
    settings : Settings
    start, end : UTCDateTime
    window : float
        Seconds.

    Returns
    -------
    DataFrame
        ``tables.RATES``; ``min_stations`` is what was needed with the stations that lived in
        that window.
    """
    rates = []
    for detector in settings.detectors:
        mine = monitoring[monitoring["detector"] == detector.name]
        seen = detections[detections["detector"] == detector.name]

        def counted(
            need: int,
            seen: pd.DataFrame = seen,
            mine: pd.DataFrame = mine,
            name: str = detector.name,
        ) -> pd.DataFrame:
            return event_rate(
                seen, window=window, starttime=start, endtime=end, monitoring=mine,
                min_stations=need, group=name,
            )  # fmt: skip

        if detector.min_stations:
            rates.append(counted(detector.min_stations))
            continue
        alive = _alive(mine, start, end, window)
        need = [stations_needed(detector, int(n)) for n in alive]
        parts = {n: counted(n) for n in sorted(set(need))}
        table = pd.concat([parts[n].iloc[i : i + 1] for i, n in enumerate(need)])
        rates.append(table)
    return tables.RATES.concat(rates)


def _alive(
    monitoring: pd.DataFrame, start: UTCDateTime, end: UTCDateTime, window: float
) -> IntArray:
    """Return how many stations were monitored at some time of each window."""
    count = max(1, math.ceil((end - start) / window - 1e-9))
    edges = int(start.ns) + np.rint(np.arange(count + 1) * (window * 1e9)).astype(np.int64)
    rows = monitoring[monitoring["state"] == "monitored"]
    names = sorted({tables.station_of(t) for t in rows["trace_id"].unique()})
    number = {name: i for i, name in enumerate(names)}
    station = np.array([number[tables.station_of(t)] for t in rows["trace_id"]], np.int64)
    seen = np.zeros((count, max(len(names), 1)), bool)
    first = np.searchsorted(edges, nanoseconds(rows["starttime"]), side="right") - 1
    last = np.searchsorted(edges, nanoseconds(rows["endtime"]), side="left")
    for one, low, high in zip(station, np.maximum(first, 0), last, strict=True):
        seen[low:high, one] = True
    return np.asarray(seen.sum(axis=1), np.int64)
