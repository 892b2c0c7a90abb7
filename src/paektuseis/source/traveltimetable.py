"""Tables of travel times through flat layers, for stations and sources at any height."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import pairwise
from os import PathLike
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import ArrayLike

from ..errors import ParameterError
from ..io import atomic_path
from ..network.model import Phase, VelocityModel
from ..types import FloatArray
from ._kernels_locate import NEVER, direct_slowness, table_times

STEP_KM = 0.05
GROWTH_KM = 0.00125
ROW_KM = 0.2
# rows just inside a layer: to this far from its edge, this far apart (a ray that leaves along the
# boundary of a faster layer makes times bend there)
FINE_KM = ((0.1, 0.02), (0.3, 0.04), (1.5, 0.1))
_FORMAT = 1
_KEPT = 64


@dataclass(frozen=True, kw_only=True, eq=False)
class TravelTimeTable:
    """First arrivals at one station from anywhere below it, beside it or above it.

    The direct wave is kept as mean slowness (time over straight distance) on the axes and
    interpolated linearly in both; head waves are straight lines and kept as such, so that the
    corner where one overtakes the direct wave stays where it is. No cell straddles a layer's
    boundary: ``depth_km`` holds each boundary twice, once for the layer on either side.

    Attributes
    ----------
    phase : str
        P or S.
    receiver_depth_km : float
        Depth of the station below sea level, negative above.
    model : str
        Name of the velocity model.
    distance_km : ndarray, shape (nx,)
        Epicentral distance; closer together near the station.
    depth_km : ndarray, shape (nz,)
        Depth of the source below sea level.
    slowness : ndarray, shape (nz, nx)
        Direct wave: time over straight distance in s/km.
    head_slowness : ndarray, shape (nk,)
        Of each head wave in s/km.
    head_intercept, head_reach : ndarray, shape (nz, nk)
        Its time at no distance in s, and the distance in km it exists from.
    rows : ndarray, shape (n_layers, 4)
        First and last row of each layer, its top in km, rows a km.
    key : str
        Hash of what the table was made from.
    units : str
        Of :attr:`values`.
    """

    phase: str
    receiver_depth_km: float
    model: str
    distance_km: FloatArray
    depth_km: FloatArray
    slowness: FloatArray
    head_slowness: FloatArray
    head_intercept: FloatArray
    head_reach: FloatArray
    rows: FloatArray = field(repr=False)
    key: str = ""
    units: str = "s"

    def __post_init__(self) -> None:
        if not self.units:
            raise ParameterError("a TravelTimeTable needs units")
        if self.slowness.shape != (self.depth_km.size, self.distance_km.size):
            raise ParameterError(
                f"TravelTimeTable: values of shape {self.slowness.shape} against "
                f"{self.depth_km.size} depths and {self.distance_km.size} distances"
            )

    @property
    def values(self) -> FloatArray:
        """Time of the first arrival on the axes in s, shape (nz, nx)."""
        straight = np.hypot(self.distance_km, (self.depth_km - self.receiver_depth_km)[:, None])
        time = self.slowness * straight
        for k, p in enumerate(self.head_slowness):
            there = self.distance_km >= self.head_reach[:, k, None]
            head = p * self.distance_km + self.head_intercept[:, k, None]
            time = np.where(there, np.minimum(time, head), time)
        return np.asarray(time)

    def at(self, distance_km: ArrayLike, depth_km: ArrayLike) -> FloatArray:
        """Return the travel time of the first arrival.

        Parameters
        ----------
        distance_km : array_like
            Epicentral distance in km.
        depth_km : array_like
            Depth of the source below sea level in km, negative above.

        Returns
        -------
        ndarray
            Seconds, of the broadcast shape.

        Raises
        ------
        ParameterError
            If a place is outside the table.
        """
        x, z = np.broadcast_arrays(
            np.asarray(distance_km, dtype=np.float64), np.asarray(depth_km, dtype=np.float64)
        )
        for name, values, low, high in (
            ("distance_km", x, 0.0, self.distance_km[-1]),
            ("depth_km", z, self.depth_km[0], self.depth_km[-1]),
        ):
            if not ((values >= low) & (values <= high)).all():
                raise ParameterError(
                    f"{name} outside the table ({low:g} to {high:g} km); make a larger one"
                )
        times = table_times(
            np.ascontiguousarray(x).reshape(-1),
            np.ascontiguousarray(z).reshape(-1),
            self.receiver_depth_km,
            self.slowness,
            self.head_intercept,
            self.head_reach,
            self.head_slowness,
            self.rows,
            STEP_KM,
            GROWTH_KM,
        )
        return np.asarray(times.reshape(x.shape))


def travel_time_table(
    model: VelocityModel,
    *,
    phase: Phase = "P",
    receiver_depth_km: float = 0.0,
    max_distance_km: float = 100.0,
    min_depth_km: float = -4.0,
    max_depth_km: float = 40.0,
    cache: str | PathLike[str] | None = None,
) -> TravelTimeTable:
    """Return the table of travel times to one station.

    Parameters
    ----------
    model : VelocityModel
    phase : {"P", "S"}
    receiver_depth_km : float
        Station in km below sea level: minus its elevation.
    max_distance_km : float
        Largest epicentral distance.
    min_depth_km, max_depth_km : float
        Shallowest and deepest source, km below sea level (negative above).
    cache : path, optional
        Folder to keep the table in (``.npz``) and to find it again; by default it is kept in
        memory only.

    Returns
    -------
    TravelTimeTable

    Raises
    ------
    ParameterError
        If the range is empty.

    Notes
    -----
    Times on the axes are exact for flat layers; between them they are within 1 ms of
    :func:`paektuseis.network.travel_time` (tests). The Earth is flat; see there.

    Examples
    --------
    >>> from paektuseis.network import Layer, VelocityModel
    >>> half = VelocityModel(layers=(Layer(top_km=0, vp=6.0, vs=3.5, rho=2700),))
    >>> table = travel_time_table(half, receiver_depth_km=-2.0)
    >>> round(float(table.at(3.0, 2.0)), 6)
    0.833333
    """
    if not (min_depth_km < max_depth_km and max_distance_km > 0):
        raise ParameterError(
            f"depths {min_depth_km:g} to {max_depth_km:g} km and distances to "
            f"{max_distance_km:g} km; give ranges that are not empty"
        )
    if not np.isfinite([receiver_depth_km, min_depth_km, max_depth_km, max_distance_km]).all():
        raise ParameterError("receiver_depth_km and the ranges must be finite; give km")
    key = _key(model, phase, receiver_depth_km, max_distance_km, min_depth_km, max_depth_km)
    with _LOCK:
        if key in _MEMORY:
            _MEMORY.move_to_end(key)
            table = _MEMORY[key]
        else:
            table = None
    path = None if cache is None else Path(cache) / f"traveltimes-{key}.npz"
    if table is None and path is not None and path.is_file():
        table = _read(path, model.name, key)
    if table is None:
        table = _build(
            model, phase, receiver_depth_km, max_distance_km, min_depth_km, max_depth_km, key
        )
    if path is not None and not path.is_file():
        _write(path, table)
    with _LOCK:
        _MEMORY[key] = table
        while len(_MEMORY) > _KEPT:
            _MEMORY.popitem(last=False)
    return table


_MEMORY: OrderedDict[str, TravelTimeTable] = OrderedDict()
_LOCK = threading.Lock()
_ARRAYS = (
    "distance_km", "depth_km", "slowness", "head_slowness", "head_intercept", "head_reach", "rows",
)  # fmt: skip


def model_key(model: VelocityModel) -> str:
    """Hash of the layers' depths and velocities: what travel times depend on."""
    text = ";".join(f"{x.top_km!r},{x.vp!r},{x.vs!r}" for x in model.layers)
    return hashlib.sha256(text.encode()).hexdigest()


