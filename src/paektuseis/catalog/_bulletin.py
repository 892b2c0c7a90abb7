"""Catalogue as a bulletin text: IMS 1.0, short form, as the ISC exchanges it."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from ..tables import station_of
from ..times import as_utc
from ..types import KM_PER_DEGREE
from .catalogue_tables import CatalogueTables, known, number, whole

TO_90_LINE = 1.6448536269514722
"""Standard error to the half width of a 90 % interval of one normal variable."""
TO_90_PLANE = math.sqrt(math.log(1 - 0.90) / math.log(1 - 0.68))
"""Axes of the 68 % ellipse of two normal variables to those of the 90 % ellipse."""
_ORIGIN_HEAD = (
    "   Date       Time        Err   RMS Latitude Longitude  Smaj  Smin  Az Depth   Err "
    "Ndef Nsta Gap  mdist  Mdist Qual   Author      OrigID"
)
_MAGNITUDE_HEAD = "Magnitude  Err Nsta Author      OrigID"
_ARRIVAL_HEAD = (
    "Sta     Dist  EvAz Phase        Time      TRes  Azim AzRes   Slow   SRes Def   SNR       "
    "Amp   Per Qual Magnitude    ArrID"
)
_TYPE = {
    "VT": "ke", "LP": "ke", "hybrid": "ke", "VLP": "ke", "regional": "ke", "teleseism": "ke",
}  # fmt: skip
_AUTHOR = "paektu"


def write_bulletin(data: CatalogueTables, problems: list[str]) -> str:
    """Return a catalogue as a bulletin; errors are those of 90 %, as the format has them.

    Events without a located origin have a remark and their arrivals. Text that the columns
    cannot hold, and phases of channels beyond the station's code, are told in ``problems``.
    """
    parts = ["DATA_TYPE BULLETIN IMS1.0:short", "paektuseis: automatic, not reviewed"]
    tables = {
        n: data.rows(n)
        for n in ("events", "picks", "origins", "residuals", "magnitudes", "classes")
    }
    pick_number = 0
    for i, event_id in enumerate(data.event_ids, start=1):
        mine = {name: rows.get(event_id, []) for name, rows in tables.items()}
        label = next((str(r["label"]) for r in mine["classes"] if r["label"]), "")
        origin = next((r for r in mine["origins"] if _located(r)), None)
        title = f"{label} {event_id}".strip()
        if origin is None:
            title += f", {_unlocated(mine['events'])}"
            problems.append(f"event {event_id}: no location, so no line of an origin")
        parts += [f"Event {i:>8d} {_ascii(title, 65)}", "", _ORIGIN_HEAD]
        if origin is not None:
            parts.append(_origin(origin, mine["residuals"], label, i))
            parts.append(f" ({_ascii(event_id, 76)})")
            if known(origin.get("note")):
                parts.append(f" ({_ascii(origin['note'], 76)})")
        if found := [m for m in mine["magnitudes"] if known(m.get("value"))]:
            parts += ["", _MAGNITUDE_HEAD, *(_magnitude(m, i) for m in found)]
        if mine["picks"]:
            parts += ["", _ARRIVAL_HEAD]
            fits = {(r["trace_id"], r["phase"]): r for r in mine["residuals"]}
            for pick in sorted(mine["picks"], key=lambda r: (r["time"], r["trace_id"])):
                pick_number += 1
                fit = fits.get((pick["trace_id"], pick["phase"]))
                parts.append(_arrival(pick, fit, pick_number, problems))
        parts += ["", ""]
    parts += ["STOP", ""]
    return "\n".join(parts)


def _located(row: dict[str, Any]) -> bool:
    return known(row.get("latitude")) and known(row.get("longitude")) and known(row.get("time"))


def _unlocated(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return "not located"
    return f"not located, onset {as_utc(rows[0]['time']).strftime('%Y-%m-%d %H:%M:%S')}"


def _ascii(text: Any, width: int) -> str:
    """Return text for a line of a bulletin: ASCII, no brackets that would end a remark."""
    plain = "".join(c if c.isascii() and c.isprintable() else "?" for c in str(text))
    return plain.replace("(", "[").replace(")", "]")[:width]


def _real(value: Any, width: int, decimals: int) -> str:
    """Return a number right-aligned, with fewer decimals where it is long; blank if unknown."""
    found = number(value)
    if found is None:
        return " " * width
    for places in range(decimals, -1, -1):
        text = f"{found:.{places}f}"
        if len(text) <= width:
            return text.rjust(width)
    return " " * width


def _times(value: Any, factor: float) -> float | None:
    found = number(value)
    return None if found is None else found * factor


def _put(width: int, *fields: tuple[int, str]) -> str:
    """Return a line with texts at their columns, counted from 1."""
    cells = [" "] * width
    for column, text in fields:
        cells[column - 1 : column - 1 + len(text)] = text
    return "".join(cells).rstrip()


def _origin(row: dict[str, Any], residuals: list[dict[str, Any]], label: str, i: int) -> str:
    time = pd.Timestamp(row["time"]).round("10ms")
    far = [number(r.get("distance_km")) for r in residuals]
    furthest = max((d for d in far if d is not None), default=None)
    nearest = number(row.get("nearest_km"))
    depth = number(row.get("depth_km"))
    return _put(
        136,
        (1, f"{time:%Y/%m/%d %H:%M:%S}.{time.microsecond // 10000:02d}"),
        (25, _real(_times(row.get("time_uncertainty"), TO_90_LINE), 5, 2)),
        (31, _real(row.get("rms"), 5, 2)),
        (37, _real(row["latitude"], 8, 4)),
        (46, _real(row["longitude"], 9, 4)),
        (56, _real(_times(row.get("horizontal_uncertainty_km"), TO_90_PLANE), 5, 1)),
        (62, _real(_times(row.get("semi_minor_km"), TO_90_PLANE), 5, 1)),
        (68, whole(row.get("major_azimuth"), 3)),
        (72, _real(depth, 5, 1)),
        (79, _real(_times(row.get("depth_uncertainty_km"), TO_90_LINE), 4, 1)),
        (84, whole(row.get("n_picks"), 4)),
        (89, whole(row.get("n_stations"), 4)),
        (94, whole(row.get("azimuthal_gap"), 3)),
        (98, _real(None if nearest is None else nearest / KM_PER_DEGREE, 6, 2)),
        (105, _real(None if furthest is None else furthest / KM_PER_DEGREE, 6, 2)),
        (112, "a"),
        (114, "g"),
        (116, _TYPE.get(label, "uk")),
        (119, _AUTHOR),
        (129, f"{i:08d}"),
    )


def _magnitude(row: dict[str, Any], i: int) -> str:
    return _put(
        38,
        (1, _ascii(row["kind"], 5).ljust(5)),
        (7, _real(row["value"], 4, 1)),
        (12, _real(row.get("uncertainty"), 3, 1)),
        (16, whole(row.get("n"), 4)),
        (21, _AUTHOR),
        (31, f"{i:08d}"),
    )


def _arrival(
    pick: dict[str, Any], fit: dict[str, Any] | None, count: int, problems: list[str]
) -> str:
    code = station_of(pick["trace_id"]).split(".")[-1]
    if len(code) > 5:
        problems.append(f"{pick['trace_id']}: a bulletin holds five letters of a station's code")
    time = pd.Timestamp(pick["time"]).round("ms")
    used = fit is not None and (number(fit.get("weight")) or 0.0) > 0.0
    residual = azimuth = distance = None
    if fit is not None:
        residual, azimuth = number(fit.get("residual")), number(fit.get("azimuth"))
        distance = number(fit.get("distance_km"))
    polarity = {"up": "c", "down": "d"}.get(str(pick.get("polarity", "")), "_")
    return _put(
        122,
        (1, _ascii(code, 5)),
        (7, _real(None if distance is None else distance / KM_PER_DEGREE, 6, 2)),
        (14, _real(azimuth, 5, 1)),
        (20, _ascii(pick["phase"], 8)),
        (29, f"{time:%H:%M:%S}.{time.microsecond // 1000:03d}"),
        (42, _real(residual, 5, 1)),
        (74, "T__" if used else "___"),
        (78, _real(pick.get("snr"), 5, 1)),
        (100, f"a{polarity}_"),
        (115, f"{count:08d}"),
    )
