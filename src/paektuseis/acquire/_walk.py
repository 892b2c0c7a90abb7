"""Every name on a disk, each with what it is: nothing is passed over in silence."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..io import safe_text
from ..io._sources import kind_of_file

READ, HIDDEN, LINK, SPECIAL, UNREADABLE = "read", "hidden", "link", "not a file", "unreadable"


@dataclass(frozen=True)
class Entry:
    """A name on the disk. ``what`` is ``read`` for a file to be read, else its outcome."""

    path: Path
    name: str
    size: int
    what: str
    reason: str = ""


def entries_below(root: Path) -> Iterator[Entry]:
    """Yield every file below a folder (or the file itself) in the order of their names.

    A file with several names is read under the first; hidden files, links to folders or out of
    the folder and what is no regular file are told and not read.
    """
    seen: dict[tuple[int, int], str] = {}
    if not root.is_dir():
        yield _entry(root, root.name, False, seen, None)
        return
    yield from _below(root, root, False, seen)


def _below(
    folder: Path, root: Path, hidden: bool, seen: dict[tuple[int, int], str]
) -> Iterator[Entry]:
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        name = _name(folder, root) + "/"
        yield Entry(folder, name, 0, UNREADABLE, f"the folder cannot be listed: {error.strerror}")
        return
    folders = []
    for one in names:
        path = folder / one
        out_of_sight = hidden or one.startswith(".")
        if os.path.isdir(path):  # False where it cannot be told
            if os.path.islink(path):
                target = safe_text(os.readlink(path))
                yield Entry(
                    path, _name(path, root), 0, LINK, f"leads to the folder {target}; not followed"
                )
            else:
                folders.append((path, out_of_sight))
            continue
        yield _entry(path, _name(path, root), out_of_sight, seen, root)
    for path, out_of_sight in folders:
        yield from _below(path, root, out_of_sight, seen)


def _name(path: Path, root: Path) -> str:
    return safe_text(path.relative_to(root).as_posix())


def _entry(
    path: Path, name: str, hidden: bool, seen: dict[tuple[int, int], str], root: Path | None
) -> Entry:
    try:
        info = path.stat()
    except OSError as error:
        return Entry(path, name, 0, UNREADABLE, f"{error.strerror or error}")
    if not stat.S_ISREG(info.st_mode):
        return Entry(path, name, 0, SPECIAL, f"is {kind_of_file(info.st_mode)}")
    if root is not None and os.path.islink(path):
        target = path.resolve()
        if root.resolve() in target.parents:
            inside = _name(target, root.resolve())
            return Entry(path, name, 0, LINK, f"leads to {inside}, which has a row of its own")
        why = f"leads out of the folder, to {safe_text(str(target))}; not followed"
        return Entry(path, name, 0, LINK, why)
    key = (info.st_dev, info.st_ino)
    if key in seen:
        return Entry(path, name, 0, LINK, f"another name of {seen[key]}")
    if hidden:
        why = "hidden (its name or that of a folder begins with a dot); not read"
        return Entry(path, name, info.st_size, HIDDEN, why)
    seen[key] = name
    return Entry(path, name, info.st_size, READ)
