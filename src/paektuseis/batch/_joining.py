"""Rows that were cut only because a day ended, put together again."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ._partitions import Partition
from ._reading import nanoseconds

IntArray = NDArray[np.int64]

# rows are the same thing going on if they agree in these
KEYS: dict[str, tuple[str, ...]] = {
    "availability": ("trace_id", "sampling_rate"),
    "gaps": ("trace_id",),
    "monitoring": ("trace_id", "detector", "state", "cause"),
    "quality": ("trace_id", "check", "severity", "units", "path"),
}


def boundaries(parts: list[Partition]) -> IntArray:
    """Return the instants (ns) at which one folder of results ends and the next begins."""
    ends = np.array([p.endtime.ns for p in parts[:-1]], dtype=np.int64)
    starts = np.array([p.starttime.ns for p in parts[1:]], dtype=np.int64)
    return np.asarray(ends[ends == starts])


def join_rows(
    frame: pd.DataFrame, name: str, edges: IntArray, intervals: dict[str, float]
) -> pd.DataFrame:
    """Join rows that end and begin again at an edge.

    Two rows are one if they agree in what they speak of, the first reaches the edge to within
    a sample, the second begins there to within a sample, and the step from one to the other
    is what it would be within one record: a sample interval between segments (give or take
    half of one), nothing between spans of time (give or take one sample).

    Parameters
    ----------
    frame : DataFrame
        Rows of the table ``name``.
    name : str
        One of :data:`KEYS`.
    edges : ndarray of int64
        Instants at which days meet, in ns, ascending.
    intervals : dict of str to float
        Sample interval in seconds by trace id, for tables that do not hold it.
    """
    if len(frame) < 2 or not len(edges):
        return frame
    keys = [k for k in KEYS[name] if k in frame.columns]
    frame = frame.sort_values([*keys, "starttime"], kind="stable").reset_index(drop=True)
    start = nanoseconds(frame["starttime"])
    end = nanoseconds(frame["endtime"])
    segments = name == "availability"
    if "sampling_rate" in frame.columns:
        sample = np.rint(1e9 / frame["sampling_rate"].to_numpy(float)).astype(np.int64)
    else:
        seconds = frame["trace_id"].map(intervals).fillna(0.0).to_numpy(float)
        sample = np.rint(seconds * 1e9).astype(np.int64)
    same = np.ones(len(frame) - 1, dtype=bool)
    for key in keys:
        column = frame[key]
        codes = pd.factorize(column)[0]  # one code for all missing values
        same &= codes[1:] == codes[:-1]
    slack = sample[:-1] + 1000  # times are kept to the microsecond by some formats
    step = start[1:] - end[:-1] - (sample[:-1] if segments else 0)
    same &= np.abs(step) <= (sample[:-1] // 2 + 1000 if segments else slack)
    reach = end[:-1] + (sample[:-1] if segments else 0)
    near = np.clip(np.searchsorted(edges, reach), 1, len(edges)) - 1
    at_edge = np.zeros(len(same), dtype=bool)
    for offset in (0, 1):
        edge = edges[np.clip(near + offset, 0, len(edges) - 1)]
        at_edge |= (np.abs(reach - edge) <= slack) & (np.abs(start[1:] - edge) <= slack)
    fresh = np.append(True, ~(same & at_edge))
    if fresh.all():
        return _in_order(frame)
    group = np.cumsum(fresh) - 1
    first = np.flatnonzero(fresh)
    last = np.append(first[1:], len(frame)) - 1
    out = frame.iloc[first].copy()
    out["endtime"] = frame["endtime"].to_numpy()[last]
    out["endtime"] = out["endtime"].astype(frame["endtime"].dtype)
    if "npts" in frame.columns:
        out["npts"] = np.bincount(group, weights=frame["npts"].to_numpy(float)).astype(np.int64)
    if "duration" in frame.columns:
        out["duration"] = (end[last] - start[first]) / 1e9
    if name == "quality":
        out = _worst(out, frame, group, first, last, end - start)
    return _in_order(out)


def _worst(
    out: pd.DataFrame,
    frame: pd.DataFrame,
    group: IntArray,
    first: IntArray,
    last: IntArray,
    length: IntArray,
) -> pd.DataFrame:
    """Let a joined finding speak through the row with the most extreme figure."""
    several = last > first
    if "value" in frame.columns:
        weight = np.nan_to_num(np.abs(frame["value"].to_numpy(float)), nan=-1.0)
    else:
        weight = length.astype(float)
    order = np.lexsort((-np.arange(len(frame)), weight, group))
    chosen = order[np.append(np.flatnonzero(np.diff(group[order])), len(order) - 1)]
    for name in ("value", "limit", "message"):
        if name in frame.columns:
            out[name] = frame[name].to_numpy()[chosen]
    if "message" in frame.columns:
        same = frame["message"].to_numpy()[first] == frame["message"].to_numpy()[last]
        out["message"] = [
            f"{text} (the most of {n} days)" if more and not equal else text
            for text, n, more, equal in zip(
                out["message"], last - first + 1, several, same, strict=True
            )
        ]
    return out


def _in_order(frame: pd.DataFrame) -> pd.DataFrame:
    by = [c for c in ("starttime", "trace_id") if c in frame.columns]
    return frame.sort_values(by, kind="stable").reset_index(drop=True)
