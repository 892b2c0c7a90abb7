"""QuakeML event by event: what is broken costs itself, and is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lxml import etree  # type: ignore[import-untyped]
from obspy import Catalog
from obspy.core.event import Event
from obspy.io.quakeml.core import Unpickler

from ..errors import ParameterError
from ._event_values import EventFaults
from ._foreign import ForeignParser
from ._quakeml_objects import EventReader, rare_collections
from ._remarks import Remarks
from ._xml import XmlParts, local_name, namespace_of

_BED = "http://quakeml.org/xmlns/bed/"


def read_quakeml(data: bytes, path: Path, remarks: Remarks) -> Catalog:
    """Read a QuakeML document; what had to be left out is said in ``remarks``."""
    parts = XmlParts(data, path, ParameterError, "event")
    for note in parts.notes:
        remarks.say("encoding", note)
    faults = EventFaults(remarks)
    events: list[Event] = []
    reader: _Reader | None = None
    with rare_collections():
        for number, element in enumerate(parts, 1):
            owner = element.getparent()
            if local_name(owner) != "eventParameters":
                continue
            reader = reader or _Reader(path, remarks, parts.root, owner)
            name = faults.examine(element, number)
            event = None if name is None else reader.event(name, element)
            if event is not None:
                events.append(event)
    root = parts.root
    owner = next((e for e in root if local_name(e) == "eventParameters"), None)
    if owner is None:
        raise ParameterError(f"{path}: <{local_name(root)}> without <eventParameters>")
    reader = reader or _Reader(path, remarks, root, owner)
    faults.sum_up()
    catalog = reader.frame(root)
    catalog.events = events
    return catalog


class _Reader:
    """Has single events read, their failures and warnings put into words that name them."""

    def __init__(self, path: Path, remarks: Remarks, root: Any, owner: Any) -> None:
        self.path, self.remarks = path, remarks
        namespace = namespace_of(owner)
        if not namespace.startswith(_BED):
            raise ParameterError(
                f"{path}: <eventParameters> in the namespace {namespace[:80]!r}, which is "
                f"not QuakeML's ({_BED}…)"
            )
        with ForeignParser(path, "QUAKEML", ParameterError):
            self._events = EventReader(root, namespace)

    def event(self, name: str, element: Any) -> Event | None:
        """Return the event of an element, or ``None`` if it cannot be read."""
        parser = ForeignParser(self.path, "QUAKEML", ParameterError)
        event = None
        try:
            with parser:
                event = self._events.event(element)
        except ParameterError as error:
            reason = str(error).partition("QUAKEML: ")[2] or str(error)
            self.remarks.say(name, f"{reason}; event skipped", element)
        for text in parser.warnings:
            self.remarks.say(name, text, element)
        return event

    def frame(self, root: Any) -> Catalog:
        """Return the catalogue without its events, which have been taken out of the document."""
        parser = ForeignParser(self.path, "QUAKEML", ParameterError)
        try:
            with parser:
                catalog = Unpickler().loads(etree.tostring(root))
        except ParameterError as error:
            self.remarks.say("eventParameters", f"{error}; description left out")
            return Catalog()
        for text in parser.warnings:
            self.remarks.say("eventParameters", text)
        return catalog
