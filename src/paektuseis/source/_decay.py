"""Decay of amplitudes with distance, and the misfit of many places to many windows at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..types import FloatArray

_BLOCK = 1 << 21  # cells of windows times places held at once
_NEAREST_KM = 0.05  # a source nearer than this to a sensor is taken to be so far


def decay(distance_km: FloatArray, *, b: float, power: float) -> FloatArray:
    """Return ``exp(-b r) / r**power`` (b in 1/km)."""
    r = np.maximum(distance_km, _NEAREST_KM)
    return np.asarray(np.exp(-b * r) / r**power)


@dataclass(frozen=True, eq=False)
class Best:
    """The best place of each window: index, misfit, source amplitude, places within a limit."""

    index: NDArray[np.int64]
    misfit: FloatArray
    amplitude: FloatArray


def misfits(
    amplitudes: FloatArray, gain: FloatArray, *, logarithmic: bool
) -> tuple[FloatArray, FloatArray]:
    """Return misfit and source amplitude of every window and place.

    Parameters
    ----------
    amplitudes : ndarray, shape (windows, stations)
        Freed of site factors, positive.
    gain : ndarray, shape (places, stations)
        Decay from each place.
    logarithmic : bool
        Sum of squares of natural logarithms instead of the relative residual.

    Returns
    -------
    misfit, amplitude : ndarray, shape (windows, places)
    """
    n = gain.shape[1]
    if logarithmic:
        la, lg = np.log(amplitudes), np.log(gain)
        ca, cg = la - la.mean(axis=1, keepdims=True), lg - lg.mean(axis=1, keepdims=True)
        sums = (ca**2).sum(axis=1)[:, None] - 2 * ca @ cg.T + (cg**2).sum(axis=1)[None, :]
        level = np.exp(la.mean(axis=1)[:, None] - lg.mean(axis=1)[None, :])
        return np.maximum(sums, 0.0), np.asarray(level)
    level = amplitudes @ (1.0 / gain).T / n
    power = (amplitudes**2).sum(axis=1)[:, None]
    sums = power - 2 * level * (amplitudes @ gain.T) + level**2 * (gain**2).sum(axis=1)[None, :]
    return np.maximum(sums / power, 0.0), np.asarray(level)


def best_places(amplitudes: FloatArray, gain: FloatArray, *, logarithmic: bool) -> Best:
    """Return the place of least misfit of each window, in blocks that fit in memory."""
    step = max(1, _BLOCK // gain.shape[0])
    index, least, level = [], [], []
    for first in range(0, len(amplitudes), step):
        values, source = misfits(amplitudes[first : first + step], gain, logarithmic=logarithmic)
        at = values.argmin(axis=1)
        rows = np.arange(len(at))
        index.append(at)
        least.append(values[rows, at])
        level.append(source[rows, at])
    return Best(
        np.concatenate(index).astype(np.int64), np.concatenate(least), np.concatenate(level)
    )
