"""Columns that detections and events have in common."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import ParameterError


def nanoseconds(column: pd.Series) -> NDArray[np.int64]:
    """Return a UTC-aware time column as nanoseconds since 1970, whatever its resolution."""
    return np.asarray(column.dt.as_unit("ns").astype("int64"), dtype=np.int64)


def onset_column(frame: pd.DataFrame) -> str:
    """Return the name of the column that holds the onset: events have ``time``."""
    if not isinstance(frame, pd.DataFrame):
        raise ParameterError(f"a pandas DataFrame is needed, not {type(frame).__name__}")
    for name in ("time", "starttime"):
        if name in frame.columns:
            if len(frame) and not isinstance(frame[name].dtype, pd.DatetimeTZDtype):
                raise ParameterError(
                    f"column {name!r} is {frame[name].dtype}, not a time with zone UTC; convert it "
                    "with pandas.to_datetime(..., utc=True)"
                )
            return name
    raise ParameterError(
        f"neither a column 'time' nor 'starttime' in a table with {list(frame.columns)}"
    )


def without_vetoed(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows nothing speaks against (all, where there is no column ``veto``)."""
    if "veto" not in frame.columns:
        return frame.reset_index(drop=True)
    return frame[frame["veto"].fillna("") == ""].reset_index(drop=True)
