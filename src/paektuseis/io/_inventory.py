"""What is impossible or odd in an inventory, of whatever format it came."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from obspy import Inventory

from ._remarks import Remarks

_CODE = re.compile(r"[A-Za-z0-9_-]{1,16}")
_FAR = 1000.0  # metres between a channel and its station
_RADIUS = 6_371_000.0


def mend_inventory(inventory: Inventory, remarks: Remarks) -> None:
    """Take out stations and channels without usable codes or coordinates, naming each."""
    for network in inventory.networks:
        for station in list(network.stations):
            name = f"{network.code}.{station.code}"
            fault = _fault(station, ("latitude", "longitude", "elevation"))
            if not _CODE.fullmatch(str(network.code or "").strip()):
                fault = f"network code {network.code!r}"
            if fault:
                remarks.say(name, f"{fault}; station skipped")
                network.stations.remove(station)
                continue
            for channel in list(station.channels):
                fault = _fault(channel, ("latitude", "longitude", "elevation", "depth"))
                if fault:
                    label = f"{name}.{channel.location_code}.{channel.code}"
                    remarks.say(label, f"{fault}; channel skipped")
                    station.channels = [c for c in station.channels if c is not channel]
                    continue
                start, end = channel.start_date, channel.end_date
                if start is not None and end is not None and end <= start:
                    label = f"{name}.{channel.location_code}.{channel.code}"
                    remarks.say(label, f"starts {start} and ends {end}: an epoch without any time")


def _fault(item: Any, names: tuple[str, ...]) -> str:
    if not _CODE.fullmatch(str(item.code or "").strip()):
        return f"code {item.code!r}"
    for name in names:
        value = getattr(item, name)
        if value is None or not math.isfinite(value):
            return f"{name} {value}"
    return ""


def note_inventory(inventory: Inventory, remarks: Remarks, *, placed: bool = True) -> None:
    """Note what can be used but looks wrong about places, if the format has them."""
    seen: dict[str, Any] = {}
    for network in inventory:
        for station in network:
            name = f"{network.code}.{station.code}"
            before = seen.setdefault(name, station)
            if before is not station and (apart := _metres(before, station)) > _FAR:
                remarks.say(name, f"listed twice, {apart / 1000:.4g} km apart")
            if placed and station.latitude == 0 and station.longitude == 0:
                remarks.say(name, "lies at latitude 0, longitude 0, which is rarely meant")
            for label, text in _channel_notes(station):
                remarks.say(f"{name}.{label}", text)


def _channel_notes(station: Any) -> Iterator[tuple[str, str]]:
    for channel in station:
        label = f"{channel.location_code}.{channel.code}"
        apart = _metres(station, channel)
        if apart > _FAR:
            yield label, f"lies {apart / 1000:.4g} km from its station"


def _metres(one: Any, other: Any) -> float:
    """Distance on a sphere, and 0 where a coordinate is missing."""
    try:
        a, b = math.radians(one.latitude), math.radians(other.latitude)
        turn = math.radians(other.longitude - one.longitude)
    except TypeError:
        return 0.0
    chord = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(turn / 2) ** 2
    return 2 * _RADIUS * math.asin(min(1.0, math.sqrt(chord)))
