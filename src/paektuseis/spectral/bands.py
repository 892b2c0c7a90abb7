"""Spectral amplitude by band (SSAM)."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from obspy import Stream, Trace

from .._segments import one_channel
from ..times import TimeLike
from ._bands import SSAM_EDGES, band_table, bands_of
from ._stft import grid_of, transforms


def ssam(
    data: Trace | Stream,
    *,
    edges: Sequence[float] = SSAM_EDGES,
    window: float = 10.24,
    overlap: float = 0.5,
    average: float | None = 60.0,
    min_coverage: float = 0.5,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
) -> pd.DataFrame:
    """Seismic spectral amplitude: mean amplitude in frequency bands, minute by minute.

    The amplitude of one Hann window at one frequency is ``2 |X| / sum(taper)``, the amplitude
    of a sine at that frequency. It is averaged over the frequencies of a band and over the
    windows wholly inside a minute. Windows are freed of their mean; one that touches a gap,
    the settling of a filter or a sample that is no number is left out.

    Parameters
    ----------
    data : Trace or Stream of one channel
    edges : sequence of float, optional
        Hertz, rising; band b holds the frequencies ``edges[b] <= f < edges[b + 1]``. By
        default 19 bands from 0.5 to 20 Hz: half a hertz wide up to 5, one up to 10, two up
        to 20 Hz.
    window : float, optional
        Seconds of each transform; 1 / window is the distance of its frequencies.
    overlap : float, optional
        Share of a window that the next one repeats.
    average : float or None, optional
        Seconds over which the windows are averaged; None gives a row for each window.
    min_coverage : float, optional
        Share of the windows that must be covered; below it the value is NaN.
    starttime, endtime : UTCDateTime or str, optional
        Span; by default the record. The first row starts at ``starttime``.

    Returns
    -------
    DataFrame
        ``tables.SSAM``, in the unit of the data: at each time one row for each band.

    Raises
    ------
    ParameterError
        If an option is out of its range, there is more than one channel, a band reaches above
        the Nyquist frequency, or a band holds no frequency of the transform.
    WaveformError
        If there is no usable sample.

    Notes
    -----
    Noise of density S has the mean amplitude ``sqrt(0.75 pi S / window)``: unlike the amplitude
    of a sine it depends on the window, so compare values of one window length only.

    References
    ----------
    Rogers, J. A. and Stephens, C. D. (1995), SSAM: real-time seismic spectral amplitude
    measurement on a PC and its application to volcano monitoring, Bull. Seismol. Soc. Am. 85,
    632-639.

    Examples
    --------
    >>> import numpy as np, obspy
    >>> tone = obspy.Trace(5 * np.sin(2 * np.pi * 3 * np.arange(12_000) / 100), {"delta": 0.01})
    >>> rows = ssam(tone, edges=[2.95, 3.05, 3.15], window=10)
    >>> rows["value"].round(3).tolist()
    [5.0, 2.5, 5.0, 2.5]
    """
    pieces = one_channel(data)
    grid = grid_of(pieces, window, overlap, average, starttime, endtime)
    bands = bands_of(edges, grid)
    sums = transforms(pieces, grid, False, slice(0, 0), bands.bins)
    return band_table(pieces[0], grid, sums, bands, min_coverage)
