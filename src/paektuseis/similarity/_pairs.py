"""Correlation of every event with every other, and of one with another in full precision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from ._windows import StationWindows

BLOCK = 48
"""Events on a side of a block of pairs."""


@dataclass(frozen=True)
class Compared:
    """Two events aligned."""

    correlation: float
    lag: float
    relative_magnitude: float
    n_stations: int


def condensed_correlation(
    stations: Sequence[StationWindows], count: int, *, max_shift: float, min_stations: int
) -> NDArray[np.float32]:
    """Return the correlation of each pair of ``count`` events, as ``pdist`` orders them.

    NaN where fewer than ``min_stations`` stations can be compared.

    Notes
    -----
    The products of spectra are added over the channels of a station before they are transformed
    back, so that there is one transform for each pair and station, whatever its channels.
    """
    total = np.zeros(count * (count - 1) // 2, dtype=np.float32)
    seen = np.zeros(total.size, dtype=np.uint16)
    for station in stations:
        _add_station(total, seen, station, count, int(max_shift * station.sampling_rate + 1e-6))
    with np.errstate(invalid="ignore", divide="ignore"):
        np.divide(total, seen, out=total)
    total[seen < min_stations] = np.nan
    return total


def place(i: Any, j: Any, count: int) -> Any:
    """Return where a pair ``i < j`` stands in a condensed matrix."""
    return i * (2 * count - i - 1) // 2 + (j - i - 1)


def _add_station(
    total: NDArray[np.float32],
    seen: NDArray[np.uint16],
    station: StationWindows,
    count: int,
    shift: int,
) -> None:
    size = station.unit.shape[2]
    span = fft.next_fast_len(size + shift, real=True)
    # frequency first: the sum over channels is then a product of small matrices
    spectra = np.ascontiguousarray(fft.rfft(station.unit, span, axis=2).transpose(2, 1, 0))
    there = (station.norm > 0).astype(np.float32)
    events = station.events
    for a in range(0, len(events), BLOCK):
        left = np.conj(spectra[:, :, a : a + BLOCK]).transpose(0, 2, 1)
        for b in range(a, len(events), BLOCK):
            cross = fft.irfft(left @ spectra[:, :, b : b + BLOCK], span, axis=0, overwrite_x=True)
            best = cross[: shift + 1].max(axis=0)
            if shift:
                np.maximum(best, cross[-shift:].max(axis=0), out=best)
            common = there[a : a + BLOCK] @ there[b : b + BLOCK].T
            first, second = events[a : a + BLOCK, None], events[None, b : b + BLOCK]
            use = (first < second) & (common > 0)
            where = place(first, second, count)[use]
            total[where] += best[use] / common[use]
            seen[where] += 1


def compare(
    stations: Sequence[StationWindows], first: int, second: int, *, max_shift: float
) -> Compared:
    """Align an event with another: correlation, lag and size by sums in double precision.

    ``lag`` is the seconds by which the second's window has to begin later for its record to
    stand as the first's does (median of the stations).
    """
    values, lags, shared, own = [], [], 0.0, 0.0
    for station in stations:
        rows = np.searchsorted(station.events, [first, second])
        if rows[1] >= len(station.events) or (station.events[rows] != [first, second]).any():
            continue
        i, j = (int(r) for r in rows)
        both = (station.norm[i] > 0) & (station.norm[j] > 0)
        if not both.any():
            continue
        a = station.unit[i, both].astype(np.float64)
        b = station.unit[j, both].astype(np.float64)
        shift = int(max_shift * station.sampling_rate + 1e-6)
        series = cross_series(a, b, shift)
        at = int(series.argmax())
        k = at - shift
        values.append(float(series[at]))
        lags.append(k / station.sampling_rate + float(station.late[j] - station.late[i]))
        a, b = overlap(a, b, k)
        sizes = station.norm[i, both]
        shared += float((np.sum(a * b, axis=1) * sizes * station.norm[j, both]).sum())
        own += float((np.sum(a * a, axis=1) * sizes**2).sum())
    if not values:
        return Compared(np.nan, np.nan, np.nan, 0)
    size = float(np.log10(shared / own)) if shared > 0 and own > 0 else float("nan")
    return Compared(float(np.mean(values)), float(np.median(lags)), size, len(values))


def cross_series(a: NDArray[np.float64], b: NDArray[np.float64], shift: int) -> NDArray[np.float64]:
    """Return ``sum(a[n] * b[n + k])`` for ``k`` from ``-shift`` to ``shift``, mean of the rows."""
    span = fft.next_fast_len(a.shape[1] + shift, real=True)
    product = np.conj(fft.rfft(a, span, axis=1)) * fft.rfft(b, span, axis=1)
    back = fft.irfft(product.mean(axis=0), span)
    return np.concatenate([back[span - shift :], back[: shift + 1]])


def overlap(a: Any, b: Any, k: int) -> tuple[Any, Any]:
    """Return the samples of rows that stand beside each other when ``b`` is ``k`` late."""
    n = a.shape[1]
    return a[:, max(-k, 0) : n - max(k, 0)], b[:, max(k, 0) : n - max(-k, 0)]
