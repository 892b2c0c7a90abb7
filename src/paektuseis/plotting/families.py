"""Families of like events: when each was heard, and how large."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from .._language import translate
from ..errors import ParameterError
from ..tables import FAMILIES
from ..times import TimeLike, as_utc
from ._style import GREY, axes_or_new, colour_of, empty_panel, label_axes, safe_text
from ._time import check_span, column_days, time_axis


def plot_families(
    families: pd.DataFrame,
    *,
    ax: Axes | None = None,
    most: int = 20,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    title: str | None = None,
) -> Axes:
    """Draw a line for each family, the largest on top, with a mark for each of its events.

    The area of a mark grows with the amplitude relative to the family's master, which is drawn
    filled. Events in no family are strokes at the foot.

    Parameters
    ----------
    families : DataFrame
        Table ``tables.FAMILIES``.
    ax : Axes, optional
        Where to draw; by default in a figure of its own.
    most : int
        No more families than this; the title says how many there are.
    starttime, endtime : UTCDateTime or str, optional
        Span of the axis.
    title : str, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ParameterError
        If ``most`` is below 1.
    """
    if most < 1:
        raise ParameterError(f"most={most}; give at least 1")
    table = FAMILIES.check(families)
    members = table[table["family"] != ""]
    sizes = members["family"].value_counts(sort=True)
    shown = sorted(sizes.index, key=lambda name: (-sizes[name], name))[:most]
    ax = axes_or_new(ax, (8.0, 1.2 + 0.3 * max(len(shown), 3)))
    if table.empty:
        empty_panel(ax, translate("no event was compared"))
        return ax
    for row, name in enumerate(shown):
        mine = members[members["family"] == name].sort_values("time")
        days = column_days(mine["time"])
        ax.plot(days[[0, -1]], [row, row], color=GREY, linewidth=0.6, zorder=1)
        relative = np.nan_to_num(mine["relative_magnitude"].to_numpy(float))
        area = 22.0 * 10.0 ** np.clip(relative, -1.0, 1.0)
        master = mine["master"].to_numpy(bool) if "master" in mine else np.zeros(len(mine), bool)
        colour = colour_of(row)
        for pick, face in ((~master, "none"), (master, colour)):
            ax.scatter(
                days[pick],
                np.full(int(pick.sum()), row),
                s=area[pick],
                facecolor=face,
                edgecolor=colour,
                linewidth=0.9,
                zorder=3,
            )
    alone = table[table["family"] == ""]
    for day in column_days(alone["time"]):
        ax.axvline(day, ymax=0.05, color=GREY, linewidth=0.6, zorder=2)
    ax.set_ylim(max(len(shown), 1) - 0.2, -0.7)
    ax.set_yticks(range(len(shown)), [f"{safe_text(n)} ({sizes[n]})" for n in shown])
    ax.tick_params(axis="y", length=0)
    start, end = check_span(
        starttime, endtime, as_utc(table["time"].min()) - 1.0, as_utc(table["time"].max()) + 1.0
    )
    time_axis(ax, start, end)
    if title is None:
        title = translate(
            "{n} of {all} events in {families} families",
            n=len(members),
            all=len(table),
            families=len(sizes),
        )
        if len(sizes) > len(shown):
            title += translate(", the {n} largest drawn", n=len(shown))
    label_axes(ax, title=title)
    return ax
