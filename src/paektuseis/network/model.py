"""A flat layered velocity model of the ground under a network."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Literal

import numpy as np

from ..errors import ParameterError
from ..types import FloatArray

Phase = Literal["P", "S"]

_SMALLEST_RATIO = sqrt(4.0 / 3.0)  # vp/vs of a solid without resistance to compression


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One layer of constant properties.

    Attributes
    ----------
    top_km : float
        Depth of the top in km below sea level, negative above.
    vp, vs : float
        P and S velocity in km/s.
    rho : float
        Density in kg/m³.
    qp, qs : float, optional
        Quality factors; ``None`` where nobody stated one.

    Raises
    ------
    ParameterError
        If a velocity, density or quality factor is no positive number, or if
        ``vp / vs`` is so low that the layer would have a negative bulk modulus.
    """

    top_km: float
    vp: float
    vs: float
    rho: float
    qp: float | None = None
    qs: float | None = None

    def __post_init__(self) -> None:
        if not isfinite(self.top_km):
            raise ParameterError(f"top_km={self.top_km} km; give a depth below sea level")
        for name in ("vp", "vs", "rho", "qp", "qs"):
            value = getattr(self, name)
            if value is not None and not (isfinite(value) and value > 0):
                raise ParameterError(f"{name}={value}; give a positive number")
        if self.vp <= _SMALLEST_RATIO * self.vs:
            raise ParameterError(
                f"vp={self.vp} km/s against vs={self.vs} km/s; vp must be more than "
                f"{_SMALLEST_RATIO:.3f} times vs"
            )
        if self.rho < 500:
            raise ParameterError(f"rho={self.rho}; give the density in kg/m3 (rock: 1500 to 3500)")


@dataclass(frozen=True, kw_only=True)
class VelocityModel:
    """Layers from the top down; the first reaches up to the highest point, the last downwards.

    Attributes
    ----------
    layers : tuple of Layer
        In order of depth.
    name, source, certainty : str
        What the model is, where it was read, how sure it is.

    Raises
    ------
    ParameterError
        If there is no layer or the tops do not go down.
    """

    layers: tuple[Layer, ...]
    name: str = ""
    source: str = ""
    certainty: str = "unstated"

    def __post_init__(self) -> None:
        if not self.layers:
            raise ParameterError("a velocity model needs at least one layer")
        for above, below in zip(self.layers, self.layers[1:], strict=False):
            if below.top_km <= above.top_km:
                raise ParameterError(
                    f"top_km={below.top_km} km comes after {above.top_km} km; "
                    "list the layers from the top down"
                )

    @property
    def tops(self) -> FloatArray:
        """Top of each layer in km below sea level, shape (n_layers,)."""
        return np.array([layer.top_km for layer in self.layers], dtype=np.float64)

    def velocities(self, phase: Phase) -> FloatArray:
        """Velocity of each layer for ``"P"`` or ``"S"`` in km/s, shape (n_layers,)."""
        if phase not in ("P", "S"):
            raise ParameterError(f"phase={phase!r}; give 'P' or 'S'")
        return np.array(
            [layer.vp if phase == "P" else layer.vs for layer in self.layers], dtype=np.float64
        )

    def layer_at(self, depth_km: float) -> Layer:
        """Return the layer at a depth; on a boundary, the layer below it."""
        index = int(np.searchsorted(self.tops, depth_km, side="right")) - 1
        return self.layers[max(index, 0)]
