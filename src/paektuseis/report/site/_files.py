"""Writing a site: files whole or not at all, and the list of what was made from what."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from ...errors import OutputError

MANIFEST = "report.json"
FORMAT = 1
MOST = 200 * 1024**2


def put(root: Path, name: str, data: str | bytes) -> None:
    """Write a file of a site, whole or not at all.

    It is not flushed to the disk one by one, as products are: a site can be made again, and
    its list of files, written last, is flushed.
    """
    target = root / name
    temporary = target.with_name(f".tmp-{os.getpid()}-{target.name[-60:]}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data.encode() if isinstance(data, str) else data)
        os.replace(temporary, target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OutputError(f"{target}: cannot be written: {error.strerror or error}") from error


def key_of(*parts: Any) -> str:
    """Return a hash of values (numbers, texts, tables' rows) that a page is made from."""
    made = hashlib.blake2b(digest_size=12)
    for part in parts:
        made.update(repr(part).encode("utf-8", "surrogatepass"))
        made.update(b"\0")
    return made.hexdigest()


def frame_key(frame: pd.DataFrame) -> str:
    """Return a hash of a table: its columns, its rows and their order."""
    made = hashlib.blake2b(repr(list(frame.columns)).encode(), digest_size=12)
    for name in frame.columns:
        column = frame[name]
        if column.dtype == object:
            column = column.map(repr)
        made.update(pd.util.hash_pandas_object(column, index=False).to_numpy().tobytes())
    return made.hexdigest()


def read_manifest(root: Path) -> dict[str, Any]:
    """Return what an earlier report left in the folder; an empty list where there is none."""
    empty: dict[str, Any] = {"days": {}, "pages": {}, "shared": {}}
    path = root / MANIFEST
    try:
        if path.stat().st_size > MOST:
            return empty
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return empty
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        return empty
    days, pages, shared = (found.get(k) for k in ("days", "pages", "shared"))
    if not (isinstance(days, dict) and isinstance(pages, dict) and isinstance(shared, dict)):
        return empty
    good = all(isinstance(d, dict) and isinstance(d.get("files"), dict) for d in days.values())
    return found if good else empty


def files_of(manifest: dict[str, Any]) -> set[str]:
    """Return every file an earlier report lists; names that leave the folder are ignored."""
    names = {*manifest["pages"], *manifest["shared"]}
    for day in manifest["days"].values():
        names |= set(day["files"])
    return {n for n in names if inside(n)}


def inside(name: str) -> bool:
    """Whether a name of the list lies within the site."""
    path = PurePosixPath(name)
    return (
        not path.is_absolute() and ".." not in path.parts and "\\" not in name and bool(path.parts)
    )


def remove(root: Path, names: Iterable[str]) -> int:
    """Remove files of a site that are no longer part of it, and folders left empty."""
    count = 0
    folders = set()
    for name in names:
        path = root / name
        try:
            path.unlink()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise OutputError(f"{path}: cannot be removed: {error.strerror or error}") from error
        count += 1
        folders.add(path.parent)
    for folder in sorted(folders, key=lambda p: -len(p.parts)):
        while folder != root and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
            folder = folder.parent
    return count
