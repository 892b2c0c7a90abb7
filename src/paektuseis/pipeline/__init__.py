"""Composition: a day of a network, and one event, from records to tables and pages.

No science is defined here; each number comes from the public verb a user
would call by hand, with the settings written beside it.
"""

from .completeness import completeness_map
from .day import DayResult, process_day
from .event import EventResult, process_event

__all__ = ["DayResult", "EventResult", "completeness_map", "process_day", "process_event"]
