"""The time axis: UTC, said so on the axis, in numbers every country reads."""

from __future__ import annotations

from typing import Any

import matplotlib.dates as mdates
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from obspy import UTCDateTime

from ..errors import ParameterError
from ..times import TimeLike, as_utc
from ._style import FONT, NORMAL

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
    return first_day if first_day == last_day else f"{first_day} to {last_day}"


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
        ax.set_xlabel(f"UTC, {span_text(start, end)}", fontsize=NORMAL, family=FONT)
    else:
        ax.tick_params(labelbottom=False)
