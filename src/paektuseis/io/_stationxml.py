"""StationXML station by station: what is broken costs itself, and is named."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import obspy
from lxml import etree  # type: ignore[import-untyped]
from obspy import Inventory
from obspy.core.inventory import Network, Station

from ..errors import MetadataError
from ._foreign import ForeignParser
from ._remarks import Remarks
from ._station_numbers import bad_number, mend_channel, mend_coordinates, mend_dates
from ._xml import XmlParts, local_name, namespace_of

NAMESPACE = "http://www.fdsn.org/xml/station/1"
_CODE = re.compile(r"[A-Za-z0-9_-]{1,16}")
_HEAD = f'<FDSNStationXML xmlns="{NAMESPACE}"{{version}}><Source>x</Source>'
_CREATED = "<Created>2000-01-01T00:00:00</Created>"
_VERSIONS = ("1.0", "1.1", "1.2")
_TAIL = "</FDSNStationXML>"


def read_stationxml(data: bytes, path: Path, remarks: Remarks) -> Inventory:
    """Read an FDSN StationXML document; what had to be left out is said in ``remarks``."""
    parts = XmlParts(data, path, MetadataError, "Station")
    for note in parts.notes:
        remarks.say("encoding", note)
    reader = _Reader(path, remarks)
    stations: dict[int, list[Station]] = {}
    networks: list[Any] = []
    for element in parts:
        if namespace_of(parts.root) != NAMESPACE:
            break
        reader.version = reader.version or _version(parts.root)
        owner = element.getparent()
        if local_name(owner) != "Network":
            remarks.say(
                "station", f"inside <{local_name(owner)}>, not in a network: skipped", element
            )
            continue
        if not networks or networks[-1] is not owner:
            networks.append(owner)
        station = reader.station(element, owner)
        if station is not None:
            stations.setdefault(len(networks) - 1, []).append(station)
    root = parts.root
    if namespace_of(root) != NAMESPACE:
        raise MetadataError(
            f"{path}: <{local_name(root)}> in the namespace {namespace_of(root)[:80]!r}, which is "
            f"not StationXML's ({NAMESPACE})"
        )
    version = root.get("schemaVersion")
    if version not in _VERSIONS:
        remarks.say(
            "schemaVersion", f"{version!r} is none of {', '.join(_VERSIONS)}; read what is known"
        )
    inventory = reader.skeleton(root)
    for element in root.iterchildren(f"{{{NAMESPACE}}}Network"):
        network = reader.network(element)
        if network is None:
            continue
        place = next((i for i, known in enumerate(networks) if known is element), -1)
        network.stations = stations.get(place, [])
        inventory.networks.append(network)
    return inventory


class _Reader:
    """Turns single elements into obspy's objects, each through obspy's own parser."""

    def __init__(self, path: Path, remarks: Remarks) -> None:
        self.path, self.remarks = path, remarks
        self.version = ""

    def station(self, element: Any, owner: Any) -> Station | None:
        """Return one station with the channels that can be read, or ``None``."""
        network = _code(owner, "code")
        name = f"{network or '?'}.{_code(element, 'code') or '?'}"
        fault = _mend_code(owner, "network") or _mend_code(element, "station")
        fault = fault or mend_coordinates(element, ("Latitude", "Longitude", "Elevation"))
        if fault:
            self.remarks.say(name, f"{fault}; station skipped", element)
            return None
        for text in mend_dates(element, drop=True):
            self.remarks.say(name, text, element)
        for channel in element.findall(_tag("Channel")):
            if not channel.attrib:
                continue
            label = f"{name}.{_location(channel)}.{_code(channel, 'code') or '?'}"
            label += f" from {channel.get('startDate') or 'an open start'}"
            fault = _mend_code(channel, "channel")
            if not fault:
                fault, notes = mend_channel(channel)
                for text in notes:
                    self.remarks.say(label, text, channel)
            if fault:
                self.remarks.say(label, f"{fault}; channel skipped", channel)
                element.remove(channel)
        return self._parsed(element, owner, name)

    def _parsed(self, element: Any, owner: Any, name: str) -> Station | None:
        """Have obspy read a station; on failure without its channels, then one by one."""
        found = self._tried(_wrapped(element, owner))
        if isinstance(found, Inventory):
            return found[0][0]
        channels = element.findall(_tag("Channel"))
        for channel in channels:
            element.remove(channel)
        alone = self._tried(_wrapped(element, owner))
        if not isinstance(alone, Inventory):
            self.remarks.say(name, f"{alone}; station skipped", element)
            return None
        station = alone[0][0]
        for channel in channels:
            element.append(channel)
            label = f"{name}.{_location(channel)}.{_code(channel, 'code') or '?'}"
            label += f" from {channel.get('startDate') or 'an open start'}"
            got = self._tried(_wrapped(element, owner))
            if not isinstance(got, Inventory) or not got[0][0].channels:
                reason = got if isinstance(got, str) else "obspy reads no channel of it"
                for response in channel.findall(_tag("Response")):
                    channel.remove(response)
                got = self._tried(_wrapped(element, owner))
                whole = isinstance(got, Inventory) and bool(got[0][0].channels)
                lost = "response left out" if whole else "channel skipped"
                self.remarks.say(label, f"{reason}; {lost}", channel)
            if isinstance(got, Inventory):
                station.channels += got[0][0].channels
            element.remove(channel)
        return station

    def _tried(self, body: str) -> Inventory | str:
        """Return what obspy reads, or why it cannot."""
        document = _HEAD.format(version=self.version) + _CREATED + body + _TAIL
        parser = ForeignParser(self.path, "STATIONXML", MetadataError)
        try:
            with parser:
                found = obspy.read_inventory(io.BytesIO(document.encode()), format="STATIONXML")
        except MetadataError as error:
            return str(error).partition("STATIONXML: ")[2] or str(error)
        for text in parser.warnings:
            self.remarks.say("parser", text)
        return found

    def network(self, element: Any) -> Network | None:
        """Return a network without stations, or ``None``."""
        name = _code(element, "code") or "?"
        fault = _mend_code(element, "network")
        if fault:
            self.remarks.say(name, f"{fault}; network skipped", element)
            return None
        for text in mend_dates(element, drop=True):
            self.remarks.say(name, text, element)
        found = self._tried(etree.tostring(element, encoding="unicode", with_tail=False))
        if isinstance(found, Inventory) and found.networks:
            return found[0]
        self.remarks.say(name, f"{found}; only the code of the network is kept", element)
        return Network(element.get("code"))

    def skeleton(self, root: Any) -> Inventory:
        """Return the inventory without its networks."""
        head = etree.Element(root.tag, attrib=dict(root.attrib), nsmap=root.nsmap)
        for child in root:
            if local_name(child) and local_name(child) != "Network":
                head.append(_copied(child))
        for name, replacement in (("Source", ""), ("Created", "1970-01-01T00:00:00")):
            found = head.find(_tag(name))
            if found is None or (name == "Created" and bad_number(found.text, date=True)):
                self.remarks.say(f"<{name}>", "missing or no date: left empty", root)
                if found is not None:
                    head.remove(found)
                etree.SubElement(head, _tag(name)).text = replacement
        with ForeignParser(self.path, "STATIONXML", MetadataError):
            return obspy.read_inventory(io.BytesIO(etree.tostring(head)), format="STATIONXML")


def _wrapped(element: Any, owner: Any) -> str:
    """Return the text of one station in its network."""
    body = etree.tostring(element, encoding="unicode", with_tail=False)
    return f'<Network code="{owner.get("code")}">{body}</Network>'


def _version(root: Any) -> str:
    version = root.get("schemaVersion")
    return f' schemaVersion="{version}"' if version in _VERSIONS else ' schemaVersion="1.1"'


def _copied(element: Any) -> Any:
    return etree.fromstring(etree.tostring(element, with_tail=False))


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _code(element: Any, attribute: str) -> str:
    return (element.get(attribute) or "").strip()


def _location(channel: Any) -> str:
    return (channel.get("locationCode") or "").strip("- ")


def _mend_code(element: Any, kind: str) -> str:
    """Take blanks off the codes of an element; return what is wrong with them, if anything."""
    for attribute in ("code", "locationCode"):
        value = element.get(attribute)
        if attribute == "locationCode" and (kind != "channel" or not (value or "").strip("- ")):
            if kind == "channel" and value is None:
                element.set(attribute, "")
            continue
        if not _CODE.fullmatch((value or "").strip()):
            return f"{kind} {attribute} {value!r} is none (letters, digits, _ and -, at most 16)"
        element.set(attribute, value.strip())
    return ""
