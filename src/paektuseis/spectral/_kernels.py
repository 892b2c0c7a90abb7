"""Loops over samples and frequencies: plain arrays in, plain arrays out."""

from __future__ import annotations

import math
from typing import Any

from .._jit import kernel


@kernel
def line_of(w: Any, linear: bool) -> tuple[float, float]:
    """Return the mean of ``w`` and, if asked for, the slope of its regression line (else 0).

    Sums run in eight lanes, so that the processor can add them side by side.
    """
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
    mean = (((a + b) + (c + d)) + ((e + f) + (g + h))) / n
    if not linear or n < 2:
        return mean, 0.0
    centre = (n - 1) / 2.0
    a = b = c = d = 0.0
    whole = n - n % 4
    for i in range(0, whole, 4):
        a += (i - centre) * (w[i] - mean)
        b += (i + 1 - centre) * (w[i + 1] - mean)
        c += (i + 2 - centre) * (w[i + 2] - mean)
        d += (i + 3 - centre) * (w[i + 3] - mean)
    for i in range(whole, n):
        a += (i - centre) * (w[i] - mean)
    return mean, ((a + b) + (c + d)) / (n * (n * n - 1.0) / 12.0)


@kernel
def tapered_windows(x: Any, starts: Any, taper: Any, linear: bool, out: Any, means: Any) -> None:
    """Fill ``out[r]`` with the window of ``x`` at ``starts[r]``: trend removed, tapered."""
    n = taper.size
    centre = (n - 1) / 2.0
    for r in range(starts.size):
        w = x[starts[r] : starts[r] + n]
        mean, slope = line_of(w, linear)
        row = out[r]
        if slope == 0.0:
            for i in range(n):
                row[i] = (w[i] - mean) * taper[i]
        else:
            for i in range(n):
                row[i] = (w[i] - mean - slope * (i - centre)) * taper[i]
        means[r] = mean


@kernel
def add_spectra(z: Any, columns: Any, first: int, power: Any, low: int, amplitude: Any) -> None:
    """Add ``|z[r]|**2`` to ``power[columns[r]]`` and ``|z[r]|`` to ``amplitude[columns[r]]``.

    ``z`` (row, 2 bins) holds real and imaginary parts by turns; ``power`` begins at the bin
    ``first``, ``amplitude`` at the bin ``low``. A row whose column is negative is left out.
    """
    for r in range(columns.size):
        c = columns[r]
        if c < 0:
            continue
        total = power[c]
        row = z[r, 2 * first :]
        for k in range(total.size):
            total[k] += row[2 * k] * row[2 * k] + row[2 * k + 1] * row[2 * k + 1]
        size = amplitude[c]
        row = z[r, 2 * low :]
        for k in range(size.size):
            size[k] += math.sqrt(row[2 * k] * row[2 * k] + row[2 * k + 1] * row[2 * k + 1])


@kernel
def paired_windows(x: Any, first: Any, second: Any, taper: Any, out: Any, means: Any) -> None:
    """Fill ``out[r]`` with two windows, by turns the real and the imaginary part of one row.

    Each is freed of its line and tapered; ``second[r] < 0`` stands for no second window.
    """
    n = taper.size
    centre = (n - 1) / 2.0
    for r in range(first.size):
        u = x[first[r] : first[r] + n]
        lone = second[r] < 0
        v = u if lone else x[second[r] : second[r] + n]
        mu, su = line_of(u, True)
        mv, sv = line_of(v, True)
        present = 0.0 if lone else 1.0
        row = out[r]
        for i in range(n):
            away = i - centre
            row[2 * i] = (u[i] - mu - su * away) * taper[i]
            row[2 * i + 1] = (v[i] - mv - sv * away) * taper[i] * present
        means[r] = mu + mv


@kernel
def add_squares(z: Any, owner: Any, total: Any) -> None:
    """Add ``|z[r]|**2`` to ``total[owner[r]]``; ``z`` holds real and imaginary parts by turns."""
    for r in range(owner.size):
        if owner[r] < 0:
            continue
        out = total[owner[r]]
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
