"""Samples that are certainly not ground motion become gaps: the trace is split there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from obspy import Trace

from ..provenance import trace_like
from ..times import sample_time
from ._findings import Finding, finding

SENTINEL = -(2**31)
"""Integer that Winston wave servers and other programs write for "no sample"."""
LARGEST = 1e30
"""No seismometer measures a larger number, in any unit."""
DENORMAL_SHARE = 0.01
_MUCH = 1 << 20


def _bad_samples(data: NDArray[Any]) -> NDArray[np.bool_] | None:
    if not data.size:
        return None
    if data.dtype.kind == "i":
        if data.dtype.itemsize < 4 or data.min() != SENTINEL:
            return None
        return np.asarray(data == SENTINEL)
    with np.errstate(invalid="ignore", over="ignore"):
        worst = max(abs(float(data.min())), abs(float(data.max())))
        if worst <= LARGEST:  # false also where any sample is NaN
            return None
        return np.asarray(~(np.abs(data) <= LARGEST))


def _looks_like_integers(data: NDArray[Any]) -> bool:
    """Whether float32 samples are mostly denormal, as integers mislabelled float are."""
    if data.dtype != np.float32 or not data.size:
        return False
    bits = np.ascontiguousarray(data).view(np.uint32) & np.uint32(0x7FFFFFFF)
    share = np.count_nonzero((bits < 0x00800000) & (bits > 0)) / data.size
    return bool(share > DENORMAL_SHARE)


def split_at_bad_samples(trace: Trace, path: Path) -> tuple[list[Trace], list[Finding]]:
    """Return the sound pieces of a trace and the finding that tells what was left out.

    Left out are integers of -2**31, NaN, infinities and magnitudes above 1e30. A float32
    trace made of denormal numbers (integers mislabelled as floats) is left out wholly.
    """
    data = trace.data
    if _looks_like_integers(data):
        return [], [
            finding(
                "not_floats",
                "error",
                f"{path.name}: float32 samples of {trace.id} are mostly denormal numbers, as of "
                "integers labelled float; left out",
                trace_id=trace.id,
                starttime=trace.stats.starttime,
                endtime=trace.stats.endtime,
                value=len(data),
                units="samples",
                path=path,
            )
        ]
    bad = _bad_samples(data)
    if bad is None:
        return [trace], []
    places = np.flatnonzero(bad)
    start, rate = trace.stats.starttime, trace.stats.sampling_rate
    word = "the gap value -2**31" if data.dtype.kind == "i" else "NaN, infinite or above 1e30"
    edges = np.flatnonzero(np.diff(np.concatenate(([True], bad, [True])).astype(np.int8)))
    pieces = []
    for begin, end in edges.reshape(-1, 2):
        when = sample_time(start, int(begin), rate)
        pieces.append(trace_like(trace, data[begin:end], when))
    holes = int(np.count_nonzero(np.diff(places) > 1)) + 1
    row = finding(
        "no_data_value",
        "warning",
        f"{path.name}: {len(places)} samples of {trace.id} are {word}; left out as {holes} gap(s)",
        trace_id=trace.id,
        starttime=sample_time(start, int(places[0]), rate),
        endtime=sample_time(start, int(places[-1]), rate),
        value=len(places),
        units="samples",
        path=path,
    )
    return pieces, [row]


def cut_to_window(trace: Trace, low: int, high: int) -> Trace | None:
    """Cut a trace the reader has just made to the samples within [low, high] (ns), in place.

    Times are held to a microsecond, so that a sample at the end itself stays in. Samples are
    copied only where many are cut off, so that these do not stay in memory.
    """
    npts = int(trace.stats.npts)
    start = int(trace.stats.starttime.ns)
    step = 1e9 / float(trace.stats.sampling_rate)
    first = max(0, int(np.ceil((low - start - 1000) / step)))
    last = min(npts - 1, int(np.floor((high - start + 1000) / step)))
    if last < first:
        return None
    if first == 0 and last == npts - 1:
        return trace
    if len(trace.data) == npts:
        kept = trace.data[first : last + 1]
        trace.data = kept.copy() if trace.data.nbytes - kept.nbytes > _MUCH else kept
    else:  # header only
        trace.stats.npts = last + 1 - first
    trace.stats.starttime = sample_time(
        trace.stats.starttime, first, float(trace.stats.sampling_rate)
    )
    return trace
