"""Traces above one another, and a characteristic function with what it triggered."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from obspy import Stream, Trace, UTCDateTime

from .._language import translate
from ..errors import ParameterError
from ..provenance import band_of, recall, units_of, valid_span
from ..tables import PICKS, TRIGGERS, station_of
from ..times import TimeLike
from ..types import Band, FloatArray
from ._envelope import as_traces, by_id, outline, span_of
from ._fonts import fonts
from ._stations import distances
from ._style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PALE,
    PURPLE,
    RED,
    SMALL,
    axes_or_new,
    label_axes,
    legend,
    number_text,
    safe_text,
    unit_text,
    words_of,
)
from ._time import DAY, check_span, column_days, time_axis, to_days


def band_words(band: Band) -> str:
    """Return a band in words, in the language spoken."""
    if band.freqmin is None and band.freqmax is None:
        return translate("unfiltered")
    if band.freqmax is None:
        return translate("above {freq:g} Hz", freq=band.freqmin)
    if band.freqmin is None:
        return translate("below {freq:g} Hz", freq=band.freqmax)
    return band.text


def band_text(traces: list[Trace]) -> str:
    """Return the band of some traces in words, or say that it differs."""
    bands = {band_of(t) for t in traces}
    if len(bands) > 1:
        return translate("bands differ")
    low, high = bands.pop()
    return band_words(Band(freqmin=low, freqmax=high))


def plot_waveforms(
    stream: Stream | Trace,
    *,
    ax: Axes | None = None,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    stations: Any = None,
    order: Literal["distance", "id", "given"] | None = None,
    origin: tuple[float, float] | None = None,
    triggers: pd.DataFrame | None = None,
    picks: pd.DataFrame | None = None,
    normalise: Literal["trace", "common"] = "trace",
    title: str | None = None,
    color: str = BLACK,
    linewidth: float = 0.5,
) -> Axes:
    """Draw channels above one another, each with its scale in its own unit.

    Each trace is drawn about its median; a gap stays blank; the time disturbed
    by the settling of a filter is shaded grey.

    Parameters
    ----------
    stream : Stream or Trace
        Not changed.
    ax : Axes, optional
        Where to draw; by default in a figure of its own.
    starttime, endtime : UTCDateTime or str, optional
        Span to draw; by default all there is.
    stations : Network, DataFrame or Inventory, optional
        Positions, for the order by distance.
    order : {"distance", "id", "given"}, optional
        From top to bottom. By default by distance where positions are known,
        else as given.
    origin : tuple of float, optional
        Latitude and longitude (degrees) to measure distance from; by default
        the reference point of the volcano.
    triggers : DataFrame, optional
        Table of triggers (:data:`paektuseis.tables.TRIGGERS`), marked on their channel.
    picks : DataFrame, optional
        Arrivals (:data:`paektuseis.tables.PICKS`), marked on all channels of their station:
        P blue, S green, with their standard error as a band.
    normalise : {"trace", "common"}
        Each channel to its own largest deflection, or all to a common one
        (which needs one unit).
    title : str, optional
        Panel title; by default the band the traces were filtered to.
    color : str
        Colour of the traces.
    linewidth : float
        In points.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ParameterError
        If an option is unknown, the span is empty or units are mixed under a common scale.
    WaveformError
        If there is no sample to draw.

    Examples
    --------
    >>> import numpy as np
    >>> from obspy import Trace
    >>> ax = plot_waveforms(Trace(np.arange(100.0), {"station": "A"}))
    >>> ax.get_xlabel()
    'UTC, 1970-01-01'
    """
    if normalise not in ("trace", "common"):
        raise ParameterError(f"normalise={normalise!r}; choose 'trace' or 'common'")
    traces = as_traces(stream)
    start, end = check_span(starttime, endtime, *span_of(traces))
    groups = by_id(traces)
    known = distances(stations, point=origin)
    ids = _ordered(list(groups), known, order)
    units = {key: units_of(groups[key][0]) for key in ids}
    if normalise == "common" and len(set(units.values())) > 1:
        raise ParameterError(
            f"normalise='common' over the units {sorted(set(units.values()))}; "
            "draw one unit at a time or use normalise='trace'"
        )
    lines = {key: outline(groups[key], start, end, 1500) for key in ids}
    peaks = {key: _deflection(groups[key], *line) for key, line in lines.items()}
    largest = max((p for p in peaks.values() if np.isfinite(p)), default=np.nan)

    axes_height = max(2.0, 0.55 * len(ids) + 0.9)
    ax = axes_or_new(ax, (8.0, min(axes_height, 11.0)))
    marked = None if triggers is None else TRIGGERS.check(triggers)
    picked = None if picks is None else PICKS.check(picks)
    for slot, key in enumerate(ids):
        peak = largest if normalise == "common" else peaks[key]
        days, values = lines[key]
        if len(values) and np.isfinite(values).any():
            centre = float(np.nanmedian(values))
            scale = 0.46 / peak if peak > 0 else 0.0
            ax.plot(
                days,
                slot - np.clip((values - centre) * scale, -0.5, 0.5),
                color=color,
                linewidth=linewidth,
                zorder=3,
            )
            note = f"±{number_text(peak)} {unit_text(units[key])}"
        else:
            note = translate("no samples")
        ax.annotate(
            note,
            (1.0, slot),
            xycoords=("axes fraction", "data"),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            family=fonts(),
            color="#333333",
        )
        _shade_settling(ax, groups[key], slot, start, end)
        if marked is not None:
            _mark_triggers(ax, marked[marked["trace_id"] == key], slot)
        if picked is not None:
            _mark_picks(ax, picked[picked["trace_id"].map(station_of) == station_of(key)], slot)
    ax.set_ylim(len(ids) - 0.4, -0.6)
    height = ax.get_window_extent().height * 72.0 / ax.figure.dpi
    crowded = height / len(ids) < 2.6 * SMALL  # no room for two lines a row
    ax.set_yticks(range(len(ids)), [_row_label(key, known, crowded) for key in ids])
    ax.tick_params(axis="y", length=0)
    time_axis(ax, start, end)
    label_axes(ax, title=band_text(traces) if title is None else safe_text(title))
    return ax


def _ordered(ids: list[str], known: dict[str, float], order: str | None) -> list[str]:
    if order is None:
        order = "distance" if known else "given"
    if order == "given":
        return ids
    if order == "id":
        return sorted(ids)
    if order == "distance":
        return sorted(ids, key=lambda i: (known.get(station_of(i), np.inf), i))
    raise ParameterError(f"order={order!r}; choose 'distance', 'id' or 'given'")


def _deflection(traces: list[Trace], days: FloatArray, values: FloatArray) -> float:
    """Return the largest deflection from the median, settling of filters left out."""
    settled = np.zeros(len(days), dtype=bool)
    for trace in traces:
        valid_from, valid_until = valid_span(trace)
        settled |= (days >= to_days(valid_from)) & (days <= to_days(valid_until))
    present = np.isfinite(values)
    if not present.any():
        return float("nan")
    chosen = values[present & settled] if (present & settled).any() else values[present]
    return float(np.max(np.abs(chosen - np.median(values[present]))))


def _row_label(trace_id: str, known: dict[str, float], crowded: bool) -> str:
    _, station, location, channel = [*trace_id.split("."), "", "", "", ""][:4]
    label = safe_text(" ".join(p for p in (station, location, channel) if p) or trace_id)
    distance = known.get(station_of(trace_id))
    if distance is None:
        return label
    return f"{label} {distance:.1f} km" if crowded else f"{label}\n{distance:.1f} km"


def _shade_settling(
    ax: Axes, traces: list[Trace], slot: int, start: UTCDateTime, end: UTCDateTime
) -> None:
    for trace in traces:
        valid_from, valid_until = valid_span(trace)
        for begin, stop in (
            (trace.stats.starttime, valid_from),
            (valid_until, trace.stats.endtime),
        ):
            begin, stop = max(begin, start), min(stop, end)
            if stop > begin:
                ax.add_patch(
                    Rectangle(
                        (to_days(begin), slot - 0.5),
                        to_days(stop) - to_days(begin),
                        1.0,
                        facecolor=PALE,
                        edgecolor="none",
                        zorder=1,
                    )
                )


def _mark_triggers(ax: Axes, rows: pd.DataFrame, slot: int) -> None:
    if rows.empty:
        return
    begins, ends = column_days(rows["starttime"]), column_days(rows["endtime"])
    for begin, stop in zip(begins, ends, strict=True):
        ax.add_patch(
            Rectangle(
                (begin, slot - 0.45),
                stop - begin,
                0.9,
                facecolor=ORANGE,
                alpha=0.22,
                edgecolor="none",
                zorder=2,
            )
        )
    ax.vlines(begins, slot - 0.45, slot + 0.45, color=RED, linewidth=1.0, zorder=4)


def _mark_picks(ax: Axes, rows: pd.DataFrame, slot: int) -> None:
    for row, day in zip(rows.to_dict("records"), column_days(rows["time"]), strict=True):
        colour = {"P": BLUE, "S": GREEN}.get(str(row["phase"]), PURPLE)
        width = float(row["uncertainty"]) / DAY
        if np.isfinite(width):
            ax.add_patch(
                Rectangle(
                    (day - width, slot - 0.4),
                    2.0 * width,
                    0.8,
                    facecolor=colour,
                    alpha=0.25,
                    edgecolor="none",
                    zorder=2,
                )
            )
        ax.vlines(day, slot - 0.4, slot + 0.4, color=colour, linewidth=1.1, zorder=5)
        word = str(row["phase"]) + {"up": "+", "down": "−"}.get(str(row["polarity"]), "")
        ax.annotate(
            safe_text(word),
            (day, slot - 0.4),
            xytext=(1.5, -1),
            textcoords="offset points",
            va="top",
            fontsize=SMALL,
            family=fonts(),
            color=colour,
            zorder=6,
        )


def plot_triggers(
    cf: Stream | Trace,
    triggers: pd.DataFrame | None = None,
    *,
    thr_on: float | None = None,
    thr_off: float | None = None,
    ax: Axes | None = None,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    title: str | None = None,
    color: str = BLUE,
    linewidth: float = 0.7,
) -> Axes:
    """Draw a characteristic function with its thresholds, blind time and triggers.

    Parameters
    ----------
    cf : Stream or Trace
        Characteristic function of one channel (segments allowed).
    triggers : DataFrame, optional
        Table of triggers; those of this channel are marked.
    thr_on, thr_off : float, optional
        Thresholds (same unit as ``cf``); by default those of the triggers.
    ax : Axes, optional
        Where to draw; by default in a figure of its own.
    starttime, endtime : UTCDateTime or str, optional
        Span to draw; by default all there is.
    title : str, optional
        Panel title; by default channel, method, windows and band.
    color : str
        Colour of the line.
    linewidth : float
        In points.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ParameterError
        If ``cf`` holds several channels or the span is empty.
    WaveformError
        If there is no sample to draw.
    """
    traces = as_traces(cf, what="cf")
    groups = by_id(traces)
    if len(groups) > 1:
        raise ParameterError(
            f"cf holds the channels {sorted(groups)}; select one with cf.select(...)"
        )
    ((trace_id, traces),) = groups.items()
    start, end = check_span(starttime, endtime, *span_of(traces))
    ax = axes_or_new(ax, (8.0, 2.6))
    days, values = outline(traces, start, end, 2000)
    ax.plot(days, values, color=color, linewidth=linewidth, zorder=3)
    shown = False
    for trace in traces:
        blind = recall(trace, "blind_until")
        if blind is not None and blind > trace.stats.starttime:
            stop = min(blind, trace.stats.endtime)
            ax.axvspan(
                to_days(trace.stats.starttime),
                to_days(stop),
                facecolor=PALE,
                edgecolor=GREY,
                hatch="///",
                linewidth=0.0,
                zorder=1,
                label=None if shown else translate("blind (warm-up)"),
            )
            shown = True
    if triggers is not None:
        rows = TRIGGERS.check(triggers)
        rows = rows[rows["trace_id"] == trace_id]
        thr_on = _common(rows, "thr_on") if thr_on is None else thr_on
        thr_off = _common(rows, "thr_off") if thr_off is None else thr_off
        begins, ends = column_days(rows["starttime"]), column_days(rows["endtime"])
        for i, (begin, stop) in enumerate(zip(begins, ends, strict=True)):
            ax.axvspan(
                begin,
                stop,
                facecolor=ORANGE,
                alpha=0.3,
                linewidth=0.0,
                zorder=2,
                label=None if i else translate("trigger ({n})", n=len(rows)),
            )
        ax.scatter(
            begins,
            np.zeros(len(begins)),
            marker="^",
            s=14,
            color=RED,
            zorder=5,
            transform=ax.get_xaxis_transform(),
            clip_on=False,
        )
    if thr_on is not None:
        ax.axhline(
            thr_on,
            color=RED,
            linewidth=0.8,
            linestyle="-",
            zorder=4,
            label=translate("on at {value:g}", value=thr_on),
        )
    if thr_off is not None:
        ax.axhline(
            thr_off,
            color=RED,
            linewidth=0.8,
            linestyle="--",
            zorder=4,
            label=translate("off at {value:g}", value=thr_off),
        )
    finite = values[np.isfinite(values)]
    top = max([float(finite.max(initial=0.0)), thr_on or 0.0]) * 1.08
    bottom = min(0.0, float(finite.min(initial=0.0)) * 1.08, (thr_off or 0.0) * 1.2)
    ax.set_ylim(bottom, top if top > bottom else bottom + 1.0)
    time_axis(ax, start, end)
    units = units_of(traces[0])
    label_axes(
        ax,
        y=translate("characteristic function ({units})", units=unit_text(units)),
        title=_cf_title(traces[0]) if title is None else safe_text(title),
    )
    legend(ax)
    return ax


def _common(rows: pd.DataFrame, column: str) -> float | None:
    if column not in rows or rows.empty:
        return None
    values = rows[column].dropna().unique()
    return float(values[0]) if len(values) == 1 else None


def _cf_title(trace: Trace) -> str:
    parts = [safe_text(trace.id)]
    if method := recall(trace, "method"):
        parts.append(words_of(method))
    sta, lta = recall(trace, "sta"), recall(trace, "lta")
    if sta is not None and lta is not None:
        parts.append(f"STA {sta:g} s, LTA {lta:g} s")
    parts.append(band_text([trace]))
    return " · ".join(parts)
