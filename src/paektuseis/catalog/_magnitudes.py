"""Magnitudes on the grid they were rounded to, as whole numbers of bins."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ParameterError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_NEAR = 1e-6
"""Share of a bin below which two magnitudes are the same: decimal fractions are not exact."""
MAX_BINS = 1_000_000


def magnitude_array(mags: ArrayLike) -> FloatArray:
    """Return finite magnitudes in their order."""
    try:
        values = np.asarray(mags, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"mags: numbers are needed ({error})") from error
    if values.ndim != 1:
        raise ParameterError(f"mags has shape {values.shape}; give one row of numbers")
    return values[np.isfinite(values)]


def check_delta(delta_m: float, *, zero: bool = False) -> float:
    """Return the bin width, checked."""
    width = float(delta_m)
    if not math.isfinite(width) or width < 0 or (width == 0 and not zero):
        least = "0 (not rounded) or more" if zero else "a positive width"
        raise ParameterError(f"delta_m={delta_m}; give the step of the magnitudes: {least}")
    return width


def check_share(name: str, value: float) -> float:
    """Return a number strictly between 0 and 1."""
    if not 0 < float(value) < 1:
        raise ParameterError(f"{name}={value}; give a number between 0 and 1, as 0.95")
    return float(value)


def check_count(name: str, value: Any, least: int) -> int:
    """Return a whole number of at least ``least``."""
    if isinstance(value, bool) or int(value) != value or value < least:
        raise ParameterError(f"{name}={value}; give a whole number of at least {least}")
    return int(value)


def grid_offset(values: FloatArray, delta_m: float) -> float:
    """Return where the grid of the magnitudes stands: 0 unless all lie on a shifted grid."""
    if not len(values):
        return 0.0
    first = values[0] / delta_m
    rest = values / delta_m - first
    if np.all(np.abs(rest - np.round(rest)) < _NEAR):
        shift = first - math.floor(first + 0.5)
        return 0.0 if abs(shift) < _NEAR else float(shift * delta_m)
    return 0.0


def to_bins(values: FloatArray, delta_m: float) -> tuple[IntArray, float]:
    """Return each magnitude as a number of bins, and the magnitude of bin 0.

    Bin ``k`` holds magnitudes from ``offset + (k - 1/2) delta_m`` on, up to its upper edge, which
    belongs to the next; an edge is met within 1e-9 of a bin.
    """
    offset = grid_offset(values, delta_m)
    if len(values) and np.ptp(values) / delta_m > MAX_BINS:
        raise ParameterError(
            f"magnitudes from {values.min():g} to {values.max():g} are more than {MAX_BINS} bins "
            f"of delta_m={delta_m:g}; give a wider step or drop what is no magnitude"
        )
    return np.floor((values - offset) / delta_m + 0.5 + 1e-9).astype(np.int64), offset


def bin_of(mc: float, delta_m: float, offset: float) -> int:
    """Return the bin of a completeness magnitude: the first bin centre not below it."""
    return math.ceil((mc - offset) / delta_m - _NEAR)
