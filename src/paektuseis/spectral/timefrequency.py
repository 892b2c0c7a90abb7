"""The spectrogram: densities in consecutive windows, blank at gaps."""

from __future__ import annotations

import math

import numpy as np
from obspy import Stream, Trace, UTCDateTime

from .._segments import Segment, one_channel
from ..errors import ParameterError
from ..times import TimeLike
from ..types import FloatArray, Spectrogram
from ._kernels import add_rows
from ._windows import (
    IntArray,
    check_detrend,
    filtered_text,
    frequency_axis,
    hann,
    power_blocks,
    span_of,
    squared,
    window_samples,
)

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
    pieces, begin, span = span_of(pieces, starttime, endtime)
    rate, trace_id = pieces[0].sampling_rate, pieces[0].trace_id
    size, hop = window_samples(window, overlap, rate, trace_id)
    frequencies, keep = frequency_axis(size, rate, freqmin, freqmax, trace_id)
    how = f"Hann windows of {size / rate:g} s every {hop / rate:g} s, {detrend} trend removed"
    if average is None:
        starts: IntArray = np.arange(max(0, (span - size) // hop + 1), dtype=np.int64) * hop
        step, columns = hop / rate, len(starts)
        owner = np.arange(columns)
    else:
        starts, owner, columns = _averaged_grid(average, span, size, hop, rate, trace_id)
        step, how = float(average), f"{how}, mean over {average:g} s"
    if columns * len(frequencies) > MAX_CELLS:
        raise ParameterError(
            f"{columns} windows of {len(frequencies)} frequencies are too many to hold "
            f"({columns * len(frequencies) * 8e-9:.1f} GB); average them (average=60), "
            "lessen the overlap, or set freqmax"
        )
    values = _columns(pieces, begin, starts, owner, columns, size, linear, keep, min_coverage)
    return Spectrogram(
        starttime=UTCDateTime(ns=begin),
        step=step,
        window=size / rate,
        frequencies=frequencies,
        values=values.T,
        units=squared(pieces[0].units),
        statistic="power spectral density",
        trace_id=trace_id,
        method=how + filtered_text(pieces[0]),
    )


def _averaged_grid(
    average: float, span: int, size: int, hop: int, rate: float, trace_id: str
) -> tuple[IntArray, IntArray, int]:
    """Return starts of the windows, the column each belongs to, and the number of columns."""
    width = average * rate
    if not (math.isfinite(width) and width >= size):
        raise ParameterError(
            f"average={average:g} s is shorter than the window of {size / rate:g} s of "
            f"{trace_id}; lengthen it or leave it out"
        )
    columns = math.ceil(span / width - 1e-9)
    edges = np.rint(np.arange(columns + 1) * width).astype(np.int64)
    per_column = (int(width) - size) // hop + 1
    starts = (edges[:-1, None] + hop * np.arange(per_column)).ravel()
    return starts, np.repeat(np.arange(columns), per_column), columns


def _columns(
    pieces: list[Segment],
    begin: int,
    starts: IntArray,
    owner: IntArray,
    columns: int,
    size: int,
    linear: bool,
    keep: slice,
    min_coverage: float,
) -> FloatArray:
    values = np.zeros((columns, keep.stop - keep.start))
    count = np.zeros(columns, dtype=np.int64)
    for numbers, power in power_blocks(pieces, begin, starts, hann(size), linear, keep):
        add_rows(power, owner[numbers], values, count)
    wanted = np.bincount(owner, minlength=columns) if columns else count
    poor = (count == 0) | (count < min_coverage * wanted)
    values[~poor] /= count[~poor, None]
    values[poor] = np.nan
    return values
