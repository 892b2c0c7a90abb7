"""``find_swarms``: events close in time and place, and times of unusual rate."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .. import tables
from ..errors import ParameterError
from ._columns import nanoseconds, onset_column, without_vetoed
from ._magnitudes import check_count

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
_EARTH_KM = 6371.0088
_PAIRS = 5_000_000


def find_swarms(
    events: pd.DataFrame,
    *,
    min_events: int = 6,
    max_gap: float = 3600.0,
    max_distance_km: float = 4.0,
    min_count: int = 12,
    window: float = 86400.0,
    background_rate: float | None = None,
    max_probability: float = 1e-3,
) -> pd.DataFrame:
    """Find swarms by three rules, each with its own rows.

    * ``"cluster"``: at least ``min_events`` events joined by links between events at most
      ``max_gap`` apart in time and ``max_distance_km`` in epicentre. Events without epicentre
      are left out of this rule.
    * ``"count"``: at least ``min_count`` events within ``window``, wherever they are.
    * ``"rate"`` (where ``background_rate`` is given): as many events within ``window`` as the
      background gives with a probability of at most ``max_probability``.

    Windows of one rule that share an event are one swarm.

    Parameters
    ----------
    events : DataFrame
        Table ``tables.EVENTS``, ``tables.ORIGINS`` or ``tables.DETECTIONS``.
    min_events, max_gap, max_distance_km
        Rule ``"cluster"``; seconds and kilometres. The defaults of the first two rules are those
        of the alarm for swarms of the Alaska Volcano Observatory.
    min_count, window
        Rule ``"count"``; seconds.
    background_rate : float, optional
        Events a day in quiet times, over monitored time.
    max_probability : float, optional
        For any one window; looking at many windows finds more by chance.

    Returns
    -------
    DataFrame
        Table ``tables.SWARMS``, in order of time.

    Raises
    ------
    ParameterError
        If an option is outside its range or the table lacks its columns.

    Examples
    --------
    >>> import pandas as pd
    >>> times = pd.date_range("2010-09-01", periods=15, freq="1h", tz="UTC")
    >>> found = find_swarms(pd.DataFrame({"event_id": [str(i) for i in range(15)], "time": times}))
    >>> found[["rule", "n_events"]].values.tolist()
    [['count', 15]]
    """
    for name, value in (
        ("max_gap", max_gap), ("max_distance_km", max_distance_km), ("window", window),
    ):  # fmt: skip
        if not (math.isfinite(value) and value > 0):
            raise ParameterError(f"{name}={value}; give a positive number")
    least = check_count("min_events", min_events, 2)
    many = check_count("min_count", min_count, 2)
    if background_rate is not None and not (math.isfinite(background_rate) and background_rate > 0):
        raise ParameterError(f"background_rate={background_rate}; give events a day above 0")
    if not 0 < max_probability < 1:
        raise ParameterError(f"max_probability={max_probability}; give a number between 0 and 1")
    column = onset_column(events)
    if "event_id" not in events.columns:
        raise ParameterError(f"column 'event_id' is missing; there are {list(events.columns)}")
    table = without_vetoed(events)
    table = table[table[column].notna()].sort_values([column, "event_id"], ignore_index=True)
    if not len(table):
        return tables.SWARMS.frame()
    ns = nanoseconds(table[column])
    rows = []
    if {"latitude", "longitude"} <= set(table.columns):
        rows += [
            ("cluster", members, math.nan)
            for members in _clusters(table, ns, max_gap, max_distance_km, least)
        ]
    rows += [("count", members, math.nan) for members in _crowded(ns, window, many)]
    if background_rate is not None:
        mean = background_rate * window / 86400.0
        need = max(2, int(stats.poisson.isf(max_probability, mean)) + 1)
        for members in _crowded(ns, window, need):
            top = _busiest(ns[members], window)
            rows.append(("rate", members, float(stats.poisson.sf(top - 1, mean))))
    return tables.SWARMS.frame(
        _row(table, ns, column, rule, members, window, chance)
        for rule, members, chance in sorted(rows, key=lambda r: (int(ns[r[1][0]]), r[0]))
    )


def _row(
    table: pd.DataFrame,
    ns: IntArray,
    column: str,
    rule: str,
    members: IntArray,
    window: float,
    chance: float,
) -> dict[str, object]:
    part = table.iloc[members]
    place = {"latitude": math.nan, "longitude": math.nan}
    if set(place) <= set(part.columns):
        place = {k: float(part[k].median()) for k in place}
    largest = float(part["magnitude"].max()) if "magnitude" in part.columns else math.nan
    return {
        "rule": rule,
        "starttime": part[column].iloc[0],
        "endtime": part[column].iloc[-1],
        "n_events": len(part),
        "event_ids": tuple(part["event_id"].astype(str)),
        "largest_rate": _busiest(ns[members], window) / (window / 86400.0),
        "probability": chance,
        "largest_magnitude": largest,
        **place,
    }


def _busiest(ns: IntArray, window: float) -> int:
    """Return the largest number of events within a window."""
    ends = np.searchsorted(ns, ns + int(window * 1e9), side="right")
    return int((ends - np.arange(len(ns))).max())


def _crowded(ns: IntArray, window: float, need: int) -> list[IntArray]:
    """Return the members of each run of windows that hold at least ``need`` events."""
    first = np.arange(len(ns))
    ends = np.searchsorted(ns, ns + int(window * 1e9), side="right")
    out: list[IntArray] = []
    low, high = -1, -1
    for i, end in zip(first[ends - first >= need], ends[ends - first >= need], strict=True):
        if i >= high and low >= 0:
            out.append(np.arange(low, high))
            low = -1
        low = int(i) if low < 0 else low
        high = int(end)
    if low >= 0:
        out.append(np.arange(low, high))
    return out


def _clusters(
    table: pd.DataFrame, ns: IntArray, max_gap: float, radius: float, least: int
) -> list[IntArray]:
    latitude = np.radians(table["latitude"].to_numpy(float))
    longitude = np.radians(table["longitude"].to_numpy(float))
    placed = np.flatnonzero(np.isfinite(latitude) & np.isfinite(longitude))
    if len(placed) < least:
        return []
    at = ns[placed]
    reach = np.searchsorted(at, at + int(max_gap * 1e9), side="right") - np.arange(len(at)) - 1
    if int(reach.sum()) > _PAIRS:
        raise ParameterError(
            f"{int(reach.sum())} pairs of events within max_gap={max_gap:g} s; shorten it"
        )
    left = np.repeat(np.arange(len(at)), reach)
    right = left + 1 + np.arange(len(left)) - np.repeat(np.cumsum(reach) - reach, reach)
    i, j = placed[left], placed[right]
    half = (
        np.sin((latitude[j] - latitude[i]) / 2) ** 2
        + np.cos(latitude[i]) * np.cos(latitude[j]) * np.sin((longitude[j] - longitude[i]) / 2) ** 2
    )
    near = 2 * _EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0))) <= radius
    graph = coo_array(
        (np.ones(int(near.sum())), (left[near], right[near])), shape=(len(at), len(at))
    )
    _, label = connected_components(graph, directed=False)
    groups = [placed[label == k] for k in np.flatnonzero(np.bincount(label) >= least)]
    return sorted(groups, key=lambda members: int(members[0]))
