"""The Fourier amplitude spectrum of one record."""

from __future__ import annotations

import numpy as np
from obspy import Stream, Trace

from .._segments import Segment, one_channel
from ..errors import ParameterError, WaveformError
from ..times import TimeLike, as_utc
from ..types import FloatArray, Spectrum
from ._kernels import konno_ohmachi
from ._windows import check_choice, filtered_text, frequencies_of

KONNO_OHMACHI_REACH = 3 * np.pi  # third zero of the window: what lies beyond weighs 2e-4


def amplitude_spectrum(
    trace: Trace | Stream,
    *,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    taper: float = 0.05,
    smoothing: str | None = None,
    smoothing_bandwidth: float = 40.0,
) -> Spectrum:
    """Fourier amplitude spectrum of one contiguous record.

    ``|X(f)| dt`` with ``X`` the discrete Fourier transform of the samples
    after their mean is removed and both ends are tapered. One-sided: negative
    frequencies are left out, and the values are not doubled for them. No zeros
    are appended and the energy the taper takes is not put back, so a sine of
    amplitude A lasting T seconds (whole cycles, ``taper=0``) has ``A T / 2``
    at its frequency.

    Parameters
    ----------
    trace : Trace or Stream of one channel
        Without a gap in the time asked for.
    starttime, endtime : UTCDateTime or str, optional
        Take the samples from ``starttime`` to ``endtime``, both included.
    taper : float, optional
        Share of the record under a cosine taper at *each* end, 0 to 0.5.
    smoothing : {None, "konno-ohmachi"}, optional
        Smooth with the window ``(sin x / x)**4``, ``x = b log10(f / fc)``, of constant
        width on a logarithmic axis. Takes a time that grows with the square of the length.
    smoothing_bandwidth : float, optional
        The coefficient ``b``; larger is narrower.

    Returns
    -------
    Spectrum
        ``frequencies`` (nf,) from 0 to the Nyquist frequency in steps of ``1/T``; ``units``
        are the trace's per hertz; ``coverage`` the share of the time asked for.

    Raises
    ------
    WaveformError
        If there is a gap in the time asked for, or a sample that is no number.
    ParameterError
        If there is more than one channel, or an option is out of its range.

    References
    ----------
    Konno, K. and Ohmachi, T. (1998), Bull. Seismol. Soc. Am. 88(1), 228-241.

    Examples
    --------
    >>> import numpy as np, obspy
    >>> tone = obspy.Trace(5 * np.sin(2 * np.pi * 3 * np.arange(1000) / 100), {"delta": 0.01})
    >>> spectrum = amplitude_spectrum(tone, taper=0)
    >>> round(float(spectrum.values[spectrum.frequencies == 3][0]), 6), spectrum.units
    (25.0, 'counts/Hz')
    """
    from scipy.fft import rfft

    if not 0 <= taper <= 0.5:
        raise ParameterError(f"taper={taper}; give the share at each end, from 0 to 0.5")
    check_choice("smoothing", smoothing, (None, "konno-ohmachi"))
    if not smoothing_bandwidth > 0:
        raise ParameterError(f"smoothing_bandwidth={smoothing_bandwidth}; give a positive number")
    piece, coverage = _one_piece(trace, starttime, endtime)
    samples = piece.data.astype(np.float64)
    samples -= samples.mean()
    if not np.isfinite(samples).all():
        raise WaveformError(
            f"{piece.trace_id} holds samples that are no numbers (NaN or infinite); "
            "make gaps of them with paektuseis.preprocess"
        )
    samples *= cosine_taper(len(samples), taper)
    frequencies = frequencies_of(len(samples), piece.sampling_rate)
    values: FloatArray = np.abs(rfft(samples)) / piece.sampling_rate
    method = f"|FFT| dt, mean removed, {100 * taper:g} % cosine taper at each end"
    if smoothing:
        values = _smoothed(frequencies, values, smoothing_bandwidth)
        method += f", Konno-Ohmachi smoothing b={smoothing_bandwidth:g}"
    return Spectrum(
        frequencies=frequencies,
        values=values,
        units=f"({piece.units})/Hz" if set(piece.units) & set("/*") else f"{piece.units}/Hz",
        statistic="amplitude spectrum",
        trace_id=piece.trace_id,
        starttime=piece.starttime,
        endtime=piece.starttime + (len(samples) - 1) / piece.sampling_rate,
        method=method + filtered_text(piece),
        window=len(samples) / piece.sampling_rate,
        coverage=coverage,
    )


def cosine_taper(size: int, share: float) -> FloatArray:
    """Return ones with a half-cosine rise over ``share`` of the length at each end."""
    out = np.ones(size)
    edge = int(size * share)
    if edge:
        rise = 0.5 - 0.5 * np.cos(np.pi * np.arange(edge) / edge)
        out[:edge] = rise
        out[size - edge :] = rise[::-1]
    return out


def _one_piece(
    trace: Trace | Stream, starttime: TimeLike | None, endtime: TimeLike | None
) -> tuple[Segment, float]:
    pieces = one_channel(trace, undisturbed=False)
    rate = pieces[0].sampling_rate
    begin = None if starttime is None else int(as_utc(starttime, name="starttime").ns)
    # both ends included, as in obspy's slice
    end = None if endtime is None else int(as_utc(endtime, name="endtime").ns) + round(1e9 / rate)
    cut = [part for part in (p.cut(begin, end) for p in pieces) if len(part.data)]
    name = pieces[0].trace_id
    if not cut:
        raise WaveformError(
            f"{name} has no sample from {starttime} to {endtime}; its record lasts from "
            f"{pieces[0].starttime} to {pieces[-1].starttime}"
        )
    if len(cut) > 1:
        raise WaveformError(
            f"{name} has {len(cut) - 1} gap(s), the first after {cut[0].starttime} + "
            f"{len(cut[0].data) / rate:g} s; choose a time without a gap with starttime and "
            "endtime, or use power_spectral_density, which leaves gaps out"
        )
    if len(cut[0].data) < 4:
        raise WaveformError(f"{name} has only {len(cut[0].data)} samples; at least 4 are needed")
    first = cut[0].start_ns if begin is None else begin
    last = cut[0].end_ns if end is None else end
    asked = (last - first) * 1e-9 * rate
    return cut[0], min(1.0, len(cut[0].data) / max(round(asked), 1))


def _smoothed(frequencies: FloatArray, values: FloatArray, bandwidth: float) -> FloatArray:
    out = values.copy()  # 0 Hz lies infinitely far on a logarithmic axis: left as it is
    log_f = np.log10(frequencies[1:])
    angle = bandwidth * log_f
    smooth = np.empty_like(log_f)
    konno_ohmachi(
        log_f, np.sin(angle), np.cos(angle), bandwidth, KONNO_OHMACHI_REACH, values[1:], smooth
    )
    out[1:] = smooth
    return out
