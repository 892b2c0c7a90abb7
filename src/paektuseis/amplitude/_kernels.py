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
def middle(v: Any, size: int, n: int, work: Any, edge: Any, edge_bits: Any) -> float:
    """Return the median of the ``n`` smallest of the first ``size`` numbers.

    ``v`` holds floats of 0 or more as the integers of their bits, which sort alike (and an
    infinity or NaN after all numbers); it is permuted. A sample of the numbers brackets the
    median; the few that lie in the bracket are set apart without a branch, twice, and sorted
    out among themselves. ``work`` is room for as many; ``edge_bits`` a view of ``edge`` (2).
    """
    rank = (n - 1) // 2
    pair = n // 2 - rank
    source, k, r = v, size, rank
    if size > 4096:
        step = size // 1024
        c = 0
        for i in range(step // 2, size, step):
            work[c] = v[i]
            c += 1
        spread = int(2.0 * np.sqrt(c))
        p = max(0, rank * c // size - spread)
        q = min(c - 1, rank * c // size + spread)
        low, high = _nth(work, 0, c - 1, p), _nth(work, p, c - 1, q)
        k, below = _between(v, size, low, high, work)
        r = rank - below
        while k > 512 and r >= 0 and r + pair < k:
            # so close together they lie evenly, nearly
            spread = int(2.0 * np.sqrt(k)) + k // 50
            edge_bits[0], edge_bits[1] = low, high
            base, top = edge[0], edge[1]
            slope = (top - base) / k
            edge[0] = base + slope * max(r - spread, 0)
            edge[1] = min(top, base + slope * (r + 1 + spread))
            low, high = edge_bits[0], edge_bits[1]
            before = k
            k, below = _between(work, k, low, high, work)
            r -= below
            if k > before // 2:
                break
        if r >= 0 and r + pair < k:
            source = work
        else:  # the sample has misled
            k, r = size, rank
    edge_bits[0] = _nth(source, 0, k - 1, r)
    edge_bits[1] = edge_bits[0]
    if pair > 0:
        second = source[r + 1]
        for i in range(r + 2, k):
            second = min(second, source[i])
        edge_bits[1] = second
    return float(0.5 * (edge[0] + edge[1]))


@kernel
def _between(v: Any, n: int, low: int, high: int, out: Any) -> tuple[int, int]:
    """Put what lies from ``low`` to ``high`` to the front of ``out``; how many, and how many less.

    ``out`` may be ``v``.
    """
    width = np.uint64(high - low)
    k = 0
    below = 0
    for i in range(n):
        one = v[i]
        out[k] = one
        below += int(one < low)
        k += int(np.uint64(one - low) <= width)
    return k, below


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
