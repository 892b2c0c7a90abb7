"""What a place from amplitudes is, with the misfit of every place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import ParameterError
from ..types import FloatArray

LEVEL = 0.68
"""Share of the probability that the region of an amplitude location holds."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AmplitudeGrid:
    """Misfit of every place of a grid: what a map of it shows.

    Attributes
    ----------
    longitude, latitude : ndarray, shapes (nx,) and (ny,)
        Degrees, of the points.
    depth_km : ndarray, shape (nz,)
        Below sea level.
    values : ndarray, shape (nz, ny, nx)
    units : str
    limit : float
        Places with a misfit up to this lie in the region that holds ``level`` (F test).
    level : float
    """

    longitude: FloatArray
    latitude: FloatArray
    depth_km: FloatArray
    values: FloatArray
    units: str
    limit: float
    level: float = LEVEL

    def __post_init__(self) -> None:
        shape = (self.depth_km.size, self.latitude.size, self.longitude.size)
        if self.values.shape != shape:
            raise ParameterError(f"AmplitudeGrid: {self.values.shape} values against axes {shape}")

    @property
    def surface(self) -> FloatArray:
        """Least misfit over depth, shape (ny, nx)."""
        return np.asarray(self.values.min(axis=0))

    @property
    def region(self) -> NDArray[np.bool_]:
        """Whether each place lies in the region, shape (nz, ny, nx)."""
        return np.asarray(self.values <= self.limit)


@dataclass(frozen=True, kw_only=True, eq=False)
class AmplitudeLocation:
    """Where the amplitudes of a window came from.

    Attributes
    ----------
    latitude, longitude, depth_km : float
        Place of least misfit (km below sea level).
    source_amplitude : float
        Amplitude at 1 km without attenuation, in ``units``.
    units : str
        Unit of the amplitudes times km or km**0.5.
    misfit : float
        Least misfit: relative (0 to about 1), or mean square of natural logarithms.
    horizontal_uncertainty_km, depth_uncertainty_km : float
        From the place to the farthest point of the 68 % region, across and in depth (half its
        extent); lower bounds where ``bounded`` is False.
    jackknife_km : float
        Standard error of the epicentre from leaving out each station in turn.
    bounded : bool
        Whether the region lies wholly inside the grid.
    azimuthal_gap : float
        Degrees.
    n_stations : int
    stations : DataFrame
        ``station``, ``amplitude``, ``predicted`` (same unit, site included), ``distance_km``.
    grid : AmplitudeGrid
    notes : tuple of str
    """

    latitude: float
    longitude: float
    depth_km: float
    source_amplitude: float
    units: str
    misfit: float
    horizontal_uncertainty_km: float
    depth_uncertainty_km: float
    jackknife_km: float
    bounded: bool
    azimuthal_gap: float
    n_stations: int
    stations: pd.DataFrame
    grid: AmplitudeGrid
    notes: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """The notes as one text."""
        return "; ".join(self.notes)

    def contains(self, latitude: float, longitude: float, depth_km: float | None = None) -> bool:
        """Return whether the cell of a place lies in the 68 % region.

        Parameters
        ----------
        latitude, longitude : float
            Degrees.
        depth_km : float, optional
            Below sea level; any depth if None.

        Returns
        -------
        bool
        """
        g = self.grid
        j = int(np.abs(g.latitude - latitude).argmin())
        i = int(np.abs(g.longitude - longitude).argmin())
        if depth_km is None:
            return bool(g.region[:, j, i].any())
        return bool(g.region[int(np.abs(g.depth_km - depth_km).argmin()), j, i])
