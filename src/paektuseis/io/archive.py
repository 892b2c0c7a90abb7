"""``Archive``: what a folder of waveforms holds, and reading it across file borders."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from obspy import Stream, UTCDateTime

from ..errors import ArchiveError, ParameterError, WaveformError
from ..tables import AVAILABILITY, GAPS
from ..times import TimeLike, as_utc
from ._archive_read import OnError, read_files
from ._findings import ArchiveFault, fault_of
from ._foreign import safe_text
from ._index_scan import FOREIGN, scan_file
from ._layout import SDS, Pattern, is_sds
from ._mseed import Selection
from ._regular import FileMemory
from ._sources import file_stamp, files_below, one_path
from ._spans import Span, clip_spans, join_spans, span_gaps
from .index import ArchiveIndex
from .waveforms import read_file

logger = logging.getLogger("paektuseis.io")
TraceIds = str | Iterable[str] | None


@dataclass(frozen=True)
class _Scan:
    """What the headers of one file say, valid while its size and mtime stay."""

    key: tuple[int, int]
    spans: tuple[Span, ...]
    fault: ArchiveFault | None = None
    whole: bool = True


@dataclass(frozen=True)
class _File:
    """What a file's name tells, see :meth:`Archive.named`, and what reading it has told."""

    named: str | None
    memory: FileMemory


