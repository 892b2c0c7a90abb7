"""Power spectral density across gaps: Welch's averaged periodograms, or multitaper."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from obspy import Stream, Trace, UTCDateTime

from .._segments import Segment, one_channel
from ..errors import ParameterError, WaveformError
from ..times import TimeLike
from ..types import FloatArray, Spectrum
from ._average import WindowAverage, welch_freedom
from ._multitaper import multitaper_psd
from ._windows import (
    IntArray,
    check_choice,
    check_detrend,
    filtered_text,
    frequencies_of,
    hann,
    places,
    power_blocks,
    span_of,
    squared,
    window_samples,
)


def power_spectral_density(
    data: Trace | Stream,
    *,
    window: float | None = 60.0,
    overlap: float = 0.5,
    method: str = "welch",
    statistic: str = "mean",
    detrend: str = "constant",
    time_bandwidth: float = 4.0,
    confidence: float = 0.95,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
) -> Spectrum:
    """One-sided power spectral density of one channel, gaps left out.

    Parameters
    ----------
    data : Trace or Stream of one channel
        Gaps (separate traces) are allowed. Samples disturbed by the settling of a filter,
        and samples that are no numbers, count as missing.
    window : float or None, optional
        Seconds of each transformed window; None takes the whole record as one window.
    overlap : float, optional
        Share of a window that the next one repeats.
    method : {"welch", "multitaper"}, optional
        Hann windows (Welch), or Slepian tapers with Thomson's adaptive weights.
    statistic : {"mean", "median"}, optional
        Over the windows. The median is divided by its bias for values distributed as one
        window's are (Welch: exponentially, Allen et al. 2012; multitaper: chi-squared), so that
        both estimate the same density of a stationary signal; it passes over short events.
    detrend : {"constant", "linear"}, optional
        What is removed from each window.
    time_bandwidth : float, optional
        Time-bandwidth product NW of the Slepian tapers; ``2 NW - 1`` tapers are used.
    confidence : float, optional
        Probability between ``lower`` and ``upper``.
    starttime, endtime : UTCDateTime or str, optional
        Span of the windows; by default the record. Windows start at ``starttime``.

    Returns
    -------
    Spectrum
        ``values`` (nf,) in ``(units)**2/Hz``; its integral over frequency is the variance of
        the samples. ``coverage`` is the share of the windows in the span that could be used.
        ``lower`` and ``upper`` come from the chi-squared distribution with the effective
        degrees of freedom (Welch: the windows' correlation counted; multitaper: overlapping
        windows counted as if they brought nothing new), or, for one multitaper window, from
        the jackknife over tapers. They are None for the median.

    Raises
    ------
    ParameterError
        If an option is out of its range, or there is more than one channel.
    WaveformError
        If no window is wholly covered by samples.

    References
    ----------
    Welch, P. D. (1967), IEEE Trans. Audio Electroacoust. 15, 70-73.
    Thomson, D. J. (1982), Proc. IEEE 70, 1055-1096.
    Thomson, D. J. and Chave, A. D. (1991), in Advances in Spectrum Analysis and Array
    Processing 1, 58-113 (jackknife).
    Percival, D. B. and Walden, A. T. (1993), Spectral Analysis for Physical Applications.
    Allen, B. et al. (2012), Phys. Rev. D 85, 122006 (bias of the median).

    Examples
    --------
    >>> import numpy as np, obspy
    >>> noise = obspy.Trace(np.random.default_rng(1).normal(0, 3, 60_000), {"delta": 0.01})
    >>> psd = power_spectral_density(noise, window=10)
    >>> psd.units, bool(abs(np.trapezoid(psd.values, psd.frequencies) / 9 - 1) < 0.05)
    ('(counts)**2/Hz', True)
    """
    check_choice("method", method, ("welch", "multitaper"))
    check_choice("statistic", statistic, ("mean", "median"))
    linear = check_detrend(detrend)
    if not 0 < confidence < 1:
        raise ParameterError(f"confidence={confidence}; give a probability between 0 and 1")
    pieces = one_channel(data)
    pieces, begin, span = span_of(pieces, starttime, endtime)
    rate, trace_id = pieces[0].sampling_rate, pieces[0].trace_id
    length = span / rate if window is None else window
    size, hop = window_samples(length, overlap, rate, trace_id)
    starts: IntArray = np.arange(max(0, (span - size) // hop + 1), dtype=np.int64) * hop
    used = _usable(pieces, begin, starts, size, length)
    if method == "welch":
        values, n, dof = _welch(pieces, begin, starts, size, hop, linear, statistic, used)
        how = f"Welch, {n} Hann windows of {size / rate:g} s, {100 * overlap:g} % overlap"
        limits = _chi2_limits(values, dof, confidence)
    else:
        estimate = multitaper_psd(
            pieces, begin, starts, size, linear, statistic, time_bandwidth, confidence, used
        )
        values, n = estimate.values, estimate.n
        how = (
            f"multitaper, NW={time_bandwidth:g}, {estimate.tapers} tapers, adaptive weights, "
            f"{n} windows of {size / rate:g} s"
        )
        limits = estimate.limits or _chi2_limits(
            values, estimate.dof * max(1.0, n * hop / size), confidence
        )
    if n == 0:
        raise WaveformError(f"{trace_id}: every window holds a sample that is no number")
    return Spectrum(
        frequencies=frequencies_of(size, rate),
        values=values,
        units=squared(pieces[0].units),
        statistic="power spectral density",
        trace_id=trace_id,
        starttime=pieces[0].starttime,
        endtime=UTCDateTime(ns=pieces[-1].end_ns - round(1e9 / rate)),
        method=f"{how}, {detrend} trend removed, {statistic}" + filtered_text(pieces[0]),
        window=size / rate,
        coverage=n / len(starts),
        lower=None if statistic == "median" else limits[0],
        upper=None if statistic == "median" else limits[1],
    )


def _usable(
    pieces: Sequence[Segment], begin: int, starts: IntArray, size: int, window: float
) -> int:
    used = sum(len(numbers) for _, numbers, _ in places(pieces, begin, starts, size))
    if not used:
        longest = max(len(p.data) / p.sampling_rate for p in pieces)
        raise WaveformError(
            f"no window of {window:g} s is wholly covered by {pieces[0].trace_id}: its longest "
            f"contiguous record is {longest:g} s; shorten the window"
        )
    return used


def _welch(
    pieces: Sequence[Segment],
    begin: int,
    starts: IntArray,
    size: int,
    hop: int,
    linear: bool,
    statistic: str,
    used: int,
) -> tuple[FloatArray, int, float]:
    taper, bins = hann(size), size // 2 + 1
    blocks = power_blocks(pieces, begin, starts, taper, linear, slice(0, bins))
    average = WindowAverage(statistic, bins, used)
    for _, power in blocks:
        average.add(power)
    return average.values(), average.n, welch_freedom(taper, hop, average.n)


def _chi2_limits(
    values: FloatArray, dof: FloatArray | float, confidence: float
) -> tuple[FloatArray, FloatArray]:
    from scipy.special import chdtri

    tail = (1 - confidence) / 2
    return values * dof / chdtri(dof, tail), values * dof / chdtri(dof, 1 - tail)
