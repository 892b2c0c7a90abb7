"""Single-channel triggers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from obspy import Stream, Trace, UTCDateTime

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
    check_rule(thr_on, thr_off, min_duration, dead_time)
    if max_duration is not None and not max_duration > 0:
        raise ParameterError(f"max_duration={max_duration} s; give a positive time or None")
    parts = [
        found_in(trace, thr_on, thr_off, min_duration, dead_time, max_duration, detector)
        for trace in ([cf] if isinstance(cf, Trace) else cf)
    ]
    return trigger_table([parts])


@dataclass(frozen=True)
class Found:
    """Triggers of one contiguous piece: sample numbers, peaks, and how they were found.

    ``rows`` (n, 4) holds first and last sample, sample of the peak, and 1 where the end was
    not seen; ``facts`` the columns of the table that are the same for all of them.
    """

    trace_id: str
    start_ns: int
    sampling_rate: float
    rows: NDArray[np.int64]
    peaks: NDArray[np.float64]
    facts: dict[str, Any]


def check_rule(thr_on: float, thr_off: float, min_duration: float, dead_time: float) -> None:
    """Refuse thresholds and times that make no rule."""
    if not (math.isfinite(thr_on) and math.isfinite(thr_off) and thr_off <= thr_on):
        raise ParameterError(
            f"thr_on={thr_on}, thr_off={thr_off}; both must be finite and thr_off not above thr_on"
        )
    for name, value in (("min_duration", min_duration), ("dead_time", dead_time)):
        if not (math.isfinite(value) and value >= 0):
            raise ParameterError(f"{name}={value} s; give zero or a positive time")


def rule_samples(min_duration: float, dead_time: float, sampling_rate: float) -> tuple[int, int]:
    """Return the shortest trigger and the dead time in samples."""
    return math.ceil(min_duration * sampling_rate - 1e-6), round(dead_time * sampling_rate)


def found_in(
    trace: Trace,
    thr_on: float,
    thr_off: float,
    min_duration: float,
    dead_time: float,
    max_duration: float | None,
    detector: str,
) -> Found:
    """Return the triggers of one characteristic function."""
    fs = float(trace.stats.sampling_rate)
    recalled = {k: provenance.recall(trace, k) for k in ("sta", "lta")}
    method = provenance.recall(trace, "method", "")
    if None not in recalled.values():
        refuse_unreachable(trace.id, fs, method, recalled["sta"], recalled["lta"], thr_on)
    values = real_samples(trace)
    first, last = judged_samples(trace)
    shortest, dead = rule_samples(min_duration, dead_time, fs)
    longest = len(values) if max_duration is None else int(max_duration * fs + 0.5)
    rows = _scan.onsets(values, first, last, float(thr_on), float(thr_off), shortest, dead, longest)
    band = [np.nan if f is None else f for f in provenance.band_of(trace)]
    facts = {
        "method": method,
        **{k: np.nan if v is None else v for k, v in recalled.items()},
        "thr_on": thr_on,
        "thr_off": thr_off,
        "freqmin": band[0],
        "freqmax": band[1],
        "detector": detector,
    }
    start_ns = int(trace.stats.starttime.ns)
    return Found(trace.id, start_ns, fs, rows, values[rows[:, 2]], facts)


def judged_samples(trace: Trace) -> tuple[int, int]:
    """Return first and last sample of a characteristic function that may be judged."""
    begin, until = provenance.valid_span(trace)
    blind_until = provenance.recall(trace, "blind_until", begin)
    return judged_between(trace, max(begin, blind_until), until)


def judged_between(trace: Trace, begin: UTCDateTime, until: UTCDateTime) -> tuple[int, int]:
    """Return the first sample not before ``begin`` and the last not after ``until``."""
    start = trace.stats.starttime
    fs = float(trace.stats.sampling_rate)
    first = max(0, math.ceil((begin - start) * fs - 1e-6))
    last = min(trace.stats.npts - 1, math.floor((until - start) * fs + 1e-6))
    return first, last


def refuse_unreachable(
    trace_id: str, sampling_rate: float, method: str, sta: float, lta: float, thr_on: float
) -> None:
    """Refuse a threshold above the ceiling of a ratio."""
    if method not in _BOUNDED:
        return
    nsta, nlta = window_samples(sta, lta, sampling_rate, trace_id)
    if thr_on > nlta / nsta:
        raise ParameterError(
            f"thr_on={thr_on:g} can never be reached on {trace_id}: a {method} ratio with "
            f"sta={sta:g} s and lta={lta:g} s does not exceed lta/sta={nlta / nsta:g}; lower "
            "thr_on, or lengthen lta"
        )


def trigger_table(groups: Sequence[Sequence[Found]]) -> pd.DataFrame:
    """Build the table of triggers, each group by onset and id, one group after the other."""
    keyed = [(g, part) for g, group in enumerate(groups) for part in group if len(part.rows)]
    if not keyed:
        return tables.TRIGGERS.frame()
    parts = [part for _, part in keyed]
    sizes = np.array([len(part.rows) for part in parts])
    times = np.concatenate(
        [
            np.rint(part.rows[:, :3] / part.sampling_rate * 1e9).astype(np.int64) + part.start_ns
            for part in parts
        ]
    )
    rows = np.concatenate([part.rows for part in parts])
    rank = {name: i for i, name in enumerate(sorted({part.trace_id for part in parts}))}
    order = np.lexsort(
        (
            times[:, 1],
            np.repeat([rank[part.trace_id] for part in parts], sizes),
            times[:, 0],
            np.repeat([g for g, _ in keyed], sizes),
        )
    )
    which = np.repeat(np.arange(len(parts)), sizes)[order]
    fs = np.array([part.sampling_rate for part in parts])[which]
    times, rows = times[order], rows[order]
    facts = {
        name: np.array([part.facts[name] for part in parts], dtype=object)[which]
        for name in parts[0].facts
    }
    return from_columns(
        tables.TRIGGERS,
        {
            "trace_id": np.array([part.trace_id for part in parts], dtype=object)[which],
            "starttime": times[:, 0],
            "endtime": times[:, 1],
            "peak_time": times[:, 2],
            "peak_ratio": np.concatenate([part.peaks for part in parts])[order],
            "duration": (rows[:, 1] - rows[:, 0]) / fs,
            "open_end": rows[:, 3] == 1,
            **facts,
        },
        len(rows),
    )
