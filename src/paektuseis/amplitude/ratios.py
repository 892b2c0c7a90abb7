"""Ratios of amplitudes in two bands of one channel, DSAR among them."""

from __future__ import annotations

import pandas as pd
from obspy import Stream, Trace

from ..times import TimeLike
from .bands import RatioBands, band_amplitudes

VLF, LF, MID, MF, HF = (0.01, 0.1), (0.1, 2.0), (2.0, 5.0), (4.5, 8.0), (8.0, 16.0)

RATIO_FAMILY: tuple[RatioBands, ...] = (
    RatioBands(name="vlar", low=VLF, high=LF),
    RatioBands(name="lrar", low=LF, high=MID),
    RatioBands(name="rmar", low=MID, high=MF),
    RatioBands(name="dsar", low=MF, high=HF, integrate=True),
)
"""The ratios of neighbouring bands: ``vlar``, ``lrar`` and ``rmar`` of the record as it is
(velocity, after :func:`remove_response`), ``dsar`` of its integral (displacement)."""


def band_ratio(
    stream: Stream | Trace,
    *,
    low: tuple[float, float],
    high: tuple[float, float],
    window: float = 600.0,
    statistic: str = "median_abs",
    integrate: bool = False,
    name: str = "",
    min_coverage: float = 0.8,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
) -> pd.DataFrame:
    """Divide the amplitude in one band by that in another, in consecutive windows.

    Parameters
    ----------
    stream : Stream or Trace
        Any number of channels, of any unit.
    low, high : (float, float)
        Corners in hertz of two causal Butterworth band-passes of four corners.
    window : float, optional
        Seconds; windows start as those of :func:`rsam`.
    statistic : {"median_abs", "mean_abs", "rms", "max_abs"}, optional
        The amplitude of each band, as in :func:`rsam`: the median reports the background of a
        window, the mean mostly its earthquakes.
    integrate : bool, optional
        Compare the integral of the record: displacement, of a record of velocity. The
        trapezoidal rule and the band-pass are one filter; nothing drifts.
    name : str, optional
        Written into each row.
    min_coverage, starttime, endtime
        As in :func:`rsam`.

    Returns
    -------
    DataFrame
        Schema :data:`paektuseis.tables.RATIOS`, one row for each channel and window.
        ``quantity`` is the unit of the two amplitudes; ``coverage`` the smaller of the two
        bands' (a band's settling counts as missing). NaN where that is below ``min_coverage``
        or where there is nothing in the higher band.

    Raises
    ------
    ParameterError
        If an option is out of its range, or a band reaches a channel's Nyquist frequency.
    WaveformError
        If a trace holds a masked array, or a channel's segments differ in unit or filter.

    Examples
    --------
    >>> import numpy as np, obspy
    >>> t = np.arange(120_000) / 100
    >>> tones = 6 * np.sin(2 * np.pi * 6 * t) + np.sin(2 * np.pi * 12 * t)
    >>> both = obspy.Trace(tones, {"delta": 0.01})
    >>> table = band_ratio(both, low=(4.5, 8), high=(10, 15), integrate=True)
    >>> table.value.round().tolist(), table.quantity[0]  # 6 / 6 Hz over 1 / 12 Hz
    ([12.0, 12.0], 'counts*s')
    """
    bands = RatioBands(
        name=name, low=low, high=high, window=window, statistic=statistic, integrate=integrate
    )
    return band_amplitudes(
        stream,
        ratios=[bands],
        min_coverage=min_coverage,
        starttime=starttime,
        endtime=endtime,
    )[1]


def dsar(
    stream: Stream | Trace,
    *,
    window: float = 600.0,
    low: tuple[float, float] = MF,
    high: tuple[float, float] = HF,
    statistic: str = "median_abs",
    min_coverage: float = 0.8,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
) -> pd.DataFrame:
    """Displacement seismic amplitude ratio: displacement at 4.5-8 Hz over that at 8-16 Hz.

    A rise means that high frequencies are lost on the way, as in a gas that fills cracks under
    a sealed vent.

    Parameters
    ----------
    stream : Stream or Trace
        Velocity (m/s); of counts the ratio is the same where the instrument is flat in velocity.
    window : float, optional
        Seconds.
    low, high : (float, float), optional
        Corners of the two bands in hertz.
    statistic : {"median_abs", "mean_abs", "rms", "max_abs"}, optional
        ``median_abs`` is the median of displacement in one band over the median in the other,
        as in the ``dsar`` package; ``mean_abs`` the ratio of means, as in the codes of
        Whakaari. They are not to be compared: on one synthetic hour that turned from
        quiet to a swarm of volcano-tectonic events the ratio of means fell by 32 %, that of
        medians by 1 %.
    min_coverage, starttime, endtime
        As in :func:`rsam`.

    Returns
    -------
    DataFrame
        As from :func:`band_ratio`, with ``ratio`` "dsar". The long medians of the literature (6
        hours and more) are ``table.value.rolling(...).median()``.

    Raises
    ------
    ParameterError
        If an option is out of its range, or a band reaches a channel's Nyquist frequency.
    WaveformError
        If a trace holds a masked array, or a channel's segments differ in unit or filter.

    References
    ----------
    Caudron, C. et al. (2019), Change in seismic attenuation as a long-term precursor of
    gas-driven eruptions, Geology 47, doi:10.1130/G46107.1.
    """
    return band_ratio(
        stream,
        low=low,
        high=high,
        window=window,
        statistic=statistic,
        integrate=True,
        name="dsar",
        min_coverage=min_coverage,
        starttime=starttime,
        endtime=endtime,
    )
