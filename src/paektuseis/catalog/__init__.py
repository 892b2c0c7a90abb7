"""Catalog: detections of several bands become events, an obspy catalogue, and rates.

``event_table`` merges what different detectors saw of one event and adds its
measures, ``detections_to_catalog`` writes events and their automatic onsets as an obspy
``Catalog``, ``event_rate`` counts them against the time in which stations listened.
"""

from __future__ import annotations

from .events import event_table
from .exchange import detections_to_catalog
from .rates import event_rate

__all__ = ["detections_to_catalog", "event_rate", "event_table"]
