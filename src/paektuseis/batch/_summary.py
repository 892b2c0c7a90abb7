"""One row for each channel of a run: sums over days that are looked at one after another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from ._partitions import Partition
from ._reading import nanoseconds
from ._spans import covered

NEEDED = {
    "availability": ("trace_id", "starttime", "endtime", "sampling_rate"),
    "gaps": ("trace_id",),
    "triggers": ("trace_id",),
    "quality": ("trace_id", "severity"),
}
COUNTS = ("gaps", "triggers", "warnings", "errors")


def summarise(
    days: Iterable[tuple[Sequence[Partition], Mapping[str, pd.DataFrame | None]]],
) -> pd.DataFrame:
    """Return what was recorded and found of each channel (see ``Results.summary``)."""
    sums: dict[str, dict[str, float]] = {}
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    processed = 0.0
    for parts, held in days:
        processed += sum(p.endtime - p.starttime for p in parts)
        edges = np.array([*(p.starttime.ns for p in parts), parts[-1].endtime.ns], dtype=np.int64)
        segments = held.get("availability")
        if segments is not None and len(segments):
            starts, ends = nanoseconds(segments["starttime"]), nanoseconds(segments["endtime"])
            delta = np.rint(1e9 / segments["sampling_rate"].to_numpy(float)).astype(np.int64)
            for name, at in segments.groupby("trace_id", sort=False).indices.items():
                key = str(name)
                row = sums.setdefault(key, {})
                seconds = covered(starts[at], ends[at] + delta[at], edges)
                row["recorded"] = row.get("recorded", 0.0) + float(seconds.sum())
                row["days"] = row.get("days", 0.0) + int((seconds > 0).sum())
                first[key] = min(first.get(key, 2**63 - 1), int(starts[at].min()))
                last[key] = max(last.get(key, -(2**63)), int(ends[at].max()))
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
