"""From counts to ground motion: the instrument's response divided out."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from obspy import Inventory, Stream, Trace, UTCDateTime

from ..errors import MetadataError, ParameterError, WaveformError
from ..provenance import band_of, log_step, note, units_of, valid_span
from ._division import Corners, divide_spectrum
from ._epochs import Epoch, boundaries, epochs_at
from ._inverse import InverseFilter, filtered, inverse_filter, require_memory
from ._kernels import taper_ends
from ._traces import contiguous, piece, require_rate, traces_of
from .curves import Output, require_output, sound_response
from .preparation import detrended

UNITS = {"VEL": "m/s", "DISP": "m", "ACC": "m/s**2"}
OBSPY_TAPER = 0.05


def remove_response(
    stream: Stream | Trace,
    inventory: Inventory,
    *,
    output: Output = "VEL",
    pre_filt: Corners | None,
    taper: float | None = None,
    taper_fraction: float | None = None,
    water_level: float | None = None,
    memory: float | None = None,
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
    memory : float, optional
        Filter with an impulse response of so many seconds to either side instead of dividing
        the transform of the whole piece. A sample then depends on the record within ``memory``
        of it and not on where the record was cut, and a day takes a few megabytes beyond its
        samples. Neither mean nor taper: each piece is mirrored at its ends, and min(2/f1, half
        the piece) there is outside the valid span. Must reach 4 / min(f1, f2 − f1, f4 − f3).

    Returns
    -------
    Stream
        New traces, float64, in m/s, m or m/s**2 (``provenance.units_of``), with the flat band
        recorded; tapered ends are outside ``provenance.valid_span``.

    Raises
    ------
    ParameterError
        If ``pre_filt`` is not four rising frequencies up to the Nyquist frequency, neither
        it nor a water level is given, or ``memory`` is too short for the flanks or comes with a
        taper or a water level.
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
    if memory is not None:
        for name, option in (
            ("taper", taper),
            ("taper_fraction", taper_fraction),
            ("water_level", water_level),
        ):
            if option is not None:
                raise ParameterError(f"give memory or {name}, not both")
        require_memory(memory, corners)
    out = Stream()
    known: dict[tuple[Any, ...], tuple[Any, InverseFilter | None]] = {}
    for trace, samples in contiguous(stream):
        if units_of(trace) != "counts":
            raise WaveformError(
                f"{trace.id} is in {units_of(trace)}, not counts: its response has been removed"
            )
        rate = float(trace.stats.sampling_rate)
        for begin, end, when, epochs in _by_epoch(trace, inventory):
            key = (trace.id, rate, *map(id, epochs))
            if key not in known:
                response = sound_response(inventory, trace.id, when, output)
                inverse = None
                if memory is not None and corners is not None:
                    inverse = inverse_filter(response, output, corners, rate, memory, trace.id)
                known[key] = response, inverse
            response, inverse = known[key]
            if inverse is None:
                length = _taper_length(end - begin, rate, corners, taper, taper_fraction)
                data = detrended(samples[begin:end], "demean")
                taper_ends(data, length)
                data = _divided(data, rate, response, output, corners, water_level, trace.id)
            else:
                length = _mirrored_length(end - begin, rate, corners)
                data = filtered(samples[begin:end], _number(trace) + begin, inverse)
            new = piece(trace, begin, end, data)
            _record(new, trace, output, corners, water_level, length / rate, memory)
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


def _by_epoch(
    trace: Trace, inventory: Inventory
) -> list[tuple[int, int, UTCDateTime, list[Epoch]]]:
    """Cut a trace at the ends of epochs: index range, an instant and the epochs of each part."""
    start, end = trace.stats.starttime, trace.stats.endtime
    rate, count = float(trace.stats.sampling_rate), len(trace.data)
    cuts = [
        int(np.ceil((time - start) * rate - 1e-3))
        for time in boundaries(inventory, trace.id, start, end)
    ]
    edges = sorted({0, count, *(c for c in cuts if 0 < c < count)})
    parts: list[tuple[int, int, UTCDateTime, list[Epoch]]] = []
    for begin, stop in pairwise(edges):
        when = start + 0.5 * (begin + stop - 1) / rate
        epochs = epochs_at(inventory, trace.id, when)
        if parts and epochs and epochs == parts[-1][3]:  # an epoch of no concern began or ended
            parts[-1] = (parts[-1][0], stop, *parts[-1][2:])
        else:
            parts.append((begin, stop, when, epochs))
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


def _mirrored_length(count: int, rate: float, corners: Corners | None) -> int:
    """Samples at each end where what was mirrored is felt too much."""
    low = corners[0] if corners is not None else 0.0
    return min(round(2 / low * rate), count // 2) if low > 0 else count // 2


def _number(trace: Trace) -> int:
    """Count of samples from 1970 to the first of a trace."""
    samples = int(trace.stats.starttime.ns) * float(trace.stats.sampling_rate) / 1e9
    return int(np.floor(samples + 0.25))  # off the places where a phase is likely


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
    spectrum = rfft(data, n=size)
    divide_spectrum(spectrum, size, rate, response, output, corners, water_level, trace_id)
    return np.asarray(irfft(spectrum, n=size, overwrite_x=True)[:count].copy())


def _record(
    new: Trace,
    old: Trace,
    output: Output,
    corners: Corners | None,
    water_level: float | None,
    taper: float,
    memory: float | None,
) -> None:
    # the taps of a filter have been looked at before
    if memory is None and not np.isfinite(new.data).all():
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
        + (
            f"taper {taper:.6g} s, water_level={water_level}"
            if memory is None
            else f"memory {memory:g} s"
        ),
    )
