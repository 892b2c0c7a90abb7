"""The same preparation for templates, events and the record they are sought in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from obspy import Stream, Trace, UTCDateTime

from .._segments import TOLERANCE, Segment, segments
from ..errors import ParameterError, WaveformError
from ..processing import (
    bandpass,
    decimate_to,
    highpass,
    lowpass,
    memory_time,
    preprocess,
    settling_time,
    sound_pieces,
)
from ..provenance import band_of
from ..types import Band

DAY_NS = 86_400_000_000_000
FLAT = 0.2
"""Seconds without a change of the raw samples from which on they are remembered as flat."""


class WaveformSource(Protocol):
    """Anything samples can be read from: ``Archive`` is one."""

    def read(self, trace_ids: Any, starttime: UTCDateTime, endtime: UTCDateTime) -> Stream:
        """Return the samples of some channels from ``starttime`` to ``endtime``."""
        ...


@dataclass(frozen=True)
class Prepared:
    """Pieces of each channel, filtered and undisturbed, and where the raw record was flat."""

    segments: dict[str, list[Segment]]
    flat: dict[str, list[tuple[int, int]]]  # nanoseconds, half open


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """What is done to a record before it is compared.

    Attributes
    ----------
    freqmin, freqmax : float or None
        Corners of a causal Butterworth filter in hertz; both None: no filter.
    corners : int
    sampling_rate : float or None
        Hertz the record is brought down to before the filter; None: as it is.
    """

    freqmin: float | None = None
    freqmax: float | None = None
    corners: int = 4
    sampling_rate: float | None = None

    def __post_init__(self) -> None:
        Band(freqmin=self.freqmin, freqmax=self.freqmax)
        if self.sampling_rate is not None and not (
            np.isfinite(self.sampling_rate) and self.sampling_rate > 0
        ):
            raise ParameterError(f"sampling_rate={self.sampling_rate} Hz; give a positive rate")

    @property
    def filters(self) -> bool:
        """Whether there is a filter."""
        return self.freqmin is not None or self.freqmax is not None

    def apply(self, stream: Stream) -> Prepared:
        """Return the record prepared; the caller's traces stay as they are."""
        raw = sound_pieces(stream)
        flat = _flat_spans(raw)
        done = [t for t in raw if self._is_done(t)]
        todo = Stream([t for t in raw if not self._is_done(t)])
        if self.filters or self.sampling_rate is not None:
            todo = preprocess(todo, detrend="start")
        if self.sampling_rate is not None:
            todo = decimate_to(_on_grid(todo, self.sampling_rate), sampling_rate=self.sampling_rate)
        if self.filters:
            todo = self._filtered(todo)
        found = segments(Stream([*done, *todo]))
        return Prepared({k: [s for s in v if len(s.data)] for k, v in found.items()}, flat)

    def _is_done(self, trace: Trace) -> bool:
        """Whether a trace has been filtered to this very band by this library already."""
        same_rate = self.sampling_rate in (None, float(trace.stats.sampling_rate))
        return self.filters and same_rate and band_of(trace) == (self.freqmin, self.freqmax)

    def _filtered(self, stream: Stream) -> Stream:
        if self.freqmin is None:
            return lowpass(stream, freq=float(self.freqmax or 0), corners=self.corners)
        if self.freqmax is None:
            return highpass(stream, freq=self.freqmin, corners=self.corners)
        return bandpass(stream, freqmin=self.freqmin, freqmax=self.freqmax, corners=self.corners)

    def lead(self, rate: float) -> tuple[float, float]:
        """Return the seconds to read before and after a span so that its ends do not show."""
        low = self.sampling_rate or rate
        edge = 0.0 if low >= rate else 60.0 / low
        if not self.filters:
            return edge, edge
        band = {"freqmin": self.freqmin, "freqmax": self.freqmax, "corners": self.corners}
        memory = memory_time(low, **band) + settling_time(low, **band)  # type: ignore[arg-type]
        return edge + memory, edge

    def record(
        self,
        source: WaveformSource,
        trace_ids: Iterable[str] | None,
        start_ns: int,
        end_ns: int,
        rates: set[float],
    ) -> Stream:
        """Read a span with as much before and after as the filter needs at the record's rates.

        ``rates`` remembers what rates were met, so that one reading does for most spans.
        """
        start, end = UTCDateTime(ns=start_ns), UTCDateTime(ns=end_ns)
        if not rates:
            rates |= _rates(source.read(trace_ids, start, end))
        while True:
            leads = [self.lead(r) for r in rates if self.fits(r)] or [(0.0, 0.0)]
            lead, tail = (max(x) for x in zip(*leads, strict=True))
            stream = source.read(trace_ids, start - lead - 1.0, end + tail + 1.0)
            new = _rates(stream) - rates
            if not new:
                return stream
            rates |= new

    def fits(self, rate: float) -> bool:
        """Whether the band lies below the Nyquist frequency of a rate."""
        low = min(self.sampling_rate or rate, rate)
        return max(self.freqmin or 0.0, self.freqmax or 0.0) < low / 2


