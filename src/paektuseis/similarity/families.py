"""Families: events whose records look alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from obspy import UTCDateTime
from scipy.cluster import hierarchy
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ..errors import ParameterError
from ..tables import FAMILIES, station_of
from ._pairs import compare, condensed_correlation, place
from ._prepare import Preparation, as_source
from ._windows import Event, StationWindows, read_windows
from .templates import windows_of

LINKAGES = ("average", "single", "complete")
SLACK = 1e-6
"""What single precision may take from a correlation: added to the distance at the cut."""


@dataclass(frozen=True)
class _Compared:
    events: list[Event]
    stations: list[StationWindows]
    pairs: NDArray[np.float32]  # condensed


def find_families(
    stream: Any,
    detections: pd.DataFrame,
    *,
    min_correlation: float = 0.7,
    before: float = 1.0,
    length: float = 10.0,
    freqmin: float | None = 1.0,
    freqmax: float | None = 10.0,
    max_shift: float = 1.0,
    trace_ids: str | Iterable[str] | None = None,
    min_stations: int = 1,
    linkage: str = "average",
    corners: int = 4,
    sampling_rate: float | None = None,
    problems: list[str] | None = None,
) -> pd.DataFrame:
    r"""Sort events into families of like waveforms.

    Parameters
    ----------
    stream : Stream, Trace or Archive
        The record, unfiltered. From an archive each event is read by itself.
    detections : DataFrame
        ``tables.DETECTIONS`` or ``tables.EVENTS`` (any table with ``time`` or ``starttime``): one
        event for each row, windows at one instant on all channels. ``tables.PICKS``: one event
        for each ``event_id``, windows at each station's P; a station without a P pick is left out
        (unless there is no P in the table at all).
    min_correlation : float, optional
        Above 0, up to 1. Families are the clusters whose distance ``1 - correlation`` (as
        ``linkage`` defines it between clusters) does not exceed ``1 - min_correlation``.
    before : float, optional
        Seconds by which a window begins before the event or the pick.
    length : float, optional
        Seconds of each window.
    freqmin, freqmax : float or None, optional
        Corners of a causal Butterworth filter in hertz; both None: no filter.
    max_shift : float, optional
        Largest lag tried, in seconds, either way.
    trace_ids : str or iterable of str, optional
        Channels compared, wildcards allowed. By default every seismic channel of one station: that
        with the largest sum of ``peak_ratio`` over the events it is ``best_trace_id`` of; where
        the table does not tell, of all stations.
    min_stations : int, optional
        Stations two events must have in common to be compared.
    linkage : {"average", "single", "complete"}, optional
        How far apart two clusters are: mean, least or largest distance of their members.
    corners : int, optional
        Order of the filter.
    sampling_rate : float, optional
        Bring the record down to this rate (hertz) first; it must divide the record's.
    problems : list of str, optional
        Collects what was left out, and why.

    Returns
    -------
    DataFrame
        ``tables.FAMILIES``, one row for each event, by time. ``family`` is the ``event_id`` of the
        earliest member, ``''`` for an event alike to none, whose correlation is NaN. The master
        has the largest mean correlation with the others of its family. ``time + lag`` of a member
        stands where ``time`` of the master does. ``relative_magnitude`` is log10 of the factor by
        which the master fits the member best (least squares, aligned). ``n_stations`` are those
        compared with the master; for an event in no family those with a window.

    Raises
    ------
    ParameterError
        If an option is out of range, the table has no times, or an ``event_id`` comes twice.

    Notes
    -----
    For windows :math:`x` and :math:`y` of one channel, without their means, and a lag :math:`k`,
    :math:`c(k) = \sum_n x_n y_{n+k} / \sqrt{\sum x^2 \sum y^2}` (no sample beyond a window).
    The correlation at a station is the largest value of the mean of :math:`c(k)` over the
    channels both events have; that of two events is the mean over stations. A window that is not
    wholly there, or half of which stands still, is left out. Events that cannot be compared count
    as uncorrelated.

    References
    ----------
    Geller, R. J. and Mueller, C. S. (1980). Four similar earthquakes in central California.
    Geophysical Research Letters 7, 821-824.

    Petersen, T., Caplan-Auerbach, J. and McNutt, S. R. (2006). Sustained long-period seismicity
    at Shishaldin Volcano, Alaska. Journal of Volcanology and Geothermal Research 151, 365-381.

    Examples
    --------
    >>> from obspy import Trace
    >>> wave = 9 * np.sin(np.arange(200) / 4) * np.hanning(200)
    >>> x = np.random.default_rng(1).normal(size=9000)
    >>> for at, size in ((1000, 1), (4000, 10)):
    ...     x[at : at + 200] += size * wave
    >>> times = pd.to_datetime([20, 80, 140], unit="s", utc=True)
    >>> events = pd.DataFrame({"event_id": ["a", "b", "c"], "time": times})
    >>> trace = Trace(x, {"sampling_rate": 50.0})
    >>> found = find_families(trace, events, length=4, before=0, freqmin=None, freqmax=None)
    >>> found["family"].tolist()
    ['a', 'a', '']
    """
    if linkage not in LINKAGES:
        raise ParameterError(f"linkage={linkage!r}; give one of {', '.join(LINKAGES)}")
    if isinstance(min_correlation, bool) or not 0 < min_correlation <= 1:
        raise ParameterError(f"min_correlation={min_correlation}; give a share above 0, up to 1")
    prep = Preparation(
        freqmin=freqmin, freqmax=freqmax, corners=corners, sampling_rate=sampling_rate
    )
    notes = problems if problems is not None else []
    found = _compared(
        stream, detections, prep, before, length, max_shift, trace_ids, min_stations, notes
    )
    rows = _lone_rows(found)
    for members in clusters(found.pairs, len(found.events), 1 - min_correlation, linkage):
        for i, told in _family_rows(found, members, max_shift, notes).items():
            rows[i] |= told
    band = {"freqmin": _number(freqmin), "freqmax": _number(freqmax)}
    return FAMILIES.frame(rows[i] | band for i in range(len(found.events)))


def correlation_matrix(
    stream: Any,
    detections: pd.DataFrame,
    *,
    before: float = 1.0,
    length: float = 10.0,
    freqmin: float | None = 1.0,
    freqmax: float | None = 10.0,
    max_shift: float = 1.0,
    trace_ids: str | Iterable[str] | None = None,
    min_stations: int = 1,
    corners: int = 4,
    sampling_rate: float | None = None,
    problems: list[str] | None = None,
) -> pd.DataFrame:
    """Return the correlation of every event with every other.

    Parameters
    ----------
    stream, detections, before, length, freqmin, freqmax, max_shift, trace_ids, min_stations, \
