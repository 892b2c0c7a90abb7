"""From raw records to clean pieces: one trace a contiguous span, mean or line removed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from obspy import Stream, Trace

from ..errors import ParameterError
from ..io import join_segments
from ..provenance import log_step, note, valid_span
from ..tables import METADATA_CHECKS, QUALITY
from ..times import as_utc, sample_time
from ._kernels import line_through, minus_line, taper_ends
from ._traces import contiguous, piece, plain_samples

_log = logging.getLogger("paektuseis.processing")

Detrend = Literal["demean", "linear", "start"]

START_SECONDS = 30.0
"""Seconds at the beginning of a piece whose mean ``detrend="start"`` subtracts."""


def preprocess(
    stream: Stream | Trace,
    *,
    detrend: Detrend | None = "demean",
    taper: float = 0.0,
    min_length: float | None = None,
    quality: pd.DataFrame | None = None,
) -> Stream:
    """Make a record ready for filters: overlaps resolved, damage cut out, mean removed.

    Parameters
    ----------
    stream : Stream or Trace
    detrend : {"demean", "linear", "start"} or None, optional
        Subtract from each contiguous piece its mean, its least-squares line, the mean of its
        first 30 s, or nothing. ``"start"`` does not depend on where the piece ends, so a causal
        filter after it gives the same samples however long a record is read at once.
    taper : float, optional
        Seconds at each end of each piece multiplied by a quarter sine. None by default:
        the filters record their own settling, and a taper at each gap hides as much again.
        Tapered ends are outside ``provenance.valid_span``.
    min_length : float, optional
        Leave out pieces shorter than this many seconds.
    quality : DataFrame, optional
        Table ``tables.QUALITY``, as from :func:`check_waveforms`: spans with severity
        ``"error"`` are cut out, ends included. Rows on metadata (``tables.METADATA_CHECKS``)
        are not applied: a wrong response spoils a conversion, not the samples.

    Returns
    -------
    Stream
        New traces, float64, one for each contiguous span, sorted by id and time; units as
        they were. Identical overlaps are joined once, conflicting ones left out (see
        ``paektuseis.io.join_segments``); masked, NaN, infinite and −2³¹ samples are gaps.

    Raises
    ------
    ParameterError
        If an option is out of range.
    WaveformError
        If the input is no waveform.

    Examples
    --------
    >>> from obspy import Trace
    >>> import numpy as np
    >>> preprocess(Trace(np.arange(5)), detrend="linear")[0].data.tolist()
    [0.0, 0.0, 0.0, 0.0, 0.0]
    """
    if detrend not in (*get_args(Detrend), None):
        raise ParameterError(f"detrend={detrend!r}; choose 'demean', 'linear', 'start' or None")
    for name, value in (("taper", taper), ("min_length", min_length or 0.0)):
        if not (np.isfinite(value) and value >= 0):
            raise ParameterError(f"{name}={value} s; give a time of zero or more seconds")
    out = Stream()
    for trace, begin, end in _undamaged(stream, quality):
        rate = float(trace.stats.sampling_rate)
        if (end - begin) / rate < (min_length or 0.0):
            _log.info(
                "%s: piece of %.3f s from %s left out (min_length=%g s)",
                trace.id,
                (end - begin) / rate,
                sample_time(trace.stats.starttime, begin, rate),
                min_length,
            )
            continue
        out.append(_prepared(trace, begin, end, trace.data[begin:end], detrend, taper))
    out.sort(keys=["network", "station", "location", "channel", "starttime"])
    return out


def sound_pieces(stream: Stream | Trace, quality: pd.DataFrame | None = None) -> Stream:
    """Cut a record into its contiguous, undamaged pieces without copying the samples.

    Parameters
    ----------
    stream : Stream or Trace
    quality : DataFrame, optional
        Table ``tables.QUALITY``, as from :func:`check_waveforms`: spans with severity
        ``"error"`` are cut out as :func:`preprocess` does.

    Returns
    -------
    Stream
        New traces, one for each contiguous span, sorted by id and time, in the units and with
        the record of what they came from. The samples are the caller's own memory where they
        are int32, float32 or float64 and no overlap had to be joined: read them, never write
        them. Other sample types come as int32 (shorter integers) or float64.

    Raises
    ------
    WaveformError
        If the input is no waveform.
    ParameterError
        If ``quality`` is no such table.

    Notes
    -----
    The same spans as ``preprocess(stream, detrend=None, quality=quality)``: identical overlaps
    are joined once, conflicting ones left out; masked, NaN, infinite and −2³¹ samples and
    those beyond 1e30 are gaps.

    Examples
    --------
    >>> from obspy import Trace
    >>> import numpy as np
    >>> record = Trace(np.array([4, 5, -(2**31), 7], dtype="int32"))
    >>> pieces = sound_pieces(record)
    >>> [piece.data.tolist() for piece in pieces]
    [[4, 5], [7]]
    >>> np.shares_memory(record.data, pieces[0].data)
    True
    """
    out = Stream()
    for trace, begin, end in _undamaged(stream, quality):
        out.append(piece(trace, begin, end, plain_samples(trace.data[begin:end])))
    out.sort(keys=["network", "station", "location", "channel", "starttime"])
    return out


def _undamaged(
    stream: Stream | Trace, quality: pd.DataFrame | None
) -> Iterator[tuple[Trace, int, int]]:
    """Yield each sound span: a trace (not to be changed) and its index range."""
    spans = _error_spans(quality)
    for group in _touching([part for part, _ in contiguous(stream)]):
        for trace in group if len(group) == 1 else join_segments(Stream(group))[0]:
            for begin, end in _left_over(trace, spans.get(trace.id, [])):
                yield trace, begin, end


def _touching(traces: list[Trace]) -> list[list[Trace]]:
    """Sort traces into groups of those of one channel that adjoin or overlap, or may."""
    groups: list[list[Trace]] = []
    held, until = "", 0
    for trace in sorted(traces, key=lambda t: (t.id, t.stats.starttime.ns)):
        first = int(trace.stats.starttime.ns)
        # what begins up to half a sample late may be joined to what was there before
        late = (len(trace.data) + 0.5) * 1e9 / float(trace.stats.sampling_rate)
        if trace.id == held and first <= until:
            groups[-1].append(trace)
            until = max(until, first + round(late) + 1)
        else:
            groups.append([trace])
            held, until = trace.id, first + round(late) + 1
    return groups


def _prepared(
    trace: Trace,
    begin: int,
    end: int,
    samples: NDArray[np.generic],
    detrend: Detrend | None,
    taper: float,
) -> Trace:
    rate = float(trace.stats.sampling_rate)
    data = detrended(samples, detrend, round(START_SECONDS * rate))
    new = piece(trace, begin, end, data)
    if taper:
        length = min(round(taper * rate), (end - begin) // 2)
        taper_ends(data, length)
        first, last = valid_span(new)
        start, stop = new.stats.starttime, new.stats.endtime
        note(
            new,
            valid_from=max(first, start + length / rate),
            valid_until=min(last, stop - length / rate),
        )
    return log_step(new, f"preprocess detrend={detrend}, taper={taper:g} s")


def detrended(
    samples: NDArray[np.generic], detrend: Detrend | None, start: int = 0
) -> NDArray[np.float64]:
    """Return a float64 copy of the samples without mean, without line, or as it is.

    ``start`` is the number of samples whose mean goes with ``detrend="start"``.
    """
    if detrend is None or samples.size == 0:
        return np.array(samples, dtype=np.float64)
    values = np.ascontiguousarray(samples)
    if values.dtype not in (np.int32, np.float32, np.float64):
        values = values.astype(np.float64)
    mean, slope = line_through(values[: max(start, 1)] if detrend == "start" else values)
    return np.asarray(minus_line(values, mean, slope if detrend == "linear" else 0.0))


def _error_spans(quality: pd.DataFrame | None) -> dict[str, list[tuple[int, int]]]:
    """Return the spans to cut out of each channel, in nanoseconds, ends included."""
    if quality is None or not len(quality):
        return {}
    QUALITY.check(quality, need=["trace_id", "starttime", "endtime", "check", "severity"])
    spans: dict[str, list[tuple[int, int]]] = {}
    rows = quality[
        (quality["severity"] == "error")
        & ~quality["check"].isin(METADATA_CHECKS)
        & quality["starttime"].notna()
        & quality["endtime"].notna()
    ]
    for row in rows.itertuples(index=False):
        pair = (int(as_utc(row.starttime).ns), int(as_utc(row.endtime).ns))
        spans.setdefault(str(row.trace_id), []).append(pair)
    return spans


def _left_over(trace: Trace, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the index ranges of a trace that no span touches."""
    count, step = len(trace.data), 1e9 / float(trace.stats.sampling_rate)
    first = int(trace.stats.starttime.ns)
    ranges: list[tuple[int, int]] = []
    at = 0
    for a, b in sorted(spans):
        begin = int(np.ceil((a - first) / step - 1e-3))
        end = int(np.floor((b - first) / step + 1e-3)) + 1
        if end <= 0 or begin >= count or end <= begin:
            continue
        if begin > at:
            ranges.append((at, begin))
        at = max(at, end)
    if at < count:
        ranges.append((at, count))
    return ranges
