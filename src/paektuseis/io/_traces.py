"""Making a trace from part of another."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from obspy import Trace, UTCDateTime
from obspy.core import AttribDict


def trace_like(trace: Trace, data: NDArray[Any], starttime: UTCDateTime) -> Trace:
    """Return a trace of the given samples with the header of another one."""
    new = Trace(header=trace.stats)
    for key, value in trace.stats.items():  # what is nested must not be shared
        if isinstance(value, AttribDict):
            new.stats[key] = AttribDict(dict(value))
        elif isinstance(value, list):
            new.stats[key] = list(value)
    new.data = data
    new.stats.starttime = starttime
    return new
