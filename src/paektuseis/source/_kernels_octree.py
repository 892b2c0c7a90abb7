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
``picks``
    (n, 3): the pick's time in s, the square of its standard error, its phase (0 P, 1 S).
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

LANES = 32
"""Places worked on side by side; the kernels' inner loops run over them."""
# where each quantity of the lanes begins in ``state``
_F, _LAT, _LON, _DEPTH = 0 * LANES, 1 * LANES, 2 * LANES, 3 * LANES
_X, _STRAIGHT, _UP, _US = 4 * LANES, 5 * LANES, 6 * LANES, 7 * LANES
_TIME, _TOTAL, _MOMENT, _FAR = 8 * LANES, 9 * LANES, 10 * LANES, 11 * LANES
_LIKELY, _LOG, _MOVES, _GROW = 12 * LANES, 13 * LANES, 14 * LANES, 15 * LANES
_TWELFTH = 1.0 / 12.0
_CELL, _COLUMN, _STATES = 16 * LANES, 17 * LANES, 18 * LANES


@kernel
def arrivals(
    places: FloatArray,
    at: int,
    lanes: int,
    spread: float,
    geometry: FloatArray,
    stations: FloatArray,
    first: IntArray,
    height: IntArray,
    picks: FloatArray,
    slowness: Any,
    intercept: FloatArray,
    reach: FloatArray,
    heads: FloatArray,
    rows: FloatArray,
    step: float,
    growth: float,
    state: FloatArray,
    left: FloatArray,
) -> None:
    """Fill ``left`` for the places from ``at`` on: observed less travel time, and 1/variance.

    Where ``spread`` is not 0 the variance grows by it times the square of the slowness and of
    the half diagonal: the spread of travel times over a cell.
    """
    n_columns = slowness.shape[2] // 2
    layer = 0
    for b in range(lanes):
        depth = places[at + b, 2]
        while layer > 0 and depth < rows[layer, 2]:
            layer -= 1
        while layer + 1 < rows.shape[0] and depth >= rows[layer + 1, 2]:
            layer += 1
        row = rows[layer, 0] + (depth - rows[layer, 2]) * rows[layer, 3]
        row = min(max(row, rows[layer, 0]), rows[layer, 1])
        i = min(math.floor(row), rows[layer, 1] - 1.0)
        state[_CELL + b], state[_F + b] = i, row - i
        state[_LAT + b], state[_LON + b] = places[at + b, 0], places[at + b, 1]
        state[_DEPTH + b], state[_GROW + b] = depth, 0.0
        if spread > 0.0:
            north, east = places[at + b, 3] * geometry[1, 0], places[at + b, 4] * geometry[0, 0]
            down = places[at + b, 5]
            state[_GROW + b] = (north * north + east * east + down * down) * spread
    for s in range(stations.shape[0]):
        h = height[s]
        station_lat, station_lon, station_depth = stations[s, 0], stations[s, 1], stations[s, 2]
        e0, e1, e2, e3 = geometry[0, 0], geometry[0, 1], geometry[0, 2], geometry[0, 3]
        n0, n1, n2, n3 = geometry[1, 0], geometry[1, 1], geometry[1, 2], geometry[1, 3]
        for b in range(lanes):
            y, a = state[_LAT + b] - station_lat, state[_LON + b] - station_lon
            m = 0.5 * (state[_LAT + b] + station_lat)
            east = (e0 + m * (e1 + m * (e2 + m * e3))) * a
            north = n0 + m * (n1 + m * (n2 + m * n3))
            y2, a2, n_n = y * y, a * a, north * north
            square = n_n * y2 * (1.0 - y2 * _TWELFTH) * (1.0 - 0.25 * a2)
            square += east * east * (1.0 - a2 * _TWELFTH)
            square *= 1.0 + square / (12.0 * n_n)
            x = math.sqrt(square)
            down = state[_DEPTH + b] - station_depth
            state[_X + b], state[_STRAIGHT + b] = x, math.sqrt(square + down * down)
            j = (math.sqrt(step * step + 4.0 * growth * x) - step) * (0.5 / growth)
            state[_COLUMN + b] = min(math.floor(j), n_columns - 2.0)
        farthest = 0.0
        table = slowness[h]
        for b in range(lanes):
            j, x, f = state[_COLUMN + b], state[_X + b], state[_F + b]
            farthest = max(farthest, x)
            g = (x - j * (step + j * growth)) / (step + (2.0 * j + 1.0) * growth)
            i, o = int(state[_CELL + b]), 2 * int(j)
            above, below = table[i], table[i + 1]
            w, v = (1.0 - f) * (1.0 - g), (1.0 - f) * g
            up, us = w * above[o] + v * above[o + 2], w * above[o + 1] + v * above[o + 3]
            w, v = f * (1.0 - g), f * g
            state[_UP + b] = up + w * below[o] + v * below[o + 2]
            state[_US + b] = us + w * below[o + 1] + v * below[o + 3]
        for k in range(first[s], first[s + 1]):
            observed, variance, p = picks[k, 0], picks[k, 1], int(picks[k, 2])
            pick = left[k]
            for b in range(lanes):
                u = state[_US + b] if p == 1 else state[_UP + b]
                pick[b] = u * state[_STRAIGHT + b]
                pick[LANES + b] = 1.0 / (variance + state[_GROW + b] * u * u)
            if farthest >= reach[h, 0, p, 0]:
                for b in range(lanes):
                    x, i, f = state[_X + b], int(state[_CELL + b]), state[_F + b]
                    for w in range(1, heads.shape[2]):
                        if x >= (1.0 - f) * reach[h, i, p, w] + f * reach[h, i + 1, p, w]:
                            late = (1.0 - f) * intercept[h, i, p, w]
                            late += f * intercept[h, i + 1, p, w]
                            pick[b] = min(pick[b], x * heads[h, p, w] + late)
            for b in range(lanes):
                pick[b] = observed - pick[b]


