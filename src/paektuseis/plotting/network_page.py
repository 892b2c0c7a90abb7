"""One page for a network and a day: who was alive, what happened."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from obspy import Inventory

from .._language import plural, translate
from ..errors import ParameterError
from ..provenance import is_synthetic
from ..tables import station_of
from ..times import TimeLike, as_utc
from ._pages import (
    event_times,
    header,
    instant_text,
    new_page,
    panel,
    quantity,
    time_of,
    volcano_name,
    words_panel,
    write_columns,
    write_findings,
)
from ._stations import coordinates_text, reference_of, stations_table
from ._style import RED, empty_panel, label_axes, safe_text
from ._time import check_span, column_days, short_span_text, span_text, time_axis
from .availability import plot_availability
from .maps import plot_station_map
from .series import plot_event_rate, plot_rsam

LEFT, ACROSS = 32.0, 152.0  # mm
MOST_ROWS = 24


def network_summary(
    *,
    network: Any = None,
    inventory: Inventory | None = None,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    events: pd.DataFrame | None = None,
    detections: pd.DataFrame | None = None,
    monitoring: pd.DataFrame | None = None,
    availability: pd.DataFrame | None = None,
    rates: pd.DataFrame | None = None,
    rsam: pd.DataFrame | None = None,
    quality: pd.DataFrame | None = None,
    title_note: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw a page for a network and a span: map, availability, events, RSAM, quality.

    Parameters
    ----------
    network : Network, optional
        For the map and the name of the volcano.
    inventory : Inventory, optional
        For the map where there is no network.
    starttime, endtime : UTCDateTime or str, optional
        Span of the page; by default that of the tables.
    events, detections : DataFrame, optional
        Table of events or of detections; give one.
    monitoring, availability : DataFrame, optional
        State of each channel, or its recorded segments; the first is preferred.
    rates : DataFrame, optional
        Table of :data:`paektuseis.tables.RATES`.
    rsam : DataFrame, optional
        Table of :data:`paektuseis.tables.RSAM`.
    quality : DataFrame, optional
        Table of :data:`paektuseis.tables.QUALITY`.
    title_note : str, optional
        A line for the head of the page.
    synthetic : bool
        Write SYNTHETIC over the page; also done where the inventory, the
        network or the note say so.

    Returns
    -------
    matplotlib.figure.Figure
        A4, upright.

    Raises
    ------
    ParameterError
        If no table gives a span and none is asked for, or both events and
        detections are given.
    """
    if events is not None and detections is not None:
        raise ParameterError("both events and detections are given; give one of them")
    seen = events if events is not None else detections
    watch = monitoring if monitoring is not None and len(monitoring) else availability
    start, end = _span(starttime, endtime, watch, rates, rsam, seen)
    if seen is not None and len(seen):
        when = [as_utc(t) for t in event_times(seen)]
        seen = seen[[start <= t < end for t in when]]
    source = network if network is not None else inventory
    figure = new_page()
    volcano = volcano_name(network, translate("network"))
    reference = reference_of(network)
    facts = (
        [translate("reference point {position}", position=coordinates_text(*reference))]
        if reference
        else []
    )
    if seen is not None:
        facts.append(plural("{n} event", "{n} events", len(seen)))
    span = span_text(start, end)
    if end - start < 86399:
        span = short_span_text(start, end)
    header(
        figure,
        f"{volcano} · {span} UTC",
        [" · ".join(facts)],
        synthetic=synthetic or is_synthetic(inventory, network, title_note),
        note=title_note,
    )
    _draw_map(panel(figure, 24, 36, 88, 66), source, watch)
    words = panel(figure, 122, 36, 76, 66)
    words_panel(words, translate("quality, worst first"))
    write_findings(words, quality, several=True)
    _draw_availability(panel(figure, LEFT, 122, ACROSS, 38), watch, source, start, end)
    _draw_events(panel(figure, LEFT, 176, ACROSS, 24), rates, seen, start, end)
    ax = panel(figure, LEFT, 210, ACROSS, 28)
    if rsam is None or rsam.empty:
        empty_panel(ax, translate("no RSAM was given"))
    else:
        plot_rsam(rsam, ax=ax, starttime=start, endtime=end)
    table = panel(figure, 14, 254, 184, 34)
    words_panel(table, translate("events, largest ratio first"))
    _write_events(table, seen)
    return figure


