"""Years of results reduced to one figure for each step of time, day after day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from obspy import UTCDateTime

from ..errors import ParameterError
from ..tables import station_of
from ..types import Timeline
from ._partitions import Partition, batches, id_filter
from ._reading import nanoseconds, read_rows
from ._spans import covered, quantiles

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
HOUR, DAY, WEEK = 3600.0, 86400.0, 604800.0
STEPS = (HOUR, 6 * HOUR, DAY, WEEK)
MONDAY = 4 * round(DAY * 1e9)
"""1970-01-05, ns after 1970: weeks begin on Monday."""
MIN_COVERAGE = 0.1
"""Share of its windows a step needs for a median."""
SHARES = (0.1, 0.5, 0.9)

AMPLITUDE_KEYS = ("trace_id", "units", "statistic", "window", "freqmin", "freqmax")
RATIO_KEYS = ("trace_id", "ratio", "statistic", "quantity", "window")


def auto_step(seconds: float) -> float:
    """Return the step for a span: an hour up to 4 days, 6 h to 45, a day to 3 years, a week."""
    for step, longest in ((HOUR, 4 * DAY), (6 * HOUR, 45 * DAY), (DAY, 3 * 366 * DAY)):
        if seconds <= longest:
            return step
    return WEEK


def grid(start: UTCDateTime, end: UTCDateTime, step: float) -> IntArray:
    """Return the edges (ns) of the steps that touch a span, on whole multiples of the step."""
    length = round(step * 1e9)
    shift = MONDAY if step == WEEK else 0
    first = (int(start.ns) - shift) // length
    last = -((shift - int(end.ns)) // length)
    return np.arange(first, last + 1, dtype=np.int64) * length + shift


def build_timeline(
    parts: Sequence[Partition],
    start: UTCDateTime,
    end: UTCDateTime,
    *,
    stations: str | Sequence[str] | None = None,
    step: float | None = None,
    known: Iterable[str] = (),
    source: str = "",
) -> Timeline:
    """Return the figures of a time line (see ``Results.timeline``).

    ``known`` are channels of the run that may not have recorded in this span at all: their
    stations get a row, because an absent station is not a quiet one.
    """
    step = auto_step(end - start) if step is None else float(step)
    if step not in STEPS:
        raise ParameterError(f"step={step} s; choose one of {STEPS} (hour, 6 h, day, week)")
    edges = grid(start, end, step)
    sums = _Sums(edges, step, _station_filter(stations))
    for some in batches(parts):
        sums.add(some, start, end)
    sums.expect(known)
    return sums.timeline(start, end, source)


def _station_filter(stations: str | Sequence[str] | None) -> Any:
    if stations is None:
        return None
    pattern = id_filter(stations)
    return lambda trace_id: pattern is None or bool(pattern.fullmatch(station_of(trace_id)))


@dataclass
class _Quantiles:
    """Medians and percentiles by step: rows are kept until their step is over."""

    keys: tuple[str, ...]
    edges: IntArray
    step: float
    held: list[pd.DataFrame] = field(default_factory=list)
    done: list[pd.DataFrame] = field(default_factory=list)

    def add(self, frame: pd.DataFrame, until: int) -> None:
        """Take rows of a day; what lies in steps that end by ``until`` (ns) is reduced."""
        if len(frame):
            slots = np.searchsorted(self.edges, nanoseconds(frame["starttime"]), "right") - 1
            self.held.append(frame[[*self.keys, "value"]].assign(slot=slots))
        if not self.held:
            return
        over = int(np.searchsorted(self.edges, until, "right")) - 1  # first step not yet over
        if any((f["slot"] < over).any() for f in self.held):
            rows = pd.concat(self.held, ignore_index=True) if len(self.held) > 1 else self.held[0]
            ready = (rows["slot"] < over).to_numpy()
            self._reduce(rows[ready])
            self.held = [] if ready.all() else [rows[~ready]]

    def finish(self) -> pd.DataFrame:
        """Return the table of all steps."""
        if self.held:
            self._reduce(pd.concat(self.held, ignore_index=True))
            self.held = []
        if self.done:
            out = pd.concat(self.done, ignore_index=True)
        else:
            out = pd.DataFrame(
                {
                    name: pd.Series(dtype=str if name in _TEXT else float)
                    for name in (*self.keys, "low", "median", "high", "coverage")
                }
            ).assign(slot=np.empty(0, np.int64))
        out.insert(0, "starttime", _stamps(self.edges[out.pop("slot").to_numpy(np.int64)]))
        return out

    def _reduce(self, rows: pd.DataFrame) -> None:
        keys = [*self.keys, "slot"]
        groups = rows.groupby(keys, sort=True, dropna=False, observed=True)
        codes: IntArray = np.asarray(groups.ngroup(), dtype=np.int64)
        count = groups.ngroups
        figures, sizes = quantiles(codes, rows["value"].to_numpy(float), count, SHARES)
        out = rows[keys].iloc[np.unique(codes, return_index=True)[1]].reset_index(drop=True)
        coverage = np.minimum(sizes * out["window"].to_numpy(float) / self.step, 1.0)
        figures[:, coverage < MIN_COVERAGE - 1e-9] = np.nan
        for name, row in zip(("low", "median", "high"), figures, strict=True):
            out[name] = row
        self.done.append(out.assign(coverage=coverage))


_TEXT = {"trace_id", "units", "statistic", "ratio", "quantity"}


class _Sums:
    """What is kept while the days go by."""

    def __init__(self, edges: IntArray, step: float, wanted: Any) -> None:
        self.edges, self.step, self.wanted = edges, step, wanted
        self.size = len(edges) - 1
        self.processed = np.zeros(self.size)
        self.recorded: dict[str, FloatArray] = {}
        self.groups: dict[str, FloatArray] = {}
        self.amplitude = _Quantiles(AMPLITUDE_KEYS, edges, step)
        self.ratios = _Quantiles(RATIO_KEYS, edges, step)

    def add(self, parts: Sequence[Partition], start: UTCDateTime, end: UTCDateTime) -> None:
        """Take some days (their part inside the span)."""
        begins = np.array([max(start, p.starttime).ns for p in parts], dtype=np.int64)
        ends = np.array([min(end, p.endtime).ns for p in parts], dtype=np.int64)
        self.processed += covered(begins, ends, self.edges)
        self._availability(parts, start, end)
        self._rates(parts, start, end)
        for name, keep, keys in (
            ("rsam", self.amplitude, AMPLITUDE_KEYS),
            ("ratios", self.ratios, RATIO_KEYS),
        ):
            frame = read_rows(parts, name, start, end, columns=[*keys, "starttime", "value"])
            keep.add(self._of_stations(frame), int(ends[-1]))

    def expect(self, trace_ids: Iterable[str]) -> None:
        """Give stations that recorded nothing a row of zeros."""
        for trace_id in trace_ids:
            if self.wanted is None or self.wanted(trace_id):
                self.recorded.setdefault(station_of(trace_id), np.zeros(self.size))

    def _of_stations(self, frame: pd.DataFrame | None) -> pd.DataFrame:
        if frame is None:
            return pd.DataFrame()
        if self.wanted is None or frame.empty:
            return frame
        good = {i for i in frame["trace_id"].unique() if self.wanted(i)}
        return frame[frame["trace_id"].isin(good)]

    def _availability(
        self, parts: Sequence[Partition], start: UTCDateTime, end: UTCDateTime
    ) -> None:
        columns = ["trace_id", "starttime", "endtime", "sampling_rate"]
        frame = self._of_stations(read_rows(parts, "availability", start, end, columns=columns))
        if frame.empty:
            return
        delta = np.rint(1e9 / frame["sampling_rate"].to_numpy(float)).astype(np.int64)
        begins = np.maximum(nanoseconds(frame["starttime"]), int(start.ns))
        ends = np.minimum(nanoseconds(frame["endtime"]) + delta, int(end.ns))
        station = frame["trace_id"].map(station_of)
        for name, at in station.groupby(station, sort=True).indices.items():
            seconds = covered(begins[at], ends[at], self.edges)
            self.recorded[str(name)] = self.recorded.get(str(name), 0.0) + seconds

    def _rates(self, parts: Sequence[Partition], start: UTCDateTime, end: UTCDateTime) -> None:
        frame = read_rows(parts, "rates", start, end)
        if frame is None or frame.empty:
            return
        longest = float(frame["window"].max())
        if longest > self.step + 1e-6:
            raise ParameterError(
                f"step={self.step:g} s is shorter than the windows in which events were counted "
                f"({longest:g} s); give a longer step"
            )
        slots = np.searchsorted(self.edges, nanoseconds(frame["starttime"]), "right") - 1
        groups = frame["group"] if "group" in frame.columns else pd.Series("", index=frame.index)
        for name, at in groups.groupby(groups, sort=False).indices.items():
            kept = self.groups.setdefault(str(name), _no_rates(self.size))
            rows, slot = frame.iloc[at], slots[at]
            window = rows["window"].to_numpy(float)
            np.add.at(kept[0], slot, rows["count"].to_numpy(float))
            for i, column in ((2, "monitored"), (4, "stations_alive")):
                value = rows[column].to_numpy(float)
                known = np.isfinite(value)
                np.add.at(kept[i], slot[known], (value * window)[known])
                np.add.at(kept[i + 1], slot[known], window[known])
            np.add.at(kept[1], slot, window)
            np.minimum.at(kept[6], slot, rows["min_stations"].to_numpy(float))

    def timeline(self, start: UTCDateTime, end: UTCDateTime, source: str) -> Timeline:
        """Return everything as tables."""
        starts = _stamps(self.edges[:-1])
        inside: IntArray = np.clip(self.edges, int(start.ns), int(end.ns))
        length = np.diff(inside).astype(np.float64) / 1e9
        with np.errstate(divide="ignore", invalid="ignore"):
            share = {n: np.minimum(s / self.processed, 1.0) for n, s in self.recorded.items()}
        names = sorted(share)
        return Timeline(
            starttime=start,
            endtime=end,
            step=self.step,
            processed=pd.DataFrame(
                {"starttime": starts, "share": np.minimum(self.processed / length, 1.0)}
            ),
            availability=pd.DataFrame(
                {
                    "station": pd.Series(np.repeat(names, self.size), dtype=str),
                    "starttime": starts.append([starts] * (len(names) - 1))
                    if names
                    else starts[:0],
                    "share": np.concatenate([share[n] for n in names]) if names else np.empty(0),
                }
            ),
            rates=self._rate_table(starts),
            amplitude=self.amplitude.finish(),
            ratios=self.ratios.finish(),
            source=source,
        )

    def _rate_table(self, starts: pd.DatetimeIndex) -> pd.DataFrame:
        frames = []
        for name, kept in self.groups.items():
            counted = kept[1] > 0
            with np.errstate(divide="ignore", invalid="ignore"):
                monitored, alive = kept[2] / kept[3], kept[4] / kept[5]
            frames.append(
                pd.DataFrame(
                    {
                        "group": pd.Series(np.full(int(counted.sum()), name), dtype=str),
                        "starttime": starts[counted],
                        "count": kept[0][counted].astype(np.int64),
                        "monitored": monitored[counted],
                        "stations_alive": alive[counted],
                        "min_stations": kept[6][counted].astype(np.int64),
                    }
                )
            )
        if frames:
            return pd.concat(frames, ignore_index=True)
        return pd.DataFrame(
            {
                "group": pd.Series(dtype=str),
                "starttime": starts[:0],
                "count": np.empty(0, np.int64),
                "monitored": np.empty(0),
                "stations_alive": np.empty(0),
                "min_stations": np.empty(0, np.int64),
            }
        )


def _no_rates(size: int) -> FloatArray:
    """Count, seconds counted, monitored and alive (each with the seconds it is known), need."""
    kept = np.zeros((7, size))
    kept[6] = np.inf
    return kept


def _stamps(ns: IntArray) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(ns.view("datetime64[ns]")).tz_localize("UTC")
