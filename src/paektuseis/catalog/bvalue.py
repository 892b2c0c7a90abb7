"""``b_value``: the slope of the Gutenberg-Richter law, with intervals that cover it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from ..errors import ParameterError
from ..types import Estimate
from ._magnitudes import (
    FloatArray,
    IntArray,
    bin_of,
    check_count,
    check_delta,
    check_share,
    magnitude_array,
    to_bins,
)

Method = Literal["tinti", "utsu", "aki", "positive", "more_positive"]
METHODS = {
    "tinti": "maximum likelihood for rounded magnitudes (Tinti and Mulargia 1987)",
    "utsu": "mean magnitude with half a bin taken off (Utsu 1965)",
    "aki": "mean magnitude (Aki 1965)",
    "positive": "positive differences of successive magnitudes (van der Elst 2021)",
    "more_positive": "difference to the next larger magnitude (Lippiello and Petrillo 2024)",
}
_LN10 = math.log(10.0)
_SIMULATED = 400  # catalogues, simulated for differences that share magnitudes
_LARGEST_SIMULATED = 300  # magnitudes in each: the ratio no longer grows


@dataclass(frozen=True, kw_only=True)
class BValue(Estimate):
    """A b-value with its interval.

    Attributes
    ----------
    value, units, uncertainty, n, method, details
        As of :class:`paektuseis.types.Estimate`; ``uncertainty`` is the standard error of Shi and
        Bolt (1982), ``n`` the magnitudes or differences used. Where the value is refused,
        ``details["reason"]`` says why.
    lower, upper : float
        Interval that covers the true b with probability ``confidence``.
    confidence : float
    a_value : float
        log10 of the number of events of magnitude 0 or more by the fitted line, over the whole
        time of the catalogue; NaN without ``mc``.
    """

    lower: float = float("nan")
    upper: float = float("nan")
    confidence: float = 0.95
    a_value: float = float("nan")


def b_value(
    mags: ArrayLike,
    *,
    mc: float | None = None,
    delta_m: float = 0.1,
    method: Method = "tinti",
    dmc: float | None = None,
    confidence: float = 0.95,
    n_bootstrap: int = 0,
    seed: int = 0,
    min_events: int = 10,
    problems: list[str] | None = None,
) -> BValue:
    """Estimate the b-value of a catalogue.

    Parameters
    ----------
    mags : array_like, shape (n,)
        Magnitudes in order of time (the order matters for ``"positive"``). NaN are left out.
    mc : float, optional
        Completeness magnitude. It is raised to the next bin centre where it lies between two.
        Only ``"positive"`` and ``"more_positive"`` can do without.
    delta_m : float, optional
        Step the magnitudes are, or shall be, rounded to; 0 for magnitudes that are not rounded.
    method : {"tinti", "utsu", "aki", "positive", "more_positive"}, optional
    dmc : float, optional
        Least difference for the two methods of differences; one bin where not given.
    confidence : float, optional
        Of the interval. See Notes.
    n_bootstrap : int, optional
        If not 0, resamples for ``details["bootstrap_uncertainty"]``, ``"bootstrap_lower"`` and
        ``"bootstrap_upper"`` (percentiles).
    seed : int, optional
        Of the resampling, and of the simulation for ``"more_positive"``.
    min_events : int, optional
        With fewer magnitudes above ``mc`` (or differences) the value is refused: NaN with a
        reason.
    problems : list of str, optional
        Collects the reason of a refusal.

    Returns
    -------
    BValue

    Raises
    ------
    ParameterError
        If an option cannot be used.

    Notes
    -----
    The interval is not ``value`` plus or minus a multiple of the standard error, which covers too
    little for small samples, but comes from the distribution of the sum of the magnitudes: gamma
    for continuous and negative binomial for rounded ones (its beta form, with half a bin count
    added for the steps of a discrete sum). For ``"more_positive"``, whose differences share
    magnitudes, interval and standard error come from catalogues simulated with the slope found
    (``seed``); the bootstrap, which takes the differences as independent, is too narrow there.

    References
    ----------
    Aki (1965), Utsu (1965), Shi and Bolt (1982), Tinti and Mulargia (1987), van der Elst (2021),
    Lippiello and Petrillo (2024).

    Examples
    --------
    >>> b = b_value([1.0, 1.1, 1.0, 1.3, 1.2, 1.0, 1.6, 1.1, 1.0, 1.4], mc=1.0, delta_m=0.1)
    >>> round(b.value, 3)
    2.009
    """
    if method not in METHODS:
        raise ParameterError(f"method={method!r}; choose one of {', '.join(METHODS)}")
    width = check_delta(delta_m, zero=True)
    check_share("confidence", confidence)
    least = check_count("min_events", min_events, 2)
    resamples = check_count("n_bootstrap", n_bootstrap, 0)
    differences = method in ("positive", "more_positive")
    if mc is None and not differences:
        raise ParameterError(f"method={method!r} needs mc; see magnitude_completeness")
    values = magnitude_array(mags)
    details: dict[str, Any] = {"delta_m": width}
    if mc is not None and not math.isfinite(mc):
        return _refused("mc is not known (NaN)", method, 0, confidence, details, problems)
    excess, start, count = _above(values, mc, width)
    details["mc"] = start
    if differences:
        step = width if dmc is None else float(dmc)
        if not (math.isfinite(step) and step >= 0 and (step > 0 or width == 0)):
            raise ParameterError(f"dmc={dmc}; give a least difference of at least delta_m={width}")
        if step < width - 1e-9:
            raise ParameterError(f"dmc={dmc} is less than one bin, delta_m={width}")
        details["dmc"] = step
        whole = len(excess)
        excess = _differences(excess, step, width, method == "more_positive")
    n = len(excess)
    if n < least:
        what = "positive differences" if differences else f"magnitudes at or above {start:g}"
        reason = f"b is not estimated from {n} {what}; at least {least} are needed"
        return _refused(reason, method, n, confidence, details, problems)
    mean = float(np.mean(excess))
    if mean <= 0:
        reason = "all magnitudes lie in one bin: b has no upper limit"
        return _refused(reason, method, n, confidence, details, problems)
    unit = width if width else 1.0
    value = _slope(mean, width, method)
    spread = float(np.sqrt(np.sum((excess - mean) ** 2) / (n * (n - 1)))) * unit
    error = _LN10 * value**2 * spread
    if method == "more_positive":
        lower, upper, error = _simulated(value, whole, step, width, seed, confidence)
    else:
        lower, upper = _interval(float(np.sum(excess)), n, width, confidence)
    if resamples:
        details.update(_bootstrap(excess, width, method, resamples, seed, confidence))
    return BValue(
        value=value,
        units="",
        method=METHODS[method],
        uncertainty=error,
        n=n,
        details=details,
        lower=lower,
        upper=upper,
        confidence=float(confidence),
        a_value=math.log10(count) + value * start if mc is not None else math.nan,
    )


def _refused(
    reason: str,
    method: str,
    n: int,
    confidence: float,
    details: dict[str, Any],
    problems: list[str] | None,
) -> BValue:
    if problems is not None:
        problems.append(reason)
    return BValue(
        value=math.nan,
        units="",
        method=METHODS[method],
        n=n,
        details={**details, "reason": reason},
        confidence=float(confidence),
    )


def _above(
    values: FloatArray, mc: float | None, width: float
) -> tuple[FloatArray | IntArray, float, int]:
    """Return magnitudes at or above mc minus mc (in bins where rounded), mc and their number."""
    if width == 0:
        start = float(mc) if mc is not None else (float(values.min()) if len(values) else 0.0)
        kept = values[values >= start]
        return kept - start, start, len(kept)
    bins, offset = to_bins(values, width)
    if mc is None:
        first = int(bins.min()) if len(bins) else 0
    else:
        first = bin_of(float(mc), width, offset)
    kept_bins = bins[bins >= first]
    start = (
        float(mc)
        if mc is not None and abs(offset + first * width - mc) < 1e-6 * width
        else (round(offset + first * width, 12))
    )
    return kept_bins - first, start, len(kept_bins)


def _differences(
    values: FloatArray | IntArray, step: float, width: float, next_larger: bool
) -> FloatArray | IntArray:
    """Return differences of at least ``step`` minus ``step``, in the unit of the values."""
    least: float | int = math.ceil(step / width - 1e-6) if width else step
    if not next_larger:
        jumps = np.diff(values)
        return np.asarray(jumps[(jumps >= least) & (jumps > 0)] - least)
    return _to_next_larger(values, least)


def _to_next_larger(values: FloatArray | IntArray, least: float) -> FloatArray | IntArray:
    levels, ranks = np.unique(values, return_inverse=True)
    wanted = np.searchsorted(levels, levels + max(least, np.finfo(float).tiny), side="left")
    ahead = np.full(len(levels) + 1, -1, dtype=np.int64)  # next event of at least this level
    found = np.full(len(values), -1, dtype=np.int64)
    for i in range(len(values) - 1, -1, -1):
        rank = int(ranks[i])
        found[i] = ahead[wanted[rank]]
        ahead[: rank + 1] = i
    has = found >= 0
    return np.asarray(values[found[has]] - values[has] - least)


def _slope(mean: float, width: float, method: str) -> float:
    """Return b from the mean excess (in bins where rounded)."""
    if width == 0:
        return 1.0 / (_LN10 * mean)
    if method == "aki":
        return 1.0 / (_LN10 * mean * width)
    if method == "utsu":
        return 1.0 / (_LN10 * (mean + 0.5) * width)
    return math.log1p(1.0 / mean) / (width * _LN10)


def _simulated(
    b: float, count: int, step: float, width: float, seed: int, confidence: float
) -> tuple[float, float, float]:
    """Interval and standard error of b from differences to the next larger magnitude.

    These share magnitudes and scatter more than as many independent ones: the ratio of estimate
    to truth is drawn from catalogues of as many magnitudes with the slope found.
    """
    size = min(count, _LARGEST_SIMULATED)
    least: float | int = math.ceil(step / width - 1e-6) if width else step
    drawn = np.random.default_rng(seed).exponential(1.0 / (b * _LN10), (_SIMULATED, size))
    means = _means_to_next_larger(np.floor(drawn / width) if width else drawn, least)
    means = means[means > 0]
    if len(means) < _SIMULATED // 2:
        return math.nan, math.nan, math.nan
    ratios = np.log([_slope(float(mean), width, "positive") / b for mean in means])
    off = ratios * math.sqrt(size / count)  # scatter falls as one over the root
    high, low = np.quantile(off, [(1 - confidence) / 2, (1 + confidence) / 2])
    return b * math.exp(-low), b * math.exp(-high), b * float(np.std(off))


def _means_to_next_larger(values: FloatArray, least: float) -> FloatArray:
    """Mean of :func:`_to_next_larger` for each row of a table; NaN where there is none."""
    total, number = np.zeros(len(values)), np.zeros(len(values))
    waiting = np.ones(values.shape, np.bool_)
    for lag in range(1, values.shape[1]):
        rise = values[:, lag:] - values[:, :-lag]
        hit = waiting[:, :-lag] & (rise >= max(least, np.finfo(float).tiny))
        total += np.sum(rise - least, axis=1, where=hit)
        number += np.sum(hit, axis=1)
        waiting[:, :-lag] &= ~hit
    return np.asarray(np.divide(total, number, out=np.full(len(values), np.nan), where=number > 0))


def _interval(total: float, n: int, width: float, confidence: float) -> tuple[float, float]:
    """Return the interval of b from the sum of n excesses."""
    tails = np.array([(1 - confidence) / 2, (1 + confidence) / 2])
    if width == 0:
        low, high = stats.gamma.ppf(tails, n) / total / _LN10
    else:
        share = stats.beta.ppf(tails, n, total + 0.5)  # probability not to reach the next bin
        low, high = -np.log1p(-share) / (width * _LN10)
    return float(low), float(high)


def _bootstrap(
    excess: FloatArray | IntArray, width: float, method: str, count: int, seed: int, level: float
) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    n = len(excess)
    means = np.array([excess[rng.integers(0, n, n)].mean() for _ in range(count)])
    slopes = np.array([_slope(float(m), width, method) for m in means if m > 0])
    low, high = np.quantile(slopes, [(1 - level) / 2, (1 + level) / 2])
    return {
        "bootstrap_uncertainty": float(np.std(slopes, ddof=1)) if len(slopes) > 1 else math.nan,
        "bootstrap_lower": float(low),
        "bootstrap_upper": float(high),
    }
