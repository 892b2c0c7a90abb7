"""RSAM: the mean absolute amplitude in consecutive windows, and its kin."""

from __future__ import annotations

import pandas as pd
from obspy import Stream, Trace

from ..times import TimeLike
from .bands import RsamBand, band_amplitudes


def rsam(
    stream: Stream | Trace,
    *,
    window: float = 600.0,
    statistic: str = "mean_abs",
    freqmin: float | None = None,
    freqmax: float | None = None,
    min_coverage: float = 0.8,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
) -> pd.DataFrame:
    """Real-time seismic amplitude: mean of ``|x - mean(x)|`` in consecutive windows.

    The mean of each window is removed, nothing else is done to the samples
    unless a band is given. All segments of a channel count; a sample that two
    segments share counts once, and one that is no number, or lies in the
    settling of a filter, counts as missing. Nothing is filled in.

    Parameters
    ----------
    stream : Stream or Trace
        Any number of channels, of any unit.
    window : float, optional
        Seconds. Windows start at whole multiples of the window since 1970 (for windows that
        divide a day: since midnight UTC), so the rows do not depend on how a record is cut.
    statistic : {"mean_abs", "median_abs", "rms", "max_abs"}, optional
        Mean, median, root mean square or maximum of ``|x - mean(x)|``.
    freqmin, freqmax : float, optional
        Filter each segment first with a causal Butterworth filter of four corners: band-pass,
        or high- or low-pass if one is None. The rows report the band; those of data already
        filtered report that filter's.
    min_coverage : float, optional
        Share of a window's samples that must be there; below it the value is NaN.
    starttime, endtime : UTCDateTime or str, optional
        Windows start at ``starttime`` (aligned to nothing else) and end at the first edge at or
        after ``endtime``; by default they are those that hold a sample.

    Returns
    -------
    DataFrame
        Schema :data:`paektuseis.tables.RSAM`, one row for each channel and window (also the
        windows in gaps, with coverage 0), in order of channel and time. ``starttime`` is the
        start of the window.

    Raises
    ------
    ParameterError
        If an option is out of its range, or the band reaches a channel's Nyquist frequency.
    WaveformError
        If a trace holds a masked array, or a channel's segments differ in unit or filter.

    References
    ----------
    Endo, E. T. and Murray, T. (1991), Bull. Volcanol. 53, 533-545.

    Examples
    --------
    >>> import numpy as np, obspy
    >>> tone = obspy.Trace(np.pi * np.sin(2 * np.pi * np.arange(120_000) / 100), {"delta": 0.01})
    >>> table = rsam(tone, window=600)
    >>> table.value.round(2).tolist(), table.statistic[0], table.units[0]
    ([2.0, 2.0], 'mean_abs', 'counts')
    """
    band = RsamBand(freqmin=freqmin, freqmax=freqmax, window=window, statistic=statistic)
    return band_amplitudes(
        stream,
        rsam=[band],
        min_coverage=min_coverage,
        starttime=starttime,
        endtime=endtime,
    )[0]
