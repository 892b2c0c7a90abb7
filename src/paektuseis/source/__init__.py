"""Source: where an event was and how large: travel times, locations, magnitudes."""

from __future__ import annotations

from ._results import Ellipsoid, Location, LocationGrid
from .locate import locate
from .traveltimetable import TravelTimeTable, travel_time_table

__all__ = [
    "Ellipsoid",
    "Location",
    "LocationGrid",
    "TravelTimeTable",
    "locate",
    "travel_time_table",
]
