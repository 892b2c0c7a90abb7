"""One day of results in memory, arranged by station and by event."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pandas as pd

from ...catalog._columns import nanoseconds
from ...tables import station_of
from ._source import Day
from ._words import finite, known_class, number


class DayTables:
    """The tables of a day, read when first asked for.

    Parameters
    ----------
    day : Day
    """

    def __init__(self, day: Day) -> None:
        self.day = day
        self._read: dict[str, pd.DataFrame] = {}
        self.start, self.end = int(day.starttime.ns), int(day.endtime.ns)

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._read:
            self._read[name] = self.day.table(name)
        return self._read[name]

    @functools.cached_property
    def stations(self) -> list[str]:
        """``NET.STA`` of everything that recorded or was watched."""
        ids = {*self["availability"]["trace_id"], *self["monitoring"]["trace_id"]}
        return sorted({station_of(i) for i in ids if i})

    @functools.cached_property
    def detector(self) -> str:
        """Name of the first detector: whose view of a station the states are."""
        groups = self["rates"]
        names = list(dict.fromkeys(groups["group"])) if "group" in groups.columns else []
        watched = self["monitoring"]
        seen = list(dict.fromkeys(watched["detector"])) if "detector" in watched.columns else []
        return str(next((n for n in names if n in seen), seen[0] if seen else ""))

    @functools.cached_property
    def by_event(self) -> dict[str, dict[str, list[dict[str, Any]]]]:
        """Rows of every table that speaks of events, by event and table."""
        found: dict[str, dict[str, list[dict[str, Any]]]] = {
            str(i): {} for i in self["events"]["event_id"]
        }
        for name in (
            "events", "classes", "origins", "magnitudes", "station_magnitudes", "picks",
            "residuals", "refusals", "families", "amplitudes",
        ):  # fmt: skip
            frame = self[name]
            if "event_id" not in frame.columns:
                continue
            for row in frame.to_dict("records"):
                mine = found.get(str(row["event_id"]))
                if mine is not None:
                    mine.setdefault(name, []).append({str(k): v for k, v in row.items()})
        return found

    @functools.cached_property
    def event_ids(self) -> list[str]:
        """Ids of the events in order of time."""
        ordered = self["events"].sort_values("time", kind="stable")
        return [str(i) for i in ordered["event_id"]]

    def label(self, event_id: str) -> str:
        """Return the class of an event, ``""`` for none."""
        rows = self.by_event[event_id]
        for name in ("classes", "events"):
            for row in rows.get(name, ()):
                if row.get("label"):
                    return known_class(row["label"])
        return ""

    def states(self, station: str) -> list[tuple[int, int, str]]:
        """Return the spans (ns) in which a station was monitored, blind or without record.

        They are of the first detector's best channel: a station is as awake as that one.
        """
        watched = self["monitoring"]
        if len(watched):
            mine = watched[watched["trace_id"].map(station_of) == station]
            if "detector" in mine.columns:
                mine = mine[mine["detector"] == self.detector]
            best, longest = None, -1.0
            for _trace, rows in mine.groupby("trace_id", sort=True):
                seconds = float(_lengths(rows[rows["state"] == "monitored"]).sum())
                if seconds > longest:
                    best, longest = rows, seconds
            if best is not None:
                begin, end = nanoseconds(best["starttime"]), nanoseconds(best["endtime"])
                return [
                    (int(max(b, self.start)), int(min(e, self.end)), str(s))
                    for b, e, s in zip(begin, end, best["state"], strict=True)
                    if e > self.start and b < self.end
                ]
        return [(b, e, "monitored") for b, e in self.recorded(station)]

    def recorded(self, station: str) -> list[tuple[int, int]]:
        """Return the spans (ns) in which any channel of a station has samples, joined."""
        frame = self["availability"]
        mine = frame[frame["trace_id"].map(station_of) == station]
        if mine.empty:
            return []
        delta = 1e9 / mine["sampling_rate"].to_numpy(float)
        begin = np.maximum(nanoseconds(mine["starttime"]), self.start)
        end = np.minimum(nanoseconds(mine["endtime"]) + delta.astype(np.int64), self.end)
        out: list[tuple[int, int]] = []
        for b, e in sorted(zip(begin.tolist(), end.tolist(), strict=True)):
            if e <= b:
                continue
            if out and b <= out[-1][1]:
                out[-1] = (out[-1][0], max(out[-1][1], e))
            else:
                out.append((b, e))
        return out

    def shares(self, station: str) -> dict[str, float]:
        """Return the share of the day in each state, and ``recorded``."""
        length = self.end - self.start
        found = {"monitored": 0.0, "blind": 0.0, "missing": 0.0}
        for begin, end, state in self.states(station):
            found[state] = found.get(state, 0.0) + (end - begin) / length
        found["missing"] = max(0.0, 1.0 - found["monitored"] - found["blind"])
        found["recorded"] = sum(e - b for b, e in self.recorded(station)) / length
        return found

    def of_station(self, name: str, station: str) -> pd.DataFrame:
        """Return the rows of a table that are of one station."""
        frame = self[name]
        if frame.empty:
            return frame
        return frame[frame["trace_id"].map(station_of) == station].reset_index(drop=True)

    def rates(self) -> pd.DataFrame:
        """Return the counts of the first detector: they say how many stations were alive."""
        frame = self["rates"]
        if "group" in frame.columns and len(frame):
            return frame[frame["group"] == (self.detector or frame["group"].iloc[0])]
        return frame

    def summary(self) -> dict[str, Any]:
        """Return what the index says of the day, ready for JSON."""
        counts: dict[str, int] = {}
        for event_id in self.event_ids:
            label = self.label(event_id)
            counts[label] = counts.get(label, 0) + 1
        rates = self.rates()
        alive = monitored = needed = None
        if len(rates):
            weight = rates["window"].to_numpy(float)
            alive = _mean(rates["stations_alive"], weight)
            monitored = _mean(rates["monitored"], weight)
            needed = int(rates["min_stations"].min())
        severe = self["quality"]["severity"].value_counts()
        return {
            "name": self.day.name,
            "starttime": str(self.day.starttime),
            "endtime": str(self.day.endtime),
            "counts": counts,
            "alive": alive,
            "monitored": monitored,
            "min_stations": needed,
            "stations": {s: self.shares(s) for s in self.stations},
            "errors": int(severe.get("error", 0)),
            "warnings": int(severe.get("warning", 0)),
        }


def _lengths(rows: pd.DataFrame) -> pd.Series:
    return (rows["endtime"] - rows["starttime"]).dt.total_seconds()


def _mean(values: pd.Series, weight: Any) -> float | None:
    data = values.to_numpy(float)
    known = np.isfinite(data)
    if not known.any():
        return None
    return float(np.average(data[known], weights=weight[known]))


def magnitude_text(row: dict[str, Any]) -> str:
    """Return the magnitude of a row of events in words, ``""`` for none."""
    value = row.get("magnitude")
    if not finite(value):
        return ""
    return f"{row.get('magnitude_kind') or 'M'} {number(value, 1)}"
