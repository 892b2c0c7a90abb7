"""The largest amplitude of each channel in a time."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from obspy import Stream, Trace, UTCDateTime

from .._segments import Segment, segments
from ..errors import ParameterError
from ..tables import AMPLITUDES
from ..times import TimeLike, as_utc, sample_time
from ..types import Band
from ._kernels import largest_swing
from ._statistics import check_choice, in_band

STATISTICS = ("peak_abs", "peak_to_peak", "rms")


def peak_amplitude(
    stream: Stream | Trace,
    *,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    statistic: str = "peak_abs",
    freqmin: float | None = None,
    freqmax: float | None = None,
    event_id: str = "",
) -> pd.DataFrame:
    """Largest amplitude of each channel between two instants, its mean removed.

    Parameters
    ----------
    stream : Stream or Trace
        Any number of channels, of any unit. Pass more than the time asked for where a band is
        given, so that the filter has settled when the time begins.
    starttime, endtime : UTCDateTime or str, optional
        First and last instant, both included; by default each channel's record.
    statistic : {"peak_abs", "peak_to_peak", "rms"}, optional
        Largest ``|x - mean(x)|``; or the largest difference between the extremes of two
        neighbouring swings to opposite sides of the mean; or the root mean square.
    freqmin, freqmax : float, optional
        Filter first, as in :func:`rsam`.
    event_id : str, optional
        Written into each row.

    Returns
    -------
    DataFrame
        Schema :data:`paektuseis.tables.AMPLITUDES`, one row for each channel: ``time`` of the
        peak (of the first of the two extremes; start of the time for the rms). A channel
        without a sample has a value NaN and coverage 0. Disturbed samples (settling of a
        filter) and those that are no numbers lower the coverage.

    Raises
    ------
    ParameterError
        If an option is out of its range, or the band reaches a channel's Nyquist frequency.

    Examples
    --------
    >>> import numpy as np, obspy
    >>> tone = obspy.Trace(7 + 3 * np.sin(2 * np.pi * np.arange(400) / 100), {"delta": 0.01})
    >>> row = peak_amplitude(tone, statistic="peak_to_peak").iloc[0]
    >>> round(float(row.value), 6), row.units, row.time.isoformat()
    (6.0, 'counts', '1970-01-01T00:00:00.250000+00:00')
    """
    check_choice("statistic", statistic, STATISTICS)
    begin = None if starttime is None else as_utc(starttime, name="starttime")
    end = None if endtime is None else as_utc(endtime, name="endtime")
    if begin is not None and end is not None and end < begin:
        raise ParameterError(f"endtime={end} is before starttime={begin}; exchange them")
    filtered = in_band(stream, Band(freqmin=freqmin, freqmax=freqmax))
    return AMPLITUDES.frame(
        _row(pieces, begin, end, statistic) | {"event_id": event_id}
        for pieces in segments(filtered).values()
    )


def _row(
    pieces: Sequence[Segment], begin: UTCDateTime | None, end: UTCDateTime | None, statistic: str
) -> dict[str, object]:
    head, tail = pieces[0], pieces[-1]
    if begin is None:
        begin = head.starttime
    if end is None:
        end = sample_time(tail.starttime, max(0, len(tail.data) - 1), tail.sampling_rate)
    # both ends included, as in obspy's slice
    stop = int(end.ns) + round(1e9 / head.sampling_rate)
    parts = [part for p in pieces for part in _numbers(p.cut(int(begin.ns), stop))]
    expected = max(1, round((stop - int(begin.ns)) * 1e-9 * head.sampling_rate))
    value, time = math.nan, None
    count = sum(len(part.data) for part in parts)
    if count:
        mean = sum(float(np.sum(part.data, dtype=np.float64)) for part in parts) / count
        value, time = _measured(parts, mean, statistic)
    return {
        "trace_id": head.trace_id,
        "starttime": begin,
        "endtime": end,
        "time": time,
        "value": value,
        "units": head.units,
        "statistic": statistic,
        "freqmin": head.freqmin,
        "freqmax": head.freqmax,
        "coverage": min(1.0, count / expected),
    }


def _measured(parts: Sequence[Segment], mean: float, statistic: str) -> tuple[float, UTCDateTime]:
    if statistic == "rms":
        squares = sum(float(np.sum((part.data - mean) ** 2)) for part in parts)
        return math.sqrt(squares / sum(len(p.data) for p in parts)), parts[0].starttime
    best, time = -1.0, parts[0].starttime
    for part in parts:
        if statistic == "peak_abs":
            away = np.abs(part.data - mean)
            at = int(np.argmax(away))
            value = float(away[at])
        else:
            value, at = largest_swing(part.data, mean)
        if value > best:
            best, time = value, sample_time(part.starttime, at, part.sampling_rate)
    return best, time


def _numbers(piece: Segment) -> list[Segment]:
    """Return the runs of a piece without its samples that are no numbers."""
    if piece.data.dtype.kind == "i" or np.isfinite(piece.data).all():
        return [piece] if len(piece.data) else []
    good = np.concatenate(([False], np.isfinite(piece.data), [False]))
    edges = np.flatnonzero(np.diff(good.astype(np.int8)))
    return [piece.part(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