corners, sampling_rate, problems
        As in :func:`find_families`.

    Returns
    -------
    DataFrame
        Square, single precision, rows and columns named by ``event_id`` in order of time; NaN
        where two events cannot be compared, 1 on the diagonal where there is a window.

    Raises
    ------
    ParameterError
        As in :func:`find_families`.
    """
    prep = Preparation(
        freqmin=freqmin, freqmax=freqmax, corners=corners, sampling_rate=sampling_rate
    )
    notes = problems if problems is not None else []
    found = _compared(
        stream, detections, prep, before, length, max_shift, trace_ids, min_stations, notes
    )
    count = len(found.events)
    square = np.full((count, count), np.nan, dtype=np.float32)
    upper = np.triu_indices(count, 1)
    square[upper] = found.pairs
    square.T[upper] = found.pairs
    seen = sorted({int(i) for s in found.stations for i in s.events})
    square[seen, seen] = 1.0
    names = pd.Index([e.event_id for e in found.events], name="event_id")
    return pd.DataFrame(square, index=names, columns=names)


def clusters(
    pairs: NDArray[np.float32], count: int, cut: float, linkage: str
) -> list[NDArray[np.intp]]:
    """Return the places of the members of each cluster of two or more.

    Two clusters can only join if some pair of theirs is within ``cut``: what such pairs do not
    connect is clustered apart, which bounds memory and changes nothing.
    """
    with np.errstate(invalid="ignore"):
        near = np.flatnonzero(pairs >= np.float32(1 - cut - SLACK))
    starts = place(np.arange(count), np.arange(count) + 1, count)
    i = np.searchsorted(starts, near, side="right") - 1
    j = near - starts[i] + i + 1
    graph = coo_array((np.ones(near.size, dtype=np.int8), (i, j)), shape=(count, count))
    groups = connected_components(graph, directed=False)[1]
    out = []
    order = np.argsort(groups, kind="stable")
    for some in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
        if some.size < 2:
            continue
        distance = np.empty(some.size * (some.size - 1) // 2)
        for k in range(some.size - 1):  # row by row: no index of every pair
            row = pairs[place(some[k], some[k + 1 :], count)]
            begin = place(k, k + 1, some.size)
            distance[begin : begin + row.size] = 1.0 - np.nan_to_num(row)
        tree = hierarchy.linkage(np.clip(distance, 0, None), linkage)
        names = hierarchy.fcluster(tree, cut + SLACK, "distance")
        out += [some[names == n] for n in np.unique(names) if (names == n).sum() > 1]
    return out


def _compared(
    data: Any,
    detections: pd.DataFrame,
    prep: Preparation,
    before: float,
    length: float,
    max_shift: float,
    trace_ids: str | Iterable[str] | None,
    min_stations: int,
    problems: list[str],
) -> _Compared:
    for name, value in (("length", length), ("before", before), ("max_shift", max_shift)):
        if not np.isfinite(value) or value < 0 or (name == "length" and value == 0):
            raise ParameterError(f"{name}={value} s; give a positive time")
    if max_shift >= length:
        raise ParameterError(f"max_shift={max_shift} s must be less than length={length} s")
    if isinstance(min_stations, bool) or int(min_stations) != min_stations or min_stations < 1:
        raise ParameterError(f"min_stations={min_stations}; give a whole number of 1 or more")
    source = as_source(data)
    events = events_of(detections, before, problems)
    patterns = channels_of(detections, trace_ids)
    stations = read_windows(
        source,
        events,
        trace_ids=patterns,
        usual=trace_ids is None,
        length=length,
        prep=prep,
        problems=problems,
    )
    pairs = condensed_correlation(
        stations, len(events), max_shift=max_shift, min_stations=min_stations
    )
    return _Compared(events, stations, pairs)


def events_of(table: pd.DataFrame, before: float, problems: list[str]) -> list[Event]:
    """Return the events in order of time, those without a time last."""
    column = next((c for c in ("time", "starttime") if c in getattr(table, "columns", ())), None)
    if column is None:
        raise ParameterError("events need a column 'time' or 'starttime', as tables.EVENTS has it")
    picked = {"phase", "trace_id"} <= set(table.columns)
    if picked and "event_id" not in table:
        raise ParameterError("picks need the column 'event_id' to tell the events apart")
    used = table
    if picked and (table["phase"] == "P").any():
        used = table[table["phase"] == "P"]
    late = round(before * 1e9)
    events = [
        Event(name, min(starts.values()) + late, starts)
        for name, starts, _ in windows_of(used, before)
    ]
    events.sort(key=lambda e: (e.ns or 0, e.event_id))
    names = [e.event_id for e in events]
    if len(set(names)) < len(names):
        twice = sorted({n for n in names if names.count(n) > 1})
        raise ParameterError(f"event_id {', '.join(twice[:5])} comes more than once")
    if "event_id" in table:
        for name in sorted({str(n) for n in table["event_id"]} - set(names) - {""}):
            problems.append(f"event {name}: no {'P pick' if picked else 'time'}, not compared")
            events.append(Event(name, None, {}))
    return events


def channels_of(table: pd.DataFrame, given: str | Iterable[str] | None) -> list[str]:
    """Return the patterns given, else that of the station that recorded the events best."""
    if given is not None:
        return sorted({given} if isinstance(given, str) else set(given))
    if "best_trace_id" not in table:
        return ["*"]
    told = table[table["best_trace_id"].fillna("").astype(str) != ""]
    if told.empty:
        return ["*"]
    ratio = told["peak_ratio"] if "peak_ratio" in told else pd.Series(1.0, index=told.index)
    station = told["best_trace_id"].map(station_of)
    sums = ratio.fillna(0.0).groupby(station).sum().sort_index()
    return [f"{sums.idxmax()}.*"]


def _lone_rows(found: _Compared) -> dict[int, dict[str, Any]]:
    """Return the row of each event as if it were alike to none."""
    seen = [0] * len(found.events)
    for station in found.stations:
        for i in station.events:
            seen[int(i)] += 1
    return {
        i: {
            "family": "",
            "event_id": event.event_id,
            "time": None if event.ns is None else UTCDateTime(ns=event.ns),
            "correlation": np.nan,
            "lag": np.nan,
            "relative_magnitude": np.nan,
            "n_stations": seen[i],
            "master": False,
        }
        for i, event in enumerate(found.events)
    }


def _family_rows(
    found: _Compared, members: NDArray[np.intp], max_shift: float, problems: list[str]
) -> dict[int, dict[str, Any]]:
    """Return what the members of a family get in place of what stands in :func:`_lone_rows`."""
    members = np.sort(members)
    master = _master(found.pairs, members, len(found.events))
    out = {}
    for i in (int(m) for m in members):
        like = compare(found.stations, master, i, max_shift=max_shift)
        if like.n_stations == 0:
            problems.append(
                f"event {found.events[i].event_id}: no channel in common with the master of its "
                f"family, {found.events[master].event_id}"
            )
        out[i] = {
            "family": found.events[int(members[0])].event_id,
            "correlation": like.correlation,
            "lag": like.lag,
            "relative_magnitude": like.relative_magnitude,
            "n_stations": like.n_stations,
            "master": i == master,
        }
    return out


def _master(pairs: NDArray[np.float32], members: NDArray[np.intp], count: int) -> int:
    """Return the member with the largest mean correlation with the others, the first of equals."""
    a, b = np.triu_indices(members.size, 1)
    values = pairs[place(members[a], members[b], count)].astype(np.float64)
    known = np.isfinite(values)
    sums = np.bincount(a[known], values[known], members.size)
    sums += np.bincount(b[known], values[known], members.size)
    n = np.bincount(a[known], minlength=members.size) + np.bincount(
        b[known], minlength=members.size
    )
    means = np.where(n > 0, sums / np.maximum(n, 1), -2.0)
    # equal but for rounding: the earliest
    return int(members[np.flatnonzero(means >= means.max() - SLACK)[0]])


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
