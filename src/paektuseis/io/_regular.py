"""The records of a time span, found in a day file without reading all of it.

Day files mostly hold records of one length and one channel in the order of time. In such a
file a few headers lead to the bytes of a span. Nothing is taken for granted: the headers
looked at on the way and all records read must agree with each other, and unless the file
has been walked through before, the records found must cover the part of the span that the
file's name promises without a gap (what is missing may stand elsewhere in the file, where a
recorder appended it late). Otherwise the answer is ``None``: read the file whole.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from . import _kernels as k
from ._mseed import Records, scan_records
from ._sources import OpenFile

_HEAD = 128
"""Bytes of a record looked at on the way: its header and first blockettes."""
_FEW = 64
"""Files of fewer records are read whole."""
_NEAR = 8
"""Records within which the place of an instant need be known."""
_DOUBTS = k.NOTE_LENGTH | k.NOTE_ORDER | k.NOTE_RATE | k.NOTE_NO_1000
_KIND = (k.LENGTH, k.KEY1, k.KEY2, k.QUALITY)


class Head(NamedTuple):
    """What the first bytes of a record say."""

    time: int
    samples: int
    kind: tuple[float, ...]
    """Length, channel, quality letter and both sampling rates."""

    @property
    def length(self) -> int:
        """Bytes of the record."""
        return int(self.kind[0])

    @property
    def rate(self) -> float:
        """Sampling rate, Hz."""
        return self.kind[-2]

    @property
    def reach(self) -> float:
        """Longest time a record like this can last, ns: seven samples in each word."""
        return 1e9 / self.rate * (self.length // 64 * 105)


@dataclass
class FileMemory:
    """What is known of a file from its name and from having read it.

    ``period`` is the time in ns that its name stands for. For the file as it was at
    ``stamp`` (size, time of change) ``regular`` says whether all its records are of one kind
    and follow each other in time (None: unknown), ``first`` and ``last`` what the first of
    them says and when the last begins, if they were looked at.
    """

    period: tuple[int, int] | None = None
    stamp: tuple[int, int] = (-1, -1)
    regular: bool | None = None
    first: Head | None = None
    last: int | None = None

    def of(self, stamp: tuple[int, int]) -> FileMemory:
        """Return itself, having forgotten what was known of the file as it was before."""
        if self.stamp != stamp:
            self.stamp = stamp
            self.regular = self.first = self.last = None
        return self

    def rules_out(self, path: Path, low: int, high: int) -> bool:
        """Whether the file, unchanged, is known to hold nothing of a span (ns)."""
        if self.first is None:
            return False
        try:
            info = os.stat(path)
        except OSError:  # told when it is opened
            return False
        first = self.of((info.st_size, info.st_mtime_ns)).first
        if first is None:
            return False
        late = self.last is not None and self.last + first.reach < low
        return (high < first.time or late) and (
            bool(self.regular) or self.elsewhere(low, high, first)
        )

    def elsewhere(self, low: int, high: int, head: Head) -> bool:
        """Whether the file's name promises nothing of a span but what neighbours hold too."""
        if self.period is None:
            return False
        return min(high, self.period[1] - head.reach) < max(low, self.period[0] + head.reach)


def is_regular(records: Records) -> bool:
    """Whether all records are sound, of one kind, and follow each other in time."""
    summary = records.summary
    return summary.alike and summary.ordered and not summary.notes & _DOUBTS


