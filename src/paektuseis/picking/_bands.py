"""The bands an onset is read in, below what a record can hold."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Bands = Sequence[tuple[float, float]]

CORNERS = 2
"""Order: two poles ring little, so that an onset stays one."""
TOP = 0.45
"""Share of the sampling rate at which bands end."""
NARROWEST = 1.5
"""Least ratio of the corners of a band that was cut there."""


@functools.lru_cache(maxsize=64)
def _sections(low: float, high: float, rate: float) -> Any:
    from scipy.signal import butter

    return butter(CORNERS, [low, high], "bandpass", fs=rate, output="sos")


def usable(bands: Bands, rate: float) -> list[tuple[float, float]]:
    """Return the bands a record holds, cut at 0.45 of its rate; none twice."""
    cut = [(low, min(high, TOP * rate)) for low, high in bands]
    return list(dict.fromkeys((low, high) for low, high in cut if high >= NARROWEST * low))


def filtered(x: NDArray[Any], rate: float, bands: Bands) -> FloatArray:
    """Return a row for each band: causal, of a record less the mean of its first second."""
    from scipy.signal import sosfilt

    x = np.asarray(x, dtype=np.float64)
    x = x - x[: max(1, round(rate))].mean()
    return np.array([sosfilt(_sections(low, high, rate), x) for low, high in bands])
