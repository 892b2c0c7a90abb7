"""Travel-time tables of many stations side by side, as the compiled search takes them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from os import PathLike

import numpy as np
from numpy.typing import NDArray

from ..network.model import Phase, VelocityModel
from ..types import FloatArray
from ._kernels_locate import NEVER
from .traveltimetable import GROWTH_KM, STEP_KM, TravelTimeTable, model_key, travel_time_table

_REACHES_KM = (100.0, 200.0, 400.0, 800.0, 1600.0)
_KEPT = 8


class Book:
    """Tables of one model over one range, P and S for each height of station.

    ``arrays`` are the slowness (heights, depths, P and S of each distance in turn), the head
    waves' intercept and reach (heights, depths, 2, most + 1) and slowness (heights, 2, most + 1),
    and the rows.
    """

    def __init__(
        self, model: VelocityModel, max_distance: float, min_depth: float, max_depth: float
    ) -> None:
        self.model = model
        self.ranges = (max_distance, min_depth, max_depth)
        self.index: dict[float, int] = {}
        self.lock = threading.Lock()
        self.arrays: tuple[NDArray[np.float32], FloatArray, FloatArray, FloatArray, FloatArray]

    def tables(
        self, receivers: list[float], cache: str | PathLike[str] | None
    ) -> tuple[NDArray[np.int64], tuple[object, ...]]:
        """Return the number of each station's tables and the arguments of the kernels."""
        with self.lock:
            new = sorted(set(receivers) - set(self.index))
            if new:
                self._add(new, cache)
            numbers = np.array([self.index[r] for r in receivers], dtype=np.int64)
            return numbers, (*self.arrays, STEP_KM, GROWTH_KM)

    def _add(self, new: list[float], cache: str | PathLike[str] | None) -> None:
        max_distance, min_depth, max_depth = self.ranges
        phases: tuple[Phase, Phase] = ("P", "S")
        made = [
            [
                travel_time_table(
                    self.model,
                    phase=phase,
                    receiver_depth_km=receiver,
                    max_distance_km=max_distance,
                    min_depth_km=min_depth,
                    max_depth_km=max_depth,
                    cache=cache,
                )
                for phase in phases
            ]
            for receiver in new
        ]
        most = max(t.head_slowness.size for pair in made for t in pair)
        slowness = np.stack([np.stack([t.slowness for t in pair], axis=-1) for pair in made])
        parts = [[_padded(t, most) for t in pair] for pair in made]
        intercept, reach = (
            np.stack([np.stack([x[i] for x in pair], axis=1) for pair in parts]) for i in (0, 1)
        )
        heads = np.stack([np.stack([x[2] for x in pair]) for pair in parts])
        single = slowness.astype(np.float32).reshape(*slowness.shape[:2], -1)
        if self.index:
            old = self.arrays
            most = max(most, old[3].shape[-1] - 1)
            single = np.concatenate([old[0], single])
            intercept, reach, heads = (
                np.concatenate([_widened(a, most), _widened(b, most)])
                for a, b in zip(old[1:4], (intercept, reach, heads), strict=True)
            )
        for receiver in new:
            self.index[receiver] = len(self.index)
        self.arrays = (single, intercept, reach, heads, made[0][0].rows)


def _first_wins(table: TravelTimeTable) -> FloatArray:
    """Distance from which each head wave may be first, at each depth: a little short of it."""
    columns = np.append(np.arange(0, table.distance_km.size - 1, 4), table.distance_km.size - 1)
    x = table.distance_km[columns]
    straight = np.hypot(x, (table.depth_km - table.receiver_depth_km)[:, None])
    direct = table.slowness[:, columns] * straight
    out = np.full_like(table.head_reach, NEVER)
    for k, p in enumerate(table.head_slowness):
        rows = np.flatnonzero(table.head_reach[:, k] < x[-1])
        head = p * x + table.head_intercept[rows, k, None]
        wins = (head < direct[rows]) & (x >= table.head_reach[rows, k, None])
        start = x[np.maximum(wins.argmax(axis=1) - 2, 0)]  # once first, first from there on
        start = np.maximum(start, table.head_reach[rows, k])
        out[rows, k] = np.where(wins.any(axis=1), start, NEVER)
    return out


def _padded(table: TravelTimeTable, most: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Head waves in places 1 to ``most``; the reach in place 0 is the shortest of all."""
    n = table.head_slowness.size
    intercept = np.full((table.depth_km.size, most + 1), NEVER)
    reach = np.full((table.depth_km.size, most + 1), NEVER)
    heads = np.zeros(most + 1)
    wins = _first_wins(table)
    intercept[:, 1 : n + 1], reach[:, 1 : n + 1] = table.head_intercept, wins
    heads[1 : n + 1] = table.head_slowness
    reach[:, 0] = wins.min() if wins.size else NEVER
    return intercept, reach, heads


def _widened(array: FloatArray, most: int) -> FloatArray:
    """Head waves of no reach added until there are ``most``."""
    missing = most + 1 - array.shape[-1]
    pad = [(0, 0)] * (array.ndim - 1) + [(0, missing)]
    return np.pad(array, pad, constant_values=NEVER)


_BOOKS: OrderedDict[tuple[object, ...], Book] = OrderedDict()
_LOCK = threading.Lock()


def book_of(
    model: VelocityModel, max_distance_km: float, min_depth_km: float, max_depth_km: float
) -> Book:
    """Return the book whose range holds the one asked for; made at its first use."""
    reach = next((r for r in _REACHES_KM if r >= max_distance_km), float(max_distance_km))
    top = float(np.floor(min_depth_km * 2.0) / 2.0)
    key = (model_key(model), reach, top, float(max_depth_km))
    with _LOCK:
        if key not in _BOOKS:
            _BOOKS[key] = Book(model, reach, top, float(max_depth_km))
        _BOOKS.move_to_end(key)
        while len(_BOOKS) > _KEPT:
            _BOOKS.popitem(last=False)
        return _BOOKS[key]