def _rates(stream: Stream) -> set[float]:
    return {float(t.stats.sampling_rate) for t in stream}


def selected(trace_id: str, patterns: Iterable[str] | None) -> bool:
    """Whether a channel is one of those asked for (wildcards allowed; None: every channel)."""
    return patterns is None or any(fnmatchcase(trace_id, p) for p in patterns)


def as_source(data: Any) -> WaveformSource:
    """Return something to read from: an archive itself, or a Stream wrapped as one."""
    if isinstance(data, Trace):
        return _Memory(Stream([data]))
    if isinstance(data, Stream):
        return _Memory(data)
    if hasattr(data, "read") and hasattr(data, "span"):
        found: WaveformSource = data
        return found
    raise ParameterError(
        f"cannot read waveforms from a {type(data).__name__}; give a Stream or an Archive"
    )


class _Memory:
    """A Stream in memory, read as an archive is (samples shared, never written)."""

    def __init__(self, stream: Stream) -> None:
        self.stream = sound_pieces(stream)

    def read(
        self, trace_ids: Iterable[str] | None, starttime: UTCDateTime, endtime: UTCDateTime
    ) -> Stream:
        wanted = None if trace_ids is None else set(trace_ids)
        out = Stream()
        for trace in self.stream:
            if not selected(trace.id, wanted):
                continue
            if trace.stats.endtime < starttime or trace.stats.starttime > endtime:
                continue
            out.append(trace.slice(starttime, endtime))
        return out

    def span(self, trace_ids: Iterable[str] | None = None) -> tuple[UTCDateTime, UTCDateTime]:
        wanted = None if trace_ids is None else set(trace_ids)
        traces = [t for t in self.stream if selected(t.id, wanted)]
        if not traces:
            raise WaveformError(
                f"the stream has no sample of {sorted(wanted or [])}; it has "
                f"{sorted({t.id for t in self.stream})}"
            )
        return (
            min(t.stats.starttime for t in traces),
            max(t.stats.endtime for t in traces),
        )


def days(start_ns: int, end_ns: int) -> Iterator[tuple[int, int, int]]:
    """Yield midnight, first and last (not included) nanosecond of each UTC day of a span."""
    midnight = start_ns // DAY_NS * DAY_NS
    while midnight < end_ns:
        yield midnight, max(start_ns, midnight), min(end_ns, midnight + DAY_NS)
        midnight += DAY_NS


def position(ns: int, anchor_ns: int, rate: float) -> float:
    """Return the place of an instant in samples after an anchor."""
    seconds, rest = divmod(ns - anchor_ns, 1_000_000_000)
    return seconds * rate + rest * (rate * 1e-9)


def nearest(place: float) -> int:
    """Return the nearest whole sample; halves go up even where a time is a little early."""
    return int(np.floor(place + 0.5 + TOLERANCE))


def _on_grid(stream: Stream, rate: float) -> Stream:
    """Let each piece begin on an instant every n-th of which is kept whatever was read."""
    out = Stream()
    for trace in stream:
        old = float(trace.stats.sampling_rate)
        factor = max(round(old / rate), 1)
        start = int(trace.stats.starttime.ns)
        late = -nearest(position(start, start // DAY_NS * DAY_NS, old)) % factor
        if late < len(trace.data):
            out.append(trace.slice(trace.stats.starttime + late / old) if late else trace)
    return out


def _flat_spans(stream: Stream) -> dict[str, list[tuple[int, int]]]:
    """Return where the samples of each channel stay the same for ``FLAT`` seconds or more."""
    out: dict[str, list[tuple[int, int]]] = {}
    for trace in stream:
        rate, start = float(trace.stats.sampling_rate), int(trace.stats.starttime.ns)
        for a, b in _runs(trace.data, max(int(FLAT * rate), 2)):
            span = (start + round(a / rate * 1e9), start + round(b / rate * 1e9))
            out.setdefault(trace.id, []).append(span)
    return out


def _runs(data: NDArray[Any], least: int) -> list[tuple[int, int]]:
    """Return index ranges of at least ``least`` equal samples."""
    if data.size < least:
        return []
    edges = np.flatnonzero(data[1:] != data[:-1]) + 1
    bounds = np.concatenate([[0], edges, [data.size]])
    long = np.flatnonzero(np.diff(bounds) >= least)
    return [(int(bounds[i]), int(bounds[i + 1])) for i in long]
