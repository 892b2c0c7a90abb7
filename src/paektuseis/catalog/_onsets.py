"""What a detector saw of an event, as elements of QuakeML: onsets, comment, place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from obspy.core.event import (
    Comment,
    CreationInfo,
    Origin,
    Pick,
    WaveformStreamID,
)

from .. import __version__, tables
from ..times import as_utc
from ._columns import nanoseconds
from .catalogue_tables import _identifier, known, number


class Onsets:
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


def made_by() -> CreationInfo:
    """Return who made an element; no time, so that a rerun writes the same file."""
    return CreationInfo(author="paektuseis", version=__version__)


def onset_picks(row: dict[str, Any], onsets: Onsets) -> list[Pick]:
    """Return the first onset of each channel of an event, in order of time."""
    if not (known(row["time"]) and known(row["endtime"])):
        return []
    begin, until = int(as_utc(row["time"]).ns), int(as_utc(row["endtime"]).ns)
    detectors = tuple(n for n in row["detectors"] if n)
    picks = []
    for trace_id in row["trace_ids"]:
        trigger = onsets.first(str(trace_id), begin, until, detectors)
        if trigger is not None:
            picks.append(_pick(trigger, str(row["event_id"])))
    return sorted(picks, key=lambda p: (p.time.ns, p.waveform_id.get_seed_string()))


def what_was_seen(row: dict[str, Any]) -> Comment:
    """Return a sentence for a person: detectors, stations, duration, ratio, flags."""
    detectors = [n for n in row["detectors"] if n]
    parts = [
        f"detected by {', '.join(detectors) or 'one detector'} on {row['n_stations']} stations"
    ]
    if known(row["time"]) and known(row["endtime"]):
        ns = int(as_utc(row["endtime"]).ns) - int(as_utc(row["time"]).ns)
        parts.append(f"duration {ns / 1e9:.2f} s")
    if known(row.get("peak_ratio")):
        parts.append(f"peak ratio {row['peak_ratio']:.2f} on {row.get('best_trace_id', '')}")
    if known(row.get("flags")):
        parts.append(f"quality: {', '.join(row['flags'])}")
    return Comment(text="; ".join(parts), resource_id=_identifier("comment", row["event_id"]))


def _pick(trigger: dict[str, Any], event: str) -> Pick:
    trace_id = str(trigger["trace_id"])
    method = str(trigger.get("method", "")) or "unknown"
    return Pick(
        resource_id=_identifier("pick", event, trace_id),
        time=as_utc(trigger["starttime"]),
        waveform_id=WaveformStreamID(seed_string=trace_id),
        method_id=_identifier("method", "sta_lta", method),
        evaluation_mode="automatic",
        creation_info=made_by(),
        comments=[
            Comment(
                text=_how(trigger),
                resource_id=_identifier("comment", "pick", event, trace_id),
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


def place_of(row: dict[str, Any]) -> Origin | None:
    """Return the origin of an event whose own row has a place; None otherwise."""
    if not (known(row.get("latitude")) and known(row.get("longitude"))):
        return None
    depth, when = row.get("depth_km"), row.get("origin_time")
    when = when if known(when) else row["time"]
    return Origin(
        resource_id=_identifier("origin", row["event_id"]),
        time=as_utc(when) if known(when) else None,
        latitude=float(row["latitude"]),
        longitude=float(row["longitude"]),
        depth=number(depth, 1000.0),
        evaluation_mode="automatic",
        creation_info=made_by(),
    )
