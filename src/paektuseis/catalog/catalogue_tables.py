"""Tables of a catalogue as one value, and as an obspy ``Catalog`` and back."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from obspy import UTCDateTime
from obspy.core import event as quake
from obspy.core.event import Catalog, ResourceIdentifier

from .. import tables
from ..errors import ParameterError
from ..io import safe_text
from ..times import as_utc

_ROOT = "smi:local/paektuseis"
_MARK = "paektuseis:"
_MAX_NOTE = 1_000_000
_SCHEMAS = {
    "events": tables.EVENTS, "picks": tables.PICKS, "origins": tables.ORIGINS,
    "residuals": tables.RESIDUALS, "magnitudes": tables.MAGNITUDES, "classes": tables.CLASSES,
}  # fmt: skip
_POLARITY = {"up": "positive", "down": "negative"}
_KM_PER_DEGREE = 111.19492664455873
EVENT_TYPES = {
    "VT": "earthquake", "regional": "earthquake", "teleseism": "earthquake",
    "LP": "other event", "hybrid": "other event", "VLP": "other event", "harmonic": "other event",
    "tremor": "other event", "explosion": "other event", "noise": "other event",
}  # fmt: skip
"""QuakeML event type of a class; QuakeML has no word for most, so the class stands beside it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CatalogueTables:
    """The tables of one catalogue; a table nobody gave is empty.

    Attributes
    ----------
    events, picks, origins, residuals, magnitudes, classes : DataFrame
        Tables of those names in ``paektuseis.tables``.
    problems : tuple of str
        What was left out in reading, and why.
    """

    events: pd.DataFrame = field(default_factory=tables.EVENTS.frame)
    picks: pd.DataFrame = field(default_factory=tables.PICKS.frame)
    origins: pd.DataFrame = field(default_factory=tables.ORIGINS.frame)
    residuals: pd.DataFrame = field(default_factory=tables.RESIDUALS.frame)
    magnitudes: pd.DataFrame = field(default_factory=tables.MAGNITUDES.frame)
    classes: pd.DataFrame = field(default_factory=tables.CLASSES.frame)
    problems: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, schema in _SCHEMAS.items():
            frame = getattr(self, name)
            if len(frame):
                schema.check(frame)
                if "event_id" not in frame.columns:
                    raise ParameterError(f"table {name!r} has no column 'event_id'")

    @property
    def event_ids(self) -> list[str]:
        """Ids of all events, in the order in which the tables name them."""
        seen: dict[str, None] = {}
        for name in _SCHEMAS:
            frame = getattr(self, name)
            if len(frame):
                seen.update(dict.fromkeys(str(v) for v in frame["event_id"]))
        return list(seen)

    def rows(self, name: str) -> dict[str, list[dict[str, Any]]]:
        """Return the rows of one table by event.

        Parameters
        ----------
        name : str
            Name of the table.

        Returns
        -------
        dict
            Rows as mappings, by ``event_id``.
        """
        out: dict[str, list[dict[str, Any]]] = {}
        for row in getattr(self, name).to_dict("records"):
            out.setdefault(str(row["event_id"]), []).append(row)
        return out


def known(value: Any) -> bool:
    """Whether a cell holds anything."""
    if value is None or value is pd.NaT:
        return False
    if isinstance(value, float | np.floating):
        return bool(np.isfinite(value))
    return not (isinstance(value, str | tuple | list) and len(value) == 0)


def number(value: Any, scale: float = 1.0) -> float | None:
    """Return a cell as a float, or None where it holds none."""
    return float(value) * scale if known(value) else None


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp | UTCDateTime):
        return str(as_utc(value))
    if isinstance(value, np.generic):
        return value.item()
    return list(value) if isinstance(value, tuple) else value


