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

import numpy as np

from .._segments import Segment
from ..processing._bank import BLOCK, bank_rows, bank_sections, filtered
from ..times import TimeLike
from ..types import FloatArray
from ._channels import Channel, Lane
from ._kernels import window_amplitudes
from ._windows import STATISTICS, IntArray, Share, share_of, windowed, windows_of

CHUNK = 131_072
"""Samples of all bands a pass filters before it looks for full windows (1 MB), at least."""

ROOM = 262_144
"""Samples the buffer should hold (2 MB), so that it stays in the cache.

Four bands in windows of ten minutes at 100 Hz fit; more take a second pass.
"""

MARGIN = 2
"""Samples kept more than the windows need, against rounding of times."""


@dataclass(frozen=True)
class Request:
    """Amplitudes wanted in the same windows: of one lane, or of two to be compared."""

    lanes: tuple[Lane, ...]
    step: int
    statistic: str


@dataclass(frozen=True)
class _Key:
    """What makes a series: two requests for the same are measured once."""

    lane: Lane
    statistic: str
    first: int
    step: int
    count: int


@dataclass
class Series:
    """One amplitude of one lane in consecutive windows between ``edges`` (nanoseconds)."""

    lane: Lane
    statistic: str
    edges: IntArray
    value: FloatArray
    coverage: FloatArray
    shares: dict[int, Share] = field(repr=False)
    """By number of the piece."""
    done: int = 0

    @property
    def finished(self) -> bool:
        """Whether all windows have been measured."""
        return self.done >= len(self.value)

    @property
    def step(self) -> int:
        """Length of a window in nanoseconds."""
        return int(self.edges[1] - self.edges[0])


def measure(
    channel: Channel,
    requests: Sequence[Request],
    starttime: TimeLike | None,
    endtime: TimeLike | None,
) -> list[list[Series]]:
    """Return the amplitudes of each request's lanes, in one pass where memory allows."""
    known: dict[_Key, Series] = {}
    answers = []
    for request in requests:
        first, count = _windows(channel, request, starttime, endtime)
        answers.append(
            [
                _series(channel, _Key(lane, request.statistic, first, request.step, count), known)
                for lane in request.lanes
            ]
        )
    wanted = [series for series in known.values() if not series.finished]
    pairs = zip(channel.pieces, channel.pieces[1:], strict=False)
    if all(p.end_ns - 0.5e9 / p.sampling_rate <= q.start_ns for p, q in pairs):
        for group in _that_fit(channel, wanted):
            _Pass(channel, group).run()
    else:  # pieces of different sampling rates at the same time
        for series in wanted:
            _measure_whole(channel, series)
    return answers


