"""Tables of what a network can see: detection probability and completeness by place."""

from __future__ import annotations

from .._schema import Column, Schema

_PLACE = (
    Column("place", "text", "", "name of the place"),
    Column("latitude", "float", "degrees", "of the place"),
    Column("longitude", "float", "degrees", "of the place"),
    Column("depth_km", "float", "km", "of the source below sea level"),
)

DETECTABILITY = Schema(
    "detectability",
    (
        *_PLACE,
        Column("magnitude", "float", "", "of the planted events"),
        Column("scale", "text", "", "of the magnitude: Mw"),
        Column("n", "int", "", "events planted"),
        Column("detected", "int", "", "of them found"),
        Column("probability", "float", "share", "detected / n"),
        Column("lower", "float", "share", "lower end of the binomial interval"),
        Column("upper", "float", "share", "upper end"),
        Column("confidence", "float", "share", "of the interval"),
        Column("stations", "int", "", "stations alive"),
    ),
)

COMPLETENESS = Schema(
    "completeness",
    (
        *_PLACE,
        Column("share", "float", "share", "of the events that is found"),
        Column("magnitude", "float", "", "at which so many are found, NaN = refused (note)"),
        Column("uncertainty", "float", "", "one standard error, the step of the magnitudes in it"),
        Column("lower", "float", "", "largest magnitude planted that is found too seldom for sure"),
        Column("upper", "float", "", "smallest that is found often enough for sure"),
        Column("confidence", "float", "share", "of lower and upper"),
        Column("scale", "text", "", "of the magnitude: Mw"),
        Column("n", "int", "", "events planted of each magnitude"),
        Column("stations", "int", "", "stations alive"),
        Column("note", "text", "", "why there is no value"),
    ),
)
