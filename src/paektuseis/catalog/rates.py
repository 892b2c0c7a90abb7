"""Event rates that know when stations were listening."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .. import tables
from ..errors import ParameterError
from ..times import TimeLike, as_timestamp, as_utc as _as_utc, window_starts
from ._columns import nanoseconds, onset_column, without_vetoed
from .intervals import poisson_interval

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


def event_rate(
    events: pd.DataFrame,
    *,
    starttime: TimeLike,
    endtime: TimeLike,
    window: float = 3600.0,
    monitoring: pd.DataFrame | None = None,
    min_stations: int = 1,
    min_coverage: float = 0.1,
    group: str = "",
) -> pd.DataFrame:
    """Count events in consecutive windows, against the time in which they could be detected.

    An absent station is not a quiet volcano: the rate is the count over the time in which at
    least ``min_stations`` stations were monitored, and NaN where that was too little. A
    station is monitored while any of its channels is.

    Parameters
    ----------
    events : DataFrame
        Table ``tables.EVENTS`` (counted by ``time``) or ``tables.DETECTIONS`` (by ``starttime``;
        rows with a veto are left out).
    starttime, endtime : UTCDateTime or str
        Half-open span. Window ``i`` begins at ``starttime + i * window``; the last one
        is cut at ``endtime``.
    window : float, optional
        Seconds: 3600 for hourly, 86400 for daily counts.
    monitoring : DataFrame, optional
        Table ``tables.MONITORING`` of the detector (see :func:`paektuseis.monitored_time`).
        Without it nobody knows who listened: ``monitored`` and ``stations_alive`` are NaN
        and the rate is the count over the whole window.
    min_stations : int, optional
        Stations a detection needs.
    min_coverage : float, optional
        Share of a window that must be monitored for a rate, 0 to 1.
    group : str, optional
        Name of what is counted (detector or class), for the table.

    Returns
    -------
    DataFrame
        Table ``tables.RATES``: count, rate in events per day with its 95 % gamma interval (see
        :func:`paektuseis.rate_interval`), share monitored, mean number of stations monitored.

    Raises
    ------
    ParameterError
        If the span or window is empty, a share is outside 0 to 1, or a table lacks a column.

    Examples
    --------
    >>> import pandas as pd
    >>> times = pd.to_datetime(["2010-09-01T00:10:00", "2010-09-01T00:50:00"], utc=True)
    >>> hours = event_rate(pd.DataFrame({"time": times}), window=3600,
    ...                    starttime="2010-09-01", endtime="2010-09-01T02:00:00")
    >>> hours[["count", "rate"]].values.tolist()
    [[2.0, 48.0], [0.0, 0.0]]
    """
    begin = int(_as_utc(starttime, name="starttime").ns)
    until = int(_as_utc(endtime, name="endtime").ns)
    if until <= begin:
        raise ParameterError(f"endtime={endtime} is not after starttime={starttime}")
    if not (math.isfinite(window) and window > 0):
        raise ParameterError(f"window={window} s; give a positive time")
    if isinstance(min_stations, bool) or int(min_stations) != min_stations or min_stations < 1:
        raise ParameterError(f"min_stations={min_stations}; give a whole number of at least 1")
    if not 0 <= min_coverage <= 1:
        raise ParameterError(f"min_coverage={min_coverage}; give a share from 0 to 1")
    count = max(1, math.ceil((until - begin) / 1e9 / window - 1e-9))
    starts = window_starts(_as_utc(starttime), window, count)
    edges = np.append(np.asarray(starts.as_unit("ns").astype("int64"), dtype=np.int64), until)
    column = onset_column(events)
    onsets = nanoseconds(without_vetoed(events)[column]) if len(events) else np.empty(0, np.int64)
    onsets = onsets[(onsets >= begin) & (onsets < until)]
    counts = np.bincount(np.searchsorted(edges, onsets, side="right") - 1, minlength=count)
    seconds = np.diff(edges) / 1e9
    if monitoring is None:
        alive = np.full(count, np.nan)
        share = np.full(count, np.nan)
        listened = seconds
    else:
        alive, enough = _alive(monitoring, edges, int(min_stations))
        share = enough / seconds
        listened = np.where(share >= max(min_coverage, 1e-12), enough, np.nan)
    days = listened / 86400.0
    rates = counts / days
    low, high = (limit / days for limit in poisson_interval(counts.astype(np.float64)))
    return tables.RATES.frame(
        {
            "starttime": as_timestamp(start),
            "window": float(window),
            "count": int(n),
            "rate": float(rate),
            "monitored": float(part),
            "stations_alive": float(mean),
            "min_stations": int(min_stations),
            "group": group,
            "rate_lower": float(lower),
            "rate_upper": float(upper),
        }
        for start, n, rate, part, mean, lower, upper in zip(
            starts, counts, rates, share, alive, low, high, strict=True
        )
    )


def _alive(monitoring: pd.DataFrame, edges: IntArray, need: int) -> tuple[FloatArray, FloatArray]:
    """Return for each window the mean number of stations and the seconds with enough of them."""
    tables.MONITORING.check(monitoring)
    rows = monitoring[monitoring["state"] == "monitored"]
    times: list[IntArray] = [edges]
    steps: list[IntArray] = [np.zeros(len(edges), dtype=np.int64)]
    for _, part in rows.groupby(rows["trace_id"].map(tables.station_of), sort=True):
        low = np.clip(nanoseconds(part["starttime"]), edges[0], edges[-1])
        high = np.clip(nanoseconds(part["endtime"]), edges[0], edges[-1])
        order = np.argsort(low, kind="stable")
        low, high = low[order], np.maximum.accumulate(high[order])
        fresh = np.append(True, low[1:] > high[:-1])  # not overlapped by an earlier span
        last = np.append(np.flatnonzero(fresh)[1:] - 1, len(high) - 1)
        times += [low[fresh], high[last]]
        steps += [np.ones(int(fresh.sum()), np.int64), -np.ones(len(last), np.int64)]
    at = np.concatenate(times)
    order = np.argsort(at, kind="stable")
    at = at[order]
    number = np.cumsum(np.concatenate(steps)[order])[:-1]
    length = np.diff(at) / 1e9
    index = np.searchsorted(edges, at[:-1], side="right") - 1
    inside = (index < len(edges) - 1) & (length > 0)
    size = len(edges) - 1
    total = np.zeros(size)
    enough = np.zeros(size)
    np.add.at(total, index[inside], (number * length)[inside])
    np.add.at(enough, index[inside], ((number >= need) * length)[inside])
    return total / (np.diff(edges) / 1e9), enough