class _Prober:
    """Heads of single records of a file."""

    def __init__(self, file: OpenFile) -> None:
        self.file = file
        self.first: Head | None = None
        self.count = 0
        self._room = np.empty(_HEAD, np.uint8)
        self._row, self._rates = np.empty((1, k.COLUMNS), np.int64), np.empty((1, 2))

    def head(self, offset: int) -> Head | None:
        """Read the head of the record at an offset; ``None`` if it leaves any doubt."""
        if not self.file.fill(self._room, offset):
            return None
        k.scan(self._room, 0, self._row, self._rates)
        return _head_of(self._row[0].tolist(), self._rates[0].tolist())

    def begin(self, known: Head | None) -> Head | None:
        """The first record's head; ``None`` if the file is none of many equal records."""
        head = known or self.head(0)
        if head is None or not (known or k.header_at(self._room, 0, True)):
            return None
        self.first, self.count = head, self.file.size // head.length
        return None if self.file.size % head.length or self.count < _FEW else head

    def time(self, index: int) -> int | None:
        """When a record begins, ns; ``None`` if it is not like the first."""
        assert self.first is not None
        head = self.head(index * self.first.length)
        return head.time if head is not None and head.kind == self.first.kind else None

    def span(self, when: int, low: int, high: int) -> tuple[int, int, int] | None:
        """Bracket the last record that begins by ``when`` to :data:`_NEAR` records.

        Returns the bracket and when its first record begins. ``low`` and ``high`` are the
        times of the first and the last record. The place is guessed from the times at both
        ends of the bracket, and the bracket halved every other time.
        """
        a, b = 0, self.count - 1
        halve = False
        while b - a > _NEAR:
            guess = (a + b) // 2
            if not halve:
                guess = a + int((when - low) / max(high - low, 1) * (b - a))
                guess += _NEAR // 2 if guess - a < b - guess else -_NEAR // 2
            guess = min(max(guess, a + 1), b - 1)
            t = self.time(guess)
            if t is None or not low <= t <= high:
                return None
            if t <= when:
                a, low = guess, t
            else:
                b, high = guess, t
            halve = not halve
        return a, b, low


def _head_of(row: list[int], rates: list[float]) -> Head | None:
    # "cut" is what a record is of which only the head was read
    if row[k.VERDICT] not in (k.OK, k.CUT) or row[k.NOTES] & _DOUBTS or not rates[0] > 0:
        return None
    return Head(row[k.TIME], row[k.NSAMP], (*(row[column] for column in _KIND), *rates))


def records_of_span(file: OpenFile, low: int, high: int, memory: FileMemory) -> Records | None:
    """Return the records that may hold samples of a span, or ``None``: read the file whole.

    Parameters
    ----------
    file : OpenFile
    low, high : int
        First and last instant, ns.
    memory : FileMemory
        What is learnt of the file is put there.

    Returns
    -------
    Records or None
        Without rows if the file holds nothing of the span.
    """
    memory = memory.of(file.stamp)
    if file.sparse or memory.regular is False:
        return None
    probe = _Prober(file)
    first = probe.begin(memory.first)
    if first is None:
        return None
    memory.first = first
    span = None
    if first.time <= high:
        last = memory.last if memory.last is not None else probe.time(probe.count - 1)
        if last is None or last < first.time or (low <= first.time and last <= high):
            return None
        memory.last = last
        if last + first.reach >= low:
            span = (0, 0, first.time) if low <= first.time else probe.span(low, first.time, last)
            if span is None:
                return None
    records = _read(probe, first, span, high)
    if records is None or not (memory.regular or _covers(records, first, low, high, memory)):
        return None
    return records


def _read(
    probe: _Prober, first: Head, span: tuple[int, int, int] | None, high: int
) -> Records | None:
    """Read from the first record of a bracket to the first that begins after ``high``."""
    file = probe.file
    if span is None:
        none = np.empty(0, np.uint8), np.empty((0, k.COLUMNS), np.int64), np.empty((0, 2))
        return Records(*none, 0, file.size)
    begin = max(0, span[0] - 1)
    lasts = max(first.samples, 1) * 1e9 / first.rate
    many = span[1] - begin + int(1.2 * (high - span[2]) / lasts) + _NEAR
    while (many := min(many, probe.count - begin)) <= probe.count // 2:
        buffer = file.read(begin * first.length, (begin + many) * first.length)
        records = scan_records(buffer, base=begin * first.length, filesize=file.size)
        head = _head_of(records.rows[0].tolist(), records.rates[0].tolist())
        if head is None or head.kind != first.kind or not is_regular(records):
            return None
        if begin + many >= probe.count or records.rows[-1, k.TIME] > high:
            return records
        many *= 2
    return None


def _covers(records: Records, first: Head, low: int, high: int, memory: FileMemory) -> bool:
    """Whether records follow each other over all of a span that the file should hold."""
    rows = records.rows
    if memory.period is None or (len(rows) and not records.summary.abut):
        return False
    if memory.elsewhere(low, high, first):
        return True
    if not len(rows):
        return False
    step = 1e9 / first.rate
    begin, end = max(low, memory.period[0] + first.reach), min(high, memory.period[1] - first.reach)
    reached = rows[-1, k.TIME] + rows[-1, k.NSAMP] * step
    return bool(rows[0, k.TIME] <= begin + step and reached >= end - step)