def _note(row: dict[str, Any], native: set[str]) -> list[quake.Comment]:
    """Return what QuakeML has no element for, as a comment in JSON."""
    rest = {k: _plain(v) for k, v in row.items() if k not in native and known(v)}
    if not rest:
        return []
    return [quake.Comment(text=f"{_MARK} {json.dumps(rest, sort_keys=True)}")]


def _read_note(comments: list[quake.Comment], schema: tables.Schema) -> dict[str, Any]:
    for comment in comments or ():
        text = comment.text or ""
        if text.startswith(_MARK) and len(text) < _MAX_NOTE:
            try:
                found = json.loads(text[len(_MARK) :])
            except (ValueError, RecursionError):
                continue
            if isinstance(found, dict):
                return {c.name: _typed(found[c.name], c) for c in schema.columns if c.name in found}
    return {}


def _typed(value: Any, column: tables.Column) -> Any:
    if column.kind in ("float", "int"):
        return float(value) if column.kind == "float" else int(value)
    if column.kind == "list":
        return tuple(safe_text(str(v)) for v in value) if isinstance(value, list) else ()
    return bool(value) if column.kind == "bool" else safe_text(str(value))


def _safe(text: Any) -> str:
    return "".join(
        c if c.isascii() and (c.isalnum() or c in "._~-") else f"*{ord(c):x}*" for c in str(text)
    )


def _unsafe(text: str) -> str:
    parts = text.split("*")
    for i in range(1, len(parts), 2):
        try:
            parts[i] = chr(int(parts[i], 16))
        except (ValueError, OverflowError):
            return safe_text(text)
    return safe_text("".join(parts))


def _identifier(kind: str, *parts: Any) -> ResourceIdentifier:
    return ResourceIdentifier("/".join([_ROOT, kind, *(_safe(p) for p in parts)]))


def to_catalog(data: CatalogueTables) -> Catalog:
    """Turn tables into an obspy catalogue, ids and preferred ids set, for QuakeML.

    What QuakeML has elements for goes there (times, places, their uncertainties, azimuthal gap,
    phases, first motions, arrivals with residuals, magnitudes, event type); the rest of a row
    stands in a comment as JSON, so that :func:`from_catalog` finds it. The class is the event's
    description, and ``event_type`` the nearest word QuakeML has.

    Parameters
    ----------
    data : CatalogueTables

    Returns
    -------
    obspy.core.event.Catalog
        The same tables give the same ids.
    """
    by = {name: data.rows(name) for name in _SCHEMAS}
    return Catalog(
        events=[_event(i, {n: rows.get(i, []) for n, rows in by.items()}) for i in data.event_ids],
        description="paektuseis tables",
        resource_id=_identifier("catalog", len(data.event_ids)),
    )


def _event(event_id: str, rows: dict[str, list[dict[str, Any]]]) -> quake.Event:
    picks = [_pick(event_id, k, row) for k, row in enumerate(rows["picks"])]
    origins = [_origin(event_id, k, row) for k, row in enumerate(rows["origins"])]
    if origins:
        origins[0].arrivals = _arrivals(event_id, rows["residuals"], picks)
    magnitudes = [
        quake.Magnitude(
            resource_id=_identifier("magnitude", event_id, k),
            mag=float(row["value"]),
            mag_errors={"uncertainty": number(row["uncertainty"])},
            magnitude_type=row["kind"] or None,
            station_count=int(row["n"]),
            origin_id=origins[0].resource_id if origins else None,
            comments=_note(row, {"event_id", "value", "uncertainty", "kind", "n"}),
        )
        for k, row in enumerate(rows["magnitudes"])
        if known(row["value"])
    ]
    label = next((r["label"] for r in rows["classes"]), "") or next(
        (r.get("label", "") for r in rows["events"]), ""
    )
    comments = [c for row in rows["events"] for c in _note(row, {"event_id"})]
    event = quake.Event(
        resource_id=_identifier("event", event_id),
        event_type=EVENT_TYPES.get(label),
        picks=picks,
        origins=origins,
        magnitudes=magnitudes,
        comments=comments,
        event_descriptions=[
            quake.EventDescription(text=row["label"], type="earthquake name")
            for row in rows["classes"]
        ],
    )
    for row in rows["classes"]:
        rest = {f"class_{k}": v for k, v in row.items() if k not in ("event_id", "label")}
        event.comments += _note({"class_label": row["label"], **rest}, set())
    if origins:
        event.preferred_origin_id = origins[0].resource_id
    if magnitudes:
        event.preferred_magnitude_id = magnitudes[0].resource_id
    return event


