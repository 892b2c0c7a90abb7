"""``read_events`` and ``write_events``: catalogues as exchanged between centres."""

from __future__ import annotations

import io
import os
from pathlib import Path

import obspy
from obspy import Catalog

from ..errors import ParameterError, WaveformError
from ._foreign import ForeignParser, private_copy
from ._output import atomic_path
from ._quakeml import read_quakeml
from ._remarks import Remarks, tell
from ._sources import expand_paths, one_path, read_bytes
from ._xml import XmlParts, looks_like_xml, root_name

MAX_EVENTS = 500 * 1024**2


def read_events(path: str | os.PathLike[str], *, problems: list[str] | None = None) -> Catalog:
    """Read an event catalogue: QuakeML, SeisComP XML, NonLinLoc hypocentres, Nordic.

    The format is named by the content and the file is parsed from checked bytes; XML with
    a DTD is refused.

    Parameters
    ----------
    path : str or Path
        A file, a folder or a pattern; several files are merged.
    problems : list of str, optional
        Collects what could not be used, in words that name the file, the line, the event
        (number and publicID) and the cause: an event, origin, magnitude or pick that is left
        out, a file among several, a depth that may be in kilometres. Without it they are logged
        as warnings.

    Returns
    -------
    obspy.core.event.Catalog
        What can be used. An event whose origin has no time, or a place that is none, is not in
        it; of two events with one publicID the first is. A catalogue without events is no error.

    Raises
    ------
    ParameterError
        Naming the file and the reason, if the file cannot be read or nothing is left of it.
    """
    texts: list[str] = []
    try:
        files = expand_paths(path)
    except WaveformError as error:
        raise ParameterError(str(error)) from error
    merged: Catalog | None = None
    for file in files:
        remarks = Remarks(file)
        try:
            found = _read_one(file, remarks)
        except ParameterError as error:
            if len(files) == 1:
                raise
            texts += [*remarks.texts, f"{error}; file skipped"]
            continue
        texts += remarks.texts
        if merged is None:
            merged = found
        else:
            merged += found
    if merged is None:
        raise ParameterError(f"none of {len(files)} files could be used; the first: {texts[0]}")
    tell(texts, problems)
    return merged


def _read_one(path: Path, remarks: Remarks) -> Catalog:
    try:
        source = read_bytes(path, max_bytes=MAX_EVENTS)
    except WaveformError as error:
        raise ParameterError(str(error)) from error
    data = source.data.tobytes()
    name = _name(data, path)
    parser = ForeignParser(path, name, ParameterError)
    with parser:
        if name == "QUAKEML":
            catalog = read_quakeml(data, path, remarks)
        elif name == "SCML":
            utf8 = XmlParts(data, path, ParameterError).utf8()
            catalog = obspy.read_events(io.BytesIO(utf8), format=name)
        else:
            with private_copy(data) as copy:
                catalog = obspy.read_events(copy, format=name)
    for text in parser.warnings:
        remarks.say(name, text)
    if not catalog.events and remarks.texts:
        first = remarks.texts[0].partition(": ")[2]
        raise ParameterError(f"{path}: {name} file without any event that can be used; {first}")
    return catalog


def _name(data: bytes, path: Path) -> str:
    if looks_like_xml(data):
        root = root_name(data, path, ParameterError)
        if root.lower() == "quakeml":
            return "QUAKEML"
        if root.lower() == "seiscomp":
            return "SCML"
        raise ParameterError(f"{path}: XML with root <{root}> is no event catalogue")
    if data[:6] == b"NLLOC ":
        return "NLLOC_HYP"
    first = next((line for line in data[:4096].split(b"\n") if line.strip()), b"").rstrip(b"\r")
    if len(first) >= 79 and first[79:80] in (b"1", b" ", b"") and first[1:5].strip().isdigit():
        return "NORDIC"
    raise ParameterError(
        f"{path}: no event catalogue paektuseis knows (QuakeML, SeisComP XML, NonLinLoc hyp, "
        f"Nordic); it begins with {data[:16]!r}"
    )


def write_events(catalog: Catalog, path: str | os.PathLike[str]) -> Path:
    """Write a catalogue as QuakeML 1.2, whole or not at all.

    Parameters
    ----------
    catalog : obspy.core.event.Catalog
    path : str or Path

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    OutputError
        If the file cannot be written.
    ParameterError
        If this is no Catalog.
    """
    if not isinstance(catalog, Catalog):
        raise ParameterError(f"write_events takes an obspy Catalog, not {type(catalog).__name__}")
    target = one_path(path)
    with atomic_path(target) as temporary:
        catalog.write(str(temporary), format="QUAKEML")
    return target
