"""Bands of a transform's bins, and the table of spectral amplitudes over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .._segments import Segment
from ..errors import ParameterError
from ..tables import SSAM
from ..types import Band, FloatArray
from ._stft import Grid, Sums
from ._windows import IntArray, frequencies_of, hann

SSAM_EDGES = (
    *(0.5 * k for k in range(1, 11)),
    *(float(k) for k in range(6, 11)),
    *(float(k) for k in range(12, 21, 2)),
)
"""Hertz: 19 bands, half a hertz wide up to 5 Hz, one up to 10 Hz, two up to 20 Hz."""


@dataclass(frozen=True)
class Bands:
    """Bands between ``edges`` (n + 1,): bins ``splits[b]`` up to, without, ``splits[b + 1]``."""

    edges: FloatArray
    splits: IntArray

    @property
    def bins(self) -> slice:
        """All bins of all bands."""
        return slice(int(self.splits[0]), int(self.splits[-1])) if len(self.splits) else slice(0, 0)


def bands_of(edges: Sequence[float], grid: Grid) -> Bands:
    """Return bands with their bins, ``freqmin <= f < freqmax``."""
    axis = np.asarray(edges, dtype=np.float64)
    if axis.ndim != 1 or not np.isfinite(axis).all():
        raise ParameterError(f"edges={edges!r}; give a row of frequencies in hertz")
    if not len(axis):
        return Bands(axis, np.zeros(0, dtype=np.int64))
    if len(axis) < 2 or (np.diff(axis) <= 0).any():
        raise ParameterError(f"edges={list(edges)}; give at least two frequencies that rise")
    Band(freqmin=float(axis[0]))
    if axis[-1] > grid.rate / 2 * (1 + 1e-9):
        raise ParameterError(
            f"edges reach {axis[-1]:g} Hz, above the Nyquist frequency {grid.rate / 2:g} Hz of "
            f"{grid.trace_id}; leave out the bands above it or drop the channel"
        )
    slack = 1e-9 * grid.rate
    splits = np.searchsorted(frequencies_of(grid.size, grid.rate), axis - slack)
    if (np.diff(splits) < 1).any():
        bad = int(np.argmin(np.diff(splits)))
        raise ParameterError(
            f"no frequency from {axis[bad]:g} to {axis[bad + 1]:g} Hz: a window of "
            f"{grid.window:g} s resolves {1 / grid.window:g} Hz; widen the band or lengthen the "
            "window"
        )
    return Bands(axis, splits.astype(np.int64))


def too_few(count: IntArray, grid: Grid, min_coverage: float) -> NDArray[np.bool_]:
    """Return which columns have too few transforms to be used."""
    return np.asarray((count == 0) | (count < min_coverage * grid.per_column))


def band_table(
    piece: Segment, grid: Grid, sums: Sums, bands: Bands, min_coverage: float
) -> pd.DataFrame:
    """Return the amplitudes by band as a table: times in order, at each time all bands."""
    n = len(bands.edges) - 1
    if n < 1 or not grid.columns:
        return SSAM.frame()
    first = bands.splits[:-1] - bands.splits[0]
    values = np.add.reduceat(sums.amplitude, first, axis=1)
    values *= 2.0 / float(hann(grid.size).sum()) / np.diff(bands.splits)
    values /= np.maximum(sums.count, 1)[:, None]
    values[too_few(sums.count, grid, min_coverage)] = np.nan
    step = 1e9 * grid.step
    starts = grid.begin + np.rint(np.arange(grid.columns) * step).astype(np.int64)
    times = np.repeat(starts, n).view("datetime64[ns]")
    return pd.DataFrame(
        {
            "trace_id": grid.trace_id,
            "starttime": pd.DatetimeIndex(times).tz_localize("UTC"),
            "window": max(grid.step, grid.window),
            "value": values.ravel(),
            "units": piece.units,
            "statistic": "mean_amplitude",
            "freqmin": np.tile(bands.edges[:-1], grid.columns),
            "freqmax": np.tile(bands.edges[1:], grid.columns),
            "coverage": np.repeat(sums.count / grid.per_column, n),
        }
    )[SSAM.names]
