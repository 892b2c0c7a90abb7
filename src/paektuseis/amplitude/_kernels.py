"""Sums over windows of samples: plain arrays in, plain arrays out.

``edges[w]`` is the index of the first sample of window ``w``; window ``w`` holds
the samples from ``edges[w]`` up to, and without, ``edges[w + 1]``. A sample that
is no number is passed over. Four sums run side by side, so that one addition
need not wait for the last.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._jit import kernel
from ..processing._lanes import bits_of, of_bits


@kernel
def add_samples(x: Any, edges: Any, total: Any, count: Any) -> None:
    """Add the samples of each window to ``total`` and their number to ``count``."""
    for w in range(edges.size - 1):
        a, b = edges[w], edges[w + 1]
        whole = a + (b - a) // 4 * 4
        s0 = s1 = s2 = s3 = 0.0
        for i in range(a, whole, 4):
            s0 += x[i]
            s1 += x[i + 1]
            s2 += x[i + 2]
            s3 += x[i + 3]
        for i in range(whole, b):
            s0 += x[i]
        s = (s0 + s1) + (s2 + s3)
        n = b - a
        if not np.isfinite(s):
            s = 0.0
            n = 0
            for i in range(a, b):
                if np.isfinite(x[i]):
                    s += x[i]
                    n += 1
        total[w] += s
        count[w] += n


@kernel
def add_absolute(x: Any, edges: Any, mean: Any, total: Any) -> None:
    """Add ``|x - mean|`` of each window to ``total``."""
    for w in range(edges.size - 1):
        a, b, m = edges[w], edges[w + 1], mean[w]
        whole = a + (b - a) // 4 * 4
        s0 = s1 = s2 = s3 = 0.0
        for i in range(a, whole, 4):
            s0 += abs(x[i] - m)
            s1 += abs(x[i + 1] - m)
            s2 += abs(x[i + 2] - m)
            s3 += abs(x[i + 3] - m)
        for i in range(whole, b):
            s0 += abs(x[i] - m)
        s = (s0 + s1) + (s2 + s3)
        if not np.isfinite(s):
            s = 0.0
            for i in range(a, b):
                if np.isfinite(x[i]):
                    s += abs(x[i] - m)
        total[w] += s


@kernel
def add_squares(x: Any, edges: Any, mean: Any, total: Any) -> None:
    """Add ``(x - mean)**2`` of each window to ``total``."""
    for w in range(edges.size - 1):
        a, b, m = edges[w], edges[w + 1], mean[w]
        whole = a + (b - a) // 4 * 4
        s0 = s1 = s2 = s3 = 0.0
        for i in range(a, whole, 4):
            s0 += (x[i] - m) ** 2
            s1 += (x[i + 1] - m) ** 2
            s2 += (x[i + 2] - m) ** 2
            s3 += (x[i + 3] - m) ** 2
        for i in range(whole, b):
            s0 += (x[i] - m) ** 2
        s = (s0 + s1) + (s2 + s3)
        if not np.isfinite(s):
            s = 0.0
            for i in range(a, b):
                if np.isfinite(x[i]):
                    s += (x[i] - m) ** 2
        total[w] += s


@kernel
def raise_largest(x: Any, edges: Any, mean: Any, largest: Any) -> None:
    """Raise ``largest`` of each window to its largest ``|x - mean|``."""
    for w in range(edges.size - 1):
        m = mean[w]
        top = largest[w]
        for i in range(edges[w], edges[w + 1]):
            v = abs(x[i] - m)
            if v > top and np.isfinite(v):
                top = v
        largest[w] = top


@kernel
def median_away(x: Any, begin: int, end: int, mean: float, n: int, work: Any) -> float:
    """Return the median of ``|x - mean|`` over ``x[begin:end]``, of which ``n`` are numbers.

    ``work`` is room for ``end - begin`` integers.
    """
    rank = (n - 1) // 2
    first, second = ranks_away(x, begin, end, mean, rank, n // 2 - rank, work)
    return float(0.5 * (first + second))


@kernel
def ranks_away(
    x: Any, begin: int, end: int, mean: float, rank: int, pair: int, work: Any
) -> tuple[float, float]:
    """Return the numbers of ranks ``rank`` and ``rank + pair`` among ``|x[begin:end] - mean|``.

    ``pair`` is 0 or 1. A sample brackets them; the few that lie in the bracket are set apart
    without a branch, once more among themselves, and then sorted out. Floats of 0 or more are
    compared as the integers of their bits, among which an infinity or NaN comes after all numbers.
    """
    size = end - begin
    front: Any = np.int64(0)  # a plain 0 would be a type of its own
    k, r = 0, -1
    if size > 4096:
        step = size // 1024
        c = 0
        for i in range(begin + step // 2, end, step):
            work[c] = bits_of(abs(x[i] - mean))
            c += 1
        spread = int(2.0 * np.sqrt(c))
        p = max(0, rank * c // size - spread)
        q = min(c - 1, rank * c // size + spread)
        low, high, begun = front, front, front
        for place in (p, q):  # one call: each is compiled into its place
            low, high = high, _nth(work, begun, c - 1, place)
            begun = place
        width, below = np.uint64(high - low), 0
        for i in range(begin, end):
            one = bits_of(abs(x[i] - mean))
            work[k] = one
            below += int(one < low)
            k += int(np.uint64(one - low) <= width)
        r = rank - below
        while k > 512 and r >= 0 and r + pair < k:
            # so close together they lie evenly, nearly
            spread = int(2.0 * np.sqrt(k)) + k // 50
            base, top, before = of_bits(low), of_bits(high), k
            slope = (top - base) / k
            low = bits_of(base + slope * max(r - spread, 0))
            width = np.uint64(bits_of(min(top, base + slope * (r + 1 + spread))) - low)
            high = low + np.int64(width)
            k, below = 0, 0
            for i in range(before):
                one = work[i]
                work[k] = one
                below += int(one < low)
                k += int(np.uint64(one - low) <= width)
            r -= below
            if k > before // 2:
                break
    if r < 0 or r + pair >= k:  # few, or the sample has misled
        k, r = size, rank
        for i in range(size):
            work[i] = bits_of(abs(x[begin + i] - mean))
    first = _nth(work, front, k - 1, r)
    second = first
    if pair > 0:
        second = work[r + 1]
        for i in range(r + 2, k):
            second = min(second, work[i])
    return of_bits(first), of_bits(second)


@kernel
def _nth(v: Any, low: int, high: int, rank: int) -> int:
    """Return the number of a rank among ``v[low:high + 1]``, permuting them (Hoare)."""
    while low < high:
        a, b, c = v[low], v[(low + high) // 2], v[high]
        pivot = max(min(a, b), min(max(a, b), c))
        i, j = low, high
        while i <= j:
            while v[i] < pivot:
                i += 1
            while v[j] > pivot:
                j -= 1
            if i <= j:
                v[i], v[j] = v[j], v[i]
                i += 1
                j -= 1
        if rank <= j:
            high = j
        elif rank >= i:
            low = i
        else:
            break
    return int(v[rank])


@kernel
def largest_swing(x: Any, mean: float) -> tuple[float, int]:
    """Return the largest difference of neighbouring lobes' extremes, and where it begins.

    A lobe lasts from one crossing of ``mean`` to the next. Samples must be numbers.
    """
    best = 0.0
    place = 0
    before = np.nan
    where = 0
    extreme = 0.0
    at = 0
    for i in range(x.size):
        v = x[i] - mean
        if v * extreme < 0.0:
            before = extreme
            where = at
            extreme = v
            at = i
        elif abs(v) > abs(extreme):
            extreme = v
            at = i
        swing = abs(extreme - before)
        if swing > best:
            best = swing
            place = where
    return best, place