class Archive:
    """A folder of waveform files, read as one record.

    Parameters
    ----------
    root : str or Path
        Folder of the archive.
    layout : str, optional
        ``"sds"`` (YEAR/NET/STA/CHAN.D/NET.STA.LOC.CHAN.D.YEAR.DAY), ``"flat"`` (any
        names: the headers of every file below the root are scanned), a pattern such as
        ``"{year}/{network}/{station}/{network}.{station}.{location}.{channel}.{julday:03d}"``,
        or ``"auto"`` (that of the index; SDS if the folder looks like it, else flat).
    index : str or Path, optional
        Index made by :func:`index_archive`. Files are then listed from it, so that new ones
        are seen once it has been brought up to date; what it says of a file counts while
        the file's size and time of change are as it knows them.

    Raises
    ------
    ArchiveError
        If the root or the index is missing, or the root is no folder.
    ParameterError
        If the layout is unknown, or not that of the index.

    Notes
    -----
    Headers are scanned once per file and kept in memory until its size or time of change
    differs. SDS: SeisComP Data Structure, https://www.seiscomp.de/seiscomp3/doc/applications/slarchive/SDS.html
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        *,
        layout: str = "auto",
        index: str | os.PathLike[str] | None = None,
    ) -> None:
        self.root = one_path(root, name="root")
        if not self.root.is_dir():
            what = "is no folder" if self.root.exists() else "does not exist"
            raise ArchiveError(f"{self.root}: the archive's root {what}")
        if not isinstance(layout, str):
            raise ParameterError(f"layout={layout!r}; give a string")
        self.index = None if index is None else ArchiveIndex(index, root=self.root)
        if layout == "auto":
            layout = self.index.layout if self.index else "sds" if is_sds(self.root) else "flat"
        if self.index is not None and self.index.layout != layout:
            raise ParameterError(
                f"layout={layout!r}, but {self.index.path} was made of the layout "
                f"{self.index.layout!r}; give that one, or index the archive anew"
            )
        self.layout = layout
        self._pattern = None if layout == "flat" else Pattern(SDS if layout == "sds" else layout)
        self._scans: dict[Path, _Scan] = {}
        self._files: dict[Path, _File] = {}
        self._listing: list[tuple[str, UTCDateTime | None, Path]] | None = None
        self._changed: bool | None = None

    def __repr__(self) -> str:
        return f"Archive({str(self.root)!r}, layout={self.layout!r})"

    def refresh(self) -> None:
        """Forget what is known of the archive's files, so that new ones are seen."""
        self._scans.clear()
        self._files.clear()
        self._listing = None
        self._changed = None

    # listing -----------------------------------------------------------------------------

    def walk(self) -> list[tuple[str, UTCDateTime | None, Path]]:
        """Return the files found on disk: channel and day their names tell, and path.

        Where the archive is flat the channel is ``""`` and the day None; otherwise files
        whose names do not follow the pattern are left out.
        """
        if self._pattern is None:
            return [("", None, path) for path in files_below(self.root)]
        expression = self._pattern.regex()
        listing = []
        for path in files_below(self.root):
            match = expression.fullmatch(path.relative_to(self.root).as_posix())
            if match:
                code = match.groupdict()
                trace_id = ".".join(code[c] for c in ("network", "station", "location", "channel"))
                listing.append((trace_id, self._pattern.day(match), path))
        return listing

    def _list(self) -> list[tuple[str, UTCDateTime | None, Path]]:
        """What :meth:`walk` found, kept where names follow a pattern."""
        if self._listing is not None:
            return self._listing
        listing = self.walk()
        if self._pattern is not None:
            self._listing = listing
        return listing

    def _names(self) -> Iterable[str]:
        """Channels that the names of files tell."""
        return self.index.names() if self.index else (name for name, _, _ in self._list())

    def _answers(self) -> ArchiveIndex | None:
        """The index, if every file it knows is as it knows it (looked at once)."""
        if self.index is not None and self._changed is None:
            self._changed = bool(self.index.check())
        return None if self._changed else self.index

    def trace_ids(self, pattern: str | Iterable[str] = "*") -> list[str]:
        """Return the sorted channels that match a pattern (or any of several).

        Parameters
        ----------
        pattern : str or iterable of str, optional
            NET.STA.LOC.CHA with wildcards ``*``, ``?``, ``[]``.
        """
        wanted = Selection(_ids(pattern))
        if self._pattern is not None:
            return sorted({name for name in self._names() if wanted.wants(name)})
        if (index := self._answers()) is not None:
            return index.trace_ids(pattern)
        paths = self._known_paths()
        return sorted(
            {s.trace_id for p in paths for s in self._scan(p).spans if wanted.wants(s.trace_id)}
        )

    def _known_paths(self) -> list[Path]:
        """Paths of all files, those that the index knows fetched from it at once."""
        paths = self.index.paths() if self.index else [path for _, _, path in self._list()]
        self._fetch(paths)
        return paths

    def files(
        self, trace_id: str, starttime: TimeLike | None = None, endtime: TimeLike | None = None
    ) -> list[Path]:
        """Return the files that may hold samples of a channel in a time span.

        With a naming pattern the files just before and after are among them, since day
        files often begin late or end early; an index leaves out those that do not.

        Parameters
        ----------
        trace_id : str
            NET.STA.LOC.CHA, wildcards allowed.
        starttime, endtime : UTCDateTime or str, optional
            Span; open where not given.

        Returns
        -------
        list of Path
        """
        start = None if starttime is None else as_utc(starttime, name="starttime")
        end = None if endtime is None else as_utc(endtime, name="endtime")
        if self._pattern is None:
            low, high = Selection(None, start, end).window
            wanted = Selection((trace_id,))
            if (index := self._answers()) is not None:
                return [Path(row["path"]) for row in index.files(trace_id, start, end)]
            return [
                path
                for path in self._known_paths()
                if any(
                    wanted.wants(s.trace_id) and s.end >= low and s.start <= high
                    for s in self._scan(path).spans
                )
            ]
        ids = self.trace_ids(trace_id) if _is_wild(trace_id) else [trace_id]
        found: dict[Path, None] = {}
        for one in ids:
            if one.count(".") != 3:
                raise ParameterError(f"trace_id={one!r}; give NET.STA.LOC.CHA")
            if start is not None and end is not None and end - start < 40 * 366 * 86400:
                for name in self._pattern.names(one, start, end):
                    path = self.root / name
                    if os.path.isfile(path):
                        found[path] = None
            elif self.index is not None:
                found |= dict.fromkeys(self.index.paths(one))
            else:
                found |= dict.fromkeys(p for t, _, p in self._list() if t == one)
        if self.index is None or (start is None and end is None):
            return list(found)
        self._fetch(found)
        low, high = Selection(None, start, end).window
        return [path for path in found if self._may_hold(path, low, high)]

    def _may_hold(self, path: Path, low: int, high: int) -> bool:
        """Whether a file may hold samples of a window, or damage, as far as is known."""
        known = self._scans.get(path)
        if known is None or not known.whole or known.key != file_stamp(path):
            return True
        return any(s.end >= low - 1000 and s.start <= high + 1000 for s in known.spans)

    def _fetch(self, paths: Iterable[Path]) -> None:
        """Take what the index knows of files into memory."""
        if self.index is None:
            return
        for path, (key, state, form, reason, spans) in self.index.scans(
            [p for p in paths if p not in self._scans]
        ).items():
            fault = None
            if state == "unreadable":
                fault = ArchiveFault("foreign" if form == FOREIGN else "broken", reason)
            self._scans[path] = _Scan(key, spans, fault, whole=state == "ok")

    def _scan(self, path: Path) -> _Scan:
        """Headers of a file as spans, from memory if the file is as it was."""
        key = file_stamp(path)
        known = self._scans.get(path)
        if known is not None and known.key == key:
            return known
        try:
            memory = self._file(path).memory
            traces, _ = read_file(path, Selection(), headonly=True, known=memory)
            scan = _Scan(
                key,
                tuple(
                    Span(
                        t.id,
                        int(t.stats.starttime.ns),
                        float(t.stats.sampling_rate),
                        int(t.stats.npts),
                    )
                    for t in traces
                ),
            )
        except WaveformError as error:
            scan = _Scan(key, (), fault_of(error))
            logger.warning("left out: %s", safe_text(str(error)))
        self._scans[path] = scan
        return scan

    def faults(self) -> dict[str, ArchiveFault]:
        """Return the files scanned so far that cannot be used, with kind and reason.

        Returns
        -------
        dict of str to ArchiveFault
            By path. ``kind`` is ``"foreign"`` (no waveform file) or ``"broken"``.
        """
        return {str(path): scan.fault for path, scan in self._scans.items() if scan.fault}

    # what there is -------------------------------------------------------------------------

    def _spans(
        self, trace_ids: TraceIds, starttime: TimeLike | None, endtime: TimeLike | None
    ) -> dict[str, list[Span]]:
        wanted = Selection(None if trace_ids is None else _ids(trace_ids))
        paths: dict[Path, None] = {}
        for pattern in wanted.trace_ids or ("*",):
            paths |= dict.fromkeys(self.files(pattern, starttime, endtime))
        self._fetch(paths)
        channels: dict[str, list[Span]] = {}
        for path in paths:
            for span in self._scan(path).spans:
                if wanted.wants(span.trace_id):
                    channels.setdefault(span.trace_id, []).append(span)
        low, high = Selection(
            None,
            None if starttime is None else as_utc(starttime, name="starttime"),
            None if endtime is None else as_utc(endtime, name="endtime"),
        ).window
        return {t: clip_spans(join_spans(s), low, high) for t, s in sorted(channels.items())}

    def span(self, trace_ids: TraceIds = None) -> tuple[UTCDateTime, UTCDateTime]:
        """Return the first and last instant with samples.

        Raises
        ------
        ArchiveError
            If there are none.
        """
        spans = [s for many in self._spans(trace_ids, None, None).values() for s in many]
        if not spans:
            raise ArchiveError(f"{self.root}: no samples of {trace_ids or 'any channel'}")
        return (
            UTCDateTime(ns=min(s.start for s in spans)),
            UTCDateTime(ns=max(s.end for s in spans)),
        )

    def availability(
        self,
        trace_ids: TraceIds = None,
        starttime: TimeLike | None = None,
        endtime: TimeLike | None = None,
    ) -> pd.DataFrame:
        """Return the contiguous segments of each channel, from headers alone.

        Parameters
        ----------
        trace_ids : str or iterable of str, optional
            Wildcards allowed; default all.
        starttime, endtime : UTCDateTime or str, optional
            Segments are cut to this span.

        Returns
        -------
        DataFrame
            Columns trace_id, starttime, endtime (last sample), sampling_rate, npts. Samples
            that prove unusable only when decoded are still counted here.
        """
        channels = self._spans(trace_ids, starttime, endtime)
        return AVAILABILITY.frame(
            {
                "trace_id": s.trace_id,
                "starttime": UTCDateTime(ns=s.start),
                "endtime": UTCDateTime(ns=s.end),
                "sampling_rate": s.rate,
                "npts": s.npts,
            }
            for spans in channels.values()
            for s in spans
        )

    def gaps(
        self,
        trace_ids: TraceIds = None,
        starttime: TimeLike | None = None,
        endtime: TimeLike | None = None,
    ) -> pd.DataFrame:
        """Return the gaps of each channel, from headers alone.

        Parameters
        ----------
        trace_ids : str or iterable of str, optional
            Wildcards allowed; a channel named in full that has no samples at all is one gap.
        starttime, endtime : UTCDateTime or str, optional
            Span to be covered; where it is not given, from the first or to the last sample.

        Returns
        -------
        DataFrame
            Columns trace_id, starttime (first missing sample), endtime (first sample after
            the gap, or ``endtime``), duration in seconds.
        """
        start = None if starttime is None else as_utc(starttime, name="starttime")
        end = None if endtime is None else as_utc(endtime, name="endtime")
        channels = self._spans(trace_ids, start, end)
        for named in () if trace_ids is None else _ids(trace_ids):
            if not _is_wild(named):
                channels.setdefault(named, [])
        rows = []
        for trace_id, spans in sorted(channels.items()):
            for first, last in span_gaps(
                spans,
                None if start is None else int(start.ns),
                None if end is None else int(end.ns),
            ):
                rows.append(
                    {
                        "trace_id": trace_id,
                        "starttime": UTCDateTime(ns=first),
                        "endtime": UTCDateTime(ns=last),
                        "duration": (last - first) / 1e9,
                    }
                )
        return GAPS.frame(rows)

    def days(self, trace_ids: TraceIds = None) -> list[UTCDateTime]:
        """Return the midnights (UTC) of the days that have files, or samples (flat)."""
        wanted = Selection(None if trace_ids is None else _ids(trace_ids))
        day_ns = 86_400_000_000_000
        if self._pattern is not None and self._pattern.step in ("day", "hour"):
            if self.index is not None:
                named = self.index.named_days()
                return [UTCDateTime(ns=d) for d in sorted({d for t, d in named if wanted.wants(t)})]
            found = {
                int(day.ns) // day_ns
                for trace_id, day, _ in self._list()
                if day is not None and wanted.wants(trace_id)
            }
        else:
            found = {
                day
                for spans in self._spans(trace_ids, None, None).values()
                for span in spans
                for day in range(span.start // day_ns, span.end // day_ns + 1)
            }
        return [UTCDateTime(ns=day * day_ns) for day in sorted(found)]

    def input_files(
        self,
        trace_ids: TraceIds = None,
        starttime: TimeLike | None = None,
        endtime: TimeLike | None = None,
    ) -> list[dict[str, Any]]:
        """Return what identifies the files that a :meth:`read` would open.

        Parameters
        ----------
        trace_ids : str or iterable of str, optional
            Channels, wildcards allowed; default all.
        starttime, endtime : UTCDateTime or str, optional
            Span; open where not given.

        Returns
        -------
        list of dict
            ``path`` (str), ``size`` (bytes), ``mtime_ns`` (ns since 1970); with an index
            also ``digest`` (SHA-256 of the content).
        """
        out: list[dict[str, Any]] = []
        paths = self._paths(trace_ids, starttime, endtime)
        digests = {} if self.index is None else self.index.digests(paths)
        for path in paths:
            info = os.stat(path)
            key = (info.st_size, info.st_mtime_ns)
            row = {"path": str(path), "size": info.st_size, "mtime_ns": info.st_mtime_ns}
            if self.index is not None:
                known, digest = digests.get(path, (None, ""))
                row["digest"] = digest if known == key else scan_file(path).digest
            out.append(row)
        return out

    def _paths(
        self, trace_ids: TraceIds, starttime: TimeLike | None, endtime: TimeLike | None
    ) -> list[Path]:
        found: dict[Path, None] = {}
        for pattern in ("*",) if trace_ids is None else _ids(trace_ids):
            found |= dict.fromkeys(self.files(pattern, starttime, endtime))
        return sorted(found)

    # reading -------------------------------------------------------------------------------

    def read(
        self,
        trace_ids: TraceIds = None,
        starttime: TimeLike | None = None,
        endtime: TimeLike | None = None,
        *,
        on_error: OnError = "report",
    ) -> Stream:
        """Read channels over a time span, whatever files hold the samples.

        Parameters
        ----------
        trace_ids : str or iterable of str, optional
            NET.STA.LOC.CHA, wildcards allowed; default all.
        starttime, endtime : UTCDateTime or str, optional
            First and last instant; a sample at ``endtime`` is included.
        on_error : {"report", "raise"}, optional
            An unreadable file is left out and reported as a finding, or raises.

        Returns
        -------
        Stream
            Contiguous segments, joined over file borders (:func:`join_segments`); empty if
            there are no samples. What was found on the way: :func:`reader_findings`.

        Raises
        ------
        WaveformError
            With ``on_error="raise"``, for the first unreadable file.
        """
        if on_error not in ("raise", "report"):
            raise ParameterError(f'on_error={on_error!r}; give "raise" or "report"')
        start = None if starttime is None else as_utc(starttime, name="starttime")
        end = None if endtime is None else as_utc(endtime, name="endtime")
        if start is not None and end is not None and end < start:
            raise ParameterError(f"endtime={end} lies before starttime={start}; exchange them")
        selection = Selection(None if trace_ids is None else _ids(trace_ids), start, end)
        return read_files(
            self._paths(trace_ids, start, end),
            selection,
            named=lambda path: self._file(path).named or "",
            known=lambda path: self._file(path).memory,
            on_error=on_error,
        )

    def _file(self, path: Path) -> _File:
        """What is known of a file by its name, and what reading it has told."""
        known = self._files.get(path)
        if known is None:
            match = None
            if self._pattern is not None:
                match = self._pattern.regex().fullmatch(path.relative_to(self.root).as_posix())
            named, period = None if self._pattern else "", None
            if self._pattern is not None and match is not None:
                named = ".".join(match[c] for c in ("network", "station", "location", "channel"))
                period = self._pattern.period(match)
            known = self._files[path] = _File(named, FileMemory(period))
        return known

    def named(self, path: Path) -> str | None:
        """Return the channel a file's name tells, ``""`` if flat, None if it is no name here."""
        return self._file(path).named


def _is_wild(text: str) -> bool:
    return any(c in text for c in "*?[")


def _ids(trace_ids: str | Iterable[str]) -> tuple[str, ...]:
    out = (trace_ids,) if isinstance(trace_ids, str) else tuple(trace_ids)
    if not all(isinstance(t, str) for t in out):
        raise ParameterError(f"trace_ids={out!r}; give NET.STA.LOC.CHA or a list of them")
    return out
