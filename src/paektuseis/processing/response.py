"""From counts to ground motion: the instrument's response divided out."""

from __future__ import annotations

import logging
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from obspy import Inventory, Stream, Trace, UTCDateTime

from ..errors import MetadataError, ParameterError, WaveformError
from ..provenance import band_of, log_step, note, units_of, valid_span
from ._epochs import boundaries, epochs_at
from ._kernels import divide_by_curve, taper_ends
from ._metadata import evaluate
from ._traces import contiguous, piece, require_rate, traces_of
from .curves import Curve, Output, curve_of, require_output, sound_response
from .preparation import detrended

_log = logging.getLogger("paektuseis.processing")

UNITS = {"VEL": "m/s", "DISP": "m", "ACC": "m/s**2"}
OBSPY_TAPER = 0.05
_FADED = 1e-4  # 80 dB: no digitiser resolves ground motion so far below its best

Corners = tuple[float, float, float, float]


def remove_response(
    stream: Stream | Trace,
    inventory: Inventory,
    *,
    output: Output = "VEL",
    pre_filt: Corners | None,
    taper: float | None = None,
    taper_fraction: float | None = None,
    water_level: float | None = None,
) -> Stream:
    """Turn counts into ground motion by dividing the instrument response out of the spectrum.

    Parameters
    ----------
    stream : Stream or Trace
        Raw counts. Masked, NaN and −2³¹ samples split a trace.
    inventory : Inventory
        With responses for every trace at its time. A trace that runs across the end of an
        epoch is cut there and each part divided by its own response.
    output : {"VEL", "DISP", "ACC"}, optional
        m/s, m or m/s**2.
    pre_filt : (f1, f2, f3, f4) or None
        Corners in hertz of a cosine-flanked band: nothing below f1 and above f4, everything
        between f2 and f3. Must be given; ``None`` only together with a ``water_level``,
        since a response falls to nothing at low frequency and its inverse grows without bound.
    taper : float, optional
        Seconds at each end multiplied by a quarter sine, after the mean has been removed. By
        default 2.5 % of the piece at each end, as obspy does, but never more than 2/f1
        (100 s for f1 = 0.02 Hz): a day does not lose 36 minutes at each end.
    taper_fraction : float, optional
        The same as obspy's ``taper_fraction``: share of the piece that is tapered, both ends
        together. 0.05 gives obspy's own default.
    water_level : float, optional
        Raise the response to this many dB below its largest value where it is smaller (it is
        obspy's, which sets 60 unasked). None by default.

    Returns
    -------
    Stream
        New traces, float64, in m/s, m or m/s**2 (``provenance.units_of``), with the flat band
        recorded; tapered ends are outside ``provenance.valid_span``.

    Raises
    ------
    ParameterError
        If ``pre_filt`` is not four rising frequencies up to the Nyquist frequency, or neither
        it nor a water level is given.
    MetadataError
        If no epoch covers the time, its response is unusable or not of ground motion.
    WaveformError
        If a trace is no longer in counts.

    Notes
    -----
    evalresp gives the curve (:func:`response_curve`); the transform has a fast length, padded
    beyond the longest memory of the flanks. Equal to obspy's ``Trace.remove_response`` with
    the same pre_filt and taper and ``water_level=None``. A water level changes amplitudes in a
    way nobody can see afterwards: use it only where a pre_filt cannot be chosen.

    References
    ----------
    Havskov, J. and Alguacil, G. (2016). Instrumentation in Earthquake Seismology, 2nd ed.,
    Springer, ch. 6.
    """
    require_output(output)
    traces = traces_of(stream)
    corners = _checked(pre_filt, water_level, traces)
    for name, value in (("taper", taper), ("taper_fraction", taper_fraction)):
        if value is not None and not (np.isfinite(value) and value >= 0):
            raise ParameterError(f"{name}={value}; give zero or more")
    if taper is not None and taper_fraction is not None:
        raise ParameterError("give taper (seconds at each end) or taper_fraction, not both")
    out = Stream()
    for trace, samples in contiguous(stream):
        if units_of(trace) != "counts":
            raise WaveformError(
                f"{trace.id} is in {units_of(trace)}, not counts: its response has been removed"
            )
        rate = float(trace.stats.sampling_rate)
        for begin, end, when in _by_epoch(trace, inventory):
            response = sound_response(inventory, trace.id, when, output)
            length = _taper_length(end - begin, rate, corners, taper, taper_fraction)
            data = detrended(samples[begin:end], "demean")
            taper_ends(data, length)
            data = _divided(data, rate, response, output, corners, water_level, trace.id)
            new = piece(trace, begin, end, data)
            _record(new, trace, output, corners, water_level, length / rate)
            out.append(new)
    return out


