"""The S onset: where the horizontals change between P and the event's largest motion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._first import Onset, contrast
from ._kernels import aic_curve
from ._search import sums

FloatArray = NDArray[np.float64]

SMOOTH = 0.3
TAIL = 0.1


def read_s(horizontal: FloatArray, rate: float, p: int, delay: tuple[float, float]) -> list[int]:
    """Return the S readings of one band, shape (components, n), after a P at sample ``p``.

    Parameters
    ----------
    delay : tuple of float
        Least and greatest S-P in seconds.
    """
    n = horizontal.shape[1]
    least, greatest = p + round(delay[0] * rate), min(n, p + round(delay[1] * rate))
    width = max(2, round(SMOOTH * rate))
    energy = (horizontal**2).sum(axis=0)
    total = sums(energy)
    moved = total[width:] - total[:-width]
    if greatest - width <= least + 2:
        return []
    peak = least + int(np.argmax(moved[least : greatest - width])) + width // 2
    a = p + round(0.1 * rate)
    b = min(n, peak + max(3, round(TAIL * rate)))
    curve = aic_curve(np.ascontiguousarray(horizontal[:, a:b]))
    curve[: least - a] = np.inf
    return [a + int(np.argmin(curve))] if np.isfinite(curve).any() else []
