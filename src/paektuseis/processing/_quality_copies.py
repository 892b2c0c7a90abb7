"""One record under two names: the same samples at the same time in two channels."""

from __future__ import annotations

import numpy as np
from obspy import Trace

from ..provenance import units_of
from ._quality_span import Row, Span
from ._traces import plain_samples

_FEWEST = 100
"""Samples below which two segments may be alike by chance."""


def copy_rows(traces: list[Trace], span: Span) -> list[Row]:
    """Return a row for each segment that an earlier channel holds as well, sample by sample."""
    first: dict[tuple[int, int, float, str], list[Trace]] = {}
    rows: list[Row] = []
    for trace in traces:
        n = len(trace.data)
        if n < _FEWEST or np.ma.isMaskedArray(trace.data):
            continue
        key = (int(trace.stats.starttime.ns), n, float(trace.stats.sampling_rate), units_of(trace))
        others = [t for t in first.setdefault(key, []) if t.id != trace.id]
        original = next((t for t in others if _alike(t, trace)), None)
        if original is None:
            first[key].append(trace)
            continue
        row = {
            "check": "same_samples",
            "severity": "warning",
            "message": f"the {n} samples are those of {original.id}: one record under two names",
            "value": float(n),
            "units": "samples",
            "limit": 0.0,
        }
        rows += span.rows(trace, 0, n, row)
    return rows


def _alike(one: Trace, other: Trace) -> bool:
    """Whether two segments of one length are equal, and no dead channels."""
    a, b = plain_samples(one.data), plain_samples(other.data)
    few = slice(0, None, max(1, len(a) // _FEWEST))
    if not np.array_equal(a[few], b[few]) or (a[few] == a[0]).all():
        return False
    return bool(np.array_equal(a, b))