def _pick(event_id: str, k: int, row: dict[str, Any]) -> quake.Pick:
    return quake.Pick(
        resource_id=_identifier("pick", event_id, k),
        time=as_utc(row["time"]),
        time_errors={"uncertainty": number(row["uncertainty"])},
        waveform_id=quake.WaveformStreamID(seed_string=str(row["trace_id"])),
        phase_hint=row["phase"] or None,
        polarity=_POLARITY.get(row["polarity"]),
        evaluation_mode="automatic",
        comments=_note(row, {"event_id", "time", "uncertainty", "trace_id", "phase", "polarity"}),
    )


_ORIGIN_NATIVE = {
    "event_id", "time", "latitude", "longitude", "depth_km", "time_uncertainty",
    "horizontal_uncertainty_km", "depth_uncertainty_km", "n_picks", "n_stations", "rms",
    "azimuthal_gap", "nearest_km", "semi_minor_km", "major_azimuth",
}  # fmt: skip


def _origin(event_id: str, k: int, row: dict[str, Any]) -> quake.Origin:
    return quake.Origin(
        resource_id=_identifier("origin", event_id, k),
        time=as_utc(row["time"]) if known(row["time"]) else None,
        time_errors={"uncertainty": number(row["time_uncertainty"])},
        latitude=number(row["latitude"]),
        longitude=number(row["longitude"]),
        depth=number(row["depth_km"], 1000.0),
        depth_errors={"uncertainty": number(row["depth_uncertainty_km"], 1000.0)},
        origin_uncertainty=quake.OriginUncertainty(
            max_horizontal_uncertainty=number(row["horizontal_uncertainty_km"], 1000.0),
            min_horizontal_uncertainty=number(row.get("semi_minor_km"), 1000.0),
            azimuth_max_horizontal_uncertainty=number(row.get("major_azimuth")),
            preferred_description="uncertainty ellipse",
            confidence_level=68.0,
        ),
        quality=quake.OriginQuality(
            used_phase_count=int(row["n_picks"]),
            used_station_count=int(row["n_stations"]),
            standard_error=number(row["rms"]),
            azimuthal_gap=number(row["azimuthal_gap"]),
            minimum_distance=number(row["nearest_km"], 1 / _KM_PER_DEGREE),
        ),
        evaluation_mode="automatic",
        comments=_note(row, _ORIGIN_NATIVE),
    )


def _arrivals(
    event_id: str, rows: list[dict[str, Any]], picks: list[quake.Pick]
) -> list[quake.Arrival]:
    at = {(p.waveform_id.get_seed_string(), p.phase_hint): p.resource_id for p in picks}
    out = []
    for k, row in enumerate(rows):
        pick = at.get((str(row["trace_id"]), row["phase"])) or _identifier("nopick", event_id, k)
        out.append(
            quake.Arrival(
                resource_id=_identifier("arrival", event_id, k),
                pick_id=pick,
                phase=row["phase"],
                time_residual=number(row["residual"]),
                time_weight=number(row["weight"]),
                distance=number(row["distance_km"], 1 / _KM_PER_DEGREE),
                azimuth=number(row["azimuth"]),
                takeoff_angle=number(row.get("takeoff")),
                comments=_note(
                    row,
                    {"event_id", "phase", "residual", "weight", "distance_km", "azimuth",
                     "takeoff"},
                ),
            )
        )  # fmt: skip
    return out


