"""Changing the sampling rate, always behind an anti-alias filter."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from obspy import Stream, Trace

from ..errors import ParameterError
from ..provenance import band_of, log_step, note, valid_span
from ._traces import contiguous, piece, require_rate, traces_of

PASSBAND = 0.8
"""Share of the lower Nyquist frequency up to which amplitudes are kept to 1e-4."""

_ATTENUATION_DB = 90.0
_LARGEST = 10_000


def resample(stream: Stream | Trace, *, sampling_rate: float) -> Stream:
    """Bring every trace to one sampling rate, with an anti-alias filter.

    Parameters
    ----------
    stream : Stream or Trace
        Masked, NaN and −2³¹ samples split a trace.
    sampling_rate : float
        The new rate in hertz, higher or lower than before. The two rates must be in a ratio of
        whole numbers up to 10,000.

    Returns
    -------
    Stream
        New traces, float64. The first sample keeps its time; the last is the last new instant
        not after the old end. Half a filter length at each end is outside
        ``provenance.valid_span``.

    Raises
    ------
    ParameterError
        If the rate is not positive or in no such ratio to that of a trace.

    Notes
    -----
    A zero-phase FIR filter (Kaiser window, 90 dB) in polyphase form: amplitudes are kept to
    1e-4 up to 0.8 of the lower of the two Nyquist frequencies; what would fold into that band
    is 90 dB down.

    References
    ----------
    Crochiere, R. E. and Rabiner, L. R. (1983). Multirate Digital Signal Processing.
    Prentice-Hall.

    Examples
    --------
    >>> from obspy import Trace
    >>> import numpy as np
    >>> resample(Trace(np.zeros(1000), {"sampling_rate": 100.0}), sampling_rate=40)[0].stats.npts
    400
    """
    _require_rate(sampling_rate)
    for trace in traces_of(stream):
        _ratio(float(sampling_rate), require_rate(trace), trace.id)
    out = Stream()
    for trace, samples in contiguous(stream):
        out.append(_resampled(trace, samples, float(sampling_rate)))
    return out


def decimate_to(stream: Stream | Trace, *, sampling_rate: float) -> Stream:
    """Bring every trace down to a rate that divides its own, with an anti-alias filter.

    Parameters
    ----------
    stream : Stream or Trace
    sampling_rate : float
        The new rate in hertz; the rate of each trace must be a whole multiple of it.

    Returns
    -------
    Stream
        New traces, float64, as from :func:`resample`: every n-th instant is kept.

    Raises
    ------
    ParameterError
        If a trace is slower than that, or its rate is no whole multiple.
    """
    _require_rate(sampling_rate)
    for trace in traces_of(stream):
        factor = require_rate(trace) / sampling_rate
        if factor < 1 - 1e-9 or abs(factor - round(factor)) > 1e-6 * factor:
            raise ParameterError(
                f"sampling_rate={sampling_rate:g} Hz does not divide the "
                f"{trace.stats.sampling_rate:g} Hz of {trace.id}; use resample"
            )
    return resample(stream, sampling_rate=sampling_rate)


def _require_rate(rate: float) -> None:
    if not (np.isfinite(rate) and rate > 0):
        raise ParameterError(f"sampling_rate={rate} Hz; give a positive rate")


def _ratio(new: float, old: float, trace_id: str) -> tuple[int, int]:
    ratio = Fraction(new / old).limit_denominator(_LARGEST)
    if ratio.numerator > _LARGEST or abs(float(ratio) * old / new - 1) > 1e-9:
        raise ParameterError(
            f"{trace_id}: {old!r} Hz and {new!r} Hz are in no ratio of whole numbers up to "
            f"{_LARGEST}; give the nominal rate"
        )
    return ratio.numerator, ratio.denominator


@lru_cache(maxsize=16)
def _filter(up: int, down: int) -> NDArray[np.float64]:
    """Return the taps of the low-pass at ``up`` times the old rate (odd, symmetric, sum 1)."""
    from scipy.signal import firwin, kaiser_beta, kaiserord

    nyquist = 1.0 / max(up, down)  # the lower Nyquist, in units of half the raised rate
    # what lies between the edge and its image folds onto frequencies above the pass-band
    width = 2 * (1 - PASSBAND) * nyquist
    count, _ = kaiserord(_ATTENUATION_DB, width)
    taps = firwin(count | 1, nyquist, window=("kaiser", kaiser_beta(_ATTENUATION_DB)))
    taps.setflags(write=False)
    return np.asarray(taps)


def _resampled(trace: Trace, samples: NDArray[np.generic], rate: float) -> Trace:
    from scipy.signal import resample_poly

    old = float(trace.stats.sampling_rate)
    up, down = _ratio(rate, old, trace.id)
    data = np.asarray(samples, dtype=np.float64)
    if up == down:
        new = piece(trace, 0, len(data), data.copy())
        new.stats.sampling_rate = rate
        return new
    taps = _filter(up, down)
    # an offset must not ring at the ends: it is taken off and put back
    level = float(data.mean())
    count = (len(data) - 1) * up // down + 1
    values = resample_poly(data - level, up, down, window=taps)[:count] + level
    new = piece(trace, 0, count, np.ascontiguousarray(values))
    new.stats.sampling_rate = rate
    half = (len(taps) // 2) / (up * old)
    valid_from, valid_until = valid_span(trace)
    _, high = band_of(trace)
    edge = PASSBAND * min(rate, old) / 2
    note(
        new,
        valid_from=valid_from + half,
        valid_until=valid_until - half,
        freqmax=edge if high is None else min(high, edge),
    )
    return log_step(new, f"resampled {old:g} to {rate:g} Hz (flat below {edge:g} Hz)")
