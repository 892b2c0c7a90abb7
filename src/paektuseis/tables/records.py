"""Tables of records: stations, gaps, quality, triggers, detections, jobs."""

from __future__ import annotations

from .._schema import Column, Schema
from ._columns import END, EVENT, FMAX, FMIN, ID, START, optional

STATIONS = Schema(
    "stations",
    (
        Column("network", "text", "", "network code"),
        Column("station", "text", "", "station code"),
        Column("latitude", "float", "degrees north", "WGS84"),
        Column("longitude", "float", "degrees east", "WGS84"),
        Column("elevation_m", "float", "m above sea level", "NaN where unknown"),
        optional("starttime", "time", "UTC", "begin of operation, NaT where unknown"),
        optional("endtime", "time", "UTC", "end of operation, NaT where unknown or open"),
        optional("distance_km", "float", "km", "distance from the volcano's reference point"),
        optional("azimuth", "float", "degrees", "direction from the reference point, from north"),
        optional("channels", "list", "", "channels as LOC.CHA"),
        optional("certainty", "text", "", "how sure the position is"),
        optional("note", "text", "", "remarks"),
    ),
)

GAPS = Schema(
    "gaps",
    (
        ID,
        Column("starttime", "time", "UTC", "time the first missing sample should have"),
        Column("endtime", "time", "UTC", "time of the first sample after the gap"),
        Column("duration", "float", "s", "missing time"),
    ),
)

QUALITY = Schema(
    "quality",
    (
        ID,
        START,
        END,
        Column("check", "text", "", "name of the check"),
        Column("severity", "text", "", "info, warning or error"),
        Column("message", "text", "", "what was found, for a person"),
        Column("value", "float", "see units", "the measured figure"),
        optional("units", "text", "", "unit of value"),
        optional("limit", "float", "see units", "the figure it was held against"),
        optional("path", "text", "", "file it was found in"),
    ),
)

SEVERITIES = ("info", "warning", "error")

METADATA_CHECKS = ("no_response", "wrong_epoch", "response")
"""Checks that speak of metadata: they stop a conversion, but the samples are still good."""

AVAILABILITY = Schema(
    "availability",
    (
        ID,
        Column("starttime", "time", "UTC", "first sample of the segment"),
        Column("endtime", "time", "UTC", "last sample of the segment"),
        Column("sampling_rate", "float", "Hz", "samples a second"),
        Column("npts", "int", "samples", "samples in the segment"),
    ),
)

TRIGGERS = Schema(
    "triggers",
    (
        ID,
        Column("starttime", "time", "UTC", "characteristic function rose above thr_on"),
        Column("endtime", "time", "UTC", "characteristic function fell below thr_off"),
        Column("peak_ratio", "float", "ratio", "largest value of the characteristic function"),
        Column("peak_time", "time", "UTC", "time of that largest value"),
        optional("duration", "float", "s", "endtime - starttime"),
        optional("open_end", "bool", "", "the record ended before the function fell below thr_off"),
        optional("method", "text", "", "characteristic function"),
        optional("sta", "float", "s", "short window"),
        optional("lta", "float", "s", "long window"),
        optional("thr_on", "float", "ratio", "threshold to switch on"),
        optional("thr_off", "float", "ratio", "threshold to switch off"),
        FMIN,
        FMAX,
        optional("detector", "text", "", "name of the detector that made it"),
        optional("flag", "text", "", "why it is not counted ('' = it is)"),
    ),
)

MONITORING = Schema(
    "monitoring",
    (
        ID,
        START,
        END,
        Column("state", "text", "", "monitored, blind (warm-up) or missing (no samples)"),
        optional("cause", "text", "", "why it was not monitored"),
        optional("duration", "float", "s", "endtime - starttime"),
        optional("detector", "text", "", "name of the detector"),
    ),
)

DETECTIONS = Schema(
    "detections",
    (
        EVENT,
        Column("starttime", "time", "UTC", "earliest trigger"),
        Column("endtime", "time", "UTC", "latest end of a trigger"),
        Column("n_stations", "int", "stations", "stations (not channels) that triggered"),
        Column("trace_ids", "list", "", "channels that triggered, in order of onset"),
        optional("duration", "float", "s", "endtime - starttime"),
        optional("peak_ratio", "float", "ratio", "largest characteristic function of all channels"),
        optional("best_trace_id", "text", "", "channel of that largest value"),
        optional("spread", "float", "s", "latest onset - earliest onset"),
        optional("veto", "text", "", "why it is no event ('' = it may be one)"),
        FMIN,
        FMAX,
        optional("detector", "text", "", "name of the detector that made it"),
    ),
)

MATCHES = Schema(
    "matches",
    (
        Column("outcome", "text", "", "hit, miss or false"),
        Column("reference_index", "int", "", "row of the reference, -1 for a false detection"),
        Column("reference_time", "time", "UTC", "time in the reference, NaT for a false detection"),
        Column("event_id", "text", "", "detection, '' for a miss"),
        Column("detection_time", "time", "UTC", "start of the detection, NaT for a miss"),
        Column("residual", "float", "s", "detection - reference, NaN unless a hit"),
    ),
)

JOBS = Schema(
    "jobs",
    (
        Column("job", "text", "", "name of the job and of its folder of results"),
        Column("starttime", "time", "UTC", "start of the span"),
        Column("endtime", "time", "UTC", "end of the span (not included)"),
        Column("key", "text", "", "hash of settings, code and input files"),
        Column("state", "text", "", "planned, running, done or failed"),
        Column("owner", "text", "", "who does it or did it last, '' for nobody yet"),
        Column("attempts", "int", "", "times it was begun under this key"),
        Column("reason", "text", "", "why it failed"),
        Column("problems", "list", "", "what could not be done within it"),
        Column("seconds", "float", "s", "wall time it took, NaN where unknown"),
        Column("finished", "time", "UTC", "when it was done or failed, NaT where unknown"),
        optional("n_rows", "int", "rows", "rows of its tables, 0 where unknown"),
        optional("n_bytes", "int", "bytes", "size of its results, 0 where unknown"),
    ),
)
