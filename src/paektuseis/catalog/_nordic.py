"""Nordic (S-file) texts as rows of tables, and rows as such texts."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
from obspy import UTCDateTime

from ..io import safe_text
from ..times import as_utc
from ._text_formats import Rows, _68, _ellipse_of
from .catalogue_tables import CatalogueTables, _safe, _unsafe, known, whole

_OWN = "PAEKTUSEIS "
_NO_ARRIVAL = re.compile(r"(I?[AV][mM].*|A|V|END|BAZ.*)\Z")
"""Names of amplitudes, durations and azimuths, which stand where phases do."""
_LETTER = {"ML": "L", "Md": "C", "Mc": "C", "Mw": "W", "MW": "W", "mb": "b", "mB": "B",
           "Ms": "s", "MS": "S", "MbLg": "G"}  # fmt: skip
_KIND = {"L": "ML", "C": "Md", "W": "Mw", "w": "Mw", "b": "mb", "B": "mB", "s": "Ms", "S": "MS",
         "G": "MbLg", "l": "ML"}  # fmt: skip
_GRADE = {"A": "0", "B": "1", "C": "2", "D": "3"}
_RANGE = {"regional": "R", "teleseism": "D"}
_VOLCANIC = ("VT", "LP", "hybrid", "VLP", "harmonic", "tremor", "explosion")
_HEAD_1 = " STAT SP IPHASW D HRMM SECON CODA AMPLIT PERI AZIMU VELO AIN AR TRES W  DIS CAZ7"
_HEAD_2 = " STAT COM NTLO IPHASE   W HHMM SS.SSS   PAR1  PAR2 AGA OPE  AIN  RES W  DIS CAZ7"
_MS = 1_000_000
_DAY = 86_400 * 1000 * _MS


def _real(value: Any, width: int, decimals: int) -> str:
    """Return a number with as many decimals as fit; blanks where it is unknown or too long."""
    if not known(value):
        return " " * width
    for d in range(decimals, -1, -1):
        text = f"{float(value):.{d}f}" + ("" if d else ".")
        if len(text) > width:
            text = re.sub(r"^(-?)0\.(?=\d)", r"\1.", text)
        if len(text) <= width:
            return text.rjust(width)
    return " " * width


def _line(tag: str, *fields: tuple[int, str]) -> str:
    """Return 80 characters with texts at their columns (from 0) and the type of the line."""
    cells = [" "] * 80
    for start, text in fields:
        cells[start : start + len(text)] = text
    cells[79] = tag
    return "".join(cells)


def _clock(time: Any) -> UTCDateTime:
    return UTCDateTime(ns=round(int(as_utc(time).ns) / _MS) * _MS)


def write_nordic(data: CatalogueTables, problems: list[str], *, second: bool = False) -> str:
    """Return a catalogue as Nordic blocks; ``second`` for the phase lines of Nordic 2."""
    names = ("events", "picks", "origins", "residuals", "magnitudes", "classes")
    by = {name: data.rows(name) for name in names}
    used: set[str] = set()
    blocks = []
    for event_id in data.event_ids:
        rows = {name: by[name].get(event_id, []) for name in names}
        mine: list[str] = []
        block = _block(event_id, rows, second, used, mine)
        problems += [f"event {event_id}: {safe_text(p)}" for p in mine]
        if block is not None:
            blocks.append("\n".join(block) + "\n" + " " * 80 + "\n")
    return "".join(blocks)


def _block(
    event_id: str, rows: Rows, second: bool, used: set[str], problems: list[str]
) -> list[str] | None:
    placed = [o for o in rows["origins"] if known(o["time"])]
    if len(placed) < len(rows["origins"]):
        problems.append("an origin without time is left out")
    if len(placed) > 1:
        problems.append(f"{len(placed) - 1} more origins are left out")
    origin = placed[0] if placed else {}
    times = [r["time"] for r in (*rows["picks"], *rows["residuals"]) if known(r["time"])]
    times = [min(times)] if times else [r["time"] for r in rows["events"] if known(r["time"])]
    if not origin and not times:
        problems.append("without any time; left out")
        return None
    when = _clock(origin["time"] if origin else times[0])
    label = next((r["label"] for r in (*rows["classes"], *rows["events"]) if r.get("label")), "")
    lines = _header(when, origin, label, rows["magnitudes"], problems)
    if origin:
        lines += _error_line(origin, problems)
    lines.append(_high_accuracy(when, origin))
    stamp = when.strftime("%Y%m%d%H%M%S")
    while stamp in used:
        second_later = UTCDateTime(stamp) + 1
        stamp = second_later.strftime("%Y%m%d%H%M%S")
    used.add(stamp)
    lines.append(_line("I", (1, "ACTION:"), (57, f"ID:{stamp}")))
    own = [("event_id", _safe(event_id))]
    own += [("class", _safe(label))] if label else []
    own += [] if origin else [("origin", "none")]
    for key, value in own:
        for k in range(0, len(value), 50):
            lines.append(_line("3", (1, f"{_OWN}{key}={value[k : k + 50]}")))
    lines.append(_HEAD_2 if second else _HEAD_1)
    for pick, residual in _arrivals(rows["picks"], rows["residuals"]):
        line = _phase_line(pick, residual, when, second, problems)
        lines += [line] if line is not None else []
    return lines


def _header(
    when: UTCDateTime,
    origin: dict[str, Any],
    label: str,
    magnitudes: list[dict[str, Any]],
    problems: list[str],
) -> list[str]:
    sizes = []
    for row in magnitudes:
        text, letter = _real(row["value"], 4, 2), _LETTER.get(str(row["kind"]), "")
        if text.strip() and letter:
            sizes.append(text + letter)
        else:
            problems.append(f"magnitude {row['kind'] or 'without kind'} cannot stand in Nordic")
    if len(sizes) > 6:
        problems.append(f"{len(sizes) - 6} magnitudes after the sixth are left out")
    tenths = when.second + when.microsecond // 100_000 / 10
    kind = "V" if label in _VOLCANIC else " "
    first = [
        (1, when.strftime("%Y")), (6, f"{when.month:2d}{when.day:2d}"),
        (11, f"{when.hour:2d}{when.minute:2d}"), (16, f"{tenths:4.1f}"),
        (21, _RANGE.get(label, "L") + kind),
    ]  # fmt: skip
    place = [
        (23, _real(origin.get("latitude"), 7, 3)), (30, _real(origin.get("longitude"), 8, 3)),
        (38, _real(origin.get("depth_km"), 5, 1)),
        (48, whole(origin.get("n_stations") or math.nan, 3)),
        (51, _real(origin.get("rms"), 4, 1)),
    ]  # fmt: skip
    parts = [sizes[:3], *([sizes[3:6]] if sizes[3:] else [])]
    return [
        _line("1", *first, *(() if k else place), *((55 + 8 * i, s) for i, s in enumerate(part)))
        for k, part in enumerate(parts)
    ]


def _high_accuracy(when: UTCDateTime, origin: dict[str, Any]) -> str:
    seconds = when.second + when.microsecond / 1e6
    return _line(
        "H",
        (1, when.strftime("%Y")), (6, f"{when.month:2d}{when.day:2d}"),
        (11, f"{when.hour:2d}{when.minute:2d}"), (16, f"{seconds:6.3f}"),
        (23, _real(origin.get("latitude"), 9, 5)), (33, _real(origin.get("longitude"), 10, 5)),
        (44, _real(origin.get("depth_km"), 8, 3)), (53, _real(origin.get("rms"), 6, 3)),
    )  # fmt: skip


def _error_line(origin: dict[str, Any], problems: list[str]) -> list[str]:
    major, minor, azimuth = (
        float(origin.get(name, math.nan))
        for name in ("horizontal_uncertainty_km", "semi_minor_km", "major_azimuth")
    )
    fields = [
        (5, whole(origin["azimuthal_gap"], 3).strip().rjust(3)),
        (14, _real(origin["time_uncertainty"], 6, 3)),
        (38, _real(origin["depth_uncertainty_km"], 5, 3)),
    ]
    if math.isfinite(major):
        x = y = major / math.sqrt(_68)
        if math.isfinite(minor) and math.isfinite(azimuth):
            angle = math.radians(azimuth)
            a, b = major**2 / _68, minor**2 / _68
            x = math.sqrt(a * math.sin(angle) ** 2 + b * math.cos(angle) ** 2)
            y = math.sqrt(a * math.cos(angle) ** 2 + b * math.sin(angle) ** 2)
            cov = (a - b) * math.sin(angle) * math.cos(angle)
            fields.append((43, f"{cov:12.4E}"))
        texts = _real(y, 6, 4), _real(x, 6, 4)
        if not all(t.strip() for t in texts):
            problems.append(f"horizontal uncertainty of {major:g} km is too large for Nordic")
        fields += [(24, texts[0]), (32, texts[1])]
    if not any(text.strip() for _, text in fields):
        return []
    return [_line("E", (1, "GAP="), *fields)]


def _arrivals(
    picks: list[dict[str, Any]], residuals: list[dict[str, Any]]
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return picks with their residuals; a residual whose pick is not there stands alone."""
    rest: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in residuals:
        rest.setdefault((row["trace_id"], row["phase"], row["time"]), []).append(row)
    out = []
    for pick in picks:
        mine = rest.get((pick["trace_id"], pick["phase"], pick["time"]), [])
        out.append((pick, mine.pop(0) if mine else {}))
    return out + [(row, row) for rows in rest.values() for row in rows]


