"""Compiled network coincidence: which triggers belong together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._jit import kernel

IntArray = NDArray[np.int64]


@kernel
def _gather(
    anchor: int,
    on: IntArray,
    station: IntArray,
    taken: IntArray,
    allow: IntArray,
    reach: int,
    first: IntArray,
    members: IntArray,
) -> int:
    """List in ``members`` the first trigger of each station that fits the anchor and each other."""
    count = 0
    for j in range(anchor, on.size):
        if on[j] - on[anchor] > reach:
            break
        s = station[j]
        if taken[j] >= 0 or first[s] >= 0:
            continue
        fits = True
        for k in range(count):
            m = members[k]
            if on[j] - on[m] > allow[s, station[m]]:
                fits = False
                break
        if fits:
            first[s] = j
            members[count] = j
            count += 1
            if count == members.size:
                break
    for k in range(count):
        first[station[members[k]]] = -1
    return count


@kernel
def group(on: IntArray, off: IntArray, station: IntArray, allow: IntArray, need: int) -> IntArray:
    """Return the number of the coincidence each trigger belongs to, -1 for none.

    Parameters
    ----------
    on, off : int64 ndarray, shape (n,)
        Nanoseconds, sorted by onset.
    station : int64 ndarray, shape (n,)
        Number of the station.
    allow : int64 ndarray, shape (stations, stations)
        Largest onset difference in nanoseconds of two stations.
    need : int
        Stations needed.
    """
    n = on.size
    nst = allow.shape[0]
    taken = np.full(n, -1, dtype=np.int64)
    reach: Any = np.int64(0)
    for a in range(nst):
        for b in range(nst):
            reach = max(reach, allow[a, b])
    first = np.full(nst, -1, dtype=np.int64)
    members = np.empty(nst, dtype=np.int64)
    trial = np.empty(nst, dtype=np.int64)
    inside = np.zeros(nst, dtype=np.int64)  # free triggers of each station in the sliding window
    distinct = 0
    head = 0  # first trigger beyond the sliding window
    groups = 0
    for i in range(n):
        while head < n and on[head] - on[i] <= reach:
            if inside[station[head]] == 0:
                distinct += 1
            inside[station[head]] += 1
            head += 1
        # once more where a later start was better and this trigger is still free
        while taken[i] < 0 and distinct >= need:
            best = i
            count = _gather(i, on, station, taken, allow, reach, first, members)
            if count < need:
                break
            size = count
            for k in range(1, count):
                other = _gather(members[k], on, station, taken, allow, reach, first, trial)
                if other > size:
                    size = other
                    best = members[k]
            if best != i:
                count = _gather(best, on, station, taken, allow, reach, first, members)
            for k in range(count):
                taken[members[k]] = groups
                first[station[members[k]]] = members[k]
            # earlier triggers still on at the start, and other channels of the stations
            for j in range(i, n):
                if on[j] - on[best] > reach:
                    break
                if taken[j] >= 0:
                    continue
                s = station[j]
                if j < best:
                    if off[j] >= on[best]:
                        for k in range(count):
                            m = members[k]
                            if on[m] - on[j] <= allow[s, station[m]]:
                                taken[j] = groups
                                break
                elif first[s] >= 0 and on[j] - on[first[s]] <= allow[s, s]:
                    taken[j] = groups
            for k in range(count):
                first[station[members[k]]] = -1
            groups += 1
        inside[station[i]] -= 1
        if inside[station[i]] == 0:
            distinct -= 1
    return taken


@kernel
def merge(
    on: IntArray, off: IntArray, station: IntArray, label: IntArray, need: int, gap: int, nst: int
) -> tuple[IntArray, IntArray]:
    """Join coincidences that overlap; return the event of each trigger and its role.

    A coincidence lasts until fewer than ``need`` of its stations are on. One that begins before
    that (plus ``gap`` nanoseconds) is the same event. A left-over trigger of a station
    of the event that begins meanwhile is a re-trigger of it (role 1, else 0).
    """
    n = on.size
    groups: Any = np.int64(0)
    for i in range(n):
        groups = max(groups, label[i] + 1)
    start = np.full(groups, -1, dtype=np.int64)
    core = np.zeros(groups, dtype=np.int64)
    # triggers ordered by group
    size = np.zeros(groups + 1, dtype=np.int64)
    for i in range(n):
        if label[i] >= 0:
            size[label[i] + 1] += 1
    for g in range(groups):
        size[g + 1] += size[g]
    order = np.empty(size[groups] if groups else 0, dtype=np.int64)
    fill = np.empty(groups, dtype=np.int64)
    for g in range(groups):
        fill[g] = size[g]
    for i in range(n):
        if label[i] >= 0:
            order[fill[label[i]]] = i
            fill[label[i]] += 1
    last = np.full(nst, -1, dtype=np.int64)
    for g in range(groups):
        seen = np.empty(nst, dtype=np.int64)
        count = 0
        newest = on[order[size[g]]]
        start[g] = newest
        for p in range(size[g], size[g + 1]):
            i = order[p]
            s = station[i]
            start[g] = min(start[g], on[i])
            newest = max(newest, on[i])
            if last[s] < 0:
                seen[count] = s
                count += 1
                last[s] = off[i]
            else:
                last[s] = max(last[s], off[i])
        ends = np.empty(count, dtype=np.int64)
        for k in range(count):
            ends[k] = last[seen[k]]
            last[seen[k]] = -1
        for k in range(1, count):  # insertion sort: a handful of stations
            value = ends[k]
            at = k
            while at > 0 and ends[at - 1] > value:
                ends[at] = ends[at - 1]
                at -= 1
            ends[at] = value
        core[g] = max(newest, ends[max(0, count - need)])
    event = np.full(n, -1, dtype=np.int64)
    role = np.zeros(n, dtype=np.int64)
    of_group = np.full(groups, -1, dtype=np.int64)
    mine = np.full(nst, -1, dtype=np.int64)  # event the station takes part in
    current = -1
    until = 0
    for i in range(n):
        g = label[i]
        if g >= 0:
            if of_group[g] < 0:
                if current >= 0 and start[g] <= until + gap:
                    until = max(until, core[g])
                else:
                    current += 1
                    until = core[g]
                of_group[g] = current
            event[i] = of_group[g]
            mine[station[i]] = of_group[g]
        elif current >= 0 and on[i] <= until and mine[station[i]] == current:
            event[i] = current
            role[i] = 1
    return event, role


@kernel
def firsts(event: IntArray, code: IntArray, among: Any, codes: int) -> Any:
    """Return which rows are the first of their code within their event, of those ``among``.

    The rows of an event follow each other.
    """
    out = np.zeros(event.size, dtype=np.bool_)
    last = np.full(codes, -1, dtype=np.int64)
    for i in range(event.size):
        if among[i] and last[code[i]] != event[i]:
            out[i] = True
            last[code[i]] = event[i]
    return out
