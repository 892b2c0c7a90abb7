"""NonLinLoc and Swarm texts as rows of tables, and rows as such texts."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pandas as pd
from obspy import UTCDateTime

from .. import tables
from ..io import safe_text
from ..times import as_utc
from .catalogue_tables import CatalogueTables, known

Rows = dict[str, list[dict[str, Any]]]
_WORD = re.compile(r"[^\s,_#]{1,40}\Z")
_68 = 2.295748928898636
"""Square of the semi-axis of a 68.27 % ellipse over the variance along it."""


def _microseconds(time: Any) -> UTCDateTime:
    return UTCDateTime(ns=round(int(as_utc(time).ns) / 1000) * 1000)


def _label(trace_id: str, problems: list[str]) -> tuple[str, str] | None:
    """Return NonLinLoc's station label NET_STA_LOC and the channel of a trace id."""
    parts = str(trace_id).split(".")
    if len(parts) != 4 or not _WORD.match(parts[1]) or any(re.search(r"[\s_]", p) for p in parts):
        problems.append(f"{safe_text(trace_id)!r} cannot be a station of NonLinLoc; left out")
        return None
    net, station, loc, channel = parts
    return f"{net or '--'}_{station}_{loc or '--'}", channel or "?"


def _trace_id(label: str, channel: str) -> str:
    parts = label.split("_")
    channel = "" if channel == "?" else channel
    if len(parts) == 3:
        net, station, loc = ("" if p == "--" else p for p in parts)
        return safe_text(f"{net}.{station}.{loc}.{channel}")
    return safe_text(f".{label}..{channel}")


def _phase_line(row: dict[str, Any], problems: list[str]) -> str | None:
    named = _label(row["trace_id"], problems)
    if named is None:
        return None
    error = row.get("uncertainty", math.nan)
    if not known(error) or not known(row["time"]) or not _WORD.match(str(row["phase"])):
        problems.append(
            f"{row['trace_id']} {row['phase']}: without time, phase or uncertainty; left out"
        )
        return None
    when = _microseconds(row["time"])
    motion = {"up": "U", "down": "D"}.get(row.get("polarity", ""), "?")
    seconds = when.second + when.microsecond / 1e6
    return (
        f"{named[0]:<12s} ?    {named[1]:<4s} ? {row['phase']:<6s} {motion} "
        f"{when.strftime('%Y%m%d %H%M')} {seconds:9.6f} GAU {float(error):.8e} "
        "-1.00e+00 -1.00e+00 -1.00e+00"
    )


def _read_phase(line: str, event_id: str) -> tuple[dict[str, Any], list[str]]:
    left, _, right = line.partition(">")
    cell = left.split()
    day, clock, seconds = cell[6], cell[7], float(cell[8])
    start = UTCDateTime(int(day[:4]), int(day[4:6]), int(day[6:8]))
    if not (clock.isdigit() and 0 <= seconds < 100):
        raise ValueError(f"time {clock} {seconds}")
    minutes = int(clock[:-2] or 0) * 60 + int(clock[-2:])
    time = UTCDateTime(ns=int(start.ns) + minutes * 60_000_000_000 + round(seconds * 1e9))
    error = float(cell[10])
    row = {
        "event_id": event_id,
        "trace_id": _trace_id(cell[0], cell[2]),
        "phase": safe_text(cell[4]),
        "time": time,
        "uncertainty": error if cell[9] == "GAU" and error > 0 else math.nan,
        "snr": math.nan,
        "polarity": {"U": "up", "C": "up", "+": "up", "D": "down", "-": "down"}.get(
            cell[5].upper(), ""
        ),
        "quality": "",
    }
    return row, right.split()


def write_obs(data: CatalogueTables, problems: list[str]) -> str:
    """Return picks as NonLinLoc observations, events parted by an empty line."""
    blocks = []
    for event_id, rows in data.rows("picks").items():
        lines = [line for row in rows if (line := _phase_line(row, problems)) is not None]
        if lines:
            blocks.append("\n".join([f"PUBLIC_ID {safe_text(event_id).replace(' ', '_')}", *lines]))
    return "\n\n".join(blocks) + "\n"


def read_obs(text: str, problems: list[str]) -> Rows:
    """Return the picks of NonLinLoc observations."""
    rows: list[dict[str, Any]] = []
    number, event_id, open_block = 0, "", False
    for k, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            open_block = False
            continue
        if line.startswith("#"):
            continue
        if not open_block:
            number, open_block = number + 1, True
            event_id = f"event-{number}"
        if line.startswith("PUBLIC_ID "):
            event_id = safe_text(line[10:].strip()) or event_id
            continue
        try:
            rows.append(_read_phase(line, event_id)[0])
        except (ValueError, IndexError, OverflowError) as error:
            problems.append(f"line {k}: no observation ({safe_text(str(error))[:80]}); left out")
    return {"picks": rows}


