"""Tables of sources: arrivals, hypocentres, magnitudes."""

from __future__ import annotations

from .._schema import Column, Schema
from ._columns import EVENT, FMAX, FMIN, ID, optional

PICKS = Schema(
    "picks",
    (
        optional("event_id", "text", "", "event the pick belongs to, '' where none is known"),
        ID,
        Column("phase", "text", "", "P or S"),
        Column("time", "time", "UTC", "arrival"),
        Column("uncertainty", "float", "s", "one standard error of the time"),
        Column("snr", "float", "ratio", "rms after the pick over rms before it, in its band"),
        Column("polarity", "text", "", "first motion: up, down or '' where it is not clear"),
        Column("quality", "text", "", "A (best), B, C or D"),
        optional("method", "text", "", "picker"),
        FMIN,
        FMAX,
    ),
)

PHASES = ("P", "S")

POLARITIES = ("", "up", "down")

QUALITIES = ("A", "B", "C", "D")

RESIDUALS = Schema(
    "residuals",
    (
        optional("event_id", "text", "", "event located"),
        ID,
        Column("phase", "text", "", "P or S"),
        Column("time", "time", "UTC", "arrival picked"),
        Column("residual", "float", "s", "picked - predicted"),
        Column("weight", "float", "share", "weight in the solution, 0 = not used"),
        Column("distance_km", "float", "km", "epicentral distance"),
        Column("azimuth", "float", "degrees", "from epicentre to station, from north"),
        optional("takeoff", "float", "degrees", "at the source, 0 down, 180 up"),
        optional("uncertainty", "float", "s", "standard error used for the pick and the model"),
    ),
)

ORIGINS = Schema(
    "origins",
    (
        EVENT,
        Column("time", "time", "UTC", "origin time"),
        Column("latitude", "float", "degrees north", "epicentre, NaN where unknown"),
        Column("longitude", "float", "degrees east", "epicentre, NaN where unknown"),
        Column("depth_km", "float", "km below sea level", "negative above, NaN where unknown"),
        Column("time_uncertainty", "float", "s", "one standard error"),
        Column("horizontal_uncertainty_km", "float", "km", "semi-major axis, 68 % ellipse"),
        Column("depth_uncertainty_km", "float", "km", "half of the central 68 % of depth"),
        Column("n_picks", "int", "picks", "arrivals used"),
        Column("n_stations", "int", "stations", "stations used"),
        Column("rms", "float", "s", "weighted root mean square of the residuals"),
        Column("azimuthal_gap", "float", "degrees", "largest angle without a station"),
        Column("nearest_km", "float", "km", "epicentral distance of the nearest station"),
        Column("method", "text", "", "how it was located"),
        Column("model", "text", "", "velocity model"),
        Column("quality", "text", "", "A (best), B, C or D"),
        optional("semi_minor_km", "float", "km", "semi-minor axis, 68 % ellipse of the epicentre"),
        optional(
            "major_azimuth", "float", "degrees", "direction of the semi-major axis, from north"
        ),
        optional("distance_km", "float", "km", "from the station, where one station located it"),
        optional("distance_uncertainty_km", "float", "km", "one standard error"),
        optional("backazimuth", "float", "degrees", "from the station, where one located it"),
        optional("backazimuth_uncertainty", "float", "degrees", "one standard error"),
        optional("incidence", "float", "degrees", "at the station, 0 from straight below"),
        optional("note", "text", "", "remarks: what is not resolved"),
    ),
)

MAGNITUDES = Schema(
    "magnitudes",
    (
        EVENT,
        Column("kind", "text", "", "ML, Md, Mw or Me"),
        Column("scale", "text", "", "name of the formula"),
        Column("value", "float", "", "magnitude, NaN where refused"),
        Column("uncertainty", "float", "", "one standard error, NaN for a single station"),
        Column("n", "int", "stations", "stations used"),
        Column("stations", "list", "", "NET.STA used"),
        optional("corner_frequency", "float", "Hz", "Mw: corner of the source spectrum"),
        optional("corner_uncertainty", "float", "Hz", "one standard error"),
        optional("moment", "float", "N m", "Mw: seismic moment"),
        optional("note", "text", "", "why refused, or remarks"),
    ),
)

STATION_MAGNITUDES = Schema(
    "station_magnitudes",
    (
        optional("event_id", "text", "", "event"),
        ID,
        Column("kind", "text", "", "ML, Md, Mw or Me"),
        Column("scale", "text", "", "name of the formula"),
        Column("value", "float", "", "magnitude at the station"),
        Column("residual", "float", "", "value - network value"),
        Column("amplitude", "float", "see units", "amplitude, duration or moment it rests on"),
        Column("units", "text", "", "unit of amplitude"),
        Column("distance_km", "float", "km", "hypocentral distance"),
        optional("time", "time", "UTC", "instant of the amplitude"),
        optional("snr", "float", "ratio", "amplitude over that of the noise before"),
        optional("used", "bool", "", "whether it counts in the network value"),
        optional("note", "text", "", "why it does not count"),
    ),
)
