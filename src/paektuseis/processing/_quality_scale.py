"""How far neighbouring samples usually lie apart, ten minutes at a time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

CELL = 600.0
"""Seconds of one cell; cells begin at multiples of it since 1970."""
_PROBE = 1000


@dataclass(frozen=True, eq=False)
class Scale:
    """Cells of a segment: ``edges`` (k+1,) as indices; ``usual`` and ``quantum`` (k,).

    ``usual`` is the median absolute difference of neighbours that differ, ``quantum`` the
    resolution of the samples.
    """

    edges: NDArray[np.int64]
    usual: NDArray[np.float64]
    quantum: NDArray[np.float64]

    def cell(self, index: int) -> int:
        """Return the cell a sample lies in."""
        return int(np.searchsorted(self.edges, index, side="right")) - 1

    @property
    def unit(self) -> NDArray[np.float64]:
        """What a jump is measured in."""
        return np.maximum(self.usual, self.quantum)


def scale_of(samples: NDArray[Any], start_ns: int, rate: float) -> Scale:
    """Measure a segment that begins at an instant (ns since 1970).

    A rest of a cell shorter than half of it at an end of the segment goes with the next one,
    so that a cell is the same however long a record is read at once.
    """
    n, step = len(samples), 1e9 / rate
    if n < CELL * rate:  # no place for an edge
        usual, quantum = _measure(samples)
        return Scale(np.array([0, n]), np.array([usual]), np.array([quantum]))
    cell = round(CELL * 1e9)
    first = -(-start_ns // cell) * cell - start_ns
    inner = np.arange(first, n * step, cell)
    edges = np.ceil(inner / step - 1e-6).astype(np.int64)
    half = 0.5 * CELL * rate
    edges = edges[(edges >= half) & (n - edges >= half)]
    edges = np.concatenate(([0], edges, [n]))
    figures = [_measure(samples[a:b]) for a, b in pairwise(edges)]
    usual, quantum = np.array(figures).T
    return Scale(edges, usual, quantum)


def _measure(x: NDArray[Any]) -> tuple[float, float]:
    stride = max(1, (len(x) - 1) // _PROBE)
    steps = np.abs(np.subtract(x[1::stride], x[: len(x) - 1 : stride], dtype=np.float64))
    steps.sort()
    moving = steps[np.searchsorted(steps, 0.0, side="right") :]
    if not moving.size:
        return 0.0, 1.0 if x.dtype.kind == "i" else float(np.finfo(np.float32).tiny)
    middle = 0.5 * (moving[(moving.size - 1) // 2] + moving[moving.size // 2])
    return float(middle), 1.0 if x.dtype.kind == "i" else float(moving[0])
