"""``from_catalog``: an obspy ``Catalog``, of whatever program, as tables."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pandas as pd
from obspy.core import event as quake
from obspy.core.event import Catalog

from .. import tables
from ..errors import ParameterError
from ..io import safe_text
from ..types import KM_PER_DEGREE
from .catalogue_tables import (
    _POLARITY,
    _ROOT,
    _SCHEMAS,
    CatalogueTables,
    _identifier,
    _read_note,
    _unsafe,
    known,
)


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
    given = {k: v for k, v in row.items() if known(v) or k not in extra}
    return {**base, **extra, **given}


def _read_event(
    event: quake.Event, event_id: str, left: list[str]
) -> dict[str, list[dict[str, Any]]]:
    out: dict[str, list[dict[str, Any]]] = {}
    own = _read_note(event.comments, tables.EVENTS)
    out["events"] = [_complete(tables.EVENTS, {"event_id": event_id}, own)] if own else []
    picks = {}
    for pick in event.picks:
        if pick.time is None or pick.waveform_id is None:
            left.append(f"event {event_id}: a pick without time or channel is left out")
            continue
        row = _read_pick(pick, event_id)
        picks[str(pick.resource_id.id)] = row
    out["picks"] = list(picks.values())
    copied = _identifier("origin", event_id).id if own else ""  # of a place in the table events
    origins = [
        o
        for o in _first(event.preferred_origin_id, event.origins)
        if not copied or str(o.resource_id.id) != copied
    ]
    out["origins"] = [_read_origin(origin, event_id) for origin in origins]
    out["residuals"] = []
    for arrival in origins[0].arrivals if origins else ():
        extra = _read_note(arrival.comments, tables.RESIDUALS)
        base = picks.get(str(arrival.pick_id.id) if arrival.pick_id else "")
        if base is not None:
            extra = {**{k: base[k] for k in ("trace_id", "time")}, **extra}
        if "trace_id" not in extra:
            left.append(f"event {event_id}: an arrival without its pick is left out")
            continue
        native = {
            "event_id": event_id,
            "phase": safe_text(arrival.phase or ""),
            "residual": _value(arrival.time_residual),
            "weight": _value(arrival.time_weight),
            "distance_km": _value(arrival.distance, KM_PER_DEGREE),
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
    out["residuals"] += _read_rest(event, event_id, "unplaced", tables.RESIDUALS)
    out["magnitudes"] += _read_rest(event, event_id, "refused", tables.MAGNITUDES)
    out["picks"] += _read_rest(event, event_id, "untimed", tables.PICKS)
    out["classes"] = _read_rest(event, event_id, "class", tables.CLASSES) or [
        _complete(tables.CLASSES, {"event_id": event_id, "label": d.text}, {})
        for d in event.event_descriptions
        if d.text in tables.LABELS
    ]
    return out


def _read_rest(
    event: quake.Event, event_id: str, kind: str, schema: tables.Schema
) -> list[dict[str, Any]]:
    """Return rows QuakeML has no element for, which stand in comments of the event."""
    prefix = f"{kind}_"
    noted = tables.Schema(
        kind,
        tuple(
            tables.Column(prefix + c.name, c.kind, c.unit, c.meaning)
            for c in schema.columns
            if c.name != "event_id"
        ),
    )
    rows = []
    for comment in event.comments:
        found = _read_note([comment], noted)
        if found:
            row = {k[len(prefix) :]: v for k, v in found.items()}
            rows.append(_complete(schema, {"event_id": event_id}, row))
    return rows


def _read_pick(pick: quake.Pick, event_id: str) -> dict[str, Any]:
    extra = _read_note(pick.comments, tables.PICKS)
    w = pick.waveform_id
    codes = (w.network_code, w.station_code, w.location_code, w.channel_code)
    back = {v: k for k, v in _POLARITY.items()}
    native = {
        "event_id": event_id,
        "trace_id": extra.get("trace_id") or safe_text(".".join(c or "" for c in codes)),
        "phase": safe_text(pick.phase_hint or ""),
        "time": pick.time,
        "uncertainty": _value(pick.time_errors.uncertainty if pick.time_errors else None),
        "polarity": back.get(pick.polarity or "", ""),
    }
    return _complete(tables.PICKS, native, extra)


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
        "nearest_km": _value(get(quality, "minimum_distance"), KM_PER_DEGREE),
    }
    return _complete(tables.ORIGINS, native, _read_note(origin.comments, tables.ORIGINS))
