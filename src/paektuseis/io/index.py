"""``ArchiveIndex``: what an archive holds, answered from its index without opening a file."""

from __future__ import annotations

import functools
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from obspy import UTCDateTime

from ..errors import ArchiveError, ParameterError
from ..tables import AVAILABILITY
from ..times import TimeLike, as_utc
from ._index_tables import (
    OVERLAPPING,
    Stored,
    index_database,
    read_root,
    restored_path,
    stored_path,
)
from ._mseed import Selection
from ._sources import one_path
from ._spans import Span, clip_spans, join_spans

_DAY = 86_400_000_000_000
_CENTURY = 36_525  # days
_MOST = 500  # names asked for in one statement


class ArchiveIndex:
    """The index that :func:`index_archive` keeps of an archive.

    Answers come from the index alone: what has been written to the archive since the
    index was brought up to date is not seen (:meth:`check` tells). A stretch of records
    in a file whose name promises another channel is not counted, as in
    :meth:`Archive.availability`, unless the pattern asks for both.

    Parameters
    ----------
    path : str or Path
        SQLite file.
    root : str or Path, optional
        Where the archive is now; by default where it was when it was indexed. The index
        holds names relative to the root, so that a disk may be moved.

    Raises
    ------
    ArchiveError
        If the index is missing, or no index.

    Notes
    -----
    The tables ``tsindex`` and ``tsindex_summary`` follow EarthScope's schema and are read by
    ``obspy.clients.filesystem.tsindex.Client(str(path), datapath_replace=...)`` with
    :attr:`datapath_replace`.

    References
    ----------
    EarthScope, mseedindex: https://github.com/EarthScope/mseedindex/wiki/Database-Schema
    """

    def __init__(
        self, path: str | os.PathLike[str], *, root: str | os.PathLike[str] | None = None
    ) -> None:
        self.path = one_path(path)
        if not self.path.is_file():
            raise ArchiveError(f"{self.path}: no such index; make it with index_archive")
        self._database = index_database(self.path)
        with self._database.reading() as db:
            about = read_root(db)
        if root is None and "root" not in about:
            raise ArchiveError(f"{self.path}: does not tell the archive's root; give root=")
        self.root = Path(restored_path(about["root"])) if root is None else one_path(root)
        self.layout = about.get("layout", "flat")
        self._prefix = os.path.join(os.fspath(self.root), "")

    def __repr__(self) -> str:
        return f"ArchiveIndex({str(self.path)!r}, root={str(self.root)!r})"

    @property
    def datapath_replace(self) -> tuple[str, str]:
        """What obspy's client needs to find the files: expression and replacement."""
        return "^", f"{self.root.resolve().as_posix()}/"

    # what there is -------------------------------------------------------------------------

    def trace_ids(self, pattern: str | Iterable[str] = "*") -> list[str]:
        """Return the sorted channels that match a pattern (or any of several).

        Parameters
        ----------
        pattern : str or iterable of str, optional
            NET.STA.LOC.CHA with wildcards ``*``, ``?``, ``[]``.
        """
        wanted = _wanted(pattern)
        with self._database.reading() as db:
            rows = db.execute(
                "SELECT DISTINCT s.trace_id FROM paektuseis_spans s "
                "JOIN paektuseis_files f ON f.id = s.file "
                "WHERE f.named = '' OR f.named = s.trace_id"
            ).fetchall()
        return sorted(name for (name,) in rows if wanted(name))

    def spans(
        self,
        trace_ids: str | Iterable[str] | None = None,
        starttime: TimeLike | None = None,
        endtime: TimeLike | None = None,
    ) -> pd.DataFrame:
        """Return the contiguous segments of each channel.

        Parameters
        ----------
        trace_ids : str or iterable of str, optional
            Wildcards allowed; default all.
        starttime, endtime : UTCDateTime or str, optional
            Segments are cut to this span.

        Returns
        -------
        DataFrame
            Columns trace_id, starttime, endtime (last sample), sampling_rate, npts, as
            :meth:`Archive.availability` gives them.
        """
        low, high = _window(starttime, endtime)
        channels: dict[str, list[Span]] = {}
        with self._database.reading() as db:
            for _, span in _overlapping(db, _wanted(trace_ids), low, high):
                channels.setdefault(span.trace_id, []).append(span)
        found = [
            s
            for _, many in sorted(channels.items())
            for s in clip_spans(join_spans(many), low, high)
        ]
        if not found:
            return AVAILABILITY.frame()
        return pd.DataFrame(
            {
                "trace_id": pd.Series([s.trace_id for s in found]).astype(str),
                "starttime": _times([s.start for s in found]),
                "endtime": _times([s.end for s in found]),
                "sampling_rate": np.array([s.rate for s in found], np.float64),
                "npts": np.array([s.npts for s in found], np.int64),
            }
        )

    def days(self, trace_ids: str | Iterable[str] | None = None) -> list[UTCDateTime]:
        """Return the midnights (UTC) of the days that have samples.

        Parameters
        ----------
        trace_ids : str or iterable of str, optional
            Wildcards allowed; default all.
        """
        wanted = _wanted(trace_ids)
        with self._database.reading() as db:
            rows = db.execute(_SPAN_DAYS).fetchall()
        found: set[int] = set()
        for named, trace_id, first, last in rows:
            if wanted(trace_id) and (not named or wanted(named)):
                found.update(range(first, last + 1))
        return [UTCDateTime(ns=day * _DAY) for day in sorted(found)]

    def files(
        self,
        trace_ids: str | Iterable[str] | None = None,
        starttime: TimeLike | None = None,
        endtime: TimeLike | None = None,
    ) -> list[dict[str, Any]]:
        """Return the files that hold samples of channels in a time span.

        Files that cannot be read are among them where their names tell channel and day.

        Parameters
        ----------
        trace_ids : str or iterable of str, optional
            Wildcards allowed; default all.
        starttime, endtime : UTCDateTime or str, optional
            Span; open where not given.

        Returns
        -------
        list of dict
            ``path`` (str), ``name`` (path relative to the root, with ``/``), ``size``
            (bytes), ``mtime_ns`` (ns since 1970), ``digest`` (SHA-256 of the content),
            ``state`` (ok, damaged or unreadable), ``reason``; sorted by name.
        """
        wanted = _wanted(trace_ids)
        low, high = _window(starttime, endtime)
        rows = []
        with self._database.reading() as db:
            numbers = {row[0] for row in _overlapping(db, wanted, low, high)}
            for part in _parts(sorted(numbers)):
                marks = ", ".join("?" * len(part))
                rows += db.execute(f"{_FILES} WHERE id IN ({marks})", part).fetchall()
            lost = db.execute(
                f"{_FILES} WHERE state = 'unreadable' AND day >= ? AND day <= ?",
                (max(low - _DAY + 1, -(2**62)), high),
            ).fetchall()
        rows += [row for row in lost if wanted(row[6])]
        found = [self._as_dict(row) for row in rows]
        return sorted(found, key=lambda row: str(row["name"]))

    def check(self) -> dict[str, str]:
        """Return the indexed files that are no longer as they were.

        Returns
        -------
        dict of str to str
            Path, and ``changed`` (another size or time of change) or ``gone``. Files that
            came since are not looked for.
        """
        with self._database.reading() as db:
            rows = db.execute("SELECT path, size, mtime_ns FROM paektuseis_files").fetchall()
        found = {}
        for stored, size, mtime_ns in sorted(rows, key=lambda r: restored_path(r[0])):
            path = self._absolute(stored)
            try:
                info = os.stat(path)
            except OSError:
                found[path] = "gone"
                continue
            if (info.st_size, info.st_mtime_ns) != (size, mtime_ns):
                found[path] = "changed"
        return found

    # for Archive -----------------------------------------------------------------------------

    def names(self) -> list[str]:
        """Return the channels that the names of files tell (``""`` among them where flat)."""
        with self._database.reading() as db:
            return [n for (n,) in db.execute("SELECT DISTINCT named FROM paektuseis_files")]

    def named_days(self) -> list[tuple[str, int]]:
        """Return (channel, day in ns) that the names of files tell."""
        with self._database.reading() as db:
            return db.execute(
                "SELECT DISTINCT named, day FROM paektuseis_files WHERE day IS NOT NULL"
            ).fetchall()

    def paths(self, named: str | None = None) -> list[Path]:
        """Return the paths of all files, or of those of one channel by name, sorted."""
        with self._database.reading() as db:
            if named is None:
                rows = db.execute("SELECT path FROM paektuseis_files").fetchall()
            else:
                rows = db.execute(
                    "SELECT path FROM paektuseis_files WHERE named = ?", (named,)
                ).fetchall()
        return sorted(Path(self._absolute(stored)) for (stored,) in rows)

    def scans(
        self, paths: Iterable[Path]
    ) -> dict[Path, tuple[tuple[int, int], str, str, str, tuple[Span, ...]]]:
        """Return size and time, state, format, reason and spans of those that are indexed."""
        names = {stored: path for path in paths if (stored := self._stored(path)) is not None}
        out = {}
        with self._database.reading() as db:
            for part in _parts(list(names)):
                marks = ", ".join("?" * len(part))
                rows = db.execute(
                    "SELECT id, path, size, mtime_ns, state, format, reason FROM paektuseis_files "
                    f"WHERE path IN ({marks})",
                    part,
                ).fetchall()
                for number, stored, size, mtime_ns, state, kind, reason in rows:
                    spans = db.execute(
                        "SELECT trace_id, starttime, samplerate, npts FROM paektuseis_spans "
                        "WHERE file = ? ORDER BY rowid",
                        (number,),
                    )
                    out[names[stored]] = (
                        (size, mtime_ns),
                        state,
                        kind,
                        reason,
                        tuple(Span(*span) for span in spans),
                    )
        return out

    def digests(self, paths: Iterable[Path]) -> dict[Path, tuple[tuple[int, int], str]]:
        """Return size and time, and the digest, of those files that are indexed."""
        names = {stored: path for path in paths if (stored := self._stored(path)) is not None}
        out = {}
        with self._database.reading() as db:
            for part in _parts(list(names)):
                marks = ", ".join("?" * len(part))
                rows = db.execute(f"{_FILES} WHERE path IN ({marks})", part).fetchall()
                out.update({names[r[0]]: ((r[1], r[2]), r[3]) for r in rows})
        return out

    def gone(self) -> Iterator[str]:
        """Yield the paths of indexed files that are no longer there."""
        with self._database.reading() as db:
            for (stored,) in db.execute("SELECT path FROM paektuseis_files ORDER BY path"):
                if not os.path.lexists(self._absolute(stored)):
                    yield self._absolute(stored)

    def first_sight(self, path: Path) -> tuple[int, int, str, str] | None:
        """Return size, time (ns) and digest of a file, and its digest when first seen."""
        stored = self._stored(path)
        with self._database.reading() as db:
            row = db.execute(
                "SELECT size, mtime_ns, digest, first_digest FROM paektuseis_files WHERE path = ?",
                (stored,),
            ).fetchone()
        return None if row is None else (row[0], row[1], row[2], row[3])

    def _as_dict(self, row: Sequence[Any]) -> dict[str, Any]:
        stored, size, mtime_ns, digest, state, reason, _ = row
        return {
            "path": self._absolute(stored),
            "name": os.fsdecode(stored),
            "size": size,
            "mtime_ns": mtime_ns,
            "digest": digest,
            "state": state,
            "reason": reason,
        }

    def _absolute(self, stored: Stored) -> str:
        return f"{self._prefix}{os.fsdecode(stored)}"

    def _stored(self, path: Path) -> Stored | None:
        try:
            return stored_path(path.relative_to(self.root))
        except ValueError:
            return None


