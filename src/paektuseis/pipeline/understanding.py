"""From a detection to an understood event: arrivals, place, size and kind.

Every step takes what the one before it found, and goes without it where it found nothing:
what cannot be had is left out with its reason, never guessed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from obspy import Inventory, Stream, UTCDateTime

from .. import tables
from ..catalog import classify_events, event_features
from ..config import Settings
from ..errors import MetadataError, ParameterError, WaveformError
from ..network import Network
from ..picking import pick_phases
from ..source import (
    Location,
    Magnitude,
    SingleStationLocation,
    SourceFit,
    local_magnitude,
    locate,
    locate_single_station,
    moment_magnitude,
)
from ..source._records import sensors_of
from ..times import as_timestamp, as_utc

STEPS = ("picks", "location", "magnitude", "class")
REFUSED = (ParameterError, WaveformError, MetadataError)


@dataclass(frozen=True, kw_only=True)
class Understanding:
    """What is known of one event beyond its amplitudes and spectra.

    Attributes
    ----------
    picks : DataFrame
        ``tables.PICKS``.
    location : Location, SingleStationLocation or None
        With the posterior's samples; None where it could not be located.
    origins : DataFrame
        ``tables.ORIGINS``: one row, or none.
    residuals : DataFrame
        ``tables.RESIDUALS``.
    magnitudes, station_magnitudes : DataFrame
        ``tables.MAGNITUDES`` and ``tables.STATION_MAGNITUDES``.
    features, classes : DataFrame
        ``tables.FEATURES`` and ``tables.CLASSES``: one row, or none.
    fits : tuple of SourceFit
        Displacement spectra with the fitted source model.
    refusals : DataFrame
        ``tables.REFUSALS``: what was not given a value, and why.
    """

    picks: pd.DataFrame = field(default_factory=tables.PICKS.frame)
    location: Location | SingleStationLocation | None = None
    origins: pd.DataFrame = field(default_factory=tables.ORIGINS.frame)
    residuals: pd.DataFrame = field(default_factory=tables.RESIDUALS.frame)
    magnitudes: pd.DataFrame = field(default_factory=tables.MAGNITUDES.frame)
    station_magnitudes: pd.DataFrame = field(default_factory=tables.STATION_MAGNITUDES.frame)
    features: pd.DataFrame = field(default_factory=tables.FEATURES.frame)
    classes: pd.DataFrame = field(default_factory=tables.CLASSES.frame)
    fits: tuple[SourceFit, ...] = ()
    refusals: pd.DataFrame = field(default_factory=tables.REFUSALS.frame)


def understand_event(
    stream: Stream,
    event: Mapping[str, Any],
    *,
    network: Network | None = None,
    inventory: Inventory | None = None,
    triggers: pd.DataFrame | None = None,
    settings: Settings | None = None,
) -> Understanding:
    """Pick, locate, measure and classify one event.

    Parameters
    ----------
    stream : Stream
        Raw records (counts) around the event, all components; gaps as separate traces.
    event : mapping
        With ``event_id``, ``time`` and ``endtime``; ``detectors`` and ``trace_ids`` are used
        where they are given.
    network : Network, optional
        Positions and velocity model; without one nothing is located.
    inventory : Inventory, optional
        Responses; without one there is no magnitude.
    triggers : DataFrame, optional
        ``tables.TRIGGERS`` that overlap the event: where each station's arrival is looked for.
    settings : Settings, optional
        The sections ``picks``, ``location``, ``magnitudes`` and ``classes`` are used.

    Returns
    -------
    Understanding
    """
    settings = settings or Settings()
    event_id = str(event.get("event_id", ""))
    refused: dict[str, list[str]] = {step: [] for step in STEPS}
    picks = tables.PICKS.frame()
    if settings.picks.enabled:
        picks = pick_phases(
            stream,
            _onsets(event, triggers),
            inventory,
            event_id=event_id,
            problems=refused["picks"],
        )
    location = None
    if settings.location.enabled and len(picks):
        location = _place(stream, picks, network, inventory, settings, refused["location"])
    found: dict[str, Any] = {}
    if settings.classes.enabled:
        found["features"] = event_features(
            stream,
            event,
            inventory=inventory,
            network=network,
            picks=picks,
            origin=location.origin_row(event_id) if location is not None else None,
            problems=refused["class"],
        )
        found["classes"] = classify_events(found["features"])
        if location is not None and (found["classes"]["label"] == "teleseism").any():
            refused["location"].append(
                "its class is teleseism: no hypocentre in the model of the volcano is given"
            )
            location = None
    if location is not None:
        found["origins"] = tables.ORIGINS.frame([location.origin_row(event_id)])
        found["residuals"] = location.residuals.assign(event_id=event_id)
        if inventory is not None and settings.magnitudes.enabled:
            sizes = _sizes(
                stream,
                location,
                picks,
                network,
                inventory,
                settings,
                event_id,
                refused["magnitude"],
            )
            found["magnitudes"] = tables.MAGNITUDES.concat(m.table(event_id) for m in sizes)
            found["station_magnitudes"] = tables.STATION_MAGNITUDES.concat(
                m.stations.assign(event_id=event_id) for m in sizes
            )
            found["fits"] = tuple(fit for m in sizes for fit in m.spectra)
    found["refusals"] = tables.REFUSALS.frame(
        {"event_id": event_id, "step": step, "reason": reason}
        for step, reasons in refused.items()
        for reason in dict.fromkeys(reasons)
    )
    return Understanding(picks=picks, location=location, **found)


def _onsets(
    event: Mapping[str, Any], triggers: pd.DataFrame | None
) -> Mapping[str, UTCDateTime] | UTCDateTime:
    """Return the first trigger of each station in the event, else the event's onset for all."""
    onset = as_utc(event.get("time", event.get("starttime")))
    if triggers is None or not len(triggers):
        return onset
    mine = triggers
    detectors = event.get("detectors")
    if detectors is not None and len(detectors) and "detector" in triggers.columns:
        mine = triggers[triggers["detector"].isin(list(detectors))]
    if "flag" in mine.columns:
        mine = mine[mine["flag"] == ""]
    near = mine[mine["starttime"] >= as_timestamp(onset - 1.0)]
    first = near.assign(station=near["trace_id"].map(tables.station_of)).groupby("station")[
        "starttime"
    ]
    return {str(k): as_utc(v) for k, v in first.min().items()} or onset


