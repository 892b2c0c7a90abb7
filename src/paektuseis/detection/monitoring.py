"""The time in which there could have been a trigger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from obspy import Stream, Trace

from .. import provenance, tables
from ..errors import ParameterError
from ..times import TimeLike, as_utc, sample_time
from ._frames import from_columns
from .characteristic import real_samples, warm_up, window_samples
from .triggers import judged_samples


def monitored_time(
    cf: Stream | Trace,
    *,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    trace_ids: Iterable[str] | None = None,
    detector: str = "",
) -> pd.DataFrame:
    """List when each channel could have triggered, and when it could not, and why.

    A sample stands for the time up to the next one, so the spans of a channel fill
    ``starttime`` to ``endtime`` without gap or overlap.

    Parameters
    ----------
    cf : Stream or Trace
        Characteristic functions, as from :func:`sta_lta`.
    starttime, endtime : UTCDateTime or str, optional
        Span to account for; by default from the earliest to the latest sample of all
        channels.
    trace_ids : iterable of str, optional
        Channels to account for; by default those in ``cf``. One that has no trace was
        missing all the time.
    detector : str, optional
        Name written into the table.

    Returns
    -------
    DataFrame
        Table ``tables.MONITORING``: ``state`` is ``monitored``, ``blind`` (samples were there
        but could not be judged; ``cause`` says why and for how many seconds) or ``missing``.

    Raises
    ------
    ParameterError
        If ``endtime`` is not after ``starttime``, or there is neither a trace nor a span.

    Examples
    --------
    >>> import numpy as np
    >>> from obspy import Trace
    >>> from paektuseis import sta_lta
    >>> cf = sta_lta(Trace(np.ones(60)), sta=2, lta=10)
    >>> monitored_time(cf)[["state", "duration"]].values.tolist()
    [['blind', 10.0], ['monitored', 50.0]]
    """
    traces = [cf] if isinstance(cf, Trace) else list(cf)
    by_id: dict[str, list[Listened]] = {name: [] for name in trace_ids or ()}
    for trace in traces:
        if trace_ids is None or trace.id in by_id:
            by_id.setdefault(trace.id, []).append(listened(trace))
    if not traces and (starttime is None or endtime is None):
        raise ParameterError("no trace to account for; give starttime and endtime")
    begin, until = account_span(
        [(int(t.stats.starttime.ns), _end_ns(t)) for t in traces], starttime, endtime
    )
    return account([(detector, name, by_id[name], begin, until) for name in sorted(by_id)])


@dataclass(frozen=True)
class Listened:
    """What could be judged of one contiguous piece of a channel.

    ``known`` holds the runs of samples, first and one past last, at which the characteristic
    function has a value; ``first`` and ``last`` are the samples that may be judged; ``unknown``
    says why there is no value between them.
    """

    start_ns: int
    sampling_rate: float
    npts: int
    known: NDArray[np.int64]
    first: int
    last: int
    unknown: str


Account = tuple[str, str, list[Listened], int, int]
"""Detector, trace id, its pieces, and the span (ns) to account for."""


def listened(trace: Trace) -> Listened:
    """Return what could be judged of a characteristic function."""
    fs = float(trace.stats.sampling_rate)
    known = ~np.isnan(real_samples(trace))
    edges = np.flatnonzero(np.diff(known, prepend=False, append=False))
    first, last = judged_samples(trace)
    return Listened(
        start_ns=int(trace.stats.starttime.ns),
        sampling_rate=fs,
        npts=len(known),
        known=edges.reshape(-1, 2).astype(np.int64),
        first=first,
        last=last,
        unknown=_inner_cause(trace),
    )


def account_span(
    spans: list[tuple[int, int]], starttime: TimeLike | None, endtime: TimeLike | None
) -> tuple[int, int]:
    """Return the span (ns) to account for: the one given, else that of all pieces."""
    begin = (
        int(as_utc(starttime, name="starttime").ns)
        if starttime is not None
        else min(low for low, _ in spans)
    )
    until = (
        int(as_utc(endtime, name="endtime").ns)
        if endtime is not None
        else max(high for _, high in spans)
    )
    if until <= begin:
        raise ParameterError(f"endtime={endtime} is not after starttime={starttime}")
    return begin, until


def account(entries: Iterable[Account]) -> pd.DataFrame:
    """Build the table of what was listened to, in the order of the entries."""
    rows: list[tuple[str, str, int, int, str, str]] = []
    for detector, name, pieces, begin, until in entries:
        at = begin
        for part in sorted(pieces, key=lambda p: p.start_ns):
            half = round(5e8 / part.sampling_rate)
            for low, high, state, cause in _states(part):
                low, high = max(low, at), min(high, until)
                if high <= low:
                    continue
                if low - at > half:
                    rows.append((detector, name, at, low, "missing", "no samples"))
                else:
                    low = at
                rows.append((detector, name, low, high, state, cause))
                at = high
        if until > at:
            rows.append((detector, name, at, until, "missing", "no samples"))
    starts = np.array([r[2] for r in rows], dtype=np.int64)
    ends = np.array([r[3] for r in rows], dtype=np.int64)
    return from_columns(
        tables.MONITORING,
        {
            "trace_id": [r[1] for r in rows],
            "starttime": starts,
            "endtime": ends,
            "state": [r[4] for r in rows],
            "cause": [r[5] for r in rows],
            "duration": (ends - starts) / 1e9,
            "detector": [r[0] for r in rows],
        },
        len(rows),
    )


def _end_ns(trace: Trace) -> int:
    """Return the instant at which the sample after the last would begin."""
    beyond = sample_time(trace.stats.starttime, trace.stats.npts, float(trace.stats.sampling_rate))
    return int(beyond.ns)


def _states(part: Listened) -> list[tuple[int, int, str, str]]:
    """Return the spans (begin ns, end ns, state, cause) of one contiguous piece."""
    fs, n, first, last = part.sampling_rate, part.npts, part.first, part.last
    edges = [int(e) for e in part.known.ravel() if 0 < e < n]
    cuts = sorted({0, n, *edges, min(first, n), max(0, last + 1)})
    spans: list[tuple[int, int, str, str]] = []
    for low, high in pairwise(cuts):
        at = int(np.searchsorted(part.known[:, 0], low, side="right")) - 1
        known = at >= 0 and low < part.known[at, 1]
        seconds = (high - low) / fs
        if first <= low <= last and known:
            state, cause = "monitored", ""
        elif low > last:
            state, cause = "blind", f"disturbed by the filter at the end, {seconds:g} s"
        elif high <= first:
            # the function may become finite before the filter has settled: one span
            if spans:
                spans.pop()
                low = 0
            seconds = (high - low) / fs
            if first >= n:
                needed = first / fs
                cause = (
                    f"segment of {n / fs:g} s is not longer than the {needed:g} s of filter "
                    "settling and LTA warm-up"
                )
            else:
                cause = f"filter settling and LTA warm-up, {seconds:g} s"
            state = "blind"
        else:
            state, cause = "blind", f"{part.unknown}, {seconds:g} s"
        begin = part.start_ns + round(low / fs * 1e9)
        spans.append((begin, part.start_ns + round(high / fs * 1e9), state, cause))
    return spans


def _inner_cause(trace: Trace) -> str:
    sta, lta = provenance.recall(trace, "sta"), provenance.recall(trace, "lta")
    method = provenance.recall(trace, "method")
    if method is None or sta is None or lta is None:
        return "no value of the characteristic function"
    fs = float(trace.stats.sampling_rate)
    return no_value(warm_up(method, *window_samples(sta, lta, fs, trace.id)) / fs)


def no_value(warm: float) -> str:
    """Say why a characteristic function has no value long after its start."""
    return f"dead samples or no value, and LTA warm-up of {warm:g} s"
