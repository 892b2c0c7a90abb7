"""Making a trace from part of another."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from obspy import Trace, UTCDateTime


def trace_like(trace: Trace, data: NDArray[Any], starttime: UTCDateTime) -> Trace:
    """Return a trace of the given samples with the header of another one."""
    new = Trace(header=trace.stats)
    new.data = data
    new.stats.starttime = starttime
    return new
