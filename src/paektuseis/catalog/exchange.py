"""Events and their automatic onsets as an obspy catalogue, for QuakeML."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
from obspy.core.event import (
    Catalog,
    Comment,
    CreationInfo,
    Event,
    Origin,
    Pick,
    ResourceIdentifier,
    WaveformStreamID,
)

from .. import __version__, tables
from ..errors import ParameterError
from ..network import Network
from ..times import as_utc
from ._columns import nanoseconds, onset_column, without_vetoed

_ROOT = "smi:local/paektuseis"


def detections_to_catalog(
    events: pd.DataFrame,
    *,
    triggers: pd.DataFrame | None = None,
    network: Network | None = None,
) -> Catalog:
    """Turn events or detections into an obspy catalogue.

    Nothing is invented: an event has an origin only where the table has finite ``latitude`` and
    ``longitude`` (and ``depth_km``, ``origin_time`` where known); otherwise it holds its onsets
    as automatic picks without phase name, and a comment with what the detector saw.

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
    picks = _Onsets(triggers) if triggers is not None and len(triggers) else None
    whose = f" of {network.title or network.name}" if network is not None else ""
    name = _safe(f"{found['event_id'].iloc[0]}_{len(found)}" if len(found) else "empty")
    rows: list[dict[str, Any]] = found.to_dict("records")  # type: ignore[assignment]
    return Catalog(
        events=[_event(row, column, picks) for row in rows],
        description=f"Automatic detections{whose}",
        resource_id=ResourceIdentifier(f"{_ROOT}/catalog/{name}"),
        creation_info=_made_by(),
    )


class _Onsets:
    """Triggers by channel, in order of onset."""

    def __init__(self, triggers: pd.DataFrame) -> None:
        tables.TRIGGERS.check(triggers)
        table = triggers.assign(_on=nanoseconds(triggers["starttime"])).sort_values(
            ["_on", "endtime"], ignore_index=True
        )
        self.by_id = {
            str(name): (part["_on"].to_numpy(), part)
            for name, part in table.groupby("trace_id", sort=True)
        }

    def first(
        self, trace_id: str, begin: int, until: int, detectors: tuple[str, ...]
    ) -> dict[str, Any] | None:
        if trace_id not in self.by_id:
            return None
        on, part = self.by_id[trace_id]
        low, high = np.searchsorted(on, begin), np.searchsorted(on, until, side="right")
        for i in range(int(low), int(high)):
            row: dict[str, Any] = {str(k): v for k, v in part.iloc[i].items()}
            if not detectors or str(row.get("detector", "")) in detectors:
                return row
        return None


def _safe(text: str) -> str:
    """Return text fit for a resource identifier."""
    return re.sub(r"[^A-Za-z0-9._~*-]", "_", text)


def _made_by() -> CreationInfo:
    return CreationInfo(author="paektuseis", version=__version__)


def _detectors(row: dict[str, Any]) -> tuple[str, ...]:
    names = row["detectors"] if "detectors" in row else (str(row.get("detector", "")),)
    return tuple(n for n in names if n)


def _event(row: dict[str, Any], column: str, onsets: _Onsets | None) -> Event:
    name = _safe(str(row["event_id"]))
    begin, until = int(as_utc(row[column]).ns), int(as_utc(row["endtime"]).ns)
    detectors = _detectors(row)
    picks = []
    for trace_id in row["trace_ids"] if onsets is not None else ():
        trigger = onsets.first(str(trace_id), begin, until, detectors) if onsets else None
        if trigger is not None:
            picks.append(_pick(trigger, name))
    origin = _origin(row, column, name)
    return Event(
        resource_id=ResourceIdentifier(f"{_ROOT}/event/{name}"),
        creation_info=_made_by(),
        picks=sorted(picks, key=lambda p: (p.time.ns, p.waveform_id.get_seed_string())),
        origins=[origin] if origin is not None else [],
        preferred_origin_id=origin.resource_id if origin is not None else None,
        comments=[
            Comment(
                text=_what(row, detectors, until - begin),
                resource_id=ResourceIdentifier(f"{_ROOT}/comment/{name}"),
            )
        ],
    )


def _what(row: dict[str, Any], detectors: tuple[str, ...], ns: int) -> str:
    parts = [
        f"detected by {', '.join(detectors) or 'one detector'} on {row['n_stations']} stations",
        f"duration {ns / 1e9:.2f} s",
    ]
    ratio = row.get("peak_ratio", np.nan)
    if np.isfinite(ratio):
        parts.append(f"peak ratio {ratio:.2f} on {row.get('best_trace_id', '')}")
    if row.get("flags"):
        parts.append(f"quality: {', '.join(row['flags'])}")
    return "; ".join(parts)


def _pick(trigger: dict[str, Any], event: str) -> Pick:
    trace_id = str(trigger["trace_id"])
    method = _safe(str(trigger.get("method", "")) or "unknown")
    name = f"{event}/{_safe(trace_id)}"
    return Pick(
        resource_id=ResourceIdentifier(f"{_ROOT}/pick/{name}"),
        time=as_utc(trigger["starttime"]),
        waveform_id=WaveformStreamID(seed_string=trace_id),
        method_id=ResourceIdentifier(f"{_ROOT}/method/sta_lta/{method}"),
        evaluation_mode="automatic",
        creation_info=_made_by(),
        comments=[
            Comment(
                text=_how(trigger),
                resource_id=ResourceIdentifier(f"{_ROOT}/comment/pick/{name}"),
            )
        ],
    )


def _how(trigger: dict[str, Any]) -> str:
    def known(name: str) -> bool:
        return name in trigger and bool(np.isfinite(trigger[name]))

    parts = [f"{trigger.get('method') or 'trigger'} onset"]
    for name, unit in (("sta", " s"), ("lta", " s"), ("thr_on", ""), ("thr_off", "")):
        if known(name):
            parts.append(f"{name} {trigger[name]:g}{unit}")
    if known("freqmin") or known("freqmax"):
        low = f"{trigger['freqmin']:g}" if known("freqmin") else "0"
        high = f"{trigger['freqmax']:g}" if known("freqmax") else "Nyquist"
        parts.append(f"band {low}-{high} Hz")
    parts.append(f"peak {trigger['peak_ratio']:.2f}")
    if trigger.get("detector"):
        parts.append(f"detector {trigger['detector']}")
    return "; ".join(parts)


def _origin(row: dict[str, Any], column: str, name: str) -> Origin | None:
    place = [row.get(key) for key in ("latitude", "longitude")]
    if any(v is None or not np.isfinite(v) for v in place):
        return None
    depth, when = row.get("depth_km"), row.get("origin_time")
    return Origin(
        resource_id=ResourceIdentifier(f"{_ROOT}/origin/{name}"),
        time=as_utc(row[column] if when is None or when is pd.NaT else when),
        latitude=float(place[0]),  # type: ignore[arg-type]
        longitude=float(place[1]),  # type: ignore[arg-type]
        depth=float(depth) * 1000 if depth is not None and np.isfinite(depth) else None,
        evaluation_mode="automatic",
        creation_info=_made_by(),
    )
