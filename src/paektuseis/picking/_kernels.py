"""Compiled characteristic functions: where the statistics of a record change."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .._jit import kernel

FloatArray = NDArray[np.float64]


@kernel
def aic_curve(x: FloatArray) -> FloatArray:
    """Return ``AIC(k)`` of rows cut before sample ``k``; inf where a side has too few samples.

    ``d (k ln v1 + (n - k - 1) ln v2)`` with ``v1`` and ``v2`` the variances (about each row's
    own mean, averaged over the ``d`` rows) of samples before ``k`` and from ``k`` on.
    """
    d, n = x.shape
    out = np.full(n, np.inf)
    left = np.zeros(n)
    right = np.zeros(n)
    for row in range(d):
        mean = 0.0
        dev = 0.0
        for i in range(n - 1):
            step = x[row, i] - mean
            mean += step / (i + 1)
            dev += step * (x[row, i] - mean)
            left[i + 1] += dev
        mean = 0.0
        dev = 0.0
        for i in range(n - 1, -1, -1):
            step = x[row, i] - mean
            mean += step / (n - i)
            dev += step * (x[row, i] - mean)
            right[i] += dev
    for k in range(2, n - 1):
        v1 = left[k] / (k * d)
        v2 = right[k] / ((n - k) * d)
        if v1 > 0.0 and v2 > 0.0:
            out[k] = d * (k * np.log(v1) + (n - k - 1) * np.log(v2))
    return out


@kernel
def running_kurtosis(x: FloatArray, w: int) -> FloatArray:
    """Return the excess kurtosis of the ``w`` samples ending at each; NaN before, and if flat."""
    n = x.size
    out = np.full(n, np.nan)
    for i in range(w - 1, n):
        mean = 0.0
        for j in range(i - w + 1, i + 1):
            mean += x[j]
        mean /= w
        second = 0.0
        fourth = 0.0
        for j in range(i - w + 1, i + 1):
            square = (x[j] - mean) * (x[j] - mean)
            second += square
            fourth += square * square
        if second > 0.0:
            out[i] = w * fourth / (second * second) - 3.0
    return out
