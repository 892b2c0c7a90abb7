"""Butterworth filters as second-order sections, and how long they remember."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ParameterError
from ..types import Band

FloatArray = NDArray[np.float64]

SETTLED = 1e-3
"""A filter counts as settled when its transient has fallen to this share of the disturbance."""

FORGOTTEN = 1e-10
"""Share of the disturbance below which a filter's start cannot be seen in a result."""


@dataclass(frozen=True)
class Design:
    """A filter for one sampling rate.

    Attributes
    ----------
    sections : ndarray, shape (S, 6)
        Second-order sections, as scipy writes them.
    settling : float
        Seconds until the transient of a unit step stays below 1e-3.
    memory : float
        The same for 1e-10.
    """

    sections: FloatArray
    settling: float
    memory: float


@lru_cache(maxsize=256)
def butterworth(
    freqmin: float | None,
    freqmax: float | None,
    corners: int,
    rate: float,
    integrated: bool = False,
) -> Design:
    """Return a Butterworth filter with obspy's poles, zeros and gain.

    A band-pass is written as one section ``1 - z**-2`` over each pair of poles, the
    fastest-decaying first, so that every section removes an offset: an offset or a slow
    drift then costs no digits of the signal.

    ``integrated`` gives the band-passed integral of the record by the trapezoidal rule, as
    one filter of the same order: the pole of ``T/2 (1 + z**-1) / (1 - z**-1)`` at 1 cancels
    one zero of the band-pass, and ``1 - z**-2`` of the last section becomes
    ``T/2 (1 + z**-1)**2``. Nothing can drift.
    """
    from scipy.signal import iirfilter, zpk2sos

    nyquist = rate / 2
    both = freqmin is not None and freqmax is not None
    if freqmin is not None and freqmax is not None:
        edges: Any = [freqmin / nyquist, freqmax / nyquist]
        kind = "band"
    elif freqmin is not None:
        edges, kind = freqmin / nyquist, "highpass"
    else:
        edges, kind = freqmax / nyquist if freqmax is not None else 0.5, "lowpass"
    if integrated and not both:
        raise ParameterError("an integrated record is band-passed: give freqmin and freqmax")
    z, p, k = iirfilter(corners, edges, btype=kind, ftype="butter", output="zpk")
    sections = _resonators(p, float(k)) if both else zpk2sos(z, p, k)
    if integrated:
        sections[-1, :3] = np.array([1.0, 2.0, 1.0]) * sections[-1, 0]
        sections[0, :3] *= 0.5 / rate
    sections = np.ascontiguousarray(sections)
    sections.flags.writeable = False
    times = (_transient(z, p, float(k), level) / rate for level in (SETTLED, FORGOTTEN))
    return Design(sections, *times)


def require_order(band: Band, corners: int) -> None:
    """Raise if a filter has no corner frequency, or no order it can have."""
    if band.freqmin is None and band.freqmax is None:
        raise ParameterError("a filter needs freqmin, freqmax or both")
    if isinstance(corners, bool) or int(corners) != corners or not 1 <= corners <= 20:
        raise ParameterError(f"corners={corners}; give a whole number from 1 to 20")


def _resonators(poles: Any, gain: float) -> FloatArray:
    """Return sections ``1 - z**-2`` over the poles in pairs, by growing radius."""
    real = np.sort(poles[poles.imag == 0].real)
    pairs = [(-2.0 * p.real, abs(p) ** 2) for p in poles[poles.imag > 0]]
    pairs += [(-(a + b), a * b) for a, b in zip(real[::2], real[1::2], strict=True)]
    out = np.array([[1.0, 0.0, -1.0, 1.0, *pair] for pair in sorted(pairs, key=lambda c: c[1])])
    out[0, :3] *= gain
    return out


def _transient(z: Any, p: Any, gain: float, level: float) -> float:
    """Samples until the bound on the step response's transient stays below ``level``."""
    apart = p[:, None] - p[None, :]
    np.fill_diagonal(apart, 1.0)
    with np.errstate(all="ignore"):
        share = np.abs(
            gain * np.prod(p[:, None] - z[None, :], axis=1) / np.prod(apart, axis=1) / (p - 1.0)
        )
    # a double pole cannot be split in this way; its bound is that of the slowest pole
    share = np.where(np.isfinite(share), np.maximum(share, level), 1.0)
    radius = np.minimum(np.abs(p), 1 - 1e-15)

    def bound(n: float) -> float:
        return float(np.sum(share * radius**n))

    high = 1.0
    while bound(high) > level and high < 1e15:
        high *= 2
    low = high / 2
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if bound(middle) > level else (low, middle)
    return high
