"""Amplitudes in many bands and windows from one pass over a record.

All bands are filtered side by side, a block at a time that stays in the cache. Each
window takes of it what its amplitude needs (:mod:`._kernels_taking`), and the block is dropped:
no filtered record is ever whole in memory. What comes out is what filtering the whole record
and measuring it window by window gives.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from .._segments import Segment
from ..processing._bank import BLOCK, bank_rows, bank_sections, filtered
from ..times import TimeLike
from ..types import FloatArray
from ._channels import Channel, Lane
from ._kernels_taking import (
    AT,
    COMPLETE,
    FIRST,
    JUMP,
    LANE,
    LAST,
    MISSED,
    STATISTIC,
    take_block,
)
from ._windows import STATISTICS, IntArray, Share, share_of, windowed, windows_of

CHUNK = 40_960
"""Samples of all bands that are filtered before windows take theirs: they stay in the cache."""

ROOM = 1_048_576
"""Samples of windows a pass has room for (8 MB); what needs more takes another pass."""


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

    @property
    def longest(self) -> int:
        """The largest number of samples in a window."""
        count = np.zeros(len(self.value) + 1, dtype=np.int64)
        for share in self.shares.values():
            count[share.windows] += np.diff(share.edges)
        return int(count.max())

    def within(self, piece: int) -> tuple[int, IntArray]:
        """Return the first window that holds samples of a piece, and edges in the piece."""
        if piece not in self.shares:
            return 0, np.empty(0, dtype=np.int64)
        share = self.shares[piece]
        full = np.flatnonzero(np.diff(share.edges))
        if not len(full):
            return 0, np.empty(0, dtype=np.int64)
        edges = share.edges[full[0] : full[-1] + 2] + share.offset
        return share.windows.start + int(full[0]), edges


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
    wanted = [series for series in known.values() if len(series.value)]
    pairs = zip(channel.pieces, channel.pieces[1:], strict=False)
    if all(p.end_ns - 0.5e9 / p.sampling_rate <= q.start_ns for p, q in pairs):
        for group in _that_fit(wanted):
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


def _that_fit(wanted: list[Series]) -> Iterator[list[Series]]:
    """Yield groups of series whose samples there is room for at once."""
    group: list[Series] = []
    for series in sorted(wanted, key=lambda s: s.longest):
        if group and (len(group) + 1) * series.longest > ROOM:
            yield group
            group = []
        group.append(series)
    if group:
        yield group


class _Pass:
    """One pass over a channel for several series."""

    def __init__(self, channel: Channel, group: list[Series]) -> None:
        self.channel, self.group = channel, group
        self.lanes = list(dict.fromkeys(series.lane for series in group))
        self.block = min(BLOCK, max(1, CHUNK // len(self.lanes)))
        # rows a whole page apart would fall on the same lines of the cache
        self.rows = np.empty((len(self.lanes), self.block + 8))
        self.plan = np.zeros((len(group), 7), dtype=np.int64)
        self.plan[:, LANE] = [self.lanes.index(series.lane) for series in group]
        self.plan[:, STATISTIC] = [STATISTICS.index(series.statistic) for series in group]
        self.tally = np.zeros((len(group), 3), dtype=np.int64)
        self.sums = np.zeros((len(group), 4))
        self.guess = np.zeros((len(group), 4))
        self.guess[:, JUMP] = 0.1
        longest = max(series.longest for series in group)
        self.kept = np.empty((len(group), longest + 8))
        self.work = np.empty(longest, dtype=np.int64)
        self.states: deque[tuple[int, FloatArray]] = deque(maxlen=longest // self.block + 3)

    def run(self) -> None:
        """Fill in all series."""
        for k in range(len(self.channel.pieces)):
            if any(k in series.shares for series in self.group):
                self._piece(k)

    def _piece(self, index: int) -> None:
        """Filter a piece from rest and measure the windows that end in it."""
        piece = self.channel.pieces[index]
        edges, spans = self._windows(index)
        value = np.full(len(edges), np.nan)
        sections = bank_sections([lane.design(piece.sampling_rate).sections for lane in self.lanes])
        state = np.zeros((*sections.shape[:2], 2))
        self.states.clear()
        last = int(edges.max(initial=0))
        for position in range(0, last, self.block):
            self.states.append((position, state.copy()))
            samples = _samples(piece, position, min(position + self.block, last))
            bank_rows(samples, sections, state, self.rows, 0)
            if take_block(
                self.rows, position, len(samples), self.block, edges, self.plan, self.tally,
                self.sums, self.guess, self.kept, self.work, value,
            ):  # fmt: skip
                for row in self.plan[self.plan[:, MISSED] >= 0]:
                    self._again(piece, sections, row, edges, value)
        for series, (first, count), plan in zip(self.group, spans, self.plan, strict=True):
            series.value[first : first + count] = value[plan[FIRST] : plan[FIRST] + count]

    def _windows(self, index: int) -> tuple[IntArray, list[tuple[int, int]]]:
        """Plan a piece: edges of all series' windows, and which windows they are of each."""
        edges: list[IntArray] = []
        spans, place = [], 0
        for series, plan in zip(self.group, self.plan, strict=True):
            first, some = series.within(index)
            following = (series.within(k) for k in sorted(series.shares) if k > index)
            after = next((begin for begin, more in following if len(more) > 1), -1)
            count = max(len(some) - 1, 0)
            plan[[FIRST, AT, LAST]] = place, place, place + count
            plan[COMPLETE] = after != first + count - 1
            spans.append((first, count))
            edges.append(some)
            place += len(some)
        return np.concatenate(edges), spans

    def _again(
        self,
        piece: Segment,
        sections: FloatArray,
        plan: IntArray,
        edges: IntArray,
        value: FloatArray,
    ) -> None:
        """Filter the window a series has missed once more, and measure it whole."""
        lane, w = plan[LANE], plan[MISSED]
        begin, end = int(edges[w]), int(edges[w + 1])
        position, state = next(item for item in reversed(self.states) if item[0] <= begin)
        row = np.empty((1, end - position))
        one, state = sections[lane : lane + 1].copy(), state[lane : lane + 1].copy()
        bank_rows(_samples(piece, position, end), one, state, row, 0)
        alone = np.array([[0, plan[STATISTIC], 0, 0, 1, 1, -1]])  # an only window is kept whole
        take_block(
            row, position, end - position, self.block, edges[w : w + 2], alone,
            np.zeros((1, 3), dtype=np.int64), np.zeros((1, 4)), np.zeros((1, 4)),
            np.empty((1, end - begin)), self.work, value[w : w + 1],
        )  # fmt: skip


def _samples(piece: Segment, begin: int, end: int) -> FloatArray:
    return np.ascontiguousarray(piece.data[begin:end], dtype=np.float64)
