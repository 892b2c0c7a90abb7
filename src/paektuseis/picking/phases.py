"""Arrivals of P and S at each station of a stream."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from obspy import Inventory, Stream, Trace, UTCDateTime

from ..errors import ParameterError
from ..tables import PICKS
from ..times import TimeLike, as_utc
from ._first import read_onset
from ._record import Sensor, sensors_of, time_of
from ._search import find_onset
from ._second import read_s

FloatArray = NDArray[np.float64]

BANDS = ((1.0, 4.0), (2.0, 8.0), (4.0, 16.0), (8.0, 32.0))
CORNERS = 2


@dataclass(frozen=True)
class Plan:
    """What one call of :func:`pick_phases` asks for."""

    inventory: Inventory | None
    bands: tuple[tuple[float, float], ...]
    p_window: tuple[float, float]
    s_minus_p: tuple[float, float]
    phases: tuple[str, ...]
    event_id: str
    problems: list[str] = field(default_factory=list)


def pick_phases(
    stream: Stream | Trace,
    t_trigger: TimeLike | Mapping[str, TimeLike] | None = None,
    inventory: Inventory | None = None,
    *,
    phases: Sequence[str] = ("P", "S"),
    bands: Sequence[tuple[float, float]] = BANDS,
    p_window: tuple[float, float] = (-5.0, 10.0),
    s_minus_p: tuple[float, float] = (0.3, 12.0),
    event_id: str = "",
    problems: list[str] | None = None,
) -> pd.DataFrame:
    """Pick P and S."""
    plan = Plan(
        inventory,
        tuple(bands),
        p_window,
        s_minus_p,
        tuple(phases),
        event_id,
        problems if problems is not None else [],
    )
    rows: dict[str, list[list[dict[str, Any]]]] = {}
    for sensor in sensors_of(
        Stream([stream]) if isinstance(stream, Trace) else stream, inventory, plan.problems
    ):
        trigger = _trigger(t_trigger, sensor)
        found = _picked(sensor, trigger, plan)
        if found:
            rows.setdefault(sensor.station, []).append(found)
    best = [max(options, key=lambda rows: rows[0]["snr"]) for options in rows.values()]
    return PICKS.frame([row for station in best for row in station])


def _trigger(t_trigger: Any, sensor: Sensor) -> UTCDateTime | None:
    if t_trigger is None:
        return None
    if isinstance(t_trigger, Mapping):
        for key, value in t_trigger.items():
            if key == sensor.station or str(key)[:-1] == sensor.name:
                return as_utc(value)
        return None
    return as_utc(t_trigger)


@functools.lru_cache(maxsize=64)
def sections(low: float, high: float, rate: float) -> Any:
    from scipy.signal import butter

    return butter(CORNERS, [low, high], "bandpass", fs=rate, output="sos")


def usable(bands: Sequence[tuple[float, float]], rate: float) -> list[tuple[float, float]]:
    """Return the bands a record holds: cut at 0.45 of its rate, half an octave at least."""
    out = [(low, min(high, 0.45 * rate)) for low, high in bands]
    return [(low, high) for low, high in out if high >= 1.5 * low]


def filtered(x: FloatArray, rate: float, bands: Sequence[tuple[float, float]]) -> FloatArray:
    """Return one row for each band, causal, of a record less the mean of its first second."""
    from scipy.signal import sosfilt

    x = np.asarray(x, dtype=np.float64)
    x = x - x[: max(1, round(rate))].mean()
    return np.array([sosfilt(sections(low, high, rate), x) for low, high in bands])


def _picked(sensor: Sensor, trigger: UTCDateTime | None, plan: Plan) -> list[dict[str, Any]]:
    best: Any = None
    for trace in sensor.parts["Z"]:
        rate = float(trace.stats.sampling_rate)
        bands = usable(plan.bands, rate)
        rows = filtered(trace.data, rate, bands)
        first, last = 0, len(trace.data)
        if trigger is not None:
            first = max(0, math.ceil((trigger + plan.p_window[0] - trace.stats.starttime) * rate))
            last = min(last, math.ceil((trigger + plan.p_window[1] - trace.stats.starttime) * rate))
        found = find_onset(rows, rate, first, last)
        if found is not None and (best is None or found.height > best[0].height):
            best = found, trace, rows, bands
    if best is None:
        return []
    found, trace, rows, bands = best
    rate = float(trace.stats.sampling_rate)
    onset = read_onset(rows, rate, found.index)
    low, high = bands[onset.band]
    out = [
        dict(
            event_id=plan.event_id,
            trace_id=trace.id,
            phase="P",
            time=time_of(trace, onset.index),
            uncertainty=onset.scatter / rate,
            snr=found.rise,
            polarity="",
            quality="A",
            method="aic+kurtosis",
            freqmin=low,
            freqmax=high,
        )
    ]
    p_time = time_of(trace, onset.index)
    parts = [(c, t) for c in sensor.horizontals if (t := sensor.covering(c, p_time)) is not None]
    if "S" not in plan.phases or not parts:
        return out
    start = max([trace.stats.starttime, *(t.stats.starttime for _, t in parts)], key=lambda t: t.ns)
    start = max(start, p_time - 6.0)
    stop = min([p_time + plan.s_minus_p[1] + 3, *(t.stats.endtime for _, t in parts)])
    n = int((stop - start) * rate)
    cutout = []
    for _, t in parts:
        a = round((start - t.stats.starttime) * rate)
        cutout.append(filtered(t.data[a : a + n], rate, [(1.0, min(20.0, 0.45 * rate))])[0])
    s = read_s(np.array(cutout), rate, round((p_time - start) * rate), plan.s_minus_p)
    if s:
        out.append(
            dict(
                event_id=plan.event_id,
                trace_id=parts[0][1].id,
                phase="S",
                time=start + s[0] / rate,
                uncertainty=0.1,
                snr=1.0,
                polarity="",
                quality="A",
                method="aic+kurtosis",
                freqmin=1.0,
                freqmax=20.0,
            )
        )
    return out
