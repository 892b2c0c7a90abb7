"""Values of events looked at as they stand in the document, before they are objects."""

from __future__ import annotations

import math
from typing import Any

from ._remarks import Remarks
from ._station_numbers import bad_number
from ._xml import local_name

_SHALLOW = 100.0  # metres: kilometres written as metres?
_DEPTHS = (-10_000.0, 1_000_000.0)
_MAGNITUDES = (-6.0, 10.5)
_WORDS = frozenset(
    [
        "text",
        "author",
        "agencyID",
        "version",
        "mode",
        "type",
        "method",
        "region",
        "description",
        "comment",
        "stationCode",
        "networkCode",
        "locationCode",
        "channelCode",
        "phaseHint",
        "phase",
        "category",
        "unit",
    ]
)


class EventFaults:
    """Looks at one event after another; remembers what may occur once only."""

    def __init__(self, remarks: Remarks) -> None:
        self.remarks = remarks
        self._seen: dict[str, int] = {}
        self._shallow: list[str] = []

    def examine(self, event: Any, number: int) -> str | None:
        """Take out of an event what cannot be used; return its name, or ``None`` if it is lost."""
        given = (event.get("publicID") or "").strip()
        name = f"event {number} ({given[:120] or 'no publicID'})"
        say = self.remarks.say
        if not given:
            say(name, "has no publicID", event)
        elif given in self._seen:
            say(name, f"has the publicID of event {self._seen[given]}; event skipped", event)
            return None
        else:
            self._seen[given] = number
        fault = self._origins(event, name)
        if fault:
            say(name, f"{fault}; event skipped", event)
            return None
        for kind, value in (("magnitude", "mag"), ("stationMagnitude", "mag")):
            for item in _children(event, kind):
                bad = _quantity_fault(item, value)
                if bad:
                    say(name, f"{kind} {item.get('publicID') or ''}: {bad}; left out", item)
                    event.remove(item)
                    continue
                size = float(_value(item, value))
                if not _MAGNITUDES[0] <= size <= _MAGNITUDES[1]:
                    say(name, f"{kind} {size:g} is hardly possible; kept", item)
        for pick in _children(event, "pick"):
            bad = _time_fault(pick)
            if bad:
                say(name, f"pick {pick.get('publicID') or ''}: {bad}; left out", pick)
                event.remove(pick)
        self._numbers(event, name)
        return name

    def sum_up(self) -> None:
        """Say what concerns many events in one sentence."""
        if self._shallow:
            self.remarks.say(
                f"{len(self._shallow)} events",
                f"a depth between 0 and {_SHALLOW:g} m: kilometres written as metres? "
                f"({', '.join(self._shallow[:3])}{', …' if len(self._shallow) > 3 else ''}); kept",
            )

    def _origins(self, event: Any, name: str) -> str:
        """Drop origins that cannot be used; return why the event is lost, if it is."""
        origins = _children(event, "origin")
        if not origins:
            kept = _children(event, "pick") or _children(event, "amplitude")
            kept = kept or _children(event, "focalMechanism")
            if kept:
                self.remarks.say(name, "has no origin; kept for its picks and amplitudes", event)
                return ""
            return "no origin"
        preferred = "".join(e.text or "" for e in _children(event, "preferredOriginID")).strip()
        bad = ""
        for origin in origins:
            bad = _time_fault(origin) or _place_fault(origin)
            if bad:
                identity = (origin.get("publicID") or "").strip()
                if len(origins) == 1 or identity == preferred:
                    return f"origin {identity}: {bad}"
                self.remarks.say(name, f"origin {identity}: {bad}; origin left out", origin)
                event.remove(origin)
                continue
            self._depth(origin, name)
        return "" if _children(event, "origin") else "no origin that can be used"

    def _depth(self, origin: Any, name: str) -> None:
        depth = _children(origin, "depth")
        if not depth:
            return
        bad = _quantity_fault(origin, "depth")
        if bad:
            self.remarks.say(name, f"{bad}; depth left out", origin)
            for element in depth:
                origin.remove(element)
            return
        metres = float(_value(origin, "depth"))
        if 0 < metres < _SHALLOW:
            self._shallow.append(f"{name}: {metres:g} m")
        elif not _DEPTHS[0] <= metres <= _DEPTHS[1]:
            self.remarks.say(name, f"depth {metres:g} m is hardly possible; kept", origin)

    def _numbers(self, event: Any, name: str) -> None:
        """Take out every other leaf that says NaN or infinite: obspy would lose the event."""
        for leaf in list(event.iter()):
            text = leaf.text
            if not text or len(text) > 12 or len(leaf) or text[-1] not in "nNfFyY":
                continue
            kind = local_name(leaf)
            if kind in _WORDS or not kind:
                continue
            try:
                value = float(text)
            except ValueError:
                continue
            if not math.isfinite(value):
                self.remarks.say(name, f"<{kind}> is {text.strip()}; left out", leaf)
                leaf.getparent().remove(leaf)


def _children(element: Any, name: str) -> list[Any]:
    return list(element.findall(element.tag.rpartition("}")[0] + "}" + name))


def _value(element: Any, name: str) -> str:
    for quantity in _children(element, name):
        for value in _children(quantity, "value"):
            return (value.text or "").strip()
    return ""


def _quantity_fault(element: Any, name: str) -> str:
    if not _children(element, name):
        return f"no {name}"
    text = _value(element, name)
    bad = bad_number(text)
    if not bad and not math.isfinite(float(text)):
        bad = f"is {text}"
    return f"{name} {bad}" if bad else ""


def _time_fault(element: Any) -> str:
    if not _children(element, "time"):
        return "no time"
    bad = bad_number(_value(element, "time"), date=True)
    return f"time {bad}" if bad else ""


def _place_fault(origin: Any) -> str:
    for name, limit in (("latitude", 90.0), ("longitude", 180.0)):
        bad = _quantity_fault(origin, name)
        if bad:
            return bad
        value = float(_value(origin, name))
        if abs(value) > limit:
            return f"{name} {value:g} is not within {-limit:g} and {limit:g}"
    return ""
