"""Loops over samples and frequencies: plain arrays in, plain arrays out."""

from __future__ import annotations

from typing import Any

from .._jit import kernel


@kernel
def tapered_windows(x: Any, starts: Any, taper: Any, linear: bool, out: Any, means: Any) -> None:
    """Fill ``out[r]`` with the window of ``x`` at ``starts[r]``: trend removed, tapered."""
    n = taper.size
    centre = (n - 1) / 2.0
    spread = n * (n * n - 1.0) / 12.0
    for r in range(starts.size):
        s = starts[r]
        total = 0.0
        for i in range(n):
            total += x[s + i]
        mean = total / n
        slope = 0.0
        if linear and n > 1:
            moment = 0.0
            for i in range(n):
                moment += (i - centre) * (x[s + i] - mean)
            slope = moment / spread
        if slope == 0.0:
            for i in range(n):
                out[r, i] = (x[s + i] - mean) * taper[i]
        else:
            for i in range(n):
                out[r, i] = (x[s + i] - mean - slope * (i - centre)) * taper[i]
        means[r] = mean


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
def add_rows(rows: Any, columns: Any, total: Any, count: Any) -> None:
    """Add ``rows[r]`` to ``total[columns[r]]`` and count it."""
    for r in range(rows.shape[0]):
        c = columns[r]
        count[c] += 1
        for k in range(rows.shape[1]):
            total[c, k] += rows[r, k]


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
