"""Compiled: whether the records of a table are all of one kind, and how they follow each other.

Plain arrays in, plain arrays out; the columns are those of :mod:`._kernels`.
"""

from __future__ import annotations

from typing import Any

from .._jit import kernel
from ._kernels import (
    BIG,
    ENCODING,
    FLAGS,
    KEY1,
    KEY2,
    LENGTH,
    NOTES,
    NSAMP,
    QUALITY,
    TIME,
    TIMING,
    VERDICT,
)


@kernel
def summarize(rows: Any, rates: Any) -> Any:
    """Take a table of records in at one look.

    Returns how many of the first records are sound and like the first one, whether each of
    these begins no earlier than half a sample before the end of the one before, whether each
    begins within half a sample of it, all notes and flags together, and the least and the
    greatest timing quality that is stated (-1 if none is).
    """
    count = 0
    ordered, abut = True, True
    notes, flags = 0, 0
    worst, best = 256, -1
    half = 0.5e9 / rates[0, 0] + 1.0
    step = 1e9 / rates[0, 0]
    for i in range(rows.shape[0]):
        alike = rows[i, VERDICT] == 0 and rates[i, 0] == rates[0, 0] and rates[i, 1] == rates[0, 1]
        for column in (LENGTH, KEY1, KEY2, QUALITY, ENCODING, BIG):
            alike = alike and rows[i, column] == rows[0, column]
        if not alike:
            break
        if i > 0:
            late = float(rows[i, TIME] - rows[i - 1, TIME]) - rows[i - 1, NSAMP] * step
            ordered = ordered and late >= -half
            abut = abut and -half <= late <= half
        notes |= rows[i, NOTES]
        flags |= rows[i, FLAGS]
        if rows[i, TIMING] >= 0:
            worst = min(worst, rows[i, TIMING])
            best = max(best, rows[i, TIMING])
        count += 1
    if best < 0:
        worst = -1
    return count, ordered, abut, notes, flags, worst, best


@kernel
def largest_shift(rows: Any, which: Any, step: float) -> float:
    """The largest distance (ns) of the times of records from the grid of the first, signed."""
    largest = 0.0
    samples = 0
    for i in range(which.size):
        r = which[i]
        shift = float(rows[r, TIME] - rows[which[0], TIME]) - samples * step
        if abs(shift) > abs(largest):
            largest = shift
        samples += rows[r, NSAMP]
    return largest
