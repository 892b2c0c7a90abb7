"""P and S of one sensor: search, read, judge, refuse."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from obspy import Stream, Trace, UTCDateTime

from ..errors import MetadataError, WaveformError
from ..processing import rotate_to_zne
from ._agreement import contrast
from ._bands import TOP, filtered, usable
from ._first import read_p
from ._judgement import (
    NOISE_P,
    NOISE_S,
    first_motion,
    quality_of,
    signal_to_noise,
    standard_error,
)
from ._plan import Plan, Triggers
from ._record import Sensor, cut, time_of, upward
from ._search import AFTER, NOISE, Candidate, find_onset
from ._second import read_s

FloatArray = NDArray[np.float64]
Row = dict[str, Any]

DOUBT = 5.0
"""What a second of scatter among the readings takes from the evidence of an event."""
P_ERROR = (0.02, 0.5, 0.083)
S_ERROR = (0.02, 0.55, 0.3)
"""Floor (s), share of the scatter, and seconds over the SNR: see ``standard_error``."""
S_WARM_UP = 6.0
"""Seconds before P from which the horizontals are filtered, and the least that must be there."""
S_LEAST = 1.0
S_OVER = 1.2
"""What the least SNR is multiplied by for an S: below, wiggles of the P coda pass for it."""
POLARITY_SNR = 3.0
"""SNR of a P below which no first motion is given."""
COVERED = 0.8
"""Share of the vertical's samples a horizontal needs to count in the search."""


@dataclass(frozen=True)
class _Found:
    candidate: Candidate
    trace: Trace
    rows: FloatArray
    bands: list[tuple[float, float]]


def picks_of(sensor: Sensor, triggers: Triggers, plan: Plan) -> list[Row]:
    """Return the rows of the P and the S of one sensor; none, with the reason in ``problems``."""
    found = _search(sensor, triggers, plan)
    if isinstance(found, str):
        plan.problems.append(f"{sensor.name}Z: no P: {found}")
        return []
    p = _p_row(found, plan)
    if isinstance(p, str):
        plan.problems.append(f"{found.trace.id}: P refused: {p}")
        return []
    if "S" not in plan.phases:
        return [p]
    s = _s_row(sensor, found.trace, p, plan)
    if isinstance(s, str):
        plan.problems.append(f"{sensor.name}?: S refused: {s}")
        return [p]
    return [p, s]


def _search(sensor: Sensor, triggers: Triggers, plan: Plan) -> _Found | str:
    """Return the candidate of the piece of record that shows the largest event."""
    best: _Found | None = None
    window = triggers.window(sensor.name, plan.p_window)
    why = f"no piece of record of {NOISE + AFTER:g} s"
    for trace in sensor.parts["Z"]:
        rate, start = float(trace.stats.sampling_rate), trace.stats.starttime
        first, last, near = 0, len(trace.data), None
        if window is not None:
            first = max(0, math.ceil((window[0] - start) * rate))
            last = min(last, math.ceil((window[1] - start) * rate))
            near = None if window[2] is None else round((window[2] - start) * rate)
        if last - first < 2:
            why = "no record around the trigger"
            continue
        if len(trace.data) < (NOISE + AFTER) * rate:
            continue
        bands = usable(plan.bands, rate)
        if not bands:
            why = f"at {rate:g} Hz no band is left below {TOP * rate:g} Hz"
            continue
        rows = filtered(trace.data, rate, bands)
        others = _beside(sensor, trace, rate, bands)
        candidate = find_onset(np.array([rows, *others]), rate, first, last, near)
        if candidate is None:
            why = f"P needs {NOISE:g} s of record before it and {AFTER:g} s after it"
        elif best is None or candidate.height > best.candidate.height:
            best = _Found(candidate, trace, rows, bands)
    return best if best is not None else why


def _beside(
    sensor: Sensor, trace: Trace, rate: float, bands: list[tuple[float, float]]
) -> list[FloatArray]:
    """Return the horizontals along a piece of the vertical, filtered; zero where there are none."""
    out = []
    n = len(trace.data)
    for letter in sensor.horizontals:
        row = np.zeros((len(bands), n))
        covered = 0
        for other in sensor.parts[letter]:
            offset = round((other.stats.starttime - trace.stats.starttime) * rate)
            a, b = max(offset, 0), min(offset + len(other.data), n)
            if b - a >= rate and abs(float(other.stats.sampling_rate) - rate) < 1e-6 * rate:
                row[:, a:b] = filtered(other.data[a - offset : b - offset], rate, bands)
                covered += b - a
        if covered >= COVERED * n:
            out.append(row)
    return out


