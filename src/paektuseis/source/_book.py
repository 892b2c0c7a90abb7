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
    """Tables of one model over one range, one for each phase and height of station."""

    def __init__(
        self, model: VelocityModel, max_distance: float, min_depth: float, max_depth: float
    ) -> None:
        self.model = model
        self.ranges = (max_distance, min_depth, max_depth)
        self.index: dict[tuple[str, float], int] = {}
        self.lock = threading.Lock()
        self.arrays: tuple[NDArray[np.float32], FloatArray, FloatArray, FloatArray, FloatArray]

    def tables(
        self, wanted: list[tuple[Phase, float]], cache: str | PathLike[str] | None
    ) -> tuple[NDArray[np.int64], tuple[object, ...]]:
        """Return the number of each wanted table and the arguments of the kernels."""
        with self.lock:
            new = sorted(set(wanted) - set(self.index))
            if new:
                self._add(new, cache)
            numbers = np.array([self.index[w] for w in wanted], dtype=np.int64)
            return numbers, (*self.arrays, STEP_KM, GROWTH_KM)

    def _add(self, new: list[tuple[Phase, float]], cache: str | PathLike[str] | None) -> None:
        max_distance, min_depth, max_depth = self.ranges
        made = [
            travel_time_table(
                self.model,
                phase=phase,
                receiver_depth_km=receiver,
                max_distance_km=max_distance,
                min_depth_km=min_depth,
                max_depth_km=max_depth,
                cache=cache,
            )
            for phase, receiver in new
        ]
        most = max(2 * len(self.model.layers), 1)
        slowness = np.stack([t.slowness for t in made]).astype(np.float32)
        lines = [_padded(t, most) for t in made]
        intercept, reach, heads = (np.stack([x[i] for x in lines]) for i in range(3))
        if self.index:
            old = self.arrays
            slowness = np.concatenate([old[0], slowness])
            intercept = np.concatenate([old[1], intercept])
            reach = np.concatenate([old[2], reach])
            heads = np.concatenate([old[3], heads])
        for name in new:
            self.index[name] = len(self.index)
        self.arrays = (slowness, intercept, reach, heads, made[0].rows)


def _padded(table: TravelTimeTable, most: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    n = table.head_slowness.size
    intercept = np.full((table.depth_km.size, most), NEVER)
    reach = np.full((table.depth_km.size, most), NEVER)
    heads = np.zeros(most)
    intercept[:, :n], reach[:, :n], heads[:n] = (
        table.head_intercept, table.head_reach, table.head_slowness,
    )  # fmt: skip
    return intercept, reach, heads


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
