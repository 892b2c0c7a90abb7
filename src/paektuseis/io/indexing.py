"""``index_archive``: bring the index of an archive up to date."""

from __future__ import annotations

import logging
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from obspy import UTCDateTime

from ..errors import ArchiveError, ParameterError
from ._index_scan import FOREIGN, FileScan, scan_file
from ._index_tables import (
    ALTERED,
    Stored,
    altered_text,
    index_database,
    known_files,
    remove_files,
    restored_path,
    stored_path,
    write_files,
    write_root,
)
from ._sources import one_path
from .archive import Archive

logger = logging.getLogger("paektuseis.io")

_BATCH = 256
_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class IndexReport:
    """What :func:`index_archive` found.

    Attributes
    ----------
    path : Path
        The index.
    files : int
        Files of the archive.
    scanned, unchanged, gone : int
        Files read in this run, files left as they were known, files no longer there.
    unreadable, damaged, foreign : mapping of str to str
        Every file of the archive of which nothing can be used, of which not all can be used,
        and that is no waveform file, with the reason.
    altered : mapping of str to str
        Every file whose content is another than when it was first seen, though its size and
        time of change are the same.
    """

    path: Path
    files: int
    scanned: int
    unchanged: int
    gone: int
    unreadable: Mapping[str, str] = field(default_factory=dict)
    damaged: Mapping[str, str] = field(default_factory=dict)
    foreign: Mapping[str, str] = field(default_factory=dict)
    altered: Mapping[str, str] = field(default_factory=dict)


def index_archive(
    archive: Archive | str | os.PathLike[str],
    path: str | os.PathLike[str],
    *,
    workers: int = 1,
    full: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> IndexReport:
    """Bring the index of an archive up to date; only files that changed are read.

    A file is known by its size and its times (of the content, and of the entry in the file
    system). New and changed files are read once, for their headers and their digest; files
    that are gone are taken out. The digest of the first sight is kept as long as size and time
    of the content stay: where a later reading finds another one, the file is reported as
    ``altered``, whatever became of it (bits that rotted, a replacement with its old time).
    Rows are written a few hundred files at a time, each in one transaction: a run that is
    killed leaves a valid index of what was read so far, and the next one goes on from there.
    Several runs may work on one index at the same time.

    Parameters
    ----------
    archive : Archive or path
        Only files whose names follow its layout are indexed (all of them where it is flat).
    path : str or Path
        Index, a SQLite file on a local disk; made where it is missing.
    workers : int, optional
        Threads that read files.
    full : bool, optional
        Read every file again, changed or not: bits that rotted show in no time stamp.
    progress : callable, optional
        Called with (``"files"``, files read, files to be read).

    Returns
    -------
    IndexReport

    Raises
    ------
    ArchiveError
        If the archive is missing, if it is empty though the index knows files of it (a disk
        that is not mounted; ``full=True`` takes it at its word), or if the index cannot
        be read.
    OutputError
        If the index cannot be written.

    See Also
    --------
    ArchiveIndex : what the index can answer.
    """
    if not isinstance(workers, int) or workers < 1:
        raise ParameterError(f"workers={workers!r}; give a whole number of at least 1")
    records = archive if isinstance(archive, Archive) else Archive(archive)
    database = index_database(one_path(path))
    with database.writing() as db:
        write_root(db, records.root, records.layout)
        known = known_files(db)
    itself = database.path.resolve()
    there = {
        stored_path(file.relative_to(records.root)): (file, named, day)
        for named, day, file in records.walk()
        if file.name != itself.name or file.resolve() != itself
    }
    if known and not there and not full:
        raise ArchiveError(
            f"{records.root}: holds no file, but its index knows {len(known)}; mount the disk, "
            "or say full=True to empty the index"
        )
    todo = [
        stored for stored, (file, _, _) in there.items() if full or _key(file) != known.get(stored)
    ]
    tell = progress or (lambda what, done, total: None)
    tell("files", 0, len(todo))
    batch: list[tuple[Stored, FileScan, str, int | None]] = []
    written = time.monotonic()
    for done, (stored, scan) in enumerate(_scanned(todo, there, workers), 1):
        _, named, day = there[stored]
        batch.append((stored, scan, named, None if day is None else int(day.ns)))
        if len(batch) >= _BATCH or time.monotonic() - written > _SECONDS or done == len(todo):
            with database.writing() as db:
                write_files(db, batch, UTCDateTime())
            batch = []
            written = time.monotonic()
        tell("files", done, len(todo))
    gone = [
        stored
        for stored in known.keys() - there.keys()
        if not _follows(records, records.root / restored_path(stored))
    ]
    if gone:
        with database.writing() as db:
            remove_files(db, gone, UTCDateTime())
    with database.reading() as db:
        bad = db.execute(
            "SELECT path, state, format, reason FROM paektuseis_files "
            "WHERE state IN ('unreadable', 'damaged') ORDER BY path"
        ).fetchall()
        altered = db.execute(ALTERED).fetchall()
    told = [
        (
            "foreign" if state == "unreadable" and form == FOREIGN else state,
            os.fspath(records.root / restored_path(stored)),
            reason,
        )
        for stored, state, form, reason in bad
    ]
    return IndexReport(
        path=database.path,
        files=len(there),
        scanned=len(todo),
        unchanged=len(there) - len(todo),
        gone=len(gone),
        unreadable={file: why for state, file, why in told if state == "unreadable"},
        damaged={file: why for state, file, why in told if state == "damaged"},
        foreign={file: why for state, file, why in told if state == "foreign"},
        altered={
            os.fspath(records.root / restored_path(stored)): altered_text(first, now)
            for stored, first, now in altered
        },
    )


def _key(file: Path) -> tuple[int, int, int]:
    try:
        info = os.stat(file)
    except OSError:
        return -1, -1, -1
    return info.st_size, info.st_mtime_ns, info.st_ctime_ns


def _follows(records: Archive, file: Path) -> bool:
    """Whether a file has come into the archive since it was listed."""
    return os.path.lexists(file) and records.named(file) is not None


def _scanned(
    todo: list[Stored],
    there: Mapping[Stored, tuple[Path, str, UTCDateTime | None]],
    workers: int,
) -> Iterator[tuple[Stored, FileScan]]:
    """Yield files with what was found, in order, few of them in memory at a time."""
    if workers == 1:
        for stored in todo:
            yield stored, scan_file(there[stored][0])
        return
    waiting: deque[tuple[Stored, Future[FileScan]]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="paektuseis-index") as pool:
        try:
            for stored in todo:
                waiting.append((stored, pool.submit(scan_file, there[stored][0])))
                if len(waiting) > 2 * workers:
                    first, future = waiting.popleft()
                    yield first, future.result()
            for first, future in waiting:
                yield first, future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