def _p_row(found: _Found, plan: Plan) -> Row | str:
    trace, rows, candidate = found.trace, found.rows, found.candidate
    rate = float(trace.stats.sampling_rate)
    onset = read_p(rows, rate, candidate.index)
    low, high = found.bands[onset.band]
    if onset.index < NOISE * rate or len(trace.data) - onset.index < AFTER * rate:
        return f"{onset.index / rate:.2f} s after the start of its record is too near an edge"
    snr = signal_to_noise(rows[onset.band][None], rate, onset.index, NOISE_P, 0)
    if not snr >= plan.min_snr:
        return f"SNR {snr:.2f} is below min_snr={plan.min_snr:g}"
    evidence = candidate.rise + candidate.height - DOUBT * onset.scatter / rate
    if evidence < plan.min_evidence:
        return f"evidence of {evidence:.2f} is below min_evidence={plan.min_evidence:g}"
    error = standard_error(onset.scatter / rate, snr, *P_ERROR)
    time = time_of(trace, onset.index)
    polarity = ""
    if snr >= POLARITY_SNR:
        up = upward(trace.id, time, plan.inventory)
        polarity = first_motion(rows * up, rate, onset.index, error)
    return {
        "event_id": plan.event_id,
        "trace_id": trace.id,
        "phase": "P",
        "time": time,
        "uncertainty": error,
        "snr": snr,
        "polarity": polarity,
        "quality": quality_of(error),
        "method": "AIC and kurtosis",
        "freqmin": low,
        "freqmax": high,
    }


def _s_row(sensor: Sensor, vertical: Trace, p: Row, plan: Plan) -> Row | str:
    time: UTCDateTime = p["time"]
    rate = float(vertical.stats.sampling_rate)
    bands = usable(plan.s_bands, rate)
    if not bands:
        return f"at {rate:g} Hz no band is left below {TOP * rate:g} Hz"
    traces = _around(sensor, vertical, time, plan)
    if isinstance(traces, str):
        return traces
    turned, start = _turned(traces, plan), traces[0].stats.starttime
    at = round((time - start) * rate)
    rows = np.array([filtered(row, rate, bands) for row in turned]).transpose(1, 0, 2)
    onset = read_s(np.ascontiguousarray(rows), rate, at, plan.s_minus_p)
    if isinstance(onset, str):
        return onset
    snr = signal_to_noise(rows[onset.band, 1:], rate, onset.index, NOISE_S, at)
    least = S_OVER * plan.min_snr
    if not snr >= least:
        return f"SNR {snr:.2f} is below {S_OVER:g} * min_snr = {least:g}"
    error = standard_error(onset.scatter / rate, snr, *S_ERROR)
    low, high = bands[onset.band]
    return {
        "event_id": plan.event_id,
        "trace_id": _clearest(traces[1:], rate, onset.index, (low, high)),
        "phase": "S",
        "time": time_of(traces[0], onset.index),
        "uncertainty": error,
        "snr": snr,
        "polarity": "",
        "quality": quality_of(error),
        "method": "AIC, across P",
        "freqmin": low,
        "freqmax": high,
    }


def _clearest(traces: list[Trace], rate: float, index: float, band: tuple[float, float]) -> str:
    """Return the id of the channel, as recorded, whose power rises most at a sample."""
    each = [
        contrast(filtered(t.data, rate, [band]), round(index), round(0.5 * rate), round(rate))
        for t in traces
    ]
    return str(traces[int(np.argmax(each))].id)


def _around(sensor: Sensor, vertical: Trace, time: UTCDateTime, plan: Plan) -> list[Trace] | str:
    """Return the vertical and the horizontals that record P, cut to one span around it."""
    rate = float(vertical.stats.sampling_rate)
    traces = [vertical]
    for letter in sensor.horizontals[:2]:
        trace = sensor.covering(letter, time)
        if (
            trace is not None
            and abs(float(trace.stats.sampling_rate) - rate) < 1e-6 * rate
            and time - trace.stats.starttime >= S_LEAST
        ):
            traces.append(trace)
    if len(traces) == 1:
        return "no horizontal component records P"
    start = max([*(t.stats.starttime for t in traces), time - S_WARM_UP])
    end = min([*(t.stats.endtime for t in traces), time + plan.s_minus_p[1] + 1.0])
    firsts = [round((start - t.stats.starttime) * rate) for t in traces]
    count = min(round((end - start) * rate) + 1, *map(_left, traces, firsts))
    if count < 4:
        return "no horizontal component records P"
    return [cut(t, first, first + count) for t, first in zip(traces, firsts, strict=True)]


def _left(trace: Trace, first: int) -> int:
    return len(trace.data) - first


def _turned(traces: list[Trace], plan: Plan) -> list[FloatArray]:
    """Return the samples as Z, N, E where the inventory tells how, else as they are."""
    plain = [np.asarray(t.data, dtype=np.float64) for t in traces]
    if plan.inventory is None or len(traces) < 3:
        return plain
    try:
        out = rotate_to_zne(Stream(traces), plan.inventory)
    except (MetadataError, WaveformError) as error:
        plan.problems.append(f"{traces[0].id[:-1]}?: not rotated: {error}")
        return plain
    found = {t.stats.channel[-1]: np.asarray(t.data) for t in out}
    if len(out) != 3 or any(len(row) != len(plain[0]) for row in found.values()):
        return plain
    return [found[letter] for letter in "ZNE"]
