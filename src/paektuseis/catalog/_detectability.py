"""From events planted and found to a probability and to a magnitude of completeness."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ..types import FloatArray

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """The magnitude at which a share of the events is found; NaN with a reason."""

    value: float
    uncertainty: float
    lower: float
    upper: float
    note: str = ""


def binomial_interval(detected: int, n: int, confidence: float) -> tuple[float, float]:
    """Return the exact interval of a probability (Clopper and Pearson 1934).

    Parameters
    ----------
    detected, n : int
    confidence : float

    Returns
    -------
    tuple of float

    Examples
    --------
    >>> [round(p, 4) for p in binomial_interval(20, 20, 0.95)]
    [0.8316, 1.0]
    """
    tail = (1.0 - confidence) / 2.0
    low = float(stats.beta.ppf(tail, detected, n - detected + 1)) if detected else 0.0
    high = float(stats.beta.ppf(1.0 - tail, detected + 1, n - detected)) if detected < n else 1.0
    return low, high


def rising(shares: FloatArray) -> FloatArray:
    """Return the closest curves that never fall (least squares), along the last axis."""
    count = shares.shape[-1]
    sums = np.concatenate([np.zeros((*shares.shape[:-1], 1)), np.cumsum(shares, axis=-1)], axis=-1)
    out = np.empty(shares.shape)
    for j in range(count):
        best = np.full(shares.shape[:-1], -np.inf)
        for i in range(j + 1):
            means = (sums[..., j + 1 :] - sums[..., i : i + 1]) / np.arange(
                j + 1 - i, count + 1 - i
            )
            best = np.maximum(best, means.min(axis=-1))
        out[..., j] = best
    return out


def threshold(
    magnitudes: FloatArray,
    hits: BoolArray,
    share: float,
    *,
    confidence: float,
    n_bootstrap: int,
    rng: np.random.Generator,
) -> Threshold:
    """Return the magnitude at which a share of the events is found.

    Parameters
    ----------
    magnitudes : ndarray, shape (m,)
        Rising.
    hits : ndarray of bool, shape (trials, m)
        Whether each trial was found at each magnitude.
    share : float
    confidence : float
    n_bootstrap : int
        Resamples of the trials for the uncertainty.
    rng : Generator

    Returns
    -------
    Threshold

    Notes
    -----
    The probabilities are made to rise with magnitude (isotonic regression) and interpolated
    linearly. The uncertainty joins the scatter over resampled trials with that of a value known
    only to lie within a step of the magnitudes, step/sqrt(12).
    """
    trials = len(hits)
    counts = hits.sum(axis=0)
    shares = rising(counts / trials)
    if shares[0] >= share - 1e-12:
        return _refused(
            f"{shares[0]:.0%} of the events are found at the smallest magnitude planted, "
            f"{magnitudes[0]:g}; plant smaller ones"
        )
    if shares[-1] < share - 1e-12:
        return _refused(
            f"only {shares[-1]:.0%} of the events are found at the largest magnitude planted, "
            f"{magnitudes[-1]:g}; plant larger ones"
        )
    above = int(np.flatnonzero(shares >= share - 1e-12)[0])
    value = float(_crossing(magnitudes, shares[None], share)[0])
    weights = rng.multinomial(trials, np.full(trials, 1.0 / trials), size=n_bootstrap) / trials
    scatter = float(np.std(_crossing(magnitudes, rising(weights @ hits), share)))
    step = float(magnitudes[above] - magnitudes[above - 1])
    bands = np.array([binomial_interval(int(k), trials, confidence) for k in counts])
    surely_above = np.flatnonzero(np.maximum.accumulate(bands[:, 0]) > share)
    surely_below = np.flatnonzero(np.minimum.accumulate(bands[::-1, 1])[::-1] < share)
    return Threshold(
        value=value,
        uncertainty=math.hypot(scatter, step / math.sqrt(12.0)),
        lower=float(magnitudes[surely_below[-1]]) if surely_below.size else math.nan,
        upper=float(magnitudes[surely_above[0]]) if surely_above.size else math.nan,
    )


def _crossing(magnitudes: FloatArray, shares: FloatArray, share: float) -> FloatArray:
    """Return where rising curves (r, m) reach a share; the end of the scale where they do not."""
    reached = shares >= share - 1e-12
    last = len(magnitudes) - 1
    above = np.where(reached.any(axis=1), reached.argmax(axis=1), last)
    below = np.maximum(above - 1, 0)
    rows = np.arange(len(shares))
    low, high = shares[rows, below], shares[rows, above]
    gap = np.where(high > low, high - low, 1.0)
    part = np.clip(np.where(high > low, (share - low) / gap, 1.0), 0.0, 1.0)
    return np.asarray(magnitudes[below] + part * (magnitudes[above] - magnitudes[below]))


def _refused(note: str) -> Threshold:
    nan = math.nan
    return Threshold(value=nan, uncertainty=nan, lower=nan, upper=nan, note=note)
