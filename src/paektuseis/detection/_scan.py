"""Compiled scans in order of time: onsets and one-to-one matching."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .._jit import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@kernel
def onsets(
    c: FloatArray,
    first: int,
    last: int,
    on: float,
    off: float,
    shortest: int,
    dead: int,
    longest: int,
) -> IntArray:
    """Return rows (on, off, peak, open) of sample numbers, shape (triggers, 4).

    A trigger begins at a sample at or above ``on`` and ends at the last sample at or above
    ``off``. Only samples ``first <= i <= last`` are looked at; NaN, and the end, close
    a running trigger and mark it open.
    """
    found = np.empty((16, 4), dtype=np.int64)
    count = 0
    active = False
    above = False  # whether the sample before was at or above on: a trigger needs a crossing
    ready = first  # no trigger begins before this sample (dead time)
    begin = 0
    peak = 0
    for i in range(first, last + 2):
        known = i <= last and not np.isnan(c[i])
        end = -1
        still = 0
        if active:
            if not known:
                end = i - 1
                still = 1
            elif c[i] < off:
                end = i - 1
            elif i - begin > longest:
                end = begin + longest
            elif c[i] > c[peak]:
                peak = i
        if end >= 0:
            active = False
            if end - begin >= shortest:
                if count == found.shape[0]:
                    grown = np.empty((2 * count, 4), dtype=np.int64)
                    for j in range(count):
                        for k in range(4):
                            grown[j, k] = found[j, k]
                    found = grown
                found[count, 0] = begin
                found[count, 1] = end
                found[count, 2] = peak
                found[count, 3] = still
                count += 1
                ready = end + dead + 1
        if known and not active and c[i] >= on and not above and i >= ready:
            active = True
            begin = i
            peak = i
        above = known and c[i] >= on
    return found[:count]


@kernel
def match(times: IntArray, reference: IntArray, tolerance: int) -> IntArray:
    """Return for each time the number of its reference, or -1; both sorted, in nanoseconds.

    Most hits first, then the smallest sum of residuals, by dynamic programming over the band of
    pairs within the tolerance (an optimal matching on a line need not cross).
    """
    n = times.size
    m = reference.size
    out = np.full(n, -1, dtype=np.int64)
    low = np.empty(n, dtype=np.int64)
    base = np.zeros(n + 1, dtype=np.int64)
    lo = 0
    hi = 0
    for i in range(n):
        while lo < m and reference[lo] < times[i] - tolerance:
            lo += 1
        hi = max(hi, lo)
        while hi < m and reference[hi] <= times[i] + tolerance:
            hi += 1
        low[i] = lo
        base[i + 1] = base[i] + hi - lo + 1
    # state (i, j): times[:i + 1] and reference[:j] considered, low[i] <= j <= high[i]
    move = np.zeros(base[n], dtype=np.int8)
    hits = np.zeros(base[n], dtype=np.int64)
    cost = np.zeros(base[n], dtype=np.int64)
    for i in range(n):
        width = base[i + 1] - base[i]
        for k in range(width):
            j = low[i] + k
            h = 0
            c = 0
            step = 0  # 0: leave times[i] alone
            if i > 0:
                q = min(j - low[i - 1], base[i] - base[i - 1] - 1)
                h = hits[base[i - 1] + q]
                c = cost[base[i - 1] + q]
            if k > 0:
                q = base[i] + k - 1
                if hits[q] > h or (hits[q] == h and cost[q] < c):
                    h = hits[q]
                    c = cost[q]
                    step = 1  # leave reference[j - 1] alone
                ph = 0
                pc = 0
                if i > 0:
                    q = min(j - 1 - low[i - 1], base[i] - base[i - 1] - 1)
                    ph = hits[base[i - 1] + q]
                    pc = cost[base[i - 1] + q]
                ph += 1
                pc += abs(times[i] - reference[j - 1])
                if ph > h or (ph == h and pc < c):
                    h = ph
                    c = pc
                    step = 2  # a pair
            move[base[i] + k] = step
            hits[base[i] + k] = h
            cost[base[i] + k] = c
    i = n - 1
    j = m
    while i >= 0:
        k = min(j - low[i], base[i + 1] - base[i] - 1)
        j = low[i] + k
        step = move[base[i] + k]
        if step == 2:
            out[i] = j - 1
            j -= 1
            i -= 1
        elif step == 1:
            j -= 1
        else:
            i -= 1
    return out
