"""Stations, decay law and grid of a location by amplitudes."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, nan, pi

import numpy as np
import scipy.stats
from numpy.typing import NDArray
from obspy import Inventory

from ..errors import MetadataError, ParameterError
from ..network import Network
from ..types import FloatArray
from ._amplitude_results import LEVEL
from ._decay import decay
from ._geometry import to_km

_WAVES = {"body": 1.0, "surface": 0.5}
_MISFITS = ("relative", "log")
_MOST_CELLS = 2_000_000


@dataclass(frozen=True, eq=False)
class Problem:
    """Stations, decay law and grid: shared by all windows."""

    keys: tuple[str, ...]
    east: FloatArray
    north: FloatArray
    down: FloatArray
    latitude0: float
    longitude0: float
    b: float
    power: float
    logarithmic: bool
    x: FloatArray
    y: FloatArray
    z: FloatArray

    def gain(self, points: FloatArray, rows: NDArray[np.int64]) -> FloatArray:
        """Decay from points (n, 3) to some of the stations."""
        r = np.sqrt(
            (points[:, None, 0] - self.east[rows]) ** 2
            + (points[:, None, 1] - self.north[rows]) ** 2
            + (points[:, None, 2] - self.down[rows]) ** 2
        )
        return decay(r, b=self.b, power=self.power)

    def points(self) -> FloatArray:
        z, y, x = np.meshgrid(self.z, self.y, self.x, indexing="ij")
        return np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1)

    @property
    def free(self) -> int:
        """Coordinates sought."""
        return 2 + (self.z.size > 1)

    def limit(self, least: float, n: int) -> float:
        """Misfit that bounds the 68 % region: F test of ``free`` parameters."""
        left = n - self.free - 1
        if left < 1:
            return nan
        return least * (1.0 + self.free / left * float(scipy.stats.f.ppf(LEVEL, self.free, left)))


def build_problem(
    keys: tuple[str, ...],
    network: Network | Inventory,
    frequency: float,
    velocity: float,
    quality: float,
    wave: str,
    kind: str,
    spacing: float,
    margin: float,
    region: tuple[float, float, float, float] | None,
    depths: tuple[float, ...] | None,
) -> Problem:
    for name, value in (
        ("frequency", frequency),
        ("quality_factor", quality),
        ("spacing_km", spacing),
    ):
        if not (isfinite(value) and value > 0):
            raise ParameterError(f"{name}={value}; give a positive number")
    if not 0.05 <= velocity <= 12:
        raise ParameterError(f"velocity={velocity} km/s; give 0.05 to 12, in km/s")
    if wave not in _WAVES:
        raise ParameterError(f"wave={wave!r}; give one of {', '.join(_WAVES)}")
    if kind not in _MISFITS:
        raise ParameterError(f"misfit={kind!r}; give one of {', '.join(_MISFITS)}")
    lat, lon, down = _places(keys, network)
    lat0, lon0 = float(lat.mean()), float(lon[0])
    east, north = to_km(lat, lon, lat0, lon0)
    if region is None:
        w, e = float(east.min()) - margin, float(east.max()) + margin
        s, n = float(north.min()) - margin, float(north.max()) + margin
    else:
        (w, e), (s, n) = (
            [float(v) for v in pair]
            for pair in to_km(np.array(region[2:]), np.array(region[:2]), lat0, lon0)
        )
    if depths is None:
        depths = tuple(float(down.min()) + spacing * np.arange(round(10.0 / spacing) + 1))
    z = np.asarray(depths, dtype=np.float64)
    if not (w < e and s < n) or not z.size or (np.diff(z) <= 0).any():
        raise ParameterError(
            "region or depths_km: give west < east, south < north, depths ascending"
        )
    x = np.linspace(w, e, max(2, round((e - w) / spacing) + 1))
    y = np.linspace(s, n, max(2, round((n - s) / spacing) + 1))
    if x.size * y.size * z.size > _MOST_CELLS:
        raise ParameterError(
            f"{x.size * y.size * z.size} places are more than {_MOST_CELLS}; raise spacing_km, "
            "give a smaller region or fewer depths_km"
        )
    return Problem(
        keys, east, north, down, lat0, lon0, pi * frequency / (quality * velocity), _WAVES[wave],
        kind == "log", x, y, z,
    )  # fmt: skip


def _places(
    keys: tuple[str, ...], network: Network | Inventory
) -> tuple[FloatArray, FloatArray, FloatArray]:
    net = Network.from_inventory(network) if isinstance(network, Inventory) else network
    found = [net.station(k) for k in keys]
    low = [s.key for s in found if not isfinite(s.elevation_m)]
    if low:
        raise MetadataError(f"no elevation for {', '.join(low)}; give station metadata with it")
    return (
        np.array([s.latitude for s in found]),
        np.array([s.longitude for s in found]),
        np.array([-s.elevation_m / 1e3 for s in found]),
    )
