"""Source: where an event was and how large: travel times, locations, magnitudes."""

from __future__ import annotations

from ._amplitude_results import AmplitudeGrid, AmplitudeLocation
from ._brune import SourceShape
from ._magnitude import Magnitude
from ._results import Ellipsoid, Location, LocationGrid
from .amplitudes import locate_by_amplitude, station_amplitudes, track_by_amplitude
from .circular import source_radius, stress_drop
from .duration import DurationScale, duration_magnitude
from .energy import seismic_energy
from .hypocentre import locate
from .local import local_magnitude
from .moment import SourceFit, moment_magnitude
from .scales import MagnitudeScale, magnitude_scale
from .single import SingleStationLocation, locate_single_station
from .traveltimetable import TravelTimeTable, travel_time_table
from .wood_anderson import WoodAnderson

__all__ = [
    "AmplitudeGrid",
    "AmplitudeLocation",
    "DurationScale",
    "Ellipsoid",
    "Location",
    "LocationGrid",
    "Magnitude",
    "MagnitudeScale",
    "SingleStationLocation",
    "SourceFit",
    "SourceShape",
    "TravelTimeTable",
    "WoodAnderson",
    "duration_magnitude",
    "local_magnitude",
    "locate",
    "locate_by_amplitude",
    "locate_single_station",
    "magnitude_scale",
    "moment_magnitude",
    "seismic_energy",
    "source_radius",
    "station_amplitudes",
    "stress_drop",
    "track_by_amplitude",
    "travel_time_table",
]
