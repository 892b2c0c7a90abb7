"""Catalog: detections of several bands become events, an obspy catalogue, and rates.

``event_table`` merges what different detectors saw of one event and adds its
measures, ``detections_to_catalog`` writes events and their automatic onsets as an obspy
``Catalog``, ``event_rate`` counts them against the time in which stations listened.
"""

from __future__ import annotations

from .bvalue import BValue, b_value
from .catalogue_files import read_catalogue, write_catalogue
from .catalogue_tables import CatalogueTables
from .classes import QUAKEML_TYPES, classify_events, confusion_table, macro_f1
from .completeness import magnitude_completeness
from .events import event_table
from .exchange import detections_to_catalog
from .features import event_features
from .intervals import InterEventTimes, Rate, inter_event_times, rate_interval
from .moment import cumulative_moment, frequency_magnitude, simulate_magnitudes
from .quakeml_in import from_catalog
from .quakeml_out import to_catalog
from .rates import event_rate
from .rules import Criterion, Rules
from .swarms import find_swarms
from .training import EventModel, load_event_model, train_classifier

__all__ = [
    "QUAKEML_TYPES",
    "BValue",
    "CatalogueTables",
    "Criterion",
    "EventModel",
    "InterEventTimes",
    "Rate",
    "Rules",
    "b_value",
    "classify_events",
    "confusion_table",
    "cumulative_moment",
    "detections_to_catalog",
    "event_features",
    "event_rate",
    "event_table",
    "find_swarms",
    "frequency_magnitude",
    "from_catalog",
    "inter_event_times",
    "load_event_model",
    "macro_f1",
    "magnitude_completeness",
    "rate_interval",
    "read_catalogue",
    "simulate_magnitudes",
    "to_catalog",
    "train_classifier",
    "write_catalogue",
]
