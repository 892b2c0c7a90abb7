"""The spectrogram: densities in consecutive windows, blank at gaps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from obspy import Stream, Trace, UTCDateTime

from .._segments import Segment, one_channel
from ..errors import ParameterError
from ..times import TimeLike
from ..types import FloatArray, Spectrogram
from ._average import welch_freedom
from ._bands import SSAM_EDGES, band_table, bands_of, too_few
from ._stft import Grid, Sums, grid_of, transforms
from ._windows import IntArray, check_detrend, filtered_text, frequency_axis, hann, squared

MAX_CELLS = 150_000_000  # 1.2 GB


def spectrogram(
    data: Trace | Stream,
    *,
    window: float = 5.0,
    overlap: float = 0.9,
    average: float | None = None,
    min_coverage: float = 0.5,
    detrend: str = "constant",
    freqmin: float | None = None,
    freqmax: float | None = None,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
) -> Spectrogram:
    """Power spectral density in consecutive windows.

    Hann windows, each freed of its mean. A window that touches a gap, the
    settling of a filter, or a sample that is no number is blank (NaN), so
    nothing is drawn in a gap or at its edges.

    Parameters
    ----------
    data : Trace or Stream of one channel
    window : float, optional
        Seconds of each window.
    overlap : float, optional
        Share of a window that the next one repeats.
    average : float, optional
        Average the windows over this many seconds: one column for each. Every column takes
        the windows wholly inside it, so that columns do not depend on how the record is cut.
        A day at 100 Hz with ``window=10, overlap=0.5, average=60`` is (501, 1440) values and
        is computed without holding the 17 000 windows.
    min_coverage : float, optional
        With ``average``, the share of a column's windows that must be covered; below it the
        column is blank.
    detrend : {"constant", "linear"}, optional
        What is removed from each window.
    freqmin, freqmax : float, optional
        Keep only these frequencies (both included); nothing is filtered.
    starttime, endtime : UTCDateTime or str, optional
        Span; by default the record. The first window starts at ``starttime``.

    Returns
    -------
    Spectrogram
        ``values`` (nf, nt) in ``(units)**2/Hz``; column i starts at ``starttime + i * step``
        with ``step`` a whole number of samples, or ``average``.

    Raises
    ------
    ParameterError
        If an option is out of its range, there is more than one channel, or the result
        would need more than about a gigabyte (use ``average``).
    WaveformError
        If there is no usable sample.

    Examples
    --------
    >>> import numpy as np, obspy
    >>> tone = obspy.Trace(np.sin(2 * np.pi * 3 * np.arange(6000) / 100), {"delta": 0.01})
    >>> sg = spectrogram(tone, window=5, overlap=0.5)
    >>> sg.values.shape, float(sg.frequencies[sg.values[:, 4].argmax()]), sg.step
    ((251, 23), 3.0, 2.5)
    """
    linear = check_detrend(detrend)
    pieces = one_channel(data)
    grid = grid_of(pieces, window, overlap, average, starttime, endtime)
    frequencies, keep = frequency_axis(grid.size, grid.rate, freqmin, freqmax, grid.trace_id)
    _require_room(grid, len(frequencies))
    sums = transforms(pieces, grid, linear, keep)
    return _densities(pieces[0], grid, sums, frequencies, keep, average, min_coverage, detrend)


def minute_spectra(
    data: Trace | Stream,
    *,
    window: float = 10.24,
    overlap: float = 0.5,
    average: float | None = 60.0,
    edges: Sequence[float] = SSAM_EDGES,
    min_coverage: float = 0.5,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
) -> tuple[Spectrogram, pd.DataFrame]:
    """Spectrogram and spectral amplitudes (SSAM) from one pass of transforms.

    Parameters
    ----------
    data : Trace or Stream of one channel
    window, overlap, average, min_coverage, starttime, endtime
        As in :func:`spectrogram` and :func:`ssam`.
    edges : sequence of float, optional
        As in :func:`ssam`; an empty one leaves the table empty.

    Returns
    -------
    Spectrogram
        That of :func:`spectrogram` with the same options, bit for bit.
    DataFrame
        ``tables.SSAM``, that of :func:`ssam`, bit for bit.

    Raises
    ------
    ParameterError
        If an option is out of its range, there is more than one channel, or a band reaches
        above the Nyquist frequency.
    WaveformError
        If there is no usable sample.

    Examples
    --------
    >>> import numpy as np, obspy
    >>> tone = obspy.Trace(np.sin(2 * np.pi * 3 * np.arange(12_000) / 100), {"delta": 0.01})
    >>> density, bands = minute_spectra(tone, window=10)
    >>> density.values.shape, len(bands)
    ((501, 2), 38)
    """
    pieces = one_channel(data)
    grid = grid_of(pieces, window, overlap, average, starttime, endtime)
    frequencies, keep = frequency_axis(grid.size, grid.rate, None, None, grid.trace_id)
    _require_room(grid, len(frequencies))
    bands = bands_of(edges, grid)
    sums = transforms(pieces, grid, False, keep, bands.bins)
    density = _densities(
        pieces[0], grid, sums, frequencies, keep, average, min_coverage, "constant"
    )
    return density, band_table(pieces[0], grid, sums, bands, min_coverage)


def _require_room(grid: Grid, bins: int) -> None:
    if grid.columns * bins > MAX_CELLS:
        raise ParameterError(
            f"{grid.columns} windows of {bins} frequencies are too many to hold "
            f"({grid.columns * bins * 8e-9:.1f} GB); average them (average=60), "
            "lessen the overlap, or set freqmax"
        )


def _densities(
    piece: Segment,
    grid: Grid,
    sums: Sums,
    frequencies: FloatArray,
    keep: slice,
    average: float | None,
    min_coverage: float,
    detrend: str,
) -> Spectrogram:
    """Return the one-sided densities; the sums become them in place."""
    taper = hann(grid.size)
    scale = np.full(keep.stop - keep.start, 2.0 / (grid.rate * float(np.dot(taper, taper))))
    if keep.start == 0:
        scale[0] *= 0.5
    if grid.size % 2 == 0 and keep.stop == grid.size // 2 + 1:
        scale[-1] *= 0.5
    poor = too_few(sums.count, grid, min_coverage)
    values = sums.power
    values *= scale
    values /= np.maximum(sums.count, 1)[:, None]
    values[poor] = np.nan
    how = f"{grid.text}, {detrend} trend removed"
    return Spectrogram(
        starttime=UTCDateTime(ns=grid.begin),
        step=grid.step if average is None else float(average),
        window=grid.window,
        frequencies=frequencies,
        values=values.T,
        units=squared(piece.units),
        statistic="power spectral density",
        trace_id=grid.trace_id,
        method=how
        + ("" if average is None else f", mean over {average:g} s")
        + filtered_text(piece),
        dof=_freedom(taper, grid.hop, sums.count),
    )


def _freedom(taper: FloatArray, hop: int, count: IntArray) -> FloatArray:
    known = {int(n): welch_freedom(taper, hop, int(n)) for n in np.unique(count)}
    return np.array([known[int(n)] for n in count], dtype=np.float64)
