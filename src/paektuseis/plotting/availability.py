"""Which channel was alive when: monitored, blind or missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from numpy.typing import NDArray

from .._language import mark, translate
from ..errors import ParameterError
from ..tables import AVAILABILITY, MONITORING, station_of
from ..times import TimeLike, as_utc
from ._fonts import fonts
from ._stations import distances
from ._style import (
    GREEN,
    GREY,
    ORANGE,
    SKY,
    SMALL,
    axes_or_new,
    empty_panel,
    label_axes,
    safe_text,
)
from ._time import DAY, check_span, column_days, time_axis, to_days

FloatArray = NDArray[np.float64]
STATES = {
    # state: face colour, hatch, words
    "recorded": (SKY, None, mark("recorded")),
    "monitored": (GREEN, None, mark("monitored")),
    "blind": (ORANGE, "////", mark("blind (recorded, detector warming up)")),
    "missing": ("white", None, mark("missing (no samples)")),
}


def plot_availability(
    table: pd.DataFrame,
    *,
    ax: Axes | None = None,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    stations: Any = None,
    title: str | None = None,
    key: bool = True,
) -> Axes:
    """Draw a time line of each channel and the share of the span it covers.

    Parameters
    ----------
    table : DataFrame
        Table of :data:`paektuseis.tables.AVAILABILITY` (recorded segments) or of
        :data:`paektuseis.tables.MONITORING` (monitored, blind, missing).
    ax : Axes, optional
        Where to draw; by default in a figure of its own.
    starttime, endtime : UTCDateTime or str, optional
        Span the share is counted over; by default that of the table.
    stations : Network, DataFrame or Inventory, optional
        For the order by distance.
    title : str, optional
    key : bool
        Draw the key to the colours.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ParameterError
        If the table is neither of the two, or holds an unknown state.
    """
    watched = isinstance(table, pd.DataFrame) and "state" in table.columns
    rows = (MONITORING if watched else AVAILABILITY).check(
        table, need=("trace_id", "starttime", "endtime")
    )
    states = rows["state"] if watched else pd.Series("recorded", index=rows.index)
    if unknown := set(states) - set(STATES):
        raise ParameterError(f"state {sorted(unknown)} is none of {sorted(STATES)}")
    if rows.empty:
        ax = axes_or_new(ax, (8.0, 1.5))
        empty_panel(ax, translate("no record of any channel"))
        return ax
    first, last = as_utc(rows["starttime"].min()), as_utc(rows["endtime"].max())
    start, end = check_span(starttime, endtime, first, last)
    known = distances(stations)
    ids = sorted(set(rows["trace_id"]), key=lambda i: (known.get(station_of(i), np.inf), i))
    ax = axes_or_new(ax, (8.0, min(1.0 + 0.22 * len(ids), 11.0)))
    left, right = to_days(start), to_days(end)
    begins = np.clip(column_days(rows["starttime"]), left, right)
    ends = np.clip(column_days(rows["endtime"]), left, right)
    if not watched:  # a segment ends one sample after its last one
        ends = np.minimum(ends + _sample_days(rows), right)
    good = "monitored" if watched else "recorded"
    for slot, trace_id in enumerate(ids):
        ax.barh(
            slot,
            right - left,
            left=left,
            height=0.72,
            facecolor="white",
            edgecolor=GREY,
            linewidth=0.5,
            zorder=2,
        )
        mine = (rows["trace_id"] == trace_id).to_numpy()
        for state, (face, hatch, _) in STATES.items():
            pick = mine & (states == state).to_numpy() & (ends > begins)
            if state == "missing" or not pick.any():
                continue
            ax.broken_barh(
                list(zip(begins[pick], ends[pick] - begins[pick], strict=True)),
                (slot - 0.36, 0.72),
                facecolors=face,
                hatch=hatch,
                edgecolor="white",
                linewidth=0.0,
                zorder=3,
            )
        pick = mine & (states == good).to_numpy()
        share = union_length(begins[pick], ends[pick]) / (right - left)
        ax.annotate(
            share_text(share),
            (1.0, slot),
            xycoords=("axes fraction", "data"),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            family=fonts(),
        )
    ax.set_ylim(len(ids) - 0.4, -0.6)
    ax.set_yticks(range(len(ids)), [safe_text(i) for i in ids])
    ax.tick_params(axis="y", length=0)
    time_axis(ax, start, end)
    label_axes(ax, title=safe_text(title) if title is not None else None)
    if key:
        _key(ax, [*(s for s in STATES if s in set(states)), "missing"])
    return ax


def _sample_days(rows: pd.DataFrame) -> FloatArray:
    if "sampling_rate" not in rows.columns:
        return np.zeros(len(rows))
    return 1.0 / (rows["sampling_rate"].to_numpy(float) * DAY)


def union_length(begins: FloatArray, ends: FloatArray) -> float:
    """Return the length covered by intervals that may overlap."""
    total, reached = 0.0, -np.inf
    for i in np.argsort(begins, kind="stable"):
        total += max(0.0, ends[i] - max(begins[i], reached))
        reached = max(reached, ends[i])
    return float(total)


def share_text(share: float) -> str:
    """Return a share in per cent that says 100 only where nothing is missing."""
    if share >= 1.0 - 1e-9:
        return "100 %"
    if share > 0.999:
        return "> 99.9 %"
    return f"{100 * share:.1f} %"


def _key(ax: Axes, states: list[str]) -> None:
    patches = [
        Patch(
            facecolor=STATES[s][0],
            hatch=STATES[s][1],
            label=translate(STATES[s][2]),
            edgecolor=GREY if s == "missing" else "white",
            linewidth=0.5,
        )
        for s in dict.fromkeys(states)
    ]
    ax.legend(
        handles=patches,
        prop={"family": fonts(), "size": SMALL},
        ncols=len(patches),
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        frameon=False,
        handlelength=1.4,
        borderaxespad=0.1,
        columnspacing=1.2,
    )
