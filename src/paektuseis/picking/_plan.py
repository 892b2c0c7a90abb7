"""What one call of ``pick_phases`` asks for, checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from obspy import Inventory, UTCDateTime

from ..errors import ParameterError
from ..tables import PHASES, station_of
from ..times import as_utc
from ..types import Band


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Options of a call; ``problems`` is the list that collects reasons."""

    inventory: Inventory | None
    phases: tuple[str, ...]
    bands: tuple[tuple[float, float], ...]
    s_bands: tuple[tuple[float, float], ...]
    p_window: tuple[float, float]
    s_minus_p: tuple[float, float]
    min_snr: float
    min_evidence: float
    event_id: str
    problems: list[str]

    def __post_init__(self) -> None:
        unknown = [name for name in self.phases if name not in PHASES]
        if unknown or not self.phases:
            raise ParameterError(f"phases={list(self.phases)}: choose from {list(PHASES)}")
        for name in ("bands", "s_bands"):
            if not getattr(self, name):
                raise ParameterError(f"{name} is empty; give one (freqmin, freqmax) at least")
            for low, high in getattr(self, name):
                Band(freqmin=low, freqmax=high)
        _ordered("p_window", self.p_window)
        _ordered("s_minus_p", self.s_minus_p)
        if self.s_minus_p[0] <= 0:
            raise ParameterError(f"s_minus_p={self.s_minus_p} s: the least must be above 0")
        for name in ("min_snr", "min_evidence"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ParameterError(f"{name}={value}; give a number not below 0")


def _ordered(name: str, pair: tuple[float, float]) -> None:
    if len(pair) != 2 or not all(map(math.isfinite, pair)) or pair[0] >= pair[1]:
        raise ParameterError(f"{name}={pair} s: give (first, last), the first before the last")


@dataclass(frozen=True)
class Triggers:
    """Times to look around: of one event, or by station and sensor."""

    times: dict[str, UTCDateTime]
    common: tuple[UTCDateTime, UTCDateTime] | None

    @classmethod
    def of(cls, value: Any) -> Triggers:
        """Read ``t_trigger``."""
        if value is None:
            return cls({}, None)
        if not isinstance(value, Mapping):
            time = as_utc(value, name="t_trigger")
            return cls({}, (time, time))
        times: dict[str, UTCDateTime] = {}
        for key, item in value.items():
            time = as_utc(item, name=f"t_trigger[{key!r}]")
            parts = str(key).split(".")
            if len(parts) not in (2, 4):
                raise ParameterError(
                    f"t_trigger has the key {key!r}; write NET.STA or NET.STA.LOC.CHA"
                )
            names = [station_of(str(key))] + ([str(key)[:-1]] if len(parts) == 4 else [])
            for name in names:
                times[name] = min(times.get(name, time), time)
        if not times:
            raise ParameterError("t_trigger is an empty mapping; give None to search the record")
        return cls(times, (min(times.values()), max(times.values())))

    def window(
        self, sensor: str, p_window: tuple[float, float]
    ) -> tuple[UTCDateTime, UTCDateTime, UTCDateTime | None] | None:
        """Return where P is looked for at a sensor, and the time it is expected near."""
        own = self.times.get(sensor, self.times.get(station_of(sensor)))
        if own is not None:
            return own + p_window[0], own + p_window[1], own
        if self.common is None:
            return None
        first, last = self.common
        return first + p_window[0], last + p_window[1], first if first == last else None
