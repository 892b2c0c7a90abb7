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
def add_products(
    one: Array, two: Array, factor: Array, first: bool, out_one: Array, out_two: Array
) -> None:
    """Add ``one * factor`` and ``two * factor`` to two rows, or begin the rows with them."""
    if first:
        for i in range(factor.size):
            out_one[i] = one[i] * factor[i]
            out_two[i] = two[i] * factor[i]
    else:
        for i in range(factor.size):
            out_one[i] += one[i] * factor[i]
            out_two[i] += two[i] * factor[i]


@kernel
def block_means(x: Array, size: int) -> Array:
    """Mean of each consecutive block of ``size`` samples; a rest of less than half is left out."""
    n = x.size
    count = n // size
    if n - count * size >= (size + 1) // 2 or count == 0:
        count += 1
    out = np.empty(count, np.float64)
    for b in range(count):
        here = x[b * size : (b + 1) * size]
        total = 0  # of whole numbers a whole number, which can be added up side by side
        for i in range(here.size):
            total += here[i]
        out[b] = total / here.size
    return out


@kernel
def survey(x: Array, size: int) -> Array:
    """Lowest, highest, largest step and zeros of each block of ``size`` samples, as rows.

    The step into a block from the sample before belongs to it.
    """
    n = x.size
    count = (n + size - 1) // size
    out = np.empty((count, 4), np.float64)
    for b in range(count):
        here = x[b * size : (b + 1) * size]
        low = here[0]
        high = low
        largest = abs(here[0] - x[max(b * size - 1, 0)])
        zeros = 0
        for i in range(here.size):
            value = here[i]
            low = min(low, value)
            high = max(high, value)
            zeros += value == 0
        for i in range(here.size - 1):
            largest = max(largest, abs(here[i + 1] - here[i]))
        out[b, 0] = low
        out[b, 1] = high
        out[b, 2] = largest
        out[b, 3] = zeros
    return out


@kernel
def equal_runs(
    x: Array,
    ranges: Array,
    lowest: float,
    highest: float,
    shortest: int,
    zeros: int,
    longest: int,
    jump: float,
    fall: float,
    room: int,
) -> tuple[Array, int]:
    """Find runs of equal samples that begin or lie in one of the ranges.

    Kept are runs of ``longest`` samples or more of any value; runs of zeros of ``zeros`` or
    more, or of ``shortest`` or more with a step of ``fall`` or more at both ends; of ``zeros``
    or more of any value with such steps at both ends; and runs of ``shortest`` or more at the
    lowest or highest value of all with a step of ``jump`` or more at one end. Rows: begin, end,
    larger and smaller step at its two ends (0 at the end of the record). Returns also how many
    there were.
    """
    out = np.empty((room, 4), np.float64)
    found = 0
    n = x.size
    i = 0
    for r in range(ranges.shape[0]):
        i = max(i, ranges[r, 0])
        if i >= ranges[r, 1]:
            continue
        while i > 0 and x[i] == x[i - 1]:
            i -= 1
        while i < ranges[r, 1]:
            value = x[i]
            j = i + 1
            while j < n and x[j] == value:
                j += 1
            length = j - i
            if length >= shortest:
                before = abs(float(value) - float(x[i - 1])) if i > 0 else 0.0
                after = abs(float(x[j]) - float(value)) if j < n else 0.0
                larger = max(before, after)
                smaller = min(before, after)
                # a smooth top looks flat too: it is left by small steps
                extreme = value in (lowest, highest) and larger >= jump
                # zero, long, and jumped to and from: two of the three are enough
                signs = int(value == 0) + int(length >= zeros) + int(smaller >= fall)
                empty = signs >= 2
                if length >= longest or extreme or empty:
                    if found < room:
                        out[found, 0] = i
                        out[found, 1] = j
                        out[found, 2] = larger
                        out[found, 3] = smaller
                    found += 1
            i = j
    return out[: min(found, room)], found


@kernel
def jumps(
    x: Array,
    ranges: Array,
    edges: Array,
    least: Array,
    quiet: float,
    widest: int,
    near: int,
    far: int,
    room: int,
) -> tuple[Array, int]:
    """Find spikes and steps: large jumps between samples that are else calm.

    Looked for in the ranges; between ``edges[k]`` and ``edges[k + 1]`` a jump must be larger
    than ``least[k]``. A spike returns within ``widest`` samples, and ``near`` samples on either
    side stay within ``quiet`` of its height around where it started; a step stays: ``far``
    samples on either side keep within that share of it around their own level. Rows: kind
    (1 spike, 2 step), first index, end index, height. Returns also how many there were.
    """
    out = np.empty((room, 4), np.float64)
    found = 0
    n = x.size
    i = 1
    cell = 0
    for r in range(ranges.shape[0]):
        i = max(i, ranges[r, 0])
        while i < ranges[r, 1]:
            while i >= edges[cell + 1]:
                cell += 1
            d = float(x[i]) - float(x[i - 1])
            size = abs(d)
            if not size > least[cell]:
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
