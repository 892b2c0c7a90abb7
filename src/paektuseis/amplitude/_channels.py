"""A channel as contiguous pieces, and the filters its amplitudes are measured through."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from obspy import Stream, Trace

from .._segments import TOLERANCE, Segment, joined
from ..errors import WaveformError
from ..processing._design import Design, butterworth
from ..processing._traces import contiguous
from ..provenance import band_of, units_of, valid_span
from ..types import Band

CORNERS = 4


@dataclass(frozen=True)
class Lane:
    """One filter: a band, of the record or of its integral."""

    band: Band
    integrated: bool = False

    def design(self, rate: float) -> Design:
        """Return the filter for a sampling rate."""
        low, high = self.band.freqmin, self.band.freqmax
        return butterworth(low, high, CORNERS, rate, self.integrated)


@dataclass(frozen=True)
class Channel:
    """The contiguous pieces of one channel, their unit and the band they have been filtered to."""

    trace_id: str
    pieces: tuple[Segment, ...]
    valid: tuple[tuple[int, int], ...]
    """Of each piece: instants (ns) from which and until which the input is undisturbed."""
    units: str
    band: tuple[float | None, float | None]

    def undisturbed(self, index: int, lane: Lane) -> tuple[int, int]:
        """Return the samples of a piece that the lane's settling leaves, as an index pair."""
        piece = self.pieces[index]
        rate, size = piece.sampling_rate, len(piece.data)
        settling = round(lane.design(rate).settling * 1e9)
        begin, until = (edge - piece.start_ns for edge in self.valid[index])
        first = math.ceil((begin + settling) * 1e-9 * rate - TOLERANCE)
        last = math.floor(until * 1e-9 * rate + TOLERANCE) + 1
        first = min(max(first, 0), size)
        return first, min(max(last, first), size)

    def settled(self, lane: Lane) -> dict[int, tuple[int, Segment]]:
        """Return by number of the piece what the lane's settling leaves, and where it begins."""
        out = {}
        for k, piece in enumerate(self.pieces):
            first, last = self.undisturbed(k, lane)
            if last > first:
                out[k] = first, piece.part(first, last)
        return out

    def band_within(self, band: Band) -> tuple[float | None, float | None]:
        """Return what is left of a band by the filters the record has been through."""
        lows = [f for f in (self.band[0], band.freqmin) if f is not None]
        highs = [f for f in (self.band[1], band.freqmax) if f is not None]
        return max(lows, default=None), min(highs, default=None)


def channels_of(stream: Stream | Trace) -> Iterator[Channel]:
    """Yield the channels that hold samples, in order of their ids."""
    whole = joined(stream)
    found: dict[str, list[tuple[Trace, Any]]] = {}
    for trace, samples in contiguous(whole):
        found.setdefault(trace.id, []).append((trace, samples))
    for trace_id in sorted(found):
        heads = sorted(found[trace_id], key=lambda item: item[0].stats.starttime.ns)
        units = {units_of(trace) for trace, _ in heads}
        bands = {band_of(trace) for trace, _ in heads}
        if len(units) > 1 or len(bands) > 1:
            raise WaveformError(
                f"traces of {trace_id} differ in unit or filter band in Hz ({units}, {bands}); "
                "process them alike before measuring"
            )
        (unit,), (band,) = units, bands
        pieces = tuple(
            Segment(
                trace_id,
                int(trace.stats.starttime.ns),
                float(trace.stats.sampling_rate),
                samples,
                unit,
                *band,
            )
            for trace, samples in heads
        )
        spans = (valid_span(trace) for trace, _ in heads)
        valid = tuple((int(a.ns), int(b.ns)) for a, b in spans)
        yield Channel(trace_id, pieces, valid, unit, band)
