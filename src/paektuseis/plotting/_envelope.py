"""Millions of samples to what paper can show: the minimum and maximum of each column.

Nothing is averaged away: the drawn line touches every extreme of the record.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from obspy import Stream, Trace, UTCDateTime

from ..errors import ParameterError, WaveformError
from ._time import DAY, to_days

FloatArray = NDArray[np.float64]


def as_traces(stream: Stream | Trace, *, what: str = "stream") -> list[Trace]:
    """Return the traces that hold samples, never copies of them.

    Masked samples count as missing: each run of present samples becomes a
    trace of its own (a view).
    """
    if isinstance(stream, Trace):
        stream = [stream]
    elif not isinstance(stream, Stream):
        raise ParameterError(f"{what} is a {type(stream).__name__}; give an obspy Stream or Trace")
    traces: list[Trace] = []
    for trace in stream:
        if np.ma.isMaskedArray(trace.data) and np.ma.is_masked(trace.data):
            traces.extend(trace.split())
        elif trace.stats.npts:
            traces.append(trace)
    if not traces:
        raise WaveformError(f"{what} holds no samples; there is nothing to draw")
    return traces


def by_id(traces: list[Trace]) -> dict[str, list[Trace]]:
    """Return the traces of each channel in order of time, channels in order of appearance."""
    groups: dict[str, list[Trace]] = {}
    for trace in traces:
        groups.setdefault(trace.id, []).append(trace)
    return {key: sorted(group, key=lambda t: t.stats.starttime) for key, group in groups.items()}


def span_of(traces: list[Trace]) -> tuple[UTCDateTime, UTCDateTime]:
    """Return the first and last instant of some traces (one sample past the last)."""
    return (
        min(t.stats.starttime for t in traces),
        max(t.stats.endtime + t.stats.delta for t in traces),
    )


def min_max(
    samples: NDArray[Any], first: int, per_column: float, columns: int
) -> tuple[NDArray[np.int64], FloatArray, FloatArray]:
    """Return the extremes of the samples that fall into each column.

    Parameters
    ----------
    samples : ndarray, shape (n,)
        NaN counts as absent.
    first : int
        Position of ``samples[0]`` on the grid of columns, in samples after the
        left edge (may be negative).
    per_column : float
        Samples in a column.
    columns : int
        Number of columns; column ``c`` holds the grid positions
        ``[c * per_column, (c + 1) * per_column)``.

    Returns
    -------
    column : ndarray of int, shape (k,)
        The columns that hold at least one sample.
    low, high : ndarray of float, shape (k,)
        Smallest and largest sample in each; NaN if all are NaN.
    """
    edges = np.ceil(np.arange(columns + 1) * per_column - 1e-9).astype(np.int64) - first
    edges = np.clip(edges, 0, len(samples))
    filled = np.flatnonzero(np.diff(edges) > 0)
    if not len(filled):
        return filled, np.empty(0), np.empty(0)
    # the starts of filled columns follow on one another, so each ends where the next begins
    block = samples[: edges[filled[-1] + 1]]
    low = np.fmin.reduceat(block, edges[filled]).astype(np.float64)
    high = np.fmax.reduceat(block, edges[filled]).astype(np.float64)
    return filled, low, high


def outline(
    traces: list[Trace], start: UTCDateTime, end: UTCDateTime, columns: int = 1500
) -> tuple[FloatArray, FloatArray]:
    """Return a line to draw for one channel between two instants.

    Few samples are returned as they are; many as a zigzag through the minimum
    and maximum of each column. NaN separates the segments, so a gap stays blank.

    Parameters
    ----------
    traces : list of Trace
        Segments of one channel in order of time.
    start, end : UTCDateTime
    columns : int
        Columns over the whole span.

    Returns
    -------
    days, values : ndarray, shape (m,)
        Matplotlib dates and samples, with NaN between segments.
    """
    days: list[FloatArray] = []
    values: list[FloatArray] = []
    left = to_days(start)
    width = float(end - start) / columns
    for trace in traces:
        rate = float(trace.stats.sampling_rate)
        offset = float(trace.stats.starttime - start)
        begin = max(0, int(np.floor(-offset * rate)))
        stop = min(trace.stats.npts, int(np.ceil((float(end - start) - offset) * rate)) + 1)
        if stop <= begin:
            continue
        samples = np.asarray(trace.data[begin:stop])
        if width * rate <= 4.0:
            seconds = offset + np.arange(begin, stop) / rate
            line = samples.astype(np.float64)
        else:
            column, low, high = min_max(
                samples, round(offset * rate) + begin, width * rate, columns
            )
            seconds = np.repeat((column + 0.5) * width, 2)
            line = np.column_stack((low, high)).ravel()
        days += [left + seconds / DAY, np.array([np.nan])]
        values += [line, np.array([np.nan])]
    if not days:
        return np.empty(0), np.empty(0)
    return np.concatenate(days[:-1]), np.concatenate(values[:-1])
