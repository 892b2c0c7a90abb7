"""Compiled characteristic functions: plain arrays in, plain arrays out.

Running means are built from block prefixes and suffixes (van Herk's scheme):
every window is a sum of at most ``w`` terms that never leaves another sum by
subtraction, so a record of any length does not drift and a window of zeros is
exactly zero.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .._jit import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# a sample whose square is below this share of the running mean square (160 dB)
# does not change that mean in double precision
BELOW_RESOLUTION = 1e-16


@kernel
def window_means(x: FloatArray, w: int, square: bool, divisor: int) -> FloatArray:
    """Return the sum of ``x`` (or of its square) over the ``w`` samples ending at each one.

    It is divided by ``divisor``. Samples before the first full window are NaN.
    """
    n = x.size
    out = np.empty(n)
    out[: min(w - 1, n)] = np.nan
    suffix = np.zeros(w + 1)
    for block in range(0, n, w):
        count = min(w, n - block)
        prefix = 0.0
        for j in range(count):
            v = x[block + j]
            prefix += v * v if square else v
            if block + j >= w - 1:
                out[block + j] = (prefix + suffix[j + 1]) / divisor
        if count == w:
            total = 0.0
            for j in range(w - 1, -1, -1):
                v = x[block + j]
                total += v * v if square else v
                suffix[j] = total
    return out


@kernel
def window_scores(x: FloatArray, w: int) -> FloatArray:
    """Return ``(x_i - mean) / std`` with mean and std over the ``w`` samples ending at ``i``.

    Means and squared deviations of a block suffix and a block prefix are merged
    (Chan, Golub and LeVeque), so nothing cancels. NaN before the first full
    window and where the standard deviation is zero.
    """
    n = x.size
    out = np.full(n, np.nan)
    mean_s = np.zeros(w + 1)
    dev_s = np.zeros(w + 1)
    for block in range(0, n, w):
        count = min(w, n - block)
        mean = 0.0
        dev = 0.0
        for j in range(count):
            v = x[block + j]
            step = v - mean
            mean += step / (j + 1)
            dev += step * (v - mean)
            if block + j >= w - 1:
                older = w - 1 - j
                apart = mean_s[j + 1] - mean
                mu = mean + apart * older / w
                var = (dev + dev_s[j + 1] + apart * apart * older * (j + 1) / w) / w
                if var > 0.0:
                    out[block + j] = (v - mu) / np.sqrt(var)
        if count == w:
            mean = 0.0
            dev = 0.0
            for j in range(w - 1, -1, -1):
                v = x[block + j]
                step = v - mean
                mean += step / (w - j)
                dev += step * (v - mean)
                mean_s[j] = mean
                dev_s[j] = dev
    return out


@kernel
def energy_ratio(x: FloatArray, nsta: int, nlta: int, lag: int) -> FloatArray:
    """Return the mean square over ``nsta`` samples by that over ``nlta`` ending ``lag`` before.

    NaN before the first full window, and where the longer one holds only zeros.
    """
    n = x.size
    out = np.empty(n)
    scale = nlta / nsta
    suffix = np.zeros(nsta + 1)
    suffix_long = np.zeros(nlta + 1)
    above = np.empty(nsta)
    below = np.empty(nsta)
    short = 0.0
    long = 0.0
    j = 0  # place of the sample in its block of nsta, and of the one lag before in that of nlta
    k = -lag
    i = 0
    while i < n:
        count = min(n - i, nsta - j, nlta - k if k >= 0 else -k)
        new = x[i : i + count]
        old = x[max(i - lag, 0) : max(i - lag, 0) + count]
        for at in range(count):
            short += new[at] * new[at]
            long += old[at] * old[at]
            above[at] = short
            below[at] = long
        if k < 0:
            long = 0.0
        target, ends, ends_long = out[i:], suffix[j + 1 :], suffix_long[max(k, 0) + 1 :]
        for at in range(count):
            total = below[at] + ends_long[at]
            ratio = scale * ((above[at] + ends[at]) / total)
            target[at] = ratio if total > 0.0 else np.nan
        j += count
        k += count
        i += count
        if j == nsta:
            _suffixes(x[i - nsta : i], suffix)
            j = 0
            short = 0.0
        if k == nlta:
            _suffixes(x[i - lag - nlta : i - lag], suffix_long)
            k = 0
            long = 0.0
    out[: min(nlta - 1 + lag, n)] = np.nan
    return out


@kernel
def _suffixes(x: FloatArray, suffix: FloatArray) -> None:
    """Sum the squares of a block from its end on."""
    total = 0.0
    for j in range(x.size - 1, -1, -1):
        total += x[j] * x[j]
        suffix[j] = total


@kernel
def held_ratio(
    sta: FloatArray, lta: FloatArray, scale: float, lag: int, on: float, off: float, longest: int
) -> FloatArray:
    """Return ``scale * sta[i] / lta[i - lag]``, the LTA held while that is between on and off.

    A hold ends when the ratio falls below ``off`` or after
    ``longest`` samples; then it cannot begin again before the ratio was below ``off``.
    """
    n = sta.size
    out = np.empty(n)
    out[:] = np.nan
    holding = False
    spent = False
    kept = 0.0
    since = 0
    for i in range(lag, n):
        long = lta[i - lag]
        if np.isnan(long) or np.isnan(sta[i]):
            continue
        if holding and i - since > longest:
            holding = False
            spent = True
        if holding:
            long = kept
        if not long > 0.0:
            continue
        ratio = scale * (sta[i] / long)
        out[i] = ratio
        if ratio < off:
            holding = False
            spent = False
        elif ratio >= on and not holding and not spent:
            holding = True
            kept = long
            since = i
    return out


@kernel
def recursive_ratio(
    x: FloatArray, nsta: int, nlta: int, on: float, off: float, longest: int
) -> FloatArray:
    """Return the recursive STA/LTA; the recursion begins at the second sample, as ObsPy's does.

    The first ``nlta`` samples are NaN. While the ratio is held (see ``held_ratio``) the LTA
    is not updated.
    """
    n = x.size
    out = np.full(n, np.nan)
    # both averages are kept without their factor 1/n, which goes into the ratio
    a = 1.0 - 1.0 / nsta
    b = 1.0 - 1.0 / nlta
    scale = nlta / nsta
    s = 0.0
    t = 0.0
    holding = False
    spent = False
    since = 0
    for i in range(1, n):
        e = x[i] * x[i]
        s = a * s + e
        if holding and i - since > longest:
            holding = False
            spent = True
        if not holding:
            t = b * t + e
        if i < nlta or not t > 0.0:
            continue
        ratio = scale * (s / t)
        out[i] = ratio
        if ratio < off:
            holding = False
            spent = False
        elif ratio >= on and not holding and not spent:
            holding = True
            since = i
    return out


@kernel
def carl(x: FloatArray, nsta: int, nlta: int, ratio: float, quiet: float) -> FloatArray:
    """Return Carl-STA-Trig's eta; NaN until its four nested windows are full."""
    n = x.size
    sta = window_means(x, nsta, False, nsta)
    out = np.full(n, np.nan)
    first = nsta - 1  # sta is known from here
    if n <= first:
        return out
    lta = np.full(n, np.nan)
    means = window_means(sta[first:], nlta, False, nlta)
    for i in range(means.size):
        lta[first + i] = means[i]
    first += nlta - 1
    if n <= first:
        return out
    rough = np.abs(x[first:] - lta[first:])
    star = window_means(rough, nsta, False, nsta)
    begin = nsta - 1  # relative to first
    if rough.size <= begin:
        return out
    ltar = window_means(star[begin:], nlta, False, nlta)
    for j in range(nlta - 1, ltar.size):
        i = first + begin + j
        out[i] = star[begin + j] - ratio * ltar[j] - abs(sta[i] - lta[i]) - quiet
    return out