def _span(starttime: Any, endtime: Any, *tables: pd.DataFrame | None) -> Any:
    firsts, lasts = [], []
    for table in tables:
        if table is None or table.empty:
            continue
        name = "starttime" if "starttime" in table.columns else "time"
        firsts.append(as_utc(table[name].min()))
        if "window" in table.columns:
            ends = table[name] + pd.to_timedelta(table["window"], unit="s")
        else:
            ends = table["endtime"]
        lasts.append(as_utc(ends.max()))
    if not firsts:
        if starttime is None or endtime is None:
            raise ParameterError("no table says when; give starttime and endtime")
        firsts, lasts = [as_utc(starttime)], [as_utc(endtime)]
    return check_span(starttime, endtime, min(firsts), max(lasts))


def _draw_map(ax: Axes, source: Any, watch: pd.DataFrame | None) -> None:
    if source is None:
        empty_panel(ax, translate("no positions were given"))
        return
    alive: list[str] | None = None
    if watch is not None:
        living = watch
        if "state" in watch.columns:
            living = watch[watch["state"] != "missing"]
        alive = sorted({station_of(i) for i in living["trace_id"]})
        table = stations_table(source)
        keys = table["network"] + "." + table["station"]
        known = {station_of(i) for i in watch["trace_id"]}
        if hasattr(source, "select") and hasattr(source, "caldera") and keys.isin(known).any():
            source = source.select(sorted(keys[keys.isin(known)]))
        elif keys.isin(known).any():
            source = table[keys.isin(known)]
    plot_station_map(source, ax=ax, alive=alive)


def _draw_availability(
    ax: Axes, watch: pd.DataFrame | None, source: Any, start: Any, end: Any
) -> None:
    if watch is None or watch.empty:
        empty_panel(ax, translate("no availability was given"))
        return
    title = translate("stations alive")
    ids = sorted(set(watch["trace_id"]))
    if len(ids) > MOST_ROWS:  # one channel a station, the vertical one where there is one
        first: dict[str, str] = {}
        for trace_id in sorted(ids, key=lambda i: not i.endswith("Z")):
            first.setdefault(station_of(trace_id), trace_id)
        keep = list(first.values())[:MOST_ROWS]
        watch = watch[watch["trace_id"].isin(keep)]
        title += translate(" ({n} of {all} channels)", n=len(keep), all=len(ids))
    plot_availability(watch, ax=ax, starttime=start, endtime=end, stations=source, title=title)


def _draw_events(
    ax: Axes, rates: pd.DataFrame | None, seen: pd.DataFrame | None, start: Any, end: Any
) -> None:
    if rates is not None and len(rates):
        plot_event_rate(rates, ax=ax, starttime=start, endtime=end)
        label_axes(ax, x="")
    elif seen is None:
        empty_panel(ax, translate("no events were given"))
        return
    else:
        time_axis(ax, start, end)
        ax.set_yticks([])
        label_axes(ax, x="", title=translate("event onsets"))
    if seen is not None and len(seen):
        ax.scatter(
            column_days(event_times(seen)),
            np.zeros(len(seen)),
            marker="|",
            s=40,
            color=RED,
            linewidths=0.9,
            transform=ax.get_xaxis_transform(),
            zorder=6,
            clip_on=False,
        )


def _write_events(ax: Axes, seen: pd.DataFrame | None) -> None:
    if seen is None or seen.empty:
        why = translate("no event")
        if seen is None:
            why = translate("no table of events was given")
        write_columns(ax, [[why]], [0.0])
        return
    rows = []
    largest = seen
    if "peak_ratio" in seen.columns:
        largest = seen.sort_values("peak_ratio", ascending=False)
    for one in largest.to_dict("records"):
        onset = time_of({str(k): v for k, v in one.items()}, "time", "starttime")
        best = str(one.get("best_trace_id", "") or "")
        rows.append(
            [
                "–" if onset is None else instant_text(onset),
                quantity(one.get("duration", np.nan), "s"),
                f"{int(one['n_stations'])}",
                quantity(one.get("peak_ratio", np.nan), ""),
                quantity(one.get("dominant_frequency", np.nan), "Hz"),
                quantity(one.get("frequency_index", np.nan), ""),
                quantity(one.get("peak_amplitude", np.nan), str(one.get("peak_units", "") or "")),
                safe_text(best),
            ]
        )
    room = 7
    shown = rows[:room]
    if len(rows) > room:
        shown.append([translate("and {n} more in the table", n=len(rows) - room), *[""] * 7])
    write_columns(
        ax,
        shown,
        [0.0, 48.0, 64.0, 78.0, 98.0, 114.0, 144.0, 148.0],
        head=(
            translate("onset (UTC)"),
            translate("duration"),
            translate("stations"),
            translate("ratio"),
            translate("dominant f"),
            translate("FI"),
            translate("amplitude"),
            translate("best channel"),
        ),
        right=(1, 2, 3, 4, 5, 6),
    )
