"""The P onset to the sample: AIC and kurtosis of the vertical in several bands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._agreement import Onset, Reading, agreement, contrast
from ._kernels import aic_curve
from .characteristic import kurtosis_function

FloatArray = NDArray[np.float64]

BEFORE, BEHIND = 2.5, 1.0
"""Seconds before and after the candidate that the first cut looks at."""
NEAR_BEFORE, NEAR_BEHIND = 1.5, 0.4
"""The same of the second cut, around the first."""
KURTOSIS = 1.5
"""Seconds of the running kurtosis."""
TRUST_KURTOSIS = 0.1
"""Weight of a kurtosis reading over one of AIC: it scatters more, and comes later."""
AGREE = 0.08
"""Seconds within which two readings of one onset agree."""
LEAST_WEIGHT = 0.05


def read_p(bands: FloatArray, rate: float, candidate: int) -> Onset:
    """Read an onset around a candidate sample in every band, shape (bands, n)."""
    readings = []
    for k, row in enumerate(bands):
        for index, trust in _readings(row, rate, candidate):
            size = contrast(row[None], index, max(3, round(0.3 * rate)), round(1.5 * rate))
            readings.append(Reading(index, k, trust * max(size, LEAST_WEIGHT)))
    return agreement(readings, AGREE * rate)


def _readings(row: FloatArray, rate: float, candidate: int) -> list[tuple[int, float]]:
    first = _cut(row, candidate, BEFORE * rate, BEHIND * rate)
    out = [(_cut(row, first, NEAR_BEFORE * rate, NEAR_BEHIND * rate), 1.0)]
    width = max(8, round(KURTOSIS * rate))
    a = max(0, first - width - round(NEAR_BEFORE * rate))
    b = min(len(row), first + round(NEAR_BEHIND * rate))
    sharp = kurtosis_function(row[a:b], samples=width)
    if np.isfinite(sharp).any():
        out.append((a + int(np.nanargmin(sharp)), TRUST_KURTOSIS))
    return out


def _cut(row: FloatArray, centre: int, before: float, behind: float) -> int:
    """Return the minimum of AIC between ``before`` and ``behind`` samples around a sample."""
    a, b = max(0, centre - round(before)), min(len(row), centre + round(behind))
    return a + int(np.argmin(aic_curve(row[None, a:b])))
