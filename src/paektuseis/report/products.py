"""Tables, catalogue and the record of the run, each file written whole or not at all."""

from __future__ import annotations

import json
import platform
from pathlib import Path
from typing import Any

import pandas as pd

from .. import __version__
from ..config import settings_hash, settings_to_toml
from ..io import Archive, make_folder, write_events, write_table, write_text
from ..io._sources import file_digest
from ..pipeline import DayResult
from ..provenance import package_versions
from ..times import as_utc
from .site._ground import ground_record

MOST_CSV_ROWS = 100_000
"""Longer tables (a day of spectral amplitudes) are written as Parquet alone."""


def write_products(
    result: DayResult, archive: Archive, out: str | Path, *, synthetic: bool = False
) -> dict[str, Any]:
    """Write the tables (Parquet and CSV), the QuakeML catalogue and ``run.json``.

    Parameters
    ----------
    result : DayResult
    archive : Archive
        Where the records came from; its files are listed with their hashes.
    out : str or Path
        Folder; made where it is missing.
    synthetic : bool, optional
        Note in ``run.json`` that the records are synthetic.

    Returns
    -------
    dict
        The record written to ``run.json``.

    Raises
    ------
    OutputError
        If the folder or a file in it cannot be written.
    """
    out = make_folder(out)
    folder = make_folder(out / "tables")
    for name, frame in result.tables.items():
        write_table(frame, folder / f"{name}.parquet")
        if len(frame) <= MOST_CSV_ROWS:
            write_table(frame, folder / f"{name}.csv")
    write_events(result.catalog, out / "events.xml")
    record = run_record(result, archive, synthetic=synthetic)
    write_text(out / "run.json", json.dumps(record, indent=2, sort_keys=True) + "\n")
    write_text(out / "settings.toml", settings_to_toml(result.settings))
    return record


def run_record(result: DayResult, archive: Archive, *, synthetic: bool = False) -> dict[str, Any]:
    """Return what was run on what: versions, settings, inputs with hashes, counts.

    Parameters
    ----------
    result : DayResult
    archive : Archive
    synthetic : bool, optional

    Returns
    -------
    dict
        Ready for JSON. It holds no clock time, so equal runs give equal records.
    """
    names = sorted(set(result.tables["availability"]["trace_id"]))
    files = archive.input_files(names, result.starttime, result.endtime) if names else []
    return {
        "paektuseis": __version__,
        "python": platform.python_version(),
        "versions": package_versions(),
        "starttime": str(result.starttime),
        "endtime": str(result.endtime),
        "network": result.network.name if result.network is not None else None,
        **ground_record(result.network),
        "synthetic": synthetic,
        "settings": settings_to_toml(result.settings, comments=False),
        "settings_hash": settings_hash(result.settings),
        "inputs": [
            {"path": item["path"], "bytes": item["size"], "sha256": _digest(Path(item["path"]))}
            for item in files
        ],
        "counts": {
            **{name: len(frame) for name, frame in sorted(result.tables.items())},
            "channels": len(names),
        },
        "problems": list(result.problems),
    }


def span_text(result: DayResult) -> str:
    """Return the span in words: the day's date, or start and end."""
    start, end = result.starttime, result.endtime
    if end - start == 86400.0 and start.hour == start.minute == start.second == 0:
        return str(start.strftime("%Y-%m-%d"))
    later = end.strftime("%H:%M" if end.date == start.date else "%Y-%m-%d %H:%M")
    return f"{start.strftime('%Y-%m-%d %H:%M')} to {later}"


def short_time(value: pd.Timestamp) -> str:
    """Return an instant to the tenth of a second, for tables people read."""
    time = as_utc(value)
    return f"{time.strftime('%Y-%m-%d %H:%M:%S')}.{time.microsecond // 100000}"


def _digest(path: Path) -> str | None:
    """Return the SHA-256 of a file, or ``None`` if it can no longer be read."""
    try:
        return file_digest(path)
    except OSError:
        return None
