"""Locate an event from its arrivals: the posterior over a volume, searched as an octree."""

from __future__ import annotations

import logging
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd
from obspy import Inventory

from ..errors import ParameterError
from ..network import Network, VelocityModel
from ..types import FloatArray
from ._arrivals import Arrivals, Corrections, Place, read_arrivals, station_places
from ._geometry import distance_km, to_degrees
from ._outcome import outcome
from ._posterior import Posterior, Problem, Region, explore
from ._results import Location

logger = logging.getLogger("paektuseis.source")

OUTLIER_WINDOW = 10.0
"""Seconds over which a wrong pick is equally likely to lie."""

_EDGE = 0.01
_DOUBLINGS = 2
_SMALLEST_MARGIN_KM = 30.0
_LARGEST_MARGIN_KM = 300.0
_FLOOR = 1e-3
_CANDIDATES = (0.03, 0.06, 0.12, 0.25)
_GAIN = 5.0  # log of how much likelier the data must be with a model error than without


def locate(
    picks: pd.DataFrame,
    network: Network | Inventory | pd.DataFrame,
    *,
    model: VelocityModel | None = None,
    inventory: Inventory | None = None,
    corrections: Corrections | None = None,
    model_error: float = 0.0,
    widen: bool = True,
    outlier_share: float = 0.05,
    min_depth_km: float | None = None,
    max_depth_km: float = 40.0,
    region: tuple[float, float, float, float] | None = None,
    min_picks: int = 4,
    min_stations: int = 3,
    n_samples: int = 1000,
    seed: int = 0,
    cache: str | PathLike[str] | None = None,
) -> Location:
    """Locate one event from P and S arrivals.

    The probability of every place in a volume is the likelihood of the arrivals there, with
    the origin time integrated out. The error of each arrival is Gaussian with its own standard
    error (with the model's), or, with probability ``outlier_share``, anything within 10 s: a
    wrong pick is outvoted, and good picks count as in least squares. The volume is divided
    into cells of like probability (octree); from them come the most likely place, samples, an
    ellipsoid and every uncertainty.

    Parameters
    ----------
    picks : DataFrame
        Table ``tables.PICKS`` of one event (``trace_id``, ``phase``, ``time``,
        ``uncertainty``).
    network : Network, obspy.Inventory or DataFrame
        Positions of the stations; the velocity model and the highest ground of a Network are
        used too.
    model : VelocityModel, optional
        By default that of the network.
    inventory : obspy.Inventory, optional
        Positions that go before those of the network, and of stations it does not know.
    corrections : mapping, optional
        ``(NET.STA, phase)`` to seconds by which arrivals come later than in the model.
    model_error : float
        Standard error in s of travel times in the model; added in quadrature to each pick's.
    widen : bool
        Where residuals contradict the stated errors (their likelihood grows by more than
        ``exp(5)`` with a model error of up to 0.25 s), take the likeliest model error instead
        and say so in the notes.
    outlier_share : float
        Share of picks that are wrong, between 0 and 0.5 (0: plain least squares).
    min_depth_km : float, optional
        Ceiling: no source above it (km below sea level, negative above). By default the
        highest station or place of the network.
    max_depth_km : float
        Deepest source.
    region : tuple of float, optional
        West, east, south, north in degrees: the volume searched. By default the stations with
        a margin (1.3 times the distance of the largest S - P, 30 to 300 km; without S their
        aperture, at least 50 km), doubled up to twice where the posterior reaches its sides.
    min_picks, min_stations : int
        Fewest arrivals and stations a location is made from.
    n_samples : int
        Samples of the posterior.
    seed : int
        Of the random numbers the samples are drawn with.
    cache : path, optional
        Folder to keep travel-time tables in; by default in memory only.

    Returns
    -------
    Location

    Raises
    ------
    ParameterError
        If there are too few picks, doubled ones, no velocity model, or a parameter is wrong.
    MetadataError
        If a station has no coordinates or no elevation.

    Notes
    -----
    The 68 % region is defined twice, and each holds the truth in about 68 of 100 cases where
    the stated errors are right (tests): the region of highest density
    (:meth:`Location.contains`, :meth:`Location.credibility`) and the ellipsoid of the posterior
    covariance scaled to hold 68 % of the samples (:meth:`Ellipsoid.contains`). Places are
    equally likely beforehand within the volume, whose choice matters where arrivals do not
    bound the source. See :doc:`/methods/location`.

    References
    ----------
    Tarantola, A., Valette, B. (1982). Inverse problems = quest for information. Journal of
    Geophysics 50, 159-170.
    Lomax, A., Virieux, J., Volant, P., Berge-Thierry, C. (2000). Probabilistic earthquake
    location in 3D and layered models. In: Advances in Seismic Event Location, Springer.
    """
    if not (0.0 <= outlier_share < 0.5):
        raise ParameterError(f"outlier_share={outlier_share}; give a share from 0 to below 0.5")
    if not (np.isfinite(model_error) and model_error >= 0):
        raise ParameterError(f"model_error={model_error} s; give a standard error, not negative")
    if n_samples < 100:
        raise ParameterError(f"n_samples={n_samples}; give at least 100")
    velocity = model if model is not None else getattr(network, "velocity", None)
    if velocity is None:
        raise ParameterError("no velocity model; give model= or a network that has one")
    places = station_places(network)
    if inventory is not None:
        places = {**places, **station_places(inventory)}
    arrivals = read_arrivals(
        picks, places, corrections, min_picks=min_picks, min_stations=min_stations
    )
    if model_error == 0 and (arrivals.uncertainty < _FLOOR).any():
        raise ParameterError(
            f"a pick has an uncertainty below {_FLOOR} s; give standard errors or model_error"
        )
    top = _ceiling(network, places, arrivals) if min_depth_km is None else float(min_depth_km)
    if not top < max_depth_km:
        raise ParameterError(
            f"max_depth_km={max_depth_km:g} is not below min_depth_km={top:g}; exchange them"
        )
    bounds = _region(arrivals, velocity, region, top, max_depth_km)
    outlier = np.array([outlier_share, 1.0 / OUTLIER_WINDOW])

    def solve(area: Region, extra: float) -> Posterior:
        problem = Problem.make(arrivals, area, velocity, extra=extra, outlier=outlier, cache=cache)
        return explore(problem, n_samples=n_samples, rng=np.random.default_rng(seed))

    found = solve(bounds, model_error)
    for _ in range(0 if region is not None else _DOUBLINGS):
        if found.at_edge <= _EDGE:
            break
        bounds = bounds.doubled()
        found = solve(bounds, model_error)
    notes: list[str] = []
    if widen and _contradicted(found):
        better = [solve(bounds, float(np.hypot(model_error, e))) for e in _CANDIDATES]
        best = max(better, key=lambda p: p.evidence)
        if best.evidence > found.evidence + _GAIN:
            found = best
            notes.append(
                f"residuals exceed the stated errors: a model error of {best.problem.extra:.2g} s "
                "was taken instead"
            )
    return outcome(found, model=velocity.name, notes=notes)