def _value(value: Any, scale: float = 1.0) -> float:
    return math.nan if value is None else float(value) * scale


def from_catalog(catalog: Catalog, *, problems: list[str] | None = None) -> CatalogueTables:
    """Turn an obspy catalogue into tables, of whatever program it came from.

    Parameters
    ----------
    catalog : obspy.core.event.Catalog
    problems : list of str, optional
        Collects what was left out; it is in the result too.

    Returns
    -------
    CatalogueTables
        A table ``events`` only where the file was written by :func:`to_catalog` from one. The
        preferred origin and magnitude of an event come first.

    Raises
    ------
    ParameterError
        If this is no Catalog.
    """
    if not isinstance(catalog, Catalog):
        raise ParameterError(f"from_catalog takes an obspy Catalog, not {type(catalog).__name__}")
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in _SCHEMAS}
    left: list[str] = []
    for k, event in enumerate(catalog):
        name = str(event.resource_id.id) if event.resource_id else f"event-{k + 1}"
        prefix = f"{_ROOT}/event/"
        event_id = _unsafe(name[len(prefix) :]) if name.startswith(prefix) else safe_text(name)
        try:
            found = _read_event(event, event_id, left)
            for table, more in found.items():
                _SCHEMAS[table].frame(more)  # a time no table can hold is found here
        except (TypeError, ValueError, AttributeError, KeyError, OverflowError) as error:
            left.append(f"event {event_id} is left out: {safe_text(str(error))[:200]}")
            continue
        for table, more in found.items():
            rows[table] += more
    if problems is not None:
        problems += left
    frames = {name: schema.frame(rows[name]) for name, schema in _SCHEMAS.items()}
    return CatalogueTables(**frames, problems=tuple(left))


def _first(preferred: Any, items: list[Any]) -> list[Any]:
    key = str(preferred.id) if preferred is not None else ""
    return sorted(items, key=lambda item: str(item.resource_id.id) != key)


def _complete(schema: tables.Schema, row: dict[str, Any], extra: dict[str, Any]) -> dict[str, Any]:
    empty = {"float": math.nan, "int": 0, "text": "", "list": (), "time": pd.NaT, "bool": False}
    base = {c.name: empty[c.kind] for c in schema.columns if c.required}
    return {**base, **extra, **row}


def _read_event(
    event: quake.Event, event_id: str, left: list[str]
) -> dict[str, list[dict[str, Any]]]:
    out: dict[str, list[dict[str, Any]]] = {}
    own = _read_note(event.comments, tables.EVENTS)
    out["events"] = (
        [_complete(tables.EVENTS, {"event_id": event_id}, own)]
        if {"time", "endtime"} <= set(own) else []
    )  # fmt: skip
    picks = {}
    for pick in event.picks:
        if pick.time is None or pick.waveform_id is None:
            left.append(f"event {event_id}: a pick without time or channel is left out")
            continue
        row = _read_pick(pick, event_id)
        picks[str(pick.resource_id.id)] = row
    out["picks"] = list(picks.values())
    origins = _first(event.preferred_origin_id, event.origins)
    out["origins"] = [_read_origin(origin, event_id) for origin in origins]
    out["residuals"] = []
    for arrival in origins[0].arrivals if origins else ():
        extra = _read_note(arrival.comments, tables.RESIDUALS)
        base = picks.get(str(arrival.pick_id.id) if arrival.pick_id else "")
        if base is not None:
            extra = {**{k: base[k] for k in ("trace_id", "time")}, **extra}
        if "trace_id" not in extra or "time" not in extra:
            left.append(f"event {event_id}: an arrival without its pick is left out")
            continue
        native = {
            "event_id": event_id,
            "phase": safe_text(arrival.phase or ""),
            "residual": _value(arrival.time_residual),
            "weight": _value(arrival.time_weight),
            "distance_km": _value(arrival.distance, _KM_PER_DEGREE),
            "azimuth": _value(arrival.azimuth),
            "takeoff": _value(arrival.takeoff_angle),
        }
        out["residuals"].append(_complete(tables.RESIDUALS, native, extra))
    out["magnitudes"] = [
        _complete(
            tables.MAGNITUDES,
            {
                "event_id": event_id,
                "kind": safe_text(m.magnitude_type or ""),
                "value": _value(m.mag),
                "uncertainty": _value(m.mag_errors.uncertainty if m.mag_errors else None),
                "n": int(m.station_count or 0),
            },
            _read_note(m.comments, tables.MAGNITUDES),
        )
        for m in _first(event.preferred_magnitude_id, event.magnitudes)
    ]
    out["classes"] = _read_classes(event, event_id)
    return out


