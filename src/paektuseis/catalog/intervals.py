"""Rates with intervals, and the times between events."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize, special, stats

from .. import tables
from ..errors import ParameterError
from ..times import TimeLike, as_timestamps
from ..types import Estimate
from ._columns import nanoseconds
from ._magnitudes import check_count, check_share

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Rate(Estimate):
    """A rate with its interval; ``uncertainty`` is the root of the count over the exposure.

    Attributes
    ----------
    value, units, uncertainty, n, method, details
        As of :class:`paektuseis.types.Estimate`.
    lower, upper : float
        Interval, same unit as ``value``.
    confidence : float
    """

    lower: float = float("nan")
    upper: float = float("nan")
    confidence: float = 0.95


def poisson_interval(
    count: FloatArray, *, confidence: float = 0.95, method: str = "gamma"
) -> tuple[FloatArray, FloatArray]:
    """Return lower and upper limits of the mean of Poisson counts."""
    tails = ((1 - confidence) / 2, (1 + confidence) / 2)
    shapes = (count, count + 1.0) if method == "exact" else (count + 0.5, count + 0.5)
    with np.errstate(invalid="ignore"):
        low = stats.gamma.ppf(tails[0], np.where(shapes[0] > 0, shapes[0], 1.0))
        high = stats.gamma.ppf(tails[1], shapes[1])
    return np.where(count > 0, low, 0.0), np.asarray(high)


def rate_interval(
    count: int,
    exposure: float,
    *,
    units: str = "events/day",
    confidence: float = 0.95,
    method: Literal["gamma", "exact"] = "gamma",
) -> Rate:
    """Return the rate of a Poisson process from a count, with an interval.

    Parameters
    ----------
    count : int
        Events counted.
    exposure : float
        Time in which they could be counted, in the time of ``units``.
    units : str, optional
        Of the rate, for the record.
    confidence : float, optional
    method : {"gamma", "exact"}, optional
        ``"gamma"``: quantiles of the gamma distribution of shape ``count + 1/2`` (Jeffreys),
        which covers at its nominal rate on average over rates, a little more or less for any one
        small mean; ``"exact"`` (Garwood 1936) never covers less and, for small counts, a good
        deal more.

    Returns
    -------
    Rate
        NaN with ``details["reason"]`` where the exposure is zero: nobody listened. For a count of
        0 the lower limit is 0.

    Raises
    ------
    ParameterError
        If the count or exposure is negative, or an option cannot be used.

    References
    ----------
    Garwood (1936), Brown, Cai and DasGupta (2003).

    Examples
    --------
    >>> rate = rate_interval(0, 2.0, method="exact")
    >>> round(rate.upper, 4)  # -ln(0.025) / 2
    1.8444
    """
    if method not in ("gamma", "exact"):
        raise ParameterError(f"method={method!r}; choose gamma or exact")
    number = check_count("count", count, 0)
    check_share("confidence", confidence)
    if not (math.isfinite(exposure) and exposure >= 0):
        raise ParameterError(f"exposure={exposure}; give a time of 0 or more")
    words = "count over exposure, " + (
        "gamma interval (Jeffreys)" if method == "gamma" else "exact interval (Garwood 1936)"
    )
    if exposure == 0:
        return Rate(
            value=math.nan,
            units=units,
            method=words,
            n=number,
            confidence=confidence,
            details={"reason": "no monitored time"},
        )
    low, high = poisson_interval(np.array([float(number)]), confidence=confidence, method=method)
    return Rate(
        value=number / exposure,
        units=units,
        method=words,
        uncertainty=math.sqrt(number) / exposure,
        n=number,
        lower=float(low[0]) / exposure,
        upper=float(high[0]) / exposure,
        confidence=confidence,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class InterEventTimes:
    """Times between successive events and what describes them.

    Attributes
    ----------
    seconds : ndarray, shape (n,)
        Times between events with no gap of monitoring between them.
    mean : Estimate
        Seconds.
    cv : Estimate
        Coefficient of variation (standard deviation over mean): 1 for a Poisson process, more
        for clusters, less for a drumbeat; standard error by jackknife.
    gamma_shape : Estimate
        Shape of the gamma distribution of largest likelihood, 1 for a Poisson process.
    n_broken : int
        Times left out because a gap lay between the events.
    """

    seconds: FloatArray = field(repr=False)
    mean: Estimate
    cv: Estimate
    gamma_shape: Estimate
    n_broken: int = 0


def inter_event_times(
    times: Sequence[TimeLike] | pd.Series | pd.DatetimeIndex,
    *,
    gaps: pd.DataFrame | None = None,
    min_events: int = 10,
    problems: list[str] | None = None,
) -> InterEventTimes:
    """Describe the times between events.

    Parameters
    ----------
    times : sequence of times, shape (n,)
        In any order; NaT are left out.
    gaps : DataFrame, optional
        Spans ``starttime``, ``endtime`` in which nobody listened: a time across one is left out.
    min_events : int, optional
        With fewer times between events, ``cv`` and ``gamma_shape`` are refused.
    problems : list of str, optional
        Collects the reason of a refusal.

    Returns
    -------
    InterEventTimes

    Raises
    ------
    ParameterError
        If ``gaps`` lacks its columns.

    Examples
    --------
    >>> beat = inter_event_times([f"2010-01-01T00:{m:02d}:00" for m in range(20)])
    >>> beat.mean.value, beat.cv.value
    (60.0, 0.0)
    """
    least = check_count("min_events", min_events, 3)
    stamps = as_timestamps([t for t in times if not pd.isna(t)])
    ns = np.sort(stamps.asi8)
    seconds = np.diff(ns) / 1e9
    whole = np.ones(len(seconds), dtype=bool)
    if gaps is not None and len(gaps):
        tables.GAPS.check(gaps, need=("starttime", "endtime"))
        begin, end = nanoseconds(gaps["starttime"]), nanoseconds(gaps["endtime"])
        for low, high in zip(begin, end, strict=True):
            whole &= ~((ns[:-1] < high) & (ns[1:] > low))
    kept = seconds[whole]
    n = len(kept)
    mean = float(kept.mean()) if n else math.nan
    sd = float(np.std(kept, ddof=1)) if n > 1 else math.nan
    details: dict[str, Any] = {}
    cv = shape = cv_error = shape_error = math.nan
    if n < least or not mean > 0:
        details["reason"] = f"{n} times between events; at least {least} above 0 are needed"
        if problems is not None:
            problems.append(details["reason"])
    else:
        cv, cv_error = sd / mean, _jackknife_cv(kept)
        shape, shape_error = _gamma_shape(kept[kept > 0])
    return InterEventTimes(
        seconds=kept,
        mean=Estimate(
            value=mean, units="s", method="mean", uncertainty=sd / math.sqrt(n) if n else sd, n=n
        ),
        cv=Estimate(
            value=cv,
            units="",
            method="standard deviation over mean, jackknife error",
            uncertainty=cv_error,
            n=n,
            details=details,
        ),
        gamma_shape=Estimate(
            value=shape,
            units="",
            method="maximum likelihood, error from the information",
            uncertainty=shape_error,
            n=n,
            details=details,
        ),
        n_broken=int((~whole).sum()),
    )


def _jackknife_cv(x: FloatArray) -> float:
    n = len(x)
    total, square = x.sum(), (x**2).sum()
    means = (total - x) / (n - 1)
    variances = np.maximum((square - x**2) / (n - 1) - means**2, 0.0) * (n - 1) / (n - 2)
    each = np.sqrt(variances) / means
    return float(np.sqrt((n - 1) / n * np.sum((each - each.mean()) ** 2)))


def _gamma_shape(x: FloatArray) -> tuple[float, float]:
    """Return the maximum-likelihood shape of a gamma distribution and its standard error."""
    s = math.log(x.mean()) - float(np.log(x).mean()) if len(x) else 0.0
    if s <= 1e-12:
        return math.nan, math.nan

    def score(shape: float) -> float:
        return math.log(shape) - float(special.digamma(shape)) - s

    shape = float(optimize.brentq(score, 1e-6, 2.0 / s + 10.0))
    information = len(x) * (float(special.polygamma(1, shape)) - 1.0 / shape)
    return shape, 1.0 / math.sqrt(information)
