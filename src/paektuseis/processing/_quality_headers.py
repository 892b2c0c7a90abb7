"""Checks that need headers only, or two segments at once: gaps, overlaps, rates, clocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from obspy import Stream, Trace

from ..times import TimeLike, as_utc
from .gaps import waveform_gaps

if TYPE_CHECKING:
    from .quality import QualityThresholds

Row = dict[str, Any]


def header_rows(
    traces: list[Trace],
    starttime: TimeLike | None,
    endtime: TimeLike | None,
    limits: QualityThresholds,
) -> list[Row]:
    """Return the findings on one channel's segments, which come sorted by start."""
    gaps = waveform_gaps(Stream(traces), starttime=starttime, endtime=endtime)
    return _gap_rows(gaps) + _rate_rows(traces, limits) + _pair_rows(traces, limits)


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


def _rate_rows(traces: list[Trace], limits: QualityThresholds) -> list[Row]:
    counted: dict[float, int] = {}
    for trace in traces:
        rate = float(trace.stats.sampling_rate)
        counted[rate] = counted.get(rate, 0) + len(trace.data)
    usual = max(counted, key=lambda r: (counted[r], r))
    rows = []
    for trace in traces:
        rate = float(trace.stats.sampling_rate)
        if rate == usual:
            continue
        far = abs(rate / usual - 1) > limits.rate_tolerance
        rows.append(
            {
                "trace_id": trace.id,
                "starttime": trace.stats.starttime,
                "endtime": trace.stats.endtime,
                "check": "sampling_rate",
                "severity": "warning" if far else "info",
                "message": f"sampled at {rate:.9g} Hz, most of the channel at {usual:.9g} Hz",
                "value": rate,
                "units": "Hz",
                "limit": usual,
            }
        )
    return rows


def _pair_rows(traces: list[Trace], limits: QualityThresholds) -> list[Row]:
    """Hold each segment against those before it that it overlaps or adjoins."""
    rows: list[Row] = []
    active: list[Trace] = []
    for k, trace in enumerate(traces):
        start = trace.stats.starttime
        active = [t for t in active if t.stats.endtime >= start - 0.5 * t.stats.delta]
        shifted = False
        for other in active:
            row = _overlap(other, trace, limits)
            if row is not None:
                rows.append(row)
                shifted = shifted or row["check"] == "overlap"
        if k and not shifted:
            row = _off_grid(traces[k - 1], trace, limits)
            if row is not None:
                rows.append(row)
        active.append(trace)
    return rows


def _misfit(first: Trace, second: Trace) -> float:
    """Distance of the second's samples from the first's grid, in samples (−0.5 to 0.5)."""
    at = (second.stats.starttime.ns - first.stats.starttime.ns) * 1e-9
    samples = at * float(first.stats.sampling_rate)
    return float(samples - round(samples))


def _overlap(first: Trace, second: Trace, limits: QualityThresholds) -> Row | None:
    rate = float(first.stats.sampling_rate)
    start, end = second.stats.starttime, min(first.stats.endtime, second.stats.endtime)
    if (end - start) * rate < -0.5:
        return None
    span = (end - start) + 1 / rate
    base: Row = {"trace_id": second.id, "starttime": start, "endtime": max(start, end)}
    same_rate = abs(float(second.stats.sampling_rate) / rate - 1) <= limits.rate_tolerance
    if not same_rate or abs(_misfit(first, second)) > limits.clock_tolerance:
        return base | {
            "check": "overlap",
            "severity": "warning",
            "message": f"two records of the same {span:.6g} s, on different sample times",
            "value": span,
            "units": "s",
            "limit": 0.0,
        }
    offset = round((start.ns - first.stats.starttime.ns) * 1e-9 * rate)
    count = min(len(first.data) - offset, len(second.data))
    if count <= 0:
        return None
    a = np.ma.getdata(first.data[offset : offset + count])
    b = np.ma.getdata(second.data[:count])
    equal = a == b
    if a.dtype.kind == "f" and b.dtype.kind == "f":
        equal |= np.isnan(a) & np.isnan(b)
    differing = int(count - np.count_nonzero(equal))
    if not differing:
        return base | {
            "check": "duplicate",
            "severity": "info",
            "message": f"{count} samples ({count / rate:.6g} s) come twice, identical",
            "value": count / rate,
            "units": "s",
            "limit": 0.0,
        }
    return base | {
        "check": "conflict",
        "severity": "error",
        "message": f"two records of the same {count / rate:.6g} s differ at {differing} of "
        f"{count} samples; neither can be trusted (a clock set back?)",
        "value": float(differing),
        "units": "samples",
        "limit": 0.0,
    }


def _off_grid(first: Trace, second: Trace, limits: QualityThresholds) -> Row | None:
    rate = float(first.stats.sampling_rate)
    pause = second.stats.starttime - first.stats.endtime
    if pause > limits.clock_gap or abs(float(second.stats.sampling_rate) / rate - 1) > 1e-9:
        return None
    miss = _misfit(first, second)
    if abs(miss) <= limits.clock_tolerance:
        return None
    start = second.stats.starttime
    return {
        "trace_id": second.id,
        "starttime": start,
        "endtime": start,
        "check": "clock_jump",
        "severity": "warning",
        "message": f"samples lie {1e3 * miss / rate:+.4g} ms ({miss:+.3f} sample) off the times "
        "of the segment before: the clock was set",
        "value": miss / rate,
        "units": "s",
        "limit": limits.clock_tolerance / rate,
    }
