"""Catalog: detections of several bands become events, an obspy catalogue, and rates.

``event_table`` merges what different detectors saw of one event and adds its
measures, ``detections_to_catalog`` writes events and their automatic onsets as an obspy
``Catalog``, ``event_rate`` counts them against the time in which stations listened.
"""

from __future__ import annotations

from .bvalue import BValue, b_value
from .completeness import magnitude_completeness
from .events import event_table
from .exchange import detections_to_catalog
from .intervals import InterEventTimes, Rate, inter_event_times, rate_interval
from .moment import cumulative_moment, frequency_magnitude, simulate_magnitudes
from .rates import event_rate
from .swarms import find_swarms

__all__ = [
    "BValue",
    "InterEventTimes",
    "Rate",
    "b_value",
    "cumulative_moment",
    "detections_to_catalog",
    "event_rate",
    "event_table",
    "find_swarms",
    "frequency_magnitude",
    "inter_event_times",
    "magnitude_completeness",
    "rate_interval",
    "simulate_magnitudes",
]
