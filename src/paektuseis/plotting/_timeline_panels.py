"""The panels of a page of months or years: one figure for each step, gaps left blank."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import NDArray
from obspy import UTCDateTime

from .._language import plural, translate
from ..tables import station_of
from ..types import Timeline
from ._fonts import fonts
from ._style import (
    BLACK,
    BLUE,
    GREY,
    SMALL,
    colour_of,
    empty_panel,
    label_axes,
    number_text,
    power_text,
    safe_text,
    unit_text,
    words_of,
)
from ._time import DAY, column_days, to_days
from .availability import share_text
from .series import kind_text, window_text

FloatArray = NDArray[np.float64]
MOST = 10  # stations with a panel of their own
NOT_PROCESSED: dict[str, Any] = {
    "facecolor": "#F4F4F4",
    "edgecolor": "#BDBDBD",
    "hatch": "....",
    "linewidth": 0.0,
}
NOT_MONITORED: dict[str, Any] = {
    "facecolor": "#EFEFEF",
    "edgecolor": GREY,
    "hatch": "////",
    "linewidth": 0.0,
}
_SHARES = LinearSegmentedColormap.from_list("share", ["#E4EFF7", "#7FB8DE", BLUE])


def within(
    frame: pd.DataFrame, timeline: Timeline, start: UTCDateTime, end: UTCDateTime
) -> pd.DataFrame:
    """Return the rows whose step touches a span."""
    days = column_days(frame["starttime"]) if len(frame) else np.empty(0)
    inside = (days < to_days(end)) & (days + timeline.step / DAY > to_days(start) + 1e-9)
    return frame[inside]


def draw_unprocessed(ax: Axes, timeline: Timeline, start: UTCDateTime, end: UTCDateTime) -> None:
    """Dot the time nobody looked at, behind everything."""
    missed = (timeline.processed["share"] <= 0).to_numpy()
    if not missed.any():
        return
    days = column_days(timeline.processed["starttime"])
    length = timeline.step / DAY
    edges = np.flatnonzero(np.diff(np.concatenate(([0], missed.astype(np.int8), [0]))))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        ax.axvspan(days[first], days[last - 1] + length, zorder=0.5, **NOT_PROCESSED)


def draw_recorded(
    ax: Axes, timeline: Timeline, names: list[str], start: UTCDateTime, end: UTCDateTime
) -> None:
    label_axes(
        ax,
        title=translate("recorded: share of each step with data of any channel (darker is more)"),
    )
    if not names:
        empty_panel(ax, translate("no station recorded anything"))
        return
    length = timeline.step / DAY
    table = timeline.availability
    inside = within(table, timeline, start, end)
    for row, name in enumerate(names):
        mine = inside[inside["station"] == name]
        share = mine["share"].to_numpy(float)
        begins = column_days(mine["starttime"])
        some = share > 0
        boxes = [
            [(b, row - 0.36), (b, row + 0.36), (b + length, row + 0.36), (b + length, row - 0.36)]
            for b in begins[some]
        ]
        ax.add_collection(
            PolyCollection(boxes, facecolors=_SHARES(share[some]), edgecolors="none", zorder=3)
        )
        known = np.isfinite(share)
        total = float(share[known].mean()) if known.any() else 0.0
        ax.annotate(
            share_text(total),
            (1.0, row),
            xycoords=("axes fraction", "data"),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            family=fonts(),
        )
    ax.set_ylim(len(names) - 0.45, -0.55)
    ax.set_yticks(range(len(names)), [safe_text(n) for n in names])
    ax.tick_params(axis="y", length=0)


def draw_counts(
    ax: Axes, timeline: Timeline, group: str, start: UTCDateTime, end: UTCDateTime
) -> None:
    rows = within(timeline.rates[timeline.rates["group"] == group], timeline, start, end)
    name = translate("events, {group}", group=safe_text(group)) if group else translate("events")
    if rows.empty:
        empty_panel(ax, translate("{name}: none were counted", name=name))
        return
    length = timeline.step / DAY
    days, count = column_days(rows["starttime"]), rows["count"].to_numpy(float)
    missed = 1.0 - np.clip(rows["monitored"].fillna(1.0).to_numpy(float), 0.0, 1.0)
    top = max(float(count.max()), 1.0) * 1.12
    _bars(ax, days, length, np.zeros(len(days)), count, facecolors=BLUE, zorder=3)
    some = missed > 0.001
    if some.any():
        _bars(
            ax,
            days[some],
            length,
            top * (1.0 - missed[some]),
            np.full(int(some.sum()), top),
            zorder=2,
            facecolors=NOT_MONITORED["facecolor"],
            edgecolors=NOT_MONITORED["edgecolor"],
            hatch=NOT_MONITORED["hatch"],
            linewidths=0.0,
        )
    ax.set_ylim(0, top)
    _few_ticks(ax, top, whole=True)
    alive = rows["stations_alive"].to_numpy(float)
    known = alive[np.isfinite(alive)]
    heard = (count > 0) | (missed < 1.0)  # an hour without stations asks for none
    need = sorted({int(n) for n in rows["min_stations"][heard]}) or [1]
    words = name + plural(
        " · {n} event at {need} or more stations",
        " · {n} events at {need} or more stations",
        int(count.sum()),
        need=_range_text(need),
    )
    if len(known):
        of = timeline.availability["station"].nunique()
        words += translate(
            " · on average {n} of {all} listened", n=number_text(float(known.mean())), all=of
        )
    label_axes(ax, y=_per_step(timeline.step), title=words)


def step_text(seconds: float) -> str:
    """Return the length of a step as a person says it."""
    names = {
        3600.0: translate("an hour"),
        DAY: translate("a day"),
        7 * DAY: translate("a week"),
    }
    return names.get(seconds, window_text(seconds))


def _per_step(seconds: float) -> str:
    names = {
        3600.0: translate("per hour"),
        DAY: translate("per day"),
        7 * DAY: translate("per week"),
    }
    return names.get(seconds) or translate("per {step}", step=window_text(seconds))


def _range_text(numbers: list[int]) -> str:
    return (
        str(numbers[0])
        if len(numbers) == 1
        else translate("{first} to {last}", first=numbers[0], last=numbers[-1])
    )


def _bars(
    ax: Axes, days: FloatArray, width: float, bottom: FloatArray, top: FloatArray, **style: Any
) -> None:
    """Draw bars as one collection: thousands of patches would take seconds."""
    tall = top > bottom
    x0, x1 = days[tall], days[tall] + width
    boxes: Any = np.stack(
        [
            np.column_stack((x0, bottom[tall])),
            np.column_stack((x0, top[tall])),
            np.column_stack((x1, top[tall])),
            np.column_stack((x1, bottom[tall])),
        ],
        axis=1,
    )
    style.setdefault("edgecolors", "none")
    ax.add_collection(PolyCollection(boxes, **style))


def _few_ticks(ax: Axes, top: float, *, whole: bool = False) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.yaxis.set_major_locator(MaxNLocator(nbins=3, integer=whole))


def main_kind(table: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows of the commonest kind of amplitude, and what was left out."""
    keys = ["units", "statistic", "window", "freqmin", "freqmax"]
    sizes = table.groupby(keys, dropna=False, sort=False).size()
    if len(sizes) < 2:
        return table, []
    ordered = sizes.sort_values(ascending=False, kind="stable")
    parts = table.groupby(keys, dropna=False, sort=False)
    main = parts.get_group(ordered.index[0])
    others = [
        translate(
            "RSAM also exists as {kind} in {units}",
            kind=kind_text(str(k[1]), float(k[2]), float(k[3]), float(k[4])),
            units=unit_text(str(k[0])),
        )
        for k in ordered.index[1:3]
    ]
    return main, others