def _read_classes(event: quake.Event, event_id: str) -> list[dict[str, Any]]:
    noted = tables.Schema(
        "classes",
        tuple(
            tables.Column(f"class_{c.name}", c.kind, c.unit, c.meaning)
            for c in tables.CLASSES.columns
        ),
    )
    rows = []
    for comment in event.comments:
        found = _read_note([comment], noted)
        if "class_label" in found:
            row = {k[len("class_") :]: v for k, v in found.items()}
            rows.append(_complete(tables.CLASSES, {"event_id": event_id}, row))
    if not rows:
        rows = [
            _complete(tables.CLASSES, {"event_id": event_id, "label": d.text}, {})
            for d in event.event_descriptions
            if d.text in tables.LABELS
        ]
    return rows


def _read_pick(pick: quake.Pick, event_id: str) -> dict[str, Any]:
    waveform = pick.waveform_id
    codes = (
        waveform.network_code, waveform.station_code, waveform.location_code, waveform.channel_code,
    )  # fmt: skip
    back = {v: k for k, v in _POLARITY.items()}
    native = {
        "event_id": event_id,
        "trace_id": safe_text(".".join(c or "" for c in codes)),
        "phase": safe_text(pick.phase_hint or ""),
        "time": pick.time,
        "uncertainty": _value(pick.time_errors.uncertainty if pick.time_errors else None),
        "polarity": back.get(pick.polarity or "", ""),
    }
    return _complete(tables.PICKS, native, _read_note(pick.comments, tables.PICKS))


def _read_origin(origin: quake.Origin, event_id: str) -> dict[str, Any]:
    def error_of(name: str, scale: float = 1.0) -> float:
        errors = getattr(origin, f"{name}_errors")
        return _value(errors.uncertainty if errors else None, scale)

    get: Callable[[Any, str], Any] = lambda holder, name: getattr(holder, name, None)  # noqa: E731
    quality, spread = origin.quality, origin.origin_uncertainty
    native = {
        "event_id": event_id,
        "time": origin.time if origin.time is not None else pd.NaT,
        "latitude": _value(origin.latitude),
        "longitude": _value(origin.longitude),
        "depth_km": _value(origin.depth, 1e-3),
        "time_uncertainty": error_of("time"),
        "depth_uncertainty_km": error_of("depth", 1e-3),
        "horizontal_uncertainty_km": _value(get(spread, "max_horizontal_uncertainty"), 1e-3),
        "semi_minor_km": _value(get(spread, "min_horizontal_uncertainty"), 1e-3),
        "major_azimuth": _value(get(spread, "azimuth_max_horizontal_uncertainty")),
        "n_picks": int(get(quality, "used_phase_count") or 0),
        "n_stations": int(get(quality, "used_station_count") or 0),
        "rms": _value(get(quality, "standard_error")),
        "azimuthal_gap": _value(get(quality, "azimuthal_gap")),
        "nearest_km": _value(get(quality, "minimum_distance"), _KM_PER_DEGREE),
    }
    return _complete(tables.ORIGINS, native, _read_note(origin.comments, tables.ORIGINS))
