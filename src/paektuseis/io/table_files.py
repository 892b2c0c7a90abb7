"""Tables at rest: Parquet or CSV, written whole, read back as they were."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_object_dtype

from ..errors import OutputError, ParameterError
from ..tables import Schema
from ._output import atomic_path
from ._sources import one_path

PART = 65_536
"""Rows of a long table turned into Parquet at once: its memory stays that of a part."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in (".parquet", ".csv"):
        raise ParameterError(f"{path}: tables are written and read as .parquet or .csv")
    return suffix


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _guard(text: str) -> str:
    """Keep a text cell from being taken for a formula by a spreadsheet."""
    return "'" + text if text.startswith(_FORMULA) and not _is_number(text) else text


def _unguard(text: str) -> str:
    if text.startswith("'") and text[1:].startswith(_FORMULA) and not _is_number(text[1:]):
        return text[1:]
    return text


def _cell(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return _guard(" ".join(str(v) for v in value))
    if isinstance(value, str):
        return _guard(value)
    return value


def _times_as_text(values: pd.Series[Any]) -> list[str]:
    if values.dt.tz is not None:
        values = values.dt.tz_convert("UTC")
    return ["" if pd.isna(v) else v.tz_localize(None).isoformat() + "Z" for v in values]


def write_table(
    frame: pd.DataFrame,
    path: str | os.PathLike[str],
    *,
    arrays: Mapping[str, Sequence[NDArray[Any]]] | None = None,
) -> Path:
    """Write a table as Parquet or CSV, by the suffix of the path, whole or not at all.

    Parameters
    ----------
    frame : DataFrame
        Its index is not written.
    path : str or Path
        Ending in ``.parquet`` or ``.csv``. In CSV, times are ISO 8601 with ``Z``, a tuple is
        joined by spaces, and text a spreadsheet would take for a formula begins with an
        apostrophe (which :func:`read_table` takes away again).
    arrays : mapping of str to sequence of ndarray, optional
        Columns that hold an array in each row, in Parquet alone: blocks of shape (rows, values),
        one after the other as many rows as the table has. Blocks may differ in width.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    OutputError
        If it cannot be written.
    ParameterError
        If the suffix is another one, this is no DataFrame, or arrays do not fit it.
    """
    if not isinstance(frame, pd.DataFrame):
        raise ParameterError(f"a table must be a pandas DataFrame, not {type(frame).__name__}")
    target = one_path(path)
    suffix = _suffix(target)
    if arrays and suffix == ".csv":
        raise ParameterError(f"{target}: arrays are kept in .parquet alone")
    for name, blocks in (arrays or {}).items():
        if sum(len(block) for block in blocks) != len(frame):
            raise ParameterError(f"{target}: {name!r} has not one array for each row")
    out = frame.reset_index(drop=True).copy(deep=False)
    for name in out.columns:
        column = out[name]
        if suffix == ".csv" and pd.api.types.is_datetime64_any_dtype(column.dtype):
            out[name] = _times_as_text(column)
        elif column.dtype == object or pd.api.types.is_string_dtype(column.dtype):
            if suffix == ".csv":
                out[name] = [_cell(v) for v in column]
            elif column.dtype == object and any(isinstance(v, tuple) for v in column):
                out[name] = [list(v) if isinstance(v, tuple) else v for v in column]
    with atomic_path(target) as temporary:
        if suffix == ".csv":
            with open(temporary, "w", encoding="utf-8", newline="") as file:
                out.to_csv(file, index=False, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
        else:
            _write_parquet(out, frame, temporary, target, arrays or {})
    return target


def _write_parquet(
    out: pd.DataFrame,
    frame: pd.DataFrame,
    temporary: Path,
    target: Path,
    arrays: Mapping[str, Sequence[NDArray[Any]]],
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if len(out) > PART and not arrays and not any(map(is_object_dtype, out.dtypes)):
            first = pa.Table.from_pandas(out.iloc[:PART], preserve_index=False)
            with pq.ParquetWriter(temporary, first.schema, compression="zstd") as writer:
                writer.write_table(first)
                for begin in range(PART, len(out), PART):
                    part = out.iloc[begin : begin + PART]
                    writer.write_table(pa.Table.from_pandas(part, first.schema, False))
            return
        table = pa.Table.from_pandas(out, preserve_index=False)
        for i, name in enumerate(out.columns):  # a list column without rows has no type of its own
            kind = table.schema.field(i).type
            if pa.types.is_null(kind) or (
                pa.types.is_list(kind) and pa.types.is_null(kind.value_type)
            ):
                wanted = (
                    pa.list_(pa.string())
                    if len(frame) and isinstance(frame[name].iloc[0], tuple)
                    else pa.string()
                )
                table = table.set_column(i, str(name), table.column(i).cast(wanted))
        for name, blocks in arrays.items():
            table = table.append_column(name, _array_column(blocks))
        pq.write_table(table, temporary, compression="zstd")
    except (pa.ArrowException, TypeError) as error:
        raise OutputError(f"{target}: the table cannot be kept as Parquet: {error}") from error


def _array_column(blocks: Sequence[NDArray[Any]]) -> Any:
    import pyarrow as pa

    widths = [np.full(len(b), b.shape[1], np.int64) for b in blocks]
    ends = np.cumsum(np.concatenate([np.zeros(1, np.int64), *widths]))
    flat = (
        np.concatenate([np.ascontiguousarray(b).ravel() for b in blocks])
        if blocks
        else np.empty(0, np.float32)
    )
    return pa.ListArray.from_arrays(pa.array(ends.astype(np.int32)), pa.array(flat))


def read_table(path: str | os.PathLike[str], schema: Schema | None = None) -> pd.DataFrame:
    """Read a table written by :func:`write_table`.

    Parameters
    ----------
    path : str or Path
        Ending in ``.parquet`` or ``.csv``.
    schema : Schema, optional
        One of :mod:`paektuseis.tables`; restores the kinds of the columns (needed for CSV,
        where everything is text) and checks that the required ones are there.

    Returns
    -------
    DataFrame
        Times are ``datetime64[ns, UTC]``, lists of ids are tuples.

    Raises
    ------
    ParameterError
        If the file is missing, is no table, or lacks a column of the schema.
    """
    source = one_path(path)
    suffix = _suffix(source)
    if not source.is_file():
        raise ParameterError(f"{source}: no such table file")
    try:
        frame = _read_csv(source, schema) if suffix == ".csv" else _read_parquet(source)
    except (OSError, ValueError, UnicodeError, KeyError) as error:
        raise ParameterError(f"{source}: cannot be read as a table: {error}") from error
    if schema is not None:
        frame = _restore(frame, schema, source)
    return frame


def _read_parquet(source: Path) -> pd.DataFrame:
    frame = pd.read_parquet(source, engine="pyarrow")
    for name in frame.columns:
        column = frame[name]
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            frame[name] = column.dt.as_unit("ns").dt.tz_convert("UTC")
        elif column.dtype == object and any(isinstance(v, np.ndarray | list) for v in column):
            frame[name] = pd.Series(
                [tuple(v) if v is not None else () for v in column], index=frame.index, dtype=object
            )
    return frame


def _read_csv(source: Path, schema: Schema | None) -> pd.DataFrame:
    frame = pd.read_csv(
        source,
        dtype=str if schema is not None else None,
        keep_default_na=schema is None,
        encoding="utf-8",
    )
    for name in frame.columns:
        if frame[name].dtype == object or pd.api.types.is_string_dtype(frame[name].dtype):
            frame[name] = [_unguard(v) if isinstance(v, str) else v for v in frame[name]]
    return frame


def _restore(frame: pd.DataFrame, schema: Schema, source: Path) -> pd.DataFrame:
    kinds = {c.name: c.kind for c in schema.columns}
    for name in frame.columns:
        kind = kinds.get(str(name))
        column = frame[name]
        try:
            if kind == "time":
                texts = (
                    column.replace("", None)
                    if not isinstance(column.dtype, pd.DatetimeTZDtype)
                    else column
                )
                frame[name] = pd.to_datetime(texts, utc=True, format="ISO8601").dt.as_unit("ns")
            elif kind == "list":
                frame[name] = pd.Series(
                    [tuple(v.split()) if isinstance(v, str) else tuple(v) for v in column],
                    index=frame.index,
                    dtype=object,
                )
            elif kind == "float":
                missing = column.isin(["", "nan", "NaN"])
                frame[name] = pd.to_numeric(column.mask(missing)).astype("float64")
            elif kind == "int":
                frame[name] = pd.to_numeric(column).astype("int64")
            elif kind == "bool":
                frame[name] = [v in (True, "True", "true", "1") for v in column]
            elif kind == "text":
                frame[name] = column.astype(str)
        except (ValueError, TypeError) as error:
            raise ParameterError(
                f"{source}: column {name!r} is no {kind} column: {error}"
            ) from error
    try:
        return schema.check(frame)
    except ParameterError as error:
        raise ParameterError(f"{source}: {error}") from error
