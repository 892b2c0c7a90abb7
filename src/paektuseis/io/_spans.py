"""Arithmetic of time spans: what headers alone can tell of segments and gaps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ._mseed import JITTER


@dataclass(frozen=True)
class Span:
    """A contiguous segment: start in ns, rate in Hz, number of samples."""

    trace_id: str
    start: int
    rate: float
    npts: int

    @property
    def end(self) -> int:
        """Time of the last sample, ns."""
        return self.start + round((self.npts - 1) * 1e9 / self.rate)

    @property
    def next(self) -> int:
        """Time the sample after the last should have, ns."""
        return self.start + round(self.npts * 1e9 / self.rate)


def join_spans(spans: list[Span]) -> list[Span]:
    """Join spans of one channel that touch or overlap on the same grid, in time order."""
    out: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start, -s.npts)):
        if out:
            last = out[-1]
            place = (span.start - last.start) * last.rate / 1e9
            same = abs(span.rate / last.rate - 1) <= JITTER
            early_seam = last.npts - 1 < place < last.npts - 0.5
            if same and round(place) <= last.npts and not early_seam:
                length = max(last.npts, round(place) + span.npts)
                out[-1] = Span(last.trace_id, last.start, last.rate, length)
                continue
        out.append(span)
    return out


def clip_spans(spans: list[Span], low: int, high: int) -> list[Span]:
    """Cut spans to the samples within [low, high] (ns), to a microsecond."""
    out = []
    for span in spans:
        step = 1e9 / span.rate
        first = max(0, math.ceil((low - span.start - 1000) / step))
        last = min(span.npts - 1, math.floor((high - span.start + 1000) / step))
        if last >= first:
            out.append(
                Span(span.trace_id, span.start + round(first * step), span.rate, last - first + 1)
            )
    return out


def span_gaps(spans: list[Span], start: int | None, end: int | None) -> Iterator[tuple[int, int]]:
    """Yield (first missing, first present again) in ns, within [start, end] where given."""
    if not spans:
        if start is not None and end is not None and end > start:
            yield start, end
        return
    spans = sorted(spans, key=lambda s: s.start)
    half = 0.5e9 / spans[0].rate
    if start is not None and spans[0].start - start >= 2 * half:
        yield start, spans[0].start
    reach = spans[0].next
    for span in spans:
        if span.start - reach > half:
            yield reach, span.start
        reach = max(reach, span.next)
        half = 0.5e9 / span.rate
    if end is not None and end - reach > half:
        yield reach, end
