"""Columns that many tables share."""

from __future__ import annotations

from .._schema import Column, Kind


def optional(name: str, kind: Kind, unit: str, meaning: str) -> Column:
    """Return a column that a table may go without."""
    return Column(name, kind, unit, meaning, required=False)


ID = Column("trace_id", "text", "", "NET.STA.LOC.CHA")
START = Column("starttime", "time", "UTC", "first instant")
END = Column("endtime", "time", "UTC", "last instant")
EVENT = Column("event_id", "text", "", "identifier made of detector and time")
FMIN = optional("freqmin", "float", "Hz", "lower corner of the band, NaN = open")
FMAX = optional("freqmax", "float", "Hz", "upper corner of the band, NaN = open")
