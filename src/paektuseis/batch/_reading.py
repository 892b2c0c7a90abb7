"""Rows of one table and day, cut to what was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from obspy import UTCDateTime

from ..errors import ParameterError
from ..times import TimeLike, as_utc
from ._partitions import Partition, id_filter, read_arrow

SPANS = ("availability", "gaps", "monitoring", "quality")
"""Tables whose rows are spans of time: a row is inside if it touches the span asked for."""
_TIMES = ("starttime", "time")


def limits(starttime: TimeLike | None, endtime: TimeLike | None) -> tuple[int, int]:
    """Return a half-open span in ns since 1970; open ends reach as far as ns do."""
    begin, until = -(2**63), 2**63 - 1
    if starttime is not None:
        begin = int(as_utc(starttime, name="starttime").ns)
    if endtime is not None:
        until = int(as_utc(endtime, name="endtime").ns)
    if until <= begin:
        raise ParameterError(f"endtime={endtime} is not after starttime={starttime}")
    return begin, until


def stamps(times: Iterable[UTCDateTime]) -> pd.DatetimeIndex:
    """Return instants as a column of a table."""
    ns = np.array([int(t.ns) for t in times], dtype=np.int64)
    return pd.DatetimeIndex(ns.view("datetime64[ns]")).tz_localize("UTC")


def read_rows(
    part: Partition,
    name: str,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    trace_ids: str | Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
) -> pd.DataFrame | None:
    """Return the rows of one day that are asked for, ``None`` if the day has no such table.

    Columns that choose the rows are read, and returned, besides those asked for.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    pattern = id_filter(trace_ids)
    wanted = None
    if columns is not None:
        helpers = [*_TIMES, "endtime", *(["trace_id"] if pattern else [])]
        wanted = list(dict.fromkeys([*columns, *helpers]))
    arrow = read_arrow(part, name, wanted)
    if arrow is None:
        return None
    if pattern is not None:
        if "trace_id" not in arrow.column_names:
            raise ParameterError(
                f"table {name!r} is of the network, not of channels; leave trace_ids out"
            )
        ids = arrow["trace_id"].cast(pa.string())
        good = [i for i in ids_in(arrow) if pattern.fullmatch(i)]
        arrow = arrow.filter(pc.is_in(ids, value_set=pa.array(good, type=pa.string())))
    frame = to_frame(arrow)
    begin, until = limits(starttime, endtime)
    if len(frame) and (begin > part.starttime.ns or until < part.endtime.ns):
        frame = _cut(frame, name, begin, until)
    return frame


def ids_in(arrow: Any) -> list[str]:
    """Return the trace ids of an Arrow table."""
    import pyarrow.compute as pc

    return sorted(str(i) for i in pc.unique(arrow["trace_id"]).to_pylist() if i is not None)


def header(parts: Sequence[Partition], name: str) -> list[str]:
    """Return the columns of a table as the first day that has it writes them."""
    import pyarrow.parquet as pq

    for part in parts:
        path = part.path / f"{name}.parquet"
        if path.is_file():
            return list(pq.read_schema(path).names)
    return []


def slowest(parts: Sequence[Partition]) -> dict[str, float]:
    """Return the longest sample interval of each channel in some days, in seconds."""
    found: dict[str, float] = {}
    for part in parts:
        arrow = read_arrow(part, "availability", ["trace_id", "sampling_rate"])
        if arrow is None or not arrow.num_rows:
            continue
        pairs = to_frame(arrow).drop_duplicates()
        for key, rate in zip(pairs["trace_id"], pairs["sampling_rate"], strict=True):
            if rate > 0:
                found[key] = max(found.get(key, 0.0), 1.0 / float(rate))
    return found


def to_frame(arrow: Any) -> pd.DataFrame:
    """Return a frame with times in ns and UTC, text as text and lists of ids as tuples."""
    import pyarrow as pa

    frame: pd.DataFrame = arrow.to_pandas()
    for field in arrow.schema:
        column = frame[field.name]
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            if column.dtype.unit != "ns":
                frame[field.name] = column.dt.as_unit("ns")
        elif isinstance(column.dtype, pd.CategoricalDtype):
            frame[field.name] = column.astype(str)
        elif pa.types.is_list(field.type) and pa.types.is_string(field.type.value_type):
            frame[field.name] = pd.Series(
                [() if v is None else tuple(v) for v in column], index=frame.index, dtype=object
            )
    return frame


def _cut(frame: pd.DataFrame, name: str, begin: int, until: int) -> pd.DataFrame:
    column = next((c for c in _TIMES if c in frame.columns), None)
    if column is None:
        return frame
    start = nanoseconds(frame[column])
    if name in SPANS and "endtime" in frame.columns:
        keep = (start < until) & (np.maximum(nanoseconds(frame["endtime"]), start + 1) > begin)
    else:
        keep = (start >= begin) & (start < until)
    return frame[keep].reset_index(drop=True)


def nanoseconds(column: pd.Series) -> Any:
    """Return a time column as integer nanoseconds since 1970."""
    return np.asarray(column.dt.as_unit("ns").astype("int64"), dtype=np.int64)
