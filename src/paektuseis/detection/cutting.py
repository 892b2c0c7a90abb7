"""Windows of the raw record around detections."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np
import pandas as pd
from obspy import Stream, Trace, UTCDateTime

from .. import tables
from ..errors import ParameterError


class WaveformSource(Protocol):
    """Anything that reads waveforms by id and span, such as :class:`paektuseis.Archive`."""

    def read(self, trace_ids: Any, starttime: Any, endtime: Any) -> Stream:
        """Return the samples of some channels from ``starttime`` to ``endtime``."""
        ...


def cut_events(
    source: Stream | Trace | WaveformSource,
    detections: pd.DataFrame,
    *,
    before: float = 10.0,
    after: float = 30.0,
    trace_ids: Iterable[str] | None = None,
) -> dict[str, Stream]:
    """Cut the record around each detection.

    Parameters
    ----------
    source : Stream, Trace, or object with ``read(trace_ids, starttime, endtime)``
        Where the samples are: in memory, or an archive.
    detections : DataFrame
        Table ``tables.DETECTIONS`` (event_id, starttime, endtime).
    before, after : float, optional
        Seconds before the start and after the end of the detection.
    trace_ids : iterable of str, optional
        Channels to cut. By default all channels of a Stream, or those of the detection when
        reading from an archive.

    Returns
    -------
    dict of str to Stream
        By event_id, in the order of the table. Traces are copies, gaps stay gaps; a channel
        without samples in the window is not there, and a Stream may be empty.

    Raises
    ------
    ParameterError
        If a time is negative or the table lacks a column.

    Examples
    --------
    >>> import numpy as np
    >>> from paektuseis import tables
    >>> found = tables.DETECTIONS.frame([{"event_id": "vt-1", "n_stations": 1, "trace_ids": (),
    ...     "starttime": "1970-01-01T00:01:00", "endtime": "1970-01-01T00:01:05"}])
    >>> cut = cut_events(Trace(np.zeros(200)), found, before=10, after=20)
    >>> cut["vt-1"][0].stats.npts
    36
    """
    for name, value in (("before", before), ("after", after)):
        if not (np.isfinite(value) and value >= 0):
            raise ParameterError(f"{name}={value} s; give zero or a positive time")
    tables.DETECTIONS.check(detections, need=("event_id", "starttime", "endtime"))
    chosen = None if trace_ids is None else list(trace_ids)
    traces: list[Trace] | None = None
    if isinstance(source, Stream | Trace):
        traces = [source] if isinstance(source, Trace) else list(source)
        if chosen is not None:
            traces = [t for t in traces if t.id in chosen]
    elif not hasattr(source, "read"):
        raise ParameterError(
            f"cannot cut from a {type(source).__name__}; give a Stream or an Archive"
        )
    out: dict[str, Stream] = {}
    for i in range(len(detections)):
        row = detections.iloc[i]
        start = UTCDateTime(ns=int(row["starttime"].as_unit("ns").value)) - before
        end = UTCDateTime(ns=int(row["endtime"].as_unit("ns").value)) + after
        if traces is not None:
            pieces = [
                t.slice(start, end)
                for t in traces
                if t.stats.endtime >= start and t.stats.starttime <= end
            ]
            out[str(row["event_id"])] = Stream([p.copy() for p in pieces if p.stats.npts])
        else:
            ids = chosen if chosen is not None else list(row["trace_ids"])
            out[str(row["event_id"])] = source.read(ids, start, end)
    return out
