"""QuakeML elements into obspy's objects, by obspy's own reader with its slow ways shortened.

obspy compiles a path for every field of every object and sets every field that is absent;
here children are looked up by name and only what is present is set, on a copy of an object
that obspy made of an empty element.
"""

from __future__ import annotations

import gc
import math
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from lxml import etree  # type: ignore[import-untyped]
from obspy import UTCDateTime
from obspy.core.event import Event, ResourceIdentifier
from obspy.core.event.base import QuantityError
from obspy.io.quakeml.core import Unpickler

_TEXT, _ENUM = "text", "enum"
# child: attribute, and how it is read (a type, a text, an enumeration, a quantity)
_ORIGIN: dict[str, tuple[str, Any]] = {
    "time": ("time", UTCDateTime),
    "latitude": ("latitude", float),
    "longitude": ("longitude", float),
    "depth": ("depth", float),
    "depthType": ("depth_type", _ENUM),
    "timeFixed": ("time_fixed", "truth"),
    "epicenterFixed": ("epicenter_fixed", "truth"),
    "referenceSystemID": ("reference_system_id", _TEXT),
    "methodID": ("method_id", _TEXT),
    "earthModelID": ("earth_model_id", _TEXT),
    "compositeTime": ("composite_times", "_composite_times"),
    "quality": ("quality", "_origin_quality"),
    "type": ("origin_type", _ENUM),
    "region": ("region", _TEXT),
    "evaluationMode": ("evaluation_mode", _ENUM),
    "evaluationStatus": ("evaluation_status", _ENUM),
    "creationInfo": ("creation_info", "_creation_info"),
    "comment": ("comments", "_comments"),
    "originUncertainty": ("origin_uncertainty", "_origin_uncertainty"),
}
_MAGNITUDE: dict[str, tuple[str, Any]] = {
    "mag": ("mag", float),
    "type": ("magnitude_type", _TEXT),
    "originID": ("origin_id", _TEXT),
    "methodID": ("method_id", _TEXT),
    "stationCount": ("station_count", "count"),
    "azimuthalGap": ("azimuthal_gap", "number"),
    "evaluationMode": ("evaluation_mode", _ENUM),
    "evaluationStatus": ("evaluation_status", _ENUM),
    "creationInfo": ("creation_info", "_creation_info"),
    "stationMagnitudeContribution": (
        "station_magnitude_contributions",
        "_station_magnitude_contributions",
    ),
    "comment": ("comments", "_comments"),
}
_EVENT: dict[str, tuple[str, Any]] = {
    "preferredOriginID": ("preferred_origin_id", _TEXT),
    "preferredMagnitudeID": ("preferred_magnitude_id", _TEXT),
    "preferredFocalMechanismID": ("preferred_focal_mechanism_id", _TEXT),
    "typeCertainty": ("event_type_certainty", _ENUM),
    "creationInfo": ("creation_info", "_creation_info"),
    "description": ("event_descriptions", "_event_description"),
    "comment": ("comments", "_comments"),
}
_LISTS = {
    "magnitude": "magnitudes",
    "stationMagnitude": "station_magnitudes",
    "pick": "picks",
    "amplitude": "amplitudes",
    "focalMechanism": "focal_mechanisms",
}
_PLAIN_TYPES = frozenset((str, float, int, bool, UTCDateTime, QuantityError))
_PLAIN = {_TEXT: str, "count": int, "number": float, "truth": bool}
_USUAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.([0-9]{3}){1,2})?Z?")
_BEGIN = datetime(1970, 1, 1)
_ERRORS = QuantityError()


