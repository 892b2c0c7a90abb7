"""Where samples are missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from obspy import Stream, Trace, UTCDateTime

from ..errors import ParameterError
from ..tables import GAPS
from ..times import TimeLike, as_utc
from ._traces import require_rate, runs, traces_of


def spans_of(trace: Trace) -> list[tuple[int, int, float]]:
    """Return the spans that hold samples: first and last sample (ns), sampling interval (ns)."""
    if len(trace.data) == 0:
        return []
    step = 1e9 / require_rate(trace)
    first = int(trace.stats.starttime.ns)
    if not np.ma.is_masked(trace.data):
        pairs = [(0, len(trace.data))]
    else:
        pairs = runs(~np.ma.getmaskarray(trace.data))
    return [(first + round(a * step), first + round((b - 1) * step), step) for a, b in pairs]


def waveform_gaps(
    stream: Stream | Trace,
    *,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
) -> pd.DataFrame:
    """List the gaps of each channel.

    Parameters
    ----------
    stream : Stream or Trace
        A masked sample counts as missing.
    starttime, endtime : UTCDateTime or str, optional
        The span that should be covered; a record that begins late or ends early then has a
        gap at that end, and gaps outside the span are left out. Without them the span of
        each channel runs from its first to its last sample.

    Returns
    -------
    DataFrame
        Table ``tables.GAPS``: ``trace_id``, ``starttime`` (when the first missing sample
        should have come), ``endtime`` (the first sample after the gap), ``duration`` (s).
        Sorted by channel and time.

    Raises
    ------
    ParameterError
        If ``endtime`` is not after ``starttime``.
    WaveformError
        If the input is no waveform or has an impossible sampling rate.

    Notes
    -----
    A gap is a step in time of more than half a sample beyond the expected next sample, the
    tolerance of the miniSEED libraries. Only headers (and masks) are looked at, so a gap of
    years costs nothing. A channel that is wholly absent cannot be listed.

    Examples
    --------
    >>> import numpy as np
    >>> from obspy import Stream, Trace, UTCDateTime
    >>> head = {"station": "A", "sampling_rate": 100.0}
    >>> one = Trace(np.zeros(1000), dict(head, starttime=UTCDateTime(2010, 9, 1)))
    >>> two = Trace(np.zeros(1000), dict(head, starttime=UTCDateTime(2010, 9, 1, 0, 0, 12)))
    >>> float(waveform_gaps(Stream([one, two])).duration[0])
    2.0
    """
    begin = None if starttime is None else int(as_utc(starttime, name="starttime").ns)
    until = None if endtime is None else int(as_utc(endtime, name="endtime").ns)
    if begin is not None and until is not None and until <= begin:
        raise ParameterError(f"endtime={endtime} is not after starttime={starttime}")
    spans: dict[str, list[tuple[int, int, float]]] = {}
    for trace in traces_of(stream):
        spans.setdefault(trace.id, []).extend(spans_of(trace))
    rows: list[dict[str, Any]] = []
    for trace_id in sorted(spans):
        for a, b in _missing(sorted(spans[trace_id]), begin, until):
            rows.append(
                {
                    "trace_id": trace_id,
                    "starttime": UTCDateTime(ns=a),
                    "endtime": UTCDateTime(ns=b),
                    "duration": (b - a) / 1e9,
                }
            )
    return GAPS.frame(rows)


def _missing(
    spans: list[tuple[int, int, float]], begin: int | None, until: int | None
) -> list[tuple[int, int]]:
    """Return the holes between spans (ns), and up to the ends of the asked span."""
    if not spans:
        return [] if begin is None or until is None else [(begin, until)]
    holes: list[tuple[int, int]] = []
    if begin is not None and spans[0][0] - begin > 0.5 * spans[0][2]:
        holes.append((begin, spans[0][0]))
    expected, half = spans[0][1] + round(spans[0][2]), 0.5 * spans[0][2]
    for first, last, step in spans[1:]:
        if first - expected > half:
            holes.append((expected, first))
        if last + round(step) > expected:
            expected, half = last + round(step), 0.5 * step
    if until is not None and until - expected > half:
        holes.append((expected, until))
    cut = [
        (a if begin is None else max(a, begin), b if until is None else min(b, until))
        for a, b in holes
    ]
    return [(a, b) for a, b in cut if b > a]