def _phase_line(
    pick: dict[str, Any],
    residual: dict[str, Any],
    origin: UTCDateTime,
    second: bool,
    problems: list[str],
) -> str | None:
    parts = [*str(pick["trace_id"]).split("."), "", "", ""][:4]
    net, station, loc, channel = parts
    phase = str(pick["phase"])
    what = f"pick {pick['trace_id']} {phase}"
    plain = all(c.isascii() and c.isprintable() and " " not in c for c in (*parts, phase))
    fits = len(station) <= 5 and len(channel) <= 3 and len(phase) <= 4
    fits = fits and (not second or (len(net) <= 2 and len(loc) <= 2))
    if not known(pick["time"]) or not station or not phase or not plain or not fits:
        problems.append(f"{what}: time, codes or phase cannot stand in Nordic; left out")
        return None
    time = _clock(pick["time"])
    day = UTCDateTime(origin.year, origin.month, origin.day)
    after = int(time.ns) - int(day.ns)
    hour = after // (3600 * 1000 * _MS)
    if not 0 <= hour < 48 or (hour == 0 and origin.hour == 23):
        problems.append(f"{what}: more than a day from the origin or before its day; left out")
        return None
    seconds = time.second + time.microsecond / 1e6
    grade = _GRADE.get(str(pick.get("quality", "")), " ")
    motion = {"up": "C", "down": "D"}.get(str(pick.get("polarity", "")), " ")
    weight = whole(10 * float(residual.get("weight", math.nan)), 2)
    shared = [
        (63, _real(residual.get("residual"), 5, 3)), (68, weight),
        (70, _real(residual.get("distance_km"), 5, 2)),
        (76, whole(residual.get("azimuth"), 3)),
    ]  # fmt: skip
    if second:
        return _line(
            " ", (1, station), (6, channel), (10, net), (12, loc), (16, phase),
            (24, f"{grade}A{hour:2d}{time.minute:2d}"), (31, f"{seconds:6.3f}"), (43, motion),
            (58, _real(residual.get("takeoff"), 5, 1)), *shared,
        )  # fmt: skip
    return _line(
        " ", (1, station), (6, channel[:1] or " "), (7, channel[-1:] or " "), (10, phase),
        (14, f"{grade}A{motion}"), (18, f"{hour:2d}{time.minute:2d}{seconds:6.3f}"),
        (57, whole(residual.get("takeoff"), 3)), *shared,
    )  # fmt: skip


