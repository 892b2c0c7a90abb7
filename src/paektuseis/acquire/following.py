"""``follow_seedlink``: records as they come, appended to an SDS archive."""

from __future__ import annotations

import fnmatch
import json
import logging
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from obspy import UTCDateTime

from ..errors import ParameterError, WaveformError
from ..io import _kernels as k, safe_filename, safe_text, write_text
from ..io._mseed import Selection, scan_records
from ..io._mseed_read import read_mseed
from ..times import TimeLike, as_utc
from ..types import Progress
from ._codes import Codes
from ._dayfile import DAY_NS, DayFiles, by_day, day_of, piece_of
from ._merge import CONFLICT, NEW, Piece
from ._seedlink import RECORD, Link, LinkError, Station, parse_address, parse_streams

logger = logging.getLogger("paektuseis.acquire")
_LONGEST_PAUSE = 300.0
_MOST_PROBLEMS = 200
_ALL = Selection()


@dataclass
class FollowReport:
    """What came while a stream was followed.

    Attributes
    ----------
    records, samples : int
        Appended to the archive.
    duplicates, conflicts : int
        Samples that were there already, and that contradict what is there; not written.
    damaged : int
        Packets left out because they held no sound record of a channel that was asked for.
    reconnections : int
        How often the connection was made anew.
    last : dict of str to UTCDateTime
        End of the newest record of each channel.
    problems : list of str
        In words; the first 200.
    """

    records: int = 0
    samples: int = 0
    duplicates: int = 0
    conflicts: int = 0
    damaged: int = 0
    reconnections: int = 0
    last: dict[str, UTCDateTime] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Note and log a problem."""
        logger.warning("%s", text)
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(text)

    def summary(self) -> list[str]:
        """Lines for a terminal."""
        return [
            f"{self.records} records with {self.samples} samples of {len(self.last)} channels "
            f"appended; {self.duplicates} samples were there, {self.conflicts} contradict the "
            "archive",
            f"{self.reconnections} reconnections, {self.damaged} damaged packets left out",
        ]


@dataclass(frozen=True)
class _Record:
    trace_id: str
    start: int
    end: int
    step: float
    data: bytes
    pieces: tuple[Piece, ...]


def follow_seedlink(
    server: str,
    archive: str | os.PathLike[str],
    *,
    streams: str | Iterable[str],
    starttime: TimeLike | None = None,
    seconds: float | None = None,
    stop: Callable[[], bool] | None = None,
    flush: float = 5.0,
    timeout: float = 60.0,
    pause: float = 5.0,
    progress: Progress | None = None,
) -> FollowReport:
    """Follow a SeedLink server and append its records to an SDS archive.

    Records are checked and decoded, and appended as they came. After a broken connection, or
    in the next run, the stream is taken up after the last record that is safely on disk;
    what is sent twice is recognised by its samples and not written again.

    Parameters
    ----------
    server : str
        ``host:port`` (port 18000 where none is given).
    archive : str or Path
        Root of the SDS archive, made if missing.
    streams : str or iterable of str
        Channels as NET.STA.LOC.CHA; ``*`` and ``?`` in location and channel.
    starttime : UTCDateTime or str, optional
        Where a station begins of which nothing was received in an earlier run; by default now.
    seconds : float, optional
        How long to follow; by default until ``stop`` or the server ends it.
    stop : callable, optional
        Asked a few times a second; True ends the following, with everything written.
    flush : float, optional
        Seconds after which what came is written and flushed to disk.
    timeout : float, optional
        Seconds of silence after which the connection is made anew.
    pause : float, optional
        Seconds before a new connection; twice as long each time in a row, at most 300.
    progress : callable, optional
        Called after each flush with what, how many records so far, and the same again.

    Returns
    -------
    FollowReport

    Raises
    ------
    ArchiveError
        If the server cannot be reached at first, or refuses all streams.
    OutputError
        If the archive cannot be written; the stream is then resumed from before by the next run.
    ParameterError
        If an argument makes no sense.

    Notes
    -----
    SeedLink protocol version 3, records of 512 bytes. The place in the stream of each station
    is kept in a hidden file of the archive, written only after the records are on disk.
    """
    address = parse_address(server)
    wanted = [streams] if isinstance(streams, str) else list(streams)
    stations = parse_streams(wanted)
    if not stations:
        raise ParameterError("streams is empty; give channels as NET.STA.LOC.CHA")
    if timeout <= 0 or pause < 0 or flush < 0 or (seconds is not None and seconds < 0):
        raise ParameterError(
            f"timeout={timeout}, pause={pause}, flush={flush}, seconds={seconds}: give times of "
            "0 s or more, and a timeout above 0 s"
        )
    start = None if starttime is None else as_utc(starttime, name="starttime")
    follower = _Follower(DayFiles(archive), stations, wanted, address, flush)
    follower.tell = progress or (lambda what, done, total: None)
    end = None if seconds is None else time.monotonic() + seconds
    follower.run(
        lambda: bool(stop and stop()) or (end is not None and time.monotonic() >= end),
        start,
        timeout,
        pause,
    )
    return follower.report


class _Follower:
    """One run: connections in turn, and what waits to be written."""

    tell: Progress

    def __init__(
        self,
        store: DayFiles,
        stations: list[Station],
        wanted: list[str],
        address: tuple[str, int],
        flush: float,
    ) -> None:
        self.store, self.address, self.every = store, address, flush
        self.stations = {one.name: one for one in stations}
        self.wanted = wanted
        self.report = FollowReport()
        self.codes = Codes()
        self.waiting: list[_Record] = []
        self.known: dict[tuple[str, int], tuple[tuple[int, ...], list[tuple[int, int]]]] = {}
        self.flushed = time.monotonic()
        name = safe_filename(f"{address[0]}-{address[1]}")
        self.state = store.root / f".paektuseis-seedlink-{name}.json"
        self._load()

    def run(
        self, ended: Callable[[], bool], start: UTCDateTime | None, timeout: float, pause: float
    ) -> None:
        """Follow until ``ended`` or the server has no more."""
        first, wait = True, pause
        while not ended():
            before = self.report.records + len(self.waiting)
            link = None
            try:
                link = Link(self.address, timeout)
                logger.info("connected to %s: %s", link.name, link.greeting)
                for text in link.subscribe(list(self.stations.values()), start):
                    if text not in self.report.problems:
                        self.report.say(text)
                first = False
                if self._take(link, ended):
                    break
            except LinkError as error:
                if first:
                    raise
                self.report.say(safe_text(str(error)))
            finally:
                if link is not None:
                    link.close()
            self.flush()
            wait = pause if self.report.records > before else min(2 * wait, _LONGEST_PAUSE)
            self._rest(wait, ended)
            self.report.reconnections += not ended()
        self.flush()

    def _rest(self, seconds: float, ended: Callable[[], bool]) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not ended():
            time.sleep(min(left, 0.25))

    def _take(self, link: Link, ended: Callable[[], bool]) -> bool:
        """Take packets from a connection; True when nothing more is to come."""
        for packet in link.packets():
            if packet is not None:
                self._packet(*packet)
            if ended():
                return True
            if time.monotonic() - self.flushed >= self.every:
                self.flush()
        return True

    def _packet(self, number: int, data: bytes) -> None:
        """Check a record and let it wait for the next flush."""
        records = scan_records(np.frombuffer(data, np.uint8))
        row = records.rows[0]
        network, station = (data[a:b].decode("latin-1").strip() for a, b in ((18, 20), (8, 13)))
        one = self.stations.get(f"{network}.{station}")
        if one is None:
            self._leave_out(f"packet {number:06X}: a record of a station not asked for")
            return
        one.sequence = number
        if row[k.VERDICT] in (k.TEXT, k.EMPTY):
            return
        name = Path(f"packet {number:06X}")
        traces, findings, _ = read_mseed(records, name, _ALL)
        sound = len(records.rows) == 1 and row[k.VERDICT] == k.OK and int(row[k.LENGTH]) == RECORD
        if not (sound and len(traces) == 1):
            why = findings[0]["message"] if findings else f"{name}: not one whole record"
            self._leave_out(f"{one.name}: {safe_text(str(why))}")
            return
        piece = piece_of(traces[0])
        if why := self.codes.why_not(traces[0].id):
            self._leave_out(f"packet {number:06X}: {why}")
            return
        one.last = UTCDateTime(ns=piece.start)
        if not any(fnmatch.fnmatchcase(traces[0].id, pattern) for pattern in self.wanted):
            return
        self.waiting.append(
            _Record(traces[0].id, piece.start, piece.end, 1e9 / piece.rate, data, (piece,))
        )

    def _leave_out(self, why: str) -> None:
        self.report.damaged += 1
        self.report.say(f"{why}; left out")

    # writing -----------------------------------------------------------------------------

    def flush(self) -> None:
        """Write what waits, have it on disk, then note how far each stream has got."""
        self.flushed = time.monotonic()
        waiting, self.waiting = self.waiting, []
        if not waiting:
            return
        files: dict[tuple[str, int], list[_Record]] = defaultdict(list)
        for record in waiting:
            files[record.trace_id, day_of(record.start)].append(record)
        doubtful: list[_Record] = []
        with self.store.writing():
            for (trace_id, day), records in sorted(files.items()):
                doubtful += self._append(trace_id, day, records)
        for (trace_id, day), pieces in sorted(_pieces_by_day(doubtful).items()):
            self._merge(trace_id, day, pieces)
        for record in waiting:
            end = UTCDateTime(ns=record.end)
            self.report.last[record.trace_id] = max(end, self.report.last.get(record.trace_id, end))
        self._save()
        self.tell("records", self.report.records, self.report.records)

    def _append(self, trace_id: str, day: int, records: list[_Record]) -> list[_Record]:
        """Append the records whose time is not held yet; returns the others."""
        spans = self._held(trace_id, day)
        fresh, others = [], []
        for record in records:
            slack = 0.5 * record.step
            if any(a < record.end - slack and record.start + slack < b for a, b in spans):
                others.append(record)
                continue
            fresh.append(record)
            if spans and abs(record.start - spans[-1][1]) < slack:
                spans[-1] = (spans[-1][0], record.end)
            else:
                spans.append((record.start, record.end))
        if fresh:
            self.store.append(self.store.path(trace_id, day), b"".join(r.data for r in fresh))
            self.report.records += len(fresh)
            self.report.samples += sum(p.data.size for r in fresh for p in r.pieces)
        self.known[trace_id, day] = (self.store.stamps(trace_id, day), spans)
        return others

    def _held(self, trace_id: str, day: int) -> list[tuple[int, int]]:
        """Spans that are held of a channel around a day; files are read if others changed them."""
        stamps = self.store.stamps(trace_id, day)
        before, spans = self.known.get((trace_id, day), (None, []))
        if before == stamps:
            return spans
        try:
            spans = self.store.spans(trace_id, day)
        except WaveformError as error:  # records are found behind bytes that are none
            self.report.say(f"{safe_text(str(error))}; records are added to it all the same")
            spans = []
        for key in [x for x in self.known if x[0] == trace_id and abs(x[1] - day) > DAY_NS]:
            del self.known[key]
        return spans

    def _merge(self, trace_id: str, day: int, pieces: list[Piece]) -> None:
        outcome = self.store.add(trace_id, day, pieces)
        if outcome.fault:
            self.report.say(f"{outcome.path}: {outcome.fault}")
        for stretch in outcome.stretches:
            count = stretch.piece.data.size
            if stretch.fate == NEW:
                self.report.samples += count
            elif stretch.fate == CONFLICT:
                self.report.conflicts += count
                when = UTCDateTime(ns=stretch.piece.start)
                self.report.say(f"{trace_id}: {count} samples from {when} contradict the archive")
            else:
                self.report.duplicates += count

    # where the streams have got to -------------------------------------------------------

    def _load(self) -> None:
        try:
            known = json.loads(self.state.read_text(encoding="utf-8"))
            for name, (number, last) in known.items():
                if name in self.stations:
                    self.stations[name].sequence = int(number)
                    self.stations[name].last = None if last is None else UTCDateTime(ns=int(last))
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, AttributeError) as error:
            self.report.say(f"{self.state}: not used: {safe_text(str(error))}")

    def _save(self) -> None:
        known: dict[str, tuple[int, int | None]] = {}
        with suppress(OSError, ValueError, TypeError):  # there is none yet, or none of use
            known = dict(json.loads(self.state.read_text(encoding="utf-8")))
        for one in self.stations.values():
            if one.sequence is not None:
                known[one.name] = (one.sequence, None if one.last is None else int(one.last.ns))
        write_text(self.state, json.dumps(known, sort_keys=True) + "\n")


def _pieces_by_day(records: list[_Record]) -> dict[tuple[str, int], list[Piece]]:
    out: dict[tuple[str, int], list[Piece]] = defaultdict(list)
    for record in records:
        for piece in record.pieces:
            for day, part in by_day(piece):
                out[record.trace_id, day].append(part)
    return out
