"""HypoDD phase files, station lists and the names behind their numbers."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping

import pandas as pd
from obspy import UTCDateTime

from .. import tables
from ..io import safe_text
from ..times import as_utc
from ._text_formats import Rows, _microseconds
from .catalogue_tables import CatalogueTables, _safe, _unsafe, known

_LABEL = re.compile(r"[A-Za-z0-9\-]{1,7}\Z")
_WEIGHTS = {"A": 1.0, "B": 0.5, "C": 0.25, "D": 0.1}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\Z")
_SAME = 60.0
"""Seconds by which a relocated event may differ from the one that had its number."""
Names = dict[str, dict[str, str]]
"""``event``: number to event_id; ``time``: number to origin time; ``station``: label to NET.STA."""


def station_labels(stations: Iterable[str]) -> dict[str, str]:
    """Return a label of at most 7 letters for each NET.STA: both codes, station code, or a number.

    Both codes where they fit and no other station has the same; else the station's code alone
    where that is free; else S and a number.
    """
    keys = sorted(set(stations))
    joined = {key: key.replace(".", "", 1) for key in keys}
    twice = Counter(joined.values())
    labels = {k: v for k, v in joined.items() if _LABEL.match(v) and twice[v] == 1}
    alone = Counter(k.split(".")[-1] for k in keys)
    for key in keys:
        code = key.split(".")[-1]
        taken = set(labels.values())
        if key in labels:
            continue
        if not (_LABEL.match(code) and alone[code] == 1 and code not in taken):
            number = 1
            while (code := f"S{number:04d}") in taken:
                number += 1
        labels[key] = code
    return labels


def write_stations(table: pd.DataFrame, labels: Mapping[str, str], problems: list[str]) -> str:
    """Return HypoDD's station list: label, latitude, longitude, elevation in metres."""
    lines: dict[str, str] = {}
    for row in table.to_dict("records"):
        key = f"{row['network']}.{row['station']}"
        if key in lines:
            continue
        if not (known(row["latitude"]) and known(row["longitude"])):
            problems.append(f"station {safe_text(key)}: without place; left out")
            continue
        height = f" {row['elevation_m']:.1f}" if known(row["elevation_m"]) else ""
        place = f"{row['latitude']:.6f} {row['longitude']:.6f}"
        lines[key] = f"{labels[key]:<7s} {place}{height}"
    missing = sorted(set(labels) - set(lines))
    if missing:
        problems.append(f"no place in the list of stations: {safe_text(', '.join(missing))}")
    return "".join(f"{line}\n" for line in lines.values())


def write_names(names: Names) -> str:
    """Return what numbers and labels stand for, as CSV."""
    lines = ["kind,hypodd,paektuseis"]
    for kind, pairs in names.items():
        lines += [f"{kind},{short},{_safe(full)}" for short, full in pairs.items()]
    return "\n".join(lines) + "\n"


def read_names(text: str) -> Names:
    """Return what numbers and labels stand for; rows of another kind are passed over."""
    names: Names = {"event": {}, "time": {}, "station": {}}
    for line in text.splitlines():
        row = line.split(",")
        if len(row) == 3 and row[0] in names:
            names[row[0]][row[1]] = _unsafe(row[2])
    return names


