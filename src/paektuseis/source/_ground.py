"""What the ground is like at the source and under the stations, and what had to be assumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, sqrt

import numpy as np

from ..errors import ParameterError
from ..network import Layer, VelocityModel
from ._sites import Hypocentre, Site

DENSITY = 2700.0
UNKNOWN_VELOCITY = (5.5, 3.18)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Velocity (m/s) and density where the waves leave and where they arrive, and Q."""

    source: tuple[float, float, float]
    model: VelocityModel | None
    q: Mapping[str, float | None]

    def impedance(self, phase: str, elevation_m: float) -> float:
        """Root of rho_s rho_r c_s**5 c_r in SI units."""
        vp, vs, rho = self.source
        c = vp if phase == "P" else vs
        c_r, rho_r = c, rho
        if self.model is not None:
            top = self.model.layer_at(-elevation_m / 1e3)
            c_r, rho_r = 1e3 * (top.vp if phase == "P" else top.vs), top.rho
        return sqrt(rho * rho_r * c**5 * c_r)


def ground_of(
    hypo: Hypocentre,
    sites: Mapping[str, Site | str],
    model: VelocityModel | None,
    velocity: tuple[float, float] | None,
    density: float | None,
    q: tuple[float, float] | None,
) -> tuple[Ground, list[str]]:
    """Return the properties at the source, and what had to be assumed."""
    remarks: list[str] = []
    layer: Layer | None = None
    if model is not None:
        depth = hypo.depth_km
        if not isfinite(depth):
            depth = 0.0
            remarks.append("depth unknown: the model at sea level is taken")
        layer = model.layer_at(depth)
    if velocity is not None:
        vp, vs = velocity
        if not (isfinite(vp) and isfinite(vs) and 0 < vs < vp < 10):
            raise ParameterError(f"velocity={velocity}; give (vp, vs) in km/s")
    elif layer is not None:
        vp, vs = layer.vp, layer.vs
    else:
        vp, vs, said = _path_velocity(sites)
        remarks.append(said)
    rho = density if density is not None else layer.rho if layer is not None else DENSITY
    if not 500 <= rho <= 6000:
        raise ParameterError(f"density={rho}; give kg/m3 (rock: 1500 to 3500)")
    given: dict[str, float | None] = {"P": None, "S": None}
    if q is not None:
        if not all(isfinite(v) and v > 0 for v in q):
            raise ParameterError(f"q={q}; give (qp, qs), positive")
        given = {"P": q[0], "S": q[1]}
    elif layer is not None:
        given = {"P": layer.qp, "S": layer.qs}
    return Ground(source=(1e3 * vp, 1e3 * vs, rho), model=model, q=given), remarks


def _path_velocity(sites: Mapping[str, Site | str]) -> tuple[float, float, str]:
    """Median of distance over travel time of what was picked."""
    found: dict[str, float] = {}
    limits = {"P": (2.0, 8.5), "S": (1.0, 5.0)}
    for i, phase in enumerate("PS"):
        speeds = [
            s.hypocentral_km / (t - s.origin)
            for s in sites.values()
            if not isinstance(s, str)
            and s.origin is not None
            and s.picked[i]
            and (t := (s.p, s.s)[i]) is not None
            and t - s.origin > 0.2
        ]
        low, high = limits[phase]
        if speeds and low < np.median(speeds) < high:
            found[phase] = float(np.median(speeds))
    if not found:
        vp, vs = UNKNOWN_VELOCITY
        return vp, vs, f"velocity at the source unknown, {vp:g} and {vs:g} km/s taken"
    ratio = UNKNOWN_VELOCITY[0] / UNKNOWN_VELOCITY[1]
    vp = found["P"] if "P" in found else found["S"] * ratio
    vs = found["S"] if "S" in found else vp / ratio
    return vp, vs, f"velocity at the source: {vp:.2f} and {vs:.2f} km/s, mean of the paths"
