"""The files of an archive that cannot be used wholly, noted beside the results."""

from __future__ import annotations

import json
from pathlib import Path

from ..errors import OutputError
from ..io import IndexReport, safe_text, write_text

BAD_FILES = "bad-files.jsonl"


def note_bad_files(report: IndexReport, folder: Path, *, named: bool) -> dict[str, str]:
    """Note the files of the archive that cannot be used wholly, one JSON object a line."""
    kinds = {"unreadable": report.unreadable, "damaged": report.damaged, "altered": report.altered}
    if named:  # a name that promises records, and no waveforms in the file
        kinds["foreign"] = report.foreign
    lines = [
        json.dumps({"path": safe_text(path), "state": kind, "reason": reason})
        for kind, files in kinds.items()
        for path, reason in files.items()
    ]
    path = folder / BAD_FILES
    if lines:
        write_text(path, "".join(line + "\n" for line in lines))
    else:
        _remove(path)
    return {path: reason for files in kinds.values() for path, reason in files.items()}


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{path}: cannot be removed: {error.strerror}") from error
