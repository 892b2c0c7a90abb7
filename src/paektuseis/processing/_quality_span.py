"""The span that is judged, and the record around it that is only context."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from obspy import Trace

from ..times import sample_time

Row = dict[str, Any]


@dataclass(frozen=True)
class Span:
    """Nanoseconds ``begin <= t < until`` (``None`` = open); with or without rows outside."""

    begin: int | None = None
    until: int | None = None
    outside: bool = False

    def inside(self, trace: Trace) -> tuple[int, int]:
        """Return the index range of the samples of a trace that lie in the span."""
        first, count = int(trace.stats.starttime.ns), len(trace.data)
        step = 1e9 / float(trace.stats.sampling_rate)
        low = 0 if self.begin is None else _at_or_after(self.begin - first, step)
        high = count if self.until is None else _at_or_after(self.until - first, step)
        low = min(max(low, 0), count)
        return low, min(max(high, low), count)

    def parts(self, trace: Trace, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """Cut an index range at the ends of the span and yield what is to be listed."""
        low, high = self.inside(trace)
        windows = [(low, high)]
        if self.outside:
            windows = [(0, low), (low, high), (high, len(trace.data))]
        for a, b in windows:
            first, last = max(a, begin), min(b, end)
            if first < last:
                yield first, last

    def rows(self, trace: Trace, begin: int, end: int, row: Row) -> Iterator[Row]:
        """Yield the row for each part of an index range, with the times of that part."""
        start, rate = trace.stats.starttime, float(trace.stats.sampling_rate)
        for a, b in self.parts(trace, begin, end):
            yield row | {
                "trace_id": trace.id,
                "starttime": sample_time(start, a, rate),
                "endtime": sample_time(start, b - 1, rate),
            }


def _at_or_after(late: int, step: float) -> int:
    return int(-((-late / step + 1e-6) // 1))
