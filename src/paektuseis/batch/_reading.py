"""Rows of one table and day, cut to what was asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
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
    parts: Sequence[Partition],
    name: str,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    trace_ids: str | Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
) -> pd.DataFrame | None:
    """Return the rows of some days that are asked for, ``None`` if no day has such a table.

    Columns that choose the rows are read, and returned, besides those asked for.
    """
    import pyarrow as pa

    pattern = id_filter(trace_ids)
    wanted = None
    if columns is not None:
        helpers = [*_TIMES, "endtime", *(["trace_id"] if pattern else [])]
        wanted = list(dict.fromkeys([*columns, *helpers]))
    found = [
        _of_channels(arrow, name, pattern)
        for part in parts
        if (arrow := read_arrow(part, name, wanted)) is not None
    ]
    if not found:
        return None
    full = [arrow for arrow in found if arrow.num_rows] or found[:1]
    frame = to_frame(pa.concat_tables(full, promote_options="permissive"))
    begin, until = limits(starttime, endtime)
    if len(frame) and (begin > parts[0].starttime.ns or until < parts[-1].endtime.ns):
        frame = _cut(frame, name, begin, until)
    return frame


def _of_channels(arrow: Any, name: str, pattern: re.Pattern[str] | None) -> Any:
    """Return the rows of some channels, with every text column as plain text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for i, field in enumerate(arrow.schema):
        if pa.types.is_dictionary(field.type):
            arrow = arrow.set_column(i, field.name, arrow.column(i).cast(pa.string()))
    arrow = arrow.replace_schema_metadata()  # what pandas noted of the types before
    if pattern is None:
        return arrow
    if "trace_id" not in arrow.column_names:
        raise ParameterError(
            f"table {name!r} is of the network, not of channels; leave trace_ids out"
        )
    good = [i for i in ids_in(arrow) if pattern.fullmatch(i)]
    return arrow.filter(pc.is_in(arrow["trace_id"], value_set=pa.array(good, type=pa.string())))


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
    frame = read_rows(parts, "availability", columns=["trace_id", "sampling_rate"])
    if frame is None or frame.empty:
        return {}
    rates = frame[frame["sampling_rate"] > 0].groupby("trace_id")["sampling_rate"].min()
    return {str(key): 1.0 / float(rate) for key, rate in rates.items()}


def to_frame(arrow: Any) -> pd.DataFrame:
    """Return a frame with times in ns and UTC, text as text and lists of ids as tuples."""
    import pyarrow as pa

    frame: pd.DataFrame = arrow.to_pandas()
    for field in arrow.schema:
        column = frame[field.name]
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            if column.dtype.unit != "ns":
                frame[field.name] = column.dt.as_unit("ns")
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
    cut: pd.DataFrame = frame[keep].reset_index(drop=True)
    return cut


def nanoseconds(column: pd.Series) -> NDArray[np.int64]:
    """Return a time column as integer nanoseconds since 1970."""
    return np.asarray(column.dt.as_unit("ns").astype("int64"), dtype=np.int64)
