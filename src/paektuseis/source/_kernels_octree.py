"""Compiled search of a hypocentre's posterior: plain arrays in, plain arrays out.

Places are offsets in radians of latitude and longitude from the middle of the search region,
and km below sea level. What all kernels share of one event comes as the same arguments:

``geometry``
    (2, 4): km a radian east and north as cubic polynomials of the latitude offset.
``stations``
    (ns, 3): latitude and longitude offset, depth of the station.
``first``
    (ns + 1,): where the picks of each station begin.
``height``
    (ns,): the number of the station's tables.
``phase``, ``observed``, ``variance``
    (n,): the pick's phase (0 P, 1 S), its time in s, the square of its standard error.
``outlier``
    Share of picks that are wrong, and the density in 1/s they then have.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._jit import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_STEPS = 10
_FEW = 3


@kernel
def residuals(
    lat: float,
    lon: float,
    depth: float,
    grow: float,
    geometry: FloatArray,
    stations: FloatArray,
    first: IntArray,
    height: IntArray,
    phase: IntArray,
    observed: FloatArray,
    variance: FloatArray,
    slowness: Any,
    intercept: FloatArray,
    reach: FloatArray,
    heads: FloatArray,
    rows: FloatArray,
    step: float,
    growth: float,
    left: FloatArray,
    widened: FloatArray,
) -> None:
    """Fill ``left`` with observed minus travel time and ``widened`` with the variance.

    The variance grows by ``grow`` (km²) times the square of the slowness: the spread of
    travel times over a cell of that size.
    """
    last = rows.shape[0] - 1
    while last > 0 and depth < rows[last, 2]:
        last -= 1
    row = rows[last, 0] + (depth - rows[last, 2]) * rows[last, 3]
    row = min(max(row, rows[last, 0]), rows[last, 1])
    i = min(int(row), int(rows[last, 1]) - 1)
    f = row - i
    for s in range(stations.shape[0]):
        b = lat - stations[s, 0]
        a = lon - stations[s, 1]
        m = 0.5 * (lat + stations[s, 0])
        east = geometry[0, 0] + m * (geometry[0, 1] + m * (geometry[0, 2] + m * geometry[0, 3]))
        north = geometry[1, 0] + m * (geometry[1, 1] + m * (geometry[1, 2] + m * geometry[1, 3]))
        square = (north * b) ** 2 * (1.0 - b * b / 12.0) * (1.0 - 0.25 * a * a)
        square += (east * a) ** 2 * (1.0 - a * a / 12.0)
        square *= 1.0 + square / (12.0 * north * north)
        x = math.sqrt(square)
        straight = math.sqrt(square + (depth - stations[s, 2]) ** 2)
        column = (math.sqrt(step * step + 4.0 * growth * x) - step) * (0.5 / growth)
        j = min(int(column), slowness.shape[2] - 2)
        g = (x - j * (step + j * growth)) / (step + (2 * j + 1) * growth)
        w00, w01 = (1.0 - f) * (1.0 - g), (1.0 - f) * g
        w10, w11 = f * (1.0 - g), f * g
        h = height[s]
        for k in range(first[s], first[s + 1]):
            p = phase[k]
            u = w00 * slowness[h, i, j, p] + w01 * slowness[h, i, j + 1, p]
            u += w10 * slowness[h, i + 1, j, p] + w11 * slowness[h, i + 1, j + 1, p]
            time = u * straight
            if x >= reach[h, 0, p, 0]:
                for w in range(1, heads.shape[2]):
                    if x >= (1.0 - f) * reach[h, i, p, w] + f * reach[h, i + 1, p, w]:
                        late = (1.0 - f) * intercept[h, i, p, w] + f * intercept[h, i + 1, p, w]
                        time = min(time, x * heads[h, p, w] + late)
            left[k] = observed[k] - time
            widened[k] = variance[k] + grow * u * u


@kernel
def origin_time(
    left: FloatArray, variance: FloatArray, outlier: FloatArray, order: FloatArray, steps: int
) -> tuple[float, float, float]:
    """Log likelihood with the origin time integrated out, that time, and its precision (1/s²).

    Each residual is Gaussian with its own variance or, with a small probability, anything. The
    origin time starts at the mean, or the median where that fits badly, and is found by
    reweighted means; the integral over it is Laplace's (exact where no pick is an outlier).
    """
    n = left.size
    total, moment = 0.0, 0.0
    for i in range(n):
        inverse = 1.0 / variance[i]
        total += inverse
        moment += left[i] * inverse
    time = moment / total
    far = 0.0
    for i in range(n):
        far = max(far, (left[i] - time) ** 2 - 6.0 * variance[i])
    if far > 0.0:  # something may be wrong: start at the median
        for i in range(n):
            value = left[i]
            j = i - 1
            while j >= 0 and order[j] > value:
                order[j + 1] = order[j]
                j -= 1
            order[j + 1] = value
        time = 0.5 * (order[(n - 1) // 2] + order[n // 2])
    flat = outlier[0] * outlier[1]
    height = (1.0 - outlier[0]) * 0.3989422804014327
    likelihood, log, precision = 1.0, 0.0, 0.0
    for _ in range(steps):
        total, moment = 0.0, 0.0
        likelihood, log = 1.0, 0.0
        for i in range(n):
            r = left[i] - time
            inverse = 1.0 / variance[i]
            half = 0.5 * r * r * inverse
            either = flat
            if half < 40.0:
                core = height * math.sqrt(inverse) * math.exp(-half)
                either += core
                weight = core / either * inverse
                total += weight
                moment += weight * r
            likelihood *= either
            if likelihood < 1e-200 or likelihood > 1e200:
                log += math.log(likelihood)
                likelihood = 1.0
        precision = total
        if total <= 0.0:
            break
        if moment * moment < 1e-3 * total:  # a move of less than 0.03 standard errors
            break
        time += moment / total
    precision = max(precision, outlier[1] * outlier[1])
    return log + math.log(likelihood) - 0.5 * math.log(precision), time, precision


@kernel
def search(
    box: FloatArray,
    counts: IntArray,
    share: float,
    most: int,
    geometry: FloatArray,
    stations: FloatArray,
    first: IntArray,
    height: IntArray,
    phase: IntArray,
    observed: FloatArray,
    variance: FloatArray,
    outlier: FloatArray,
    slowness: Any,
    intercept: FloatArray,
    reach: FloatArray,
    heads: FloatArray,
    rows: FloatArray,
    step: float,
    growth: float,
) -> tuple[FloatArray, FloatArray, int]:
    """Divide a box into cells of like probability.

    ``box`` (3, 2) holds the limits of latitude, longitude and depth, ``counts`` how many cells
    to begin with. Cells that hold more than ``share`` of the whole are cut in eight until none
    does or there are ``most``. The probability of a cell is that of its middle with variances
    widened by the cell's size, so that a narrow peak is not missed by a coarse cell.

    Returns cells (n, 6: the middle and the half widths), log mass (n,), and the evaluations.
    """
    n = observed.size
    left, widened, order = np.empty(n), np.empty(n), np.empty(n)
    cells = np.empty((most + 8, 6))
    mass = np.empty(most + 8)
    fresh = np.ones(most + 8, dtype=np.bool_)
    half = np.empty(3)
    for d in range(3):
        half[d] = 0.5 * (box[d, 1] - box[d, 0]) / counts[d]
    used = 0
    for i in range(counts[0]):
        for j in range(counts[1]):
            for k in range(counts[2]):
                cells[used, 0] = box[0, 0] + (2 * i + 1) * half[0]
                cells[used, 1] = box[1, 0] + (2 * j + 1) * half[1]
                cells[used, 2] = box[2, 0] + (2 * k + 1) * half[2]
                cells[used, 3:] = half
                used += 1
    correlated = max(n / 3.0, 1.0)
    evaluations = 0
    while True:
        for c in range(used):
            if fresh[c]:
                hy = cells[c, 3] * geometry[1, 0]
                hx = cells[c, 4] * geometry[0, 0]
                hz = cells[c, 5]
                grow = (hx * hx + hy * hy + hz * hz) / 9.0 * correlated
                residuals(
                    cells[c, 0], cells[c, 1], cells[c, 2], grow, geometry, stations, first, height, phase,
                    observed, variance, slowness, intercept, reach, heads, rows, step, growth,
                    left, widened,
                )  # fmt: skip
                value = origin_time(left, widened, outlier, order, _FEW)[0]
                mass[c] = value + math.log(8.0 * hx * hy * hz)
                fresh[c] = False
                evaluations += 1
        top = mass[:used].max()
        total = 0.0
        for c in range(used):
            if mass[c] > top - 30.0:
                total += math.exp(mass[c] - top)
        limit = top + math.log(total * share)
        before = used
        for c in range(before):
            if mass[c] > limit and used + 7 <= most:
                for d in range(3):
                    half[d] = 0.5 * cells[c, 3 + d]
                y, x, z = cells[c, 0], cells[c, 1], cells[c, 2]
                for child in range(8):
                    at = c if child == 0 else used
                    cells[at, 0] = y + (half[0] if child & 1 else -half[0])
                    cells[at, 1] = x + (half[1] if child & 2 else -half[1])
                    cells[at, 2] = z + (half[2] if child & 4 else -half[2])
                    cells[at, 3:] = half
                    fresh[at] = True
                    if child > 0:
                        used += 1
        if used == before:
            return cells[:used].copy(), mass[:used].copy(), evaluations


@kernel
def evaluate(
    places: FloatArray,
    geometry: FloatArray,
    stations: FloatArray,
    first: IntArray,
    height: IntArray,
    phase: IntArray,
    observed: FloatArray,
    variance: FloatArray,
    outlier: FloatArray,
    slowness: Any,
    intercept: FloatArray,
    reach: FloatArray,
    heads: FloatArray,
    rows: FloatArray,
    step: float,
    growth: float,
) -> FloatArray:
    """Log density, origin time and its precision at places (m, 3): returns (m, 3)."""
    n = observed.size
    left, widened, order = np.empty(n), np.empty(n), np.empty(n)
    out = np.empty((places.shape[0], 3))
    for i in range(places.shape[0]):
        residuals(
            places[i, 0], places[i, 1], places[i, 2], 0.0, geometry, stations, first, height, phase,
            observed, variance, slowness, intercept, reach, heads, rows, step, growth,
            left, widened,
        )  # fmt: skip
        out[i, 0], out[i, 1], out[i, 2] = origin_time(left, widened, outlier, order, _STEPS)
    return out


@kernel
def climb(
    start: FloatArray,
    size: FloatArray,
    box: FloatArray,
    smallest: float,
    geometry: FloatArray,
    stations: FloatArray,
    first: IntArray,
    height: IntArray,
    phase: IntArray,
    observed: FloatArray,
    variance: FloatArray,
    outlier: FloatArray,
    slowness: Any,
    intercept: FloatArray,
    reach: FloatArray,
    heads: FloatArray,
    rows: FloatArray,
    step: float,
    growth: float,
) -> FloatArray:
    """Go uphill from a place in steps along the axes, halved until ``smallest`` of the first.

    After each improvement the same move is tried again (Hooke and Jeeves' pattern move).
    Returns latitude, longitude, depth, log density, origin time, precision.
    """
    n = observed.size
    left, widened, order = np.empty(n), np.empty(n), np.empty(n)
    best = start.copy()
    trial = start.copy()
    base = start.copy()
    answer = np.empty(6)
    factor, value, moved = 1.0, -np.inf, 0
    time, precision = 0.0, 0.0
    for attempt in range(4000):
        residuals(
            trial[0], trial[1], trial[2], 0.0, geometry, stations, first, height, phase, observed,
            variance, slowness, intercept, reach, heads, rows, step, growth, left, widened,
        )  # fmt: skip
        v, t, p = origin_time(left, widened, outlier, order, _STEPS)
        if v > value:
            value, time, precision = v, t, p
            best[:] = trial
            if attempt > 0:
                moved += 1
        direction = attempt % 7
        if direction == 6:  # a round is over: along what it gained, or finer
            if moved == 0:
                factor *= 0.5
                if factor < smallest:
                    break
            for d in range(3):
                trial[d] = 2.0 * best[d] - base[d] if moved > 0 else best[d]
            base[:] = best
            moved = 0
        else:
            trial[:] = best
            d = direction // 2
            trial[d] += size[d] * factor * (1.0 if direction % 2 == 0 else -1.0)
        for d in range(3):
            trial[d] = min(max(trial[d], box[d, 0]), box[d, 1])
    answer[:3] = best
    answer[3], answer[4], answer[5] = value, time, precision
    return answer
