"""``to_catalog``: tables as an obspy ``Catalog``, for QuakeML."""

from __future__ import annotations

from typing import Any

import pandas as pd
from obspy.core import event as quake
from obspy.core.event import Catalog

from ..network import Network
from ..times import as_utc
from ..types import KM_PER_DEGREE
from ._onsets import Onsets, made_by, onset_picks, place_of, what_was_seen
from .catalogue_tables import (
    _POLARITY,
    _SCHEMAS,
    CatalogueTables,
    _identifier,
    _note,
    known,
    number,
)

EVENT_TYPES = {
    "VT": "earthquake", "regional": "earthquake", "teleseism": "earthquake",
    "LP": "other event", "hybrid": "other event", "VLP": "other event", "harmonic": "other event",
    "tremor": "other event", "explosion": "other event", "noise": "other event",
}  # fmt: skip
"""QuakeML event type of a class; QuakeML has no word for most, so the class stands beside it."""


def to_catalog(
    data: CatalogueTables,
    *,
    triggers: pd.DataFrame | None = None,
    network: Network | None = None,
) -> Catalog:
    """Turn tables into an obspy catalogue, ids and preferred ids set, for QuakeML.

    What QuakeML has elements for goes there (times, places, their uncertainties, azimuthal gap,
    phases, first motions, arrivals with residuals, magnitudes, event type); the rest of a row
    stands in a comment as JSON, so that :func:`from_catalog` finds it. The class is the event's
    description, and ``event_type`` the nearest word QuakeML has.

    Nothing is invented: an event has an origin only where the table ``origins`` has one, or else
    ``events`` a finite ``latitude`` and ``longitude``.

    Parameters
    ----------
    data : CatalogueTables
    triggers : DataFrame, optional
        Table ``tables.TRIGGERS``: an event without phase picks gets the first trigger of each of
        its channels, of one of its detectors, as automatic pick without phase name.
    network : Network, optional
        Its name goes into the description of the catalogue.

    Returns
    -------
    obspy.core.event.Catalog
        The same tables give the same ids, and no time of making is written, so that a rerun
        writes the same file.
    """
    by = {name: data.rows(name) for name in _SCHEMAS}
    onsets = Onsets(triggers) if triggers is not None and len(triggers) else None
    ids = data.event_ids
    whose = f" of {network.title or network.name}" if network is not None else ""
    return Catalog(
        events=[_event(i, {n: rows.get(i, []) for n, rows in by.items()}, onsets) for i in ids],
        description=f"Automatic detections{whose}",
        resource_id=_identifier("catalog", f"{ids[0]}_{len(ids)}" if ids else "empty"),
        creation_info=made_by(),
    )


def _event(
    event_id: str, rows: dict[str, list[dict[str, Any]]], onsets: Onsets | None
) -> quake.Event:
    seen = rows["events"][:1]
    timed = [row for row in rows["picks"] if known(row["time"])]
    picks = [_pick(event_id, k, row) for k, row in enumerate(timed)]
    if onsets is not None and not picks:
        picks = [p for row in seen for p in onset_picks(row, onsets)]
    origins = [_origin(event_id, k, row) for k, row in enumerate(rows["origins"])]
    if not origins:
        origins = [o for row in seen if (o := place_of(row)) is not None]
    placed = [r for r in rows["residuals"] if rows["origins"] and known(r["trace_id"])]
    if placed:
        at = {
            (str(row["trace_id"]), str(row["phase"])): pick.resource_id
            for row, pick in zip(timed, picks, strict=False)
        }
        origins[0].arrivals = _arrivals(event_id, placed, at)
    magnitudes = [
        quake.Magnitude(
            resource_id=_identifier("magnitude", event_id, k),
            mag=float(row["value"]),
            mag_errors={"uncertainty": number(row["uncertainty"])},
            magnitude_type=row["kind"] or None,
            station_count=int(row["n"]),
            origin_id=origins[0].resource_id if origins else None,
            comments=_note(
                row, {"event_id", "value", "uncertainty", "kind", "n"}, "magnitude", event_id, k
            ),
        )
        for k, row in enumerate(rows["magnitudes"])
        if known(row["value"])
    ]
    label = next((r["label"] for r in rows["classes"]), "") or next(
        (r.get("label", "") for r in rows["events"]), ""
    )
    comments = [what_was_seen(row) for row in seen]
    comments += [
        c
        for k, row in enumerate(rows["events"])
        for c in _note(row, {"event_id"}, "event", event_id, k)
    ]
    event = quake.Event(
        resource_id=_identifier("event", event_id),
        creation_info=made_by(),
        event_type=EVENT_TYPES.get(label),
        picks=picks,
        origins=origins,
        magnitudes=magnitudes,
        comments=comments,
        event_descriptions=[
            quake.EventDescription(text=row["label"], type="earthquake name")
            for row in rows["classes"]
            if row["label"]
        ],
    )
    kept = {"class": rows["classes"]}
    kept["refused"] = [r for r in rows["magnitudes"] if not known(r["value"])]
    kept["unplaced"] = [
        r for r in rows["residuals"] if not (rows["origins"] and known(r["trace_id"]))
    ]
    kept["untimed"] = [r for r in rows["picks"] if not known(r["time"])]
    for kind, rest in kept.items():
        for k, row in enumerate(rest):
            note = {f"{kind}_{name}": v for name, v in row.items() if name != "event_id"}
            event.comments += _note(note, set(), "rest", kind, event_id, k)
    if origins:
        event.preferred_origin_id = origins[0].resource_id
    if magnitudes:
        event.preferred_magnitude_id = magnitudes[0].resource_id
    return event


