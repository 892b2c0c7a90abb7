"""``read_stations``: station metadata of several formats into one Inventory."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import obspy
from obspy import Inventory

from ..errors import MetadataError, WaveformError
from ._foreign import ForeignParser, private_copy
from ._sacpz import read_sacpz
from ._sources import FileBytes, expand_paths, read_bytes
from ._xml import check_xml, looks_like_xml

MAX_METADATA = 200 * 1024**2
_ROOTS = {"FDSNStationXML": "STATIONXML", "seiscomp": "SCML", "xseed": "XSEED"}


def read_stations(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
) -> Inventory:
    """Read station metadata: StationXML, SeisComP XML, dataless SEED, RESP, SAC pole-zero.

    The format is named by the content of each file and the file is parsed from checked
    bytes: an XML document with a DTD, broken XML, or a file of another kind is refused.

    Parameters
    ----------
    paths : str, Path or iterable of them
        Files, folders or patterns; several files are merged into one Inventory.

    Returns
    -------
    obspy.core.inventory.Inventory

    Raises
    ------
    MetadataError
        Naming the file and the reason.
    ParameterError
        If a path is none, or a URL.
    """
    try:
        files = expand_paths(paths)
    except WaveformError as error:
        raise MetadataError(str(error)) from error
    merged: Inventory | None = None
    for path in files:
        found = _read_one(path)
        merged = found if merged is None else merged + found
    return merged


def _read_one(path: Path) -> Inventory:
    try:
        source = read_bytes(path, max_bytes=MAX_METADATA)
    except WaveformError as error:
        raise MetadataError(str(error)) from error
    name = _name(source)
    with ForeignParser(path, name, MetadataError):
        if name in ("SEED", "RESP", "XSEED"):
            _check_seed(source)
            with private_copy(source.data.tobytes()) as copy:
                inventory = obspy.read_inventory(copy, format=name)
        elif name == "SACPZ":
            inventory = read_sacpz(source.data.tobytes().decode("utf-8", "replace"), path)
        else:
            inventory = obspy.read_inventory(source.stream(), format=name)
    if not any(True for net in inventory for _ in net):
        raise MetadataError(f"{path}: {name} file without any station")
    return inventory


def _name(source: FileBytes) -> str:
    data = source.data.tobytes()
    path = source.path
    if looks_like_xml(data):
        root = check_xml(data, path, MetadataError)
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


def _check_seed(source: FileBytes) -> None:
    """Refuse control headers with a blockette too short to be one: obspy's parser would loop."""
    data = source.data.tobytes()
    if not data[:6].isdigit():
        return
    length = _volume_record_length(data)
    body = bytearray()
    kind = b""
    for at in range(0, len(data), length):
        record = data[at : at + length]
        if record[6:7] not in (b"V", b"A", b"S"):
            continue
        if record[7:8] != b"*" or record[6:7] != kind:
            _walk_blockettes(bytes(body), source.path)
            body.clear()
        kind = record[6:7]
        body += record[8:]
    _walk_blockettes(bytes(body), source.path)


def _volume_record_length(data: bytes) -> int:
    field = data[19:21] if data[8:11] == b"010" else b""
    return 1 << int(field) if field.isdigit() and 8 <= int(field) <= 16 else 4096


def _walk_blockettes(body: bytes, path: Path) -> None:
    at = 0
    while at + 7 <= len(body):
        if body[at : at + 3].strip() == b"":
            return
        head = body[at : at + 7]
        if not head.replace(b" ", b"0").isdigit():
            return
        length = int(head[3:7].replace(b" ", b"0"))
        if length < 7:
            raise MetadataError(
                f"{path}: SEED blockette {head[:3].decode()} of {length} bytes; shorter than its "
                "own header of 7"
            )
        at += length
