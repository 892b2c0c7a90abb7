"""A day on a drum: one line of paper after another, gaps blank, the scale stated."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from numpy.typing import NDArray
from obspy import Stream, Trace, UTCDateTime

from .._language import translate
from ..errors import ParameterError
from ..provenance import units_of, valid_span
from ..times import TimeLike
from ._envelope import as_traces, by_id, min_max, span_of
from ._style import (
    BLACK,
    BLUE,
    ORANGE,
    RED,
    SMALL,
    axes_or_new,
    label_axes,
    number_text,
    place_label,
    safe_text,
    unit_text,
)
from ._time import DAY, check_span, column_days, span_text, to_days
from .waveforms import band_text

FloatArray = NDArray[np.float64]
INTERVALS = (10.0, 30.0, 60.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 21600.0, DAY)
CLIP = 1.6  # rows; larger deflections are cut there and coloured
PEN = 0.07  # rows; the thinnest line


def default_interval(span: float) -> float:
    """Return seconds per row for a span in seconds: 30 minutes for a day, 60 s for an hour."""
    if not span > 0:
        raise ParameterError(f"span={span} s; give a positive span")
    return next((i for i in INTERVALS if span / i <= 72), INTERVALS[-1])


def plot_helicorder(
    stream: Stream | Trace,
    *,
    ax: Axes | None = None,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    interval: float | None = None,
    events: pd.DataFrame | None = None,
    scale: float | None = None,
    columns: int = 900,
    title: str | None = None,
    colors: tuple[str, ...] = (BLACK, BLUE),
    linewidth: float = 0.45,
) -> Axes:
    """Draw one channel as a drum record: rows of equal length, UTC down the left side.

    Each column of a row is the minimum to maximum of its samples about the
    median of the row; nothing is filtered here, and the band the record was
    filtered to is stated. Missing time stays blank, and so does time disturbed by the
    settling of a filter. Deflections beyond 1.6
    rows are cut there and drawn in red.

    Parameters
    ----------
    stream : Stream or Trace
        Segments of one channel. Not changed.
    ax : Axes, optional
        Where to draw; by default in a figure of its own.
    starttime, endtime : UTCDateTime or str, optional
        Span to draw; by default all there is.
    interval : float, optional
        Seconds in a row; by default chosen by the span (a day: 1800 s).
    events : DataFrame, optional
        Table with ``time`` or ``starttime`` (and ``endtime``): a bar below the record.
    scale : float, optional
        Deflection of one row spacing, in the unit of the record. By default
        such that 99 % of the columns stay within 0.8 of a row, but never so
        coarse that the usual noise disappears.
    columns : int
        Columns in a row.
    title : str, optional
        By default the channel and its band.
    colors : tuple of str
        Colours the rows take in turn.
    linewidth : float
        In points.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ParameterError
        If the stream holds several channels, or the span or interval is impossible.
    WaveformError
        If there is no sample to draw.
    """
    traces = as_traces(stream)
    groups = by_id(traces)
    if len(groups) > 1:
        raise ParameterError(
            f"stream holds the channels {sorted(groups)}; select one with stream.select(...)"
        )
    ((trace_id, traces),) = groups.items()
    start, end = check_span(starttime, endtime, *span_of(traces))
    if interval is None:
        interval = default_interval(end - start)
    if not interval > 0 or (end - start) / interval > 2000:
        raise ParameterError(
            f"interval={interval} s for a span of {end - start:g} s; "
            "give a positive interval of at most 2000 rows"
        )
    # rows start at whole multiples of the interval, so a day is 00:00, 00:15, ...
    step = round(interval * 1e9)
    base = UTCDateTime(ns=int(start.ns) // step * step) if DAY % interval == 0 else start
    rows = math.ceil((end - base) / interval - 1e-9)
    low, high = _drum(traces, base, start, end, interval, rows, columns)
    if scale is None:
        scale = _scale(low, high)
    if not (scale > 0 and np.isfinite(scale)):
        raise ParameterError(f"scale={scale}; give a positive number in the unit of the record")

    size = (8.0, min(11.0, 1.2 + 0.07 * max(rows, 24)))
    ax = axes_or_new(ax, size, (0.76, 0.45, 0.12, 0.28))
    minutes = (np.arange(columns) + 0.5) * interval / columns / _unit(interval)[0]
    coarse = interval / columns * min(t.stats.sampling_rate for t in traces) >= 20.0
    lines, shades, cut = _lines(low, high, scale, minutes, colors, coarse)
    if coarse:  # many samples a column: the filled outline is what a pen would leave
        ax.add_collection(PolyCollection(lines, facecolors=shades, edgecolors="none", zorder=3))
        ax.add_collection(PolyCollection(cut, facecolors=RED, edgecolors="none", zorder=4))
    else:
        ax.add_collection(LineCollection(lines, colors=shades, linewidths=linewidth, zorder=3))
        ax.add_collection(LineCollection(cut, colors=RED, linewidths=linewidth, zorder=4))
    if events is not None and len(events):
        _mark(ax, events, base, interval, rows)
    ax.set_xlim(0, interval / _unit(interval)[0])
    ax.set_ylim(rows - 0.2, -0.8)
    _row_times(ax, base, interval, rows)
    ax.grid(True, axis="x", color="#DDDDDD", linewidth=0.4, zorder=0)
    units = unit_text(units_of(traces[0]))
    note = translate("row spacing = {scale} {units}", scale=number_text(scale), units=units)
    if cut:
        note += translate(", cut (red) beyond ±{rows:g} rows", rows=CLIP)
    label_axes(
        ax,
        x=f"{_unit(interval)[1]} · {note}",
        y=translate("UTC, {span}", span=span_text(start, end)),
        title=f"{safe_text(trace_id)} · {band_text(traces)}" if title is None else safe_text(title),
    )
    return ax


def _unit(interval: float) -> tuple[float, str]:
    if interval <= 120:
        return 1.0, translate("seconds after the time on the left")
    return 60.0, translate("minutes after the time on the left")


def _drum(
    traces: list[Trace],
    base: UTCDateTime,
    start: UTCDateTime,
    end: UTCDateTime,
    interval: float,
    rows: int,
    columns: int,
) -> tuple[FloatArray, FloatArray]:
    """Return minimum and maximum of each column of each row, NaN where nothing was recorded."""
    low = np.full((rows, columns), np.nan)
    high = np.full((rows, columns), np.nan)
    for trace in traces:
        rate = float(trace.stats.sampling_rate)
        t0 = trace.stats.starttime
        valid_from, valid_until = valid_span(trace)
        begin = max(0, math.ceil((max(start, valid_from) - t0) * rate - 1e-6))
        stop = min(trace.stats.npts, math.ceil((end - t0) * rate - 1e-6))
        stop = min(stop, math.floor((valid_until - t0) * rate + 1e-6) + 1)
        if stop <= begin:
            continue
        first = round((t0 - base) * rate) + begin
        column, least, most = min_max(
            np.asarray(trace.data[begin:stop]), first, interval / columns * rate, rows * columns
        )
        low.flat[column] = np.fmin(low.flat[column], least)
        high.flat[column] = np.fmax(high.flat[column], most)
    # each row about its own median: a drum shows motion, not the offset of the sensor
    for row in range(rows):
        present = np.isfinite(low[row])
        if present.any():
            centre = np.median(0.5 * (low[row, present] + high[row, present]))
            low[row] -= centre
            high[row] -= centre
    return low, high


def _scale(low: FloatArray, high: FloatArray) -> float:
    size = np.fmax(np.abs(low), np.abs(high))
    size = size[np.isfinite(size)]
    if not len(size):
        return 1.0
    # noise stays visible even where events fill more than one column in a hundred
    value = min(float(np.percentile(size, 99.0)) / 0.8, 40.0 * float(np.median(size)) or np.inf)
    return value if value > 0 else max(float(size.max(initial=0.0)), 1.0)


def _lines(
    low: FloatArray,
    high: FloatArray,
    scale: float,
    x: FloatArray,
    colors: tuple[str, ...],
    coarse: bool,
) -> tuple[list[FloatArray], list[str], list[FloatArray]]:
    """Return one outline for each unbroken stretch of a row, and the columns that were cut."""
    present = np.isfinite(low)
    rows = np.arange(low.shape[0], dtype=np.float64)[:, None]
    with np.errstate(invalid="ignore"):
        beyond = present & (np.fmax(np.abs(low), np.abs(high)) > CLIP * scale)
        top = rows - np.clip(high / scale, -CLIP, CLIP)
        bottom = rows - np.clip(low / scale, -CLIP, CLIP)
    if coarse:  # never thinner than a pen, so that a flat record is seen
        thin = np.clip(PEN - (bottom - top), 0.0, None) / 2
        top, bottom = top - thin, bottom + thin
    half = 0.5 * (x[1] - x[0]) if len(x) > 1 else 0.5
    shape = _band if coarse else _zigzag
    lines: list[FloatArray] = []
    shades: list[str] = []
    for row, begin, stop in _runs(present):
        at = slice(begin, stop)
        lines.append(shape(x[at], top[row, at], bottom[row, at], half))
        shades.append(colors[row % len(colors)])
    cut = [
        shape(x[begin:stop], top[row, begin:stop], bottom[row, begin:stop], half)
        for row, begin, stop in _runs(beyond)
    ]
    return lines, shades, cut


def _zigzag(x: FloatArray, top: FloatArray, bottom: FloatArray, half: float) -> FloatArray:
    return np.column_stack((np.repeat(x, 2), np.column_stack((bottom, top)).ravel()))


def _band(x: FloatArray, top: FloatArray, bottom: FloatArray, half: float) -> FloatArray:
    """Return the closed outline, reaching half a column beyond its first and last."""
    n = len(x) + 2
    outline = np.empty((2 * n, 2))
    outline[1 : n - 1, 0] = x
    outline[0, 0], outline[n - 1, 0] = x[0] - half, x[-1] + half
    outline[n:, 0] = outline[n - 1 :: -1, 0]
    outline[1 : n - 1, 1], outline[n + 1 : -1, 1] = top, bottom[::-1]
    outline[0, 1], outline[n - 1, 1] = top[0], top[-1]
    outline[n, 1], outline[-1, 1] = bottom[-1], bottom[0]
    return outline


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int, int]]:
    """Return row, begin and stop of each unbroken run of flags within a row."""
    rows, columns = flags.shape
    padded = np.zeros((rows, columns + 2), dtype=np.int8)
    padded[:, 1:-1] = flags
    row, edge = np.nonzero(np.diff(padded, axis=1))
    return list(zip(row[::2].tolist(), edge[::2].tolist(), edge[1::2].tolist(), strict=True))


def _mark(ax: Axes, events: pd.DataFrame, base: UTCDateTime, interval: float, rows: int) -> None:
    name = next((n for n in ("time", "starttime", "origin_time") if n in events.columns), None)
    if name is None:
        raise ParameterError(
            f"events has neither time nor starttime; it has {list(events.columns)}"
        )
    unit = _unit(interval)[0]
    begins = (column_days(events[name]) - to_days(base)) * DAY
    ends = begins
    if "endtime" in events.columns:
        ends = np.fmax((column_days(events["endtime"]) - to_days(base)) * DAY, begins)
    bars: list[Any] = []
    for begin, stop in zip(begins, ends, strict=True):
        if not np.isfinite(begin):
            continue
        stop = min(stop, begin + 10 * interval)
        at = begin
        while at <= stop:  # an event that runs over the end of a row goes on in the next
            row = math.floor(at / interval)
            edge = (row + 1) * interval
            if 0 <= row < rows:
                x0 = (at - row * interval) / unit
                x1 = (min(stop, edge) - row * interval) / unit
                bars.append([(x0, row + 0.42), (max(x1, x0 + 0.002 * interval / unit), row + 0.42)])
            at = edge
    ax.add_collection(
        LineCollection(bars, colors=ORANGE, linewidths=2.0, zorder=2, capstyle="butt")
    )
    inside = (begins >= 0) & (begins < rows * interval)
    ax.scatter(
        (begins[inside] % interval) / unit,
        np.floor(begins[inside] / interval) + 0.42,
        marker="^",
        s=12,
        color=RED,
        linewidths=0,
        zorder=6,
    )


def _row_times(ax: Axes, base: UTCDateTime, interval: float, rows: int) -> None:
    every = next(
        (k for k in (1, 2, 3, 4, 5, 6, 8, 12, 24, 48, 96) if rows / k <= 26), max(rows // 20, 1)
    )
    positions = list(range(0, rows, every))
    pattern = (
        "%H:%M" if interval * every >= 60 and int(base.ns) % 60_000_000_000 == 0 else "%H:%M:%S"
    )
    labels = []
    for i in positions:
        at = base + i * interval
        midnight = i > 0 and int(at.ns) % round(DAY * 1e9) == 0
        labels.append(at.strftime("%m-%d" if midnight else pattern))
    ax.set_yticks(positions, labels)
    place_label(ax, left=9.0 + 0.6 * SMALL * max(len(label) for label in labels))