def write_hyp(data: CatalogueTables, problems: list[str]) -> str:
    """Return origins with their residuals as NonLinLoc hypocentres."""
    blocks = []
    residuals, picks = data.rows("residuals"), data.rows("picks")
    for event_id, origins in data.rows("origins").items():
        row = origins[0]
        if not all(known(row[k]) for k in ("time", "latitude", "longitude", "depth_km")):
            problems.append(f"event {event_id}: without time or place; left out")
            continue
        blocks.append(_hyp_block(event_id, row, residuals.get(event_id, []),
                                 picks.get(event_id, []), problems))  # fmt: skip
    return "\n\n".join(blocks) + "\n"


def _covariance(row: dict[str, Any]) -> list[float] | None:
    major, depth = row["horizontal_uncertainty_km"], row["depth_uncertainty_km"]
    minor, azimuth = row.get("semi_minor_km", math.nan), row.get("major_azimuth", math.nan)
    if not all(known(v) for v in (major, minor, azimuth, depth)):
        return None
    angle = math.radians(90.0 - azimuth)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    flat = turn @ np.diag([major**2 / _68, minor**2 / _68]) @ turn.T
    return [flat[0, 0], flat[0, 1], 0.0, flat[1, 1], 0.0, depth**2]


def _hyp_block(
    event_id: str,
    row: dict[str, Any],
    residuals: list[dict[str, Any]],
    picks: list[dict[str, Any]],
    problems: list[str],
) -> str:
    when = _microseconds(row["time"])
    seconds = when.second + when.microsecond / 1e6

    def figure(name: str) -> str:
        return f"{float(row[name]):.6f}" if known(row.get(name)) else "-1"

    cov = _covariance(row)
    lines = [
        f'NLLOC "{safe_text(event_id)}" "LOCATED" "Location completed."',
        f"PUBLIC_ID {safe_text(event_id).replace(' ', '_')}",
        'SIGNATURE "paektuseis   obs:none   NLLoc:none  run:01Jan1970 00h00m00"',
        'COMMENT ""',
        "GRID  1 1 1  0 0 0  1 1 1 PROB_DENSITY",
        "SEARCH OCTREE nInitial 1 nEvaluated 1 smallestNodeSide 1/1/1 "
        "oct_tree_integral 1.0e+00 scatter_volume 1.0e+00",
        f"HYPOCENTER  x 0 y 0 z {row['depth_km']:.6f}  OT {seconds:.6f}  ix -1 iy -1 iz -1",
        f"GEOGRAPHIC  OT {when.strftime('%Y %m %d  %H %M')} {seconds:.6f}  Lat "
        f"{row['latitude']:.6f} Long {row['longitude']:.6f} Depth {row['depth_km']:.6f}",
        f"QUALITY  Pmax 0 MFmin 0 MFmax 0 RMS {figure('rms')} Nphs {row['n_picks']} "
        f"Gap {figure('azimuthal_gap')} Dist {figure('nearest_km')} Mamp -9.90 0 Mdur -9.90 0",
        "VPVSRATIO  VpVsRatio -1  Npair 0  Diff 0",
    ]
    if cov is not None:
        names = ("CovXX", "XY", "XZ", "YY", "YZ", "ZZ")
        text = " ".join(f"{n} {v:.9g}" for n, v in zip(names, cov, strict=True))
        lines.append(
            f"STATISTICS  ExpectX 0 Y 0 Z {row['depth_km']:.6f}  {text} EllAz1  0 Dip1  0 "
            "Len1  0 Az2  0 Dip2  0 Len2  0 Len3  0"
        )
        lines.append(
            f"STAT_GEOG  ExpectLat {row['latitude']:.6f} Long {row['longitude']:.6f} "
            f"Depth {row['depth_km']:.6f}"
        )
    lines += [
        "TRANSFORM  NONE",
        f"QML_OriginQuality  assocPhCt {len(residuals)}  usedPhCt {row['n_picks']}  assocStaCt -1  "
        f"usedStaCt {row['n_stations']}  depthPhCt -1  stdErr {figure('rms')}  azGap "
        f"{figure('azimuthal_gap')}  secAzGap -1  gtLevel -  minDist {figure('nearest_km')} "
        "maxDist -1 medDist -1",
        f"QML_OriginUncertainty  horUnc -1  minHorUnc {figure('semi_minor_km')}  maxHorUnc "
        f"{figure('horizontal_uncertainty_km')}  azMaxHorUnc {figure('major_azimuth')}",
        "PHASE ID Ins Cmp On Pha  FM Date     HrMn   Sec     Err  ErrMag    Coda      Amp       "
        "Per  >   TTpred    Res       Weight    StaLoc(X  Y         Z)        SDist    SAzim  RAz  "
        "RDip RQual    Tcorr",
    ]
    extra = {(p["trace_id"], p["phase"]): p for p in picks}
    for res in residuals:
        base = extra.get((res["trace_id"], res["phase"]), {})
        error = base.get("uncertainty", res.get("uncertainty", math.nan))
        line = _phase_line(
            {**res, "uncertainty": error, "polarity": base.get("polarity", "")}, problems
        )
        if line is None:
            continue
        value = [res["residual"], res["weight"], res["distance_km"], res["azimuth"]]
        r, w, d, a = (float(v) if known(v) else 0.0 for v in value)
        predicted = (int(as_utc(res["time"]).ns) - int(as_utc(row["time"]).ns)) / 1e9 - r
        dip = res.get("takeoff", math.nan)
        dip = float(dip) if known(dip) else -1.0
        lines.append(
            f"{line} > {predicted:10.6f} {r:10.6f} {w:10.6f} 0.0 0.0 0.0 {d:10.6f} {a:8.4f} "
            f"{a:8.4f} {dip:8.4f} {9 if dip >= 0 else 0} 0.0000"
        )
    return "\n".join([*lines, "END_PHASE", "END_NLLOC"])


