"""Which channel epoch of an inventory holds at a time."""

from __future__ import annotations

from typing import Any

from obspy import Inventory, UTCDateTime

from ..errors import MetadataError

SLACK = 1.0
"""Seconds by which the first sample of a day file may precede the epoch it belongs to."""

Epoch = Any
"""An ``obspy.core.inventory.Channel``: one channel over one epoch."""


def epochs_of(inventory: Inventory, trace_id: str) -> list[Epoch]:
    """Return every epoch an inventory holds for a channel, in order of time."""
    network, station, location, channel = trace_id.split(".")
    found = [
        epoch
        for net in inventory.networks
        if net.code == network
        for sta in net.stations
        if sta.code == station
        for epoch in sta.channels
        if epoch.code == channel and (epoch.location_code or "").strip("- ") == location
    ]
    return sorted(found, key=lambda e: e.start_date or UTCDateTime(0))


def covers(epoch: Epoch, time: UTCDateTime, slack: float = 0.0) -> bool:
    """Return whether an epoch holds at a time."""
    start, end = epoch.start_date, epoch.end_date
    if start is not None and end is not None and end <= start:
        return False  # dates swapped, or no time at all
    return (start is None or time >= start - slack) and (end is None or time <= end + slack)


def epochs_at(inventory: Inventory, trace_id: str, time: UTCDateTime) -> list[Epoch]:
    """Return the epochs that hold at a time; where none does, those within a second of it."""
    epochs = epochs_of(inventory, trace_id)
    strict = [e for e in epochs if covers(e, time) and not _ends_as_next_begins(e, epochs, time)]
    return strict or [e for e in epochs if covers(e, time, SLACK)]


def _ends_as_next_begins(epoch: Epoch, epochs: list[Epoch], time: UTCDateTime) -> bool:
    """Whether ``time`` is the common instant of two adjoining epochs and this is the earlier."""
    return epoch.end_date == time and any(e is not epoch and e.start_date == time for e in epochs)


def epoch_text(inventory: Inventory, trace_id: str) -> str:
    """Return the epochs of a channel in words, for an error message."""
    epochs = epochs_of(inventory, trace_id)
    if not epochs:
        ids = sorted(
            {
                f"{n.code}.{s.code}.{c.location_code}.{c.code}"
                for n in inventory.networks
                for s in n.stations
                for c in s.channels
            }
        )
        shown = ", ".join(ids[:6]) + (", …" if len(ids) > 6 else "")
        return f"the metadata do not name it; they have {shown or 'no channel at all'}"
    return "epochs: " + "; ".join(f"{_day(e.start_date)} to {_day(e.end_date)}" for e in epochs)


def _day(time: UTCDateTime | None) -> str:
    if time is None:
        return "open"
    text = str(time.strftime("%Y-%m-%dT%H:%M:%S"))
    return text.removesuffix("T00:00:00")


def no_epoch(inventory: Inventory, trace_id: str, time: UTCDateTime) -> MetadataError:
    """Return the error to raise where no epoch covers a time."""
    return MetadataError(
        f"{trace_id}: no epoch covers {_day(time)} ({epoch_text(inventory, trace_id)}); "
        "add the epoch to the metadata or leave the channel in counts"
    )


def boundaries(
    inventory: Inventory, trace_id: str, start: UTCDateTime, end: UTCDateTime
) -> list[UTCDateTime]:
    """Return the instants strictly inside a span at which an epoch begins or has just ended."""
    times = set()
    for epoch in epochs_of(inventory, trace_id):
        for time in (epoch.start_date, epoch.end_date):
            if time is not None and start + SLACK < time < end - SLACK:
                times.add(time.ns)
    return [UTCDateTime(ns=t) for t in sorted(times)]
