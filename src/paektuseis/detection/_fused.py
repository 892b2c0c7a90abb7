"""Compiled detectors: demean, filter bank, recursive STA/LTA and onsets in one pass.

Nothing as long as the record is written: each block is filtered for all
detectors, and each detector carries its averages and its trigger on to the
next block. Between triggers only the question is asked whether a sample of
the next few can reach the threshold; they are looked at one by one where the
answer is yes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._jit import kernel
from ..processing._bank import bank_block
from ._kernels import BELOW_RESOLUTION, live_step

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_BLOCK = 4096
STRETCH = 32  # samples asked about at once
_MARGIN = 1e-9  # of the threshold; what comes nearer is looked at sample by sample

# columns of the marks a detector carries from block to block
_ON, _ABOVE, _READY, _BEGIN, _PEAK, _PIECE = range(6)
# columns of the rules of a detector, in samples
NSTA, NLTA, FIRST, LAST, SHORTEST, DEAD = range(6)
# whether the end of a trigger was seen; bare numbers would have the kernel compiled for each
SEEN: Any = np.int64(0)
UNSEEN: Any = np.int64(1)


@kernel
def _sums(y: FloatArray, low: int, weights: FloatArray) -> tuple[float, float, float]:
    """Return the energy of a stretch, and what it adds to the short and the long average.

    Four sums side by side, in an order the compiler may not change.
    """
    t0 = t1 = t2 = t3 = 0.0
    s0 = s1 = s2 = s3 = 0.0
    l0 = l1 = l2 = l3 = 0.0
    x = y[low : low + STRETCH]
    near, far = weights[0], weights[1]
    for i in range(0, STRETCH, 4):
        a, b = x[i] * x[i], x[i + 1] * x[i + 1]
        c, d = x[i + 2] * x[i + 2], x[i + 3] * x[i + 3]
        t0 += a
        t1 += b
        t2 += c
        t3 += d
        s0 += near[i] * a
        s1 += near[i + 1] * b
        s2 += near[i + 2] * c
        s3 += near[i + 3] * d
        l0 += far[i] * a
        l1 += far[i + 1] * b
        l2 += far[i + 2] * c
        l3 += far[i + 3] * d
    return (t0 + t1) + (t2 + t3), (s0 + s1) + (s2 + s3), (l0 + l1) + (l2 + l3)


@kernel
def _pass_over(
    y: FloatArray,
    low: int,
    high: int,
    weights: FloatArray,
    factors: tuple[float, float, float, float, float],
    averages: FloatArray,
) -> tuple[int, bool]:
    """Carry both averages over whole stretches of ``y[low:high]`` that cannot trigger.

    Return where the first begins that can, or the rest, and whether one may be dead.
    """
    fall, sink, level, dead, opening = factors
    s, t = averages[0], averages[1]
    dying = False
    while low + STRETCH <= high:
        total, short, long = _sums(y, low, weights)
        if s + total >= level * t:
            break
        s = fall * s + short
        t = sink * t + long
        dying |= total <= STRETCH * dead * (t + opening)
        low += STRETCH
    averages[0], averages[1] = s, t
    return low, dying


@kernel
def _judge(
    y: FloatArray,
    low: int,
    high: int,
    base: int,
    factors: tuple[float, float, float, float, float],
    averages: FloatArray,
    mark: IntArray,
    rule: IntArray,
    row: IntArray,
    peak: FloatArray,
    count: int,
) -> tuple[int, float]:
    """Look at ``y[low:high]`` sample by sample; write triggers that end.

    Return how many are written, and the energy.
    """
    a, b, scale, on, off = factors
    total = 0.0
    s, t = averages[0], averages[1]
    for i in range(low, high):
        e = y[i] * y[i]
        total += e
        s = a * s + e
        t = b * t + e
        ratio = scale * (s / t)
        if mark[_ON] and not ratio >= off:
            count = _close(base + i - 1, SEEN, mark, rule, averages, row, peak, count)
        elif mark[_ON] and ratio > averages[2]:
            mark[_PEAK] = base + i
            averages[2] = ratio
        above = ratio >= on
        if above and not mark[_ON] and not mark[_ABOVE] and base + i >= mark[_READY]:
            mark[_ON] = 1
            mark[_BEGIN] = base + i
            mark[_PEAK] = base + i
            averages[2] = ratio
        mark[_ABOVE] = above
    averages[0], averages[1] = s, t
    return count, total


@kernel
def _close(
    end: int,
    still: int,
    mark: IntArray,
    rule: IntArray,
    averages: FloatArray,
    row: IntArray,
    peak: FloatArray,
    count: int,
) -> int:
    """End the running trigger; write it, unless it is too short."""
    mark[_ON] = 0
    if end - mark[_BEGIN] < rule[SHORTEST]:
        return count
    row[count, 1] = mark[_BEGIN]
    row[count, 2] = end
    row[count, 3] = mark[_PEAK]
    row[count, 4] = still
    peak[count] = averages[2]
    mark[_READY] = end + rule[DEAD] + 1
    return count + 1


@kernel
def _doubled(rows: IntArray, peaks: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return longer tables with the same beginning."""
    n = peaks.size
    more_rows = np.empty((2 * n, 5), np.int64)
    more_peaks = np.empty(2 * n)
    for i in range(n):
        more_peaks[i] = peaks[i]
        for j in range(5):
            more_rows[i, j] = rows[i, j]
    return more_rows, more_peaks


