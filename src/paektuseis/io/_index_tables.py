"""The SQLite tables of an archive's index, and writing the rows of files into them.

``tsindex`` and ``tsindex_summary`` have the columns of EarthScope's schema, version 1.1.
The tables beside them hold what it has no place for: size, time and digest of every
file, files that cannot be used, files of other formats, times in nanoseconds.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from obspy import UTCDateTime

from .._database import Database
from ..errors import ArchiveError
from ._index_scan import FileScan
from ._index_sections import Section, round_micro

logger = logging.getLogger("paektuseis.io")

VERSION = 2
UPGRADES = {
    1: "ALTER TABLE paektuseis_files ADD COLUMN ctime_ns INTEGER NOT NULL DEFAULT -1;"
    "ALTER TABLE paektuseis_files ADD COLUMN first_digest TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE paektuseis_files ADD COLUMN seal TEXT NOT NULL DEFAULT '';"
    "UPDATE paektuseis_files SET first_digest = digest"
}
SCHEMA = """
CREATE TABLE IF NOT EXISTS tsindex (
    network TEXT, station TEXT, location TEXT, channel TEXT, quality TEXT, version INTEGER,
    starttime TEXT, endtime TEXT, samplerate REAL, filename TEXT, byteoffset INTEGER,
    bytes INTEGER, hash TEXT, timeindex TEXT, timespans TEXT, timerates TEXT, format TEXT,
    filemodtime TEXT, updated TEXT, scanned TEXT
);
CREATE INDEX IF NOT EXISTS tsindex_nslcse_idx
    ON tsindex (network, station, location, channel, starttime, endtime);
CREATE INDEX IF NOT EXISTS tsindex_filename_idx ON tsindex (filename);
CREATE TABLE IF NOT EXISTS tsindex_summary (
    network TEXT, station TEXT, location TEXT, channel TEXT,
    earliest TEXT, latest TEXT, updt TEXT
);
CREATE INDEX IF NOT EXISTS tsindex_summary_nslc_idx
    ON tsindex_summary (network, station, location, channel);
