"""``read_events`` and ``write_events``: catalogues as exchanged between centres."""

from __future__ import annotations

import os
from pathlib import Path

import obspy
from obspy import Catalog

from ..errors import ParameterError, WaveformError
from ._foreign import ForeignParser, private_copy
from ._output import atomic_path
from ._sources import expand_paths, one_path, read_bytes
from ._xml import check_xml, looks_like_xml

MAX_EVENTS = 500 * 1024**2


def read_events(path: str | os.PathLike[str]) -> Catalog:
    """Read an event catalogue: QuakeML, SeisComP XML, NonLinLoc hypocentres, Nordic.

    The format is named by the content and the file is parsed from checked bytes; XML with
    a DTD is refused.

    Parameters
    ----------
    path : str or Path
        A file, a folder or a pattern; several files are merged.

    Returns
    -------
    obspy.core.event.Catalog

    Raises
    ------
    ParameterError
        Naming the file and the reason.
    """
    try:
        files = expand_paths(path)
        merged = Catalog()
        for file in files:
            merged += _read_one(file)
    except WaveformError as error:
        raise ParameterError(str(error)) from error
    return merged


def _read_one(path: Path) -> Catalog:
    source = read_bytes(path, max_bytes=MAX_EVENTS)
    data = source.data.tobytes()
    name = _name(data, path)
    with ForeignParser(path, name, ParameterError):
        if name in ("NLLOC_HYP", "NORDIC"):
            with private_copy(data) as copy:
                return obspy.read_events(copy, format=name)
        return obspy.read_events(source.stream(), format=name)


def _name(data: bytes, path: Path) -> str:
    if looks_like_xml(data):
        root = check_xml(data, path, ParameterError)
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
