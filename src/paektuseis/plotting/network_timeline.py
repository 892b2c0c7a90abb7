"""Stations against time: who recorded, who was blind or missing, and who saw which event."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from .._language import translate
from ..errors import ParameterError
from ..tables import station_of
from ..times import TimeLike
from ._classes import MARKS, NO_CLASS, class_text, in_order, labels_of
from ._fonts import fonts
from ._pages import event_times
from ._style import SMALL, safe_text
from ._time import column_days
from .availability import plot_availability


def plot_network_timeline(
    watch: pd.DataFrame,
    *,
    events: pd.DataFrame | None = None,
    classes: pd.DataFrame | None = None,
    stations: Any = None,
    ax: Axes | None = None,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    title: str | None = None,
) -> Axes:
    """Draw a line of time for each station, nearest first, with the events it triggered for.

    Parameters
    ----------
    watch : DataFrame
        ``tables.MONITORING`` (of one detector) or ``tables.AVAILABILITY``. Of a station with
        several channels the vertical one is drawn.
    events : DataFrame, optional
        ``tables.EVENTS`` or ``tables.DETECTIONS``; a mark stands at each of an event's
        ``stations``; an event that names none is a line through all of them.
    classes : DataFrame, optional
        ``tables.CLASSES``: mark and colour of each event.
    stations : Network, DataFrame or Inventory, optional
        For the order by distance.
    ax : Axes, optional
        Where to draw; by default in a figure of its own.
    starttime, endtime : UTCDateTime or str, optional
        Span of the axis; by default that of the table.
    title : str, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ParameterError
        If the table is neither of the two, holds several detectors, or events have no time.

    Examples
    --------
    >>> from obspy import UTCDateTime
    >>> from paektuseis import tables
    >>> t = UTCDateTime(2014, 6, 15)
    >>> watch = tables.MONITORING.frame({"trace_id": f"1U.{s}..HHZ", "starttime": t,
    ...     "endtime": t + 3600, "state": "monitored"} for s in ("JGPD", "PDBD"))
    >>> ax = plot_network_timeline(watch)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['1U.JGPD', '1U.PDBD']
    """
    if "detector" in watch.columns and watch["detector"].nunique() > 1:
        raise ParameterError(
            f"watch holds the detectors {sorted(watch['detector'].unique())}; give one of them"
        )
    rows = _one_channel_each(watch)
    ax = plot_availability(
        rows, ax=ax, starttime=starttime, endtime=endtime, stations=stations, title=title
    )
    if rows.empty:
        return ax
    names = [station_of(label.get_text()) for label in ax.get_yticklabels()]
    ax.set_yticks(range(len(names)), [safe_text(n) for n in names])
    if events is not None and len(events):
        _draw_events(ax, events, classes, names)
    return ax


def _one_channel_each(watch: pd.DataFrame) -> pd.DataFrame:
    first: dict[str, str] = {}
    for trace_id in sorted(set(watch["trace_id"]), key=lambda i: (not i.endswith("Z"), i)):
        first.setdefault(station_of(trace_id), trace_id)
    return watch[watch["trace_id"].isin(set(first.values()))]


def _draw_events(
    ax: Axes, events: pd.DataFrame, classes: pd.DataFrame | None, names: list[str]
) -> None:
    left, right = ax.get_xlim()
    days = column_days(event_times(events))
    if "event_id" in events.columns:
        labels = labels_of(events["event_id"], classes)
    else:
        labels = pd.Series(NO_CLASS, index=events.index)
    seen = events["stations"] if "stations" in events.columns else pd.Series([()] * len(events))
    inside = (days >= left) & (days <= right)
    slots = {name: i for i, name in enumerate(names)}
    for label in in_order(labels):
        colour, marker = MARKS[label]
        x: list[float] = []
        y: list[float] = []
        for at, who, mine in zip(days, seen, (labels == label).to_numpy() & inside, strict=True):
            if not mine:
                continue
            if not len(who):
                ax.axvline(at, color=colour, linewidth=0.9, zorder=4)
                x.append(at)
                y.append(-0.6)
            for station in who:
                if station in slots:
                    x.append(at)
                    y.append(slots[station])
        edge: dict[str, Any] = {} if marker == "x" else {"edgecolor": "white", "linewidth": 0.5}
        ax.scatter(x, y, s=24, color=colour, marker=marker, zorder=6, clip_on=False, **edge)
    ax.set_xlim(left, right)
    if classes is not None:
        _key(ax, in_order(labels[inside]))
    _count(ax, int(np.count_nonzero(inside)))


def _key(ax: Axes, labels: list[str]) -> None:
    """Draw the key to the classes above that to the states."""
    states = ax.get_legend()
    handles = [
        Line2D([], [], color=MARKS[n][0], marker=MARKS[n][1], linestyle="none", markersize=5)
        for n in labels
    ]
    ax.legend(
        handles,
        [class_text(n) for n in labels],
        prop={"family": fonts(), "size": SMALL},
        ncols=len(labels),
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        bbox_transform=ax.transAxes + ScaledTranslation(0, 12 / 72, ax.figure.dpi_scale_trans),
        frameon=False,
        borderaxespad=0.1,
        columnspacing=1.2,
        handletextpad=0.3,
    )
    if states is not None:
        ax.add_artist(states)


def _count(ax: Axes, n: int) -> None:
    label = ax.get_xlabel()
    ax.set_xlabel(translate("{label} · marks: {n} events", label=label, n=n), family=fonts())
