"""Detections of several detectors, merged to events with their measures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .. import tables
from ..errors import ParameterError
from ._columns import nanoseconds, without_vetoed

IntArray = NDArray[np.int64]


def event_table(
    detections: pd.DataFrame,
    *,
    attributes: pd.DataFrame | None = None,
    amplitudes: pd.DataFrame | None = None,
    quality: pd.DataFrame | None = None,
    merge_gap: float = 3.0,
    max_lag: float = 30.0,
) -> pd.DataFrame:
    """Merge the detections of several detectors to events.

    Two detections of different detectors are one event if their starts are within
    ``merge_gap``, or if they overlap in time and their starts are within ``max_lag``
    (a low band takes longer to see the same onset). Two detections of one
    detector never are: it has judged them to be separate, so an earthquake inside a long tremor
    stays an event of its own once another has been merged with the tremor. Of several
    events a detection could join it takes the one that begins nearest.

    An event takes ``event_id`` and ``time`` from its earliest detection (of equal starts: the one
    with more stations, then by name), ``best_trace_id`` and ``peak_ratio`` from the
    largest ratio, and the union of stations and channels.

    Parameters
    ----------
    detections : DataFrame
        Table ``tables.DETECTIONS`` of one or more detectors; rows with a veto are left out.
    attributes, amplitudes : DataFrame, optional
        Tables ``tables.ATTRIBUTES`` and ``tables.AMPLITUDES`` with ``event_id``: values of the
        best channel are filled in (``dominant_frequency``, ``frequency_index``; the largest
        ``peak_abs``), else of another channel of its station, else NaN.
    quality : DataFrame, optional
        Table ``tables.QUALITY``: warnings and errors on a channel of the event
        on samples that touch its time become ``flags`` ("check trace_id").
    merge_gap, max_lag : float, optional
        Seconds.

    Returns
    -------
    DataFrame
        Table ``tables.EVENTS``, by time.

    Raises
    ------
    ParameterError
        If a table lacks its columns or a time is negative.

    Examples
    --------
    >>> from paektuseis import tables
    >>> seen = tables.DETECTIONS.frame([
    ...     {"event_id": f"{band}-1", "starttime": f"2010-09-01T00:00:0{second}",
    ...      "endtime": "2010-09-01T00:00:20", "n_stations": 1, "trace_ids": ("1U.A..HHZ",),
    ...      "detector": band} for band, second in (("vt", 1), ("lp", 4))])
    >>> event_table(seen)[["event_id", "detectors"]].values.tolist()
    [['vt-1', ('vt', 'lp')]]
    """
    tables.DETECTIONS.check(detections)
    for name, value in (("merge_gap", merge_gap), ("max_lag", max_lag)):
        if not (np.isfinite(value) and value >= 0):
            raise ParameterError(f"{name}={value} s; give zero or a positive time")
    found = without_vetoed(detections)
    if not len(found):
        return tables.EVENTS.frame()
    found = found.assign(
        _start=nanoseconds(found["starttime"]),
        _end=nanoseconds(found["endtime"]),
        detector=found["detector"].astype(str) if "detector" in found.columns else "",
        peak_ratio=found["peak_ratio"] if "peak_ratio" in found.columns else np.nan,
        best_trace_id=found["best_trace_id"] if "best_trace_id" in found.columns else "",
    )
    found = found.sort_values(
        ["_start", "n_stations", "event_id"], ascending=[True, False, True], ignore_index=True
    )
    groups = _merge(
        found["_start"].to_numpy(),
        found["_end"].to_numpy(),
        list(found["detector"]),
        round(merge_gap * 1e9),
        round(max_lag * 1e9),
    )
    columns = {name: found[name].tolist() for name in found.columns}
    rows = [_row(columns, members) for members in groups]
    events = tables.EVENTS.frame(rows)
    if attributes is not None and len(attributes):
        _fill_attributes(events, attributes)
    if amplitudes is not None and len(amplitudes):
        _fill_amplitudes(events, amplitudes)
    if quality is not None and len(quality):
        _fill_flags(events, quality)
    return events


def _merge(
    start: IntArray, end: IntArray, detectors: list[str], gap: int, lag: int
) -> list[list[int]]:
    """Return the rows of each event; rows are sorted by start."""
    groups: list[list[int]] = []
    alive: list[int] = []  # events that may still take a detection
    reach = max(gap, lag)
    for i in range(len(start)):
        alive = [g for g in alive if start[i] - start[groups[g][0]] <= reach]
        best, nearest = -1, reach + 1
        for g in alive:
            members = groups[g]
            if any(detectors[m] == detectors[i] for m in members):
                continue
            apart = int(start[i] - start[members[0]])
            overlaps = start[i] <= max(end[m] for m in members)
            if (apart <= gap or (overlaps and apart <= lag)) and apart < nearest:
                best, nearest = g, apart
        if best < 0:
            alive.append(len(groups))
            groups.append([i])
        else:
            groups[best].append(i)
    return groups


def _row(columns: dict[str, list[Any]], members: list[int]) -> dict[str, Any]:
    first = members[0]
    ratios = [columns["peak_ratio"][m] for m in members]
    best = members[int(np.argmax([-np.inf if np.isnan(r) else r for r in ratios]))]
    traces = tuple(dict.fromkeys(t for m in members for t in columns["trace_ids"][m]))
    end = max(columns["endtime"][m] for m in members)
    stations = {tables.station_of(t) for t in traces}
    return {
        "event_id": columns["event_id"][first],
        "time": columns["starttime"][first],
        "endtime": end,
        "duration": (end - columns["starttime"][first]).total_seconds(),
        "n_stations": max(len(stations), *(columns["n_stations"][m] for m in members), 0),
        "detectors": tuple(dict.fromkeys(columns["detector"][m] for m in members)),
        "trace_ids": traces,
        "best_trace_id": columns["best_trace_id"][best],
        "peak_ratio": columns["peak_ratio"][best],
    }


def _nearest_channel(rows: pd.DataFrame, best: str) -> pd.DataFrame:
    """Return the rows of the best channel, else of the first other one of its station."""
    exact = rows[rows["trace_id"] == best]
    if len(exact):
        return exact
    ids = sorted({t for t in rows["trace_id"] if tables.station_of(t) == tables.station_of(best)})
    return rows[rows["trace_id"].isin(ids[:1])]


def _by_event(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {str(name): part for name, part in table.groupby("event_id", sort=False)}


def _fill_attributes(events: pd.DataFrame, attributes: pd.DataFrame) -> None:
    tables.ATTRIBUTES.check(attributes, need=("trace_id", "attribute", "value", "event_id"))
    names = ("dominant_frequency", "frequency_index")
    parts = _by_event(attributes[attributes["attribute"].isin(names)])
    for i, (event, best) in enumerate(
        zip(events["event_id"], events["best_trace_id"], strict=True)
    ):
        if event not in parts:
            continue
        for name in names:
            rows = parts[event]
            rows = _nearest_channel(rows[rows["attribute"] == name].dropna(subset="value"), best)
            if len(rows):
                events.loc[i, name] = float(rows["value"].iloc[0])


def _fill_amplitudes(events: pd.DataFrame, amplitudes: pd.DataFrame) -> None:
    tables.AMPLITUDES.check(
        amplitudes, need=("trace_id", "value", "units", "statistic", "event_id")
    )
    parts = _by_event(amplitudes[amplitudes["statistic"] == "peak_abs"].dropna(subset="value"))
    for i, (event, best) in enumerate(
        zip(events["event_id"], events["best_trace_id"], strict=True)
    ):
        rows = _nearest_channel(parts[event], best) if event in parts else None
        if rows is not None and len(rows):
            top = rows.iloc[int(np.argmax(rows["value"].to_numpy()))]
            events.loc[i, "peak_amplitude"] = float(top["value"])
            events.loc[i, "peak_units"] = str(top["units"])


def _fill_flags(events: pd.DataFrame, quality: pd.DataFrame) -> None:
    tables.QUALITY.check(quality, need=("trace_id", "starttime", "endtime", "check", "severity"))
    of_samples = ~quality["check"].isin(tables.METADATA_CHECKS)
    bad = quality[of_samples & quality["severity"].isin(tables.SEVERITIES[1:])].dropna(
        subset=["starttime", "endtime"]
    )
    spans = {
        str(name): (nanoseconds(p["starttime"]), nanoseconds(p["endtime"]), p["check"].to_numpy())
        for name, p in bad.groupby("trace_id", sort=True)
    }
    begin, until = nanoseconds(events["time"]), nanoseconds(events["endtime"])
    flags = []
    for i, traces in enumerate(events["trace_ids"]):
        found = []
        for name in traces:
            if name in spans:
                low, high, check = spans[name]
                touched = check[(low <= until[i]) & (high >= begin[i])]
                found += [f"{c} {name}" for c in dict.fromkeys(touched)]
        flags.append(tuple(found))
    events["flags"] = pd.Series(flags, dtype="object", index=events.index)
