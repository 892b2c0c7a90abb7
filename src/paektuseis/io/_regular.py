"""The records of a time span, found in a day file without reading all of it.

Day files mostly hold records of one length and one channel in the order of time. In such a
file a few headers lead to the bytes of a span. Nothing is taken for granted: the headers
looked at on the way and all records read must agree with each other, and unless the file
has been walked through before, the records found must cover the part of the span that the
file's name promises without a gap (what is missing may stand elsewhere in the file, where a
recorder appended it late). Otherwise the answer is ``None``: read the file whole.
"""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass
class FileMemory:
    """What is known of a file from its name and from having read it.

    ``period`` is the time in ns that its name stands for, ``regular`` whether all its
    records are of one kind and follow each other in time, ``stamp`` the size and time of
    change this was found for.
    """

    period: tuple[int, int] | None = None
    regular: bool | None = None
    stamp: tuple[int, int] = (-1, -1)

    def of(self, file: OpenFile) -> bool | None:
        """Whether the file, as it is now, is known to be regular; ``None`` if unknown."""
        return self.regular if self.stamp == (file.size, file.mtime_ns) else None


def is_regular(records: Records) -> bool:
    """Whether all records are sound, of one kind, and follow each other in time."""
    summary = records.summary
    return summary.alike and summary.ordered and not summary.notes & _DOUBTS


@dataclass(frozen=True)
class _Head:
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


def _head(file: OpenFile, offset: int) -> _Head | None:
    """Read the head of the record at an offset; ``None`` if it leaves any doubt."""
    buffer = file.read(offset, offset + _HEAD)
    if not k.header_at(buffer, 0, True):
        return None
    rows, rates = np.empty((1, k.COLUMNS), np.int64), np.empty((1, 2))
    k.scan(buffer, 0, rows, rates)
    return _head_of(rows[0].tolist(), rates[0].tolist())


def _head_of(row: list[int], rates: list[float]) -> _Head | None:
    # "cut" is what a record is of which only the head was read
    if row[k.VERDICT] not in (k.OK, k.CUT) or row[k.NOTES] & _DOUBTS or not rates[0] > 0:
        return None
    return _Head(row[k.TIME], row[k.NSAMP], (*(row[column] for column in _KIND), *rates))


@dataclass(frozen=True)
class _Prober:
    """Headers of single records of a file that is taken to be regular."""

    file: OpenFile
    first: _Head
    count: int

    def time(self, index: int) -> int | None:
        """When a record begins, ns; ``None`` if it is not like the first."""
        head = _head(self.file, index * self.first.length)
        return head.time if head is not None and head.kind == self.first.kind else None

    def span(self, when: int, low: int, high: int) -> tuple[int, int] | None:
        """Bracket the last record that begins by ``when`` to :data:`_NEAR` records.

        ``low`` and ``high`` are the times of the first and the last record. The place is
        guessed from the times at both ends of the bracket, and every other time halved.
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
        return a, b


def records_of_span(file: OpenFile, low: int, high: int, memory: FileMemory) -> Records | None:
    """Return the records that may hold samples of a span, or ``None``: read the file whole.

    Parameters
    ----------
    file : OpenFile
    low, high : int
        First and last instant, ns.
    memory : FileMemory

    Returns
    -------
    Records or None
        Without rows if the file holds nothing of the span.
    """
    known = memory.of(file)
    if file.sparse or known is False:
        return None
    first = _head(file, 0)
    if first is None or file.size % first.length or file.size // first.length < _FEW:
        return None
    probe = _Prober(file, first, file.size // first.length)
    span = None
    if first.time <= high:
        last = probe.time(probe.count - 1)
        if last is None or last < first.time or (low <= first.time and last <= high):
            return None
        if last + _reach(first) >= low:
            span = (0, 0) if low <= first.time else probe.span(low, first.time, last)
            if span is None:
                return None
    records = _read(probe, span, high)
    if records is None or not (known or _covers(records, probe, low, high, memory.period)):
        return None
    return records


def _reach(head: _Head) -> float:
    """Longest time a record can last, ns: seven differences in each word of its frames."""
    return 1e9 / head.rate * (head.length // 64 * 105)


def _read(probe: _Prober, span: tuple[int, int] | None, high: int) -> Records | None:
    """Read from the first record of a bracket to the first that begins after ``high``."""
    file, first = probe.file, probe.first
    if span is None:
        none = np.empty(0, np.uint8), np.empty((0, k.COLUMNS), np.int64), np.empty((0, 2))
        return Records(*none, 0, file.size)
    begin = max(0, span[0] - 1)
    start = probe.time(begin)
    if start is None:
        return None
    lasts = max(first.samples, 1) * 1e9 / first.rate
    many = span[1] - begin + int(1.2 * (high - start) / lasts) + _NEAR
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


def _covers(
    records: Records, probe: _Prober, low: int, high: int, period: tuple[int, int] | None
) -> bool:
    """Whether records follow each other over all of a span that the file should hold."""
    rows = records.rows
    if period is None or (len(rows) and not records.summary.abut):
        return False
    step = 1e9 / probe.first.rate
    reach = _reach(probe.first)  # the neighbours hold what is missing there
    begin, end = max(low, period[0] + reach), min(high, period[1] - reach)
    if end < begin:
        return True
    if not len(rows):
        return False
    last = rows[-1, k.TIME] + rows[-1, k.NSAMP] * step
    return bool(rows[0, k.TIME] <= begin + step and last >= end - step)
