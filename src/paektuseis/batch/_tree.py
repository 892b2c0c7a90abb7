"""Everything below a folder, a folder at a time: files, and what cannot be one."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from ..io._sources import kind_of_file
from ._faults import Fault

Tell = Callable[[Fault], None]


def regular_files(root: Path, tell: Tell) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield the regular files below a folder in order of their names; tell of all the rest.

    Links to folders are not followed. Names that begin with a dot are left out, as an archive
    leaves them out.
    """
    real = os.path.realpath(root)
    waiting = [os.fspath(root)]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda e: e.name)
        except OSError as error:
            tell(_fault(folder, "unreadable_folder", "error", error.strerror or str(error)))
            continue
        below = []
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                below.append(entry.path)
            elif entry.is_symlink():
                yield from _link(entry.path, real, tell)
            else:
                yield from _file(entry.path, tell)
        waiting += reversed(below)


def _link(path: str, root: str, tell: Tell) -> Iterator[tuple[Path, os.stat_result]]:
    target = os.path.realpath(path)
    try:
        info = os.stat(path)
    except OSError as error:
        tell(_fault(path, "broken_link", "error", f"leads nowhere: {error.strerror or error}"))
        return
    if stat.S_ISDIR(info.st_mode):
        loop = os.path.dirname(os.path.abspath(path)).startswith(target)
        what = "leads to a folder that holds it" if loop else "leads to a folder"
        tell(_fault(path, "linked_folder", "warning", f"link {what}; it is not followed"))
        return
    if not target.startswith(os.path.join(root, "")):
        tell(_fault(path, "linked_outside", "warning", "link leads out of the archive"))
    elif stat.S_ISREG(info.st_mode):
        tell(_fault(path, "linked_twice", "info", "link to another file of the archive"))
        return
    yield from _file(path, tell)


def _file(path: str, tell: Tell) -> Iterator[tuple[Path, os.stat_result]]:
    try:
        info = os.stat(path)
    except OSError as error:
        tell(_fault(path, "unreadable", "error", error.strerror or str(error)))
        return
    if stat.S_ISREG(info.st_mode):
        yield Path(path), info
        return
    kind = kind_of_file(info.st_mode)
    tell(_fault(path, "no_file", "warning", f"not a regular file ({kind})"))


def _fault(path: str, check: str, severity: str, cause: str) -> Fault:
    return Fault(path=path, check=check, severity=severity, cause=cause)
