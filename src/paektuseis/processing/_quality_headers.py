"""Checks that need headers only, or two segments at once: gaps, overlaps, rates, clocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from obspy import Stream, Trace, UTCDateTime

from ..times import TimeLike, as_utc
from ._quality_span import Row, Span
from .gaps import waveform_gaps

if TYPE_CHECKING:
    from .quality import QualityThresholds


def header_rows(
    traces: list[Trace],
    starttime: TimeLike | None,
    endtime: TimeLike | None,
    limits: QualityThresholds,
    span: Span,
) -> list[Row]:
    """Return the findings on one channel's segments, which come sorted by start."""
    gaps = waveform_gaps(Stream(traces), starttime=starttime, endtime=endtime)
    return _gap_rows(gaps) + _rate_rows(traces, limits, span) + _pair_rows(traces, limits, span)


def _gap_rows(gaps: pd.DataFrame) -> list[Row]:
    rows = []
    for gap in gaps.itertuples(index=False):
        start, end = as_utc(gap.starttime), as_utc(gap.endtime)
        rows.append(
            {
                "trace_id": gap.trace_id,
                "starttime": start,
                "endtime": end,
                "check": "gap",
                "severity": "warning",
                "message": f"{gap.duration:.6g} s without samples",
                "value": gap.duration,
                "units": "s",
                "limit": 0.0,
            }
        )
    return rows


def _rate_rows(traces: list[Trace], limits: QualityThresholds, span: Span) -> list[Row]:
    counted: dict[float, int] = {}
    for trace in traces:
        rate = float(trace.stats.sampling_rate)
        counted[rate] = counted.get(rate, 0) + len(trace.data)
    usual = max(counted, key=lambda r: (counted[r], r))
    rows: list[Row] = []
    for trace in traces:
        rate = float(trace.stats.sampling_rate)
        if rate == usual:
            continue
        far = abs(rate / usual - 1) > limits.rate_tolerance
        row = {
            "check": "sampling_rate",
            "severity": "warning" if far else "info",
            "message": f"sampled at {rate:.9g} Hz, most of the channel at {usual:.9g} Hz",
            "value": rate,
            "units": "Hz",
            "limit": usual,
        }
        rows += span.rows(trace, 0, len(trace.data), row)
    return rows


def _pair_rows(traces: list[Trace], limits: QualityThresholds, span: Span) -> list[Row]:
    """Hold each segment against those before it that it overlaps or adjoins."""
    rows: list[Row] = []
    active: list[Trace] = []
    for k, trace in enumerate(traces):
        start = trace.stats.starttime
        active = [t for t in active if t.stats.endtime >= start - 0.5 * t.stats.delta]
        shifted = False
        for other in active:
            found, off = _overlap(other, trace, limits, span)
            rows += found
            shifted = shifted or off
        if k and not shifted:
            rows += _off_grid(traces[k - 1], trace, limits, span)
        active.append(trace)
    return rows


def _misfit(first: Trace, second: Trace) -> float:
    """Distance of the second's samples from the first's grid, in samples (−0.5 to 0.5)."""
    at = (second.stats.starttime.ns - first.stats.starttime.ns) * 1e-9
    samples = at * float(first.stats.sampling_rate)
    return float(samples - round(samples))


def _overlap(
    first: Trace, second: Trace, limits: QualityThresholds, span: Span
) -> tuple[list[Row], bool]:
    """Return what is to be said of an overlap, and whether the sample times differ in it."""
    rate = float(first.stats.sampling_rate)
    start, end = second.stats.starttime, min(first.stats.endtime, second.stats.endtime)
    if (end - start) * rate < -0.5:
        return [], False
    base: Row = {"units": "s", "limit": 0.0}
    same_rate = abs(float(second.stats.sampling_rate) / rate - 1) <= limits.rate_tolerance
    if not same_rate or abs(_misfit(first, second)) > limits.clock_tolerance:
        own = float(second.stats.sampling_rate)
        count = max(1, int((end - start) * own + 1e-6) + 1)
        rows = []
        for a, b in span.parts(second, 0, count):
            seconds = (end - start) + 1 / rate if b - a == count else (b - a) / own
            row = base | {
                "check": "overlap",
                "severity": "warning",
                "message": f"two records of the same {seconds:.6g} s, on different sample times",
                "value": seconds,
            }
            rows += [_to_end(r, b == count, start, end) for r in span.rows(second, a, b, row)]
        return rows, True
    offset = round((start.ns - first.stats.starttime.ns) * 1e-9 * rate)
    count = min(len(first.data) - offset, len(second.data))
    if count <= 0:
        return [], False
    one = np.ma.getdata(first.data[offset : offset + count])
    two = np.ma.getdata(second.data[:count])
    equal = one == two
    if one.dtype.kind == "f" and two.dtype.kind == "f":
        equal |= np.isnan(one) & np.isnan(two)
    rows = []
    for a, b in span.parts(second, 0, count):
        if equal.all():
            row = base | {
                "check": "duplicate",
                "severity": "info",
                "message": f"{b - a} samples ({(b - a) / rate:.6g} s) come twice, identical",
                "value": (b - a) / rate,
            }
        else:
            differing = int(b - a - np.count_nonzero(equal[a:b]))
            row = base | {
                "check": "conflict",
                "severity": "error",
                "message": f"two records of the same {(b - a) / rate:.6g} s differ at {differing} "
                f"of {b - a} samples; neither can be trusted (a clock set back?)",
                "value": float(differing),
                "units": "samples",
            }
        rows += [_to_end(r, b == count, start, end) for r in span.rows(second, a, b, row)]
    return rows, False


def _to_end(row: Row, whole: bool, start: UTCDateTime, end: UTCDateTime) -> Row:
    """Let a row end with the overlap, on whichever sample times that is."""
    return row | {"endtime": max(start, end)} if whole else row


def _off_grid(first: Trace, second: Trace, limits: QualityThresholds, span: Span) -> list[Row]:
    rate = float(first.stats.sampling_rate)
    pause = second.stats.starttime - first.stats.endtime
    if pause > limits.clock_gap or abs(float(second.stats.sampling_rate) / rate - 1) > 1e-9:
        return []
    miss = _misfit(first, second)
    if abs(miss) <= limits.clock_tolerance:
        return []
    row = {
        "check": "clock_jump",
        "severity": "warning",
        "message": f"samples lie {1e3 * miss / rate:+.4g} ms ({miss:+.3f} sample) off the times "
        "of the segment before: the clock was set",
        "value": miss / rate,
        "units": "s",
        "limit": limits.clock_tolerance / rate,
    }
    return list(span.rows(second, 0, 1, row))