def _key(model: VelocityModel, phase: str, *ranges: float) -> str:
    grid = (_FORMAT, STEP_KM, GROWTH_KM, ROW_KM, FINE_KM)
    text = f"{model_key(model)}|{phase}|{tuple(float(r) for r in ranges)!r}|{grid!r}"
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def axes(
    model: VelocityModel, max_distance_km: float, min_depth_km: float, max_depth_km: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Distances, depths and the rows of each layer that the range reaches."""
    n = (
        int(
            np.ceil(
                (np.sqrt(STEP_KM**2 + 4 * GROWTH_KM * max_distance_km) - STEP_KM) / 2 / GROWTH_KM
            )
        )
        + 1
    )
    j = np.arange(n + 1)
    distance = j * STEP_KM + j**2 * GROWTH_KM
    tops = model.tops
    edges = [
        min_depth_km,
        *tops[1:][(tops[1:] > min_depth_km) & (tops[1:] < max_depth_km)],
        max_depth_km,
    ]
    depths: list[FloatArray] = []
    rows = []
    first = 0
    for top, bottom in _spans(edges):
        away = min((min(abs(top - e), abs(bottom - e)) for e in edges[1:-1]), default=np.inf)
        spacing = next((s for d, s in FINE_KM if away < d - 1e-9), ROW_KM)
        count = max(int(np.ceil((bottom - top) / spacing - 1e-9)), 1)
        depths.append(np.linspace(top, bottom, count + 1))
        rows.append([first, first + count, top, count / (bottom - top)])
        first += count + 1
    return distance, np.concatenate(depths), np.array(rows, dtype=np.float64)


def _spans(edges: list[float]) -> list[tuple[float, float]]:
    """Parts of the layers between edges that have rows of their own spacing."""
    out = []
    inner = edges[1:-1]
    for top, bottom in pairwise(edges):
        near = [d for d, _ in FINE_KM if 2 * d < bottom - top]
        upper = near if top in inner else []
        lower = near[::-1] if bottom in inner else []
        cuts = [top, *(top + d for d in upper), *(bottom - d for d in lower), bottom]
        out += list(pairwise(cuts))
    return out


def _build(
    model: VelocityModel,
    phase: Phase,
    receiver: float,
    max_distance: float,
    min_depth: float,
    max_depth: float,
    key: str,
) -> TravelTimeTable:
    distance, depth, rows = axes(model, max_distance, min_depth, max_depth)
    velocity = model.velocities(phase)
    tops = model.tops.copy()
    bottoms = np.append(tops[1:], np.inf)
    tops[0] = -np.inf
    layer = np.empty(depth.size, dtype=np.int64)
    for first, last, top, per_km in rows:
        middle = top + (last - first) / per_km / 2
        layer[int(first) : int(last) + 1] = np.searchsorted(tops, middle, side="right") - 1
    slowness = np.empty((depth.size, distance.size))
    direct_slowness(distance, depth, layer, float(receiver), velocity, tops, bottoms, slowness)
    p, intercept, reach = _heads(depth, layer, receiver, velocity, tops, bottoms)
    return TravelTimeTable(
        phase=phase,
        receiver_depth_km=float(receiver),
        model=model.name,
        distance_km=distance,
        depth_km=depth,
        slowness=slowness,
        head_slowness=p,
        head_intercept=intercept,
        head_reach=reach,
        rows=rows,
        key=key,
    )


def _heads(
    depth: FloatArray,
    layer: np.ndarray,
    receiver: float,
    velocity: FloatArray,
    tops: FloatArray,
    bottoms: FloatArray,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Slowness, intercept and reach of the head waves along the top and bottom of every layer."""
    slowness, intercepts, reaches = [], [], []
    for k, fast in enumerate(velocity):
        for below in (True, False):
            boundary = tops[k] if below else bottoms[k]
            if not np.isfinite(boundary):
                continue
            legs = np.zeros((velocity.size, depth.size))
            for z in (depth, np.full(depth.size, receiver)):
                low, high = np.minimum(z, boundary), np.maximum(z, boundary)
                inside = np.minimum(high, bottoms[:, None]) - np.maximum(low, tops[:, None])
                legs += np.maximum(inside, 0.0)
            # a row belongs to its layer: one in the fast layer itself has no head wave along it
            own = layer < k if below else layer > k
            there = own & (receiver <= boundary if below else receiver >= boundary)
            there &= ((legs <= 0) | (velocity[:, None] < fast)).all(axis=0)
            there &= velocity[layer] < fast
            if not there.any():
                continue
            ratio = np.minimum(velocity / fast, 1.0)[:, None]
            cosine = np.sqrt(1.0 - ratio**2)
            with np.errstate(divide="ignore", invalid="ignore"):
                reach = np.where(legs > 0, legs * ratio / cosine, 0.0).sum(axis=0)
            intercept = (legs * cosine / velocity[:, None]).sum(axis=0)
            slowness.append(1.0 / fast)
            intercepts.append(np.where(there, intercept, NEVER))
            reaches.append(np.where(there, reach, NEVER))
    shape = (depth.size, len(slowness))
    return (
        np.array(slowness, dtype=np.float64),
        np.ascontiguousarray(np.array(intercepts, dtype=np.float64).reshape(shape[::-1]).T),
        np.ascontiguousarray(np.array(reaches, dtype=np.float64).reshape(shape[::-1]).T),
    )


def _write(path: Path, table: TravelTimeTable) -> None:
    arrays = {name: getattr(table, name) for name in _ARRAYS}
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            phase=np.array(table.phase),
            receiver_depth_km=np.array(table.receiver_depth_km),
            key=np.array(table.key),
            **arrays,
        )


def _read(path: Path, model: str, key: str) -> TravelTimeTable | None:
    """Return the table in a file, or None where it is not the one asked for or is damaged."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            if str(file["key"]) != key:
                return None
            arrays = {name: np.ascontiguousarray(file[name], dtype=np.float64) for name in _ARRAYS}
            return TravelTimeTable(
                phase=str(file["phase"]),
                receiver_depth_km=float(file["receiver_depth_km"]),
                model=model,
                distance_km=arrays["distance_km"],
                depth_km=arrays["depth_km"],
                slowness=arrays["slowness"],
                head_slowness=arrays["head_slowness"],
                head_intercept=arrays["head_intercept"],
                head_reach=arrays["head_reach"],
                rows=arrays["rows"],
                key=key,
            )
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