@kernel
def origin_times(
    lanes: int, outlier: FloatArray, steps: int, state: FloatArray, left: FloatArray,
    order: FloatArray,
) -> None:  # fmt: skip
    """Log likelihood with the origin time integrated out, that time, and its precision (1/s²).

    Each residual is Gaussian with its own variance or, with a small probability, anything. The
    origin time starts at the mean, or the median where that fits badly, and is found by
    reweighted means; the integral over it is Laplace's (exact where no pick is an outlier).
    """
    n = left.shape[0]
    for b in range(lanes):
        state[_TOTAL + b], state[_MOMENT + b], state[_FAR + b] = 0.0, 0.0, 0.0
    for k in range(n):
        pick = left[k]
        for b in range(lanes):
            state[_TOTAL + b] += pick[LANES + b]
            state[_MOMENT + b] += pick[b] * pick[LANES + b]
    for b in range(lanes):
        state[_TIME + b] = state[_MOMENT + b] / state[_TOTAL + b]
    if outlier[0] == 0.0:  # least squares: all of it is closed
        for b in range(lanes):
            log = -0.5 * math.log(state[_TOTAL + b])
            for k in range(n):
                r, inverse = left[k, b] - state[_TIME + b], left[k, LANES + b]
                log -= 0.5 * (r * r * inverse - math.log(inverse))
            state[_LOG + b] = log
        return
    height = (1.0 - outlier[0]) * 0.3989422804014327
    for k in range(n):
        pick = left[k]
        for b in range(lanes):
            r = pick[b] - state[_TIME + b]
            state[_FAR + b] = max(state[_FAR + b], r * r * pick[LANES + b])
            pick[2 * LANES + b] = height * math.sqrt(pick[LANES + b])
    doubtful = 0
    for b in range(lanes):
        doubtful += state[_FAR + b] > 6.0
        state[_MOVES + b] = 1.0
    if doubtful > 0:  # something may be wrong: start at the median
        for k in range(n):
            for b in range(lanes):
                order[k, b] = left[k, b]
        for i in range(n // 2 + 1):  # the largest of those left sinks to the end
            for k in range(n - 1 - i):
                one, two = order[k], order[k + 1]
                for b in range(lanes):
                    low, high = min(one[b], two[b]), max(one[b], two[b])
                    one[b], two[b] = low, high
        one, two = order[(n - 1) // 2], order[n // 2]
        for b in range(lanes):
            if state[_FAR + b] > 6.0:
                state[_TIME + b] = 0.5 * (one[b] + two[b])
    flat = outlier[0] * outlier[1]
    group = max(1, min(16, int(600.0 / max(1.0, -math.log(flat)))))
    for _ in range(steps):
        for b in range(lanes):
            state[_TOTAL + b], state[_MOMENT + b] = 0.0, 0.0
            state[_LIKELY + b], state[_LOG + b] = 1.0, 0.0
        for k in range(n):
            pick = left[k]
            for b in range(lanes):
                r = pick[b] - state[_TIME + b]
                half = 0.5 * r * r * pick[LANES + b]
                t = min(half, 40.0) * (-1.0 / 64.0)
                e = 1.8188753764194666e-05
                e = e * t + 1.9107728707031397e-04
                e = e * t + 1.3843764129448026e-03
                e = e * t + 8.331696759890464e-03
                e = e * t + 4.166631592818929e-02
                e = e * t + 1.6666662428981713e-01
                e = e * t + 4.9999999742860707e-01
                e = e * t + 9.999999999397879e-01
                e = e * t + 9.999999999997671e-01
                e *= e
                e *= e
                e *= e
                e *= e
                e *= e
                e *= e
                core = pick[2 * LANES + b] * (e if half < 40.0 else 0.0)
                either = flat + core
                weight = core / either * pick[LANES + b]
                state[_TOTAL + b] += weight
                state[_MOMENT + b] += weight * r
                state[_LIKELY + b] *= either
            if k % group == group - 1:  # before the product gets too small for a float
                for b in range(lanes):
                    state[_LOG + b] += math.log(state[_LIKELY + b])
                    state[_LIKELY + b] = 1.0
        moving = 0
        for b in range(lanes):
            total, moment = state[_TOTAL + b], state[_MOMENT + b]
            if moment * moment <= 1e-3 * total:  # a move of less than 0.03 standard errors
                state[_MOVES + b] = 0.0
            if state[_MOVES + b] > 0.0:
                state[_TIME + b] += moment / total
                moving += 1
        if moving == 0:
            break
    for b in range(lanes):
        total = max(state[_TOTAL + b], outlier[1] * outlier[1])
        state[_TOTAL + b] = total
        state[_LOG + b] += math.log(state[_LIKELY + b] / math.sqrt(total))


@kernel
def evaluate(
    places: FloatArray,
    spread: float,
    steps: int,
    residuals: FloatArray,
    geometry: FloatArray,
    stations: FloatArray,
    first: IntArray,
    height: IntArray,
    picks: FloatArray,
    outlier: FloatArray,
    slowness: Any,
    intercept: FloatArray,
    reach: FloatArray,
    heads: FloatArray,
    rows: FloatArray,
    step: float,
    growth: float,
) -> FloatArray:
    """Log density, origin time and its precision at places (m, 3) or in cells (m, 6): (m, 3).

    Where ``spread`` is not 0 the first is the log mass of the cell. ``steps`` are those of
    :func:`origin_times`. Residuals are written to ``residuals`` (m, n) where it is not empty.
    """
    n, m = picks.shape[0], places.shape[0]
    state, left, order = np.empty(_STATES), np.empty((n, 3 * LANES)), np.empty((n, LANES))
    out = np.empty((m, 3))
    for at in range(0, m, LANES):
        lanes = min(LANES, m - at)
        arrivals(
            places, at, lanes, spread, geometry, stations, first, height, picks, slowness,
            intercept, reach, heads, rows, step, growth, state, left,
        )  # fmt: skip
        origin_times(lanes, outlier, steps, state, left, order)
        for b in range(lanes):
            out[at + b, 0] = state[_LOG + b]
            out[at + b, 1] = state[_TIME + b]
            out[at + b, 2] = state[_TOTAL + b]
            if spread > 0.0:
                volume = places[at + b, 3] * places[at + b, 4] * places[at + b, 5]
                out[at + b, 0] += math.log(8.0 * geometry[0, 0] * geometry[1, 0] * volume)
            if residuals.size:
                for k in range(n):
                    residuals[at + b, k] = left[k, b]
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
