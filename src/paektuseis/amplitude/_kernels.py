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
