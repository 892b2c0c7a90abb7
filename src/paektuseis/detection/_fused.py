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
_STRETCH = 64  # samples asked about at once
_MARGIN = 1e-9  # of the threshold; what comes nearer is looked at sample by sample

# columns of the marks a detector carries from block to block
_ON, _ABOVE, _READY, _BEGIN, _PEAK, _PROBE, _PIECE = range(7)
# columns of the rules of a detector, in samples
NSTA, NLTA, FIRST, LAST, SHORTEST, DEAD, DEAD_RUN = range(7)


@kernel
def _averages(
    y: FloatArray, low: int, high: int, a: float, b: float, s: float, t: float, level: float
) -> tuple[float, float, float]:
    """Carry both averages over ``y[low:high]``; return also the largest ``s - level * t``.

    Two samples a step, so that a step waits for one multiplication only.
    """
    aa = a * a
    bb = b * b
    best = -np.inf
    i = low
    while i + 1 < high:
        e = y[i] * y[i]
        f = y[i + 1] * y[i + 1]
        s1 = a * s + e
        t1 = b * t + e
        s = aa * s + (a * e + f)
        t = bb * t + (b * e + f)
        best = max(best, max(s1 - level * t1, s - level * t))
        i += 2
    if i < high:
        e = y[i] * y[i]
        s = a * s + e
        t = b * t + e
        best = max(best, s - level * t)
    return s, t, best


@kernel
def _may_die(
    y: FloatArray, low: int, high: int, first: bool, probe: int, step: int, bound: float
) -> bool:
    """Whether a run of ``step`` dead samples may begin, last or end in ``y[low:high]``.

    ``first``: nothing came before.
    """
    for i in range(probe, high, step):
        if y[i] * y[i] > bound:
            continue
        j = i
        while j > low and y[j - 1] * y[j - 1] <= bound:
            j -= 1
        k = i + 1
        while k < high and y[k] * y[k] <= bound:
            k += 1
        if (j == low and not first) or k == high or k - j >= step:
            return True
    return False


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
) -> int:
    """Look at ``y[low:high]`` sample by sample; write triggers that end, return their count."""
    a, b, scale, on, off = factors
    s, t = averages[0], averages[1]
    for i in range(low, high):
        e = y[i] * y[i]
        s = a * s + e
        t = b * t + e
        ratio = scale * (s / t)
        if mark[_ON] and not ratio >= off:
            count = _close(base + i - 1, 0, mark, rule, averages, row, peak, count)
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
    return count


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
def recursive_triggers(
    x: Any,
    offset: float,
    sections: FloatArray,
    rules: IntArray,
    thresholds: FloatArray,
    pieces: IntArray,
    watch: bool,
) -> tuple[IntArray, FloatArray, NDArray[np.bool_]]:
    """Run all detectors over one contiguous record.

    Parameters
    ----------
    x : int32, float32 or float64 ndarray
    offset : float
        Subtracted from each sample.
    sections : float64 ndarray, shape (detectors, sections, 5)
    rules : int64 ndarray, shape (detectors, 7)
        Samples: short and long window, first and last sample to judge, shortest trigger,
        dead time, shortest dead run.
    thresholds : float64 ndarray, shape (detectors, 2)
        On and off.
    pieces : int64 ndarray, shape (n, 2)
        Where the averages begin and end anew, the same for all detectors.
    watch : bool
        Look for dead runs.

    Returns
    -------
    rows : int64 ndarray, shape (triggers, 5)
        Detector, first and last sample, sample of the peak, 1 where the end was not seen.
    peaks : float64 ndarray, shape (triggers,)
    suspect : bool ndarray, shape (detectors,)
        With ``watch``, where a dead run may be (no false no).
    """
    lanes = sections.shape[0]
    state = np.zeros((lanes, sections.shape[1], 2))
    y = np.empty((lanes, _BLOCK))
    averages = np.zeros((lanes, 3))  # short, long, peak ratio; without their factor 1/n
    marks = np.zeros((lanes, 7), np.int64)
    opening = np.zeros(lanes)  # energy of the first sample, which the averages leave out
    suspect = np.zeros(lanes, np.bool_)
    rows = np.empty((64, 5), np.int64)
    peaks = np.empty(64)
    count = 0
    for k in range(lanes):
        marks[k, _READY] = rules[k, FIRST]
    for base in range(0, x.size, _BLOCK):
        stop = min(base + _BLOCK, x.size)
        bank_block(x, base, stop, offset, sections, state, y)
        for k in range(lanes):
            z, mark, rule, mean = y[k], marks[k], rules[k], averages[k]
            a = 1.0 - 1.0 / rule[NSTA]
            b = 1.0 - 1.0 / rule[NLTA]
            scale = rule[NLTA] / rule[NSTA]
            on, off = thresholds[k, 0], thresholds[k, 1]
            level = on / scale * (1.0 - _MARGIN)
            # bound on the mean square within a stretch, from that at its end
            dead = BELOW_RESOLUTION * 1.001 / rule[NLTA] / b**_STRETCH
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
                    to = min(low + _STRETCH, high)
                    if low < first:
                        to = min(to, first)
                    elif low < last:
                        to = min(to, last)
                    s, t, best = _averages(z, low - base, to - base, a, b, mean[0], mean[1], level)
                    if judged and (mark[_ON] or not best < 0.0):
                        if count + _STRETCH > rows.shape[0]:
                            rows = np.concatenate((rows, np.empty_like(rows)))
                            peaks = np.concatenate((peaks, np.empty_like(peaks)))
                        known = count
                        count = _judge(
                            z,
                            low - base,
                            to - base,
                            base,
                            (a, b, scale, on, off),
                            mean,
                            mark,
                            rule,
                            rows,
                            peaks,
                            count,
                        )
                        if to == last and mark[_ON]:
                            count = _close(last - 1, 1, mark, rule, mean, rows, peaks, count)
                        rows[known:count, 0] = k
                    else:
                        mark[_ABOVE] = 0
                        mean[0], mean[1] = s, t
                    if watch and mark[_PROBE] < to:
                        if not suspect[k]:
                            suspect[k] = _may_die(
                                z,
                                low - base if low > 1 else 0,
                                to - base,
                                low <= 1,
                                mark[_PROBE] - base,
                                rule[DEAD_RUN],
                                dead * (mean[1] + opening[k]),
                            )
                        while mark[_PROBE] < to:
                            mark[_PROBE] += rule[DEAD_RUN]
                    low = to
                mark[_ABOVE] = 0 if high == end else mark[_ABOVE]
                if high < end:
                    break
                mark[_PIECE] += 1
    return rows[:count], peaks[:count], suspect


@kernel
def live_pieces(
    x: Any, offset: float, sections: FloatArray, shortest_dead: int, memory: int
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
