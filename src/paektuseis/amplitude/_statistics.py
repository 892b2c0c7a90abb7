"""What the amplitude measures share: choices checked, and the band asked for."""

from __future__ import annotations

from collections.abc import Sequence

from obspy import Stream, Trace

from .._segments import as_stream, joined
from ..errors import ParameterError
from ..types import Band


def check_choice(name: str, value: str, allowed: Sequence[str]) -> None:
    """Raise if a named choice is not one of the allowed."""
    if value not in allowed:
        raise ParameterError(f"{name}={value!r}; give one of {', '.join(allowed)}")


def in_band(data: Stream | Trace, band: Band) -> Stream:
    """Return the stream joined and filtered causally to a band, or as it is if that is open."""
    if band == Band():
        return as_stream(data)
    stream = joined(data)
    for trace in stream:
        band.require_below_nyquist(float(trace.stats.sampling_rate), trace.id)
    from ..processing import bandpass, highpass, lowpass

    low, high = band.freqmin, band.freqmax
    if low is not None and high is not None:
        return bandpass(stream, freqmin=low, freqmax=high)
    if low is not None:
        return highpass(stream, freq=low)
    return lowpass(stream, freq=high) if high is not None else stream