def _series(rows: pd.DataFrame, column: str, step: float) -> tuple[FloatArray, FloatArray]:
    """Return days (middle of each step) and values in order, NaN put in where steps are missing."""
    rows = rows.sort_values("starttime")
    days = column_days(rows["starttime"])
    values = rows[column].to_numpy(float)
    breaks = np.flatnonzero(np.diff(days) > 1.5 * step / DAY) + 1
    days = np.insert(days, breaks, np.nan)
    return days + 0.5 * step / DAY, np.insert(values, breaks, np.nan)


def draw_amplitude(
    axes: Sequence[Axes],
    timeline: Timeline,
    table: pd.DataFrame,
    ids: list[str],
    start: UTCDateTime,
    end: UTCDateTime,
) -> None:
    table = within(table, timeline, start, end)
    if not ids or table.empty:
        empty_panel(axes[0], translate("no RSAM"))
        return
    first = table.iloc[0]
    kind = kind_text(
        str(first["statistic"]),
        float(first["window"]),
        float(first["freqmin"]),
        float(first["freqmax"]),
    )
    figures = table[["low", "median", "high"]].to_numpy(float)
    figures = figures[np.isfinite(figures) & (figures > 0)]
    for i, (ax, trace_id) in enumerate(zip(axes, ids, strict=True)):
        rows = table[table["trace_id"] == trace_id]
        _median_and_band(ax, rows, timeline.step, colour_of(0))
        _beside(ax, [trace_id], [BLACK])
        if len(figures):
            _log_axis(ax, float(figures.min()) / 1.25, float(figures.max()) * 1.25)
        if i == 0:
            label_axes(
                ax,
                title=translate(
                    "RSAM: {kind} · line: median, band: 10th to 90th percentile", kind=kind
                ),
            )
        if i == len(ids) // 2:
            label_axes(ax, y=f"RSAM ({unit_text(str(first['units']))})")


