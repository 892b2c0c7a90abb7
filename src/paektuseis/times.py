"""Times: one way in, one way out.

Inside the library an instant is an obspy ``UTCDateTime``; in a table it is a
UTC-aware ``datetime64[ns, UTC]``. Both are made here and nowhere else, through
integer nanoseconds, so that no digit is lost between them.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
from obspy import UTCDateTime

from .errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

TimeLike = Any
"""Anything :func:`as_utc` understands: UTCDateTime, ISO string, datetime, Timestamp."""


def as_utc(value: TimeLike, *, name: str = "time") -> UTCDateTime:
    """Return an instant as ``UTCDateTime``.

    Parameters
    ----------
    value : UTCDateTime, str, datetime.datetime, datetime.date, numpy.datetime64 or Timestamp
        An ISO 8601 string without a zone, and a naive datetime, are UTC.
    name : str, optional
        Name of the argument, for the error message.

    Returns
    -------
    obspy.UTCDateTime

    Raises
    ------
    ParameterError
        If the value is a bare number, is missing, or is no time at all.

    Examples
    --------
    >>> as_utc("2010-09-01T00:00:10")
    UTCDateTime(2010, 9, 1, 0, 0, 10)
    """
    if isinstance(value, UTCDateTime):
        return value
    if isinstance(value, np.datetime64):
        if np.isnat(value):
            raise ParameterError(f"{name}=NaT is no time; give a UTCDateTime or an ISO 8601 string")
        return UTCDateTime(ns=int(value.astype("datetime64[ns]").astype(np.int64)))
    nanoseconds = getattr(value, "value", None)
    if isinstance(nanoseconds, int) and hasattr(value, "tz"):  # pandas.Timestamp
        if value.year < 1:
            raise ParameterError(f"{name}={value} is no time")
        # Timestamp.value is ns whatever the unit the Timestamp was built with
        return UTCDateTime(ns=nanoseconds)
    if isinstance(value, dt.datetime | dt.date):
        return UTCDateTime(value)
    if isinstance(value, str):
        try:
            return UTCDateTime(value)
        except (ValueError, TypeError) as error:
            raise ParameterError(
                f"{name}={value!r} is no time ({error}); write it as 2010-09-01T12:00:00"
            ) from error
    raise ParameterError(
        f"{name}={value!r} ({type(value).__name__}) is no time; "
        "give a UTCDateTime or an ISO 8601 string"
    )


def as_timestamp(value: TimeLike) -> pd.Timestamp:
    """Return an instant as a UTC-aware ``pandas.Timestamp`` (nanoseconds kept)."""
    import pandas as pd

    return pd.Timestamp(as_utc(value).ns, unit="ns", tz="UTC")


def as_timestamps(values: Any) -> pd.DatetimeIndex:
    """Return instants as a UTC-aware ``pandas.DatetimeIndex`` with nanoseconds."""
    import pandas as pd

    ns = np.array([as_utc(v).ns for v in values], dtype="int64")
    return pd.DatetimeIndex(ns.view("datetime64[ns]")).tz_localize("UTC")


def sample_time(starttime: UTCDateTime, index: float, sampling_rate: float) -> UTCDateTime:
    """Return the time of one sample, ``starttime + index / sampling_rate``.

    Computed in integer nanoseconds from the start: never an accumulated sum.
    """
    return UTCDateTime(ns=int(starttime.ns) + round(float(index) / float(sampling_rate) * 1e9))


def window_starts(starttime: UTCDateTime, step: float, count: int) -> pd.DatetimeIndex:
    """Return the starts ``starttime + i * step`` of ``count`` windows (step in seconds)."""
    import pandas as pd

    offsets = np.rint(np.arange(count, dtype=np.float64) * (float(step) * 1e9)).astype(np.int64)
    return pd.DatetimeIndex((int(starttime.ns) + offsets).view("datetime64[ns]")).tz_localize("UTC")
