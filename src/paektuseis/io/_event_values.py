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
        self._places: set[tuple[str, ...]] = set()
        self._again: list[str] = []

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
        inside = _by_name(event)
        if ".." in given or any(not c.isprintable() for c in given):
            say(name, "has a publicID that is a path or holds control characters; kept", event)
        fault = self._origins(event, inside, name)
        if fault:
            say(name, f"{fault}; event skipped", event)
            return None
        for kind in ("magnitude", "stationMagnitude"):
            for item in inside.get(kind, ()):
                self._magnitude(event, item, f"{kind} {item.get('publicID') or ''}", name)
        for pick in inside.get("pick", ()):
            bad = _time_fault(_by_name(pick))
            if bad:
                say(name, f"pick {pick.get('publicID') or ''}: {bad}; left out", pick)
                event.remove(pick)
        self._numbers(event, name)
        return name

    def sum_up(self) -> None:
        """Say what concerns many events in one sentence."""
        shallow = f"a depth between 0 and {_SHALLOW:g} m: kilometres written as metres?"
        again = "the time and place of an earlier event: listed twice?"
        for names, words in ((self._shallow, shallow), (self._again, again)):
            if names:
                some = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
                self.remarks.say(f"{len(names)} events", f"{words} ({some}); kept")

    def _magnitude(self, event: Any, item: Any, what: str, name: str) -> None:
        """Drop a magnitude that is no number."""
        table = _by_name(item)
        bad = _quantity_fault(table, "mag")
        if bad:
            self.remarks.say(name, f"{what}: {bad}; left out", item)
            event.remove(item)
            return
        size = float(_value(table, "mag"))
        if not _MAGNITUDES[0] <= size <= _MAGNITUDES[1]:
            self.remarks.say(name, f"{what}: {size:g} is hardly possible; kept", item)

    def _origins(self, event: Any, inside: dict[str, list[Any]], name: str) -> str:
        """Drop origins that cannot be used; return why the event is lost, if it is."""
        origins = inside.get("origin", [])
        if not origins:
            if not ({"pick", "amplitude", "focalMechanism"} & inside.keys()):
                return "no origin"
            self.remarks.say(name, "has no origin; kept for its picks and amplitudes", event)
            return ""
        preferred = "".join(e.text or "" for e in inside.get("preferredOriginID", ())).strip()
        left = len(origins)
        for origin in origins:
            table = _by_name(origin)
            bad = _time_fault(table) or _place_fault(table)
            if bad:
                identity = (origin.get("publicID") or "").strip()
                if len(origins) == 1 or identity == preferred:
                    return f"origin {identity}: {bad}"
                self.remarks.say(name, f"origin {identity}: {bad}; origin left out", origin)
                event.remove(origin)
                left -= 1
                continue
            self._depth(origin, table, name)
            place = tuple(_value(table, k) for k in ("time", "latitude", "longitude"))
            if origin is origins[0] and place in self._places:
                self._again.append(name)
            self._places.add(place)
        return "" if left else "no origin that can be used"

    def _depth(self, origin: Any, table: dict[str, list[Any]], name: str) -> None:
        if "depth" not in table:
            return
        bad = _quantity_fault(table, "depth")
        if bad:
            self.remarks.say(name, f"{bad}; depth left out", origin)
            for element in table["depth"]:
                origin.remove(element)
            return
        metres = float(_value(table, "depth"))
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


def _by_name(element: Any) -> dict[str, list[Any]]:
    """Return the children of an element, in its own namespace, by name."""
    prefix = element.tag.rpartition("}")[0] + "}"
    table: dict[str, list[Any]] = {}
    for child in element:
        tag = child.tag
        if isinstance(tag, str) and tag.startswith(prefix):
            table.setdefault(tag[len(prefix) :], []).append(child)
    return table


def _value(table: dict[str, list[Any]], name: str) -> str:
    for quantity in table[name]:
        for child in quantity:
            if isinstance(child.tag, str) and child.tag.endswith("}value"):
                return (child.text or "").strip()
        break
    return ""


def _quantity_fault(table: dict[str, list[Any]], name: str) -> str:
    if name not in table:
        return f"no {name}"
    text = _value(table, name)
    bad = bad_number(text)
    if not bad and not math.isfinite(float(text)):
        bad = f"is {text}"
    return f"{name} {bad}" if bad else ""


def _time_fault(table: dict[str, list[Any]]) -> str:
    if "time" not in table:
        return "no time"
    bad = bad_number(_value(table, "time"), date=True)
    return f"time {bad}" if bad else ""


def _place_fault(table: dict[str, list[Any]]) -> str:
    for name, limit in (("latitude", 90.0), ("longitude", 180.0)):
        bad = _quantity_fault(table, name)
        if bad:
            return bad
        value = float(_value(table, name))
        if abs(value) > limit:
            return f"{name} {value:g} is not within {-limit:g} and {limit:g}"
    return ""