def _contradicted(found: Posterior) -> bool:
    """Whether residuals at the most likely place are too large for the stated errors."""
    left = found.problem.residuals(found.best[None, :3])[0] - found.best[4]
    z = np.abs(left) / np.sqrt(found.problem.variance)
    inside = z[z < 4.0]
    free = inside.size - 4
    if (z >= 4.0).sum() > 1 + 0.1 * z.size:
        return True
    return bool(free > 0 and (inside**2).sum() > free + 4.0 * np.sqrt(2.0 * free))


def _ceiling(network: Any, places: dict[str, Place], arrivals: Arrivals) -> float:
    """Depth of the highest ground known: stations and places of the network."""
    heights = [z for _, _, z in places.values() if np.isfinite(z)]
    heights += list(-1e3 * arrivals.places[:, 2])
    for place in getattr(network, "places", ()):
        if place.elevation_m is not None and np.isfinite(place.elevation_m):
            heights.append(place.elevation_m)
    return -max(heights) / 1e3


def _region(
    arrivals: Arrivals,
    model: VelocityModel,
    region: tuple[float, float, float, float] | None,
    top: float,
    bottom: float,
) -> Region:
    """The volume to search: the stations with a margin, or what the caller says."""
    if region is not None:
        west, east, south, north = (float(v) for v in region)
        if not (-90 < south < north < 90 and 0 < east - west < 180):
            raise ParameterError(
                f"region={region}; give west, east, south, north in degrees, in that order"
            )
        return Region(south=south, north=north, west=west, east=east, top_km=top, bottom_km=bottom)
    lat, lon = arrivals.places[:, 0], arrivals.places[:, 1]
    lon0 = float(lon[0])
    span = (lon - lon0 + 180.0) % 360.0 - 180.0
    aperture = float(distance_km(lat.min(), lon0 + span.min(), lat.max(), lon0 + span.max()))
    margin = _margin(arrivals, model, aperture)
    side = np.array([-margin, margin])
    edges = np.array([lat.min(), lat.max()]), np.array([span.min(), span.max()]) + lon0
    latitudes, longitudes = (v.tolist() for v in to_degrees(side, side, *edges))
    first, last = longitudes
    return Region(
        south=max(latitudes[0], -89.0),
        north=min(latitudes[1], 89.0),
        west=first,
        east=last + 360.0 if last < first else last,
        top_km=top,
        bottom_km=bottom,
    )


def _margin(arrivals: Arrivals, model: VelocityModel, aperture: float) -> float:
    """How far beyond the stations a source may lie, in km."""
    apart = arrivals.s_minus_p()
    apart = apart[np.isfinite(apart) & (apart > 0)]
    if not apart.size:
        return min(max(aperture, 50.0), _LARGEST_MARGIN_KM)
    vp, vs = model.velocities("P"), model.velocities("S")
    speed: FloatArray = vp * vs / (vp - vs)
    reach = 1.3 * float(apart.max()) * float(np.median(speed))
    return float(min(max(reach, _SMALLEST_MARGIN_KM), _LARGEST_MARGIN_KM))
