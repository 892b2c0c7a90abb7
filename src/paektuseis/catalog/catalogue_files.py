"""``read_catalogue`` and ``write_catalogue``: tables to and from the formats of other programs."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pandas as pd
from obspy import Catalog, Inventory

from .. import tables
from ..errors import ParameterError
from ..io import read_events, safe_text, write_events, write_text
from ..network import Network, station_table
from . import _hypodd as hypodd, _text_formats as texts
from ._bulletin import write_bulletin
from ._nordic import read_nordic, write_nordic
from .catalogue_tables import _SCHEMAS, CatalogueTables
from .quakeml_in import from_catalog
from .quakeml_out import to_catalog

Format = Literal[
    "quakeml", "nonlinloc", "nonlinloc_hyp", "hypodd", "swarm", "nordic", "nordic2", "ims"
]  # fmt: skip
_WRITE: dict[str, Callable[[CatalogueTables, list[str]], str]] = {
    "nonlinloc": texts.write_obs, "nonlinloc_hyp": texts.write_hyp,
    "swarm": texts.write_swarm,
    "nordic": write_nordic, "nordic2": functools.partial(write_nordic, second=True),
    "ims": write_bulletin,
}  # fmt: skip
_READ: dict[str, Callable[[str, list[str]], texts.Rows]] = {
    "nonlinloc": texts.read_obs, "nonlinloc_hyp": texts.read_hyp,
    "hypodd": hypodd.read_hypodd, "swarm": texts.read_swarm,
    "nordic": read_nordic, "nordic2": read_nordic,
}  # fmt: skip
_SUFFIX = {".obs": "nonlinloc", ".hyp": "nonlinloc_hyp", ".pha": "hypodd", ".xml": "quakeml"}
MAX_BYTES = 200 * 1024**2


def write_catalogue(
    data: CatalogueTables | Catalog,
    path: str | os.PathLike[str],
    *,
    format: Format,
    stations: Network | Inventory | pd.DataFrame | None = None,
    problems: list[str] | None = None,
) -> Path:
    """Write a catalogue for another program, whole or not at all.

    Parameters
    ----------
    data : CatalogueTables or obspy.core.event.Catalog
    path : str or Path
    format : str
        ``"quakeml"``, ``"nonlinloc"``, ``"nonlinloc_hyp"``, ``"hypodd"``, ``"swarm"``,
        ``"nordic"``, ``"nordic2"`` or ``"ims"``.
        ``"nonlinloc"``: observations (picks); ``"nonlinloc_hyp"``: hypocentres with residuals;
        ``"hypodd"``: phase file, and beside it ``<name>.ids.csv`` with the event ids and station
        codes behind its numbers and labels; ``"swarm"``: tagged events of the program Swarm;
        ``"nordic"``: S-file with the phase lines of Nordic 1, which hold station and two letters
        of the channel, ``"nordic2"`` with those of Nordic 2, which hold all codes; ``"ims"``:
        bulletin in IMS 1.0, short form, as the ISC has it (written, not read).
    stations : Network, Inventory or DataFrame, optional
        ``"hypodd"``: also write ``station.dat`` beside the file. A DataFrame is a table
        ``tables.STATIONS``.
    problems : list of str, optional
        Collects what the format cannot hold and was left out.

    Returns
    -------
    Path

    Raises
    ------
    ParameterError
        If the format is unknown, or stations are given for another than ``"hypodd"``.
    OutputError
        If the file cannot be written.
    """
    left: list[str] = [] if problems is None else problems
    target = Path(path)
    if stations is not None and format != "hypodd":
        raise ParameterError(f"stations: format {format!r} has no list of stations; leave it out")
    if format == "quakeml":
        return write_events(data if isinstance(data, Catalog) else to_catalog(data), target)
    if format not in _READ and format not in _WRITE:
        raise ParameterError(f"format={format!r}; choose quakeml, {', '.join({**_READ, **_WRITE})}")
    held = from_catalog(data, problems=left) if isinstance(data, Catalog) else data
    if format == "hypodd":
        _write_hypodd(held, target, stations, left)
        return target
    write_text(target, _WRITE[format](held, left))
    return target


def _write_hypodd(
    data: CatalogueTables,
    target: Path,
    stations: Network | Inventory | pd.DataFrame | None,
    problems: list[str],
) -> None:
    used = {tables.station_of(t) for t in data.picks["trace_id"]}
    if stations is None:
        text, names = hypodd.write_hypodd(data, problems)
    else:
        table = _stations(stations)
        known = {f"{n}.{s}" for n, s in zip(table["network"], table["station"], strict=True)}
        labels = hypodd.station_labels(used | known)
        text, names = hypodd.write_hypodd(data, problems, labels)
        write_text(target.with_name("station.dat"), hypodd.write_stations(table, labels, problems))
    write_text(_names_of(target), hypodd.write_names(names))
    write_text(target, text)


def _stations(stations: Network | Inventory | pd.DataFrame) -> pd.DataFrame:
    if isinstance(stations, Network | Inventory):
        return station_table(stations)
    return tables.STATIONS.check(stations)


def _names_of(path: Path) -> Path:
    return path.with_name(path.name + ".ids.csv")


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ParameterError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(raw) > MAX_BYTES:
        raise ParameterError(f"{path}: more than {MAX_BYTES} bytes; split it")
    return raw.decode("utf-8", "replace")


def read_catalogue(path: str | os.PathLike[str], *, format: str | None = None) -> CatalogueTables:
    """Read a catalogue of another program into tables.

    Parameters
    ----------
    path : str or Path
    format : str, optional
        As for :func:`write_catalogue`, or ``"seiscomp"`` (read with obspy); ``"nordic"`` reads both
        forms. Not needed for names that end in .obs, .hyp, .pha or .xml.

    Returns
    -------
    CatalogueTables
        What was left out stands in ``problems``.

    Raises
    ------
    ParameterError
        If the file cannot be read, is too large, or its format is not known.
    """
    source = Path(path)
    name = format or _SUFFIX.get(source.suffix.lower(), "")
    if name in ("quakeml", "seiscomp"):
        return from_catalog(read_events(source))
    if name not in _READ:
        raise ParameterError(
            f"{source}: format {name!r} is not known; give format= quakeml, seiscomp, "
            f"{', '.join(_READ)}"
        )
    left: list[str] = []
    text = _text(source)
    reader = _READ[name]
    if name == "hypodd" and _names_of(source).exists():
        reader = functools.partial(
            hypodd.read_hypodd, names=hypodd.read_names(_text(_names_of(source)))
        )
    rows = reader(text, left)
    rows = {table: [r for r in found if _in_range(r, left)] for table, found in rows.items()}
    if text.strip() and not any(rows.values()):
        first = left[0] if left else "nothing of this format in it"
        raise ParameterError(f"{source}: nothing could be read as {name}: {safe_text(first)}")
    frames = {table: _SCHEMAS[table].frame(found) for table, found in rows.items()}
    return CatalogueTables(**frames, problems=tuple(left))


def _in_range(row: dict[str, object], problems: list[str]) -> bool:
    """Whether a time can stand in a table (years 1678 to 2261)."""
    year = getattr(row.get("time"), "year", 2000)
    if 1678 <= year <= 2261:
        return True
    problems.append(f"event {row['event_id']}: the year {year} is left out")
    return False
