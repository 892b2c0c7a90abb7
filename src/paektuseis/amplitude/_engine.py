"""Amplitudes in many bands and windows from one pass over a record.

All bands are filtered side by side, some minutes at a time, into a buffer that
stays in the cache; as soon as a window is full its amplitudes are taken and its
samples are dropped. No filtered record is ever whole in memory. What comes out is what
filtering the whole record and measuring it window by window gives.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from obspy import Stream, Trace

from .._segments import TOLERANCE, Segment, joined
from ..errors import WaveformError
from ..processing._bank import BLOCK, bank_rows, bank_sections, filtered
from ..processing._design import Design, butterworth
from ..processing._traces import contiguous
from ..provenance import band_of, units_of, valid_span
from ..times import TimeLike
from ..types import Band, FloatArray
from ._windows import IntArray, Share, Workspace, measured, share_of, windowed, windows_of

CORNERS = 4
CHUNK = 131_072
"""Samples of all bands a pass filters before it looks for full windows (1 MB), at least."""

ROOM = 262_144
"""Samples the buffer should hold (2 MB), so that it stays in the cache.

Four bands in windows of ten minutes at 100 Hz fit; more take a second pass.
"""

MARGIN = 2
"""Samples kept more than the windows need, against rounding of times."""


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
class Request:
    """Amplitudes wanted in the same windows: of one lane, or of two to be compared."""

    lanes: tuple[Lane, ...]
    step: int
    statistic: str


@dataclass
class Answer:
    """Amplitudes of each lane of a request: ``value[lane, window]``."""

    request: Request
    edges: IntArray
    value: FloatArray
    coverage: FloatArray
    shares: list[dict[int, Share]] = field(repr=False)
    """Of each lane, by number of the piece."""
    done: int = 0

    @property
    def finished(self) -> bool:
        """Whether all windows have been measured."""
        return self.done >= len(self.edges) - 1


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


def measure(
    channel: Channel,
    requests: Sequence[Request],
    starttime: TimeLike | None,
    endtime: TimeLike | None,
) -> list[Answer]:
    """Return the amplitudes asked for, of one channel, in one pass where memory allows."""
    answers = [_answer(channel, request, starttime, endtime) for request in requests]
    wanted = [answer for answer in answers if not answer.finished]
    ends = [piece.end_ns for piece in channel.pieces]
    apart = all(
        a - 0.5e9 / p.sampling_rate <= q.start_ns
        for a, p, q in zip(ends, channel.pieces, channel.pieces[1:], strict=False)
    )
    if not apart:  # pieces of different sampling rates at the same time
        for answer in wanted:
            _measure_whole(channel, answer)
        return answers
    for group in _that_fit(channel, wanted):
        _Pass(channel, group).run()
    return answers


def _answer(
    channel: Channel, request: Request, starttime: TimeLike | None, endtime: TimeLike | None
) -> Answer:
    spans, parts = [], []
    for lane in request.lanes:
        mine = []
        for k, piece in enumerate(channel.pieces):
            first, last = channel.undisturbed(k, lane)
            if last > first:
                mine.append((k, first, piece.part(first, last)))
        parts.append(mine)
        segments = [segment for _, _, segment in mine] or [channel.pieces[0].part(0, 0)]
        spans.append(windows_of(segments, request.step, starttime, endtime))
    first_ns = min(first for first, _ in spans)
    end_ns = max(first + count * request.step for first, count in spans)
    count = -(-(end_ns - first_ns) // request.step)
    edges = first_ns + request.step * np.arange(count + 1, dtype=np.int64)
    shares = [{k: share_of(part, edges, first) for k, first, part in mine} for mine in parts]
    shape = (len(request.lanes), count)
    return Answer(request, edges, np.full(shape, np.nan), np.zeros(shape), shares)


def _measure_whole(channel: Channel, answer: Answer) -> None:
    """Measure by filtering each piece whole."""
    for row, lane in enumerate(answer.request.lanes):
        segments = []
        for k in answer.shares[row]:
            piece = channel.pieces[k]
            sections = bank_sections([lane.design(piece.sampling_rate).sections])
            data = filtered(piece.data, sections)[0]
            whole = Segment(
                piece.trace_id, piece.start_ns, piece.sampling_rate, data, "", None, None
            )
            segments.append(whole.part(*channel.undisturbed(k, lane)))
        answer.value[row], answer.coverage[row] = windowed(
            segments, answer.edges, answer.request.statistic
        )
    answer.done = len(answer.edges) - 1


def _that_fit(channel: Channel, answers: list[Answer]) -> Iterator[list[Answer]]:
    """Yield groups of answers whose samples the buffer can hold at once."""
    rate = max(piece.sampling_rate for piece in channel.pieces)
    group: list[Answer] = []
    for answer in sorted(answers, key=lambda a: a.request.step):
        lanes = {lane for other in (*group, answer) for lane in other.request.lanes}
        if group and len(lanes) * answer.request.step * 1e-9 * rate > ROOM:
            yield group
            group = []
        group.append(answer)
    if group:
        yield group


@dataclass
class _Held:
    """Samples ``begin:end`` of a piece, in the buffer from ``place`` on."""

    piece: int
    begin: int
    end: int
    place: int


class _Pass:
    """One pass over a channel for several answers."""

    def __init__(self, channel: Channel, answers: list[Answer]) -> None:
        self.channel, self.answers = channel, answers
        self.lanes = list(dict.fromkeys(lane for a in answers for lane in a.request.lanes))
        self.held: list[_Held] = []
        self.fill = 0
        self.current = 0  # the piece being filtered, and how far
        self.position = 0
        self.sections: FloatArray | None = None
        self.state = np.zeros(0)
        self.work = Workspace()
        rate = max(piece.sampling_rate for piece in channel.pieces)
        longest = max(a.request.step for a in answers)
        self.stride = longest * max(1, math.ceil(CHUNK / len(self.lanes) / (longest * 1e-9 * rate)))
        room = math.ceil((self.stride + longest) * 1e-9 * rate) + 64
        # rows a whole page apart would fall on the same lines of the cache
        self.rows = np.empty((len(self.lanes), max(room, 2 * BLOCK) + 8))

    def run(self) -> None:
        """Fill in all answers."""
        begin = min(int(a.edges[0]) for a in self.answers)
        end = max(int(a.edges[-1]) for a in self.answers)
        until = begin
        self._filter_to(until, keep=False)
        while until < end:
            until = min(until + self.stride, end)
            self._filter_to(until, keep=True)
            for answer in self.answers:
                self._take(answer, until)
            self._drop()

    def _filter_to(self, until: int, *, keep: bool) -> None:
        """Filter all samples before an instant."""
        pieces = self.channel.pieces
        while self.current < len(pieces):
            piece = pieces[self.current]
            size = len(piece.data)
            stop = _within(int(piece.first_at(until)) + (MARGIN if keep else -MARGIN), 0, size)
            if self.sections is None and stop > 0:
                designs = [lane.design(piece.sampling_rate).sections for lane in self.lanes]
                self.sections = bank_sections(designs)
                self.state = np.zeros((*self.sections.shape[:2], 2))
            if keep and stop > self.position:
                self._hold(stop)
            while self.position < stop and self.sections is not None:
                block = piece.data[self.position : min(self.position + BLOCK, stop)]
                place = self.fill if keep else 0
                samples = np.ascontiguousarray(block, dtype=np.float64)
                bank_rows(samples, self.sections, self.state, self.rows, place)
                self.position += len(block)
                self.fill += len(block) if keep else 0
            if stop < size:
                return
            self.current, self.position, self.sections = self.current + 1, 0, None

    def _hold(self, stop: int) -> None:
        need = self.fill + stop - self.position
        if need > self.rows.shape[1]:  # pieces that touch, each with its margin
            rows = np.empty((len(self.lanes), need + need // 4))
            rows[:, : self.fill] = self.rows[:, : self.fill]
            self.rows = rows
        last = self.held[-1] if self.held else None
        if last is not None and last.piece == self.current:
            last.end = stop
        else:
            self.held.append(_Held(self.current, self.position, stop, self.fill))

    def _take(self, answer: Answer, until: int) -> None:
        """Measure the windows that are full at an instant."""
        stop = int(np.searchsorted(answer.edges, until, side="right")) - 1
        start, answer.done = answer.done, max(stop, answer.done)
        if stop <= start:
            return
        for row, lane in enumerate(answer.request.lanes):
            data = self.rows[self.lanes.index(lane)]
            shares = []
            for h in self.held:
                share = answer.shares[row].get(h.piece)
                if share is None:
                    continue
                low, high = max(start, share.windows.start), min(stop, share.windows.stop)
                if high > low:
                    a, b = low - share.windows.start, high - share.windows.start
                    places = share.edges[a : b + 1] + (share.offset - h.begin + h.place)
                    windows = slice(low - start, high - start)
                    shares.append(Share(data, windows, share.expected[a:b], places))
            answer.value[row, start:stop], answer.coverage[row, start:stop] = measured(
                shares, stop - start, answer.request.statistic, self.work
            )

    def _drop(self) -> None:
        """Drop the samples no window needs any more."""
        wanted = [int(a.edges[a.done]) for a in self.answers if not a.finished]
        needed = min(wanted, default=0)
        begin, kept = self.fill, []
        for h in self.held if wanted else ():
            piece = self.channel.pieces[h.piece]
            first = _within(int(piece.first_at(needed)) - MARGIN, h.begin, h.end)
            if first < h.end:
                place = h.place + first - h.begin
                begin = min(begin, place)
                kept.append(_Held(h.piece, first, h.end, place))
        left = self.fill - begin
        self.rows[:, :left] = self.rows[:, begin : self.fill]
        for h in kept:
            h.place -= begin
        self.held, self.fill = kept, left


def _within(value: int, low: int, high: int) -> int:
    return min(max(value, low), high)
