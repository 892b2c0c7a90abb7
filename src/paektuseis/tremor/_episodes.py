"""From minutes that are on to episodes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import ParameterError
from ..tables import station_of

BoolArray = NDArray[np.bool_]


def episodes(on: BoolArray, *, least: int, bridge: int) -> list[tuple[int, int]]:
    """Return first and last + 1 of each run of at least ``least`` windows that are on.

    Up to ``bridge`` windows that are off join two runs; they do not count towards ``least``.

    Examples
    --------
    >>> import numpy as np
    >>> episodes(np.array([1, 1, 0, 1, 0, 0, 1], dtype=bool), least=2, bridge=1)
    [(0, 4)]
    """
    where = np.flatnonzero(on)
    if not where.size:
        return []
    cuts = [k + 1 for k, (a, b) in enumerate(pairwise(where)) if b - a > bridge + 1]
    parts = np.split(where, cuts)
    return [(int(p[0]), int(p[-1]) + 1) for p in parts if len(p) >= least]


def wide(table: pd.DataFrame, column: str, window: float) -> pd.DataFrame:
    """Return one column by window (every one from first to last) and channel."""
    out = table.pivot(index="starttime", columns="trace_id", values=column)
    step = round(window * 1e9)
    ns = out.index.to_numpy(dtype="datetime64[ns]").astype(np.int64)
    if len(ns) > 1 and (np.diff(ns) % step).any():
        raise ParameterError(
            f"the windows of the channels are not in step ({window:g} s); measure them with one "
            "starttime"
        )
    grid = pd.DatetimeIndex(np.arange(ns[0], ns[-1] + 1, step).view("datetime64[ns]"))
    return out.reindex(grid.tz_localize("UTC"))


def one_window(table: pd.DataFrame) -> float:
    """Return the length of the windows of a table, in seconds."""
    found = sorted({float(w) for w in table["window"]})
    if len(found) != 1:
        raise ParameterError(f"windows of {found} s in one table; choose one")
    return found[0]


def by_station(columns: Sequence[str], flags: BoolArray) -> tuple[list[str], BoolArray]:
    """Join the channels of each station: on where any of them is."""
    keys = [station_of(c) for c in columns]
    names = sorted(set(keys))
    out = np.stack([flags[:, [k == name for k in keys]].any(axis=1) for name in names], axis=1)
    return names, out


def needed(alive: NDArray[np.int64], min_stations: int | None) -> NDArray[np.int64]:
    """Return how many stations must agree: so many, or more than half of those alive."""
    if min_stations is None:
        return np.asarray(alive // 2 + 1, dtype=np.int64)
    if min_stations < 1:
        raise ParameterError(f"min_stations={min_stations}; give 1 or more")
    return np.full(len(alive), min_stations, dtype=np.int64)


def require_positive(**values: float) -> None:
    """Raise for a value that is not a positive number."""
    for name, value in values.items():
        if not (np.isfinite(value) and value > 0):
            raise ParameterError(f"{name}={value}; give a positive number")