@kernel
def live_step(
    x: FloatArray,
    base: int,
    shortest_dead: int,
    memory: int,
    level: FloatArray,
    marks: IntArray,
    found: IntArray,
    last: bool,
) -> IntArray:
    """Go on with ``live_segments`` over the samples from number ``base`` on.

    Carried along are the mean square ``level`` (1,), and in ``marks`` (3,) the number of pieces
    found, the first sample of the running piece (-1 for none) and the length of the dead run.
    """
    share = 1.0 / memory
    mean = level[0]
    count, begin, run = marks[0], marks[1], marks[2]
    for i in range(base, base + x.size + (1 if last else 0)):
        cut = -1
        if i == base + x.size:
            cut = i - run if run >= shortest_dead else i
        else:
            v = x[i - base]
            energy = v * v
            if not np.isfinite(energy):
                cut = i - run if run >= shortest_dead else i
                mean = 0.0
                run = 0
            else:
                dead = energy <= BELOW_RESOLUTION * mean
                mean += (energy - mean) * share
                if mean < 1e-300:
                    mean = 0.0
                if dead:
                    run += 1
                    if begin >= 0 and run == shortest_dead:
                        cut = i - run + 1
                else:
                    if begin < 0:
                        # short dead runs belong to the piece, long ones do not
                        begin = i - run if run < shortest_dead else i
                    run = 0
        if cut >= 0 and begin >= 0:
            if cut > begin:
                if count == found.shape[0]:
                    more = np.empty((2 * count, 2), dtype=np.int64)
                    for j in range(count):
                        more[j, 0] = found[j, 0]
                        more[j, 1] = found[j, 1]
                    found = more
                found[count, 0] = begin
                found[count, 1] = cut
                count += 1
            begin = -1
    level[0] = mean
    marks[0], marks[1], marks[2] = count, begin, run
    return found


@kernel
def live_segments(x: FloatArray, shortest_dead: int, memory: int) -> IntArray:
    """Return first and one-past-last sample of each live piece, shape (pieces, 2).

    A piece ends at a sample that is not finite, and at a run of at least
    ``shortest_dead`` dead samples: exact zeros, or samples 160 dB below the
    recursive mean square of the last ``memory`` samples.
    """
    found = np.empty((8, 2), dtype=np.int64)
    marks = np.array([0, -1, 0], dtype=np.int64)
    found = live_step(x, 0, shortest_dead, memory, np.zeros(1), marks, found, True)
    return found[: marks[0]]