def _place(
    stream: Stream,
    picks: pd.DataFrame,
    network: Network | None,
    inventory: Inventory | None,
    settings: Settings,
    refused: list[str],
) -> Location | SingleStationLocation | None:
    """Locate with the network, else with the station that was picked best."""
    if network is not None and network.velocity is not None:
        try:
            return locate(
                picks,
                network,
                inventory=inventory,
                model_error=settings.location.model_error,
                max_depth_km=settings.location.max_depth_km,
            )
        except REFUSED as error:
            refused.append(str(error))
    if not settings.location.single_station:
        return None
    try:
        alone = locate_single_station(stream, picks, inventory=inventory, network=network)
    except REFUSED as error:
        refused.append(f"with one station: {error}")
        return None
    if not math.isfinite(alone.distance_km):  # a direction alone is no place
        refused.append(f"with one station: {alone.note or 'no distance'}")
        return None
    return alone


def _sizes(
    stream: Stream,
    location: Location | SingleStationLocation,
    picks: pd.DataFrame,
    network: Network | None,
    inventory: Inventory,
    settings: Settings,
    event_id: str,
    refused: list[str],
) -> list[Magnitude]:
    """Return local and moment magnitude, those that could be measured."""
    model = network.velocity if network is not None else None
    if not (math.isfinite(location.latitude) or math.isfinite(location.distance_km)):
        return []
    records = stream
    if not math.isfinite(location.latitude):  # only a distance from one station
        station = tables.station_of(str(location.residuals["trace_id"].iloc[0]))
        records = Stream([t for t in stream if tables.station_of(t.id) == station])
    try:
        sensors = sensors_of(records)  # the same for both
    except REFUSED as error:
        refused.append(f"magnitudes: {error}")
        return []
    found = []
    try:
        found.append(
            local_magnitude(
                sensors,
                location,
                inventory,
                scale=settings.magnitudes.scale,
                picks=picks,
                model=model,
                event_id=event_id,
                problems=refused,
            )
        )
    except REFUSED as error:
        refused.append(f"local magnitude: {error}")
    if settings.magnitudes.moment:
        try:
            found.append(
                moment_magnitude(
                    sensors,
                    location,
                    inventory,
                    picks,
                    model=model,
                    event_id=event_id,
                    problems=refused,
                )
            )
        except REFUSED as error:
            refused.append(f"moment magnitude: {error}")
    return found