def read_hyp(text: str, problems: list[str]) -> Rows:
    """Return origins, residuals and picks of NonLinLoc hypocentres."""
    rows: Rows = {"origins": [], "residuals": [], "picks": []}
    blocks = re.split(r"(?m)^NLLOC ", text)[1:]
    for k, block in enumerate(blocks, 1):
        name = safe_text(block.split('"')[1] if '"' in block else f"event-{k}")[:200]
        try:
            _read_hyp_block(block, name, rows, problems)
        except (ValueError, IndexError, KeyError, OverflowError) as error:
            problems.append(f"event {name} is left out: {safe_text(repr(error))[:120]}")
    return rows


def _pairs(line: str) -> dict[str, str]:
    cell = line.split()
    return dict(zip(cell[1::2], cell[2::2], strict=False))


def _read_hyp_block(block: str, name: str, rows: Rows, problems: list[str]) -> None:
    head: dict[str, str] = {}
    phases: list[str] = []
    inside = False
    lines = block.splitlines()
    status = re.findall(r'"([^"]*)"', lines[0])
    for line in lines[1:]:
        if line.startswith("END_PHASE"):
            inside = False
        elif inside:
            phases.append(line)
        elif line.startswith("PHASE ID"):
            inside = True
        elif line.strip():
            head.setdefault(line.split()[0], line)
    public = head.get("PUBLIC_ID", "").split()[1:2]
    event_id = safe_text(public[0]) if public and public[0] != "None" else name
    if len(status) > 1 and status[1] != "LOCATED":
        problems.append(f"event {event_id}: NonLinLoc says {safe_text(status[1])}; no origin")
    geo = head["GEOGRAPHIC"].split()
    y, mo, d, h, mi = (int(v) for v in geo[2:7])
    base = UTCDateTime(y, mo, d, h, mi)
    origin_time = UTCDateTime(ns=int(base.ns) + round(float(geo[7]) * 1e9))
    quality = _pairs(head.get("QUALITY", ""))
    more = _pairs(head.get("QML_OriginQuality", ""))

    def figure(source: dict[str, str], key: str) -> float:
        value = float(source.get(key, "nan"))
        return value if value >= 0 else math.nan

    own: Rows = {"residuals": [], "picks": []}
    for line in phases:
        try:
            pick, rest = _read_phase(line, event_id)
            _, res, weight, *_ = (float(v) for v in rest[:3])
            numbers = [float(v) for v in rest[:11]]
        except (ValueError, IndexError, OverflowError) as error:
            problems.append(f"event {event_id}: {safe_text(line[:20])!r} left out ({error})")
            continue
        own["picks"].append(pick)
        used = weight > 0
        own["residuals"].append({
            "event_id": event_id, "trace_id": pick["trace_id"], "phase": pick["phase"],
            "time": pick["time"], "residual": res if numbers[0] > 0 or used else math.nan,
            "weight": weight,
            "distance_km": numbers[6] if numbers[6] > 0 or used else math.nan,
            "azimuth": numbers[7] if numbers[6] > 0 or used else math.nan,
            "takeoff": numbers[9] if len(numbers) > 9 and numbers[9] >= 0 else math.nan,
            "uncertainty": pick["uncertainty"],
        })  # fmt: skip
    stations = {tables.station_of(r["trace_id"]) for r in own["residuals"] if r["weight"] > 0}
    major, minor, azimuth, depth = _ellipse(head.get("STATISTICS", ""))
    if len(status) < 2 or status[1] == "LOCATED":
        rows["origins"].append({
            "event_id": event_id, "time": origin_time, "latitude": float(geo[9]),
            "longitude": float(geo[11]), "depth_km": float(geo[13]), "time_uncertainty": math.nan,
            "horizontal_uncertainty_km": major, "depth_uncertainty_km": depth,
            "n_picks": int(quality.get("Nphs", 0)),
            "n_stations": max(int(more.get("usedStaCt", 0)), 0) or len(stations),
            "rms": figure(quality, "RMS"), "azimuthal_gap": figure(quality, "Gap"),
            "nearest_km": figure(quality, "Dist"), "method": "NonLinLoc", "model": "",
            "quality": "", "semi_minor_km": minor, "major_azimuth": azimuth,
        })  # fmt: skip
        rows["residuals"] += own["residuals"]
    rows["picks"] += own["picks"]


