"""Butterworth filters per contiguous piece, with their settling time on record."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from obspy import Stream, Trace

from ..provenance import band_of, log_step, note, valid_span
from ..types import Band
from ._bank import bank_sections, filtered
from ._design import Design, butterworth, require_order
from ._traces import contiguous, renewed, require_rate, traces_of


def bandpass(
    stream: Stream | Trace,
    *,
    freqmin: float,
    freqmax: float,
    corners: int = 4,
    zerophase: bool = False,
) -> Stream:
    """Filter each contiguous piece with a Butterworth band-pass.

    Parameters
    ----------
    stream : Stream or Trace
        Masked, NaN and −2³¹ samples split a trace; integers are taken as they are. Nothing is
        demeaned: an offset gives a transient, which the settling time covers.
    freqmin, freqmax : float
        Corner frequencies in hertz (−3 dB; −6 dB with ``zerophase``).
    corners : int, optional
        Order of the Butterworth low-pass prototype, as in obspy.
    zerophase : bool, optional
        Filter forwards and backwards: no delay, twice the order, but acausal.

    Returns
    -------
    Stream
        New traces, float64. ``provenance.valid_span`` gives the part not disturbed by
        the filter's settling: the start of each piece is invalid for :func:`settling_time`
        seconds, with ``zerophase`` its end too. A piece shorter than that is kept, and is
        wholly invalid.

    Raises
    ------
    ParameterError
        If the band is empty, or reaches the Nyquist frequency of a trace.

    Notes
    -----
    Poles, zeros and gain are those of ``obspy.signal.filter``, started at rest, so one gap-free
    trace gives obspy's numbers, to the rounding of the arithmetic. That matters far below the
    sampling rate only (at 0.01 Hz of 100 Hz obspy's sections keep nine digits, these eleven).

    References
    ----------
    Butterworth, S. (1930). On the theory of filter amplifiers. Experimental Wireless 7,
    536-541.

    Examples
    --------
    >>> from obspy import Trace
    >>> import numpy as np
    >>> tr = Trace(np.ones(3000), {"sampling_rate": 100.0})
    >>> out = bandpass(tr, freqmin=2, freqmax=15)[0]
    >>> from paektuseis.provenance import valid_span
    >>> bool(abs(out.slice(*valid_span(out)).data).max() < 1e-3)
    True
    """
    return _filtered(stream, Band(freqmin=freqmin, freqmax=freqmax), corners, zerophase)


def highpass(
    stream: Stream | Trace, *, freq: float, corners: int = 4, zerophase: bool = False
) -> Stream:
    """Filter each contiguous piece with a Butterworth high-pass.

    Parameters
    ----------
    stream : Stream or Trace
    freq : float
        Corner frequency in hertz.
    corners, zerophase
        As in :func:`bandpass`.

    Returns
    -------
    Stream
        New traces, float64; see :func:`bandpass` for gaps and settling.

    Raises
    ------
    ParameterError
        If the corner is not positive, or reaches the Nyquist frequency of a trace.
    """
    return _filtered(stream, Band(freqmin=freq), corners, zerophase)


def lowpass(
    stream: Stream | Trace, *, freq: float, corners: int = 4, zerophase: bool = False
) -> Stream:
    """Filter each contiguous piece with a Butterworth low-pass.

    Parameters
    ----------
    stream : Stream or Trace
    freq : float
        Corner frequency in hertz.
    corners, zerophase
        As in :func:`bandpass`.

    Returns
    -------
    Stream
        New traces, float64; see :func:`bandpass` for gaps and settling.

    Raises
    ------
    ParameterError
        If the corner is not positive, or reaches the Nyquist frequency of a trace.
    """
    return _filtered(stream, Band(freqmax=freq), corners, zerophase)


def settling_time(
    sampling_rate: float,
    *,
    freqmin: float | None = None,
    freqmax: float | None = None,
    corners: int = 4,
) -> float:
    """Return how long a filter started at rest needs to forget its start.

    Parameters
    ----------
    sampling_rate : float
        Hertz.
    freqmin, freqmax : float or None
        Corners in hertz; one of them ``None`` for a high- or low-pass.
    corners : int, optional
        Order.

    Returns
    -------
    float
        Seconds until the transient of a unit step has fallen for good below 1e-3.

    Raises
    ------
    ParameterError
        If the band is empty, or reaches the Nyquist frequency.

    Notes
    -----
    The transient of a step is a sum over the filter's poles ``p_k`` of
    ``c_k p_k**n``; the time returned is where the bound ``sum |c_k| |p_k|**n`` reaches 1e-3.

    Examples
    --------
    >>> 1 < settling_time(100.0, freqmin=2, freqmax=15) < 3
    True
    """
    return _designed(sampling_rate, freqmin, freqmax, corners).settling


def memory_time(
    sampling_rate: float,
    *,
    freqmin: float | None = None,
    freqmax: float | None = None,
    corners: int = 4,
) -> float:
    """Return how long a record must begin before a span for its start not to show in it.

    Parameters
    ----------
    sampling_rate, freqmin, freqmax, corners
        As in :func:`settling_time`.

    Returns
    -------
    float
        Seconds until the transient of a unit step has fallen for good below 1e-10.

    Raises
    ------
    ParameterError
        If the band is empty, or reaches the Nyquist frequency.

    Examples
    --------
    >>> 5 < memory_time(100.0, freqmin=2, freqmax=15) < 15
    True
    """
    return _designed(sampling_rate, freqmin, freqmax, corners).memory


def _designed(rate: float, freqmin: float | None, freqmax: float | None, corners: int) -> Design:
    band = Band(freqmin=freqmin, freqmax=freqmax)
    band.require_below_nyquist(rate, "the data")
    require_order(band, corners)
    return butterworth(freqmin, freqmax, int(corners), float(rate))


def _design(
    freqmin: float | None, freqmax: float | None, corners: int, rate: float
) -> tuple[NDArray[np.float64], float]:
    """Return second-order sections and the settling time in seconds."""
    design = butterworth(freqmin, freqmax, corners, rate)
    return design.sections, design.settling


def _filtered(stream: Stream | Trace, band: Band, corners: int, zerophase: bool) -> Stream:
    require_order(band, corners)
    for trace in traces_of(stream):  # refuse before any work is done
        band.require_below_nyquist(require_rate(trace), trace.id)
    out = Stream()
    for trace, samples in contiguous(stream):
        rate = float(trace.stats.sampling_rate)
        design = butterworth(band.freqmin, band.freqmax, int(corners), rate)
        settling, sections = design.settling, bank_sections([design.sections])
        data = filtered(samples, sections)[0]
        if zerophase:
            data = np.ascontiguousarray(filtered(data[::-1], sections)[0, ::-1])
        new = renewed(trace, data)
        valid_from, valid_until = valid_span(trace)
        note(new, valid_from=valid_from + settling)
        if zerophase:
            note(new, valid_until=valid_until - settling)
        _note_band(new, trace, band)
        log_step(
            new,
            f"Butterworth {band.text}, corners={corners}, zerophase={zerophase}, "
            f"settling {settling:.3g} s",
        )
        out.append(new)
    return out


def _note_band(new: Trace, old: Trace, band: Band) -> None:
    """Record the band left after this filter: what this and earlier filters let through."""
    low, high = band_of(old)
    lows = [f for f in (low, band.freqmin) if f is not None]
    highs = [f for f in (high, band.freqmax) if f is not None]
    note(new, freqmin=max(lows, default=None), freqmax=min(highs, default=None))
