"""Where grouping can begin without knowing what came before."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .. import tables
from ..errors import ParameterError
from ..times import TimeLike, as_utc
from ._frames import nanoseconds


def synchronised(triggers: pd.DataFrame, *, since: TimeLike, reach: float) -> pd.DataFrame:
    """Return the triggers from the last quiet instant before a time on.

    Which triggers form one event depends on those before them, back to an instant at which
    nothing was on and nothing had been on for ``reach`` seconds. Grouping that begins at such an
    instant gives the same events as grouping that begins earlier, so a day can be grouped with
    only some time of the day before it.

    Parameters
    ----------
    triggers : DataFrame
        Table ``tables.TRIGGERS``, in any order. Several detectors in it are treated one by one.
    since : UTCDateTime or str
        Begin of the span whose events are wanted.
    reach : float
        Seconds over which triggers can belong together: the largest onset difference that
        :func:`coincidence_candidates` allows (``window`` plus move-out) plus ``merge_gap``.

    Returns
    -------
    DataFrame
        Rows of the same table in their order, with a new index: those that begin after the
        last quiet instant not later than ``since``. All rows of a detector that has no such
        instant.

    Raises
    ------
    ParameterError
        If ``reach`` is negative, or the table lacks a column.

    Examples
    --------
    >>> from obspy import UTCDateTime
    >>> begin = UTCDateTime(2010, 9, 1)
    >>> rows = tables.TRIGGERS.frame(
    ...     {"trace_id": "1U.A..HHZ", "starttime": begin + t, "endtime": begin + t + 5,
    ...      "peak_ratio": 9.0, "peak_time": begin + t} for t in (0, 30, 36, 60))
    >>> synchronised(rows, since=begin + 40, reach=3.0)["starttime"].dt.second.tolist()
    [30, 36, 0]
    """
    tables.TRIGGERS.check(triggers)
    if not (np.isfinite(reach) and reach >= 0):
        raise ParameterError(f"reach={reach} s; give zero or a positive time")
    limit = int(as_utc(since, name="since").ns)
    wait = int(np.ceil(reach * 1e9))
    on, off = nanoseconds(triggers["starttime"]), nanoseconds(triggers["endtime"])
    keep = np.ones(len(triggers), dtype=bool)
    names = triggers["detector"].to_numpy() if "detector" in triggers.columns else None
    for name in [None] if names is None else pd.unique(names):
        mine = np.arange(len(on)) if name is None else np.flatnonzero(names == name)
        mine = mine[np.argsort(on[mine], kind="stable")]
        # quiet from the end of all before, plus the reach, until the next begins
        ends = np.maximum.accumulate(off[mine])
        quiet = ends[:-1] + wait
        breaks = np.flatnonzero((on[mine[1:]] > quiet) & (quiet < limit))
        if len(ends) and ends[-1] + wait < limit:
            keep[mine] = False  # quiet since the last of all
        elif len(breaks):
            keep[mine[: breaks[-1] + 1]] = False
    return triggers[keep].reset_index(drop=True)
