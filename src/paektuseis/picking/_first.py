"""The P onset to the sample: AIC and kurtosis in several bands, and what they agree on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._kernels import aic_curve
from .characteristic import kurtosis_function

FloatArray = NDArray[np.float64]

BEFORE = 2.5
"""Seconds before the candidate that the first cut looks at, and after it."""
BEHIND = 0.6
NEAR_BEFORE = 1.5
NEAR_BEHIND = 0.4
KURTOSIS = 1.5
AGREE = 0.08
"""Seconds within which two readings of one onset agree."""


@dataclass(frozen=True)
class Onset:
    """A reading: sample, band it was best seen in, and the scatter of what agrees (samples)."""

    index: float
    band: int
    scatter: float
    support: float


def read_onset(bands: FloatArray, rate: float, candidate: int) -> Onset:
    """Refine an onset around a candidate sample.

    Parameters
    ----------
    bands : ndarray, shape (bands, n)
    rate : float
        Hertz.
    candidate : int
    """
    readings, weights, rows = [], [], []
    for k, row in enumerate(bands):
        for index in _readings(row, rate, candidate):
            readings.append(index)
            weights.append(max(contrast(row, rate, index), 0.05))
            rows.append(k)
    return _agreed(np.array(readings), np.array(weights), np.array(rows), rate)


def _readings(row: FloatArray, rate: float, candidate: int) -> list[int]:
    n = len(row)
    a = max(0, candidate - round(BEFORE * rate))
    b = min(n, candidate + round(BEHIND * rate))
    first = a + _lowest(aic_curve(row[None, a:b]))
    a = max(0, first - round(NEAR_BEFORE * rate))
    b = min(n, first + round(NEAR_BEHIND * rate))
    second = a + _lowest(aic_curve(row[None, a:b]))
    width = max(8, round(KURTOSIS * rate))
    a = max(0, first - width - round(NEAR_BEFORE * rate))
    sharp = kurtosis_function(row[a:b], samples=width)
    out = [second]
    if np.isfinite(sharp).any():
        out.append(a + int(np.nanargmin(sharp)))
    return out


def _lowest(curve: FloatArray) -> int:
    return int(np.argmin(curve)) if len(curve) else 0


def contrast(row: FloatArray, rate: float, index: int) -> float:
    """Return ln(power in 0.3 s from a sample on / power in 1.5 s before it)."""
    after = row[index : index + max(3, round(0.3 * rate))]
    before = row[max(0, index - round(1.5 * rate)) : index]
    if len(after) < 2 or len(before) < 4:
        return 0.0
    low, high = float(np.mean(before**2)), float(np.mean(after**2))
    return float(np.log(high / low)) if low > 0 and high > 0 else 0.0


def _agreed(
    readings: NDArray[np.int64], weights: FloatArray, rows: NDArray[np.int64], rate: float
) -> Onset:
    """Return the reading that most others, by weight, agree with."""
    apart = (readings[:, None] - readings[None, :]) / (AGREE * rate)
    support = (np.exp(-0.5 * apart**2) * weights).sum(axis=1)
    best = int(np.argmax(support * 1.0))
    near = np.abs(readings - readings[best]) <= 2 * AGREE * rate
    share = weights[near] / weights[near].sum()
    index = float(np.sum(share * readings[near]))
    scatter = float(np.sqrt(np.sum(share * (readings[near] - index) ** 2)))
    strongest = np.flatnonzero(near)[np.argmax(weights[near])]
    return Onset(index, int(rows[strongest]), scatter, float(weights[near].sum() / weights.sum()))
