"""Distance and depth of a source from S - P and the slowness of P at one station."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, nan

import numpy as np

from ..network import VelocityModel, ray_parameters
from ..types import FloatArray

_DISTANCES, _DEPTHS = 161, 61
_SLOW_GROUND = np.geomspace(0.3, 1.0, 8)
"""Vs right under the station over Vs of the model's layer there: equally likely shares."""


@dataclass(frozen=True)
class Range:
    """Mean and standard deviation of each coordinate; depths in km below sea level."""

    distance: float = nan
    distance_sd: float = nan
    epicentral: float = nan
    epicentral_sd: float = nan
    depth: float = nan
    depth_sd: float = nan
    p_time: float = nan


def distance_range(
    model: VelocityModel,
    receiver_depth_km: float,
    s_minus_p: float,
    sigma: float,
    *,
    velocity_uncertainty: float,
    ratio_uncertainty: float,
    incidence: float,
    incidence_sd: float,
    depth: tuple[float, float] | None,
    max_depth_km: float,
) -> Range:
    """Return distances and depths that agree with S - P (and with P's incidence, if finite)."""
    layer = model.layer_at(max(receiver_depth_km, float(model.tops[0])))
    fastest = max((v.vp * v.vs / (v.vp - v.vs) for v in model.layers), default=1.0)
    far = 1.6 * fastest * (s_minus_p + 3.0 * sigma)
    x = np.linspace(0.0, far, _DISTANCES)
    bottom = min(max_depth_km, receiver_depth_km + far)
    z = np.linspace(receiver_depth_km, max(bottom, receiver_depth_km + 0.1), _DEPTHS)
    if depth is not None and depth[1] <= 0:
        z = np.array([depth[0]])
    p, s = (
        ray_parameters(
            model,
            distance_km=x[None, :],
            source_depth_km=z[:, None],
            receiver_depth_km=receiver_depth_km,
            phase=phase,
        )
        for phase in ("P", "S")
    )
    ratio = layer.vp / layer.vs
    relative = np.hypot(velocity_uncertainty, ratio_uncertainty / (ratio - 1.0))
    spread = np.hypot(sigma, relative * s_minus_p)
    log = -0.5 * ((s.time - p.time - s_minus_p) / spread) ** 2
    # a shell of constant likelihood in space: the volume grows with the epicentral distance
    weight = np.exp(log - log.max()) * (x + 0.25 * (x[1] - x[0]))[None, :]
    if isfinite(incidence):
        weight = weight * _slowness(p.ray_parameter, layer.vs, incidence, incidence_sd)
    if depth is not None and depth[1] > 0:
        weight = weight * np.exp(-0.5 * ((z[:, None] - depth[0]) / depth[1]) ** 2)
    total = float(weight.sum())
    if not (isfinite(total) and total > 0):
        return Range()
    hypocentral = np.hypot(x[None, :], z[:, None] - receiver_depth_km)
    mean = [_moments(weight, v, total) for v in (hypocentral, x[None, :], z[:, None], p.time)]
    return Range(*mean[0], *mean[1], *mean[2], mean[3][0])


def _moments(weight: FloatArray, values: FloatArray, total: float) -> tuple[float, float]:
    mean = float((weight * values).sum() / total)
    return mean, float(np.sqrt((weight * (values - mean) ** 2).sum() / total))


def _slowness(slowness: FloatArray, vs: float, incidence: float, sd: float) -> FloatArray:
    """Likelihood of the apparent incidence of P for each ray parameter, ground Vs unknown."""
    out = np.zeros_like(slowness)
    for share in _SLOW_GROUND:
        sine = np.minimum(slowness * vs * share, 1.0)
        seen = np.degrees(2.0 * np.arcsin(sine))
        out += np.exp(-0.5 * ((np.minimum(seen, 90.0) - incidence) / np.hypot(sd, 2.0)) ** 2)
    return np.asarray(out)


def true_incidence(apparent: float, ratio: float) -> float:
    """Angle of the ray below the free surface from the motion's: sin i = (vp/vs) sin(i'/2)."""
    sine = ratio * np.sin(np.radians(apparent) / 2.0)
    return float(np.degrees(np.arcsin(sine))) if sine <= 1.0 else nan
