"""Amplitude and number of events against time: what was not watched is not drawn as quiet."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from .._language import mark, retell, translate
from ..errors import ParameterError
from ..tables import RATES, RSAM
from ..times import TimeLike, as_utc
from ..types import Band
from ._style import (
    BLUE,
    GREY,
    NORMAL,
    axes_or_new,
    colour_of,
    empty_panel,
    key_share,
    label_axes,
    legend,
    plain_numbers,
    safe_text,
    unit_text,
    write,
)
from ._time import DAY, check_span, column_days, time_axis
from .spectra import powers_of_ten
from .waveforms import band_words

FloatArray = NDArray[np.float64]
_WORDS = {
    "mean_abs": mark("mean |amplitude|"),
    "median_abs": mark("median |amplitude|"),
    "rms": mark("rms amplitude"),
    "max_abs": mark("largest |amplitude|"),
}


def window_text(seconds: float) -> str:
    """Return a length of time as a person says it: ``"10 min"``."""
    for size, text in ((DAY, mark("{n} d")), (3600.0, mark("{n} h")), (60.0, mark("{n} min"))):
        if seconds >= size and abs(seconds / size - round(seconds / size)) < 1e-9:
            return translate(text, n=round(seconds / size))
    return translate("{n} s", n=f"{seconds:g}")


def plot_rsam(
    rsam: pd.DataFrame,
    *,
    ax: Axes | None = None,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    log: bool | None = None,
    title: str | None = None,
    linewidth: float = 0.9,
) -> Axes:
    """Draw amplitude against time, one line for each channel, broken where there is no value.

    Every value is drawn over its whole window, so a window is as long as it was.

    Parameters
    ----------
    rsam : DataFrame
        Table of :data:`paektuseis.tables.RSAM`, in one unit.
    ax : Axes, optional
        Where to draw; by default in a figure of its own.
    starttime, endtime : UTCDateTime or str, optional
        Span of the axis; by default that of the table.
    log : bool, optional
        Logarithmic amplitude; by default where values span more than a factor of 30.
    title : str, optional
        By default statistic, window and band.
    linewidth : float
        In points.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ParameterError
        If the table is no RSAM table or mixes units.

    References
    ----------
    Endo, E. T. and Murray, T. (1991). Real-time Seismic Amplitude Measurement (RSAM).
    Bulletin of Volcanology 53, 533-545.
    """
    table = RSAM.check(rsam)
    ax = axes_or_new(ax, (8.0, 2.4))
    if table.empty:
        empty_panel(ax, translate("no amplitude window"))
        return ax
    if table["units"].nunique() > 1:
        raise ParameterError(
            f"rsam mixes the units {sorted(table['units'].unique())}; draw one unit at a time"
        )
    kinds = [
        (str(k[0]), float(k[1]), _band(k[2], k[3]))
        for k in table[["statistic", "window", "freqmin", "freqmax"]]
        .drop_duplicates()
        .itertuples(index=False)
    ]
    common = len(set(kinds)) == 1
    keys = ["trace_id", "statistic", "window", "freqmin", "freqmax"]
    groups = table.groupby(keys, dropna=False, sort=False)
    for i, (_, rows) in enumerate(groups):
        trace_id, statistic, window, low, high = rows[keys].iloc[0]
        rows = rows.sort_values("starttime")
        days, values = steps(
            column_days(rows["starttime"]), rows["value"].to_numpy(float), float(window)
        )
        label = safe_text(trace_id)
        if not common:
            label += f" ({_kind_text(str(statistic), float(window), _band(low, high))})"
        ax.plot(
            days,
            values,
            color=colour_of(i),
            linewidth=linewidth,
            label=label,
            linestyle=("-", "--", ":")[(i // 8) % 3],
        )
    values = table["value"].to_numpy(float)
    values = values[np.isfinite(values) & (values > 0)]
    if log is None:
        log = len(values) > 0 and float(values.max() / values.min()) > 30.0
    columns = min(groups.ngroups, 4)
    # room above the lines for the key
    headroom = 1.0 / (1.0 - key_share(ax, -(-groups.ngroups // columns)))
    factor = ""
    if log and len(values):
        ax.set_yscale("log")
        powers_of_ten(ax)
        low, high = float(values.min()) / 1.3, float(values.max()) * 1.3
        ax.set_ylim(low, high * (high / low) ** (headroom - 1.0))
    else:
        top = float(values.max()) if len(values) else 1.0
        ax.set_ylim(0.0, top * 1.05 * headroom)
        factor = plain_numbers(ax, top)
    last = table["starttime"] + pd.to_timedelta(table["window"], unit="s")
    start, end = check_span(
        starttime, endtime, as_utc(table["starttime"].min()), as_utc(last.max())
    )
    time_axis(ax, start, end)
    if title is None:
        title = _kind_text(*kinds[0]) if common else translate("RSAM, several kinds")
    label_axes(
        ax, y=f"RSAM ({factor}{unit_text(str(table['units'].iloc[0]))})", title=safe_text(title)
    )
    legend(ax, ncols=columns)
    if not len(values):
        write(
            ax,
            0.5,
            0.5,
            translate("no window has enough samples"),
            ha="center",
            va="center",
            fontsize=NORMAL,
        )
    return ax


def _band(low: float, high: float) -> str:
    return band_words(
        Band(
            freqmin=None if np.isnan(low) else float(low),
            freqmax=None if np.isnan(high) else float(high),
        )
    )


def kind_text(statistic: str, window: float, freqmin: float, freqmax: float) -> str:
    """Return statistic, window and band of an amplitude in words (NaN is an open side)."""
    return _kind_text(statistic, window, _band(freqmin, freqmax))


def _kind_text(statistic: str, window: float, band: str) -> str:
    return translate(
        "{statistic} in windows of {window}, {band}",
        statistic=translate(_WORDS[statistic]) if statistic in _WORDS else retell(statistic),
        window=window_text(window),
        band=band,
    )


def steps(starts: FloatArray, values: FloatArray, window: float) -> tuple[FloatArray, FloatArray]:
    """Return a line of level stretches, each as long as its window, with NaN at every break.

    Parameters
    ----------
    starts : ndarray, shape (n,)
        Matplotlib dates, ascending.
    values : ndarray, shape (n,)
    window : float
        Seconds.
    """
    length = window / DAY
    days = np.column_stack((starts, starts + length)).ravel()
    level = np.repeat(values, 2)
    # a window that does not begin where the last one ended leaves a break
    broken = np.flatnonzero(np.abs(np.diff(starts) - length) > 0.01 * length) + 1
    return np.insert(days, 2 * broken, np.nan), np.insert(level, 2 * broken, np.nan)


def plot_event_rate(
    rates: pd.DataFrame,
    *,
    ax: Axes | None = None,
    show: Literal["rate", "count"] = "count",
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    title: str | None = None,
    color: str = BLUE,
) -> Axes:
    """Draw the number of events in each window, with unmonitored time hatched.

    A window without enough living stations is no quiet window: it is hatched
    over its whole height, and a window monitored in part is hatched in grey up
    to the share that was missed.

    Parameters
    ----------
    rates : DataFrame
        Table of :data:`paektuseis.tables.RATES`.
    ax : Axes, optional
        Where to draw; by default in a figure of its own.
    show : {"count", "rate"}
        Events counted, or events per monitored day, with the 95 % interval of a single group
        where the table has it.
    starttime, endtime : UTCDateTime or str, optional
        Span of the axis; by default that of the table.
    title : str, optional
    color : str
        Colour of the bars of a single group.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ParameterError
        If the table is no rate table or the option is unknown.
    """
    if show not in ("rate", "count"):
        raise ParameterError(f"show={show!r}; choose 'count' or 'rate'")
    table = RATES.check(rates)
    ax = axes_or_new(ax, (8.0, 2.4))
    if table.empty:
        empty_panel(ax, translate("no window to count events in"))
        return ax
    groups = list(table.groupby("group", sort=False)) if "group" in table.columns else [("", table)]
    base = pd.Series(0.0, index=pd.DatetimeIndex([]))
    for i, (name, rows) in enumerate(groups):
        days = column_days(rows["starttime"])
        widths = rows["window"].to_numpy(float) / DAY
        heights = rows[show].astype(float).to_numpy()
        under = base.reindex(pd.DatetimeIndex(rows["starttime"])).fillna(0.0).to_numpy()
        ax.bar(
            days,
            np.nan_to_num(heights),
            width=widths,
            bottom=under,
            align="edge",
            color=color if len(groups) == 1 else colour_of(i),
            edgecolor="white",
            linewidth=0.4,
            zorder=3,
            label=safe_text(name) if name else None,
        )
        top = pd.Series(under + np.nan_to_num(heights), index=pd.DatetimeIndex(rows["starttime"]))
        base = top.combine_first(base)
    named = sum(1 for name, _ in groups if name)
    tallest = float(base.max())
    if show == "rate" and len(groups) == 1:
        tallest = max(tallest, _draw_interval(ax, groups[0][1]))
    highest = max(tallest, 1.0) * 1.05 / (1.0 - key_share(ax, max(named, 1)))
    once = table.drop_duplicates(["starttime", "window"])
    missed = 1.0 - once["monitored"].astype(float).fillna(0.0).clip(0.0, 1.0).to_numpy()
    some = missed > 0.001
    if some.any():
        ax.bar(
            column_days(once["starttime"])[some],
            -missed[some] * highest,
            bottom=highest,
            width=once["window"].to_numpy(float)[some] / DAY,
            align="edge",
            facecolor="#EFEFEF",
            edgecolor=GREY,
            hatch="////",
            linewidth=0.0,
            zorder=2,
            label=translate("not monitored (share of window)"),
        )
    ax.set_ylim(0, highest)
    last = table["starttime"] + pd.to_timedelta(table["window"], unit="s")
    start, end = check_span(
        starttime, endtime, as_utc(table["starttime"].min()), as_utc(last.max())
    )
    time_axis(ax, start, end)
    windows = sorted(table["window"].unique())
    per = window_text(float(windows[0])) if len(windows) == 1 else translate("window")
    if show == "count":
        from matplotlib.ticker import MaxNLocator

        ax.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
        label_axes(ax, y=translate("events per {window}", window=per))
    else:
        label_axes(ax, y=translate("events/day (windows of {window})", window=per))
    needed = sorted({int(n) for n in table["min_stations"]})
    if title is None:
        listed = translate(" or ").join(str(n) for n in needed)
        title = translate("events at {n} or more stations", n=listed)
    label_axes(ax, title=safe_text(title))
    legend(ax, ncols=named + 1)
    return ax


def _draw_interval(ax: Axes, rows: pd.DataFrame) -> float:
    """Draw the interval of each rate in the middle of its window; returns the largest limit."""
    if not {"rate_lower", "rate_upper"} <= set(rows.columns):
        return 0.0
    low, high = (rows[n].to_numpy(float) for n in ("rate_lower", "rate_upper"))
    known = np.isfinite(low) & np.isfinite(high)
    if not known.any():
        return 0.0
    middle = column_days(rows["starttime"]) + 0.5 * rows["window"].to_numpy(float) / DAY
    ax.vlines(
        middle[known],
        low[known],
        high[known],
        color="#333333",
        linewidth=0.9,
        zorder=4,
        label=translate("95 % interval"),
    )
    return float(high[known].max())
