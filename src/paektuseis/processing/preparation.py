"""From raw records to clean pieces: one trace a contiguous span, mean or line removed."""

from __future__ import annotations

import logging
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
from ._traces import contiguous, piece

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
    joined, _ = join_segments(Stream([part for part, _ in contiguous(stream)]))
    spans = _error_spans(quality)
    out = Stream()
    for trace in joined:
        samples = trace.data
        rate = float(trace.stats.sampling_rate)
        for begin, end in _left_over(trace, spans.get(trace.id, [])):
            if (end - begin) / rate < (min_length or 0.0):
                _log.info(
                    "%s: piece of %.3f s from %s left out (min_length=%g s)",
                    trace.id,
                    (end - begin) / rate,
                    sample_time(trace.stats.starttime, begin, rate),
                    min_length,
                )
                continue
            out.append(_prepared(trace, begin, end, samples[begin:end], detrend, taper))
    out.sort(keys=["network", "station", "location", "channel", "starttime"])
    return out


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
