"""RSAM: the mean absolute amplitude in consecutive windows, and its kin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from obspy import Stream, Trace

from .._segments import Segment, segments
from ..errors import ParameterError
from ..tables import RSAM
from ..times import TimeLike, as_utc
from ..types import Band, FloatArray
from ._kernels import add_absolute, add_samples, add_squares, raise_largest
from ._statistics import check_choice, in_band

STATISTICS = ("mean_abs", "median_abs", "rms", "max_abs")
MAX_WINDOWS = 5_000_000
IntArray = NDArray[np.int64]


def rsam(
    stream: Stream | Trace,
    *,
    window: float = 600.0,
    statistic: str = "mean_abs",
    freqmin: float | None = None,
    freqmax: float | None = None,
    min_coverage: float = 0.8,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
) -> pd.DataFrame:
    """Real-time seismic amplitude: mean of ``|x - mean(x)|`` in consecutive windows.

    The mean of each window is removed, nothing else is done to the samples
    unless a band is given. All segments of a channel count; a sample that two
    segments share counts once, and one that is no number, or lies in the
    settling of a filter, counts as missing. Nothing is filled in.

    Parameters
    ----------
    stream : Stream or Trace
        Any number of channels, of any unit.
    window : float, optional
        Seconds. Windows start at whole multiples of the window since 1970 (for windows that
        divide a day: since midnight UTC), so the rows do not depend on how a record is cut.
    statistic : {"mean_abs", "median_abs", "rms", "max_abs"}, optional
        Mean, median, root mean square or maximum of ``|x - mean(x)|``.
    freqmin, freqmax : float, optional
        Filter each segment first with a causal Butterworth filter of four corners: band-pass,
        or high- or low-pass if one is None. The rows report the band; those of data already
        filtered report that filter's.
    min_coverage : float, optional
        Share of a window's samples that must be there; below it the value is NaN.
    starttime, endtime : UTCDateTime or str, optional
        Windows start at ``starttime`` (aligned to nothing else) and end at the first edge at or
        after ``endtime``; by default they are those that hold a sample.

    Returns
    -------
    DataFrame
        Schema :data:`paektuseis.tables.RSAM`, one row for each channel and window (also the
        windows in gaps, with coverage 0), in order of channel and time. ``starttime`` is the
        start of the window.

    Raises
    ------
    ParameterError
        If an option is out of its range, or the band reaches a channel's Nyquist frequency.
    WaveformError
        If a trace holds a masked array, or a channel's segments differ in unit or filter.

    References
    ----------
    Endo, E. T. and Murray, T. (1991), Bull. Volcanol. 53, 533-545.

    Examples
    --------
    >>> import numpy as np, obspy
    >>> tone = obspy.Trace(np.pi * np.sin(2 * np.pi * np.arange(120_000) / 100), {"delta": 0.01})
    >>> table = rsam(tone, window=600)
    >>> table.value.round(2).tolist(), table.statistic[0], table.units[0]
    ([2.0, 2.0], 'mean_abs', 'counts')
    """
    check_choice("statistic", statistic, STATISTICS)
    if not (math.isfinite(window) and round(window * 1e9) > 0):
        raise ParameterError(f"window={window} s; give a positive length in seconds")
    if not 0 < min_coverage <= 1:
        raise ParameterError(f"min_coverage={min_coverage}; give a share above 0 and up to 1")
    filtered = in_band(stream, Band(freqmin=freqmin, freqmax=freqmax))
    tables = []
    for trace_id, pieces in segments(filtered).items():
        first, count = _windows(pieces, round(window * 1e9), starttime, endtime)
        if not count:
            continue
        starts = first + round(window * 1e9) * np.arange(count + 1, dtype=np.int64)
        value, coverage = windowed(pieces, starts, statistic)
        value[coverage < min_coverage] = np.nan
        tables.append(_frame(trace_id, pieces, starts[:-1], window, value, coverage, statistic))
    return RSAM.concat(tables)


@dataclass(frozen=True)
class _Share:
    """The windows one segment touches, and its samples in each."""

    data: NDArray[Any]
    windows: slice
    expected: IntArray
    edges: IntArray


def windowed(
    pieces: Sequence[Segment], edges_ns: IntArray, statistic: str
) -> tuple[FloatArray, FloatArray]:
    """Return the statistic and the coverage of windows between instants (nanoseconds).

    A sample belongs to the window that begins at or before it.
    """
    count = len(edges_ns) - 1
    shares = [_share(piece, edges_ns) for piece in pieces if len(piece.data)]
    total, n, coverage = np.zeros(count), np.zeros(count, dtype=np.int64), np.zeros(count)
    for share in shares:
        known = n[share.windows].copy()
        add_samples(share.data, share.edges, total[share.windows], n[share.windows])
        coverage[share.windows] += (n[share.windows] - known) / share.expected
    mean = total / np.maximum(n, 1)
    out = np.zeros(count)
    if statistic == "median_abs":
        out = _median(shares, mean)
    else:
        measure = {"mean_abs": add_absolute, "rms": add_squares, "max_abs": raise_largest}
        for share in shares:
            measure[statistic](share.data, share.edges, mean[share.windows], out[share.windows])
    if statistic in ("mean_abs", "rms"):
        out /= np.maximum(n, 1)
    if statistic == "rms":
        out = np.sqrt(out)
    out[n == 0] = np.nan
    return out, np.minimum(coverage, 1.0)


def _share(piece: Segment, edges_ns: IntArray) -> _Share:
    slack = round(1e9 / piece.sampling_rate)
    count = len(edges_ns) - 1
    low = int(np.searchsorted(edges_ns, piece.start_ns - slack, side="right")) - 1
    high = int(np.searchsorted(edges_ns, piece.end_ns + slack, side="left"))
    low, high = min(max(low, 0), count), min(max(high, 0), count)
    places = piece.first_at(edges_ns[low : high + 1])
    # how many samples a window has at this rate depends on where it begins between two
    expected = np.maximum(np.diff(places), 1)
    return _Share(piece.data, slice(low, high), expected, np.clip(places, 0, len(piece.data)))


def _median(shares: Sequence[_Share], mean: FloatArray) -> FloatArray:
    parts: dict[int, list[NDArray[Any]]] = {}
    for share in shares:
        for k, w in enumerate(range(share.windows.start, share.windows.stop)):
            if share.edges[k + 1] > share.edges[k]:
                part = share.data[share.edges[k] : share.edges[k + 1]]
                parts.setdefault(w, []).append(part)
    out = np.full(len(mean), np.nan)
    for w, some in parts.items():
        away = np.abs((some[0] if len(some) == 1 else np.concatenate(some)) - mean[w])
        away = away[np.isfinite(away)]
        if len(away):
            out[w] = np.median(away)
    return out


def _windows(
    pieces: Sequence[Segment], step: int, starttime: TimeLike | None, endtime: TimeLike | None
) -> tuple[int, int]:
    """Return the first window's start (ns) and the number of windows of ``step`` ns."""
    if starttime is not None:
        first = int(as_utc(starttime, name="starttime").ns)
    else:
        # a sample written just before an edge belongs after it (see Segment.first_at)
        early = round(1e6 / pieces[0].sampling_rate)
        first = (pieces[0].start_ns + early) // step * step
    if endtime is not None:
        end = int(as_utc(endtime, name="endtime").ns)
    else:
        end = max(
            p.start_ns + round((len(p.data) - 1) / p.sampling_rate * 1e9) + 1_000 for p in pieces
        )
    count = max(0, -(-(end - first) // step))
    if count > MAX_WINDOWS:
        raise ParameterError(
            f"{count} windows of {step * 1e-9:g} s: more than {MAX_WINDOWS}; lengthen the window "
            "or give starttime and endtime"
        )
    return first, count


def _frame(
    trace_id: str,
    pieces: Sequence[Segment],
    starts: IntArray,
    window: float,
    value: FloatArray,
    coverage: FloatArray,
    statistic: str,
) -> pd.DataFrame:
    band = pieces[0]
    return pd.DataFrame(
        {
            "trace_id": trace_id,
            "starttime": pd.DatetimeIndex(starts.view("datetime64[ns]")).tz_localize("UTC"),
            "window": float(window),
            "value": value,
            "units": band.units,
            "statistic": statistic,
            "freqmin": math.nan if band.freqmin is None else float(band.freqmin),
            "freqmax": math.nan if band.freqmax is None else float(band.freqmax),
            "coverage": coverage,
        }
    )[RSAM.names]
