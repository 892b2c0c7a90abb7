"""Amplitudes of windows taken from filtered blocks as they come, the blocks then dropped.

Of a window there is kept, until its end, either every sample or, for the median of a long one,
its sum, the samples near the median its forerunner had, and the number of those nearer zero.
At its end the mean is known and the median sorted out among the samples kept. That it lies
farther from the limits of what was kept than the mean lies from zero proves it right; else the
window is missed, to be filtered once more.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._jit import kernel
from ..processing._lanes import bits_of
from ._kernels import ranks_away

LANE, STATISTIC, FIRST, AT, LAST, COMPLETE, MISSED = range(7)
"""Of each series: its row; its statistic; which edges begin its first window, the one being
taken, and end its last; whether that ends in this piece; the window missed, or -1."""

NUMBER, BELOW, KEPT = range(3)
"""Of the window being taken: samples so far, those below the limits, and those kept."""

CENTRE, JUMP, LOW, HIGH = range(4)
"""Of each series: the last median, by which share medians change, and what is kept between."""

MEDIAN = 1
NARROWEST, WIDEST = 0.1, 2.0


@kernel
def take_block(
    rows: Any,
    position: int,
    size: int,
    least: int,
    edges: Any,
    plan: Any,
    tally: Any,
    sums: Any,
    guess: Any,
    kept: Any,
    work: Any,
    value: Any,
) -> int:
    """Take ``size`` samples of a piece from ``position`` on, and return how many windows missed.

    ``edges`` are those of all series' windows, one series after the other, and ``value`` is
    filled where a window begins. Windows of ``least`` samples and fewer are kept whole.
    """
    misses = 0
    stop = position + size
    for s in range(plan.shape[0]):
        lane = plan[s, LANE]
        plan[s, MISSED] = -1
        while plan[s, AT] < plan[s, LAST]:
            w = plan[s, AT]
            a, b = edges[w], edges[w + 1]
            low, high = max(a, position), min(b, stop)
            if high > low:
                if low == a and tally[s, NUMBER] == 0:
                    inner = w > plan[s, FIRST] and w + 1 < plan[s, LAST] and b - a > least
                    _limit(guess[s], inner and plan[s, STATISTIC] == MEDIAN)
                x = rows[lane, low - position : high - position]
                if guess[s, HIGH] > 0.0:
                    _near(x, b - a, guess[s], tally[s], sums[s], kept[s])
                else:
                    k = tally[s, KEPT]
                    for i in range(x.size):
                        kept[s, k + i] = x[i]
                    tally[s, KEPT] = k + x.size
                    tally[s, NUMBER] += x.size
            if stop < b:
                break
            if w + 1 < plan[s, LAST] or plan[s, COMPLETE] == 1:
                out = value[w : w + 1]
                if not _measured(
                    plan[s, STATISTIC], tally[s], sums[s], guess[s], kept[s], work, out
                ):
                    plan[s, MISSED] = w
                    misses += 1
                tally[s, :] = 0
                sums[s, :] = 0.0
            plan[s, AT] = w + 1
    return misses


@kernel
def _limit(guess: Any, limited: bool) -> None:
    """Set what is to be kept of a window: what lies around the last median, or all."""
    guess[LOW], guess[HIGH] = 0.0, 0.0
    if limited and guess[CENTRE] > 0.0 and np.isfinite(guess[CENTRE]):
        wide = 1.0 + min(max(4.0 * guess[JUMP], NARROWEST), WIDEST)
        guess[LOW], guess[HIGH] = guess[CENTRE] / wide, guess[CENTRE] * wide


@kernel
def _near(x: Any, length: int, guess: Any, tally: Any, sums: Any, kept: Any) -> None:
    """Add samples to the four sums of a window of ``length``, and keep those in the limits."""
    n = tally[NUMBER]
    whole = length // 4 * 4  # what is over goes into the first sum
    head = min(x.size, (4 - n % 4) % 4)
    body = head + max(min(x.size, whole - n) - head, 0) // 4 * 4
    for i in range(head):
        sums[(n + i) % 4 if n + i < whole else 0] += x[i]
    s0, s1, s2, s3 = sums[0], sums[1], sums[2], sums[3]
    for i in range(head, body, 4):
        s0 += x[i]
        s1 += x[i + 1]
        s2 += x[i + 2]
        s3 += x[i + 3]
    sums[0], sums[1], sums[2], sums[3] = s0, s1, s2, s3
    for i in range(body, x.size):
        sums[(n + i) % 4 if n + i < whole else 0] += x[i]
    low = bits_of(guess[LOW])
    width = np.uint64(bits_of(guess[HIGH]) - low)
    below, k = np.uint64(0), np.uint64(tally[KEPT])  # unsigned: no place counts from the end
    for i in range(x.size):
        one = bits_of(abs(x[i]))
        kept[k] = x[i]
        below += np.uint64(one < low)
        k += np.uint64(np.uint64(one - low) <= width)
    tally[NUMBER], tally[BELOW], tally[KEPT] = n + x.size, tally[BELOW] + np.int64(below), k


@kernel
def _measured(
    statistic: int, tally: Any, sums: Any, guess: Any, kept: Any, work: Any, out: Any
) -> bool:
    """Measure a window at its end; False if what was kept of it does not tell."""
    n, k = tally[NUMBER], tally[KEPT]
    if n == 0:
        return True
    limited = guess[HIGH] > 0.0
    if not limited:
        whole = n // 4 * 4
        s0 = s1 = s2 = s3 = 0.0
        for i in range(0, whole, 4):
            s0 += kept[i]
            s1 += kept[i + 1]
            s2 += kept[i + 2]
            s3 += kept[i + 3]
        for i in range(whole, n):
            s0 += kept[i]
        sums[0], sums[1], sums[2], sums[3] = s0, s1, s2, s3
    mean = ((sums[0] + sums[1]) + (sums[2] + sums[3])) / n
    if statistic != MEDIAN:
        out[0] = _away(kept, n, mean, statistic)
        return True
    rank = (n - 1) // 2 - tally[BELOW]
    pair = n // 2 - (n - 1) // 2
    sound = rank >= 0 and rank + pair < k
    if sound:
        begin: Any = np.int64(0)
        first, second = ranks_away(kept, begin, k, mean, rank, pair, work)
        sound = guess[LOW] + abs(mean) <= first and second <= guess[HIGH] - abs(mean)
        out[0] = 0.5 * (first + second)
    if limited and not sound:
        guess[CENTRE] = 0.0  # the next window is kept whole
        return False
    if guess[CENTRE] > 0.0 and out[0] > 0.0:
        ratio = out[0] / guess[CENTRE]
        guess[JUMP] += 0.2 * (max(ratio, 1.0 / ratio) - 1.0 - guess[JUMP])
    guess[CENTRE] = out[0]
    return True


@kernel
def _away(x: Any, n: int, mean: float, statistic: int) -> float:
    """Return the mean, the root of the mean square, or the largest of ``|x[:n] - mean|``."""
    s0 = s1 = s2 = s3 = 0.0
    if statistic == 0:
        whole = n // 4 * 4
        for i in range(0, whole, 4):
            s0 += abs(x[i] - mean)
            s1 += abs(x[i + 1] - mean)
            s2 += abs(x[i + 2] - mean)
            s3 += abs(x[i + 3] - mean)
        for i in range(whole, n):
            s0 += abs(x[i] - mean)
        return ((s0 + s1) + (s2 + s3)) / n
    if statistic == 2:
        for i in range(n):
            s0 += (x[i] - mean) * (x[i] - mean)
        return float(np.sqrt(s0 / n))
    for i in range(n):
        s0 = max(s0, abs(x[i] - mean))
    return s0
