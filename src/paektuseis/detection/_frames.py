"""Tables built from whole columns, for lists too long to build row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.extensions import ExtensionArray

from ..tables import Schema

_EMPTY: dict[str, Any] = {"float": np.nan, "int": 0, "bool": False, "text": ""}


def utc_index(ns: NDArray[np.int64]) -> pd.DatetimeIndex:
    """Return nanoseconds since 1970 as UTC times."""
    return pd.DatetimeIndex(np.asarray(ns, dtype=np.int64).view("datetime64[ns]")).tz_localize(
        "UTC"
    )


def nanoseconds(column: pd.Series) -> NDArray[np.int64]:
    """Return a UTC-aware time column as nanoseconds since 1970, whatever its resolution."""
    return np.asarray(column.dt.as_unit("ns").astype("int64"), dtype=np.int64)


def choices(values: Sequence[str], codes: NDArray[np.int64] | int) -> ExtensionArray:
    """Return a text column of few different values: ``values[codes]``."""
    some = pd.array([str(v) for v in values], dtype="str")
    return some.take(np.atleast_1d(np.asarray(codes, dtype=np.int64)))


def from_columns(schema: Schema, columns: Mapping[str, Any], size: int) -> pd.DataFrame:
    """Build a table from columns; an optional column not given takes its empty value.

    A column is an array of ``size`` entries or one value for all; times are nanoseconds, and a
    text column may be one of pandas' own (:func:`choices`).
    """
    out: dict[str, Any] = {}
    for column in schema.columns:
        if column.name not in columns:
            if column.required:
                raise KeyError(f"table {schema.name!r} needs column {column.name!r}")
            values: Any = _EMPTY[column.kind]
        else:
            values = columns[column.name]
        if column.kind == "time":
            out[column.name] = utc_index(values)
        elif column.kind == "list":
            out[column.name] = pd.Series(list(values), dtype="object")
        elif column.kind == "text":
            if isinstance(values, str):
                values = choices([values], np.zeros(size, dtype=np.int64))
            elif not isinstance(values, ExtensionArray):
                values = pd.array([str(v) for v in values], dtype="str")
            out[column.name] = values
        else:
            dtype = {"float": "float64", "int": "int64", "bool": "bool"}[column.kind]
            out[column.name] = np.broadcast_to(np.asarray(values, dtype=dtype), (size,)).copy()
    return pd.DataFrame(out)