def _ellipse(line: str) -> tuple[float, float, float, float]:
    match = re.search(
        r"CovXX\s+(\S+)\s+XY\s+(\S+)\s+XZ\s+\S+\s+YY\s+(\S+)\s+YZ\s+\S+\s+ZZ\s+(\S+)", line
    )
    if match is None:
        return (math.nan,) * 4
    xx, xy, yy, zz = (float(v) for v in match.groups())
    if not all(math.isfinite(v) for v in (xx, xy, yy, zz)) or zz < 0:
        return (math.nan,) * 4
    return (*_ellipse_of(xx, xy, yy), math.sqrt(zz))


def _ellipse_of(xx: float, xy: float, yy: float) -> tuple[float, float, float]:
    """Return the semi-axes of the 68 % ellipse and the azimuth of the greater; x is east."""
    values, vectors = np.linalg.eigh(np.array([[xx, xy], [xy, yy]]))
    if values[0] < 0:
        return (math.nan,) * 3
    east, north = vectors[:, 1]
    azimuth = math.degrees(math.atan2(east, north)) % 180.0
    return math.sqrt(values[1] * _68), math.sqrt(values[0] * _68), azimuth


def write_swarm(data: CatalogueTables, problems: list[str]) -> str:
    """Return events and their classes as the tags of the program Swarm."""
    labels = {i: rows[0]["label"] for i, rows in data.rows("classes").items()}
    lines = []
    for event_id, rows in data.rows("events").items():
        row = rows[0]
        label = labels.get(event_id) or row.get("label", "")
        channels = [row["best_trace_id"], *row["trace_ids"]]
        parts = str(next((c for c in channels if c), "")).split(".")
        if not re.fullmatch(r"\w[\w \-/]*", label or "") or len(parts) != 4:
            problems.append(f"event {event_id}: without class or channel; left out")
            continue
        net, station, loc, channel = parts
        when = UTCDateTime(ns=round(int(as_utc(row["time"]).ns) / 1e9) * 10**9)
        place = " ".join([station, channel, net, loc or "--"])
        lines.append(f"{when.strftime('%Y-%m-%d %H:%M:%S')},{place},{label}")
    return "\n".join(lines) + "\n"


def read_swarm(text: str, problems: list[str]) -> Rows:
    """Return events and classes of the tags of the program Swarm."""
    rows: Rows = {"events": [], "classes": []}
    for k, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            when, place, label = (v.strip() for v in line.split(",")[:3])
            time = pd.Timestamp(when, tz="UTC")
            station, channel, net, loc = [*re.split(r"[ $]+", place), "--"][:4]
        except (ValueError, IndexError) as error:
            problems.append(f"line {k} is left out: {safe_text(str(error))[:100]}")
            continue
        trace_id = safe_text(f"{net}.{station}.{'' if loc == '--' else loc}.{channel}")
        event_id = f"tag-{k}-{time.strftime('%Y%m%dT%H%M%S')}"
        rows["events"].append({
            "event_id": event_id, "time": time, "endtime": time, "duration": math.nan,
            "n_stations": 1, "detectors": (), "trace_ids": (trace_id,), "best_trace_id": trace_id,
            "peak_ratio": math.nan, "label": safe_text(label),
        })  # fmt: skip
        rows["classes"].append({
            "event_id": event_id, "label": safe_text(label), "margin": math.nan,
            "reason": "tagged in Swarm",
        })  # fmt: skip
    return rows
