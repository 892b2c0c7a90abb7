"""Frequency of magnitudes, cumulative moment, and catalogues with a known truth."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ..errors import ParameterError
from ..times import TimeLike, as_timestamps
from ._magnitudes import check_count, check_delta, magnitude_array, to_bins


def frequency_magnitude(mags: ArrayLike, *, delta_m: float = 0.1) -> pd.DataFrame:
    """Count magnitudes in bins, empty bins between the smallest and the largest included.

    Parameters
    ----------
    mags : array_like, shape (n,)
        NaN are left out.
    delta_m : float, optional
        Bin width.

    Returns
    -------
    DataFrame
        ``magnitude`` (bin centre), ``count`` and ``cumulative`` (in the bin and above).

    Raises
    ------
    ParameterError
        If the bin width cannot be used.

    Examples
    --------
    >>> frequency_magnitude([1.0, 1.1, 1.1, 1.3], delta_m=0.1)["cumulative"].tolist()
    [4, 3, 1, 1]
    """
    width = check_delta(delta_m)
    bins, offset = to_bins(magnitude_array(mags), width)
    if not len(bins):
        return pd.DataFrame(
            {"magnitude": np.empty(0), "count": np.empty(0, int), "cumulative": np.empty(0, int)}
        )
    first = int(bins.min())
    counts = np.bincount(bins - first)
    return pd.DataFrame(
        {
            "magnitude": np.round(offset + (first + np.arange(len(counts))) * width, 10),
            "count": counts,
            "cumulative": np.cumsum(counts[::-1])[::-1],
        }
    )


def simulate_magnitudes(
    *, b: float, mc: float, n: int, delta_m: float = 0.0, seed: int = 0
) -> NDArray[np.float64]:
    """Draw magnitudes of a Gutenberg-Richter law without upper limit.

    Parameters
    ----------
    b : float
        Slope of the law.
    mc : float
        Smallest magnitude; the centre of the lowest bin where magnitudes are rounded.
    n : int
        Number of magnitudes.
    delta_m : float, optional
        Step they are rounded to; 0 for none.
    seed : int, optional

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    ParameterError
        If a parameter is outside its range.

    Examples
    --------
    >>> simulate_magnitudes(b=1.0, mc=0.5, n=3, delta_m=0.1, seed=0).min() >= 0.5
    np.True_
    """
    if not (math.isfinite(b) and b > 0):
        raise ParameterError(f"b={b}; give a positive slope")
    if not math.isfinite(mc):
        raise ParameterError(f"mc={mc}; give a magnitude")
    width = check_delta(delta_m, zero=True)
    size = check_count("n", n, 0)
    excess = np.random.default_rng(seed).exponential(1.0 / (b * math.log(10.0)), size)
    if width == 0:
        return np.asarray(mc + excess)
    return np.asarray(np.round(mc + np.floor(excess / width) * width, 10))


def cumulative_moment(
    mags: ArrayLike, times: Sequence[TimeLike] | pd.Series | pd.DatetimeIndex
) -> pd.DataFrame:
    """Add up the seismic moment of events in order of time.

    ``M0 = 10**(1.5 Mw + 9.1)`` N m (IASPEI 2013). Magnitudes of another kind are taken as if
    they were Mw; for small events that overstates differences between them.

    Parameters
    ----------
    mags : array_like, shape (n,)
        Moment magnitudes; an event with NaN is left out.
    times : sequence of times, shape (n,)

    Returns
    -------
    DataFrame
        ``time``, ``moment`` and ``cumulative_moment`` in newton metres.

    Raises
    ------
    ParameterError
        If the two are not of one length.

    Examples
    --------
    >>> table = cumulative_moment([2.0, 2.0], ["2010-01-02", "2010-01-01"])
    >>> f"{table['cumulative_moment'].iloc[-1]:.3e}"
    '2.518e+12'
    """
    values = np.asarray(mags, dtype=np.float64)
    stamps = as_timestamps(list(times))
    if values.ndim != 1 or len(values) != len(stamps):
        raise ParameterError(f"{values.size} magnitudes against {len(stamps)} times")
    known = np.isfinite(values)
    values, stamps = values[known], stamps[known]
    order = np.argsort(stamps.asi8, kind="stable")
    moment = 10.0 ** (1.5 * values[order] + 9.1)
    return pd.DataFrame(
        {"time": stamps[order], "moment": moment, "cumulative_moment": np.cumsum(moment)}
    )