def read_nordic(text: str, problems: list[str]) -> Rows:
    """Return what Nordic blocks hold, phase lines of Nordic 1 or 2."""
    rows: Rows = {n: [] for n in ("picks", "origins", "residuals", "magnitudes", "classes")}
    seen: set[str] = set()
    lines = [line.rstrip("\r")[:80].ljust(80) for line in text.split("\n")]
    filled = [line for line in lines if line.strip()]
    compact = len(filled) > 1 and all(line[79] == "1" for line in filled)
    blocks: list[list[str]] = [[]]
    for line in lines:
        if compact or not line.strip():
            blocks.append([])
        if line.strip():
            blocks[-1].append(line)
    number = 0
    for block in blocks:
        heads = [line for line in block if line[79] == "1"]
        if not heads:
            if block:
                problems.append(f"{safe_text(block[0][:30])!r}: no header line; left out")
            continue
        number += 1
        try:
            found, name = _read_block(block, heads, problems)
        except (ValueError, OverflowError, TypeError) as error:
            problems.append(f"event {number} is left out: {safe_text(str(error))[:100]}")
            continue
        event_id = name or f"event-{number}"
        while event_id in seen:
            event_id += f"-{number}"
        seen.add(event_id)
        for table, more in found.items():
            rows[table] += [{"event_id": event_id, **row} for row in more]
    return rows


