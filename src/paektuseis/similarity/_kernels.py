"""Compiled parts of the running correlation: energy of windows, sums over channels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._jit import kernel

FloatArray = NDArray[np.float64]


@kernel
def window_deviation(x: FloatArray, m: int) -> FloatArray:
    """Return ``sum((w - mean(w))**2)`` of every window of ``m`` samples.

    Each window is the tail of one block of ``m`` samples and the head of the next: sums run
    over at most ``m`` samples and are joined by the formula of Chan et al., so that nothing is
    lost by cancellation beside an event a million times as large.
    """
    count = x.size - m + 1
    out = np.zeros(max(count, 0))
    tail_mean = np.zeros(m + 1)
    tail_dev = np.zeros(m + 1)
    for start in range(0, count, m):
        mean = 0.0
        dev = 0.0
        for i in range(m - 1, -1, -1):  # tails of this block
            step = x[start + i] - mean
            mean += step / (m - i)
            dev += step * (x[start + i] - mean)
            tail_mean[i] = mean
            tail_dev[i] = dev
        out[start] = dev
        mean = 0.0
        dev = 0.0
        for i in range(1, min(m, count - start)):  # heads of the next block
            value = x[start + m + i - 1]
            step = value - mean
            mean += step / i
            dev += step * (value - mean)
            apart = mean - tail_mean[i]
            out[start + i] = dev + tail_dev[i] + apart * apart * (i * (m - i) / m)
    return out


@kernel
def add_products(total: Any, count: Any, rows: Any, first: Any, r: Any, scale: FloatArray) -> None:
    """Add ``r[t, i] * scale[i]`` to ``total[rows[t], first[t] + i]`` where ``scale`` is not 0."""
    width = total.shape[1]
    for t in range(rows.size):
        row = rows[t]
        begin = first[t]
        low = max(0, -begin)
        high = min(scale.size, width - begin)
        for i in range(low, high):
            if scale[i] > 0.0:
                total[row, begin + i] += r[t, i] * scale[i]
                count[row, begin + i] += 1
