"""Tables, catalogue and the record of the run, each file written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd

from .. import __version__
from ..config import settings_hash, settings_to_toml
from ..errors import OutputError
from ..io import Archive, atomic_path, write_events, write_table
from ..pipeline import DayResult
from ..times import as_utc

PACKAGES = ("obspy", "numpy", "scipy", "pandas", "pyarrow", "numba", "matplotlib")
_BLOCK = 1 << 20


def write_products(result: DayResult, archive: Archive, out: str | Path) -> dict[str, Any]:
    """Write the tables (Parquet and CSV), the QuakeML catalogue and ``run.json``.

    Parameters
    ----------
    result : DayResult
    archive : Archive
        Where the records came from; its files are listed with their hashes.
    out : str or Path
        Folder; made where it is missing.

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
        write_table(frame, folder / f"{name}.csv")
    write_events(result.catalog, out / "events.xml")
    record = run_record(result, archive)
    write_text(out / "run.json", json.dumps(record, indent=2, sort_keys=True) + "\n")
    write_text(out / "settings.toml", settings_to_toml(result.settings))
    return record


def run_record(result: DayResult, archive: Archive) -> dict[str, Any]:
    """Return what was run on what: versions, settings, inputs with hashes, counts.

    Parameters
    ----------
    result : DayResult
    archive : Archive

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
        "versions": {name: _version(name) for name in PACKAGES},
        "starttime": str(result.starttime),
        "endtime": str(result.endtime),
        "network": result.network.name if result.network is not None else None,
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


def make_folder(path: str | Path) -> Path:
    """Make a folder and its parents; ``OutputError`` names it where that fails."""
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be made or is no folder ({error.strerror}); choose another --out"
        ) from error
    return path


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all (UTF-8, line ends as given)."""
    with atomic_path(path) as temporary:
        Path(temporary).write_bytes(text.encode())


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
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
    except OSError:
        return None
    return digest.hexdigest()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
