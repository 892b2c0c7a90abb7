"""Windows on one grid over a channel with gaps, and their transforms block by block.

The grid is fixed by its first instant alone; a window that a gap, a filter's
settling or a sample that is no number would touch is left out, never filled.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from obspy import UTCDateTime

from .._segments import TOLERANCE, Segment
from ..errors import ParameterError, WaveformError
from ..times import TimeLike, as_utc
from ..types import Band, FloatArray
from ._kernels import one_sided_power, tapered_windows

BLOCK_CELLS = 1 << 17  # samples transformed at once: 1 MB, stays in cache
DETREND = ("constant", "linear")
IntArray = NDArray[np.int64]


def window_samples(window: float, overlap: float, rate: float, trace_id: str) -> tuple[int, int]:
    """Return window length and hop in samples."""
    if not (math.isfinite(window) and window > 0):
        raise ParameterError(f"window={window} s; give a positive length in seconds")
    if not 0 <= overlap < 1:
        raise ParameterError(f"overlap={overlap}; give a share from 0 to below 1")
    size = round(window * rate)
    if size < 4:
        raise ParameterError(
            f"window={window:g} s holds {size} samples of {trace_id} at {rate:g} Hz; "
            f"give at least {4 / rate:g} s"
        )
    return size, size - min(round(overlap * size), size - 1)


def check_detrend(detrend: str) -> bool:
    """Return whether a line (rather than the mean) is to be removed."""
    if detrend not in DETREND:
        raise ParameterError(f"detrend={detrend!r}; give one of {', '.join(DETREND)}")
    return detrend == "linear"


def span_of(
    pieces: Sequence[Segment], starttime: TimeLike | None, endtime: TimeLike | None
) -> tuple[list[Segment], int, int]:
    """Return the segments within the span asked for, its first instant, its samples."""
    trace_id, rate = pieces[0].trace_id, pieces[0].sampling_rate
    begin = pieces[0].start_ns if starttime is None else as_utc(starttime, name="starttime").ns
    end = pieces[-1].end_ns if endtime is None else as_utc(endtime, name="endtime").ns
    span = math.floor((end - begin) * 1e-9 * rate + TOLERANCE)
    within = [part for part in (p.cut(int(begin), int(end)) for p in pieces) if len(part.data)]
    if span <= 0 or not within:
        raise WaveformError(
            f"{trace_id} has no usable sample from {starttime or 'its start'} to "
            f"{endtime or 'its end'}; it lasts from {pieces[0].starttime} to "
            f"{UTCDateTime(ns=pieces[-1].end_ns)}"
        )
    return within, int(begin), span


def places(
    pieces: Sequence[Segment], start_ns: int, starts: IntArray, size: int
) -> Iterator[tuple[Segment, IntArray, IntArray]]:
    """Yield, for each segment, the numbers and local starts of the windows it covers wholly.

    ``starts`` ascend. A segment off the grid by a part of a sample takes its nearest sample.
    """
    for piece in pieces:
        offset = round((piece.start_ns - start_ns) * 1e-9 * piece.sampling_rate)
        low = int(np.searchsorted(starts, offset))
        high = int(np.searchsorted(starts, offset + len(piece.data) - size, side="right"))
        if high > low:
            yield piece, np.arange(low, high), starts[low:high] - offset


def windows(
    pieces: Sequence[Segment],
    start_ns: int,
    starts: IntArray,
    taper: FloatArray,
    linear: bool,
    *,
    cells: int = BLOCK_CELLS,
) -> Iterator[tuple[IntArray, FloatArray]]:
    """Yield blocks (numbers of the windows, windows with trend removed and tapered).

    The array is used again for the next block.
    """
    size = len(taper)
    rows = max(1, cells // size)
    buffer = np.empty((rows, size))
    means = np.empty(rows)
    for piece, numbers, local in places(pieces, start_ns, starts, size):
        for first in range(0, len(numbers), rows):
            some = local[first : first + rows]
            block, level = buffer[: len(some)], means[: len(some)]
            tapered_windows(piece.data, some, taper, linear, block, level)
            good = np.isfinite(level)  # one sample that is no number spoils the mean
            which = numbers[first : first + rows]
            yield (which, block) if good.all() else (which[good], block[good])


def power_blocks(
    pieces: Sequence[Segment],
    start_ns: int,
    starts: IntArray,
    taper: FloatArray,
    linear: bool,
    keep: slice,
) -> Iterator[tuple[IntArray, FloatArray]]:
    """Yield blocks (numbers of the windows, one-sided power spectral density of each)."""
    from scipy.fft import rfft

    size = len(taper)
    scale = 1.0 / (pieces[0].sampling_rate * float(np.dot(taper, taper)))
    out: FloatArray = np.empty((max(1, BLOCK_CELLS // size), keep.stop - keep.start))
    for numbers, block in windows(pieces, start_ns, starts, taper, linear):
        if not len(numbers):
            continue
        power = out[: len(numbers)]
        one_sided_power(rfft(block, axis=1), keep.start, scale, size % 2 == 0, power)
        yield numbers, power


def frequency_axis(
    size: int, rate: float, freqmin: float | None, freqmax: float | None, trace_id: str
) -> tuple[FloatArray, slice]:
    """Return the frequencies kept, and which bins of the transform they are."""
    Band(freqmin=freqmin, freqmax=freqmax)
    axis = frequencies_of(size, rate)
    for name, value in (("freqmin", freqmin), ("freqmax", freqmax)):
        if value is not None and value > rate / 2:
            raise ParameterError(
                f"{name}={value:g} Hz is above the Nyquist frequency {rate / 2:g} Hz of "
                f"{trace_id}; lower {name} or drop the channel"
            )
    slack = 1e-9 * rate
    first = 0 if freqmin is None else int(np.searchsorted(axis, freqmin - slack))
    stop = len(axis) if freqmax is None else int(np.searchsorted(axis, freqmax + slack))
    if first >= stop:
        raise ParameterError(
            f"no frequency between {freqmin} and {freqmax} Hz: a window of {size / rate:g} s "
            f"resolves {rate / size:g} Hz; widen the band or lengthen the window"
        )
    return axis[first:stop], slice(first, stop)


def frequencies_of(size: int, rate: float) -> FloatArray:
    """Return the frequencies of a real transform of ``size`` samples."""
    return np.fft.rfftfreq(size, 1.0 / rate).astype(np.float64, copy=False)


def hann(size: int) -> FloatArray:
    """Return the periodic Hann window (by hand: importing scipy.signal takes a second)."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)


def squared(units: str) -> str:
    """Return the unit of a power spectral density."""
    return f"({units})**2/Hz"


def filtered_text(piece: Segment) -> str:
    """Return words on the filter a piece went through, empty if none."""
    band = Band(freqmin=piece.freqmin, freqmax=piece.freqmax)
    return "" if band == Band() else f"; data filtered {band.text}"


def check_choice(name: str, value: Any, allowed: Sequence[str | None]) -> None:
    """Raise if a named choice is not one of the allowed."""
    if value not in allowed:
        raise ParameterError(f"{name}={value!r}; give one of {', '.join(map(str, allowed))}")
