"""What a location is: the place, how sure it is, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import nan
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike
from obspy import UTCDateTime

from ..errors import ParameterError
from ..types import FloatArray
from ._geometry import to_degrees, to_km
from ._later import LaterTable

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.68
"""Share of the probability that the regions and intervals of a location hold."""


_SAMPLES, _RESIDUALS = LaterTable(), LaterTable()


class Density(Protocol):
    """Logarithm of a posterior density at points, up to a constant."""

    def __call__(
        self, latitude: FloatArray, longitude: FloatArray, depth_km: FloatArray
    ) -> FloatArray:
        """Return one value a point."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Ellipsoid:
    """An ellipsoid that holds a stated share of the posterior probability.

    It has the shape of the posterior covariance, is centred on the posterior mean and is
    scaled until it holds ``level`` of the posterior samples: where the posterior is Gaussian
    this is the usual confidence ellipsoid; where it is bent or has two places it still holds
    that share.

    Attributes
    ----------
    latitude, longitude, depth_km : float
        Centre (the mean of the posterior, which need not be the most likely place).
    covariance : ndarray, shape (3, 3)
        Of the posterior in km²: east, north, down.
    radius : float
        Mahalanobis radius of the surface (1.87 for 68 % of a Gaussian in three dimensions).
    level : float
        Share held.
    """

    latitude: float
    longitude: float
    depth_km: float
    covariance: FloatArray
    radius: float
    level: float = LEVEL

    @classmethod
    def from_samples(
        cls,
        latitude: FloatArray,
        longitude: FloatArray,
        depth_km: FloatArray,
        *,
        level: float = LEVEL,
    ) -> Ellipsoid:
        """Fit the ellipsoid to samples of a posterior.

        Parameters
        ----------
        latitude, longitude, depth_km : ndarray, shape (n,)
            Degrees and km below sea level.
        level : float
            Share of the samples it holds.

        Returns
        -------
        Ellipsoid
        """
        lat0, lon0 = float(np.mean(latitude)), float(longitude[0])
        east, north = to_km(latitude, longitude, lat0, lon0)
        points = np.stack([east, north, np.asarray(depth_km, dtype=np.float64)])
        return cls.around(points, lat0, lon0, level=level)

    @classmethod
    def around(
        cls, points: FloatArray, latitude: float, longitude: float, *, level: float = LEVEL
    ) -> Ellipsoid:
        """Fit the ellipsoid to samples given in km from a point.

        Parameters
        ----------
        points : ndarray, shape (3, n)
            Kilometres east and north of the point, and depth below sea level.
        latitude, longitude : float
            The point, in degrees.
        level : float
            Share of the samples it holds.

        Returns
        -------
        Ellipsoid
        """
        centre, covariance, d2 = _spread(points)
        lat, lon = to_degrees(centre[0], centre[1], latitude, longitude)
        return cls(
            latitude=float(lat),
            longitude=float(lon),
            depth_km=float(centre[2]),
            covariance=covariance,
            radius=float(np.sqrt(_quantile(d2, level))),
            level=level,
        )

    @property
    def semi_axes_km(self) -> FloatArray:
        """Semi-axes in km, longest first, shape (3,)."""
        values = np.linalg.eigvalsh(self.covariance)[::-1]
        return np.asarray(self.radius * np.sqrt(np.maximum(values, 0.0)))

    @property
    def directions(self) -> FloatArray:
        """Unit vectors of the semi-axes (east, north, down), pointing down, one a row."""
        vectors = np.linalg.eigh(self.covariance)[1][:, ::-1].T
        return np.asarray(np.where(vectors[:, 2:] < 0, -vectors, vectors))

    @property
    def azimuths(self) -> FloatArray:
        """Azimuth of each semi-axis in degrees from north, shape (3,)."""
        d = self.directions
        return np.asarray(np.degrees(np.arctan2(d[:, 0], d[:, 1])) % 360.0)

    @property
    def plunges(self) -> FloatArray:
        """Plunge of each semi-axis in degrees below the horizontal, shape (3,)."""
        return np.asarray(np.degrees(np.arcsin(np.clip(self.directions[:, 2], -1.0, 1.0))))

    def distance(
        self, latitude: ArrayLike, longitude: ArrayLike, depth_km: ArrayLike
    ) -> FloatArray:
        """Return how far points lie from the centre: 1 on the surface, less inside.

        Parameters
        ----------
        latitude, longitude, depth_km : array_like
            Degrees and km below sea level.

        Returns
        -------
        ndarray
        """
        east, north = to_km(latitude, longitude, self.latitude, self.longitude)
        down = np.asarray(depth_km, dtype=np.float64) - self.depth_km
        off = np.stack(np.broadcast_arrays(east, north, down)).reshape(3, -1)
        d2 = np.einsum("ij,ij->j", off, np.linalg.solve(self.covariance, off))
        shape = np.broadcast_shapes(east.shape, north.shape, down.shape)
        return np.asarray(np.sqrt(d2) / self.radius).reshape(shape)

    def contains(self, latitude: float, longitude: float, depth_km: float) -> bool:
        """Return whether a point lies inside.

        Parameters
        ----------
        latitude, longitude, depth_km : float
            Degrees and km below sea level.

        Returns
        -------
        bool
        """
        return bool(self.distance(latitude, longitude, depth_km) <= 1.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class LocationGrid:
    """Probability of a location on the map or on a section: what a plot of it shows.

    Attributes
    ----------
    axes : tuple of str
        What the two axes are: ``("longitude", "latitude")``, ``("longitude", "depth_km")``,
        ``("latitude", "depth_km")``.
    x, y : ndarray
        Edges of the cells, shapes (nx + 1,) and (ny + 1,), in the unit the axis has.
    values : ndarray, shape (ny, nx)
        Probability per km² in each cell (the third coordinate integrated out).
    units : str
        ``"1/km2"``.
    """

    axes: tuple[str, str]
    x: FloatArray
    y: FloatArray
    values: FloatArray
    units: str = "1/km2"

    def __post_init__(self) -> None:
        if self.values.shape != (self.y.size - 1, self.x.size - 1):
            raise ParameterError(
                f"LocationGrid: {self.values.shape} values against {self.y.size} and "
                f"{self.x.size} edges; give one value a cell"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class Location:
    """Where and when an event was, with its uncertainty.

    Attributes
    ----------
    latitude, longitude : float
        Most likely epicentre in degrees; NaN where it is not known.
    depth_km : float
        Most likely depth in km below sea level, negative above; NaN where it is not known.
    time : UTCDateTime or None
        Origin time of that place.
    time_uncertainty : float
        One standard error in s.
    horizontal_uncertainty_km : float
        Semi-major axis of the ellipse that holds 68 % of the epicentre's probability.
    depth_uncertainty_km : float
        Half of the central 68 % of the depth's probability.
    ellipsoid : Ellipsoid or None
        Holds 68 % of the hypocentre's probability.
    samples : DataFrame
        Samples of the posterior: ``latitude``, ``longitude`` (degrees), ``depth_km``
        (km below sea level), ``time`` (UTC).
    residuals : DataFrame
        Table ``tables.RESIDUALS``.
    n_picks, n_stations : int
        Arrivals and stations used.
    rms : float
        Weighted root mean square of the residuals in s.
    azimuthal_gap : float
        Largest angle without a station, degrees.
    nearest_km : float
        Epicentral distance of the nearest station used.
    method, model : str
        How it was located, and the velocity model.
    quality : str
        A (best), B, C or D.
    notes : tuple of str
        What is not resolved, what was refused.
    semi_minor_km, major_azimuth : float
        The ellipse's other semi-axis (km) and the direction of the major one from north.
    distance_km, distance_uncertainty_km, backazimuth, backazimuth_uncertainty, incidence : float
        From the station, where a single one located the event; NaN otherwise.
    density : callable, optional
        Log of the posterior density at arrays of latitude, longitude, depth.
    sample_density : ndarray, optional
        The same at the samples.
    """

    latitude: float
    longitude: float
    depth_km: float
    time: UTCDateTime | None
    samples: LaterTable = _SAMPLES
    residuals: LaterTable = _RESIDUALS
    method: str
    model: str = ""
    quality: str = "D"
    ellipsoid: Ellipsoid | None = None
    time_uncertainty: float = nan
    horizontal_uncertainty_km: float = nan
    depth_uncertainty_km: float = nan
    semi_minor_km: float = nan
    major_azimuth: float = nan
    n_picks: int = 0
    n_stations: int = 0
    rms: float = nan
    azimuthal_gap: float = nan
    nearest_km: float = nan
    distance_km: float = nan
    distance_uncertainty_km: float = nan
    backazimuth: float = nan
    backazimuth_uncertainty: float = nan
    incidence: float = nan
    notes: tuple[str, ...] = ()
    density: Density | None = field(default=None, repr=False)
    sample_density: FloatArray | None = field(default=None, repr=False)

    @property
    def note(self) -> str:
        """The notes as one text."""
        return "; ".join(self.notes)

    def credibility(self, latitude: float, longitude: float, depth_km: float) -> float:
        """Return the smallest share of the posterior whose region holds a point.

        The region that holds a share p of the probability in the smallest volume is where
        the density is highest; a point inside it has ``credibility(...) <= p``. The truth is
        inside the 68 % region where this is at most 0.68.

        Parameters
        ----------
        latitude, longitude, depth_km : float
            Degrees and km below sea level.

        Returns
        -------
        float
            0 at the most likely place, 1 far from it.

        Raises
        ------
        ParameterError
            If the location carries no density.
        """
        if self.density is None or self.sample_density is None:
            raise ParameterError(
                f"a location by {self.method!r} carries no density; use its ellipsoid or samples"
            )
        here = self.density(np.array([latitude]), np.array([longitude]), np.array([depth_km]))[0]
        return float(np.mean(self.sample_density > here))

    def contains(self, latitude: float, longitude: float, depth_km: float) -> bool:
        """Return whether a point lies in the region of highest density that holds 68 %.

        Parameters
        ----------
        latitude, longitude, depth_km : float
            Degrees and km below sea level.

        Returns
        -------
        bool
        """
        return self.credibility(latitude, longitude, depth_km) <= LEVEL

    def origin_row(self, event_id: str = "") -> dict[str, Any]:
        """Return the location as one row of ``tables.ORIGINS``."""
        names = (
            "latitude", "longitude", "depth_km", "time_uncertainty", "horizontal_uncertainty_km",
            "depth_uncertainty_km", "n_picks", "n_stations", "rms", "azimuthal_gap", "nearest_km",
            "method", "model", "quality", "semi_minor_km", "major_azimuth", "distance_km",
            "distance_uncertainty_km", "backazimuth", "backazimuth_uncertainty", "incidence",
            "note",
        )  # fmt: skip
        return {"event_id": event_id, "time": self.time, **{n: getattr(self, n) for n in names}}

    def origin(self, event_id: str = "") -> pd.DataFrame:
        """Return the location as a table of one row (``tables.ORIGINS``)."""
        from ..tables import ORIGINS

        return ORIGINS.frame([self.origin_row(event_id)])

    def marginal(
        self, x: str = "longitude", y: str = "latitude", *, bins: int = 60
    ) -> LocationGrid:
        """Return the probability on the map or on a section, from the samples.

        Parameters
        ----------
        x, y : str
            ``"longitude"``, ``"latitude"`` or ``"depth_km"``.
        bins : int
            Cells along each axis.

        Returns
        -------
        LocationGrid
            Probability per km².
        """
        known = ("longitude", "latitude", "depth_km")
        if x not in known or y not in known or x == y:
            raise ParameterError(f"axes {x!r} and {y!r}; give two of {', '.join(known)}")
        if self.samples.empty:
            raise ParameterError("the location has no samples; nothing to show on a map")
        values, x_edges, y_edges = np.histogram2d(
            self.samples[x].to_numpy(), self.samples[y].to_numpy(), bins=bins
        )
        lat0, lon0 = float(self.samples["latitude"].mean()), float(self.samples["longitude"][0])
        one_east, one_north = (
            to_km(lat0, lon0 + 1.0, lat0, lon0)[0],
            to_km(lat0 + 1, lon0, lat0, lon0)[1],
        )
        scale = {"longitude": float(one_east), "latitude": float(one_north), "depth_km": 1.0}
        area = np.outer(np.diff(y_edges) * scale[y], np.diff(x_edges) * scale[x])
        density = values.T / values.sum() / area
        return LocationGrid(axes=(x, y), x=x_edges, y=y_edges, values=np.asarray(density))


def epicentre_ellipse(points: FloatArray, *, level: float = LEVEL) -> tuple[float, float, float]:
    """Semi-axes (km) and the major one's azimuth of the ellipse that holds ``level`` of points.

    ``points`` (2, n) are km east and north.
    """
    _, covariance, d2 = _spread(points)
    values, vectors = np.linalg.eigh(covariance)
    minor, major = np.sqrt(values * _quantile(d2, level))
    azimuth = float(np.degrees(np.arctan2(vectors[0, 1], vectors[1, 1])) % 180.0)
    return float(major), float(minor), azimuth


def _spread(points: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean, covariance, and the squared Mahalanobis distance of each point, of (d, n) points."""
    d, n = points.shape
    centre = points.sum(axis=1) / n
    off = points - centre[:, None]
    covariance = off @ off.T / (n - 1) + np.eye(d) * 1e-12
    return centre, covariance, np.einsum("ij,ij->j", off, np.linalg.inv(covariance) @ off)


def _quantile(values: FloatArray, level: float) -> float:
    """The smallest value that a share ``level`` of the values does not exceed."""
    rank = min(max(int(np.ceil(values.size * level)) - 1, 0), values.size - 1)
    return float(np.partition(values, rank)[rank])