@kernel
def recursive_triggers(
    x: Any,
    offset: float,
    sections: FloatArray,
    rules: IntArray,
    thresholds: FloatArray,
    pieces: IntArray,
) -> tuple[IntArray, FloatArray, NDArray[np.bool_]]:
    """Run all detectors over one contiguous record.

    Parameters
    ----------
    x : int32, float32 or float64 ndarray
    offset : float
        Subtracted from each sample.
    sections : float64 ndarray, shape (detectors, sections, 5)
    rules : int64 ndarray, shape (detectors, 6)
        Samples: short and long window, first and last sample to judge, shortest trigger,
        dead time.
    thresholds : float64 ndarray, shape (detectors, 2)
        On and off.
    pieces : int64 ndarray, shape (n, 2)
        Where the averages begin and end anew, the same for all detectors.

    Returns
    -------
    rows : int64 ndarray, shape (triggers, 5)
        Detector, first and last sample, sample of the peak, 1 where the end was not seen.
    peaks : float64 ndarray, shape (triggers,)
    suspect : bool ndarray, shape (detectors,)
        Where a dead run of at least ``2 * STRETCH - 1`` samples may be (no false no): it would
        hold a whole stretch.
    """
    lanes = sections.shape[0]
    state = np.zeros((lanes, sections.shape[1], 2))
    y = np.empty((lanes, _BLOCK))
    averages = np.zeros((lanes, 3))  # short, long, peak ratio; without their factor 1/n
    marks = np.zeros((lanes, 6), np.int64)
    opening = np.zeros(lanes)  # energy of the first sample, which the averages leave out
    suspect = np.zeros(lanes, np.bool_)
    rows = np.empty((64, 5), np.int64)
    peaks = np.empty(64)
    count: Any = np.int64(0)
    factors = np.empty((lanes, 2))  # of the averages from one sample to the next
    weights = np.empty((lanes, 2, STRETCH))  # what becomes of each sample of a stretch
    for k in range(lanes):
        marks[k, _READY] = rules[k, FIRST]
        for j in range(2):
            factors[k, j] = 1.0 - 1.0 / rules[k, j]
            for i in range(STRETCH):
                weights[k, j, STRETCH - 1 - i] = factors[k, j] ** float(i)
    for base in range(0, x.size, _BLOCK):
        stop = min(base + _BLOCK, x.size)
        bank_block(x, base, stop, offset, sections, state, y)
        for k in range(lanes):
            z, mark, rule, mean = y[k], marks[k], rules[k], averages[k]
            a, b = factors[k]
            fall, sink = a ** float(STRETCH), b ** float(STRETCH)
            scale = rule[NLTA] / rule[NSTA]
            on, off = thresholds[k, 0], thresholds[k, 1]
            # within a stretch no ratio is above (short + energy) / (sink * long)
            level = on / scale * sink * (1.0 - _MARGIN)
            # bound on the mean square within a stretch, from that at its end
            dead = BELOW_RESOLUTION * 1.001 / rule[NLTA] / sink
            if base == 0:
                opening[k] = z[0] * z[0]
            while mark[_PIECE] < pieces.shape[0]:
                begin, end = pieces[mark[_PIECE], 0], pieces[mark[_PIECE], 1]
                low, high = max(begin, base), min(end, stop)
                if low >= high:
                    break
                if low == begin:  # the recursion begins at the second sample
                    mean[0] = mean[1] = 0.0
                    low += 1
                first = max(rule[FIRST], begin + rule[NLTA])
                last = min(rule[LAST] + 1, end)
                while low < high:
                    judged = first <= low < last
                    to = last if judged else (first if low < first else high)
                    to = min(to, high)
                    at, dying = low, False
                    if not mark[_ON]:
                        at, dying = _pass_over(
                            z, low - base, to - base, weights[k],
                            (fall, sink, level if judged else np.inf, dead, opening[k]), mean,
                        )  # fmt: skip
                        at += base
                        if at > low:
                            mark[_ABOVE] = 0
                    if at == low:
                        at = min(to, low + STRETCH)
                        if count + STRETCH > rows.shape[0]:
                            rows, peaks = _doubled(rows, peaks)
                        known = count
                        count, total = _judge(
                            z, low - base, at - base, base,
                            (a, b, scale, on if judged else np.inf, off),
                            mean, mark, rule, rows, peaks, count,
                        )  # fmt: skip
                        if at == last and mark[_ON]:
                            count = _close(last - 1, UNSEEN, mark, rule, mean, rows, peaks, count)
                        rows[known:count, 0] = k
                        dying = total <= (at - low) * dead * (mean[1] + opening[k])
                    suspect[k] |= dying
                    low = at
                if high < end:
                    break
                mark[_ABOVE] = 0
                mark[_PIECE] += 1
    return rows[:count], peaks[:count], suspect


def live_pieces(
    x: NDArray[Any], offset: float, sections: FloatArray, shortest_dead: int, memory: int
) -> IntArray:
    """As ``live_segments`` of the record filtered by the first cascade, block by block."""
    state = np.zeros((1, sections.shape[1], 2))
    y = np.empty((1, _BLOCK))
    found = np.empty((8, 2), dtype=np.int64)
    marks = np.array([0, -1, 0], dtype=np.int64)
    level = np.zeros(1)
    for base in range(0, x.size, _BLOCK):
        stop = min(base + _BLOCK, x.size)
        bank_block(x, base, stop, offset, sections[:1], state, y)
        found = live_step(
            y[0, : stop - base], base, shortest_dead, memory, level, marks, found, stop == x.size
        )
    return found[: marks[0]]
