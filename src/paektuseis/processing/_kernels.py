"""Loops over samples: plain arrays in, plain arrays out."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._jit import kernel

Array = Any


@kernel
def line_through(x: Array) -> tuple[float, float]:
    """Least-squares line: value at the centre (the mean) and slope per sample, closed form."""
    n = x.size
    total = 0.0
    for i in range(n):
        total += x[i]
    mean = total / n
    centre = 0.5 * (n - 1)
    moment = 0.0
    for i in range(n):
        moment += (i - centre) * (x[i] - mean)
    spread = n * (n * float(n) - 1.0) / 12.0
    return mean, moment / spread if spread > 0 else 0.0


@kernel
def minus_line(x: Array, mean: float, slope: float) -> Array:
    """Return ``x`` without the line, as float64."""
    n = x.size
    out = np.empty(n, np.float64)
    centre = 0.5 * (n - 1)
    for i in range(n):
        out[i] = x[i] - mean - slope * (i - centre)
    return out


@kernel
def taper_ends(x: Array, length: int) -> None:
    """Multiply ``length`` samples at each end by a quarter sine, in place (obspy's shape)."""
    n = x.size
    for i in range(min(length, n)):
        weight = np.sin(0.5 * np.pi * i / length)
        x[i] *= weight
        x[n - 1 - i] *= weight


@kernel
def divide_by_curve(
    spectrum: Array, step: float, lowest: int, knots: Array, c: Array, corners: Array, floor: float
) -> None:
    """Divide a one-sided spectrum by a response curve, in place, block by block in order.

    ``spectrum[i]`` stands at ``(lowest + i) * step`` Hz; ``corners`` are the four of a cosine
    flank filter (no flank where the first two or last two are negative); a response smaller
    than ``floor`` is raised to it with its phase kept.
    """
    f1, f2, f3, f4 = corners[0], corners[1], corners[2], corners[3]
    k = 0
    last = knots.size - 2
    for i in range(spectrum.size):
        f = (lowest + i) * step
        u = np.log(f)
        while k < last and u >= knots[k + 1]:
            k += 1
        d = u - knots[k]
        r = ((c[0, k] * d + c[1, k]) * d + c[2, k]) * d + c[3, k]
        power = r.real * r.real + r.imag * r.imag
        if power < floor * floor and power > 0.0:
            r = r * (floor / np.sqrt(power))
            power = floor * floor
        weight = 1.0
        if f4 >= 0.0:
            if f < f1 or f > f4:
                weight = 0.0
            elif f < f2:
                weight = 0.5 * (1.0 - np.cos(np.pi * (f - f1) / (f2 - f1)))
            elif f > f3:
                weight = 0.5 * (1.0 + np.cos(np.pi * (f - f3) / (f4 - f3)))
        if power > 0.0 and weight > 0.0:
            spectrum[i] *= weight / power * (r.real - 1j * r.imag)
        else:
            spectrum[i] = 0.0


@kernel
def block_means(x: Array, size: int) -> Array:
    """Mean of each consecutive block of ``size`` samples; a rest of less than half is left out."""
    n = x.size
    count = n // size
    if n - count * size >= (size + 1) // 2 or count == 0:
        count += 1
    out = np.empty(count, np.float64)
    for b in range(count):
        begin = b * size
        end = min(begin + size, n)
        total = 0.0
        for i in range(begin, end):
            total += x[i]
        out[b] = total / (end - begin)
    return out


@kernel
def equal_runs(
    x: Array, lowest: float, highest: float, shortest: int, longest: int, jump: float, room: int
) -> tuple[Array, int]:
    """Runs of equal samples worth a look.

    Kept are runs of ``longest`` samples or more of any value, and runs of ``shortest`` or more
    that are zero or stand at the lowest or highest value of all. Rows: begin, end, larger and
    smaller step at its two ends (0 at the end of the record). Returns also how many there were.
    """
    out = np.empty((room, 4), np.float64)
    found = 0
    n = x.size
    i = 0
    while i < n:
        value = x[i]
        j = i + 1
        while j < n and x[j] == value:
            j += 1
        length = j - i
        extreme = (value == lowest) | (value == highest)
        if length >= shortest and (length >= longest or value == 0 or extreme):
            before = abs(float(value) - float(x[i - 1])) if i > 0 else 0.0
            after = abs(float(x[j]) - float(value)) if j < n else 0.0
            edge = max(before, after)
            # a smooth top looks flat too: it is left by small steps
            if length >= longest or edge >= jump or value == 0:
                if found < room:
                    out[found, 0] = i
                    out[found, 1] = j
                    out[found, 2] = edge
                    out[found, 3] = min(before, after)
                found += 1
        i = j
    return out[: min(found, room)], found


@kernel
def jumps(
    x: Array, least: float, quiet: float, widest: int, near: int, far: int, room: int
) -> tuple[Array, int]:
    """Find spikes and steps: jumps of ``least`` or more between samples that are else calm.

    A spike returns within ``widest`` samples, and ``near`` samples on either side stay within
    ``quiet`` of its height around where it started; a step stays: ``far`` samples on either
    side keep within that share of it around their own level. Rows: kind (1 spike, 2 step),
    first index, end index, height. Returns also how many there were.
    """
    out = np.empty((room, 4), np.float64)
    found = 0
    n = x.size
    i = 1
    while i < n:
        d = float(x[i]) - float(x[i - 1])
        size = abs(d)
        if not size > least:
            i += 1
            continue
        base = float(x[i - 1])
        within = quiet * size
        calm = 0
        k = i - 1
        while k >= 0 and calm < far and abs(float(x[k]) - base) <= within:
            calm += 1
            k -= 1
        enough_near = calm >= min(near, i) and calm >= 2
        kind = 0
        end = i
        if enough_near:
            for width in range(1, widest + 1):
                j = i + width
                if j >= n or abs(float(x[j]) - base) > within:
                    continue
                after = 0
                while j < n and after < near and abs(float(x[j]) - base) <= within:
                    after += 1
                    j += 1
                if after >= min(near, n - i - width) and after >= 2:
                    kind = 1
                    end = i + width
                break
        if kind == 0 and calm >= far:
            level = float(x[i])
            after = 0
            j = i
            while j < n and after < far and abs(float(x[j]) - level) <= within:
                after += 1
                j += 1
            if after >= far:
                kind = 2
                end = i + 1
        if kind > 0:
            if found < room:
                out[found, 0] = kind
                out[found, 1] = i
                out[found, 2] = end
                out[found, 3] = d
            found += 1
            i = end + 1
        else:
            i += 1
    return out[: min(found, room)], found