CREATE TABLE IF NOT EXISTS paektuseis_archive (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS paektuseis_files (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL, digest TEXT NOT NULL, format TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('ok', 'damaged', 'unreadable')),
    reason TEXT NOT NULL, named TEXT NOT NULL, day INTEGER,
    ctime_ns INTEGER NOT NULL DEFAULT -1, first_digest TEXT NOT NULL DEFAULT '',
    seal TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS paektuseis_files_state ON paektuseis_files (state);
CREATE INDEX IF NOT EXISTS paektuseis_files_named ON paektuseis_files (named, day);
CREATE TABLE IF NOT EXISTS paektuseis_spans (
    file INTEGER NOT NULL, trace_id TEXT NOT NULL, starttime INTEGER NOT NULL,
    endtime INTEGER NOT NULL, level INTEGER NOT NULL, samplerate REAL NOT NULL,
    npts INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS paektuseis_spans_file ON paektuseis_spans (file);
CREATE INDEX IF NOT EXISTS paektuseis_spans_time ON paektuseis_spans (level, starttime)
"""
ADVICE = "If the index is damaged or of another kind, remove it and index the archive anew"

Stored = str | bytes
"""A path as it is stored: text, or bytes where the name is no valid text."""


def index_database(path: Path) -> Database:
    """Return the database of an index."""
    return Database(path, SCHEMA, VERSION, error=ArchiveError, advice=ADVICE, upgrades=UPGRADES)


def stored_path(path: PurePosixPath | Path) -> Stored:
    """A path below the root as it is stored."""
    text = path.as_posix()
    try:
        text.encode()
    except UnicodeEncodeError:
        return os.fsencode(text)
    return text


def restored_path(stored: Stored) -> str:
    """The path, relative to the root, that was stored."""
    return os.fsdecode(stored)


def level_of(start: int, end: int) -> int:
    """Class of a span's length: it is shorter than 2**level ns."""
    return min(max(end - start, 0).bit_length(), 62)


OVERLAPPING = """
WITH RECURSIVE levels (level) AS (
    SELECT min(level) FROM paektuseis_spans
    UNION ALL
    SELECT (SELECT min(s.level) FROM paektuseis_spans s WHERE s.level > levels.level)
    FROM levels WHERE levels.level IS NOT NULL
)
SELECT f.id, f.named, s.trace_id, s.starttime, s.samplerate, s.npts
FROM levels CROSS JOIN paektuseis_spans s CROSS JOIN paektuseis_files f
WHERE s.level = levels.level AND f.id = s.file
    AND s.starttime >= :low - (1 << levels.level) AND s.starttime <= :high
    AND s.endtime >= :low
"""
"""Spans within [low, high] (ns): each class of lengths needs a bounded stretch of its index."""


_SEALED = (
    "path", "size", "mtime_ns", "digest", "format", "state", "reason", "named", "day", "ctime_ns",
    "first_digest",
)  # fmt: skip


def _seal(row: tuple[object, ...], spans: Iterable[tuple[object, ...]]) -> str:
    """Short digest of all that is known of a file, since SQLite keeps none of its pages."""
    text = repr((tuple(row), [tuple(span) for span in spans]))
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()


def known_files(db: sqlite3.Connection) -> dict[Stored, tuple[int, int, int]]:
    """Return size and times of the files the index knows; take out rows that are damaged.

    Files of an older index, without a seal, are named with times that no file has.

    Raises
    ------
    sqlite3.DatabaseError
        If the file itself is damaged.
    """
    (verdict,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(str(verdict))
    out: dict[Stored, tuple[int, int, int]] = {}
    damaged: list[int] = []
    rows = db.execute(f"SELECT id, {', '.join(_SEALED)}, seal FROM paektuseis_files ORDER BY id")
    spans = db.execute(
        "SELECT file, trace_id, starttime, endtime, level, samplerate, npts "
        "FROM paektuseis_spans ORDER BY file, rowid"
    )
    waiting = next(spans, None)
    strays = False
    for number, *row, seal in rows:
        mine = []
        while waiting is not None and waiting[0] <= number:
            strays |= waiting[0] < number
            if waiting[0] == number:
                mine.append(waiting[1:])
            waiting = next(spans, None)
        if seal and seal != _seal(tuple(row), mine):
            damaged.append(number)
        else:
            out[row[0]] = (row[1], row[2], row[9]) if seal else (-2, -2, -2)
    if damaged or strays or waiting is not None:
        logger.warning("%d rows of the index are damaged: their files are read again", len(damaged))
        db.executemany("DELETE FROM paektuseis_files WHERE id = ?", [(n,) for n in damaged])
        db.execute(
            "DELETE FROM paektuseis_spans WHERE file NOT IN (SELECT id FROM paektuseis_files)"
        )
    return out


ALTERED = (
    "SELECT path, first_digest, digest FROM paektuseis_files "
    "WHERE digest != '' AND first_digest != '' AND digest != first_digest ORDER BY path"
)
"""Files whose content is another than at first sight under the same size and time."""


def altered_text(first: str, now: str) -> str:
    """Say that the content of a file is another, given the two digests."""
    return (
        f"the content is not what it was when first seen (SHA-256 {first[:12]} then, {now[:12]} "
        "now), though size and time are the same: bits have changed on the disk, or the file "
        "was replaced; restore it from a copy, or touch it if the change is meant"
    )


def write_files(
    db: sqlite3.Connection,
    scans: Iterable[tuple[Stored, FileScan, str, int | None]],
    now: UTCDateTime,
) -> None:
    """Replace the rows of files: path, what was found, trace id and day told by the name.

    The digest a file had when it was first seen stays as long as its size and time of change do.
    """
    channels: set[tuple[str, str, str, str]] = set()
    for path, scan, named, day in scans:
        first = db.execute(
            "SELECT first_digest FROM paektuseis_files "
            "WHERE path = ? AND size = ? AND mtime_ns = ?",
            (path, scan.size, scan.mtime_ns),
        ).fetchone()
        channels |= _remove(db, path)
        row = (
            path,
            scan.size,
            scan.mtime_ns,
            scan.digest,
            scan.format,
            scan.state,
            scan.reason,
            named,
            day,
            scan.ctime_ns,
            (first and first[0]) or scan.digest,
        )
        spans = [
            (s.trace_id, s.start, s.end, level_of(s.start, s.end), float(s.rate), s.npts)
            for s in scan.spans
        ]
        number = db.execute(
            f"INSERT INTO paektuseis_files ({', '.join(_SEALED)}, seal) "
            f"VALUES ({', '.join('?' * (len(_SEALED) + 1))})",
            (*row, _seal(row, spans)),
        ).lastrowid
        db.executemany(
            "INSERT INTO paektuseis_spans VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(number, *span) for span in spans],
        )
        if isinstance(path, str):
            rows = [_tsindex_row(path, s, scan.mtime_ns, now) for s in scan.sections]
            db.executemany(f"INSERT INTO tsindex VALUES ({', '.join('?' * 20)})", rows)
            channels |= {s.codes for s in scan.sections}
    _summarise(db, channels, now)


def remove_files(db: sqlite3.Connection, paths: Iterable[Stored], now: UTCDateTime) -> None:
    """Remove the rows of files that are gone."""
    channels: set[tuple[str, str, str, str]] = set()
    for path in paths:
        channels |= _remove(db, path)
    _summarise(db, channels, now)


def _remove(db: sqlite3.Connection, path: Stored) -> set[tuple[str, str, str, str]]:
    """Remove a file's rows; return the channels whose summary has to be made anew."""
    found = db.execute("SELECT id FROM paektuseis_files WHERE path = ?", (path,)).fetchone()
    if found is not None:
        db.execute("DELETE FROM paektuseis_spans WHERE file = ?", found)
        db.execute("DELETE FROM paektuseis_files WHERE id = ?", found)
    rows = db.execute(
        "SELECT DISTINCT network, station, location, channel FROM tsindex WHERE filename = ?",
        (path,),
    ).fetchall()
    if rows:
        db.execute("DELETE FROM tsindex WHERE filename = ?", (path,))
    return set(rows)


def _summarise(
    db: sqlite3.Connection, channels: Iterable[tuple[str, str, str, str]], now: UTCDateTime
) -> None:
    where = "WHERE network = ? AND station = ? AND location = ? AND channel = ?"
    for codes in channels:
        db.execute(f"DELETE FROM tsindex_summary {where}", codes)
        db.execute(
            "INSERT INTO tsindex_summary SELECT network, station, location, channel, "
            f"min(starttime), max(endtime), ? FROM tsindex {where} GROUP BY 1, 2, 3, 4",
            (_seconds(now), *codes),
        )


def _tsindex_row(
    path: str, section: Section, mtime_ns: int, now: UTCDateTime
) -> tuple[object, ...]:
    return (
        *section.codes,
        section.quality,
        None,  # version: of publication, which miniSEED 2 does not tell
        _instant(section.start),
        _instant(section.end),
        section.rate,
        path,
        section.offset,
        section.size,
        None,  # hash: MD5 of the section; the SHA-256 of the whole file stands in its own table
        section.timeindex,
        section.timespans,
        None,  # timerates: all spans have the rate of the section
        None,  # format: miniSEED 2
        _seconds(UTCDateTime(ns=mtime_ns)),
        _seconds(now),
        _seconds(now),
    )


def _instant(ns: int) -> str:
    return str(UTCDateTime(ns=round_micro(ns) * 1000).strftime("%Y-%m-%dT%H:%M:%S.%f"))


def _seconds(time: UTCDateTime) -> str:
    return str(time.strftime("%Y-%m-%dT%H:%M:%S"))


def read_root(db: sqlite3.Connection) -> Mapping[str, str]:
    """Root and layout of the archive as they were when it was last indexed."""
    return dict(db.execute("SELECT name, value FROM paektuseis_archive").fetchall())


def write_root(db: sqlite3.Connection, root: Path, layout: str) -> None:
    """Note root and layout of the archive."""
    stored = [("root", stored_path(root.resolve())), ("layout", layout)]
    db.executemany("INSERT OR REPLACE INTO paektuseis_archive VALUES (?, ?)", stored)
