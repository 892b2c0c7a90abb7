"""Source: where an event was and how large: travel times, locations, magnitudes."""

from __future__ import annotations

from ._results import Ellipsoid, Location, LocationGrid

__all__ = [
    "Ellipsoid",
    "Location",
    "LocationGrid",
]