@contextmanager
def rare_collections() -> Iterator[None]:
    """Look for cyclic garbage less often while many objects are made that all will live."""
    before = gc.get_threshold()
    if before[0]:  # not switched off
        gc.set_threshold(max(before[0], 200_000), 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


class EventReader(Unpickler):  # type: ignore[misc]
    """Reads single event elements of one document."""

    def __init__(self, root: Any, namespace: str) -> None:
        super().__init__()
        self._prefix = f"{{{namespace}}}"
        self._at = len(self._prefix)
        nothing: tuple[Any, dict[str, list[Any]]] = (None, {})
        self._known = (nothing, nothing)
        self._quakeml_namespaces = [root.tag[1:].partition("}")[0], namespace]
        blank = etree.Element(f"{self._prefix}blank")
        self._blank_origin = super()._origin(blank, arrivals=[])
        self._blank_magnitude = super()._magnitude(blank)
        self._blank_event = Event(force_resource_id=False)

    def event(self, element: Any) -> Event | None:
        """Return the event of an element; ``None``, with a warning, if its type is none."""
        event = _copy(self._blank_event)
        children = self._children(element)
        self._set(event, element, children, _EVENT)
        kind = self._xpath2obj("type", element)
        if kind is not None:
            kind = "not reported" if kind == "null" else kind.replace("_", " ")
            try:
                event.event_type = kind
            except ValueError:
                warnings.warn(
                    f"event type {kind!r} is none of QuakeML's; event skipped", stacklevel=2
                )
                return None
        for origin in children.get("origin", ()):
            arrivals = [self._arrival(a) for a in origin.findall(f"{self._prefix}arrival")]
            event.origins.append(self._origin(origin, arrivals))
        readers: dict[str, Callable[[Any], Any]] = {
            "magnitude": self._magnitude,
            "stationMagnitude": self._station_magnitude,
            "pick": self._pick,
            "amplitude": self._amplitude,
            "focalMechanism": self._focal_mechanism,
        }
        for name, attribute in _LISTS.items():
            if name in children:
                setattr(event, attribute, [readers[name](e) for e in children[name]])
        event.resource_id = element.get("publicID")
        self._extra(element, event)
        _scope(event)
        return event

    def _children(self, element: Any) -> dict[str, list[Any]]:
        """Return the children of an element by their local name; the last two are at hand."""
        for known, table in self._known:
            if known is element:
                return table
        table = {}
        prefix, at = self._prefix, self._at
        for child in element:
            tag = child.tag
            if isinstance(tag, str) and tag.startswith(prefix):
                table.setdefault(tag[at:], []).append(child)
        self._known = ((element, table), self._known[0])
        return table

    def _xpath(self, xpath: str, element: Any = None, namespace: str | None = None) -> Any:
        return self._children(element).get(xpath, [])

    def _value(self, parent: Any, name: str, quantity_type: Any = float) -> tuple[Any, Any]:
        found = self._children(parent).get(name)
        return self._quantity(parent, name, found[0], quantity_type) if found else (None, None)

    def _quantity(self, parent: Any, name: str, child: Any, kind: Any) -> tuple[Any, Any]:
        if len(child) == 1 and child[0].tag == self._prefix + "value":
            return _converted(child[0].text, kind), _copy(_ERRORS)
        return super()._value(parent, name, kind)  # type: ignore[no-any-return]

    def _set(
        self,
        item: Any,
        element: Any,
        children: dict[str, list[Any]],
        fields: dict[str, tuple[str, Any]],
    ) -> None:
        """Set those fields of an object that its element has."""
        for name, found in children.items():
            if name not in fields:
                continue
            attribute, how = fields[name]
            if how is float or how is UTCDateTime:
                value, errors = self._quantity(element, name, found[0], how)
                if how is float and value is not None and not math.isfinite(value):
                    raise ValueError(f"{name} is {value}")
                # of the right types already: what setattr would look at again
                item.__dict__[attribute] = value
                item.__dict__[f"{attribute}_errors"] = errors
            elif how is _ENUM:
                self._set_enum(name, element, item, attribute)
            elif how in _PLAIN:
                setattr(item, attribute, _converted(found[0].text, _PLAIN[how]))
            else:
                setattr(item, attribute, getattr(self, how)(element))

    def _origin(self, element: Any, arrivals: list[Any]) -> Any:
        return self._made(element, self._blank_origin, _ORIGIN, arrivals)

    def _magnitude(self, element: Any) -> Any:
        return self._made(element, self._blank_magnitude, _MAGNITUDE)

    def _made(
        self,
        element: Any,
        blank: Any,
        fields: dict[str, tuple[str, Any]],
        arrivals: list[Any] | None = None,
    ) -> Any:
        item = _copy(blank)
        self._set(item, element, self._children(element), fields)
        if arrivals is not None:
            item.arrivals = arrivals
        item.resource_id = element.get("publicID")
        self._extra(element, item)
        return item


def _scope(event: Event) -> None:
    """Bind the identifiers inside an event to it, as obspy's ``scope_resource_ids`` does."""
    todo: list[tuple[Any, Any, str]] = [(event, None, "")]
    seen = set()
    while todo:
        item, parent, attribute = todo.pop()
        if isinstance(item, ResourceIdentifier):
            if attribute == "resource_id":
                item.set_referred_object(parent, parent=event, warn=False)
            else:
                item._parent_key = event
                item._object_id = None
        elif isinstance(item, list):
            todo += [(each, item, attribute) for each in reversed(item)]
        elif id(item) not in seen:
            seen.add(id(item))
            inside = getattr(item, "__dict__", None) or {}
            todo += [
                (value, item, name)
                for name, value in reversed(inside.items())
                if value is not None and type(value) not in _PLAIN_TYPES
            ]


def _converted(text: str | None, kind: Any) -> Any:
    """Return a text as obspy understands it; ``None``, with a warning, if it is no value."""
    if not text:
        return None
    if kind is bool:
        return {"true": True, "1": True, "false": False, "0": False}.get(text.lower())
    try:
        return _instant(text) if kind is UTCDateTime else kind(text)
    except (ValueError, TypeError, OverflowError):
        warnings.warn(f"{text[:60]!r} is no {kind.__name__}; left out", stacklevel=2)
        return None


def _instant(text: str) -> UTCDateTime:
    """Return ``UTCDateTime(text)``; the usual form, to the microsecond, in a shorter way."""
    if _USUAL.fullmatch(text):
        with suppress(ValueError):  # a second 60
            since = datetime.fromisoformat(text.removesuffix("Z")) - _BEGIN
            whole = (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds
            return UTCDateTime(ns=whole * 1000)
    return UTCDateTime(text)


def _copy(blank: Any) -> Any:
    """Return an object like one that obspy made of nothing, sharing no list or errors with it."""
    kind: Any = type(blank)
    new = kind.__new__(kind)
    new.__dict__.update(
        {
            key: []
            if type(value) is list
            else _copy(value)
            if type(value) is QuantityError
            else value
            for key, value in blank.__dict__.items()
        }
    )
    return new
