"""Several readings of one onset: where most of them, by weight, agree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Reading:
    """One reading: sample, number of the band, weight."""

    index: int
    band: int
    weight: float


@dataclass(frozen=True)
class Onset:
    """What readings agree on.

    Attributes
    ----------
    index : float
        Samples; weighted mean of the readings that agree.
    band : int
        Number of the band of the heaviest of them.
    scatter : float
        Samples; weighted standard deviation of all readings about ``index``, none counted
        as further than four times the distance within which they agree.
    support : float
        Share of the weight that agrees.
    """

    index: float
    band: int
    scatter: float
    support: float


def agreement(readings: list[Reading], within: float) -> Onset:
    """Return the onset that readings agree on within about ``within`` samples."""
    at = np.array([r.index for r in readings], dtype=np.float64)
    weights = np.array([r.weight for r in readings])
    apart = (at[:, None] - at[None, :]) / within
    best = int(np.argmax((np.exp(-0.5 * apart**2) * weights).sum(axis=1)))
    near = np.abs(at - at[best]) <= 2 * within
    share = weights[near] / weights[near].sum()
    index = float(np.sum(share * at[near]))
    off = np.minimum(np.abs(at - index), 4 * within)
    scatter = float(np.sqrt(np.sum(weights * off**2) / weights.sum()))
    strongest = int(np.flatnonzero(near)[np.argmax(weights[near])])
    return Onset(
        index, readings[strongest].band, scatter, float(weights[near].sum() / weights.sum())
    )


def contrast(rows: FloatArray, index: int, after: int, before: int, floor: int = 0) -> float:
    """Return ln(power after a sample / power before it), mean over the rows; 0 if not known.

    ``before`` samples at most, and none before sample ``floor``.
    """
    high = rows[:, index : index + after]
    low = rows[:, max(floor, index - before) : index]
    if high.shape[1] < 2 or low.shape[1] < 4:
        return 0.0
    power, noise = float(np.mean(high**2)), float(np.mean(low**2))
    return float(np.log(power / noise)) if power > 0 and noise > 0 else 0.0
