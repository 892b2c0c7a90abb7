"""The posterior of a hypocentre: search, samples, most likely place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from os import PathLike
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ..network.model import VelocityModel
from ..types import FloatArray
from ._arrivals import Arrivals
from ._book import book_of
from ._geometry import distance_km, radii_km
from ._kernels_octree import evaluate, split

SHARES = (1.0 / 350.0, 1.0 / 1400.0, 1.0 / 5600.0)
"""Largest share of the probability in one cell; the next where the last was too coarse."""
MOST_CELLS = 40_000
_EFFICIENT = 0.2
_FINEST = 0.02  # of a cell: how close to the highest point
_STEPS, _FEW = 10, 1  # to the origin time: where the density counts, and in the search
_NEIGHBOURS = np.array([d for d in np.ndindex(3, 3, 3) if d != (1, 1, 1)]) - 1.0
_PARTS = np.array([[1.0], [0.5], [0.2]])  # of Newton's step
_TRIED = 2.0  # places tried for each sample kept
_NO_ROOM = np.empty((0, 0))  # no residuals wanted


@dataclass(frozen=True, kw_only=True)
class Region:
    """Where sources are looked for: degrees and km below sea level."""

    south: float
    north: float
    west: float
    east: float
    top_km: float
    bottom_km: float

    @property
    def middle(self) -> tuple[float, float]:
        """Latitude and longitude of the middle."""
        return (self.south + self.north) / 2, (self.west + self.east) / 2

    def doubled(self) -> Region:
        """Return the region twice as wide each way, as deep."""
        lat, lon = self.middle
        high, wide = self.north - self.south, self.east - self.west
        return replace(
            self,
            south=max(lat - high, -89.0),
            north=min(lat + high, 89.0),
            west=lon - wide,
            east=lon + wide,
        )

    def farthest_km(self, places: FloatArray) -> float:
        """Largest distance between a corner (or the middle of a side) and a station."""
        lon = self.middle[1]
        y = np.array([self.south, self.south, self.north, self.north, self.south, self.north])
        x = np.array([self.west, self.east, self.west, self.east, lon, lon])
        return float(
            distance_km(y[:, None], x[:, None], places[None, :, 0], places[None, :, 1]).max()
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """The density of one event's hypocentre: picks, tables and a frame of coordinates."""

    arrivals: Arrivals
    region: Region
    extra: float
    outlier: FloatArray
    arguments: tuple[Any, ...]
    """What :func:`evaluate` takes after its own arguments, from ``geometry`` to ``growth``."""

    @classmethod
    def make(
        cls,
        arrivals: Arrivals,
        region: Region,
        model: VelocityModel,
        *,
        extra: float,
        outlier: FloatArray,
        cache: str | PathLike[str] | None,
    ) -> Problem:
        """Bring the picks and the tables of a model together over a region."""
        places = arrivals.places
        reach = region.farthest_km(places) * 1.001 + 1.0
        book = book_of(model, reach, region.top_km, region.bottom_km)
        numbers, tables = book.tables(places[:, 2].tolist(), cache)
        lat, lon = region.middle
        stations = places.copy()
        stations[:, 0] = np.radians(places[:, 0] - lat)
        stations[:, 1] = np.radians((places[:, 1] - lon + 180.0) % 360.0 - 180.0)
        picks = np.empty((arrivals.observed.size, 3))
        picks[:, 0] = arrivals.observed - arrivals.correction
        picks[:, 1] = arrivals.uncertainty**2 + extra**2
        picks[:, 2] = [p != "P" for p in arrivals.phases]
        arguments = (_geometry(lat), stations, arrivals.first, numbers, picks, outlier, *tables)
        return cls(
            arrivals=arrivals, region=region, extra=extra, outlier=outlier, arguments=arguments
        )

    @property
    def geometry(self) -> FloatArray:
        """Km a radian east and north, as the kernels have it."""
        return cast(FloatArray, self.arguments[0])

    @property
    def variance(self) -> FloatArray:
        """Squared standard error of each pick, with the model's."""
        return cast(FloatArray, self.arguments[4][:, 1])

    @property
    def scale(self) -> FloatArray:
        """Km of one unit of each of the kernels' coordinates, shape (3,)."""
        return np.array([self.geometry[1, 0], self.geometry[0, 0], 1.0])

    @property
    def box(self) -> FloatArray:
        """Limits in the kernels' coordinates, shape (3, 2)."""
        r = self.region
        half_y, half_x = np.radians((r.north - r.south) / 2), np.radians((r.east - r.west) / 2)
        return np.array([[-half_y, half_y], [-half_x, half_x], [r.top_km, r.bottom_km]])

    def place(self, latitude: FloatArray, longitude: FloatArray, depth: FloatArray) -> FloatArray:
        """Bring degrees and km into the kernels' coordinates, shape (n, 3)."""
        lat, lon = self.region.middle
        dlon = (np.asarray(longitude) - lon + 180.0) % 360.0 - 180.0
        columns = (np.radians(np.asarray(latitude) - lat), np.radians(dlon), np.asarray(depth))
        return np.ascontiguousarray(np.column_stack(columns))

    def degrees(self, places: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Latitude and longitude of places in the kernels' coordinates."""
        lat, lon = self.region.middle
        east = lon + np.degrees(places[..., 1])
        return lat + np.degrees(places[..., 0]), (east + 180.0) % 360.0 - 180.0

    def __call__(
        self, latitude: FloatArray, longitude: FloatArray, depth_km: FloatArray
    ) -> FloatArray:
        """Log density at places; minus infinity outside the region."""
        places = self.place(latitude, longitude, depth_km)
        box = self.box
        inside = ((places >= box[:, 0]) & (places <= box[:, 1])).all(axis=1)
        out = np.full(len(places), -np.inf)
        if inside.any():
            out[inside] = self.at(places[inside])[:, 0]
        return out

    def at(self, places: FloatArray) -> FloatArray:
        """Log density, origin time, its precision at places in the kernels' coordinates."""
        return evaluate(np.ascontiguousarray(places), 0.0, _STEPS, _NO_ROOM, *self.arguments)

    def masses(self, cells: FloatArray) -> FloatArray:
        """Log mass of cells: their middle and half widths in the kernels' coordinates (m, 6).

        The density is that of the middle with variances widened by the cell's size.
        """
        spread = max(self.variance.size / 3.0, 1.0) / 9.0
        found = evaluate(cells, spread, _FEW, _NO_ROOM, *self.arguments)
        return np.ascontiguousarray(found[:, 0])

    def residuals(self, places: FloatArray) -> FloatArray:
        """Observed less travel time (s), the origin time still in it: (m, n) at places (m, 3)."""
        left = np.empty((len(places), self.variance.size))
        evaluate(np.ascontiguousarray(places), 0.0, 1, left, *self.arguments)
        return left


@dataclass(frozen=True, kw_only=True, eq=False)
class Posterior:
    """What the search found.

    Attributes
    ----------
    problem : Problem
    best : ndarray, shape (6,)
        Most likely place (kernels' coordinates), log density, origin time, precision.
    places : ndarray, shape (n, 3)
        Samples.
    log_density, times : ndarray, shape (n,)
        At the samples: log density, origin time drawn from its own posterior (s).
    evidence : float
        Log of the integral of the likelihood over the region.
    at_edge : float
        Share of the samples within a hundredth of the region's sides.
    efficiency : float
        Effective share of the places tried (1 = the cells describe the density exactly).
    evaluations : int
    """

    problem: Problem
    best: FloatArray
    places: FloatArray
    log_density: FloatArray
    times: FloatArray
    evidence: float
    at_edge: float
    efficiency: float
    evaluations: int


def explore(problem: Problem, *, n_samples: int, rng: np.random.Generator) -> Posterior:
    """Search the region, draw samples of the posterior, and climb to its highest point.

    Where the cells describe the density too coarsely for independent samples they are made
    finer.
    """
    cells = _divide(problem, _coarsest(problem), SHARES[0])
    draw = _draw(problem, cells, n_samples, rng)
    for share in SHARES[1:]:
        if draw.efficiency >= _EFFICIENT:
            break
        cells = _divide(problem, cells, share)
        draw = _draw(problem, cells, n_samples, rng)
    places, found, kept = draw.places, draw.found, draw.kept
    box = problem.box
    start = int(found[:, 0].argmax())
    best = _climb(problem, places[start], found[start], draw.half[start])
    times = found[kept, 1] + rng.standard_normal(n_samples) / np.sqrt(found[kept, 2])
    edge = np.abs(places[kept, :2]) > 0.98 * box[:2, 1]
    return Posterior(
        problem=problem,
        best=best,
        places=places[kept],
        log_density=found[kept, 0],
        times=times,
        evidence=draw.evidence,
        at_edge=float(edge.any(axis=1).mean()),
        efficiency=draw.efficiency,
        evaluations=cells.evaluations,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Cells:
    """A division of the region: middles and half widths (n, 6), log mass (n,)."""

    cells: FloatArray
    mass: FloatArray
    evaluations: int


@dataclass(frozen=True, kw_only=True, eq=False)
class _Draw:
    """Places drawn from the cells, what was found there, and which are kept as samples."""

    places: FloatArray
    half: FloatArray
    found: FloatArray
    kept: NDArray[np.int64]
    evidence: float
    efficiency: float


def _draw(problem: Problem, of: _Cells, n_samples: int, rng: np.random.Generator) -> _Draw:
    """Draw places from the cells, keep some by their true density."""
    tried = int(n_samples * _TRIED)
    highest = of.mass.max()
    held = np.exp(of.mass - highest)
    chosen = _systematic(held, tried, rng)
    cells = of.cells[chosen]
    half = cells[:, 3:]
    places = cells[:, :3] + rng.uniform(-1.0, 1.0, (tried, 3)) * half
    found = problem.at(places)
    volume = half[:, 0] * half[:, 1] * half[:, 2] * (8.0 * problem.scale.prod())
    log_weight = found[:, 0] - of.mass[chosen] + np.log(volume)
    top = log_weight.max()
    weight = np.exp(log_weight - top)
    total = weight.sum()
    return _Draw(
        places=places,
        half=half,
        found=found,
        kept=_systematic(weight, n_samples, rng),
        evidence=float(highest + np.log(held.sum()) + top + np.log(total / tried)),
        efficiency=float(total**2 / (weight @ weight) / tried),
    )


def _coarsest(problem: Problem) -> _Cells:
    """Cells of like size over the region, up to ten each way."""
    box = problem.box
    size_km = (box[:, 1] - box[:, 0]) * problem.scale
    counts = np.clip(np.round(size_km / (size_km.max() / 10.0)), 2, 10).astype(np.int64)
    half = 0.5 * (box[:, 1] - box[:, 0]) / counts
    cells = np.empty((*counts, 6))
    cells[..., 3:] = half
    for d in range(3):
        along = box[d, 0] + (2 * np.arange(counts[d]) + 1) * half[d]
        cells[..., d] = along.reshape([-1 if k == d else 1 for k in range(3)])
    cells = cells.reshape(-1, 6)
    return _Cells(cells=cells, mass=problem.masses(cells), evaluations=len(cells))


def _divide(problem: Problem, of: _Cells, share: float) -> _Cells:
    """Cut cells that hold more than ``share`` of the whole in eight until none does."""
    cells, mass, evaluations = of.cells, of.mass, of.evaluations
    while len(cells) <= MOST_CELLS:
        cells, mass, fresh = split(cells, mass, share)
        if fresh == len(cells):
            break
        mass = np.concatenate([mass, problem.masses(cells[fresh:])])
        evaluations += len(cells) - fresh
    return _Cells(cells=cells, mass=mass, evaluations=evaluations)


def _climb(problem: Problem, start: FloatArray, value: FloatArray, size: FloatArray) -> FloatArray:
    """Go uphill: by Newton's step from the 26 neighbours, or to the highest of them.

    Nearer neighbours are taken where neither is higher. Returns latitude, longitude, depth, log
    density, origin time, precision.
    """
    box = problem.box
    best, factor = start, 1.0
    while factor > _FINEST:
        reach = size * factor
        near = best + _NEIGHBOURS * reach
        found = problem.at(np.clip(near, box[:, 0], box[:, 1]))
        step = _newton(found[:, 0], float(value[0]))
        near = np.concatenate([near, best + _PARTS * step * reach])
        near = np.clip(near, box[:, 0], box[:, 1])
        found = np.concatenate([found, problem.at(near[26:])])
        highest = int(found[:, 0].argmax())
        gain = found[highest, 0] - value[0]
        if gain > 0:
            best, value = near[highest], found[highest]
        if gain < 0.01:
            factor /= 4.0
    return np.concatenate([best, value])


def _newton(around: FloatArray, here: float) -> FloatArray:
    """Step to the top of the parabola through the neighbours, in their spacing; at most 6."""
    differences = _STENCIL @ (around - here)
    values, vectors = np.linalg.eigh(differences[3:].reshape(3, 3))
    step = vectors @ ((vectors.T @ differences[:3]) / np.maximum(np.abs(values), 1e-6))
    return np.asarray(step * min(1.0, 6.0 / max(float(np.abs(step).max()), 1e-12)))


def _stencil() -> FloatArray:
    """Differences between the neighbours: the slope along each axis, then the curvature (3, 3).

    The middle is taken as nought.
    """
    out = np.zeros((12, len(_NEIGHBOURS)))
    one = np.abs(_NEIGHBOURS).sum(axis=1)
    for i in range(3):
        own = _NEIGHBOURS[:, i] * (one == 1)
        out[i] = own / 2
        for j in range(3):
            both = _NEIGHBOURS[:, i] * _NEIGHBOURS[:, j]
            out[3 + 3 * i + j] = np.abs(own) if i == j else both * (one == 2) / 4
    return out


_STENCIL = _stencil()


def _systematic(weight: FloatArray, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw n indices with probability proportional to weight, evenly (systematic resampling)."""
    total = np.cumsum(weight)
    points = (np.arange(n) + rng.random()) / n * total[-1]
    chosen = np.minimum(np.searchsorted(total, points), weight.size - 1)
    return np.asarray(chosen, dtype=np.int64)


_OFFSETS = np.linspace(-0.1, 0.1, 9)
_CUBIC = np.linalg.pinv(np.vander(_OFFSETS, 4, increasing=True))


def _geometry(latitude: float) -> FloatArray:
    """Km a radian east and north as cubic polynomials of the latitude offset in radians."""
    east, north = radii_km(np.clip(latitude + np.degrees(_OFFSETS), -90.0, 90.0))
    return np.ascontiguousarray(np.stack([_CUBIC @ east, _CUBIC @ north]))
