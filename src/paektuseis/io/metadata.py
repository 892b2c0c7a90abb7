"""``read_stations``: station metadata of several formats into one Inventory."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from pathlib import Path

import obspy
from obspy import Inventory

from ..errors import MetadataError, WaveformError
from ._foreign import ForeignParser, private_copy
from ._inventory import mend_inventory, note_inventory
from ._remarks import Remarks, tell
from ._sacpz import read_sacpz
from ._seed_text import check_resp, check_seed
from ._sources import FileBytes, expand_paths, read_bytes
from ._stationxml import read_stationxml
from ._xml import XmlParts, looks_like_xml, root_name

MAX_METADATA = 200 * 1024**2
_ROOTS = {"FDSNStationXML": "STATIONXML", "seiscomp": "SCML", "xseed": "XSEED"}


def read_stations(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    problems: list[str] | None = None,
) -> Inventory:
    """Read station metadata: StationXML, SeisComP XML, dataless SEED, RESP, SAC pole-zero.

    The format is named by the content of each file and the file is parsed from checked
    bytes: an XML document with a DTD, broken XML, or a file of another kind is refused.

    Parameters
    ----------
    paths : str, Path or iterable of them
        Files, folders or patterns; several files are merged into one Inventory.
    problems : list of str, optional
        Collects what could not be used, in words that name the file, the line, the channel and
        the cause: a station or channel epoch that is left out, a response that is, a value out
        of its range, a file among several. Without it they are logged as warnings.

    Returns
    -------
    obspy.core.inventory.Inventory
        What can be used. A station without possible coordinates and a channel without
        coordinates or with dates that are none are not in it; a channel whose response has
        text where a number belongs is, without the response.

    Raises
    ------
    MetadataError
        Naming the file and the reason, if nothing is left.
    ParameterError
        If a path is none, or a URL.

    See Also
    --------
    paektuseis.processing.check_stations : what the responses themselves get wrong.
    """
    try:
        files = expand_paths(paths)
    except WaveformError as error:
        raise MetadataError(str(error)) from error
    merged: Inventory | None = None
    texts: list[str] = []
    for path in files:
        remarks = Remarks(path)
        try:
            found = _read_one(path, remarks)
        except MetadataError as error:
            if len(files) == 1:
                raise
            texts += [*remarks.texts, f"{error}; file skipped"]
            continue
        texts += remarks.texts
        merged = found if merged is None else merged + found
    if merged is None:
        raise MetadataError(f"none of {len(files)} files could be used; the first: {texts[0]}")
    tell(texts, problems)
    return merged


def _read_one(path: Path, remarks: Remarks) -> Inventory:
    try:
        source = read_bytes(path, max_bytes=MAX_METADATA)
    except WaveformError as error:
        raise MetadataError(str(error)) from error
    name = _name(source)
    data = source.data.tobytes()
    parser = ForeignParser(path, name, MetadataError)
    with parser:
        if name == "STATIONXML":
            inventory = read_stationxml(data, path, remarks)
        elif name == "SACPZ":
            inventory = read_sacpz(data.decode("utf-8", "replace"), path)
        elif name == "SCML":
            inventory = obspy.read_inventory(_utf8(data, path), format=name)
        else:
            if name == "RESP":
                check_resp(data.decode("latin-1"), path)
            check_seed(data, path)
            data = _utf8(data, path).getvalue() if name == "XSEED" else data
            with private_copy(data) as copy:
                inventory = obspy.read_inventory(copy, format=name)
    for text in parser.warnings:
        remarks.say(name, text)
    if name != "STATIONXML":
        mend_inventory(inventory, remarks)
    note_inventory(inventory, remarks, placed=name != "RESP")  # it has no coordinates
    if not any(True for net in inventory for _ in net):
        first = f"; {remarks.texts[0].partition(': ')[2]}" if remarks.texts else ""
        raise MetadataError(f"{path}: {name} file without any station that can be used{first}")
    return inventory


def _utf8(data: bytes, path: Path) -> io.BytesIO:
    return io.BytesIO(XmlParts(data, path, MetadataError).utf8())


def _name(source: FileBytes) -> str:
    data = source.data.tobytes()
    path = source.path
    if looks_like_xml(data):
        root = root_name(data, path, MetadataError)
        for known, name in _ROOTS.items():
            if root.lower() == known.lower():
                return name
        raise MetadataError(
            f"{path}: XML with root <{root}> is no station metadata; "
            f"known roots: {', '.join(_ROOTS)}"
        )
    if data[:6].isdigit() and data[6:7] in b"VAS" and data[7:8] in b" *":
        return "SEED"
    text = data[: 1 << 16].decode("latin-1")
    lines = [line.strip() for line in text.splitlines()]
    if any(line.startswith("B050F03") for line in lines):
        return "RESP"
    words = {line.split()[0] for line in lines if line}
    if words & {"ZEROS", "POLES"} and "CONSTANT" in words:
        return "SACPZ"
    raise MetadataError(
        f"{path}: no station metadata paektuseis knows (StationXML, SeisComP XML, dataless SEED, "
        f"RESP, SAC pole-zero with its comment header); it begins with {data[:16]!r}"
    )
