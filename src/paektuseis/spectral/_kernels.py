"""Loops over samples and frequencies: plain arrays in, plain arrays out."""

from __future__ import annotations

import math
from typing import Any

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
def copied_sums(w: Any, pivot: float, out: Any) -> tuple[float, float]:
    """Fill ``out`` with ``w`` less ``pivot``; return its sum, and that of its moments.

    Four sums side by side, in an order the compiler may not change; those of 256 samples are
    added up by themselves, so that little is lost in a long sum.
    """
    centre = (w.size - 1) / 2.0
    total = moment = 0.0
    for first in range(0, w.size, 256):
        last = min(first + 256, w.size)
        whole = first + (last - first) // 4 * 4
        s0 = s1 = s2 = s3 = 0.0
        m0 = m1 = m2 = m3 = 0.0
        middle = 0.5 * (first + last - 1)
        for i in range(first, whole, 4):
            a, b = w[i] - pivot, w[i + 1] - pivot
            c, d = w[i + 2] - pivot, w[i + 3] - pivot
            away = i - middle
            s0 += a
            s1 += b
            s2 += c
            s3 += d
            m0 += away * a
            m1 += (away + 1.0) * b
            m2 += (away + 2.0) * c
            m3 += (away + 3.0) * d
            out[i] = a
            out[i + 1] = b
            out[i + 2] = c
            out[i + 3] = d
        for i in range(whole, last):
            v = w[i] - pivot
            s0 += v
            m0 += (i - middle) * v
            out[i] = v
        part = (s0 + s1) + (s2 + s3)
        total += part
        moment += (m0 + m1) + (m2 + m3) + (middle - centre) * part
    return total, moment


@kernel
def quarter_lines(w: Any, x: Any, level: Any, mean: Any, slope: Any) -> None:
    """Copy a record to ``x`` (block, quarter), less ``level``, the first sample of each block.

    ``mean`` and ``slope`` become those of the regression lines of windows of four blocks,
    window j holding the blocks j to j + 3. Means are told from the first sample, which keeps a
    constant exactly without power.
    """
    blocks, quarter = x.shape
    n = 4.0 * quarter
    spread = n * (n * n - 1.0) / 12.0
    mean[:] = 0.0
    slope[:] = 0.0
    for block in range(blocks):
        some = w[block * quarter : (block + 1) * quarter]
        level[block] = some[0]
        total, moment = copied_sums(some, level[block], x[block])
        total += (level[block] - level[0]) * quarter
        for j in range(max(block - 3, 0), min(block + 1, mean.size)):
            mean[j] += total / n
            slope[j] += (moment + (block - j - 1.5) * quarter * total) / spread
    for j in range(mean.size):
        mean[j] += level[0]


@kernel
def without_line(w: Any, ramp: Any, line: Any, taper: Any, out: Any) -> None:
    """Fill ``out`` with ``w`` less a line, tapered.

    ``line`` holds the level, what its rounding left of it, and the slope for ``ramp``.
    """
    level, rest, slope = line
    for i in range(out.size):
        out[i] = ((w[i] - level) - (rest + slope * ramp[i])) * taper[i]


@kernel
def quarter_rows(
    x: Any, level: Any, lines: Any, j: int, k: int, tapers: Any, turn: Any, s: Any, out: Any
) -> None:
    """First step (radix four) of the transform of u + iv, two tapered windows without their lines.

    ``x`` (block, q), ``level`` and ``lines`` (2, window; mean, slope) are those of
    :func:`quarter_lines`, u and v the windows j and k. ``out`` (4, 2 q) holds real and imaginary
    parts by turns; the transform of its row r has the frequencies 4 k + r of the whole.
    ``tapers`` (4, q) are those of the quarters; ``turn`` (2, q) cosine and sine of
    ``-2 pi n / (4 q)``; ``s`` is room for 2376 numbers: stretches of 256 of the four quarters
    of u, then of v, each 264 after the one before (at powers of two they would fall on the same
    lines of the cache), and from 2112 on what a line is told with, 0 to 255 from 2120 on.
    """
    q = tapers.shape[1]
    line, ramp = s[2112:2115], s[2120:]
    for begin in range(0, q, 256):
        size = min(256, q - begin)
        for p in range(8):
            window, quarter = (j, p) if p < 4 else (k, p - 4)
            block = window + quarter
            slope = lines[1, window]
            ahead = quarter * q + begin - (4 * q - 1) / 2.0
            exact = lines[0, window] + slope * ahead - level[block]
            line[0] = exact
            line[1] = exact - line[0]
            line[2] = slope
            y = s[264 * p : 264 * p + size]
            terms = (line[0], line[1], line[2])
            without_line(x[block, begin:], ramp, terms, tapers[quarter, begin:], y)
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
            p, t = a_c + f_h, e_g - b_d
            s[i + 264], s[i + 1320] = p * c1 - t * s1, p * s1 + t * c1
            p, t = ac - bd, eg - fh
            s[i + 528], s[i + 1584] = p * c2 - t * s2, p * s2 + t * c2
            p, t = a_c - f_h, e_g + b_d
            s[i + 792], s[i + 1848] = p * c3 - t * s3, p * s3 + t * c3
        for p in range(4):
            re, im = s[264 * p : 264 * p + size], s[264 * (p + 4) : 264 * (p + 4) + size]
            z = out[p, 2 * begin :]
            for i in range(size):
                z[2 * i] = re[i]
                z[2 * i + 1] = im[i]


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
def fold(total: Any, scale: float, least: float, out: Any) -> None:
    """Fill ``out`` with the sums of ``total`` at f and -f times ``scale``, from f = 1 on.

    ``total`` (4, q) holds the frequencies 4 k + r of 4 q in row r; ``out`` (2 q,) ends with
    the Nyquist frequency, which has no other side. None is less than ``least``.
    """
    q = total.shape[1]
    nyquist = max(total[0, q // 2] * scale, least)
    for k in range(q // 2):
        m = q - 1 - k
        out[4 * k] = max((total[1, k] + total[3, m]) * scale, least)
        out[4 * k + 1] = max((total[2, k] + total[2, m]) * scale, least)
        out[4 * k + 2] = max((total[3, k] + total[1, m]) * scale, least)
        out[4 * k + 3] = max((total[0, k + 1] + total[0, m]) * scale, least)
    out[2 * q - 1] = nyquist


@kernel
def log_products(bits: Any, cuts: Any, rest: Any, factor: Any, out: Any) -> None:
    """Fill ``out`` with base-two logarithms of products from each cut to the next.

    Of the numbers (positive, not subnormal) come the ``bits``: exponents are added, and the
    rest, from 1 to 2, multiplied: not more than 1000 of them. ``rest`` is room for the bits of
    that many, ``factor`` the same memory as numbers.
    """
    for s in range(out.size):
        some = bits[cuts[s] : cuts[s + 1]]
        exponent = 0
        for i in range(some.size):
            exponent += (some[i] >> 52) - 1023
            rest[i] = (some[i] & ((1 << 52) - 1)) | (1023 << 52)
        whole = some.size - some.size % 4
        a = b = c = d = 1.0
        for i in range(0, whole, 4):
            a *= factor[i]
            b *= factor[i + 1]
            c *= factor[i + 2]
            d *= factor[i + 3]
        for i in range(whole, some.size):
            a *= factor[i]
        out[s] = exponent + math.log2((a * b) * (c * d))


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
