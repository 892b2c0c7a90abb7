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
    if outlier[0] == 0.0:  # least squares: all of it is closed
        log = 0.0
        for i in range(n):
            log -= 0.5 * ((left[i] - time) ** 2 / variance[i] + math.log(variance[i]))
        return log - 0.5 * math.log(total), time, total
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
def evaluate(
    places: FloatArray,
    grow: FloatArray,
    steps: int,
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
    """Log density, origin time and its precision at places (m, 3): returns (m, 3).

    ``grow`` (m,) is as :func:`residuals` has it, ``steps`` as :func:`origin_time`.
    """
    n = observed.size
    left, widened, order = np.empty(n), np.empty(n), np.empty(n)
    out = np.empty((places.shape[0], 3))
    for i in range(places.shape[0]):
        residuals(
            places[i, 0], places[i, 1], places[i, 2], grow[i], geometry, stations, first, height,
            phase, observed, variance, slowness, intercept, reach, heads, rows, step, growth,
            left, widened,
        )  # fmt: skip
        out[i, 0], out[i, 1], out[i, 2] = origin_time(left, widened, outlier, order, steps)
    return out


@kernel
def split(cells: FloatArray, mass: FloatArray, share: float) -> tuple[FloatArray, FloatArray, int]:
    """Cut the cells that hold more than ``share`` of the whole in eight.

    ``cells`` (n, 6) are middles and half widths, ``mass`` (n,) logs. Returns the cells, those
    kept first, the kept ones' mass, and how many they are.
    """
    n = mass.size
    top = mass.max()
    total = 0.0
    for i in range(n):
        if mass[i] > top - 30.0:
            total += math.exp(mass[i] - top)
    limit = top + math.log(total * share)
    kept = 0
    for i in range(n):
        kept += mass[i] <= limit
    out = np.empty((kept + 8 * (n - kept), 6))
    left = np.empty(kept)
    at, child = 0, kept
    for i in range(n):
        if mass[i] <= limit:
            for d in range(6):
                out[at, d] = cells[i, d]
            left[at] = mass[i]
            at += 1
            continue
        for corner in range(8):
            for d in range(3):
                half = 0.5 * cells[i, 3 + d]
                out[child, d] = cells[i, d] + (half if corner >> d & 1 else -half)
                out[child, 3 + d] = half
            child += 1
    return out, left, kept
