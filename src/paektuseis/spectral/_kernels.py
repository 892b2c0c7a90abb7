"""Loops over samples and frequencies: plain arrays in, plain arrays out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._jit import kernel


@kernel
def sum_of(w: Any) -> float:
    """Return the sum, in eight lanes that the processor can add side by side."""
    n = w.size
    whole = n - n % 8
    a = b = c = d = e = f = g = h = 0.0
    for i in range(0, whole, 8):
        a += w[i]
        b += w[i + 1]
        c += w[i + 2]
        d += w[i + 3]
        e += w[i + 4]
        f += w[i + 5]
        g += w[i + 6]
        h += w[i + 7]
    for i in range(whole, n):
        a += w[i]
    return float(((a + b) + (c + d)) + ((e + f) + (g + h)))


@kernel
def slope_of(w: Any, mean: float) -> float:
    """Return the slope of the regression line, per sample."""
    n = w.size
    centre = (n - 1) / 2.0
    whole = n - n % 4
    a = b = c = d = 0.0
    for i in range(0, whole, 4):
        away = i - centre
        a += away * (w[i] - mean)
        b += (away + 1.0) * (w[i + 1] - mean)
        c += (away + 2.0) * (w[i + 2] - mean)
        d += (away + 3.0) * (w[i + 3] - mean)
    for i in range(whole, n):
        a += (i - centre) * (w[i] - mean)
    return float(((a + b) + (c + d)) / (n * (n * n - 1.0) / 12.0))


@kernel
def tapered_windows(x: Any, starts: Any, taper: Any, linear: bool, out: Any, means: Any) -> None:
    """Fill ``out[r]`` with the window of ``x`` at ``starts[r]``: trend removed, tapered.

    A window that begins halfway through the one before takes the sum of that half from it.
    """
    n = taper.size
    half = n // 2
    centre = (n - 1) / 2.0
    known = -1
    later = 0.0
    for r in range(starts.size):
        w = x[starts[r] : starts[r] + n]
        early = later if known == starts[r] else sum_of(w[:half])
        later = sum_of(w[half:])
        known = starts[r] + half if n == 2 * half else -1
        mean = (early + later) / n
        row = out[r]
        slope = slope_of(w, mean) if linear else 0.0
        if slope == 0.0:
            for i in range(n):
                row[i] = (w[i] - mean) * taper[i]
        else:
            for i in range(n):
                row[i] = (w[i] - mean - slope * (i - centre)) * taper[i]
        means[r] = mean


@kernel
def add_spectra(
    z: Any, columns: Any, first: int, power: Any, low: int, amplitude: Any, count: Any
) -> None:
    """Add ``|z[r]|**2`` to ``power[columns[r]]``, ``|z[r]|`` to ``amplitude``, 1 to ``count``.

    ``z`` (row, 2 bins) holds real and imaginary parts by turns; ``power`` begins at the bin
    ``first``, ``amplitude`` at the bin ``low``. A row whose column is negative is left out.
    """
    for r in range(columns.size):
        c = columns[r]
        if c < 0:
            continue
        count[c] += 1
        total = power[c]
        row = z[r, 2 * first :]
        for k in range(total.size):
            total[k] += row[2 * k] * row[2 * k] + row[2 * k + 1] * row[2 * k + 1]
        size = amplitude[c]
        row = z[r, 2 * low :]
        for k in range(size.size):
            size[k] += math.sqrt(row[2 * k] * row[2 * k] + row[2 * k + 1] * row[2 * k + 1])


@kernel
def quarter_lines(x: Any, quarter: int, mean: Any, slope: Any) -> None:
    """Fill mean and slope of the regression lines of windows of four quarters.

    Window j holds the quarters j to j + 3 of ``x``, so that each quarter is summed once.
    Means are told from the first sample, which keeps a constant exactly without power.
    """
    pivot = float(x[0])
    centre = (quarter - 1) / 2.0
    whole = quarter - quarter % 4
    n = 4.0 * quarter
    spread = n * (n * n - 1.0) / 12.0
    mean[:] = 0.0
    slope[:] = 0.0
    for block in range(mean.size + 3):
        w = x[block * quarter : (block + 1) * quarter]
        a = b = c = d = 0.0
        e = f = g = h = 0.0
        for i in range(0, whole, 4):
            v0 = w[i] - pivot
            v1 = w[i + 1] - pivot
            v2 = w[i + 2] - pivot
            v3 = w[i + 3] - pivot
            away = i - centre
            a += v0
            b += v1
            c += v2
            d += v3
            e += away * v0
            f += (away + 1.0) * v1
            g += (away + 2.0) * v2
            h += (away + 3.0) * v3
        for i in range(whole, quarter):
            a += w[i] - pivot
            e += (i - centre) * (w[i] - pivot)
        total = (a + b) + (c + d)
        moment = (e + f) + (g + h)
        for j in range(max(block - 3, 0), min(block + 1, mean.size)):
            mean[j] += total / n
            slope[j] += (moment + (block - j - 1.5) * quarter * total) / spread
    for j in range(mean.size):
        mean[j] += pivot


@kernel
def without_line(w: Any, ramp: Any, level: float, slope: float, taper: Any, out: Any) -> None:
    """Fill ``out`` with ``w`` less a line (``ramp``: 0, 1, 2, ...), tapered."""
    for i in range(out.size):
        out[i] = ((w[i] - level) - slope * ramp[i]) * taper[i]


@kernel
def quarter_rows(
    u: Any, v: Any, line_u: Any, line_v: Any, flanks: Any, turn: Any, s: Any, out: Any
) -> None:
    """First step (radix four) of the transform of u + iv, two tapered windows without their lines.

    ``out`` (4, 2 q) holds real and imaginary parts by turns; the transform of its row r has the
    frequencies 4 k + r of the whole. ``line_*`` are mean and slope; ``flanks`` (2, q) the taper
    of the first and of the last quarter, the others have none; ``turn`` (2, q) the cosine and
    sine of ``-2 pi n / (4 q)``; ``s`` is room for 2112 numbers: stretches of 256 of the four
    quarters of u, then of v, each 264 after the one before (at powers of two they would fall
    on the same lines of the cache).
    """
    q = flanks.shape[1]
    ramp = np.arange(256.0)
    flat = np.ones(256)
    for begin in range(0, q, 256):
        size = min(256, q - begin)
        for k in range(8):
            w, line = (u, line_u) if k < 4 else (v, line_v)
            place = (k % 4) * q + begin
            level = line[0] + line[1] * (place - (4 * q - 1) / 2.0)
            taper = flat
            if k % 4 == 0 or k % 4 == 3:
                taper = flanks[(k % 4) // 3, begin:]
            x = s[264 * k : 264 * k + size]
            without_line(w[place:], ramp, level, line[1], taper, x)
        cosine, sine = turn[0, begin:], turn[1, begin:]
        for i in range(size):
            ac, bd = s[i] + s[i + 528], s[i + 264] + s[i + 792]
            eg, fh = s[i + 1056] + s[i + 1584], s[i + 1320] + s[i + 1848]
            a_c, b_d = s[i] - s[i + 528], s[i + 264] - s[i + 792]
            e_g, f_h = s[i + 1056] - s[i + 1584], s[i + 1320] - s[i + 1848]
            c1, s1 = cosine[i], sine[i]
            c2, s2 = c1 * c1 - s1 * s1, c1 * s1 + c1 * s1
            c3, s3 = c1 * c2 - s1 * s2, c1 * s2 + s1 * c2
            s[i], s[i + 1056] = ac + bd, eg + fh
            re, im = a_c + f_h, e_g - b_d
            s[i + 264], s[i + 1320] = re * c1 - im * s1, re * s1 + im * c1
            re, im = ac - bd, eg - fh
            s[i + 528], s[i + 1584] = re * c2 - im * s2, re * s2 + im * c2
            re, im = a_c - f_h, e_g + b_d
            s[i + 792], s[i + 1848] = re * c3 - im * s3, re * s3 + im * c3
        for k in range(4):
            x, y = s[264 * k : 264 * k + size], s[264 * (k + 4) : 264 * (k + 4) + size]
            row = out[k, 2 * begin :]
            for i in range(size):
                row[2 * i] = x[i]
                row[2 * i + 1] = y[i]


@kernel
def add_squares(z: Any, total: Any) -> None:
    """Add ``|z|**2`` to ``total``; ``z`` (row, 2 n) holds real and imaginary parts by turns."""
    for r in range(total.shape[0]):
        out = total[r]
        row = z[r]
        for k in range(out.size):
            re = float(row[2 * k])
            im = float(row[2 * k + 1])
            out[k] += re * re + im * im


@kernel
def one_sided_power(z: Any, first: int, scale: float, even: bool, out: Any) -> None:
    """Fill ``out`` with ``|z|**2 * scale``, doubled except at 0 Hz and at the Nyquist bin."""
    last = z.shape[1] - 1
    for r in range(out.shape[0]):
        for k in range(out.shape[1]):
            bin_ = first + k
            v = z[r, bin_]
            factor = 2.0 * scale
            if bin_ == 0 or (even and bin_ == last):
                factor = scale
            out[r, k] = (v.real * v.real + v.imag * v.imag) * factor


@kernel
def adaptive_weights(eigen: Any, ratios: Any, noise: float, power: Any, dof: Any) -> None:
    """Weigh eigenspectra (taper, frequency) until the density agrees with its weights.

    Thomson (1982): taper k has the weight ``r (S / (r S + (1 - r) noise))**2``, with ``r`` its
    concentration and ``noise`` the density the window would have if it were white.
    """
    tapers, bins = eigen.shape
    for f in range(bins):
        s = eigen[0, f]
        if tapers > 1:
            s = 0.5 * (s + eigen[1, f])
        first = second = 0.0
        for _ in range(100):
            first = second = total = 0.0
            for k in range(tapers):
                r = ratios[k]
                below = r * s + (1.0 - r) * noise
                b = s / below if below > 0.0 else 1.0
                w = r * b * b
                first += w
                second += w * w
                total += w * eigen[k, f]
            fresh = total / first if first > 0.0 else 0.0
            settled = abs(fresh - s) <= 1e-9 * s
            s = fresh
            if settled:
                break
        power[f] = s
        dof[f] = max(2.0, 2.0 * first * first / second) if second > 0.0 else 2.0


@kernel
def konno_ohmachi(
    log_f: Any, sine: Any, cosine: Any, b: float, reach: float, a: Any, out: Any
) -> None:
    """Smooth ``a`` with the window (sin x / x)**4, x = b log10(f/fc), cut at ``|x| = reach``.

    ``sine`` and ``cosine`` are those of ``b * log_f``, so that no sine is taken in the loop.
    """
    n = log_f.size
    low = 0
    high = 0
    for i in range(n):
        centre = log_f[i]
        while b * (centre - log_f[low]) > reach:
            low += 1
        while high < n and b * (log_f[high] - centre) <= reach:
            high += 1
        weight = 0.0
        total = 0.0
        for j in range(low, high):
            w = 1.0
            if j != i:
                q = (sine[j] * cosine[i] - cosine[j] * sine[i]) / (b * (log_f[j] - centre))
                w = q * q * q * q
            weight += w
            total += w * a[j]
        out[i] = total / weight
