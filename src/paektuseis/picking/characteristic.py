"""Characteristic functions of an onset: AIC and kurtosis, on plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ParameterError
from ._kernels import aic_curve, running_kurtosis

FloatArray = NDArray[np.float64]


def aic_function(x: Any) -> FloatArray:
    """Return the Akaike information criterion of a record cut in two at each sample.

    Parameters
    ----------
    x : array_like, shape (n,) or (components, n)
        Samples, evenly spaced. Several components are cut together: their variances are
        averaged.

    Returns
    -------
    ndarray, shape (n,)
        ``k ln var(x[:k]) + (n - k - 1) ln var(x[k:])`` at ``k``, times the number of
        components. The onset is at the minimum: ``k`` is the first sample of the signal. Inf
        where a side has no variance (fewer than two samples, or flat).

    Raises
    ------
    ParameterError
        If ``x`` holds no numbers, or has more than two axes.

    References
    ----------
    Maeda, N. (1985). A method for reading and checking phase times in auto-processing system
    of seismic wave data. Zisin 38(3), 365-379. doi:10.4294/zisin1948.38.3_365

    Examples
    --------
    >>> import numpy as np
    >>> x = np.r_[np.tile([0.1, -0.1], 50), np.tile([3.0, -3.0], 50)]
    >>> int(np.argmin(aic_function(x)))
    100
    """
    return aic_curve(_rows(x))


def kurtosis_function(x: Any, *, samples: int) -> FloatArray:
    """Return Baillard's onset function: its minimum is where the kurtosis rises fastest.

    Parameters
    ----------
    x : array_like, shape (n,)
        Samples, evenly spaced.
    samples : int
        Length of the running window.

    Returns
    -------
    ndarray, shape (n,)
        Values not above zero. NaN before the first full window.

    Raises
    ------
    ParameterError
        If ``x`` is no row of numbers, or ``samples`` is below four.

    Notes
    -----
    F1: excess kurtosis of the window ending at each sample. F2: F1 with its falls taken out.
    F3: F2 less the line from its first to its last value. F4: F3 less its next local maximum
    at or after each sample, values above zero set to zero.

    References
    ----------
    Saragiotis, C. D., Hadjileontiadis, L. J. and Panas, S. M. (2002). PAI-S/K: a robust
    automatic seismic P phase arrival identification scheme. IEEE Transactions on Geoscience
    and Remote Sensing 40(6), 1395-1404.
    Baillard, C., Crawford, W. C., Ballu, V., Hibert, C. and Mangeney, A. (2014). An automatic
    kurtosis-based P- and S-phase picker designed for local seismic networks. Bulletin of the
    Seismological Society of America 104(1), 394-409. doi:10.1785/0120120347
    """
    rows = _rows(x)
    if len(rows) != 1:
        raise ParameterError("kurtosis_function takes one row of samples; pass one component")
    if samples < 4:
        raise ParameterError(f"samples={samples}: a window of four samples at least is needed")
    out = np.full(rows.shape[1], np.nan)
    rising = running_kurtosis(rows[0], int(samples))
    known = np.flatnonzero(np.isfinite(rising))
    if len(known) > 2:
        out[known] = onset_steps(rising[known])
    return out


def onset_steps(kurtosis: FloatArray) -> FloatArray:
    """Return F4 of F1 (finite values)."""
    size = len(kurtosis)
    f2 = np.concatenate([[0.0], np.cumsum(np.maximum(np.diff(kurtosis), 0.0))])
    f3 = f2 - f2[-1] * np.arange(size) / (size - 1)
    inner = np.flatnonzero((f3[1:-1] >= f3[:-2]) & (f3[1:-1] > f3[2:])) + 1
    peaks = np.concatenate([inner, [size - 1]])
    following = peaks[np.searchsorted(peaks, np.arange(size))]
    return np.asarray(np.minimum(f3 - f3[following], 0.0))


def _rows(x: Any) -> FloatArray:
    array = np.ascontiguousarray(np.atleast_2d(np.asarray(x)), dtype=np.float64)
    if array.ndim != 2:
        raise ParameterError(f"samples of shape {np.shape(x)}: give one row, or (components, n)")
    if not np.isfinite(array).all():
        raise ParameterError("samples hold NaN or infinite values; split them at the gaps first")
    return array