def write_hypodd(
    data: CatalogueTables, problems: list[str], labels: Mapping[str, str] | None = None
) -> tuple[str, Names]:
    """Return origins and picks as a HypoDD phase file, and what its numbers and labels stand for.

    Events are numbered from 1 in the order of the table ``origins``: the format takes nothing but
    a number, so the ids stand in the names, which go to a file of their own.
    """
    picks, magnitudes = data.rows("picks"), data.rows("magnitudes")
    if labels is None:
        labels = station_labels(tables.station_of(t) for t in data.picks["trace_id"])
    names: Names = {"event": {}, "time": {}, "station": {v: k for k, v in labels.items()}}
    lines = []
    unplaced = sorted(set(picks) - set(data.rows("origins")))
    problems += [f"event {safe_text(i)}: without origin; left out" for i in unplaced]
    for k, (event_id, origins) in enumerate(data.rows("origins").items(), 1):
        row = origins[0]
        if not all(known(row[c]) for c in ("time", "latitude", "longitude", "depth_km")):
            problems.append(f"event {event_id}: without time or place; left out")
            continue
        when = _microseconds(row["time"])
        names["event"][str(k)], names["time"][str(k)] = event_id, str(when)
        if len(origins) > 1 or len(magnitudes.get(event_id, [])) > 1:
            problems.append(f"event {safe_text(event_id)}: first origin and magnitude only")
        size = next((m["value"] for m in magnitudes.get(event_id, []) if known(m["value"])), 0.0)
        eh, ev, rms = (
            float(row[c]) if known(row[c]) else 0.0
            for c in ("horizontal_uncertainty_km", "depth_uncertainty_km", "rms")
        )
        lines.append(
            f"# {when.strftime('%Y %m %d %H %M')} {when.second + when.microsecond / 1e6:.6f} "
            f"{row['latitude']:.6f} {row['longitude']:.6f} {row['depth_km']:.4f} {size:.2f} "
            f"{eh:.4f} {ev:.4f} {rms:.4f} {k}"
        )
        for pick in picks.get(event_id, []):
            label = labels[tables.station_of(pick["trace_id"])]
            travel = (int(as_utc(pick["time"]).ns) - int(when.ns)) / 1e9
            if pick["phase"] not in ("P", "S") or travel <= 0:
                problems.append(f"event {event_id}: pick {pick['trace_id']} cannot stand in HypoDD")
                continue
            weight = _WEIGHTS.get(pick["quality"], 1.0)
            lines.append(f"{label:<7s} {travel:.6f} {weight:.3f} {pick['phase']}")
    return "".join(f"{line}\n" for line in lines), names


def read_hypodd(text: str, problems: list[str], names: Names | None = None) -> Rows:
    """Return origins, magnitudes and picks of a HypoDD phase file."""
    names = names or {}
    events, stations = names.get("event", {}), names.get("station", {})
    times = {k: UTCDateTime(v) for k, v in names.get("time", {}).items() if _TIME.match(v)}
    rows: Rows = {"origins": [], "magnitudes": [], "picks": []}
    start: UTCDateTime | None = None
    event_id = ""
    grade = {w: q for q, w in _WEIGHTS.items()}
    for k, line in enumerate(text.splitlines(), 1):
        cell = line.split()
        if not cell:
            continue
        try:
            if cell[0] == "#":
                start = None
                f = [float(v) for v in cell[6:14]]
                base = UTCDateTime(*(int(v) for v in cell[1:6]))
                when = UTCDateTime(ns=int(base.ns) + round(f[0] * 1e9))
                number = safe_text(cell[14])
                same = abs(times.get(number, when) - when) < _SAME
                event_id = events.get(number, number) if same else number
                if not same or (events and number not in events):
                    problems.append(f"event {number} is not that of the file of names")
                rows["origins"].append({
                    "event_id": event_id, "time": when, "latitude": f[1], "longitude": f[2],
                    "depth_km": f[3], "time_uncertainty": math.nan,
                    "horizontal_uncertainty_km": f[5] or math.nan,
                    "depth_uncertainty_km": f[6] or math.nan, "n_picks": 0, "n_stations": 0,
                    "rms": f[7] or math.nan, "azimuthal_gap": math.nan, "nearest_km": math.nan,
                    "method": "HypoDD phase file", "model": "", "quality": "",
                })  # fmt: skip
                if f[4]:
                    rows["magnitudes"].append({
                        "event_id": event_id, "kind": "", "scale": "", "value": f[4],
                        "uncertainty": math.nan, "n": 0, "stations": (),
                    })  # fmt: skip
                start = when
            elif start is None:
                raise ValueError("a pick before any event")
            else:
                time = UTCDateTime(ns=int(start.ns) + round(float(cell[1]) * 1e9))
                station = stations.get(cell[0], f".{cell[0]}")
                rows["picks"].append({
                    "event_id": event_id, "trace_id": safe_text(f"{station}.."),
                    "phase": safe_text(cell[3]), "time": time, "uncertainty": math.nan,
                    "snr": math.nan, "polarity": "", "quality": grade.get(float(cell[2]), ""),
                })  # fmt: skip
        except (ValueError, IndexError, TypeError, OverflowError) as error:
            problems.append(f"line {k} is left out: {safe_text(str(error))[:100]}")
    return rows
