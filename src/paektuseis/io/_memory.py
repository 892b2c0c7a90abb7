"""Memory for the samples of files read one after another.

Pieces of a channel that follow each other in time follow each other in memory too, so that
joining them needs no copy. Memory that is reserved but never written costs nothing.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SPARE = 1 << 14
"""Samples of the first and last record that lie outside the span."""
_MOST = 1 << 28
"""Samples beyond which no memory is reserved."""


class Memory:
    """Arrays for decoded samples, cut from one block per channel and type.

    Parameters
    ----------
    seconds : float, optional
        Length of the span that is read.
    nbytes : float, optional
        Size of all files that are read, if known; no byte yields more than two samples.
    """

    def __init__(self, seconds: float = 0.0, nbytes: float = math.inf) -> None:
        self._seconds, self._nbytes = seconds, nbytes
        self._blocks: dict[tuple[str, str], NDArray[Any]] = {}

    def take(self, trace_id: str, rate: float, count: int, kind: str) -> NDArray[Any]:
        """Return memory for ``count`` samples, after what was last taken for the channel."""
        key = (trace_id, kind)
        block = self._blocks.get(key)
        if block is None or block.size < count:
            likely = min(self._seconds * rate + _SPARE, 2.0 * self._nbytes)
            size = math.ceil(likely) if likely <= _MOST else 0
            block = np.empty(max(count, size if block is None else 0), kind)
        self._blocks[key] = block[count:]
        return block[:count]


def adjacent(parts: list[NDArray[Any]]) -> NDArray[Any] | None:
    """Return arrays as one without copying, if they follow each other in one block."""
    base = parts[0].base
    if not isinstance(base, np.ndarray) or base.ndim != 1 or not base.flags.c_contiguous:
        return None
    size = parts[0].itemsize
    begin = at = (_address(parts[0]) - _address(base)) // size
    for part in parts:
        same = part.base is base and part.dtype == base.dtype and part.flags.c_contiguous
        if not same or _address(part) != _address(base) + at * size:
            return None
        at += part.size
    return base[begin:at]


def _address(array: NDArray[Any]) -> int:
    return int(array.__array_interface__["data"][0])
