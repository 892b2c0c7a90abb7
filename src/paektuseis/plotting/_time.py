"""The time axis: UTC, said so on the axis, in numbers every country reads."""

from __future__ import annotations

from typing import Any

import matplotlib.dates as mdates
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from obspy import UTCDateTime

from .._language import translate
from ..errors import ParameterError
from ..times import TimeLike, as_utc
from ._fonts import fonts
from ._style import NORMAL

DAY = 86400.0
# matplotlib.dates has no annotations
_date2num: Any = mdates.date2num
_locator: Any = mdates.AutoDateLocator
_formatter: Any = mdates.ConciseDateFormatter


def _epoch() -> float:
    return float(_date2num(np.datetime64(0, "s")))


def to_days(time: TimeLike) -> float:
    """Return an instant as a number on a matplotlib date axis."""
    return _epoch() + int(as_utc(time).ns) / (DAY * 1e9)


def column_days(column: Any) -> NDArray[np.float64]:
    """Return a time column of a table as numbers on a date axis (NaT becomes NaN)."""
    stamps = np.asarray(column.dt.tz_convert("UTC").dt.tz_localize(None), dtype="datetime64[ns]")
    days = stamps.astype(np.int64) / (DAY * 1e9) + _epoch()
    return np.where(np.isnat(stamps), np.nan, days)


def span_text(start: UTCDateTime, end: UTCDateTime) -> str:
    """Return a span of dates in words; a span that ends at midnight belongs to one day."""
    last = end - 1e-3 if end > start else end
    first_day, last_day = start.strftime("%Y-%m-%d"), last.strftime("%Y-%m-%d")
    return (
        first_day
        if first_day == last_day
        else translate("{first} to {last}", first=first_day, last=last_day)
    )


def short_span_text(start: UTCDateTime, end: UTCDateTime) -> str:
    """Return a span of less than a day in words, to the minute."""
    return translate(
        "{first} to {last}",
        first=start.strftime("%Y-%m-%d %H:%M"),
        last=end.strftime("%H:%M"),
    )


def check_span(
    starttime: TimeLike | None, endtime: TimeLike | None, first: UTCDateTime, last: UTCDateTime
) -> tuple[UTCDateTime, UTCDateTime]:
    """Return the span to draw: what the caller asked for, else what the data hold."""
    start = first if starttime is None else as_utc(starttime, name="starttime")
    end = last if endtime is None else as_utc(endtime, name="endtime")
    if end <= start:
        raise ParameterError(
            f"endtime={end} is not after starttime={start}; exchange them or widen the span"
        )
    return start, end


def time_axis(
    ax: Axes, start: UTCDateTime, end: UTCDateTime, *, label: bool = True, ticks: int = 9
) -> None:
    """Make the x axis a UTC time axis from ``start`` to ``end``."""
    ax.set_xlim(to_days(start), to_days(end))
    locator = _locator(tz="UTC", minticks=min(5, ticks), maxticks=ticks)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(
        _formatter(
            locator,
            tz="UTC",
            show_offset=False,
            formats=["%Y", "%Y-%m", "%m-%d", "%H:%M", "%H:%M", "%H:%M:%S.%f"],
            zero_formats=["", "%Y", "%Y-%m", "%m-%d", "%H:%M", "%H:%M:%S"],
        )
    )
    if label:
        ax.set_xlabel(
            translate("UTC, {span}", span=span_text(start, end)), fontsize=NORMAL, family=fonts()
        )
    else:
        ax.tick_params(labelbottom=False)


def calendar_axis(ax: Axes, start: UTCDateTime, end: UTCDateTime, *, label: bool = True) -> None:
    """Make the x axis a calendar: years, months, weeks or days, whichever the span needs.

    The longer unit (month or year) is written under the first tick that belongs to it.
    """
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    ax.set_xlim(to_days(start), to_days(end))
    major, words, minor = _calendar(start, end)
    # lines over the panel rather than ticks: a tick is five things to draw
    ax.vlines(
        major,
        0.0,
        1.0,
        transform=ax.get_xaxis_transform(),
        color="#DDDDDD",
        linewidth=0.4,
        zorder=0.4,
    )
    if label:
        ax.xaxis.set_major_locator(FixedLocator(major))
        ax.xaxis.set_minor_locator(FixedLocator(minor))
        ax.xaxis.set_major_formatter(FixedFormatter(words))
        ax.set_xlabel(
            translate("UTC, {span}", span=span_text(start, end)), fontsize=NORMAL, family=fonts()
        )
    else:
        ax.xaxis.set_major_locator(NullLocator())


def _calendar(start: UTCDateTime, end: UTCDateTime) -> tuple[list[float], list[str], list[float]]:
    """Return the ticks of a calendar, their words and the ticks between them."""
    days = float(end - start) / DAY
    if days > 366 * 3:
        every = 1 if days < 366 * 12 else 2 if days < 366 * 25 else 5
        years = [t for t in _firsts(start, end, 12) if t.year % every == 0 and t < end]
        minor = _firsts(start, end, 3 if days < 366 * 8 else 12)
        return [to_days(t) for t in years], [str(t.year) for t in years], _days_of(minor)
    if days > 100:
        every = 1 if days < 400 else 2 if days < 800 else 3
        ticks = [t for t in _firsts(start, end, 1) if (t.month - 1) % every == 0 and t < end]
        words, year = [], 0
        for t in ticks:
            words.append(t.strftime("%m") + (f"\n{t.year}" if t.year != year else ""))
            year = t.year
        return _days_of(ticks), words, _days_of(_firsts(start, end, 1))
    step = next((s for s in (0.25, 0.5, 1, 2, 5, 7, 10) if days / s <= 16), 14)
    first = -(-int(start.ns) // round(step * DAY * 1e9))
    if step >= 2:  # days of the month that are easy to find again
        wanted = {2: range(1, 31, 2), 5: range(1, 30, 5), 7: (1, 8, 15, 22), 10: (1, 11, 21)}
        keep = set(wanted.get(int(step), (1, 15)))
        every_day = _midnights(start, end)
        ticks = [t for t in every_day if t.day in keep]
        minor = _days_of(every_day)
    else:
        length = round(step * DAY * 1e9)
        count = (int(end.ns) - first * length) // length + 1
        ticks = [UTCDateTime(ns=(first + i) * length) for i in range(max(count, 0))]
        minor = []
    ticks = [t for t in ticks if t < end]  # the end belongs to the next page
    words, seen = [], ""
    for t in ticks:
        text = t.strftime("%d") if step >= 1 or t.hour == 0 else t.strftime("%H:%M")
        month = t.strftime("%Y-%m")
        words.append(text + (f"\n{month}" if month != seen else ""))
        seen = month
    return _days_of(ticks), words, minor


def _days_of(times: list[UTCDateTime]) -> list[float]:
    return [to_days(t) for t in times]


def _firsts(start: UTCDateTime, end: UTCDateTime, months: int) -> list[UTCDateTime]:
    """Return the first days of every month (or third, or twelfth) inside a span."""
    found = []
    for index in range(start.year * 12, end.year * 12 + 12):
        if index % months == 0:
            time = UTCDateTime(index // 12, index % 12 + 1, 1)
            if start <= time <= end:
                found.append(time)
    return found


def _midnights(start: UTCDateTime, end: UTCDateTime) -> list[UTCDateTime]:
    first = -(-int(start.ns) // round(DAY * 1e9))
    last = int(end.ns) // round(DAY * 1e9)
    return [UTCDateTime(ns=i * round(DAY * 1e9)) for i in range(first, last + 1)]
