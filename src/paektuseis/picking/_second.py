"""The S onset: where the horizontals change between P and the event's largest motion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._agreement import Onset, Reading, agreement, contrast
from ._kernels import aic_curve
from ._search import sums

FloatArray = NDArray[np.float64]

SMOOTH = 0.3
"""Seconds over which the motion of the horizontals is summed to find its largest."""
TAIL = 0.1
"""Seconds after that which the cut still looks at."""
SKIP = 0.2
"""Seconds after P at which the cut begins."""
P_MOTION = 0.3
"""Seconds of P whose direction is taken out of the motion."""
TRUST_ACROSS = 0.6
"""Weight of a reading across the P motion over one of the horizontals."""
AGREE = 0.1
LEAST_WEIGHT = 0.05
EDGE = 0.3
"""Seconds of record an S needs after it."""


def read_s(components: FloatArray, rate: float, p: int, delay: tuple[float, float]) -> Onset | str:
    """Read the S onset after a P at sample ``p``, or say why there is none.

    Parameters
    ----------
    components : ndarray, shape (bands, components, n)
        The vertical first, then one or two horizontals.
    rate : float
        Hertz.
    delay : tuple of float
        Least and greatest S-P in seconds.
    """
    readings: list[Reading] = []
    for k, rows in enumerate(components):
        views = [(rows[1:], 1.0)]
        if len(rows) == 3:
            views.append((_across(rows, p, rate), TRUST_ACROSS))
        for motion, trust in views:
            index = _cut(motion, rate, p, delay)
            if index is not None:
                size = contrast(rows[1:], index, round(0.3 * rate), round(0.5 * rate), p)
                readings.append(Reading(index, k, trust * max(size, LEAST_WEIGHT)))
    if not readings:
        return "the record ends too soon after P"
    return agreement(readings, AGREE * rate)


def _across(rows: FloatArray, p: int, rate: float) -> FloatArray:
    """Return the motion less its part along the main axis of the first P motion."""
    first = rows[:, p : p + max(4, round(P_MOTION * rate))]
    axis = np.linalg.eigh(first @ first.T)[1][:, -1]
    return np.asarray(rows - np.outer(axis, axis @ rows))


def _cut(motion: FloatArray, rate: float, p: int, delay: tuple[float, float]) -> int | None:
    """Return the minimum of AIC between P and the largest motion, None if there is no room."""
    n = motion.shape[1]
    width = max(2, round(SMOOTH * rate))
    least = p + round(delay[0] * rate)
    greatest = min(n, p + round(delay[1] * rate)) - width
    if greatest <= least + 2:
        return None
    total = sums((motion**2).sum(axis=0))
    moved = total[least + width : greatest + width] - total[least:greatest]
    peak = least + int(np.argmax(moved)) + width // 2
    a = p + round(min(SKIP, delay[0] * 2 / 3) * rate)
    b = min(n, peak + max(3, round(TAIL * rate)))
    curve = aic_curve(np.ascontiguousarray(motion[:, a:b]))
    curve[: least - a] = np.inf
    index = a + int(np.argmin(curve))
    return index if np.isfinite(curve).any() and n - index >= EDGE * rate else None
