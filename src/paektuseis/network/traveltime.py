"""First arrivals through flat layers, for sources and receivers at any height.

In layers of constant velocity the first arrival is either the direct ray,
found from its ray parameter, or a head wave along the top of a faster layer
below both ends or along the bottom of one above both (Aki & Richards 2002,
section 9.4; Lay & Wallace 1995, section 3.2). All are evaluated; the earliest
is returned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ParameterError
from ..types import FloatArray
from .model import Phase, VelocityModel

_ITERATIONS = 100
_TOLERANCE_KM = 1e-10
_THINNEST_KM = 1e-9  # a part of a layer thinner than a micrometre is not there


@dataclass(frozen=True, kw_only=True, eq=False)
class Rays:
    """First arrivals; all arrays have the broadcast shape of what was asked.

    Attributes
    ----------
    time : ndarray
        Travel time in seconds.
    ray_parameter : ndarray
        Horizontal slowness in s/km.
    takeoff : ndarray
        Angle at the source in degrees from straight down (0 down, 180 up).
    incidence : ndarray
        Angle at the receiver in degrees between the ray and the vertical
        (0 from straight below, 180 from straight above).
    head_wave : ndarray of bool
        Whether the first arrival is a head wave.
    """

    time: FloatArray
    ray_parameter: FloatArray
    takeoff: FloatArray
    incidence: FloatArray
    head_wave: NDArray[np.bool_]


def travel_time(
    model: VelocityModel,
    *,
    distance_km: ArrayLike,
    source_depth_km: ArrayLike,
    receiver_depth_km: ArrayLike = 0.0,
    phase: Phase = "P",
) -> FloatArray:
    """Return the travel time of the first arrival through a flat layered model.

    Parameters
    ----------
    model : VelocityModel
        Its first layer reaches up to the highest point, its last downwards.
    distance_km : array_like
        Epicentral distance in km, not negative.
    source_depth_km, receiver_depth_km : array_like
        In km below sea level, negative above (a station at 2648 m is at
        -2.648). The three broadcast against each other.
    phase : {"P", "S"}
        Which velocity the whole path has.

    Returns
    -------
    ndarray
        Seconds, of the broadcast shape (0-d for scalars).

    Raises
    ------
    ParameterError
        If a distance is negative or anything is not finite.

    Notes
    -----
    The Earth is flat here. A path at depth z is really shorter by z / 6371 km:
    for a source 10 km deep seen at 100 km about 10 ms.

    Examples
    --------
    >>> from paektuseis.network import Layer, VelocityModel
    >>> half = VelocityModel(layers=(Layer(top_km=0, vp=6.0, vs=3.5, rho=2700),))
    >>> round(float(travel_time(half, distance_km=3.0, source_depth_km=4.0)), 6)
    0.833333
    """
    return ray_parameters(
        model,
        distance_km=distance_km,
        source_depth_km=source_depth_km,
        receiver_depth_km=receiver_depth_km,
        phase=phase,
    ).time


def ray_parameters(
    model: VelocityModel,
    *,
    distance_km: ArrayLike,
    source_depth_km: ArrayLike,
    receiver_depth_km: ArrayLike = 0.0,
    phase: Phase = "P",
) -> Rays:
    """Return time, ray parameter and angles of the first arrival.

    Parameters
    ----------
    model : VelocityModel
    distance_km : array_like
        Epicentral distance in km, not negative.
    source_depth_km, receiver_depth_km : array_like
        In km below sea level, negative above.
    phase : {"P", "S"}

    Returns
    -------
    Rays

    Raises
    ------
    ParameterError
        If a distance is negative or anything is not finite.
    """
    x, zs, zr = np.broadcast_arrays(
        *(
            np.asarray(v, dtype=np.float64)
            for v in (distance_km, source_depth_km, receiver_depth_km)
        )
    )
    for name, values in (("distance_km", x), ("source_depth_km", zs), ("receiver_depth_km", zr)):
        if not np.isfinite(values).all():
            raise ParameterError(f"{name} holds a value that is not finite; give km")
    if (x < 0).any():
        raise ParameterError(f"distance_km={x.min():g} is negative; give the epicentral distance")
    shape = x.shape
    x, zs, zr = (np.ascontiguousarray(v).reshape(-1) for v in (x, zs, zr))
    velocity = model.velocities(phase)
    tops = model.tops.copy()
    bottoms = np.append(tops[1:], np.inf)
    tops[0] = -np.inf

    time, p, v_source, v_receiver = _direct(x, zs, zr, velocity, tops, bottoms)
    deep, shallow = np.maximum(zs, zr), np.minimum(zs, zr)
    down_source = zs < zr  # the direct ray leaves downwards
    down_receiver = zs < zr  # ... and arrives from above
    head = np.zeros(x.size, dtype=bool)
    for k, fast in enumerate(velocity):
        for below in (True, False):
            boundary = tops[k] if below else bottoms[k]
            if not np.isfinite(boundary):
                continue
            beyond = boundary >= deep if below else boundary <= shallow
            ends = [
                _thickness(np.minimum(z, boundary), np.maximum(z, boundary), tops, bottoms)
                for z in (zs, zr)
            ]
            legs = ends[0] + ends[1]
            slower = ((legs <= 0) | (velocity[:, None] < fast)).all(axis=0)
            cosine = np.sqrt(np.maximum(1.0 - (velocity / fast) ** 2, 0.0))[:, None]
            with np.errstate(divide="ignore", invalid="ignore"):
                reach = np.where(legs > 0, legs * (velocity[:, None] / fast) / cosine, 0.0).sum(0)
            t = x / fast + (legs * cosine / velocity[:, None]).sum(axis=0)
            first = beyond & slower & (x >= reach) & (t < time)
            time = np.where(first, t, time)
            p = np.where(first, 1.0 / fast, p)
            head |= first
            down_source = np.where(first, below, down_source)
            down_receiver = np.where(first, not below, down_receiver)
            v_source = np.where(first, _velocity_on_side(zs, below, velocity, tops), v_source)
            v_receiver = np.where(first, _velocity_on_side(zr, below, velocity, tops), v_receiver)
    takeoff = np.degrees(np.arcsin(np.clip(p * v_source, 0.0, 1.0)))
    incidence = np.degrees(np.arcsin(np.clip(p * v_receiver, 0.0, 1.0)))
    return Rays(
        time=time.reshape(shape),
        ray_parameter=p.reshape(shape),
        takeoff=np.where(down_source, takeoff, 180.0 - takeoff).reshape(shape),
        incidence=np.where(down_receiver, 180.0 - incidence, incidence).reshape(shape),
        head_wave=head.reshape(shape),
    )


def _thickness(
    upper: FloatArray, lower: FloatArray, tops: FloatArray, bottoms: FloatArray
) -> FloatArray:
    """Part of each layer between two depths, shape (n_layers, n)."""
    inside = np.minimum(lower, bottoms[:, None]) - np.maximum(upper, tops[:, None])
    return np.asarray(np.maximum(inside, 0.0), dtype=np.float64)


def _velocity_on_side(
    depth: FloatArray, below: bool, velocity: FloatArray, tops: FloatArray
) -> FloatArray:
    """Velocity just below, or just above, a depth."""
    index = np.searchsorted(tops, depth, side="right" if below else "left") - 1
    return np.asarray(velocity[np.maximum(index, 0)], dtype=np.float64)


def _direct(
    x: FloatArray,
    zs: FloatArray,
    zr: FloatArray,
    velocity: FloatArray,
    tops: FloatArray,
    bottoms: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Time and ray parameter of the direct ray, and the velocity at its two ends.

    With q the tangent of the ray's angle in the fastest layer it crosses, the
    distance X(q) is increasing and concave, so that Newton's method started
    at or left of the root converges to it from the left, never overshooting.
    """
    upper, lower = np.minimum(zs, zr), np.maximum(zs, zr)
    h = _thickness(upper, lower, tops, bottoms)
    crossed = h > _THINNEST_KM
    h = np.where(crossed, h, 0.0)
    level = ~crossed.any(axis=0)
    own = _velocity_on_side(zs, True, velocity, tops)
    fastest = np.where(level, own, np.where(crossed, velocity[:, None], 0.0).max(axis=0))
    ratio = np.where(crossed, velocity[:, None] / fastest, 0.0)
    scaled = h * ratio
    flat = 1.0 - ratio**2
    slope = scaled.sum(axis=0)
    q = np.where(level, 0.0, x / np.where(level, 1.0, slope))
    for _ in range(_ITERATIONS):
        root = np.sqrt(1.0 + q**2 * flat)
        missing = x - (scaled * q / root).sum(axis=0)
        if (np.abs(missing[~level]) < _TOLERANCE_KM).all():
            break
        q = q + np.where(level, 0.0, missing / np.where(level, 1.0, (scaled / root**3).sum(axis=0)))
    p = np.where(level, 1.0 / own, q / (fastest * np.sqrt(1.0 + q**2)))
    p = np.where(level & (x == 0), 0.0, p)
    # p**2 v**2 = ratio**2 q**2 / (1 + q**2): the cosine of each layer without cancellation
    cosine = np.sqrt((1.0 + q**2 * flat) / (1.0 + q**2))
    time = np.where(level, x / own, (h / velocity[:, None] / cosine).sum(axis=0))
    up = zs > zr
    v_source = np.where(up, _velocity_on_side(zs, False, velocity, tops), own)
    v_receiver = np.where(
        up,
        _velocity_on_side(zr, True, velocity, tops),
        _velocity_on_side(zr, False, velocity, tops),
    )
    return time, p, np.where(level, own, v_source), np.where(level, own, v_receiver)
