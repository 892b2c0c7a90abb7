"""A record section: traces at their distance, with the times a model predicts and the picks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from obspy import Stream, Trace, UTCDateTime

from .._language import translate
from ..errors import MetadataError, ParameterError
from ..provenance import units_of
from ..tables import PICKS, station_of
from ..times import TimeLike, as_utc
from ..types import FloatArray
from ._envelope import as_traces, by_id, outline, span_of
from ._fonts import fonts
from ._pages import one_row, time_of
from ._stations import distances, event_point, stations_table
from ._style import (
    BLACK,
    BLUE,
    GREEN,
    PURPLE,
    SMALL,
    axes_or_new,
    label_axes,
    legend,
    safe_text,
)
from ._time import DAY, check_span, time_axis, to_days
from .waveforms import band_text

PHASE_COLOURS = {"P": BLUE, "S": GREEN}
Rows = list[tuple[str, float]]


def plot_record_section(
    stream: Stream | Trace,
    *,
    stations: Any,
    origin: Any = None,
    component: str = "Z",
    model: Any = None,
    phases: Sequence[Literal["P", "S"]] = ("P", "S"),
    picks: pd.DataFrame | None = None,
    reduction_km_s: float | None = None,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    size: float | None = None,
    ax: Axes | None = None,
    title: str | None = None,
    linewidth: float = 0.5,
) -> Axes:
    """Draw traces at the distance of their stations, nearest at the foot.

    Each trace is drawn about its median and scaled to its own largest deflection; a gap stays
    blank. The line of a phase joins the times the model predicts at each station, with the
    station's elevation and the depth of the source.

    Parameters
    ----------
    stream : Stream or Trace
        Not changed.
    stations : Network, DataFrame or Inventory
        Where the stations are.
    origin : mapping, Series or DataFrame of one row, optional
        ``latitude``, ``longitude`` and where known ``time`` and ``depth_km`` (``tables.ORIGINS``).
        Without a place, distances are from the reference point of the network; with a time,
        the axis shows seconds after it.
    component : str
        Last letter of the channels drawn.
    model : VelocityModel, optional
        For the lines of predicted times; needs place, depth and time of the origin. By default
        that of the network, where it has one.
    phases : sequence of {"P", "S"}
        Which times are predicted.
    picks : DataFrame, optional
        ``tables.PICKS``: strokes at their time, a band of one standard error.
    reduction_km_s : float, optional
        Velocity in km/s: every trace is shifted by its distance over this velocity.
    starttime, endtime : UTCDateTime or str, optional
        Span to draw; by default all there is.
    size : float, optional
        Largest deflection of a trace in km; by default 0.45 of the mean spacing.
    ax : Axes, optional
        Where to draw; by default in a figure of its own.
    title : str, optional
    linewidth : float
        In points.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ParameterError
        If no channel has the component, the span is empty, or the velocity or the size is not
        positive.
    MetadataError
        If no station of the records has a known distance.

    Examples
    --------
    >>> import numpy as np
    >>> from obspy import Trace
    >>> from paektuseis import load_network
    >>> rumble = Trace(np.sin(np.arange(500.0)), {"network": "1U", "station": "PDBD",
    ...     "channel": "HHZ", "sampling_rate": 50.0})
    >>> ax = plot_record_section(rumble, stations=load_network("paektu"))
    >>> ax.get_ylabel()
    'distance (km)'
    """
    for name, value in (("reduction_km_s", reduction_km_s), ("size", size)):
        if value is not None and not value > 0:
            raise ParameterError(f"{name}={value}; give a positive number")
    groups = _component(by_id(as_traces(stream)), component)
    row = one_row(origin)
    zero = time_of(row, "time", "origin_time")
    known = distances(stations, point=event_point(row))
    rows = sorted(
        ((i, known[station_of(i)]) for i in groups if station_of(i) in known), key=lambda r: r[1]
    )
    if not rows:
        raise MetadataError(
            f"no distance is known for any of {sorted({station_of(i) for i in groups})}; "
            "give stations with their coordinates, and an origin or a reference point"
        )
    start, end = check_span(starttime, endtime, *span_of([t for g in groups.values() for t in g]))
    ax = axes_or_new(ax, (8.0, 6.0))
    axis = _TimeAxis(zero, reduction_km_s)
    size = size or _spacing(rows)
    for trace_id, distance in rows:
        days, values = outline(groups[trace_id], start, end, 1500)
        ax.plot(
            axis.at(days, distance), distance + _scaled(values, size),
            color=BLACK, linewidth=linewidth, zorder=3,
        )  # fmt: skip
    if picks is not None:
        _draw_picks(ax, PICKS.check(picks), rows, axis, size)
    if model is None:
        model = getattr(stations, "velocity", None)
    if model is not None and zero is not None and event_point(row) is not None:
        _draw_predicted(ax, model, phases, rows, stations, row, zero, axis)
    _name_rows(ax, rows)
    axis.finish(ax, start, end, rows)
    top, bottom = rows[-1][1], rows[0][1]
    ax.set_ylim(bottom - 1.4 * size, top + 1.4 * size)
    drawn = [t for i, _ in rows for t in groups[i]]
    label_axes(
        ax,
        y=translate("distance (km)"),
        title=_title(drawn, len(rows), len(groups)) if title is None else safe_text(title),
    )
    legend(ax, loc="lower right")
    return ax


class _TimeAxis:
    """Where an instant stands on the axis: UTC, or seconds after the origin, reduced or not."""

    def __init__(self, zero: UTCDateTime | None, reduction: float | None) -> None:
        self.zero, self.reduction = zero, reduction

    def at(self, days: Any, distance: float) -> Any:
        """Return positions of instants (days of the date axis) at a distance in km."""
        shift = distance / self.reduction if self.reduction else 0.0
        if self.zero is None:
            return days - shift / DAY
        return (days - to_days(self.zero)) * DAY - shift

    def finish(self, ax: Axes, start: UTCDateTime, end: UTCDateTime, rows: Rows) -> None:
        """Set limits and label."""
        nearest, farthest = rows[0][1], rows[-1][1]
        first, last = self.at(to_days(start), farthest), self.at(to_days(end), nearest)
        if self.zero is None:
            time_axis(ax, start - (farthest / self.reduction if self.reduction else 0.0), end)
            if self.reduction:
                label_axes(
                    ax,
                    x=translate(
                        "{label}, less distance / {velocity:g} km/s",
                        label=ax.get_xlabel(),
                        velocity=self.reduction,
                    ),
                )
            return
        ax.set_xlim(float(first), float(last))
        moment = self.zero.strftime("%Y-%m-%d %H:%M:%S.%f")[:-4]
        if self.reduction:
            words = translate(
                "time after {time} UTC, less distance / {velocity:g} km/s (s)",
                time=moment,
                velocity=self.reduction,
            )
        else:
            words = translate("time after {time} UTC (s)", time=moment)
        label_axes(ax, x=words)


def _component(groups: dict[str, list[Trace]], letter: str) -> dict[str, list[Trace]]:
    chosen = {i: g for i, g in groups.items() if i.endswith(letter)}
    if not chosen:
        raise ParameterError(
            f"component={letter!r}: no channel ends in it; the stream holds {sorted(groups)}"
        )
    return chosen


def _spacing(rows: Rows) -> float:
    """Return a size at which neighbours share little of the paper."""
    reach = rows[-1][1] - rows[0][1]
    return 0.45 * reach / max(len(rows) - 1, 1) if reach > 0 else 1.0


def _scaled(values: FloatArray, size: float) -> FloatArray:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return values
    centre = float(np.median(finite))
    largest = float(np.abs(finite - centre).max())
    return (values - centre) * (size / largest if largest > 0 else 0.0)


def _draw_picks(ax: Axes, picks: pd.DataFrame, rows: Rows, axis: _TimeAxis, size: float) -> None:
    by_station = {station_of(i): d for i, d in rows}
    for one in picks.to_dict("records"):
        distance = by_station.get(station_of(str(one["trace_id"])))
        if distance is None or pd.isna(one["time"]):
            continue
        at = axis.at(to_days(as_utc(one["time"])), distance)
        colour = PHASE_COLOURS.get(str(one["phase"]), PURPLE)
        low, high = distance - 0.7 * size, distance + 0.7 * size
        ax.vlines(at, low, high, color=colour, linewidth=1.2, zorder=5)
        wide = float(one["uncertainty"]) / (1.0 if axis.zero is not None else DAY)
        if np.isfinite(wide):
            ax.fill_betweenx(
                [low, high], at - wide, at + wide,
                color=colour, alpha=0.2, linewidth=0, zorder=2,
            )  # fmt: skip


def _draw_predicted(
    ax: Axes,
    model: Any,
    phases: Sequence[Literal["P", "S"]],
    rows: Rows,
    stations: Any,
    row: dict[str, Any],
    zero: UTCDateTime,
    axis: _TimeAxis,
) -> None:
    """Join the predicted times at the stations; where depth or elevation is unknown, none."""
    from ..network import travel_time

    depth = float(row.get("depth_km", math.nan))
    table = stations_table(stations)
    keys = table["network"] + "." + table["station"]
    heights = dict(zip(keys, table["elevation_m"].astype(float), strict=True))
    placed = [(d, heights.get(station_of(i), math.nan)) for i, d in rows]
    placed = [(d, h) for d, h in placed if math.isfinite(h)]
    if not math.isfinite(depth) or not placed:
        return
    far, high = (np.array(column) for column in zip(*placed, strict=True))
    for phase in phases:
        seconds = travel_time(
            model,
            distance_km=far,
            source_depth_km=depth,
            receiver_depth_km=-high / 1000.0,
            phase=phase,
        )
        at = [axis.at(to_days(zero) + s / DAY, d) for s, d in zip(seconds, far, strict=True)]
        ax.add_line(
            Line2D(
                at,
                far,
                color=PHASE_COLOURS[phase],
                linewidth=0.9,
                linestyle=(0, (4, 2)),
                marker=".",
                markersize=3,
                zorder=4,
                label=translate("{phase} predicted", phase=phase),
            )
        )


def _name_rows(ax: Axes, rows: Rows) -> None:
    for trace_id, distance in rows:
        ax.annotate(
            safe_text(station_of(trace_id).partition(".")[2] or trace_id),
            (1.0, distance),
            xycoords=("axes fraction", "data"),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            family=fonts(),
        )


def _title(drawn: list[Trace], shown: int, of: int) -> str:
    units = {units_of(t) for t in drawn}
    words = band_text(drawn)
    if len(units) == 1:
        words += translate(" · each trace to its own largest deflection")
    if shown < of:
        words += translate(" · {n} channels without a known distance left out", n=of - shown)
    return words