def _checked(pre_filt: Any, water_level: float | None, traces: list[Trace]) -> Corners | None:
    if water_level is not None and not (np.isfinite(water_level) and water_level > 0):
        raise ParameterError(f"water_level={water_level} dB; give a positive figure or None")
    if pre_filt is None:
        if water_level is None:
            raise ParameterError(
                "remove_response needs pre_filt=(f1, f2, f3, f4): without it, or an explicit "
                "water_level, the inverse of the response grows without bound"
            )
        return None
    try:
        f1, f2, f3, f4 = (float(f) for f in pre_filt)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"pre_filt={pre_filt!r}; give four frequencies in hertz") from error
    if not (np.isfinite(f4) and 0 <= f1 < f2 <= f3 < f4):
        raise ParameterError(
            f"pre_filt={pre_filt!r}; the four frequencies must rise: 0 <= f1 < f2 <= f3 < f4"
        )
    for trace in traces:
        nyquist = require_rate(trace) / 2
        if f4 > nyquist:
            raise ParameterError(
                f"pre_filt reaches {f4:g} Hz, above the Nyquist frequency {nyquist:g} Hz of "
                f"{trace.id}; lower f3 and f4 or drop the channel"
            )
    return f1, f2, f3, f4


def _by_epoch(trace: Trace, inventory: Inventory) -> list[tuple[int, int, UTCDateTime]]:
    """Cut a trace at the ends of epochs: index range and an instant of each part."""
    start, end = trace.stats.starttime, trace.stats.endtime
    rate, count = float(trace.stats.sampling_rate), len(trace.data)
    cuts = [
        int(np.ceil((time - start) * rate - 1e-3))
        for time in boundaries(inventory, trace.id, start, end)
    ]
    edges = sorted({0, count, *(c for c in cuts if 0 < c < count)})
    parts: list[tuple[int, int, UTCDateTime]] = []
    held: list[Any] = []
    for begin, stop in pairwise(edges):
        when = start + 0.5 * (begin + stop - 1) / rate
        epochs = epochs_at(inventory, trace.id, when)
        if parts and epochs and epochs == held:  # an epoch of no concern began or ended
            parts[-1] = (parts[-1][0], stop, parts[-1][2])
        else:
            parts.append((begin, stop, when))
        held = epochs
    return parts


