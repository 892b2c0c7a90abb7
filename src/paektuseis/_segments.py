"""From streams to plain arrays: the contiguous pieces of each channel.

Measures work on samples, not on traces. Here a stream becomes, for each
channel, a list of :class:`Segment` in order of time: joined where files abut,
never overlapping, without the samples a filter's settling has disturbed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from obspy import Stream, Trace, UTCDateTime

from .errors import ParameterError, WaveformError
from .provenance import band_of, units_of, valid_span
from .times import sample_time

TOLERANCE = 1e-3
"""Share of a sample within which an instant and a sample are the same time.

Start times are stored to the microsecond or worse, so that a sample meant to
fall on a window's edge may be written a little before it.
"""

_KERNEL_TYPES = {np.dtype(np.int32), np.dtype(np.float32), np.dtype(np.float64)}


@dataclass(frozen=True)
class Segment:
    """Contiguous undisturbed samples of one channel."""

    trace_id: str
    start_ns: int
    sampling_rate: float
    data: NDArray[Any]
    units: str
    freqmin: float | None
    freqmax: float | None

    @property
    def starttime(self) -> UTCDateTime:
        """Time of the first sample."""
        return UTCDateTime(ns=self.start_ns)

    @property
    def end_ns(self) -> int:
        """One sample interval after the last sample, in nanoseconds."""
        return self.start_ns + round(len(self.data) / self.sampling_rate * 1e9)

    def first_at(self, ns: Any) -> NDArray[np.int64]:
        """Return the index of the first sample at or after instants (may lie outside)."""
        wait = np.asarray(ns, dtype=np.int64) - self.start_ns
        seconds, rest = np.divmod(wait, 1_000_000_000)
        # seconds and the rest apart: good to 1e-9 sample over a day, 1e-6 over a year
        place = seconds * self.sampling_rate + rest * (self.sampling_rate * 1e-9)
        return np.ceil(place - TOLERANCE).astype(np.int64)

    def cut(self, start_ns: int | None, end_ns: int | None) -> Segment:
        """Return the samples from ``start_ns`` up to, and without, ``end_ns``."""
        size = len(self.data)
        first = 0 if start_ns is None else int(np.clip(self.first_at(start_ns), 0, size))
        last = size if end_ns is None else int(np.clip(self.first_at(end_ns), first, size))
        return self.part(first, last)

    def part(self, first: int, last: int) -> Segment:
        """Return the samples from index ``first`` up to, and without, ``last``."""
        start_ns = self.start_ns + round(first / self.sampling_rate * 1e9)
        return Segment(
            self.trace_id,
            start_ns,
            self.sampling_rate,
            self.data[first:last],
            self.units,
            self.freqmin,
            self.freqmax,
        )


def as_stream(data: Any) -> Stream:
    """Return a Stream of the very traces passed (not copied)."""
    if isinstance(data, Trace):
        return Stream([data])
    if isinstance(data, Stream):
        return data
    raise ParameterError(
        f"expected an obspy Stream or Trace, not {type(data).__name__}; "
        "read one with paektuseis.read_waveforms"
    )


def joined(data: Any, *, undisturbed: bool = True) -> Stream:
    """Return a stream in which abutting traces are one and no sample comes twice.

    Parameters
    ----------
    data : Stream or Trace
    undisturbed : bool, optional
        First leave out the samples before ``valid_from`` and after ``valid_until`` of each
        trace (afterwards a joined trace no longer knows them).

    Raises
    ------
    WaveformError
        If a trace holds a masked array or no real numbers.
    """
    stream = as_stream(data)
    for trace in stream:
        _check(trace)
    if undisturbed:
        stream = Stream([_undisturbed(trace) for trace in stream])
    ids = [trace.id for trace in stream]
    if len(set(ids)) == len(ids):
        return stream
    from .io._segments import join_traces

    # nothing here changes samples, so that pieces need not be copied
    return Stream(join_traces(stream, copy=False)[0])


def segments(data: Any, *, undisturbed: bool = True) -> dict[str, list[Segment]]:
    """Return the segments of each channel, in order of time.

    A channel without a usable sample has one empty segment.

    Parameters
    ----------
    data, undisturbed
        As in :func:`joined`.

    Raises
    ------
    WaveformError
        As in :func:`joined`, or if the segments of a channel differ in unit or filter band.
    """
    stream = as_stream(data)
    out: dict[str, list[Segment]] = {trace_id: [] for trace_id in sorted({t.id for t in stream})}
    heads: dict[str, Trace] = {}
    for trace in stream:
        _require_alike(heads.setdefault(trace.id, trace), trace)
    for trace in joined(stream, undisturbed=undisturbed):
        if trace.stats.npts:
            out[trace.id].append(_segment(trace))
    for trace_id, pieces in out.items():
        pieces.sort(key=lambda piece: piece.start_ns)
        if not pieces:
            pieces.append(_segment(heads[trace_id]).part(0, 0))
    return out


def one_channel(data: Any, *, undisturbed: bool = True) -> list[Segment]:
    """Return the segments of the one channel in ``data``.

    Raises
    ------
    ParameterError
        If there is more than one channel.
    WaveformError
        If there is no usable sample, or segments differ in sampling rate.
    """
    found = segments(data, undisturbed=undisturbed)
    if len(found) > 1:
        raise ParameterError(
            f"one channel is needed, not {len(found)} ({', '.join(sorted(found))}); "
            'take one with stream.select(id="...")'
        )
    pieces = [piece for piece in next(iter(found.values()), []) if len(piece.data)]
    if not pieces:
        name = next(iter(found), "the stream")
        raise WaveformError(
            f"{name} holds no usable sample (empty, or all within the settling of a filter)"
        )
    rates = {piece.sampling_rate for piece in pieces}
    if len(rates) > 1:
        raise WaveformError(
            f"{pieces[0].trace_id} changes its sampling rate ({sorted(rates)} Hz); "
            "resample it or choose a time with one rate"
        )
    return pieces


def _segment(trace: Trace) -> Segment:
    samples = np.ascontiguousarray(trace.data)
    if samples.dtype not in _KERNEL_TYPES:
        samples = samples.astype(np.float64)
    return Segment(
        trace.id,
        int(trace.stats.starttime.ns),
        float(trace.stats.sampling_rate),
        samples,
        units_of(trace),
        *band_of(trace),
    )


def _undisturbed(trace: Trace) -> Trace:
    begin, until = valid_span(trace)
    size, rate = len(trace.data), float(trace.stats.sampling_rate)
    start = trace.stats.starttime
    first = math.ceil((int(begin.ns) - int(start.ns)) * 1e-9 * rate - TOLERANCE)
    last = math.floor((int(until.ns) - int(start.ns)) * 1e-9 * rate + TOLERANCE) + 1
    first = min(max(first, 0), size)
    last = min(max(last, first), size)
    if (first, last) == (0, size):
        return trace
    # the samples are shared, the header is not: the caller's trace stays as it is
    part = Trace(header=trace.stats)
    part.data = trace.data[first:last]
    part.stats.starttime = sample_time(start, first, rate)
    return part


def _check(trace: Trace) -> None:
    data = trace.data
    if np.ma.isMaskedArray(data):
        raise WaveformError(
            f"{trace.id} holds a masked array; split it at its gaps with stream.split() "
            "or paektuseis.preprocess"
        )
    if data.ndim != 1 or data.dtype.kind not in "iuf":
        raise WaveformError(
            f"{trace.id} holds {data.dtype} samples of shape {data.shape}; "
            "a row of real numbers is needed"
        )
    rate = float(trace.stats.sampling_rate)
    if not (math.isfinite(rate) and rate > 0):
        raise WaveformError(f"{trace.id} has the sampling rate {rate} Hz; it must be positive")


def _require_alike(first: Trace, other: Trace) -> None:
    for name, read in (("unit", units_of), ("filter band in Hz", band_of)):
        a, b = read(first), read(other)
        if a != b:
            raise WaveformError(
                f"traces of {first.id} differ in {name} ({a} and {b}); "
                "process them alike before measuring"
            )
