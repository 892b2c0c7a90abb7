"""What the events of a span yield, gathered into tables."""

from __future__ import annotations

from collections import defaultdict

import pandas as pd

from .. import tables
from ..config import Settings
from ..errors import ParameterError, WaveformError
from ..io import Archive
from ..similarity import find_families
from .event import EventResult

PREFERRED = ("ML", "Mw")
"""Kinds of magnitude, the one that goes into the table of events first."""

_MEASURED = (tables.ATTRIBUTES, tables.AMPLITUDES)
_UNDERSTOOD = (
    tables.PICKS,
    tables.ORIGINS,
    tables.RESIDUALS,
    tables.MAGNITUDES,
    tables.STATION_MAGNITUDES,
    tables.FEATURES,
    tables.CLASSES,
    tables.REFUSALS,
)


class EventTables:
    """The tables of many events, added one event at a time."""

    def __init__(self) -> None:
        self.count = 0
        self._parts: dict[str, list[pd.DataFrame]] = defaultdict(list)

    def add(self, event: EventResult) -> None:
        """Add what was found of one event."""
        self.count += 1
        for schema in _MEASURED:
            self._parts[schema.name].append(getattr(event, schema.name))
        for schema in _UNDERSTOOD:
            self._parts[schema.name].append(getattr(event.understanding, schema.name))

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return every table by name, those without a row included; families are not compared."""
        out = {s.name: s.concat(self._parts[s.name]) for s in (*_MEASURED, *_UNDERSTOOD)}
        out[tables.FAMILIES.name] = tables.FAMILIES.frame()
        return out


def with_understanding(events: pd.DataFrame, found: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the events with the class, the hypocentre and one magnitude of each.

    Parameters
    ----------
    events : DataFrame
        ``tables.EVENTS``.
    found : dict of str to DataFrame
        With ``classes``, ``origins`` and ``magnitudes``.

    Returns
    -------
    DataFrame
        ``tables.EVENTS``.
    """
    labels = dict(zip(found["classes"]["event_id"], found["classes"]["label"], strict=True))
    origins = found["origins"].drop_duplicates("event_id").set_index("event_id")
    known = found["magnitudes"].dropna(subset=["value"])
    known = known[known["kind"].isin(PREFERRED)]
    rank = known["kind"].map({kind: i for i, kind in enumerate(PREFERRED)})
    best = known.assign(rank=rank).sort_values("rank", kind="stable").drop_duplicates("event_id")
    best = best.set_index("event_id")
    kinds = best["kind"].to_dict()
    ids = list(events["event_id"])
    where = origins.reindex(ids)
    return events.assign(
        label=pd.Series([labels.get(i, "") for i in ids], index=events.index, dtype=str),
        latitude=where["latitude"].to_numpy(float),
        longitude=where["longitude"].to_numpy(float),
        depth_km=where["depth_km"].to_numpy(float),
        origin_time=pd.DatetimeIndex(where["time"]),
        magnitude=best["value"].reindex(ids).to_numpy(float),
        magnitude_kind=pd.Series([kinds.get(i, "") for i in ids], index=events.index, dtype=str),
    )


def families_of(
    archive: Archive, events: pd.DataFrame, settings: Settings, problems: list[str]
) -> pd.DataFrame:
    """Return which events look alike at the station that saw most of them best.

    Parameters
    ----------
    archive : Archive
    events : DataFrame
        ``tables.EVENTS``.
    settings : Settings
        The section ``families`` is used.
    problems : list of str
        Takes the reason where they cannot be compared.

    Returns
    -------
    DataFrame
        ``tables.FAMILIES``.
    """
    f = settings.families
    notes: list[str] = []  # events without a whole window: their rows say so
    try:
        return find_families(
            archive,
            events,
            min_correlation=f.min_correlation,
            freqmin=f.freqmin,
            freqmax=f.freqmax,
            before=f.before,
            length=f.length,
            problems=notes,
        )
    except (ParameterError, WaveformError) as error:
        problems.append(f"families: {error}")
        return tables.FAMILIES.frame()
