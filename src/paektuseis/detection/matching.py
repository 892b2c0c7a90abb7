"""Detections held against a reference list: hits, misses and false alarms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .. import tables
from ..errors import ParameterError
from ..times import as_timestamps
from . import _scan
from ._frames import from_columns, nanoseconds

_NOT_A_TIME = np.iinfo(np.int64).min


@dataclass(frozen=True, kw_only=True, eq=False)
class MatchResult:
    """What a comparison of detections with a reference gave.

    Attributes
    ----------
    table : DataFrame
        Table ``tables.MATCHES``: a row for each hit, miss and false detection, by time.
    tolerance : float
        Largest difference in seconds that was accepted.

    Notes
    -----
    Recall is hits over reference, precision hits over detections, f1 their harmonic mean; each
    is NaN where it would divide by zero. ``len()`` is the number of hits.
    """

    table: pd.DataFrame
    tolerance: float

    def _of(self, outcome: str) -> pd.DataFrame:
        return self.table[self.table["outcome"] == outcome].reset_index(drop=True)

    @property
    def hits(self) -> pd.DataFrame:
        """The pairs."""
        return self._of("hit")

    @property
    def misses(self) -> pd.DataFrame:
        """Entries of the reference that nothing was detected for."""
        return self._of("miss")

    @property
    def false(self) -> pd.DataFrame:
        """Detections without an entry in the reference."""
        return self._of("false")

    @property
    def n_hits(self) -> int:
        """Number of pairs."""
        return int((self.table["outcome"] == "hit").sum())

    @property
    def n_missed(self) -> int:
        """Number of entries of the reference without a detection."""
        return int((self.table["outcome"] == "miss").sum())

    @property
    def n_false(self) -> int:
        """Number of detections without an entry in the reference."""
        return int((self.table["outcome"] == "false").sum())

    @property
    def recall(self) -> float:
        """Hits over all entries of the reference."""
        return _share(self.n_hits, self.n_hits + self.n_missed)

    @property
    def precision(self) -> float:
        """Hits over all detections."""
        return _share(self.n_hits, self.n_hits + self.n_false)

    @property
    def f1(self) -> float:
        """Harmonic mean of recall and precision."""
        return _share(2 * self.n_hits, 2 * self.n_hits + self.n_missed + self.n_false)

    def __len__(self) -> int:
        return self.n_hits

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return (
            f"MatchResult({self.n_hits} hits, {self.n_missed} missed, {self.n_false} false; "
            f"recall {self.recall:.3f}, precision {self.precision:.3f}, f1 {self.f1:.3f}; "
            f"within {self.tolerance:g} s)"
        )


def match_detections(
    detections: pd.DataFrame,
    reference: pd.DataFrame,
    *,
    tolerance: float = 3.0,
    time_column: str = "time",
) -> MatchResult:
    """Pair detections with the events of a reference, one to one.

    Of all pairings within ``tolerance`` the one with the most hits is taken, and among those the
    one with the smallest sum of absolute residuals.

    Parameters
    ----------
    detections : DataFrame
        Compared by ``starttime``, or by ``time_column`` where it has no ``starttime``.
    reference : DataFrame
        With a column ``time_column`` of times: UTC-aware or naive (taken as UTC), ISO strings
        or ``UTCDateTime``.
    tolerance : float, optional
        Largest difference of a pair in seconds, inclusive.
    time_column : str, optional

    Returns
    -------
    MatchResult

    Raises
    ------
    ParameterError
        If a table lacks its times, a time is missing, or the tolerance is negative.

    Examples
    --------
    >>> import pandas as pd
    >>> found = pd.DataFrame({"time": ["2010-09-01T00:00:01", "2010-09-01T00:01:00"]})
    >>> truth = pd.DataFrame({"time": ["2010-09-01T00:00:00", "2010-09-01T00:05:00"]})
    >>> match_detections(found, truth)
    MatchResult(1 hits, 1 missed, 1 false; recall 0.500, precision 0.500, f1 0.500; within 3 s)
    """
    if not (np.isfinite(tolerance) and tolerance >= 0):
        raise ParameterError(f"tolerance={tolerance} s; give zero or a positive time")
    found = _times(
        detections, "starttime" if "starttime" in _names(detections) else time_column, "detections"
    )
    truth = _times(reference, time_column, "reference")
    by_time, in_truth = np.argsort(found, kind="stable"), np.argsort(truth, kind="stable")
    pairs = _scan.match(found[by_time], truth[in_truth], round(tolerance * 1e9))
    partner = np.full(len(found), -1, dtype=np.int64)
    partner[by_time] = np.where(pairs >= 0, in_truth[pairs] if len(truth) else -1, -1)
    missed = np.setdiff1d(np.arange(len(truth)), partner)
    ids = (
        detections["event_id"].astype(str).to_numpy(dtype=object)
        if "event_id" in detections.columns
        else np.full(len(found), "", dtype=object)
    )
    hit = partner >= 0
    known = np.full(len(found), _NOT_A_TIME)
    known[hit] = truth[partner[hit]]
    residual = np.full(len(found), np.nan)
    residual[hit] = (found[hit] - known[hit]) / 1e9
    nothing = np.full(len(missed), _NOT_A_TIME)
    table = from_columns(
        tables.MATCHES,
        {
            "outcome": [*np.where(hit, "hit", "false"), *(["miss"] * len(missed))],
            "reference_index": np.r_[partner, missed],
            "reference_time": np.r_[known, truth[missed]],
            "event_id": [*ids, *([""] * len(missed))],
            "detection_time": np.r_[found, nothing],
            "residual": np.r_[residual, np.full(len(missed), np.nan)],
        },
        len(found) + len(missed),
    )
    order = np.argsort(np.r_[found, truth[missed]], kind="stable")
    return MatchResult(table=table.iloc[order].reset_index(drop=True), tolerance=float(tolerance))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def _names(frame: Any) -> list[str]:
    if not isinstance(frame, pd.DataFrame):
        raise ParameterError(f"a pandas DataFrame is needed, not {type(frame).__name__}")
    return [str(c) for c in frame.columns]


def _times(frame: pd.DataFrame, column: str, what: str) -> NDArray[np.int64]:
    if column not in _names(frame):
        raise ParameterError(
            f"{what} has no column {column!r}; it has {_names(frame)}. Name the one that holds "
            "the times with time_column="
        )
    values = frame[column]
    if values.isna().any():
        raise ParameterError(
            f"{what} has {int(values.isna().sum())} rows without {column}; drop them first"
        )
    if not len(values):
        return np.empty(0, dtype=np.int64)
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return nanoseconds(values)
    if all(isinstance(v, str) for v in values):  # pandas writes "2010-09-01 12:00:00+00:00"
        try:
            return nanoseconds(pd.to_datetime(values, utc=True, format="ISO8601"))
        except ValueError as error:
            raise ParameterError(
                f"{column} of {what}: {error}; write 2010-09-01T12:00:00"
            ) from error
    return nanoseconds(pd.Series(as_timestamps(values)))
