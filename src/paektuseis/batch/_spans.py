"""Time covered by intervals that may overlap, in the steps of a grid."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def covered(starts: IntArray, ends: IntArray, edges: IntArray) -> FloatArray:
    """Return the seconds between consecutive edges that lie in at least one interval.

    Parameters
    ----------
    starts, ends : ndarray of int64, shape (n,)
        Half-open intervals in ns, in any order.
    edges : ndarray of int64, shape (m + 1,)
        Ascending, in ns.

    Returns
    -------
    ndarray, shape (m,)
    """
    if not len(starts):
        return np.zeros(len(edges) - 1)
    order = np.argsort(starts, kind="stable")
    starts, ends = starts[order], np.maximum.accumulate(ends[order])
    fresh = np.append(True, starts[1:] > ends[:-1])
    begin = starts[fresh]
    until = np.maximum(ends[np.append(np.flatnonzero(fresh)[1:] - 1, len(ends) - 1)], begin)
    before = np.concatenate(([0], np.cumsum(until - begin)))
    at = np.searchsorted(begin, edges, side="right")
    inside = np.where(at > 0, np.minimum(edges, until[at - 1]) - begin[at - 1], 0)
    total: Any = np.where(at > 0, before[at - 1] + inside, 0)
    return np.asarray(np.diff(total) / 1e9)


def quantiles(
    codes: IntArray, values: FloatArray, count: int, shares: tuple[float, ...]
) -> tuple[FloatArray, IntArray]:
    """Return quantiles of the finite values of each group (linear between order statistics).

    Parameters
    ----------
    codes : ndarray of int64, shape (n,)
        Group of each value, 0 to ``count - 1``.
    values : ndarray, shape (n,)
    count : int
    shares : tuple of float
        0 to 1.

    Returns
    -------
    figures : ndarray, shape (len(shares), count)
        NaN for a group without a finite value.
    sizes : ndarray of int64, shape (count,)
        Finite values in each group.
    """
    finite = np.isfinite(values)
    codes, values = codes[finite], values[finite]
    values = values[np.lexsort((values, codes))]
    sizes = np.bincount(codes, minlength=count).astype(np.int64)
    first = np.cumsum(sizes) - sizes
    figures = np.full((len(shares), count), np.nan)
    some = sizes > 0
    for row, share in enumerate(shares):
        place = share * (sizes[some] - 1)
        below = np.floor(place).astype(np.int64)
        above = np.minimum(below + 1, sizes[some] - 1)
        low, high = values[first[some] + below], values[first[some] + above]
        figures[row, some] = low + (place - below) * (high - low)
    return figures, sizes
