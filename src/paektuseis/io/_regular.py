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
from numpy.typing import NDArray

from . import _kernels as k
from ._mseed import IntArray, Records, scan_records
from ._sources import OpenFile

_HEAD = 128
"""Bytes of a record looked at on the way: its header and first blockettes."""
_FEW = 64
"""Files of fewer records are read whole."""
_NEAR = 8
"""Records within which the place of an instant need be known."""
_DOUBTS = k.NOTE_LENGTH | k.NOTE_ORDER | k.NOTE_RATE | k.NOTE_NO_1000
_SAME_HEAD = (k.LENGTH, k.KEY1, k.KEY2, k.QUALITY)
_SAME = (*_SAME_HEAD, k.ENCODING, k.BIG)


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


@dataclass
class _Prober:
    """Headers of single records of a file that is taken to be regular."""

    file: OpenFile
    length: int
    count: int
    rows: IntArray
    rates: NDArray[np.float64]

    def time(self, index: int) -> int | None:
        """When a record begins, ns; ``None`` if it is not like the first."""
        rows, rates = _head(self.file, index * self.length)
        return int(rows[0, k.TIME]) if _sound(rows) and self.like(rows, rates) else None

    def like(self, rows: IntArray, rates: NDArray[np.float64]) -> bool:
        """Whether a record is of the kind of the file's first."""
        same = all(rows[0, column] == self.rows[0, column] for column in _SAME_HEAD)
        return same and bool((rates[0] == self.rates[0]).all())

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


def _head(file: OpenFile, offset: int) -> tuple[IntArray, NDArray[np.float64]]:
    rows = np.zeros((1, k.COLUMNS), np.int64)
    rates = np.zeros((1, 2))
    buffer = file.read(offset, offset + _HEAD)
    if k.header_at(buffer, 0, True):
        k.scan(buffer, 0, rows, rates)
    else:
        rows[0, k.VERDICT] = k.JUNK
    return rows, rates


def _sound(rows: IntArray) -> bool:
    """Whether the head of a record leaves no doubt (that it is cut after the head is meant)."""
    return rows[0, k.VERDICT] in (k.OK, k.CUT) and not rows[0, k.NOTES] & _DOUBTS


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
    rows, rates = _head(file, 0)
    length, rate = int(rows[0, k.LENGTH]), float(rates[0, 0])
    if not _sound(rows) or not rate > 0 or file.size % length or file.size // length < _FEW:
        return None
    probe = _Prober(file, length, file.size // length, rows, rates)
    begin_time, end_time = int(rows[0, k.TIME]), probe.time(probe.count - 1)
    if end_time is None or end_time < begin_time or (low <= begin_time and end_time <= high):
        return None
    span = None
    if high >= begin_time and end_time + _reach(length, rate) >= low:
        span = (0, 0) if low <= begin_time else probe.span(low, begin_time, end_time)
        if span is None:
            return None
    records = _read(probe, span, high)
    if records is None or not (known or _covers(records, probe, low, high, memory.period)):
        return None
    return records


def _reach(length: int, rate: float) -> float:
    """Longest time a record can last, ns: seven differences in each word of its frames."""
    return 1e9 / rate * (length // 64 * 105)


def _read(probe: _Prober, span: tuple[int, int] | None, high: int) -> Records | None:
    """Read from the first record of a bracket to the first that begins after ``high``."""
    file, length = probe.file, probe.length
    if span is None:
        return Records(np.empty(0, np.uint8), probe.rows[:0], probe.rates[:0], 0, file.size)
    begin = max(0, span[0] - 1)
    start = probe.time(begin)
    lasts = max(int(probe.rows[0, k.NSAMP]), 1) * 1e9 / probe.rates[0, 0]
    if start is None:
        return None
    many = span[1] - begin + int(1.2 * (high - start) / lasts) + _NEAR
    while (many := min(many, probe.count - begin)) <= probe.count // 2:
        buffer = file.read(begin * length, (begin + many) * length)
        records = scan_records(buffer, base=begin * length, filesize=file.size)
        if not (probe.like(records.rows, records.rates) and is_regular(records)):
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
    step = 1e9 / probe.rates[0, 0]
    reach = _reach(probe.length, probe.rates[0, 0])  # the neighbours hold what is missing there
    begin, end = max(low, period[0] + reach), min(high, period[1] - reach)
    if end < begin:
        return True
    if not len(rows):
        return False
    last = rows[-1, k.TIME] + rows[-1, k.NSAMP] * step
    return bool(rows[0, k.TIME] <= begin + step and last >= end - step)