def _figure(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _time(line: str, seconds: str) -> UTCDateTime:
    minute = UTCDateTime(*(int(line[a:b] or 0) for a, b in ((1, 5), (6, 8), (8, 10))))
    clock = int(line[11:13].strip() or 0) * 60 + int(line[13:15].strip() or 0)
    late = float(seconds.strip() or 0.0)
    if not (0 <= clock < 1500 and 0 <= late < 200):
        raise ValueError(f"time {line[10:20]!r}")
    return UTCDateTime(ns=int(minute.ns) + clock * 60_000 * _MS + round(late * 1e9))


def _read_block(block: list[str], heads: list[str], problems: list[str]) -> tuple[Rows, str]:
    found: Rows = {n: [] for n in ("picks", "origins", "residuals", "magnitudes", "classes")}
    by: dict[str, list[str]] = {}
    for line in block:
        by.setdefault(line[79], []).append(line)
    head = heads[0]
    when = _time(head, head[16:20])
    own: dict[str, str] = {}
    for line in by.get("3", []):
        if line[1:].startswith(_OWN) and "=" in line:
            key, _, value = line[1 + len(_OWN) : 79].strip().partition("=")
            own[key] = own.get(key, "") + value
    stamp = next((m for line in by.get("I", []) if (m := re.search(r"ID:(\d+)", line))), None)
    name = _unsafe(own.get("event_id", "")) or (stamp.group(1) if stamp else "")
    row: dict[str, Any] = {
        "time": when, "latitude": _figure(head[23:30]), "longitude": _figure(head[30:38]),
        "depth_km": _figure(head[38:43]), "rms": _figure(head[51:55]),
        "n_stations": int(head[48:51].strip() or 0) if head[48:51].strip().isdigit() else 0,
        "method": "Nordic", "model": "", "quality": "", "nearest_km": math.nan,
    }  # fmt: skip
    for line in by.get("H", [])[:1]:
        finer = _time(line, line[16:23])
        if abs(int(finer.ns) - int(when.ns)) < 150 * _MS:
            row["time"] = when = finer
        for key, a, b in (("latitude", 23, 32), ("longitude", 33, 43), ("depth_km", 44, 52),
                          ("rms", 53, 59)):  # fmt: skip
            number = _figure(line[a:b])
            row[key] = number if math.isfinite(number) else row[key]
    row.update(_read_error(by.get("E", [""])[0]))
    second = any("NTLO" in line or "COM" in line[5:10] for line in by.get("7", []))
    for line in (*by.get(" ", []), *by.get("4", [])):
        try:
            _read_phase(line, when, second, found)
        except (ValueError, OverflowError) as error:
            problems.append(f"{safe_text(line[:30])!r} left out: {safe_text(str(error))[:80]}")
    counted = [r for r in found["residuals"] if r["weight"] != 0]
    row["n_picks"] = len(counted)
    row["nearest_km"] = min(
        (r["distance_km"] for r in counted if known(r["distance_km"])), default=math.nan
    )
    for line in heads:
        if line[1:10].strip() and line[1:10] == head[1:10]:
            found["magnitudes"] += _read_sizes(line)
    if own.get("origin") != "none":
        found["origins"].append(row)
    label = _unsafe(own.get("class", ""))
    if label:
        found["classes"].append({"label": label, "margin": math.nan, "reason": "Nordic"})
    return found, name


def _read_sizes(line: str) -> list[dict[str, Any]]:
    out = []
    for start in (55, 63, 71):
        value, letter = _figure(line[start : start + 4]), line[start + 4]
        if math.isfinite(value) and letter != " ":
            out.append({
                "kind": _KIND.get(letter, safe_text(letter)), "scale": "", "value": value,
                "uncertainty": math.nan, "n": 0, "stations": (),
            })  # fmt: skip
    return out


def _read_error(line: str) -> dict[str, float]:
    gap, late, y, x, z, cov = (
        _figure(line[a:b]) for a, b in ((5, 8), (14, 20), (24, 30), (32, 38), (38, 43), (43, 55))
    )
    major, minor, azimuth = math.nan, math.nan, math.nan
    if math.isfinite(x) and math.isfinite(y):
        major = max(x, y) * math.sqrt(_68)
        if math.isfinite(cov):
            major, minor, azimuth = _ellipse_of(x**2, cov, y**2)
    return {
        "azimuthal_gap": gap, "time_uncertainty": late, "depth_uncertainty_km": z,
        "horizontal_uncertainty_km": major, "semi_minor_km": minor, "major_azimuth": azimuth,
    }  # fmt: skip


def _read_phase(line: str, origin: UTCDateTime, second: bool, found: Rows) -> None:
    station = line[1:6].strip()
    if second:
        net, loc, channel = line[10:12].strip(), line[12:14].strip(), line[6:9].strip()
        phase, weight, motion = line[16:24].strip(), line[24], line[43]
        clock, seconds, takeoff = line[26:30], line[30:37], _figure(line[58:63])
    else:
        net, loc, channel = "", "", line[6:8].replace(" ", "")
        phase, weight, motion = line[10:14].strip(), line[14], line[16]
        if weight not in " 012349_":  # a long name: the weight stands before it
            phase, weight, motion = line[10:18].strip(), line[8], " "
        clock, seconds, takeoff = line[18:22], line[22:29], _figure(line[57:60])
    if not clock.strip() and not seconds.strip():
        return
    if _NO_ARRIVAL.match(phase):
        return
    if not station or not phase:
        raise ValueError("no station or phase")
    hour, minute = int(clock[:2].strip() or 0), int(clock[2:].strip() or 0)
    late = float(seconds.strip() or 0.0)
    if not (0 <= hour < 48 and 0 <= minute <= 60 and 0 <= late < 200):
        raise ValueError("no time of day")
    if hour == 0 and origin.hour == 23:
        hour = 24
    day = UTCDateTime(origin.year, origin.month, origin.day)
    shared = {
        "trace_id": safe_text(f"{net}.{station}.{loc}.{channel}"), "phase": safe_text(phase),
        "time": UTCDateTime(ns=int(day.ns) + (hour * 60 + minute) * 60_000 * _MS
                            + round(late * 1e9)),
    }  # fmt: skip
    back = {v: k for k, v in _GRADE.items()}
    found["picks"].append({
        **shared, "uncertainty": math.nan, "snr": math.nan, "quality": back.get(weight, ""),
        "polarity": {"C": "up", "+": "up", "D": "down", "-": "down"}.get(motion, ""),
    })  # fmt: skip
    residual, share = _figure(line[63:68]), _figure(line[68:70]) / 10
    distance, azimuth = _figure(line[70:75]), _figure(line[76:79])
    if np.isfinite([residual, share, distance, azimuth, takeoff]).any():
        found["residuals"].append({
            **shared, "residual": residual, "weight": share, "distance_km": distance,
            "azimuth": azimuth, "takeoff": takeoff, "uncertainty": math.nan,
        })  # fmt: skip
