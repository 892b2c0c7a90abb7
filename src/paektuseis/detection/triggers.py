"""Single-channel triggers."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from obspy import Stream, Trace

from .. import provenance, tables
from ..errors import ParameterError
from . import _scan
from ._frames import from_columns
from .characteristic import real_samples, window_samples

_BOUNDED = ("classic", "recursive")


def trigger_onsets(
    cf: Stream | Trace,
    *,
    thr_on: float,
    thr_off: float,
    min_duration: float = 0.0,
    dead_time: float = 0.0,
    max_duration: float | None = None,
    detector: str = "",
) -> pd.DataFrame:
    """Find where a characteristic function switches on and off.

    A trigger begins at the first sample at or above ``thr_on`` and ends at the last sample at
    or above ``thr_off`` (ObsPy's ``trigger_onset`` gives the same samples). It never begins in
    blind time (``blind_until``, ``valid_until`` and NaN in the function); where the function is
    above ``thr_on`` at the first sample that can be judged, it begins there.

    Parameters
    ----------
    cf : Stream or Trace
        Characteristic functions, as from :func:`sta_lta`.
    thr_on, thr_off : float
        Thresholds in the unit of the function, ``thr_off <= thr_on``.
    min_duration : float, optional
        Triggers seen for less than this many seconds are dropped.
    dead_time : float, optional
        No trigger begins within this many seconds after the end of another on the
        same channel. An excursion that began meanwhile is passed over: an onset is
        always a true crossing.
    max_duration : float, optional
        A trigger still on after this many seconds is released there; the next begins
        when the function has been below ``thr_on`` again.
    detector : str, optional
        Name written into the table.

    Returns
    -------
    DataFrame
        Table ``tables.TRIGGERS``, sorted by onset and id. ``open_end`` marks a trigger whose
        end was not seen: the record ended, or the function became NaN (a gap), while it was on.

    Raises
    ------
    ParameterError
        If the thresholds are not finite or in the wrong order, a time is negative, or
        ``thr_on`` is above the ceiling lta/sta of a classic or recursive ratio, which could
        then never trigger.

    References
    ----------
    Withers et al. (1998) BSSA 88(1), 95-106; Trnkoczy (2012) NMSOP-2 IS 8.1.

    Examples
    --------
    >>> import numpy as np
    >>> from obspy import Trace
    >>> cf = Trace(np.array([1, 1, 5, 4, 2, 1, 1.0]))
    >>> trigger_onsets(cf, thr_on=3, thr_off=1.5)[["duration", "peak_ratio"]].values.tolist()
    [[2.0, 5.0]]
    """
    if not (math.isfinite(thr_on) and math.isfinite(thr_off) and thr_off <= thr_on):
        raise ParameterError(
            f"thr_on={thr_on}, thr_off={thr_off}; both must be finite and thr_off not above thr_on"
        )
    for name, value in (("min_duration", min_duration), ("dead_time", dead_time)):
        if not (math.isfinite(value) and value >= 0):
            raise ParameterError(f"{name}={value} s; give zero or a positive time")
    if max_duration is not None and not max_duration > 0:
        raise ParameterError(f"max_duration={max_duration} s; give a positive time or None")
    parts = []
    for trace in [cf] if isinstance(cf, Trace) else cf:
        _refuse_unreachable(trace, thr_on)
        fs = float(trace.stats.sampling_rate)
        values = real_samples(trace)
        first, last = judged_samples(trace)
        longest = len(values) if max_duration is None else int(max_duration * fs + 0.5)
        rows = _scan.onsets(
            values,
            first,
            last,
            float(thr_on),
            float(thr_off),
            math.ceil(min_duration * fs - 1e-6),
            round(dead_time * fs),
            longest,
        )
        if len(rows):
            parts.append(_table(trace, values, rows, thr_on, thr_off, detector))
    if not parts:
        return tables.TRIGGERS.frame()
    joined = pd.concat(parts, ignore_index=True)
    return joined.sort_values(["starttime", "trace_id", "endtime"], ignore_index=True)


def judged_samples(trace: Trace) -> tuple[int, int]:
    """Return first and last sample of a characteristic function that may be judged."""
    start = trace.stats.starttime
    fs = float(trace.stats.sampling_rate)
    begin, until = provenance.valid_span(trace)
    begin = max(begin, provenance.recall(trace, "blind_until", begin))
    first = max(0, math.ceil((begin - start) * fs - 1e-6))
    last = min(trace.stats.npts - 1, math.floor((until - start) * fs + 1e-6))
    return first, last


def _refuse_unreachable(trace: Trace, thr_on: float) -> None:
    sta, lta = provenance.recall(trace, "sta"), provenance.recall(trace, "lta")
    method = provenance.recall(trace, "method")
    if method not in _BOUNDED or sta is None or lta is None:
        return
    nsta, nlta = window_samples(sta, lta, float(trace.stats.sampling_rate), trace.id)
    if thr_on > nlta / nsta:
        raise ParameterError(
            f"thr_on={thr_on:g} can never be reached on {trace.id}: a {method} ratio with "
            f"sta={sta:g} s and lta={lta:g} s does not exceed lta/sta={nlta / nsta:g}; lower "
            "thr_on, or lengthen lta"
        )


def _table(
    trace: Trace,
    values: NDArray[np.float64],
    rows: NDArray[np.int64],
    thr_on: float,
    thr_off: float,
    detector: str,
) -> pd.DataFrame:
    fs = float(trace.stats.sampling_rate)
    offsets = np.rint(rows[:, :3] / fs * 1e9).astype(np.int64) + int(trace.stats.starttime.ns)
    band = [np.nan if f is None else f for f in provenance.band_of(trace)]
    recalled = {k: provenance.recall(trace, k) for k in ("sta", "lta")}
    return from_columns(
        tables.TRIGGERS,
        {
            "trace_id": trace.id,
            "starttime": offsets[:, 0],
            "endtime": offsets[:, 1],
            "peak_time": offsets[:, 2],
            "peak_ratio": values[rows[:, 2]],
            "duration": (rows[:, 1] - rows[:, 0]) / fs,
            "open_end": rows[:, 3] == 1,
            "method": provenance.recall(trace, "method", ""),
            **{k: np.nan if v is None else v for k, v in recalled.items()},
            "thr_on": thr_on,
            "thr_off": thr_off,
            "freqmin": band[0],
            "freqmax": band[1],
            "detector": detector,
        },
        len(rows),
    )