def _windows(
    channel: Channel, request: Request, starttime: TimeLike | None, endtime: TimeLike | None
) -> tuple[int, int]:
    """Return the first window's start and the number of windows that hold any lane's samples."""
    begins, ends = [], []
    for lane in request.lanes:
        parts = [part for _, part in channel.settled(lane).values()]
        span = windows_of(parts or [channel.pieces[0].part(0, 0)], request.step, starttime, endtime)
        begins.append(span[0])
        ends.append(span[0] + span[1] * request.step)
    return min(begins), -(-(max(ends) - min(begins)) // request.step)


def _series(channel: Channel, key: _Key, known: dict[_Key, Series]) -> Series:
    if key in known:
        return known[key]
    edges = key.first + key.step * np.arange(key.count + 1, dtype=np.int64)
    shares = {
        k: share_of(part, edges, first) for k, (first, part) in channel.settled(key.lane).items()
    }
    coverage = np.zeros(key.count)
    for share in shares.values():
        coverage[share.windows] += np.diff(share.edges) / share.expected
    known[key] = Series(
        key.lane,
        key.statistic,
        edges,
        np.full(key.count, np.nan),
        np.minimum(coverage, 1.0),
        shares,
    )
    return known[key]


def _measure_whole(channel: Channel, series: Series) -> None:
    """Measure by filtering each piece whole."""
    parts = []
    for k in series.shares:
        piece = channel.pieces[k]
        sections = bank_sections([series.lane.design(piece.sampling_rate).sections])
        data = filtered(piece.data, sections)[0]
        whole = Segment(piece.trace_id, piece.start_ns, piece.sampling_rate, data, "", None, None)
        parts.append(whole.part(*channel.undisturbed(k, series.lane)))
    series.value, series.coverage = windowed(parts, series.edges, series.statistic)
    series.done = len(series.value)


def _that_fit(channel: Channel, wanted: list[Series]) -> Iterator[list[Series]]:
    """Yield groups of series whose samples the buffer can hold at once."""
    rate = max(piece.sampling_rate for piece in channel.pieces)
    group: list[Series] = []
    for series in sorted(wanted, key=lambda s: s.step):
        lanes = {other.lane for other in (*group, series)}
        if group and len(lanes) * series.step * 1e-9 * rate > ROOM:
            yield group
            group = []
        group.append(series)
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
    """One pass over a channel for several series."""

    def __init__(self, channel: Channel, group: list[Series]) -> None:
        self.channel, self.group = channel, group
        self.lanes = list(dict.fromkeys(series.lane for series in group))
        self.held: list[_Held] = []
        self.fill = 0
        self.current = 0  # the piece being filtered, and how far
        self.position = 0
        self.sections: FloatArray | None = None
        self.state = np.zeros(0)
        rate = max(piece.sampling_rate for piece in channel.pieces)
        longest = max(series.step for series in group)
        chunk = CHUNK / len(self.lanes)
        self.stride = longest * max(1, math.ceil(chunk / (longest * 1e-9 * rate)))
        room = math.ceil((self.stride + longest) * 1e-9 * rate) + 64
        # rows a whole page apart would fall on the same lines of the cache
        self.rows = np.empty((len(self.lanes), max(room, 2 * BLOCK) + 8))
        self.work = np.empty(0, dtype=np.int64)

    def run(self) -> None:
        """Fill in all series."""
        begin = min(int(a.edges[0]) for a in self.group)
        end = max(int(a.edges[-1]) for a in self.group)
        until = begin
        self._filter_to(until, keep=False)
        while until < end:
            until = min(until + self.stride, end)
            self._filter_to(until, keep=True)
            for series in self.group:
                self._take(series, until)
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

    def _take(self, series: Series, until: int) -> None:
        """Measure the windows that are full at an instant."""
        stop = int(np.searchsorted(series.edges, until, side="right")) - 1
        start, series.done = series.done, max(stop, series.done)
        row = self.rows[self.lanes.index(series.lane)]
        found = []
        for h in self.held:
            share = series.shares.get(h.piece)
            if share is not None:
                low, high = max(start, share.windows.start), min(stop, share.windows.stop)
                if high > low:
                    a, b = low - share.windows.start, high - share.windows.start
                    places = share.edges[a : b + 1] + (share.offset - h.begin + h.place)
                    found.append((low, places))
        if len(found) == 1:
            low, places = found[0]
            self._measure(series, row, places, low)
            return
        parts: dict[int, list[FloatArray]] = {}
        for low, places in found:
            for w in range(len(places) - 1):
                parts.setdefault(low + w, []).append(row[places[w] : places[w + 1]])
        for w, some in parts.items():
            together = some[0] if len(some) == 1 else np.concatenate(some)
            self._measure(series, together, np.array([0, len(together)]), w)

    def _measure(self, series: Series, row: FloatArray, places: IntArray, first: int) -> None:
        """Measure consecutive windows of one row."""
        if series.statistic == "median_abs":
            longest = int(np.diff(places).max())
            if longest > len(self.work):
                self.work = np.empty(longest, dtype=np.int64)
        value = series.value[first : first + len(places) - 1]
        window_amplitudes(row, places, STATISTICS.index(series.statistic), value, self.work)

    def _drop(self) -> None:
        """Drop the samples no window needs any more."""
        wanted = [int(a.edges[a.done]) for a in self.group if not a.finished]
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