_SPAN_DAYS = f"""
SELECT DISTINCT f.named, s.trace_id,
    (s.starttime + {_CENTURY * _DAY}) / {_DAY} - {_CENTURY},
    (s.endtime + {_CENTURY * _DAY}) / {_DAY} - {_CENTURY}
FROM paektuseis_spans s JOIN paektuseis_files f ON f.id = s.file
"""  # SQLite divides towards zero: counted from 1870, days are positive
_FILES = "SELECT path, size, mtime_ns, digest, state, reason, named FROM paektuseis_files"


def _parts(items: list[Any]) -> Iterator[list[Any]]:
    for at in range(0, len(items), _MOST):
        yield items[at : at + _MOST]


def _wanted(trace_ids: str | Iterable[str] | None) -> Callable[[str], bool]:
    """Return the question whether a channel is asked for."""
    if trace_ids is None:
        return lambda name: True
    ids = (trace_ids,) if isinstance(trace_ids, str) else tuple(trace_ids)
    if not all(isinstance(t, str) for t in ids):
        raise ParameterError(f"trace_ids={ids!r}; give NET.STA.LOC.CHA or a list of them")
    full = frozenset(ids)
    wild = Selection(tuple(t for t in ids if any(c in t for c in "*?[")))
    answer = functools.cache(wild.wants)
    return lambda name: name in full or answer(name)


def _overlapping(
    db: sqlite3.Connection, wanted: Callable[[str], bool], low: int, high: int
) -> Iterator[tuple[int, Span]]:
    """Yield number of the file and span, of the spans in a window."""
    for row in db.execute(OVERLAPPING, {"low": low, "high": high}).fetchall():
        number, named, trace_id, start, rate, npts = row
        # a name that tells no channel promises any
        if wanted(trace_id) and (not named or wanted(named)):
            yield number, Span(trace_id, start, rate, npts)


def _times(ns: list[int]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(np.array(ns, np.int64).view("datetime64[ns]")).tz_localize("UTC")


def _window(starttime: TimeLike | None, endtime: TimeLike | None) -> tuple[int, int]:
    return Selection(
        None,
        None if starttime is None else as_utc(starttime, name="starttime"),
        None if endtime is None else as_utc(endtime, name="endtime"),
    ).window
