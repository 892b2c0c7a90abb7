"""What the page of one event says."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..._language import translate as _
from ...tables import station_of
from ...types import KM_PER_DEGREE
from ._day import DayTables
from ._maps import Ground, draw_map
from ._svg import Drawing, round_ticks
from ._words import (
    STEPS,
    Clock,
    band_text,
    class_name,
    class_title,
    finite,
    none,
    number,
    or_none,
    percent,
    plain_time,
    scientific,
    told,
    units,
    with_error,
    word,
)

Row = dict[str, Any]


def event_view(tables: DayTables, event_id: str, ground: Ground, clock: Clock) -> Row:
    """Return everything the template of an event needs.

    Parameters
    ----------
    tables : DayTables
    event_id : str
    ground : Ground
    clock : Clock

    Returns
    -------
    dict
    """
    rows = tables.by_event[event_id]
    event = rows["events"][0]
    label = tables.label(event_id)
    kind = (rows.get("classes") or [{}])[0]
    origin = (rows.get("origins") or [{}])[0]
    place = _origin(origin, rows, clock)
    return {
        "id": event_id,
        "label": label,
        "kind": class_name(label),
        "kind_title": class_title(label),
        "title": _("{kind} of {time} UTC", kind=class_title(label), time=plain_time(event["time"])),
        "time": clock(event["time"], decimals=2),
        "duration": number(event.get("duration"), 1),
        "stations": int(event["n_stations"]),
        "detectors": ", ".join(event.get("detectors") or ()),
        "ratio": number(event.get("peak_ratio"), 1),
        "best": event.get("best_trace_id", ""),
        "frequency": number(event.get("dominant_frequency"), 2),
        "index": number(event.get("frequency_index"), 2, sign=True),
        "amplitude": scientific(event.get("peak_amplitude")),
        "amplitude_units": units(event.get("peak_units", "")),
        "flags": [told(f) for f in event.get("flags") or ()],
        "margin": percent(kind.get("margin")),
        "runner_up": class_name(kind["runner_up"]) if kind.get("runner_up") else "",
        "reason": told(kind.get("reason", "")),
        "method": told(kind.get("method", "")),
        "classified": bool(kind),
        "origin": place,
        "magnitudes": [_magnitude(m) for m in rows.get("magnitudes", ())],
        "station_magnitudes": [_station_magnitude(m) for m in rows.get("station_magnitudes", ())],
        "arrivals": _arrivals(rows, clock),
        "amplitudes": _amplitudes(rows),
        "family": _family(rows),
        "refusals": [
            {"step": word(STEPS, str(r["step"])), "reason": told(r["reason"])}
            for r in rows.get("refusals", ())
        ],
        "chart": _arrival_chart(rows, event, origin, ground),
        "map": _map(rows, event, origin, label, ground),
    }


def _origin(origin: Row, rows: dict[str, list[Row]], clock: Clock) -> Row | None:
    if not finite(origin.get("latitude")):
        return None
    north, east = float(origin["latitude"]), float(origin["longitude"])
    return {
        "time": clock(origin.get("time"), decimals=2),
        "time_error": number(origin.get("time_uncertainty"), 2),
        "latitude": f"{number(abs(north), 4)}° {_('N') if north >= 0 else _('S')}",
        "longitude": f"{number(abs(east), 4)}° {_('E') if east >= 0 else _('W')}",
        "horizontal": number(origin.get("horizontal_uncertainty_km"), 1),
        "minor": number(origin.get("semi_minor_km"), 1),
        "azimuth": number(origin.get("major_azimuth"), 0),
        "depth": with_error(origin.get("depth_km"), origin.get("depth_uncertainty_km"), "km"),
        "above": finite(origin.get("depth_km")) and origin["depth_km"] < 0,
        "rms": number(origin.get("rms"), 3),
        "gap": number(origin.get("azimuthal_gap"), 0),
        "nearest": number(origin.get("nearest_km"), 1),
        "picks": int(origin.get("n_picks", 0)),
        "stations": int(origin.get("n_stations", 0)),
        "quality": str(origin.get("quality", "")),
        "method": told(origin.get("method", "")),
        "model": told(origin.get("model", "")),
        "note": told(origin.get("note", "")),
        "backazimuth": with_error(
            origin.get("backazimuth"), origin.get("backazimuth_uncertainty"), "°", 0
        ),
    }


def _magnitude(row: Row) -> Row:
    value = number(row.get("value"), 2)
    note = told(row.get("note", ""))
    return {
        "kind": str(row.get("kind", "")),
        "scale": str(row.get("scale", "")),
        "value": value if finite(row.get("value")) else none(note or _("not determined")),
        "error": number(row.get("uncertainty"), 2)
        if finite(row.get("uncertainty"))
        else none(_("not known from a single station")),
        "n": int(row.get("n", 0)),
        "moment": scientific(row.get("moment")) if finite(row.get("moment")) else "",
        "corner": with_error(row.get("corner_frequency"), row.get("corner_uncertainty"), "Hz", 1)
        if finite(row.get("corner_frequency"))
        else "",
        "note": note,
    }


def _station_magnitude(row: Row) -> Row:
    return {
        "trace_id": row["trace_id"],
        "kind": row["kind"],
        "value": number(row.get("value"), 2),
        "residual": number(row.get("residual"), 2, sign=True),
        "amplitude": scientific(row.get("amplitude")),
        "units": units(row.get("units", "")),
        "distance": number(row.get("distance_km"), 1),
        "used": bool(row.get("used", True)),
        "note": told(row.get("note", "")),
    }


def _arrivals(rows: dict[str, list[Row]], clock: Clock) -> list[Row]:
    fitted = {(r["trace_id"], r["phase"]): r for r in rows.get("residuals", ())}
    out = []
    for pick in sorted(rows.get("picks", ()), key=lambda r: r["time"]):
        fit = fitted.get((pick["trace_id"], pick["phase"]), {})
        out.append(
            {
                "trace_id": pick["trace_id"],
                "phase": pick["phase"],
                "time": clock(pick["time"], day=False, decimals=2),
                "error": number(pick.get("uncertainty"), 2),
                "snr": number(pick.get("snr"), 1),
                "polarity": {"up": _("upward"), "down": _("downward")}.get(
                    pick.get("polarity", ""), ""
                ),
                "quality": pick.get("quality", ""),
                "used": bool(fit),
                "distance": number(fit.get("distance_km"), 1),
                "residual": number(fit.get("residual"), 3, sign=True),
                "weight": number(fit.get("weight"), 2),
            }
        )
    return out


def _amplitudes(rows: dict[str, list[Row]]) -> list[Row]:
    """Return the amplitudes by kind: statistic, unit and band are said once for each."""
    names = {
        "peak_abs": _("peak"),
        "peak_to_peak": _("peak to peak"),
        "reduced_displacement": _("reduced displacement"),
    }
    kinds: dict[tuple[str, str, str], list[Row]] = {}
    for r in rows.get("amplitudes", ()):
        statistic = names.get(r["statistic"], told(r["statistic"]))
        kind = (statistic, units(r.get("units", "")), band_text(r.get("freqmin"), r.get("freqmax")))
        value = scientific(r.get("value"))
        kinds.setdefault(kind, []).append(
            {"trace_id": r["trace_id"], "value": or_none(value, _("too few samples"))}
        )
    return [
        {"statistic": s, "units": u, "band": b, "rows": found} for (s, u, b), found in kinds.items()
    ]


def _family(rows: dict[str, list[Row]]) -> Row | None:
    for row in rows.get("families", ()):
        if row.get("family"):
            return {
                "name": row["family"],
                "correlation": number(row.get("correlation"), 2),
                "master": bool(row.get("master", False)),
            }
    return None


def _map(rows: dict[str, list[Row]], event: Row, origin: Row, label: str, ground: Ground) -> str:
    heard = {station_of(i) for i in event.get("trace_ids") or ()}
    heard |= {station_of(r["trace_id"]) for r in rows.get("picks", ())}
    if not ground.stations:
        return ""
    epicentre = None
    if finite(origin.get("latitude")):
        epicentre = {
            "latitude": float(origin["latitude"]),
            "longitude": float(origin["longitude"]),
            "major_km": float(origin.get("horizontal_uncertainty_km", math.nan)),
            "minor_km": float(origin.get("semi_minor_km", math.nan)),
            "azimuth": float(origin.get("major_azimuth", math.nan)),
            "label": label,
        }
    return draw_map(
        ground,
        name="map",
        recorded={p.key: p.key in heard for p in ground.stations},
        epicentre=epicentre,
        size=400.0,
    )


def _distance(key: str, origin: Row, ground: Ground) -> float:
    place = ground.place(key)
    if place is None:
        return math.nan
    if not finite(origin.get("latitude")):
        return float(place.distance_km)
    lat = math.radians(float(origin["latitude"]))
    east = (place.longitude - float(origin["longitude"]) + 180.0) % 360.0 - 180.0
    north = place.latitude - float(origin["latitude"])
    return float(math.hypot(east * math.cos(lat), north) * KM_PER_DEGREE)


def _arrival_chart(rows: dict[str, list[Row]], event: Row, origin: Row, ground: Ground) -> str:
    """Draw onsets against distance: what arrived where, with its uncertainty."""
    picks = rows.get("picks", ())
    if not picks:
        return ""
    keys = sorted(
        {station_of(r["trace_id"]) for r in picks},
        key=lambda k: (math.isnan(d := _distance(k, origin, ground)), d, k),
    )
    times = np.array([int(p["time"].value) for p in picks], dtype=np.int64)
    zero = int(origin["time"].value) if finite(origin.get("latitude")) else int(event["time"].value)
    low = min(times.min(), zero, int(event["time"].value))
    pad = max(int(0.05 * (times.max() - low)), 200_000_000)
    start, end = low - pad, int(times.max()) + pad
    height = 8 + 24 * len(keys) + 42
    drawing = Drawing(
        960,
        height,
        name="arrivals",
        title=_("Arrival times at the stations, nearest first"),
        words=_chart_words(rows, keys, zero, origin),
    )
    left, right, top = 150.0, 942.0, 8.0
    bottom = top + 24 * len(keys)

    def at(ns: float) -> float:
        return float(left + (right - left) * (ns - start) / (end - start))

    drawing.rect(left, top, right - left, bottom - top, "panel")
    for second in round_ticks((start - zero) / 1e9, (end - zero) / 1e9, 7):
        x = at(zero + second * 1e9)
        drawing.line(x, top, x, bottom, "grid")
        drawing.text(
            x, bottom + 16, number(second, 0 if second == int(second) else 1), "s", "middle"
        )
    since = (
        _("s after the origin time")
        if origin.get("time") is not None and finite(origin.get("latitude"))
        else _("s after the first onset")
    )
    drawing.text((left + right) / 2, bottom + 34, since, "s", "middle")
    drawing.line(at(zero), top, at(zero), bottom, "zero")
    for i, key in enumerate(keys):
        y = top + 24 * i + 12
        far = _distance(key, origin, ground)
        code = key.split(".")[1]
        text = f"{code} {number(far, 1)} km" if math.isfinite(far) else code
        drawing.text(left - 8, y + 4, text, "s", "end")
        for pick in picks:
            if station_of(pick["trace_id"]) != key:
                continue
            x = at(int(pick["time"].value))
            kind = "p" if str(pick["phase"]).upper().startswith("P") else "ss"
            spread: Any = pick.get("uncertainty")
            if finite(spread):
                half = (right - left) * float(spread) * 1e9 / (end - start)
                drawing.line(max(left, x - half), y, min(right, x + half), y, f"spread {kind}")
            drawing.line(x, y - 9, x, y + 9, f"pick {kind}")
            drawing.text(x + 3, y - 3, str(pick["phase"]), f"s t{kind}")
    return drawing.svg()


def _chart_words(rows: dict[str, list[Row]], keys: list[str], zero: int, origin: Row) -> str:
    parts = []
    for key in keys:
        mine = [p for p in rows.get("picks", ()) if station_of(p["trace_id"]) == key]
        told_picks = ", ".join(
            f"{p['phase']} {number((int(p['time'].value) - zero) / 1e9, 2)} s"
            for p in sorted(mine, key=lambda p: p["time"])
        )
        parts.append(f"{key.split('.')[1]}: {told_picks}")
    return "; ".join(parts)
