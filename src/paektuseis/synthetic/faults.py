"""Planted faults: gaps, dead, clipped and turned channels, spikes common to all, a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from obspy import Stream, Trace, UTCDateTime

from ..tables import Column, Schema
from ..types import FloatArray
from ._random import FAULTS as _FAULTS, generator

FAULTS = Schema(
    "faults",
    (
        Column("trace_id", "text", "", "NET.STA.LOC.CHA"),
        Column("starttime", "time", "UTC", "first sample concerned"),
        Column("endtime", "time", "UTC", "last sample concerned (of a gap: first sample after it)"),
        Column("kind", "text", "", "gap, dead, clipped, spike, misrotated or step"),
        Column("value", "float", "see units", "size of the fault"),
        Column("units", "text", "", "unit of value"),
        Column("note", "text", "", "remarks"),
    ),
)

MISROTATION = -14.0  # degrees: the sensor's north points so far clockwise of true north
_DEAD_COUNTS = 117
_CLEAR_AFTER = 30.0  # s after an arrival before a gap or spike may come
_CLEAR_BEFORE = 32.0  # s that must stay before the next arrival: detectors warm up again


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Missing samples ``first`` (inclusive) to ``last`` (exclusive) of one station."""

    station: str
    first: int
    last: int


@dataclass(frozen=True, kw_only=True)
class FaultPlan:
    """Which faults to plant. Stations are ``NET.STA``; components Z, N or E."""

    gaps: tuple[Gap, ...] = ()
    dead: tuple[tuple[str, str], ...] = ()
    clipped: tuple[tuple[str, str], ...] = ()
    misrotated: tuple[tuple[str, float], ...] = ()
    steps: tuple[tuple[str, str, int, float], ...] = ()
    spikes: tuple[int, ...] = ()


def plan_faults(
    stations: Sequence[str],
    *,
    busy: Sequence[tuple[float, float]],
    npts: int,
    sampling_rate: float,
    seed: int,
) -> FaultPlan:
    """Choose faults that hide none of the events.

    Parameters
    ----------
    stations : sequence of str
        ``NET.STA``, in order.
    busy : sequence of (float, float)
        Seconds from the start: first arrival and end of each event.
    npts : int
    sampling_rate : float
    seed : int

    Returns
    -------
    FaultPlan
        Two or three gaps of 3 to 40 s in each of two stations, one dead and one
        clipped horizontal, one station turned by -14 degrees, one step, and
        three instants with a spike on every channel, as far as the record has
        quiet time for them and the network stations.
    """
    rng = generator(seed, _FAULTS)
    n = len(stations)
    duration = npts / sampling_rate
    quiet = _quiet_spans(busy, duration)
    # a spike blinds detectors for long: the three longest spans, at their beginning
    quiet.sort(key=lambda span: span[0] - span[1])
    spikes = sorted(
        round((begin + float(rng.uniform(0.0, 2.0))) * sampling_rate) for begin, _ in quiet[:3]
    )
    rest = quiet[3:]
    holders = (stations[2 % n], stations[4 % n])
    gaps: list[Gap] = []
    steps: list[tuple[str, str, int, float]] = []
    wanted = ("gap0", "gap1", "step", "gap0", "gap1", "gap0")
    for what, index in zip(wanted, rng.permutation(len(rest)), strict=False):
        begin, end = rest[index]
        first = round((begin + float(rng.uniform(0.0, 0.3)) * (end - begin)) * sampling_rate)
        if what == "step":
            steps.append((stations[-1], "E", first, 2.0e4))
        else:
            length = min(float(rng.uniform(3.0, 40.0)), end - first / sampling_rate)
            gaps.append(
                Gap(
                    station=holders[int(what[-1])],
                    first=first,
                    last=first + max(1, round(length * sampling_rate)),
                )
            )
    return FaultPlan(
        gaps=tuple(gaps),
        dead=((stations[-2 % n], "E"),),
        clipped=((stations[0], "N"),),
        misrotated=((stations[1 % n], MISROTATION),),
        steps=tuple(steps),
        spikes=tuple(spikes),
    )


def _quiet_spans(busy: Sequence[tuple[float, float]], duration: float) -> list[tuple[float, float]]:
    """Spans in which a fault disturbs no event, at least 8 s long."""
    spans = []
    clock = 60.0
    for begin, end in sorted(busy):
        if begin - _CLEAR_BEFORE - clock >= 8.0:
            spans.append((clock, begin - _CLEAR_BEFORE))
        clock = max(clock, end, begin + _CLEAR_AFTER)
    if duration - 30.0 - clock >= 8.0:
        spans.append((clock, duration - 30.0))
    return spans


def turn(zne: FloatArray, degrees: float) -> FloatArray:
    """Return Z, N, E as a sensor records them whose north points ``degrees`` east of north."""
    a = np.radians(degrees)
    z, n, e = zne
    return np.stack([z, n * np.cos(a) + e * np.sin(a), -n * np.sin(a) + e * np.cos(a)])


def spoil(
    counts: np.ndarray[tuple[int, ...], np.dtype[np.int32]],
    plan: FaultPlan,
    station: str,
    component: str,
    *,
    seed: int,
    sampling_rate: float,
) -> dict[str, tuple[int, int, float]]:
    """Plant the faults of one channel into its samples, in place.

    Returns
    -------
    dict
        Kind -> (first sample, last sample, size); spikes are listed by the caller.
    """
    found: dict[str, tuple[int, int, float]] = {}
    last = counts.size - 1
    for where, which, at, size in plan.steps:
        if (where, which) == (station, component):
            counts[at:] += np.int32(size)
            found["step"] = (at, last, size)
    centre = int(np.median(counts))
    limit = int(max(0.35 * np.abs(counts - centre).max(), 50.0))
    if plan.spikes:
        rng = generator(seed, _FAULTS, station, component)
        sizes = rng.choice([-1, 1], len(plan.spikes)) * rng.uniform(1e4, 3e4, len(plan.spikes))
        for at, size in zip(plan.spikes, sizes, strict=True):
            counts[at] += np.int32(size)
    if (station, component) in plan.clipped:
        np.clip(counts, centre - limit, centre + limit, out=counts)
        found["clipped"] = (0, last, float(limit))
    if (station, component) in plan.dead:
        counts[:] = _DEAD_COUNTS
        found["dead"] = (0, last, float(_DEAD_COUNTS))
    return found


def cut_gaps(trace: Trace, gaps: Sequence[Gap]) -> Stream:
    """Return the pieces of a trace that lie outside the gaps, as separate traces."""
    data, start, rate = trace.data, trace.stats.starttime, trace.stats.sampling_rate
    edges = [0]
    for gap in sorted(gaps, key=lambda g: g.first):
        edges += [gap.first, gap.last]
    edges.append(data.size)
    pieces = Stream()
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        if last > first:
            header = trace.stats.copy()
            header.npts = last - first
            header.starttime = UTCDateTime(ns=start.ns + round(first / rate * 1e9))
            pieces.append(Trace(data[first:last].copy(), header))
    return pieces
