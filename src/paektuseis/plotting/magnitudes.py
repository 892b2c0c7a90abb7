"""How large events were: against time, summed up, and how many of each size."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from .._language import plural, translate
from ..errors import ParameterError
from ..times import TimeLike, as_utc
from ._classes import MARKS, class_text, in_order, labels_of
from ._style import (
    BLACK,
    BLUE,
    GREY,
    RED,
    axes_or_new,
    dress,
    empty_panel,
    key_share,
    label_axes,
    legend,
    plain_numbers,
)
from ._time import check_span, column_days, time_axis
from .spectra import powers_of_ten


def plot_magnitude_time(
    events: pd.DataFrame,
    *,
    ax: Axes | None = None,
    classes: pd.DataFrame | None = None,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    title: str | None = None,
) -> Axes:
    """Draw each event's magnitude at its time, by class, with its standard error.

    Parameters
    ----------
    events : DataFrame
        ``event_id``, ``time`` and ``magnitude``, and where known ``uncertainty`` and ``kind``.
        Events without a magnitude are drawn as short strokes at the foot of the panel.
    ax : Axes, optional
        Where to draw; by default in a figure of its own.
    classes : DataFrame, optional
        Table ``tables.CLASSES``.
    starttime, endtime : UTCDateTime or str, optional
        Span of the axis.
    title : str, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ParameterError
        If a column is missing.
    """
    _need(events, "event_id", "time", "magnitude")
    ax = axes_or_new(ax, (8.0, 2.6))
    if events.empty:
        empty_panel(ax, translate("no event"))
        return ax
    table = events.reset_index(drop=True)
    days = pd.Series(column_days(table["time"]), index=table.index)
    labels = labels_of(table["event_id"], classes)
    value = table["magnitude"].astype(float)
    if "uncertainty" in table.columns:
        ax.errorbar(
            days,
            value,
            yerr=table["uncertainty"].astype(float).fillna(0.0),
            fmt="none",
            ecolor="#999999",
            elinewidth=0.5,
            zorder=3,
        )
    for name in in_order(labels):
        colour, marker = MARKS[name]
        mine = (labels == name) & value.notna()
        edge: dict[str, Any] = {} if marker == "x" else {"edgecolor": "black"}
        ax.scatter(
            days[mine],
            value[mine],
            s=16,
            color=colour,
            marker=marker,
            linewidth=0.4,
            zorder=5,
            label=class_text(name),
            **edge,
        )
    unknown = value.isna()
    for day in days[unknown]:
        ax.axvline(day, ymax=0.05, color=GREY, linewidth=0.6, zorder=2)
    start, end = check_span(
        starttime, endtime, as_utc(table["time"].min()) - 1.0, as_utc(table["time"].max()) + 1.0
    )
    time_axis(ax, start, end)
    if title is None:
        title = plural("{n} magnitude", "{n} magnitudes", int((~unknown).sum()))
        if unknown.any():
            title += translate("; strokes: {n} events without one", n=int(unknown.sum()))
    label_axes(ax, y=_kind(table), title=title)
    _room_for_key(ax, -(-len(in_order(labels)) // 4))
    legend(ax, ncols=4)
    return ax


def _room_for_key(ax: Axes, rows: int) -> None:
    """Raise the upper end of a linear axis so that the key covers no point."""
    bottom, top = ax.get_ylim()
    share = key_share(ax, rows)
    ax.set_ylim(bottom, bottom + (top - bottom) / (1.0 - share))


def plot_cumulative(
    events: pd.DataFrame,
    *,
    ax: Axes | None = None,
    moment: bool = True,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    title: str | None = None,
) -> Axes:
    """Draw the number of events so far and, on the right, the moment they released.

    Parameters
    ----------
    events : DataFrame
        ``time`` and, for the moment, ``moment`` in N m (missing ones count as nothing).
    ax : Axes, optional
        Where to draw; by default in a figure of its own.
    moment : bool
        Draw the moment where the table has it.
    starttime, endtime : UTCDateTime or str, optional
        Span of the axis.
    title : str, optional

    Returns
    -------
    matplotlib.axes.Axes
        That of the number; the moment has axes of its own in the same place.

    Raises
    ------
    ParameterError
        If a column is missing.
    """
    _need(events, "time")
    ax = axes_or_new(ax, (8.0, 2.4))
    if events.empty:
        empty_panel(ax, translate("no event"))
        return ax
    table = events.sort_values("time", ignore_index=True)
    days = column_days(table["time"])
    start, end = check_span(
        starttime, endtime, as_utc(table["time"].min()) - 1.0, as_utc(table["time"].max()) + 1.0
    )
    ax.step(
        [*days, column_days(pd.Series([pd.Timestamp(int(end.ns), tz="UTC")]))[0]],
        [*range(1, len(days) + 1), len(days)],
        where="post",
        color=BLUE,
        linewidth=1.2,
    )
    ax.set_ylim(0.0, 1.08 * len(days))
    time_axis(ax, start, end)
    label_axes(ax, y=translate("events so far"), title=title)
    ax.yaxis.label.set_color(BLUE)
    if moment and "moment" in table.columns and table["moment"].notna().any():
        other = ax.twinx()
        dress(other)
        total = np.cumsum(np.nan_to_num(table["moment"].to_numpy(float)))
        other.step(days, total, where="post", color=RED, linewidth=1.2, linestyle=(0, (5, 2)))
        other.set_ylim(0.0, 1.08 * float(total[-1]))
        factor = plain_numbers(other, float(total[-1]))
        label_axes(other, y=translate("moment so far ({factor}N m)", factor=factor))
        other.yaxis.label.set_color(RED)
    return ax


def plot_frequency_magnitude(
    distribution: pd.DataFrame,
    *,
    ax: Axes | None = None,
    completeness: Any = None,
    b_value: Any = None,
    kind: str | None = None,
    title: str | None = None,
) -> Axes:
    """Draw how many events there are of each magnitude, with completeness and b-value.

    Parameters
    ----------
    distribution : DataFrame
        As :func:`paektuseis.frequency_magnitude` gives it: ``magnitude`` (centre of the bin),
        ``count`` and ``cumulative`` (events of this magnitude or larger).
    ax : Axes, optional
        Where to draw; by default in a figure of its own.
    completeness, b_value : estimate, optional
        With ``value`` and ``uncertainty``: a line at the magnitude of completeness, and the
        Gutenberg-Richter line through the number of events above it, shaded to one standard
        error of b.
    kind : str, optional
        Name of the magnitude for the axis.
    title : str, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ParameterError
        If a column is missing.
    """
    _need(distribution, "magnitude", "count", "cumulative")
    ax = axes_or_new(ax, (3.6, 3.2))
    table = distribution.sort_values("magnitude")
    table = table[table["cumulative"] > 0]
    if table.empty:
        empty_panel(ax, translate("no magnitude"))
        return ax
    magnitude = table["magnitude"].to_numpy(float)
    some = table["count"] > 0
    ax.scatter(
        magnitude,
        table["cumulative"],
        s=14,
        color=BLACK,
        marker="o",
        label=translate("this or larger"),
    )
    ax.scatter(
        magnitude[some],
        table["count"][some],
        s=14,
        facecolor="white",
        edgecolor=BLUE,
        marker="s",
        label=translate("in each bin"),
    )
    ax.set_yscale("log")
    powers_of_ten(ax)
    words = []
    mc = float(getattr(completeness, "value", math.nan))
    if math.isfinite(mc):
        ax.axvline(mc, color=RED, linewidth=0.9, linestyle=(0, (4, 2)), label="Mc")
        words.append(f"Mc {mc:.2f}{_error(completeness)}")
    b = float(getattr(b_value, "value", math.nan))
    if math.isfinite(b):
        words.append(f"b {b:.2f}{_error(b_value)}")
        if math.isfinite(mc):
            half = 0.5 * float(np.diff(magnitude).min()) if len(magnitude) > 1 else 0.0
            above = magnitude >= mc - 0.5 * half
            if above.any():
                number = float(table["cumulative"][above].iloc[0])
                line = np.array([mc, magnitude[-1] + half])
                ax.plot(line, number * 10.0 ** (-b * (line - mc)), color=RED, linewidth=1.0)
                error = float(getattr(b_value, "uncertainty", math.nan))
                if math.isfinite(error):
                    ax.fill_between(
                        line,
                        number * 10.0 ** (-(b + error) * (line - mc)),
                        number * 10.0 ** (-(b - error) * (line - mc)),
                        color=RED,
                        alpha=0.15,
                        linewidth=0,
                    )
    ax.set_ylim(0.7, 2.0 * float(table["cumulative"].max()))
    label_axes(
        ax,
        x=translate("magnitude") if kind is None else kind,
        y=translate("events"),
        title=title if title is not None else ", ".join(words),
    )
    legend(ax)
    return ax


def _error(estimate: Any) -> str:
    error = float(getattr(estimate, "uncertainty", math.nan))
    return f" ± {error:.2f}" if math.isfinite(error) else ""


def _kind(table: pd.DataFrame) -> str:
    kinds = sorted(set(table["kind"].dropna()) - {""}) if "kind" in table.columns else []
    return translate(" and ").join(kinds) if kinds else translate("magnitude")


def _need(table: pd.DataFrame, *columns: str) -> None:
    missing = [c for c in columns if c not in table.columns]
    if missing:
        raise ParameterError(
            f"the table has no column {', '.join(missing)}; it has {list(table.columns)}"
        )
