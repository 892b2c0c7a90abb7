"""From a posterior to a location: summary numbers, residuals, quality, notes."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from ..types import FloatArray
from ._arrivals import as_instant
from ._geometry import distance_km, radii_km
from ._posterior import Posterior
from ._results import LEVEL, Ellipsoid, Location, epicentre_ellipse

METHOD = "octree search, Gaussian errors with outliers, origin time integrated out"
_NUDGE_KM = 0.01
_NEAR_CEILING_KM = 0.05


def outcome(found: Posterior, *, model: str, notes: list[str]) -> Location:
    """Sum a posterior up."""
    problem, arrivals = found.problem, found.problem.arrivals
    lat, lon = (float(v) for v in problem.degrees(found.best[:3]))
    depth, time = float(found.best[2]), float(found.best[4])
    points = _km(found)
    ellipsoid = Ellipsoid.around(points, *problem.region.middle)
    major, minor, azimuth = epicentre_ellipse(points[:2])
    ordered = np.sort(found.places[:, 2])
    tail = int(ordered.size * (0.5 - LEVEL / 2))
    low, high = ordered[tail], ordered[-1 - tail]
    residual = problem.residuals(found.best[None, :3])[0] - time
    inlier = _inlier(residual, problem.variance, problem.outlier)
    weight = inlier / problem.variance
    used = inlier >= 0.5
    of = arrivals.station_of_pick
    away, direction = _bearings(lat, lon, arrivals.places)
    used_stations = np.unique(of[used])
    gap = _largest_gap(direction[used_stations])
    notes = [*notes, *_outliers(found, residual, used)]
    share = weight / weight.sum() if weight.sum() > 0 else weight
    total = float(np.sqrt((share * residual**2).sum()))
    edge = _edges(found, notes)
    uncertain = float(major), float((high - low) / 2)
    return Location(
        latitude=lat,
        longitude=lon,
        depth_km=depth,
        time=as_instant(arrivals.origin_ns + round(time * 1e9)),
        time_uncertainty=float(found.times.std()),
        horizontal_uncertainty_km=uncertain[0],
        depth_uncertainty_km=uncertain[1],
        semi_minor_km=minor,
        major_azimuth=azimuth,
        ellipsoid=ellipsoid,
        samples=partial(_samples, found),
        residuals=partial(_residuals, found, residual, share, away[of], direction[of]),
        n_picks=int(used.sum()),
        n_stations=int(used_stations.size),
        rms=total,
        azimuthal_gap=gap,
        nearest_km=float(away[used_stations].min()) if used_stations.size else np.nan,
        method=METHOD,
        model=model,
        quality="D"
        if edge or 2 * used.sum() < used.size
        else grade(int(used.sum()), gap, *uncertain),
        notes=tuple(notes),
        density=problem,
        sample_density=found.log_density,
    )


def grade(n_picks: int, gap: float, horizontal_km: float, depth_km: float) -> str:
    """Return the quality of a location from its picks, gap and 68 % uncertainties.

    (:func:`outcome` gives D too where it lies on the region's edge or most picks do not count.)
    A: at least 8 picks, gap at most 180°, 1 km across, 2 km in depth; B: 6 picks, 270°, 2.5 km,
    5 km; C: 5 km and 10 km; D: the rest.
    """
    if n_picks >= 8 and gap <= 180 and horizontal_km <= 1 and depth_km <= 2:
        return "A"
    if n_picks >= 6 and gap <= 270 and horizontal_km <= 2.5 and depth_km <= 5:
        return "B"
    return "C" if horizontal_km <= 5 and depth_km <= 10 else "D"


def _times(origin_ns: int, seconds: FloatArray) -> pd.DatetimeIndex:
    ns = origin_ns + np.rint(seconds * 1e9).astype(np.int64)
    return pd.DatetimeIndex(ns.view("datetime64[ns]")).tz_localize("UTC")


def _samples(found: Posterior) -> pd.DataFrame:
    latitude, longitude = found.problem.degrees(found.places)
    return pd.DataFrame(
        {
            "latitude": latitude,
            "longitude": longitude,
            "depth_km": found.places[:, 2],
            "time": _times(found.problem.arrivals.origin_ns, found.times),
        },
        copy=False,
    )


def _residuals(
    found: Posterior,
    residual: FloatArray,
    share: FloatArray,
    distance_km: FloatArray,
    azimuth: FloatArray,
) -> pd.DataFrame:
    arrivals = found.problem.arrivals
    trace_ids, phases = arrivals.texts
    return pd.DataFrame(
        {
            "trace_id": trace_ids.take(arrivals.order).array,
            "phase": phases.take(arrivals.order).array,
            "time": _times(arrivals.origin_ns, arrivals.observed),
            "residual": residual,
            "weight": share,
            "distance_km": distance_km,
            "azimuth": azimuth,
            "takeoff": _takeoff(found),
            "uncertainty": np.sqrt(found.problem.variance),
        },
        copy=False,
    )


def _km(found: Posterior) -> FloatArray:
    """Samples in km east and north of the middle of the region, and depth, shape (3, n)."""
    geometry = found.problem.geometry
    powers = np.vander(found.places[:, 0] / 2, 4, increasing=True)
    north = powers @ geometry[1] * found.places[:, 0]
    east = powers @ geometry[0] * found.places[:, 1]
    return np.stack([east, north, found.places[:, 2]])


def _inlier(residual: FloatArray, variance: FloatArray, outlier: FloatArray) -> FloatArray:
    """Probability that each pick is none of the wrong ones."""
    core = (1.0 - outlier[0]) / np.sqrt(2 * np.pi * variance)
    core = core * np.exp(-0.5 * residual**2 / variance)
    return np.asarray(core / (core + outlier[0] * outlier[1] + 1e-300))


def _bearings(lat: float, lon: float, places: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Distance (km) and azimuth (degrees from north, at the epicentre) of stations."""
    east, north = radii_km((places[:, 0] + lat) / 2)
    dlon = np.radians((places[:, 1] - lon + 180.0) % 360.0 - 180.0)
    middle = np.arctan2(east * dlon, north * np.radians(places[:, 0] - lat))
    turn = dlon * np.sin(np.radians((places[:, 0] + lat) / 2)) / 2  # meridians converge
    azimuth = np.degrees(middle - turn) % 360.0
    return distance_km(places[:, 0], places[:, 1], lat, lon), np.asarray(azimuth)


def _largest_gap(azimuths: FloatArray) -> float:
    if azimuths.size < 2:
        return 360.0
    ordered = np.sort(azimuths)
    return float(np.diff(np.append(ordered, ordered[0] + 360.0)).max())


def _takeoff(found: Posterior) -> FloatArray:
    """Angle at the source from straight down, from the slope of the travel times there."""
    problem, here = found.problem, found.best[:3]
    steps = _NUDGE_KM / problem.scale
    sign = np.where(here + steps > problem.box[:, 1], -1.0, 1.0)
    left = problem.residuals(np.concatenate([here[None], here + np.diag(sign * steps)]))
    slopes = sign[:, None] * (left[0] - left[1:]) / _NUDGE_KM
    return np.asarray(np.degrees(np.arctan2(np.hypot(slopes[0], slopes[1]), -slopes[2])))


def _outliers(found: Posterior, residual: FloatArray, used: np.ndarray) -> list[str]:
    arrivals = found.problem.arrivals
    return [
        f"the pick of {arrivals.phases[k]} at {arrivals.trace_ids[k]} is {residual[k]:+.2f} s off "
        "and does not count"
        for k in np.flatnonzero(~used)
    ]


def _edges(found: Posterior, notes: list[str]) -> bool:
    """Say where the most likely place lies on the region's edge; True for its sides and floor."""
    box, here = found.problem.box, found.best[:3]
    region = found.problem.region
    if here[2] <= box[2, 0] + _NEAR_CEILING_KM:
        notes.append(f"the depth is at the ceiling of the search ({region.top_km:.2f} km)")
    on = False
    if here[2] >= box[2, 1] - _NEAR_CEILING_KM:
        notes.append(f"the depth is at the floor of the search ({region.bottom_km:g} km)")
        on = True
    if (np.abs(here[:2]) >= 0.99 * box[:2, 1]).any():
        notes.append("the epicentre is at the edge of the region searched")
        on = True
    elif found.at_edge > 0.01:
        notes.append(
            f"{found.at_edge:.0%} of the probability lies at the sides of the region searched: "
            "the uncertainty is larger than stated"
        )
    return on
