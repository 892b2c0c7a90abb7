"""What a table is: columns with kind, unit and meaning; building one, checking one."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from .errors import ParameterError
from .times import as_timestamps

Kind = Literal["time", "text", "float", "int", "bool", "list"]


@dataclass(frozen=True)
class Column:
    """One column: name, kind, unit (``""`` for none) and meaning."""

    name: str
    kind: Kind
    unit: str
    meaning: str
    required: bool = True


_NUMERIC: dict[str, type] = {"float": np.float64, "int": np.int64, "bool": np.bool_}
_EMPTY: dict[str, Any] = {"int": 0, "bool": False, "float": np.nan, "text": "", "list": ()}


def _missing(value: Any) -> bool:
    return value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value))


def _cast(values: list[Any], kind: Kind) -> Any:
    """Return a column as an array (or index) of the dtype its kind stands for."""
    if kind == "time":
        gaps = np.array([_missing(v) for v in values], dtype=bool)
        if not gaps.any():
            return as_timestamps(values)
        ns = np.full(len(values), np.iinfo(np.int64).min)  # the value numpy reads as NaT
        known = [v for v, gap in zip(values, gaps, strict=True) if not gap]
        ns[~gaps] = as_timestamps(known).asi8
        return pd.DatetimeIndex(ns.view("datetime64[ns]")).tz_localize("UTC")
    if kind in _NUMERIC:
        fill = _EMPTY[kind]
        return np.array([fill if v is None else v for v in values], dtype=_NUMERIC[kind])
    if kind == "text":
        texts = np.array(["" if v is None else str(v) for v in values], dtype=object)
        return pd.Series(texts).astype(str)
    cells = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):
        cells[i] = () if value is None else tuple(str(x) for x in value)
    return cells


@functools.cache
def _empty(schema: Schema) -> pd.DataFrame:
    return pd.DataFrame({c.name: _cast([], c.kind) for c in schema.columns})


@dataclass(frozen=True)
class Schema:
    """The contract of one table."""

    name: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return [c.name for c in self.columns]

    def frame(self, rows: Iterable[Mapping[str, Any]] = ()) -> pd.DataFrame:
        """Build a table from rows (mappings); no row gives an empty table with all columns.

        A column missing from a row takes its empty value (NaN, NaT, ``""``, ``()``, 0, False);
        a key that is no column is an error.

        Raises
        ------
        ParameterError
            If a row has an unknown key or lacks a required column.
        """
        rows = list(rows)
        known = set(self.names)
        for row in rows:
            if extra := set(row) - known:
                raise ParameterError(f"table {self.name!r} has no column {sorted(extra)}")
            missing = {c.name for c in self.columns if c.required} - set(row)
            if missing:
                raise ParameterError(f"a row of table {self.name!r} lacks {sorted(missing)}")
        if not rows:
            return _empty(self).copy()
        return pd.DataFrame(
            {
                c.name: _cast([r.get(c.name, _EMPTY.get(c.kind)) for r in rows], c.kind)
                for c in self.columns
            }
        )

    def check(self, frame: pd.DataFrame, *, need: Iterable[str] | None = None) -> pd.DataFrame:
        """Return the table unchanged if it has the columns it needs.

        Parameters
        ----------
        frame : DataFrame
        need : iterable of str, optional
            Columns that must be there; by default the required ones of the schema.

        Returns
        -------
        DataFrame

        Raises
        ------
        ParameterError
            If it is no DataFrame, lacks a column, or has times without a zone.
        """
        if not isinstance(frame, pd.DataFrame):
            raise ParameterError(
                f"table {self.name!r} must be a pandas DataFrame, not {type(frame).__name__}"
            )
        wanted = list(need) if need is not None else [c.name for c in self.columns if c.required]
        missing = [name for name in wanted if name not in frame.columns]
        if missing:
            raise ParameterError(
                f"table {self.name!r} lacks the columns {missing}; it has {list(frame.columns)}"
            )
        for column in self.columns:
            if column.kind == "time" and column.name in wanted and len(frame):
                dtype = frame[column.name].dtype
                if not isinstance(dtype, pd.DatetimeTZDtype):
                    raise ParameterError(
                        f"column {column.name!r} of table {self.name!r} is {dtype}, not a time "
                        "with zone UTC; convert it with pandas.to_datetime(..., utc=True)"
                    )
        return frame

    def concat(self, frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
        """Stack tables of this schema; none, or only empty ones, give an empty table."""
        full = [f for f in frames if len(f)]
        if not full:
            return self.frame()
        coded = [
            name
            for name in full[0].columns
            if all(isinstance(f[name].dtype, pd.CategoricalDtype) for f in full)
        ]
        if not coded:
            return pd.concat(full, ignore_index=True)
        out = pd.concat([f.drop(columns=coded) for f in full], ignore_index=True)
        for name in coded:  # a plain concat would make texts of different categories
            out[name] = union_categoricals([f[name] for f in full], sort_categories=True)
        return out[list(full[0].columns)]

    def describe(self) -> str:
        """Return the table's columns as text, one a line (used by the documentation)."""
        return "\n".join(
            f"{c.name} ({c.kind}{', ' + c.unit if c.unit else ''}): {c.meaning}"
            for c in self.columns
        )
