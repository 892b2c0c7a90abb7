"""Detection: characteristic functions, triggers, network coincidence and what was listened to.

``sta_lta`` makes characteristic functions, ``trigger_onsets`` finds where they switch on and off,
``coincidence`` joins the triggers of several stations to detections, ``match_detections`` holds
those against a reference, ``cut_events`` cuts their records, and ``monitored_time`` accounts for
the time in which nothing could have been seen.
"""

from __future__ import annotations

from ._sync import synchronised
from .characteristic import sta_lta
from .cutting import cut_events
from .listening import detect_triggers
from .matching import MatchResult, match_detections
from .monitoring import monitored_time
from .together import coincidence, coincidence_candidates
from .triggers import trigger_onsets

__all__ = [
    "MatchResult",
    "coincidence",
    "coincidence_candidates",
    "cut_events",
    "detect_triggers",
    "match_detections",
    "monitored_time",
    "sta_lta",
    "synchronised",
    "trigger_onsets",
]
