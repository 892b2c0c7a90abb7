"""One row for each channel of a run: sums over days that are looked at one after another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from ._partitions import Partition
from ._reading import nanoseconds
from ._spans import covered

COUNTS = ("gaps", "triggers", "warnings", "errors")


def summarise(
    days: Iterable[tuple[Partition, Mapping[str, pd.DataFrame | None]]],
) -> pd.DataFrame:
    """Return what was recorded and found of each channel (see ``Results.summary``)."""
    sums: dict[str, dict[str, float]] = {}
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    processed = 0.0
    for part, held in days:
        processed += part.endtime - part.starttime
        segments = held.get("availability")
        if segments is not None and len(segments):
            starts, ends = nanoseconds(segments["starttime"]), nanoseconds(segments["endtime"])
            delta = np.rint(1e9 / segments["sampling_rate"].to_numpy(float)).astype(np.int64)
            edges = np.array([part.starttime.ns, part.endtime.ns], dtype=np.int64)
            for key, at in segments.groupby("trace_id", sort=False).indices.items():
                row = sums.setdefault(str(key), {})
                row["recorded"] = row.get("recorded", 0.0) + float(
                    covered(starts[at], ends[at] + delta[at], edges)[0]
                )
                row["days"] = row.get("days", 0.0) + 1
                first[str(key)] = min(first.get(str(key), 2**63 - 1), int(starts[at].min()))
                last[str(key)] = max(last.get(str(key), -(2**63)), int(ends[at].max()))
        for name in ("gaps", "triggers"):
            _count(sums, name, held.get(name))
        findings = held.get("quality")
        if findings is not None:
            for name, severity in (("warnings", "warning"), ("errors", "error")):
                _count(sums, name, findings[findings["severity"] == severity])
    ids = sorted(key for key in sums if key)
    missing = np.iinfo(np.int64).min  # read by numpy as NaT

    def times(found: dict[str, int]) -> pd.DatetimeIndex:
        ns = np.array([found.get(i, missing) for i in ids], dtype=np.int64)
        return pd.DatetimeIndex(ns.view("datetime64[ns]")).tz_localize("UTC")

    recorded = np.array([sums[i].get("recorded", 0.0) for i in ids])
    whole = {
        name: np.array([sums[i].get(name, 0) for i in ids], dtype=np.int64)
        for name in ("days", *COUNTS)
    }
    return pd.DataFrame(
        {
            "trace_id": pd.Series(ids, dtype=str),
            "first": times(first),
            "last": times(last),
            "days": whole["days"],
            "recorded": recorded,
            "share": recorded / processed if processed else recorded,
            **{name: whole[name] for name in COUNTS},
        }
    )


def _count(sums: dict[str, dict[str, float]], name: str, frame: pd.DataFrame | None) -> None:
    if frame is None or frame.empty:
        return
    for key, number in frame["trace_id"].value_counts().items():
        row = sums.setdefault(str(key), {})
        row[name] = row.get(name, 0) + int(number)
