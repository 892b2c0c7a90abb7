"""One pass of short transforms over a channel: sums of power and of amplitude by column.

A column is one transform or the mean of those wholly inside a stretch of time. Each
column is placed by its own instant, so that a value does not depend on where the record
begins or how it was cut: only on the samples of its column.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from obspy import UTCDateTime

from .._segments import TOLERANCE, Segment
from ..errors import ParameterError, WaveformError
from ..times import TimeLike, as_utc
from ..types import FloatArray
from ._kernels import add_spectra, tapered_windows
from ._windows import IntArray, hann, window_samples

BLOCK_CELLS = 1 << 16  # samples transformed at once: with their transforms 1 MB
_REUSES = np.lib.NumpyVersion(np.__version__) >= "2.0.0"  # rfft has ``out``


@dataclass(frozen=True)
class Grid:
    """Where the transforms lie: columns of ``width`` samples from ``begin`` (ns) on."""

    trace_id: str
    begin: int
    rate: float
    size: int
    hop: int
    width: float
    per_column: int
    columns: int
    span: int

    @property
    def step(self) -> float:
        """Seconds from one column to the next."""
        return self.width / self.rate

    @property
    def window(self) -> float:
        """Seconds of one transform."""
        return self.size / self.rate

    @property
    def text(self) -> str:
        """Words on the transforms."""
        return f"Hann windows of {self.window:g} s every {self.hop / self.rate:g} s"

    def starts_in(self, piece: Segment) -> tuple[IntArray, IntArray]:
        """Return first samples of the windows a segment covers wholly, and their columns.

        A segment off the grid by a part of a sample takes its nearest sample.
        """
        ahead = (self.begin - piece.start_ns) * 1e-9 * self.rate
        low = math.floor(-ahead / self.width) - 1
        high = math.ceil((len(piece.data) - ahead) / self.width) + 1
        column: IntArray = np.arange(max(low, 0), min(high, self.columns), dtype=np.int64)
        place = nearest(ahead + column * self.width)
        inside = self.hop * np.arange(self.per_column)
        starts = (place[:, None] + inside).ravel()
        owner = np.repeat(column, self.per_column)
        good = (starts >= 0) & (starts + self.size <= len(piece.data))
        if len(column) and (column[-1] + 1) * self.width > self.span + TOLERANCE:
            # the span ends within its last column
            late = np.rint(owner * self.width) + np.tile(inside, len(column)) + self.size
            good &= late <= self.span
        return starts[good], owner[good]


def nearest(places: NDArray[np.floating[Any]]) -> IntArray:
    """Round places in samples to whole samples; halfway, and a little above, down."""
    return np.asarray(np.ceil(places - (0.5 + TOLERANCE)), dtype=np.int64)


def span_from(
    pieces: Sequence[Segment], starttime: TimeLike | None, endtime: TimeLike | None
) -> tuple[int, int]:
    """Return the first instant of a span and the one after it, in nanoseconds."""
    begin = pieces[0].start_ns if starttime is None else as_utc(starttime, name="starttime").ns
    end = pieces[-1].end_ns if endtime is None else as_utc(endtime, name="endtime").ns
    if end <= begin or not any(p.start_ns < end and p.end_ns > begin for p in pieces):
        raise WaveformError(
            f"{pieces[0].trace_id} has no usable sample from {starttime or 'its start'} to "
            f"{endtime or 'its end'}; it lasts from {pieces[0].starttime} to "
            f"{UTCDateTime(ns=pieces[-1].end_ns)}"
        )
    return int(begin), int(end)


def grid_of(
    pieces: Sequence[Segment],
    window: float,
    overlap: float,
    average: float | None,
    starttime: TimeLike | None,
    endtime: TimeLike | None,
) -> Grid:
    """Return the grid of windows, or of columns of ``average`` seconds, over a span."""
    begin, end = span_from(pieces, starttime, endtime)
    rate, trace_id = pieces[0].sampling_rate, pieces[0].trace_id
    span = math.floor((end - begin) * 1e-9 * rate + TOLERANCE)
    size, hop = window_samples(window, overlap, rate, trace_id)
    if average is None:
        columns = max(0, (span - size) // hop + 1)
        return Grid(trace_id, begin, rate, size, hop, float(hop), 1, columns, span)
    width = average * rate
    if not (math.isfinite(width) and width >= size):
        raise ParameterError(
            f"average={average:g} s is shorter than the window of {size / rate:g} s of "
            f"{trace_id}; lengthen it or leave it out"
        )
    count, columns = (int(width) - size) // hop + 1, math.ceil(span / width - 1e-9)
    return Grid(trace_id, begin, rate, size, hop, width, count, columns, span)


@dataclass(frozen=True)
class Sums:
    """Sums over the transforms of each column, and how many there are.

    ``power`` (columns, bins kept) of ``|X|**2``, ``amplitude`` (columns, bins kept) of ``|X|``.
    """

    power: FloatArray
    amplitude: FloatArray
    count: IntArray


def transforms(
    pieces: Sequence[Segment],
    grid: Grid,
    linear: bool,
    power: slice,
    amplitude: slice = slice(0, 0),
) -> Sums:
    """Transform every window of a grid once; bins as asked for power and for amplitude."""
    squares = np.zeros((grid.columns, power.stop - power.start))
    sizes = np.zeros((grid.columns, amplitude.stop - amplitude.start))
    count = np.zeros(grid.columns, dtype=np.int64)
    for z, owner in _blocks(pieces, grid, linear):
        add_spectra(z, owner, power.start, squares, amplitude.start, sizes, count)
    return Sums(squares, sizes, count)


def _blocks(
    pieces: Sequence[Segment], grid: Grid, linear: bool
) -> Iterator[tuple[FloatArray, IntArray]]:
    """Yield transforms, real and imaginary parts by turns, and their columns (-1: not usable)."""
    rows = max(1, BLOCK_CELLS // grid.size)
    taper, buffer = hann(grid.size), np.empty((rows, grid.size))
    out, means = np.empty((rows, grid.size // 2 + 1), dtype=np.complex128), np.empty(rows)
    for piece in pieces:
        starts, owner = grid.starts_in(piece)
        for first in range(0, len(starts), rows):
            some = starts[first : first + rows]
            n = len(some)
            tapered_windows(piece.data, some, taper, linear, buffer[:n], means[:n])
            # one sample that is no number spoils the mean
            which = np.where(np.isfinite(means[:n]), owner[first : first + rows], -1)
            if _REUSES:
                np.fft.rfft(buffer[:n], axis=1, out=out[:n])
            else:
                out[:n] = np.fft.rfft(buffer[:n], axis=1)
            yield out[:n].view(np.float64), which
