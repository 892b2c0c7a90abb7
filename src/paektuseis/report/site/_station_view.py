"""What the page of one station and day says."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..._language import translate as _
from ...catalog._columns import nanoseconds
from ...tables import station_of
from ...types import FloatArray
from ._day import DayTables, magnitude_text
from ._maps import Ground
from ._panels import count_words, event_ticks, lines_panel, series_of, series_words, state_rows
from ._svg import Drawing, TimeAxis
from ._words import (
    CHECKS,
    SEVERITIES,
    STATES,
    Clock,
    band_text,
    class_name,
    duration,
    none,
    number,
    percent,
    plain_time,
    rsam_label,
    scientific,
    span_words,
    told,
    units,
    word,
)

LEFT, RIGHT, WIDTH = 92.0, 942.0, 960.0
MOST_FINDINGS = 200


def station_view(tables: DayTables, station: str, ground: Ground, clock: Clock) -> dict[str, Any]:
    """Return everything the template of a station's day needs.

    Parameters
    ----------
    tables : DayTables
    station : str
        ``NET.STA``.
    ground : Ground
    clock : Clock

    Returns
    -------
    dict
    """
    shares = tables.shares(station)
    place = ground.place(station)
    events = station_events(tables, station)
    gaps = tables.of_station("gaps", station)
    return {
        "station": station,
        "code": station.split(".")[1],
        "day_text": span_words(tables.day.starttime, tables.day.endtime),
        "place": None
        if place is None
        else {
            "latitude": f"{number(place.latitude, 4)}°",
            "longitude": f"{number(place.longitude, 4)}°",
            "elevation": number(place.elevation_m, 0),
            "distance": number(place.distance_km, 1),
            "azimuth": number(place.azimuth, 0),
        },
        "recorded": percent(shares["recorded"]),
        "monitored": percent(shares["monitored"]),
        "blind": percent(shares["blind"]),
        "missing": percent(shares["missing"]),
        "deaf": shares["monitored"] <= 0,
        "channels": _channels(tables, station),
        "detectors": _detectors(tables, station),
        "counts": count_words(_counts(events)),
        "n_events": len(events),
        "events": [
            {
                "id": e["id"],
                "label": e["label"],
                "kind": class_name(e["label"]),
                "time": clock(e["time"], day=False),
                "ns": e["ns"],
                "stations": e["stations"],
                "magnitude": e["magnitude"] or none(_("no magnitude")),
                "best": e["best"],
            }
            for e in events
        ],
        "gaps": _gaps(gaps, clock),
        "gap_time": duration(float(gaps["duration"].sum()) if len(gaps) else 0.0),
        "findings": findings(tables.of_station("quality", station), clock),
        "chart": _chart(tables, station, events),
        "ssam": _ssam_words(tables, station),
    }


def station_events(tables: DayTables, station: str) -> list[dict[str, Any]]:
    """Return the events a station triggered for, in order of time."""
    out = []
    for event_id in tables.event_ids:
        row = tables.by_event[event_id]["events"][0]
        if not any(station_of(i) == station for i in row.get("trace_ids") or ()):
            continue
        label = tables.label(event_id)
        magnitude = magnitude_text(row)
        when = plain_time(row["time"], "%H:%M:%S")
        out.append(
            {
                "id": event_id,
                "label": label,
                "time": row["time"],
                "ns": int(row["time"].value),
                "stations": int(row["n_stations"]),
                "magnitude": magnitude,
                "best": station_of(row.get("best_trace_id", "")) == station,
                "tip": f"{when} {class_name(label)} {magnitude}".strip(),
            }
        )
    return out


def _counts(events: Sequence[dict[str, Any]]) -> dict[str, float]:
    counts: dict[str, float] = {}
    for event in events:
        counts[event["label"]] = counts.get(event["label"], 0.0) + 1
    return counts


def _channels(tables: DayTables, station: str) -> list[dict[str, Any]]:
    frame = tables.of_station("availability", station)
    out = []
    for trace_id, rows in frame.groupby("trace_id", sort=True):
        seconds = float((rows["npts"] / rows["sampling_rate"]).sum())
        rates = sorted({float(r) for r in rows["sampling_rate"]})
        out.append(
            {
                "trace_id": str(trace_id),
                "rate": ", ".join(f"{r:g}" for r in rates),
                "segments": len(rows),
                "share": percent(min(1.0, seconds * 1e9 / (tables.end - tables.start))),
            }
        )
    return out


def _detectors(tables: DayTables, station: str) -> list[dict[str, Any]]:
    frame = tables.of_station("monitoring", station)
    if frame.empty or "detector" not in frame.columns:
        return []
    length = (tables.end - tables.start) / 1e9
    out = []
    for (name, trace_id), rows in frame.groupby(["detector", "trace_id"], sort=False):
        spans = (rows["endtime"] - rows["starttime"]).dt.total_seconds()
        shares = {s: float(spans[rows["state"] == s].sum()) / length for s in STATES}
        causes = rows.loc[rows["state"] == "blind", "cause"] if "cause" in rows.columns else ()
        out.append(
            {
                "name": str(name),
                "trace_id": str(trace_id),
                "causes": "; ".join(dict.fromkeys(told(c) for c in causes if c)),
                **{s: percent(min(v, 1.0)) for s, v in shares.items()},
            }
        )
    return out


def _gaps(gaps: pd.DataFrame, clock: Clock) -> list[dict[str, Any]]:
    ordered = gaps.sort_values(["starttime", "trace_id"])
    return [
        {
            "trace_id": r["trace_id"],
            "start": clock(r["starttime"], day=False),
            "end": clock(r["endtime"], day=False),
            "duration": duration(float(r["duration"])),
        }
        for r in ordered.head(MOST_FINDINGS).to_dict("records")
    ]


def findings(
    quality: pd.DataFrame, clock: Clock, most: int = MOST_FINDINGS
) -> list[dict[str, Any]]:
    """Return rows of a quality table, the gravest first."""
    rank = quality["severity"].map({"error": 0, "warning": 1}).fillna(2)
    ordered = quality.assign(_rank=rank).sort_values(["_rank", "starttime", "trace_id"])
    return [
        {
            "severity": str(r["severity"]),
            "word": word(SEVERITIES, str(r["severity"])),
            "trace_id": r["trace_id"],
            "time": clock(r["starttime"]),
            "check": word(CHECKS, str(r["check"])),
            "message": told(r["message"]),
        }
        for r in ordered.head(most).to_dict("records")
    ]


def _chart(tables: DayTables, station: str, events: list[dict[str, Any]]) -> str:
    """Draw the day of a station: states, events, RSAM and ratios under one time axis."""
    rsam = tables.of_station("rsam", station)
    ratios = tables.of_station("ratios", station)
    loud = [(str(n), *series_of(g, None)) for n, g in rsam.groupby("trace_id", sort=True)]
    first = sorted(ratios["trace_id"].unique())[:1] if len(ratios) else []
    kinds = ratios[ratios["trace_id"].isin(first)]
    shape = [(str(n), *series_of(g, None)) for n, g in kinds.groupby("ratio", sort=False)]
    axis = TimeAxis(tables.day.starttime, tables.day.endtime, LEFT, RIGHT)
    unit = units(rsam["units"].iloc[0]) if len(rsam) else ""
    day_text = span_words(tables.day.starttime, tables.day.endtime)
    drawing = Drawing(
        WIDTH,
        470,
        name="day",
        title=_("{station} on {day}", station=station, day=day_text),
        words=_words(tables, station, events, loud, shape, unit),
    )
    drawing.text(LEFT, 16, _("listening"), "h")
    state_rows(drawing, axis, 22, {station.split(".")[1]: tables.states(station)})
    drawing.text(LEFT, 62, _("events this station triggered for"), "h")
    drawing.rect(LEFT, 68, RIGHT - LEFT, 26, "panel")
    axis.draw(drawing, 68, 94)
    event_ticks(drawing, axis, 81, events)
    heading = rsam_label(rsam.iloc[0]) if len(rsam) else "RSAM"
    lines_panel(drawing, axis, 122, 140, loud, heading, empty=_("no RSAM"))
    label = _("ratios of amplitudes in two bands")
    if first:
        label += f" · {first[0]}"
    lines_panel(drawing, axis, 292, 130, shape, label, empty=_("no ratio"))
    for i, (name, _ns, _values) in enumerate(shape):
        x = LEFT + 420 + i * 90
        drawing.line(x, 282, x + 18, 282, f"line l{i}")
        drawing.text(x + 22, 286, name, "s")
    axis.label(drawing, 422, _("time (UTC)"))
    return drawing.svg()


def _words(
    tables: DayTables,
    station: str,
    events: list[dict[str, Any]],
    loud: list[tuple[str, FloatArray, FloatArray]],
    shape: list[tuple[str, FloatArray, FloatArray]],
    unit: str,
) -> str:
    shares = tables.shares(station)
    states = ", ".join(f"{word(STATES, s)} {percent(shares[s])}" for s in STATES)
    parts = [states, count_words(_counts(events))]
    if loud:
        parts.append("RSAM " + series_words(loud, unit))
    if shape:
        parts.append(_("ratios") + " " + series_words(shape, ""))
    return ". ".join(parts)


def _ssam_words(tables: DayTables, station: str) -> dict[str, Any] | None:
    """Return what is said of the picture of spectral amplitudes; ``None`` where there is none."""
    frame = tables.of_station("ssam", station)
    good = frame[np.isfinite(frame["value"]) & (frame["value"] > 0)] if len(frame) else frame
    if good.empty:
        return None
    top = good.iloc[int(good["value"].to_numpy(float).argmax())]
    return {
        "low": f"{good['freqmin'].min():g}",
        "high": f"{good['freqmax'].max():g}",
        "from": scientific(float(good["value"].min())),
        "to": scientific(float(good["value"].max())),
        "units": units(top["units"]),
        "peak_time": plain_time(top["starttime"], "%H:%M"),
        "peak_band": band_text(top["freqmin"], top["freqmax"]),
    }


def ssam_picture(tables: DayTables, station: str, width: int = 720) -> bytes | None:
    """Return the spectral amplitudes of a day as a PNG: time to the right, bands upward.

    A pixel is the largest value of the windows that fall in it; transparent where there is
    none. The logarithm is coloured from the 2nd to the 99.8th percentile of the day.
    """
    frame = tables.of_station("ssam", station)
    if frame.empty:
        return None
    first = sorted(frame["trace_id"].unique())[0]
    frame = frame[frame["trace_id"] == first]
    bands = np.sort(frame["freqmin"].unique())
    step = float(frame["window"].median()) * 1e9
    width = int(min(width, max(1, round((tables.end - tables.start) / step))))
    column = (nanoseconds(frame["starttime"]) + step / 2 - tables.start) * width
    column = np.clip((column // (tables.end - tables.start)).astype(int), 0, width - 1)
    row = len(bands) - 1 - np.searchsorted(bands, frame["freqmin"].to_numpy(float))
    grid = np.full((len(bands), width), -np.inf)
    values = frame["value"].to_numpy(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(values > 0, np.log10(values), -np.inf)
    np.maximum.at(grid, (row, column), logs)
    known = np.isfinite(grid)
    if not known.any():
        return None
    low, high = np.percentile(grid[known], (2.0, 99.8))
    scaled = np.clip((grid - low) / max(high - low, 1e-9), 0.0, 1.0)
    index = np.where(known, 1 + np.nan_to_num(scaled * 62, neginf=0.0).round(), 0)
    return indexed_png(np.repeat(index.astype(np.uint8), 6, axis=0))


# viridis at nine places (Smith, van der Walt and Firing), interpolated between them
_ANCHORS = (
    (68, 1, 84), (71, 44, 122), (59, 81, 139), (44, 113, 142), (33, 144, 141), (39, 173, 129),
    (92, 200, 99), (170, 220, 50), (253, 231, 37),
)  # fmt: skip


def indexed_png(index: NDArray[np.uint8]) -> bytes:
    """Return a picture of palette indices (0 transparent, 1 to 63 from dark to bright) as PNG."""
    at = np.linspace(0, len(_ANCHORS) - 1, 63)
    colours = np.array(_ANCHORS, dtype=float)
    channel = [np.interp(at, np.arange(len(_ANCHORS)), colours[:, i]).round() for i in range(3)]
    palette = np.zeros((64, 3), dtype=np.uint8)
    palette[1:] = np.stack(channel, axis=1)
    height, width = index.shape
    lines = np.zeros((height, width + 1), dtype=np.uint8)  # each line begins with its filter: none
    lines[:, 1:] = index

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            chunk(b"PLTE", palette.tobytes()),
            chunk(b"tRNS", b"\x00"),
            chunk(b"IDAT", zlib.compress(lines.tobytes(), 6)),
            chunk(b"IEND", b""),
        )
    )
