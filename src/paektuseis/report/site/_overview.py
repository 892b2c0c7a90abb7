"""The index: everything of a span on one page, gathered day by day."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from obspy import UTCDateTime

from ..._language import translate as _
from ...catalog._columns import nanoseconds
from ...tables import LABELS, station_of
from ...types import FloatArray
from ._day import DayTables, magnitude_text
from ._maps import Ground, draw_map
from ._panels import (
    count_words,
    counts_panel,
    lines_panel,
    series_of,
    series_words,
    share_rows,
    share_words,
)
from ._source import Day
from ._svg import Drawing, TimeAxis
from ._words import class_name, finite, plain_time, rsam_label, units

HOUR, DAY = 3600.0, 86400.0
LEFT, RIGHT, WIDTH = 92.0, 918.0, 960.0
RATIOS = ("rsam", "dsar", "rmar", "lrar", "vlar")
LATEST = 12
DRAWN = (
    "trace_id", "starttime", "window", "value", "units", "statistic", "freqmin", "freqmax", "ratio",
)  # fmt: skip
"""Columns kept of the amplitudes of all days."""


@dataclass
class Overview:
    """Sums over all days of a report: what the index and the catalogue draw from.

    Parameters
    ----------
    start, end : UTCDateTime
        Half-open span.
    """

    start: UTCDateTime
    end: UTCDateTime
    step: float = 0.0
    amplitude_step: float | None = None
    edges: FloatArray = field(default_factory=lambda: np.zeros(0))
    counts: dict[str, FloatArray] = field(default_factory=dict)
    recorded: dict[str, FloatArray] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    quality: list[pd.DataFrame] = field(default_factory=list)
    rsam: list[pd.DataFrame] = field(default_factory=list)
    ratios: list[pd.DataFrame] = field(default_factory=list)

    def __post_init__(self) -> None:
        length = self.end - self.start
        self.step = 600.0 if length <= 6 * HOUR else HOUR if length <= 2 * DAY else DAY
        self.amplitude_step = (
            None if length <= 2 * DAY else HOUR if length <= 10 * DAY else
            6 * HOUR if length <= 60 * DAY else DAY
        )  # fmt: skip

    def gather(self, days: Sequence[Day]) -> Overview:
        """Read every day, one after another; return self."""
        longest = 0.0
        for day in days:
            rates = DayTables(day).rates()
            if len(rates):
                longest = max(longest, float(rates["window"].max()))
        self.step = max(self.step, longest)
        self.edges = _edges(self.start, self.end, self.step)
        size = len(self.edges) - 1
        self._alive, self._alive_s = np.zeros(size), np.zeros(size)
        self._watched, self._watched_s = np.zeros(size), np.zeros(size)
        self.processed = np.zeros(size)
        for day in days:
            self._add(DayTables(day))
        with np.errstate(divide="ignore", invalid="ignore"):
            self.alive = self._alive / self._alive_s
            self.monitored = np.where(self._watched_s > 0, self._watched / self._watched_s, np.nan)
        self.counts = {k: self.counts[k] for k in (*LABELS, "") if k in self.counts}
        return self

    def _add(self, tables: DayTables) -> None:
        self.processed += self._overlap([(tables.start, tables.end)])
        for station in tables.stations:
            seconds = self._overlap(tables.recorded(station))
            self.recorded[station] = self.recorded.get(station, 0.0) + seconds
        rates = tables.rates()
        slots = self._slots(rates["starttime"]) if len(rates) else np.zeros(0, int)
        for into, seconds, name in (
            (self._alive, self._alive_s, "stations_alive"),
            (self._watched, self._watched_s, "monitored"),
        ):
            if len(rates):
                value, window = rates[name].to_numpy(float), rates["window"].to_numpy(float)
                known = np.isfinite(value)
                np.add.at(into, slots[known], (value * window)[known])
                np.add.at(seconds, slots[known], window[known])
        for event_id in tables.event_ids:
            self._add_event(tables, event_id)
        bad = tables["quality"]
        self.quality.append(bad[bad["severity"] != "info"])
        for name, keep in (("rsam", self.rsam), ("ratios", self.ratios)):
            frame = tables[name]
            if len(frame):
                keep.append(frame[[c for c in frame.columns if c in DRAWN]])

    def _add_event(self, tables: DayTables, event_id: str) -> None:
        row = tables.by_event[event_id]["events"][0]
        label = tables.label(event_id)
        slot = self._slots(pd.Series([row["time"]]))[0]
        self.counts.setdefault(label, np.zeros(len(self.edges) - 1))[slot] += 1
        magnitude = magnitude_text(row)
        kind = (tables.by_event[event_id].get("classes") or [{}])[0]
        origin = (tables.by_event[event_id].get("origins") or [{}])[0]
        self.events.append(
            {
                "id": event_id,
                "day": tables.day.name,
                "time": row["time"],
                "label": label,
                "magnitude": magnitude,
                "size": float(row["magnitude"]) if finite(row.get("magnitude")) else math.nan,
                "latitude": row.get("latitude", math.nan),
                "longitude": row.get("longitude", math.nan),
                "depth": row.get("depth_km", math.nan),
                "horizontal": origin.get("horizontal_uncertainty_km", math.nan),
                "vertical": origin.get("depth_uncertainty_km", math.nan),
                "quality": origin.get("quality", ""),
                "stations": int(row["n_stations"]),
                "duration": row.get("duration", math.nan),
                "ratio": row.get("peak_ratio", math.nan),
                "frequency": row.get("dominant_frequency", math.nan),
                "index": row.get("frequency_index", math.nan),
                "amplitude": row.get("peak_amplitude", math.nan),
                "units": row.get("peak_units", ""),
                "best": row.get("best_trace_id", ""),
                "margin": kind.get("margin", math.nan),
            }
        )

    def _slots(self, times: pd.Series) -> Any:
        at = np.searchsorted(self.edges, nanoseconds(times).astype(float), "right") - 1
        return np.clip(at, 0, len(self.edges) - 2)

    def _overlap(self, spans: Sequence[tuple[int, int]]) -> FloatArray:
        """Return the seconds of spans (ns) in each step."""
        found = np.zeros(len(self.edges) - 1)
        for begin, end in spans:
            low = np.clip(self.edges[:-1], begin, end)
            found += (np.clip(self.edges[1:], begin, end) - low) / 1e9
        return found

    # what is drawn --------------------------------------------------------------------------

    def shares(self) -> dict[str, float]:
        """Return the share each station recorded of what was processed."""
        total = max(float(self.processed.sum()), 1e-9)
        return {s: min(1.0, float(v.sum()) / total) for s, v in sorted(self.recorded.items())}

    def by_class(self) -> dict[str, float]:
        """Return the number of events of each class."""
        return {k: float(v.sum()) for k, v in self.counts.items()}

    def map(self, ground: Ground) -> str:
        """Return the map of the stations and the epicentres, ``""`` without positions."""
        if not ground.stations:
            return ""
        located = [
            {**e, "tip": f"{plain_time(e['time'])} {class_name(e['label'])} {e['magnitude']}"}
            for e in self.events
            if finite(e["latitude"])
        ]
        shares = self.shares()
        return draw_map(
            ground,
            name="map",
            recorded={p.key: shares.get(p.key, 0.0) > 0 for p in ground.stations},
            events=located,
        )

    def chart(self) -> str:
        """Return the chart of the span: availability, counts, RSAM and a ratio."""
        edges = self.edges
        inside = np.clip(edges, int(self.start.ns), int(self.end.ns))
        length = np.maximum(np.diff(inside) / 1e9, 1e-9)
        processed = self.processed / length
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = {
                s.split(".")[1] if self._one_network() else s: np.nan_to_num(
                    np.minimum(v / self.processed, 1.0)
                )
                for s, v in sorted(self.recorded.items())
            }
        loud, unit, label = self._amplitudes()
        ratio, name = self._ratio()
        axis = TimeAxis(self.start, self.end, LEFT, RIGHT)
        top = 24.0 + 15.0 * max(1, len(shares))
        height = top + 40 + 120 + 36 + 150 + 36 + 120 + 44
        drawing = Drawing(
            WIDTH,
            height,
            name="span",
            title=_("Records, events and amplitude"),
            words=self._words(loud, unit, ratio, name),
        )
        drawing.text(LEFT, 16, _("share of time recorded"), "h")
        share_rows(drawing, axis, 22, edges, shares, processed)
        y = top + 34
        counts_panel(drawing, axis, y, 120, edges, self.counts, self.alive, self._seen(processed))
        drawing.text(RIGHT, y - 6, _("stations alive (line)"), "s alive-text", "end")
        y += 156
        lines_panel(drawing, axis, y, 150, loud, label, empty=_("no RSAM"))
        y += 186
        lines_panel(
            drawing, axis, y, 120, ratio,
            _("ratio {name} of each station", name=name.upper()), empty=_("no ratio"),
        )  # fmt: skip
        axis.label(drawing, y + 120, _("time (UTC)"))
        return drawing.svg()

    def keys(self) -> list[str]:
        """Return the names of the lines of the amplitude panel, in order."""
        return [n for n, _t, _v in self._amplitudes()[0]]

    def _seen(self, processed: FloatArray) -> FloatArray:
        known = np.where(np.isfinite(self.monitored), self.monitored, 0.0)
        return np.where(processed > 0, known, 0.0)

    def _one_network(self) -> bool:
        return len({s.split(".")[0] for s in self.recorded}) == 1

    def _amplitudes(self) -> tuple[list[tuple[str, FloatArray, FloatArray]], str, str]:
        if not self.rsam:
            return [], "", "RSAM"
        frame = pd.concat(self.rsam, ignore_index=True)
        kinds = Counter(zip(frame["units"], frame["statistic"], strict=True))
        (unit, statistic), _n = kinds.most_common(1)[0]
        frame = frame[(frame["units"] == unit) & (frame["statistic"] == statistic)]
        return self._lines(frame), units(unit), rsam_label(frame.iloc[0])

    def _ratio(self) -> tuple[list[tuple[str, FloatArray, FloatArray]], str]:
        if not self.ratios:
            return [], ""
        frame = pd.concat(self.ratios, ignore_index=True)
        good = frame[np.isfinite(frame["value"])]
        held = list(dict.fromkeys(good["ratio"])) or list(dict.fromkeys(frame["ratio"]))
        name = next((r for r in RATIOS if r in held), held[0])
        return self._lines(frame[frame["ratio"] == name]), str(name)

    def _lines(self, frame: pd.DataFrame) -> list[tuple[str, FloatArray, FloatArray]]:
        step = self.amplitude_step
        edges = None if step is None else _edges(self.start, self.end, step)
        out = []
        for trace_id, rows in frame.groupby("trace_id", sort=True):
            station = station_of(str(trace_id))
            name = station.split(".")[1] if self._one_network() else station
            out.append((name, *series_of(rows, edges)))
        return out

    def _words(self, loud: Any, unit: str, ratio: Any, name: str) -> str:
        shares = share_words({s.split(".")[1]: v for s, v in self.shares().items()})
        alive = self.alive[np.isfinite(self.alive)]
        parts = [
            _("recorded: {shares}", shares=shares),
            _("events: {counts}", counts=count_words(self.by_class())),
        ]
        if len(alive):
            parts.append(
                _(
                    "stations alive: {low} to {high}",
                    low=f"{alive.min():.1f}",
                    high=f"{alive.max():.1f}",
                )
            )
        if loud:
            parts.append("RSAM " + series_words(loud, unit))
        if ratio:
            parts.append(f"{name.upper()} " + series_words(ratio, ""))
        return ". ".join(parts)


def _edges(start: UTCDateTime, end: UTCDateTime, step: float) -> FloatArray:
    length = round(step * 1e9)
    first = int(start.ns) // length
    last = -(-int(end.ns) // length)
    return np.arange(first, last + 1, dtype=np.float64) * length
