"""Compiled travel times and location: plain arrays in, plain arrays out.

A table holds the direct wave as mean slowness (time over straight distance), which is smooth
and in a half space constant, on rows of depth that never straddle a layer's boundary; head
waves are straight lines in distance and depth and are kept as such. Columns lie at distances
``j * step + j**2 * growth``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._jit import kernel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

NEVER = 1e30  # a head wave that does not exist
_INSIDE_KM = 1e-6  # a row on a boundary is taken this far inside its layer


@kernel
def direct_slowness(
    x: FloatArray,
    z: FloatArray,
    layer: IntArray,
    receiver: float,
    velocity: FloatArray,
    tops: FloatArray,
    bottoms: FloatArray,
    out: FloatArray,
) -> None:
    """Fill ``out[row, column]`` with time over distance of the direct wave (s/km).

    The ray's parameter is found by Newton's method from the left of the root (the distance is
    increasing and concave in the tangent of the ray's angle), starting from the last column's.
    """
    n = velocity.size
    h, scaled, flat = np.empty(n), np.empty(n), np.empty(n)
    for i in range(z.size):
        source = min(max(z[i], tops[layer[i]] + _INSIDE_KM), bottoms[layer[i]] - _INSIDE_KM)
        low, high = min(source, receiver), max(source, receiver)
        crossed, fastest = 0, 0.0
        for k in range(n):  # the layers crossed: what is left of h is their thickness over speed
            thick = min(high, bottoms[k]) - max(low, tops[k])
            if thick > 1e-9:
                h[crossed], scaled[crossed] = thick / velocity[k], velocity[k]
                fastest = max(fastest, velocity[k])
                crossed += 1
        slope = 0.0
        for k in range(crossed):
            ratio = scaled[k] / fastest
            flat[k] = 1.0 - ratio * ratio
            scaled[k] = h[k] * scaled[k] * ratio
            slope += scaled[k]
        q = 0.0
        for j in range(x.size):
            straight = math.sqrt(x[j] ** 2 + (z[i] - receiver) ** 2)
            if crossed == 0 or straight < 1e-9:
                out[i, j] = 1.0 / velocity[layer[i]]
                continue
            q = max(q, x[j] / slope)
            for _ in range(100):
                reach, gradient = 0.0, 0.0
                for k in range(crossed):
                    root = 1.0 / (1.0 + q * q * flat[k])
                    part = scaled[k] * math.sqrt(root)
                    reach += part * q
                    gradient += part * root
                missing = x[j] - reach
                if abs(missing) < 1e-9:
                    break
                q += missing / gradient
            time = 0.0
            for k in range(crossed):
                time += h[k] / math.sqrt(1.0 + q * q * flat[k])
            out[i, j] = time * math.sqrt(1.0 + q * q) / straight


@kernel
def table_time(
    distance: float,
    depth: float,
    receiver: float,
    slowness: Any,
    intercept: Any,
    reach: Any,
    heads: FloatArray,
    rows: FloatArray,
    step: float,
    growth: float,
) -> tuple[float, float]:
    """Time (s) and mean slowness (s/km) of the first arrival at one place.

    ``rows`` holds one line a layer: first row, last row, top depth, rows a km.
    """
    last = rows.shape[0] - 1
    while last > 0 and depth < rows[last, 2]:
        last -= 1
    row = rows[last, 0] + (depth - rows[last, 2]) * rows[last, 3]
    row = min(max(row, rows[last, 0]), rows[last, 1])
    i = min(int(row), int(rows[last, 1]) - 1)
    f = row - i
    column = (math.sqrt(step * step + 4.0 * growth * distance) - step) / (2.0 * growth)
    j = min(int(column), slowness.shape[1] - 2)
    x0 = j * (step + j * growth)
    g = (distance - x0) / (step + (2 * j + 1) * growth)
    u = (1.0 - f) * ((1.0 - g) * slowness[i, j] + g * slowness[i, j + 1]) + f * (
        (1.0 - g) * slowness[i + 1, j] + g * slowness[i + 1, j + 1]
    )
    away = depth - receiver
    time = u * math.sqrt(distance * distance + away * away)
    for k in range(heads.size):
        start = (1.0 - f) * reach[i, k] + f * reach[i + 1, k]
        if distance >= start:
            t = distance * heads[k] + (1.0 - f) * intercept[i, k] + f * intercept[i + 1, k]
            time = min(time, t)
    return time, u


@kernel
def table_times(
    distance: FloatArray,
    depth: FloatArray,
    receiver: float,
    slowness: Any,
    intercept: Any,
    reach: Any,
    heads: FloatArray,
    rows: FloatArray,
    step: float,
    growth: float,
) -> FloatArray:
    """Times of many places."""
    out = np.empty(distance.size)
    for i in range(distance.size):
        out[i] = table_time(
            distance[i], depth[i], receiver, slowness, intercept, reach, heads, rows, step, growth
        )[0]
    return out
