"""Events and their automatic onsets as an obspy catalogue, for QuakeML."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from obspy.core.event import Catalog

from .. import tables
from ..errors import ParameterError
from ..network import Network
from ..times import as_utc
from ._columns import onset_column, without_vetoed
from .catalogue_tables import CatalogueTables
from .quakeml_out import to_catalog


def detections_to_catalog(
    events: pd.DataFrame,
    *,
    triggers: pd.DataFrame | None = None,
    network: Network | None = None,
) -> Catalog:
    """Turn events or detections into an obspy catalogue.

    The way to it where there is no more than this one table: :func:`to_catalog` with events in
    order of their onset. Nothing is invented: an event has an origin only where the table has
    finite ``latitude`` and ``longitude`` (and ``depth_km``, ``origin_time`` where known);
    otherwise it holds its onsets as automatic picks without phase name, and a comment with what
    the detector saw.

    Parameters
    ----------
    events : DataFrame
        Table ``tables.EVENTS`` or ``tables.DETECTIONS`` (rows with a veto are left out).
    triggers : DataFrame, optional
        Table ``tables.TRIGGERS``: the first trigger of each channel of the event, and of one of
        its detectors, becomes a pick.
    network : Network, optional
        Its name goes into the comment of the catalogue.

    Returns
    -------
    obspy.core.event.Catalog
        The same tables always give the same resource ids, and no time of making is written, so
        that a rerun writes the same file.

    Raises
    ------
    ParameterError
        If a table lacks its columns, or an event_id occurs twice.

    Examples
    --------
    >>> from paektuseis import tables
    >>> found = tables.DETECTIONS.frame([{"event_id": "vt-1", "n_stations": 3, "trace_ids": (),
    ...     "starttime": "2010-09-01T00:01:00", "endtime": "2010-09-01T00:01:05"}])
    >>> str(detections_to_catalog(found)[0].resource_id)
    'smi:local/paektuseis/event/vt-1'
    """
    column = onset_column(events)
    needed = tables.EVENTS if column == "time" else tables.DETECTIONS
    needed.check(events, need=("event_id", column, "endtime", "n_stations", "trace_ids"))
    found = without_vetoed(events)
    twice = found["event_id"][found["event_id"].duplicated()]
    if len(twice):
        raise ParameterError(f"event_id {twice.iloc[0]!r} occurs more than once; ids must differ")
    found = found.sort_values([column, "event_id"], ignore_index=True)
    rows = [_row({str(k): v for k, v in r.items()}, column) for r in found.to_dict("records")]
    data = CatalogueTables(events=tables.EVENTS.frame(rows))
    return to_catalog(data, triggers=triggers, network=network)


def _row(row: dict[str, Any], column: str) -> dict[str, Any]:
    """Return a row of ``tables.EVENTS`` of an event or a detection."""
    if column != "time":
        row = {**row, "time": row[column], "detectors": (str(row.get("detector", "")),)}
    begin, until = (int(as_utc(row[name]).ns) for name in ("time", "endtime"))
    given = {"duration": (until - begin) / 1e9, "detectors": (), "best_trace_id": "",
             "peak_ratio": math.nan}  # fmt: skip
    return {k: v for k, v in {**given, **row}.items() if k in tables.EVENTS.names}