def _median_and_band(ax: Axes, rows: pd.DataFrame, step: float, colour: str) -> None:
    days, low = _series(rows, "low", step)
    _, high = _series(rows, "high", step)
    _, median = _series(rows, "median", step)
    ax.fill_between(days, low, high, color=colour, alpha=0.25, linewidth=0, zorder=3)
    ax.plot(days, median, color=colour, linewidth=0.9, zorder=4)
    _dots(ax, days, median, colour)


def _dots(ax: Axes, days: FloatArray, median: FloatArray, colour: str) -> None:
    """Show a step between two breaks, which has no line, as a dot."""
    known = np.isfinite(median)
    alone = known & ~np.append(known[1:], False) & ~np.append(False, known[:-1])
    if alone.any():
        ax.plot(days[alone], median[alone], ".", color=colour, markersize=2.5, zorder=4)


def _log_axis(ax: Axes, low: float, high: float) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    ax.set_yscale("log")
    ax.set_ylim(low, high)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1,) if high / low > 50 else (1, 3)
    ticks = [s * 10.0**d for d in decades for s in steps if low <= s * 10.0**d <= high]
    if len(ticks) < 2:
        finer = [s * 10.0**d for d in decades for s in (1, 2, 3, 5, 7)]
        ticks = [t for t in finer if low <= t <= high]
    ax.yaxis.set_major_locator(FixedLocator(ticks))
    ax.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: power_text(value) or _times_power(value))
    )
    ax.yaxis.set_minor_locator(NullLocator())
    ax.grid(True, axis="y", color="#DDDDDD", linewidth=0.4, zorder=0)


def _times_power(value: float) -> str:
    """Return ``5×10⁻⁷`` for 5e-7."""
    exponent = math.floor(math.log10(value) + 1e-9)
    return f"{round(value / 10.0**exponent)}×{power_text(10.0**exponent)}"


def _beside(ax: Axes, names: Sequence[str], colours: Sequence[str]) -> None:
    """Write names to the right of a panel, where no line can hide them."""
    for i, (name, colour) in enumerate(zip(names, colours, strict=True)):
        network, station, *rest = f"{safe_text(name)}...".split(".")[:4]
        text = f"{network}.{station}"
        if any(rest):
            text += "\n" + ".".join(r for r in rest if r)
        ax.annotate(
            text,
            (1.0, 1.0),
            xycoords="axes fraction",
            xytext=(4, -1 - 9.2 * i),
            textcoords="offset points",
            va="top",
            fontsize=SMALL,
            family=fonts(),
            color=colour,
        )


def draw_ratios(
    ax: Axes,
    timeline: Timeline,
    table: pd.DataFrame,
    name: str,
    start: UTCDateTime,
    end: UTCDateTime,
) -> None:
    table = within(table, timeline, start, end)
    figures = table["median"].to_numpy(float)
    if not np.isfinite(figures).any():
        empty_panel(ax, translate("no ratio {name}", name=safe_text(name)))
        return
    ids = sorted(table["trace_id"].unique())[:MOST]
    for i, trace_id in enumerate(ids):
        days, median = _series(table[table["trace_id"] == trace_id], "median", timeline.step)
        ax.plot(
            days,
            median,
            color=colour_of(i),
            linewidth=0.8,
            linestyle=("-", "--")[i // 8],
            zorder=4,
        )
        _dots(ax, days, median, colour_of(i))
    low, high = np.nanpercentile(figures, (0.2, 99.8))
    room = 0.08 * max(high - low, 0.05 * abs(high), 1e-12)
    ax.set_ylim(low - room, high + room)
    _few_ticks(ax, float(high))
    ax.grid(True, axis="y", color="#DDDDDD", linewidth=0.4, zorder=0)
    first = table.iloc[0]
    label_axes(
        ax,
        y=translate("{name} (ratio)", name=safe_text(name).upper()),
        title=translate(
            "{name}: median of each step, from {statistic} amplitudes ({quantity})",
            name=safe_text(name).upper(),
            statistic=translate("median")
            if first["statistic"] == "median_abs"
            else words_of(first["statistic"]),
            quantity=words_of(unit_text(str(first["quantity"]))),
        ),
    )
    _beside(ax, [station_of(i) for i in ids], [colour_of(i) for i in range(len(ids))])
