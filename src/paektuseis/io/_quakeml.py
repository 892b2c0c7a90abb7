"""QuakeML event by event: what is broken costs itself, and is named."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree  # type: ignore[import-untyped]
from obspy import Catalog
from obspy.core.event import Event
from obspy.io.quakeml.core import Unpickler

from ..errors import ParameterError
from ._event_values import EventFaults
from ._foreign import ForeignParser
from ._remarks import Remarks
from ._xml import XmlParts, local_name, namespace_of

_BATCH = 500
_BED = "http://quakeml.org/xmlns/bed/"


class _Unpickler(Unpickler):  # type: ignore[misc]
    """obspy's reader of QuakeML that looks children up by name instead of by compiled paths."""

    def __init__(self, namespace: str) -> None:
        super().__init__()
        self._prefix = f"{{{namespace}}}"
        self._parents: tuple[Any, Any] = (None, None)
        self._tables: tuple[dict[str, list[Any]], dict[str, list[Any]]] = ({}, {})

    def _xpath(self, xpath: str, element: Any = None, namespace: str | None = None) -> Any:
        parent = self.xml_root if element is None else element
        prefix = f"{{{namespace}}}" if namespace else self._prefix
        if len(parent) < 4:  # a table does not pay
            return [e for e in parent if e.tag == prefix + xpath]
        now, before = self._parents
        if parent is not now:  # fields of one element alternate with those of its children
            self._parents = (parent, now)
            self._tables = (
                self._tables[1] if parent is before else _by_tag(parent),
                self._tables[0],
            )
        return list(self._tables[0].get(prefix + xpath, ()))


def _by_tag(parent: Any) -> dict[str, list[Any]]:
    table: dict[str, list[Any]] = {}
    for child in parent:
        table.setdefault(child.tag, []).append(child)
    return table


def read_quakeml(data: bytes, path: Path, remarks: Remarks) -> Catalog:
    """Read a QuakeML document; what had to be left out is said in ``remarks``."""
    parts = XmlParts(data, path, ParameterError, "event")
    for note in parts.notes:
        remarks.say("encoding", note)
    faults = EventFaults(remarks)
    events: list[Event] = []
    batch: list[tuple[str, bytes]] = []
    reader: _Reader | None = None
    for number, element in enumerate(parts, 1):
        owner = element.getparent()
        if local_name(owner) != "eventParameters":
            continue
        reader = reader or _Reader(path, remarks, parts.root, owner)
        name = faults.examine(element, number)
        if name is None:
            continue
        batch.append((name, etree.tostring(element, with_tail=False)))
        if len(batch) == _BATCH:
            events += reader.events(batch)
            batch = []
    root = parts.root
    owner = next((e for e in root if local_name(e) == "eventParameters"), None)
    if owner is None:
        raise ParameterError(f"{path}: <{local_name(root)}> without <eventParameters>")
    reader = reader or _Reader(path, remarks, root, owner)
    if batch:
        events += reader.events(batch)
    faults.sum_up()
    catalog = reader.frame(owner)
    catalog.events = events
    return catalog


class _Reader:
    """Has obspy read single events or many at once, in the frame of their document."""

    def __init__(self, path: Path, remarks: Remarks, root: Any, owner: Any) -> None:
        self.path, self.remarks = path, remarks
        self.namespace = namespace_of(owner)
        if not self.namespace.startswith(_BED):
            raise ParameterError(
                f"{path}: <eventParameters> in the namespace {self.namespace[:80]!r}, which is "
                f"not QuakeML's ({_BED}…)"
            )
        self._root = etree.Element(root.tag, attrib=dict(root.attrib), nsmap=root.nsmap)
        self._owner = (owner.tag, dict(owner.attrib), owner.nsmap)

    def _document(self, bodies: list[bytes]) -> bytes:
        tag, attributes, nsmap = self._owner
        owner = etree.Element(tag, attrib=attributes, nsmap={**self._root.nsmap, **nsmap})
        owner.text = "\n"
        head, _, _ = etree.tostring(owner).rpartition(b"</")
        outer = etree.Element(self._root.tag, attrib=self._root.attrib, nsmap=self._root.nsmap)
        outer.text = "\n"
        begin, _, end = etree.tostring(outer).rpartition(b"</")
        close = etree.tostring(owner).rpartition(b"</")[2]
        return begin + head + b"".join(bodies) + b"</" + close + b"</" + end

    def _read(self, bodies: list[bytes]) -> tuple[Catalog, list[str]]:
        parser = ForeignParser(self.path, "QUAKEML", ParameterError)
        with parser:
            catalog = _Unpickler(self.namespace).load(io.BytesIO(self._document(bodies)))
        return catalog, parser.warnings

    def events(self, batch: list[tuple[str, bytes]]) -> list[Event]:
        """Return the events of a batch; one that obspy cannot read, or warns of, is named."""
        try:
            catalog, warned = self._read([body for _, body in batch])
            if not warned and len(catalog) == len(batch):
                return list(catalog.events)
        except ParameterError:
            pass
        return list(self._one_by_one(batch))

    def _one_by_one(self, batch: list[tuple[str, bytes]]) -> Iterator[Event]:
        for name, body in batch:
            try:
                catalog, warned = self._read([body])
            except ParameterError as error:
                reason = str(error).partition("QUAKEML: ")[2] or str(error)
                self.remarks.say(name, f"{reason}; event skipped")
                continue
            for text in warned:
                self.remarks.say(name, text)
            if not catalog.events and not warned:
                self.remarks.say(name, "the parser gives no event; event skipped")
            yield from catalog.events

    def frame(self, owner: Any) -> Catalog:
        """Return the catalogue without its events."""
        inside = [etree.tostring(e, with_tail=False) for e in owner if local_name(e) != "event"]
        try:
            catalog, warned = self._read(inside)
        except ParameterError as error:
            self.remarks.say("eventParameters", f"{error}; description left out")
            return Catalog()
        for text in warned:
            self.remarks.say("eventParameters", text)
        return catalog