def _taper_length(
    count: int,
    rate: float,
    corners: Corners | None,
    taper: float | None,
    fraction: float | None,
) -> int:
    """Samples tapered at each end."""
    if taper is not None:
        return min(round(taper * rate), count // 2)
    length = int(count * min(fraction if fraction is not None else OBSPY_TAPER, 1.0) / 2 + 0.5)
    if fraction is None and corners is not None and corners[0] > 0:
        length = min(length, round(2 / corners[0] * rate))
    return min(length, count // 2)


def _divided(
    data: NDArray[np.float64],
    rate: float,
    response: Any,
    output: Output,
    corners: Corners | None,
    water_level: float | None,
    trace_id: str,
) -> NDArray[np.float64]:
    """Return the samples with the response divided out."""
    from scipy.fft import irfft, next_fast_len, rfft

    count = len(data)
    # beyond 20 periods of its width a cosine flank has forgotten: nothing wraps around
    pad = count if corners is None else min(count, int(20 * rate / (corners[1] - corners[0])) + 1)
    size = next_fast_len(count + max(pad, 1), real=True)
    size += size % 2
    step = rate / size
    spectrum = rfft(data, n=size)
    spectrum[0] = 0.0
    low, high = (step, rate / 2) if corners is None else (max(corners[0], step), corners[3])
    first = max(1, int(np.ceil(low / step - 1e-9)))
    last = min(int(np.floor(high / step + 1e-9)), size // 2)
    spectrum[:first] = 0.0
    spectrum[last + 1 :] = 0.0
    if last < first:
        return np.zeros(count)
    curve = curve_of(response, output, first * step, rate / 2, trace_id)
    if curve is not None and water_level is None:
        _warn_where_it_fades(curve, low, high, trace_id)
    flanks = np.array(corners if corners is not None else (-1.0, -1.0, -1.0, -1.0))
    band = spectrum[first : last + 1]
    if curve is not None:
        floor = _floor(np.abs(curve.coefficients[3]), water_level)
        divide_by_curve(band, step, first, curve.knots, curve.coefficients, flanks, floor)
    else:
        _divide_exactly(band, step, first, response, output, flanks, water_level, trace_id)
    return np.asarray(irfft(spectrum, n=size, overwrite_x=True)[:count].copy())


def _warn_where_it_fades(curve: Curve, low: float, high: float, trace_id: str) -> None:
    """Say so where the response is next to nothing inside the band: noise is raised there."""
    size = np.abs(curve.coefficients[3])
    f = np.exp(curve.knots[:-1])
    inside = (f >= low) & (f <= high)
    if not inside.any():
        return
    worst = int(np.argmin(np.where(inside, size, np.inf)))
    fall = float(size[worst] / size[inside].max())
    if fall < _FADED:
        _log.warning(
            "%s: at %.4g Hz, inside pre_filt, the response is %.0f dB below its largest value "
            "there, and noise is raised as much; draw pre_filt in",
            trace_id,
            f[worst],
            -20 * np.log10(max(fall, 1e-30)),
        )


def _floor(amplitudes: NDArray[np.float64], water_level: float | None) -> float:
    if water_level is None:
        return 0.0
    return float(amplitudes.max() * 10.0 ** (-water_level / 20.0))


def _divide_exactly(
    band: NDArray[np.complex128],
    step: float,
    first: int,
    response: Any,
    output: Output,
    flanks: NDArray[np.float64],
    water_level: float | None,
    trace_id: str,
) -> None:
    """Divide by evalresp's own value at each frequency, in place (slow: no curve was sound)."""
    _log.warning(
        "%s: response too rough for a curve; evalresp at %d frequencies", trace_id, len(band)
    )
    frequencies = np.arange(first, first + len(band) + 1, dtype=np.float64) * step
    truth = evaluate(response, frequencies[:-1], output, trace_id)
    knots = np.log(frequencies)
    coefficients = np.zeros((4, len(band)), dtype=np.complex128)
    coefficients[3] = truth
    floor = _floor(np.abs(truth), water_level)
    divide_by_curve(band, step, first, knots, coefficients, flanks, floor)


def _record(
    new: Trace,
    old: Trace,
    output: Output,
    corners: Corners | None,
    water_level: float | None,
    taper: float,
) -> None:
    if not np.isfinite(new.data).all():
        raise MetadataError(f"{new.id}: dividing by the response gave values that are no numbers")
    valid_from, valid_until = valid_span(old)
    start, end = new.stats.starttime, new.stats.endtime
    note(
        new,
        units=UNITS[output],
        valid_from=max(valid_from, start + taper),
        valid_until=min(valid_until, end - taper),
    )
    if corners is not None:
        low, high = band_of(old)
        note(
            new,
            freqmin=max(corners[1], low or 0.0),
            freqmax=min(corners[2], high or np.inf),
        )
    log_step(
        new,
        f"response removed, output={output} ({UNITS[output]}), pre_filt={corners}, "
        f"taper {taper:.6g} s, water_level={water_level}",
    )