def _stream(trace_id: str) -> quake.WaveformStreamID:
    codes = trace_id.split(".")
    if len(codes) != 4:  # no id of a channel: kept as it is
        return quake.WaveformStreamID(station_code=trace_id)
    net, station, loc, channel = codes
    return quake.WaveformStreamID(net, station, loc, channel)


def _pick(event_id: str, k: int, row: dict[str, Any]) -> quake.Pick:
    native = {"event_id", "time", "uncertainty", "trace_id", "phase", "polarity"}
    native -= set() if str(row["trace_id"]).count(".") == 3 else {"trace_id"}
    return quake.Pick(
        resource_id=_identifier("pick", event_id, k),
        time=as_utc(row["time"]),
        time_errors={"uncertainty": number(row["uncertainty"])},
        waveform_id=_stream(str(row["trace_id"])),
        phase_hint=row["phase"] or None,
        polarity=_POLARITY.get(row["polarity"]),
        evaluation_mode="automatic",
        comments=_note(row, native, "pick", event_id, k),
    )


_ORIGIN_NATIVE = {
    "event_id", "time", "latitude", "longitude", "depth_km", "time_uncertainty",
    "horizontal_uncertainty_km", "depth_uncertainty_km", "n_picks", "n_stations", "rms",
    "azimuthal_gap", "nearest_km", "semi_minor_km", "major_azimuth",
}  # fmt: skip


def _origin(event_id: str, k: int, row: dict[str, Any]) -> quake.Origin:
    native = set(_ORIGIN_NATIVE)
    native -= set() if known(row["time"]) else {"time_uncertainty"}  # none without its value
    native -= set() if known(row["depth_km"]) else {"depth_uncertainty_km"}
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
            minimum_distance=number(row["nearest_km"], 1 / KM_PER_DEGREE),
        ),
        evaluation_mode="automatic",
        comments=_note(row, native, "origin", event_id, k),
    )


def _arrivals(
    event_id: str, rows: list[dict[str, Any]], at: dict[tuple[str, str], quake.ResourceIdentifier]
) -> list[quake.Arrival]:
    out = []
    for k, row in enumerate(rows):
        pick = at.get((str(row["trace_id"]), str(row["phase"]))) or _identifier(
            "nopick", event_id, k
        )
        out.append(
            quake.Arrival(
                resource_id=_identifier("arrival", event_id, k),
                pick_id=pick,
                phase=row["phase"],
                time_residual=number(row["residual"]),
                time_weight=number(row["weight"]),
                distance=number(row["distance_km"], 1 / KM_PER_DEGREE),
                azimuth=number(row["azimuth"]),
                takeoff_angle=number(row.get("takeoff")),
                comments=_note(
                    row,
                    {"event_id", "phase", "residual", "weight", "distance_km", "azimuth",
                     "takeoff"},
                    "arrival", event_id, k,
                ),
            )
        )  # fmt: skip
    return out
