"""Day files of an archive that only ever grow: what is missing is added, nothing is replaced."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from obspy import Trace, UTCDateTime

from .._database import Database
from ..errors import OutputError, PaektuseisError, ParameterError, WaveformError
from ..io import _kernels as k, atomic_path, make_folder
from ..io._clean import cut_to_window
from ..io._layout import SDS, Pattern
from ..io._mseed import Selection, scan_records
from ..io._output import flush_folder
from ..io._processes import remove_leftovers
from ..io._sources import FileBytes, one_path, read_bytes
from ..io._streaming import read_blocks
from ..io.sds import ENCODINGS, record_bytes
from ..io.waveforms import read_source
from ._merge import ARCHIVE, NEW, Held, Piece, Stretch, compare, joined, of_one_type

DAY_NS = 86_400_000_000_000
EDGE_NS = 1000
"""A sample this close before midnight is one of the day that begins: miniSEED tells no less."""
LOCK = ".paektuseis-writer.sqlite"
_ADVICE = "The file serves as a lock alone; remove it if no program is writing to the archive"


def day_of(ns: int) -> int:
    """Midnight (ns) of the day a sample belongs to."""
    return (ns + EDGE_NS) // DAY_NS * DAY_NS


def days_of(start: int, npts: int, rate: float) -> Iterator[tuple[int, int, int]]:
    """Yield the days of contiguous samples: midnight (ns), first sample, the one after the last."""
    step = 1e9 / rate
    at = 0
    while at < npts:
        day = day_of(start + round(at * step))
        stop = int(np.ceil((day + DAY_NS - EDGE_NS - start) / step))
        while stop < npts and day_of(start + round(stop * step)) == day:
            stop += 1
        while stop > at + 1 and day_of(start + round((stop - 1) * step)) != day:
            stop -= 1
        stop = min(npts, max(stop, at + 1))
        yield day, at, stop
        at = stop


def by_day(piece: Piece) -> Iterator[tuple[int, Piece]]:
    """Cut a piece at midnight: yield each day (midnight, ns) with its part."""
    for day, begin, end in days_of(piece.start, piece.data.size, piece.rate):
        yield day, piece.part(begin, end)


def day_name(trace_id: str, day: int) -> str:
    """Name of a day file below the root of an SDS archive."""
    return Pattern(SDS).name(trace_id, UTCDateTime(ns=day))


@dataclass
class Outcome:
    """What became of the pieces of one channel and day."""

    path: str
    stretches: list[Stretch] = field(default_factory=list)
    fault: str = ""
    """Why the day file was left as it is, if it was."""


class DayFiles:
    """The day files of an SDS archive, to be added to.

    Each addition is made under a lock of the archive: what is there is read, the samples that
    are missing are appended as records of their own, the whole is read back, and takes the
    place of the file in one step. Bytes that were in a file stay in it, in their order.

    Parameters
    ----------
    root : str or Path
    reclen : int, optional
        Length of new records, bytes.
    """

    def __init__(self, root: str | os.PathLike[str], *, reclen: int = 512) -> None:
        if reclen not in {1 << p for p in range(8, 17)}:
            raise ParameterError(f"reclen={reclen}; give a power of two from 256 to 65536")
        self.root = make_folder(one_path(root, name="archive"))
        self.reclen = reclen
        self._lock = Database(
            self.root / LOCK,
            "CREATE TABLE IF NOT EXISTS writers (owner TEXT)",
            1,
            error=OutputError,
            advice=_ADVICE,
        )
        self._swept: set[Path] = set()
        self._tails: dict[Path, int] = {}

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the archive's lock."""
        with self._lock.writing():
            yield

    def path(self, trace_id: str, day: int) -> Path:
        """Day file of a channel."""
        return self.root / day_name(trace_id, day)

    def held(self, trace_id: str, day: int, margin: int = 0) -> list[Piece]:
        """Samples of a day that the archive holds, also in the files of the days beside it.

        ``margin`` (ns) widens the day at both ends: a time may be rounded across midnight.

        Raises
        ------
        WaveformError
            If the day's own file cannot be read.
        """
        out: list[Piece] = []
        window = Selection(
            (trace_id,),
            UTCDateTime(ns=day - margin),
            UTCDateTime(ns=day + DAY_NS - 2 * EDGE_NS - 1 + margin),
        )
        for other in (day, day - DAY_NS, day + DAY_NS):
            path = self.path(trace_id, other)
            if not path.exists():
                continue
            try:
                for block in read_blocks(path, selection=window, steady=0):
                    kept = (cut_to_window(trace, *window.window) for trace in block.traces)
                    out += [piece_of(trace) for trace in kept if trace is not None]
            except WaveformError:
                if other == day:
                    raise
        return out

    def _headers(
        self, trace_id: str, day: int, low: int, high: int
    ) -> list[tuple[int, int, float]]:
        """Begin, end and sampling interval (ns) of what is held of a channel, by its headers."""
        spans: list[tuple[int, int, float]] = []
        window = Selection((trace_id,), UTCDateTime(ns=low), UTCDateTime(ns=high))
        for other in (day, day - DAY_NS, day + DAY_NS):
            path = self.path(trace_id, other)
            if not path.exists():
                continue
            try:
                for block in read_blocks(path, selection=window, headonly=True):
                    for trace in block.traces:
                        start, step = int(trace.stats.starttime.ns), float(trace.stats.delta) * 1e9
                        spans.append((start, start + round(trace.stats.npts * step), step))
            except WaveformError:
                if other == day:
                    raise
        return spans

    def stamps(self, trace_id: str, day: int) -> tuple[int, ...]:
        """Sizes and times of change of a day's file and those beside it."""
        out: list[int] = []
        for other in (day, day - DAY_NS, day + DAY_NS):
            with suppress(FileNotFoundError):
                info = self.path(trace_id, other).stat()
                out += [other, info.st_size, info.st_mtime_ns]
        return tuple(out)

    def spans(self, trace_id: str, day: int) -> list[tuple[int, int]]:
        """Spans (ns) of a channel that the files of a day and those beside it hold around it.

        Raises
        ------
        WaveformError
            If the day's own file cannot be read.
        """
        low, high = day - DAY_NS // 24, day + DAY_NS + DAY_NS // 24
        return [(start, end) for start, end, _ in self._headers(trace_id, day, low, high)]

    def append(self, path: Path, records: bytes) -> None:
        """Append whole records to a day file and have them on disk; the lock must be held.

        Behind a record that is cut they would be lost: there they are put before it.

        Raises
        ------
        OutputError
            If that fails; the file is then as it was.
        """
        size = path.stat().st_size if path.exists() else 0
        if size and self._tails.get(path) != size:
            before = read_bytes(path, unpack=False).data.tobytes()
            reach = _end_of_records(before)
            if reach < size:
                with atomic_path(path) as temporary:
                    temporary.write_bytes(before[:reach] + records + before[reach:])
                return
        make_folder(path.parent)
        try:
            _append_bytes(path, records, size)
            if not size:
                flush_folder(path.parent)
        except OSError as error:
            raise OutputError(f"{path}: cannot be written: {error.strerror or error}") from error
        self._tails[path] = size + len(records)

    def missing(self, trace_id: str, day: int, low: int, high: int) -> list[tuple[int, int]]:
        """Spans (ns) of a day within [low, high) of which the archive holds no samples.

        Less than one and a half sampling intervals between samples are no gap; a day file that
        cannot be read counts as nothing missing, since nothing can be added to it.
        """
        try:
            found = self._headers(trace_id, day, low, high)
        except WaveformError:
            return []
        slack = max((round(1.5 * step) for _, _, step in found), default=0)
        out, reached = [], low
        for start, end, _ in sorted(found):
            if start - reached >= slack:
                out.append((reached, min(start, high)))
            reached = max(reached, end)
        if high - reached >= max(slack, 1):
            out.append((reached, high))
        return [(a, b) for a, b in out if a < b]

    def add(self, trace_id: str, day: int, pieces: list[Piece]) -> Outcome:
        """Add what is missing of some pieces to the file of a day.

        Parameters
        ----------
        trace_id : str
        day : int
            Midnight, ns; all samples must be of this day.
        pieces : list of Piece
            Of pieces that contradict each other the one of smallest ``rank`` is kept.

        Returns
        -------
        Outcome
        """
        name = day_name(trace_id, day)
        with self.writing():
            try:
                margin = round(2e9 / min(piece.rate for piece in pieces))
                held = Held(self.held(trace_id, day, margin), day, day + DAY_NS - EDGE_NS)
            except WaveformError as error:
                return Outcome(name, fault=f"the archive's file cannot be read: {error}")
            stretches: list[Stretch] = []
            for piece in sorted(pieces, key=lambda p: (p.rank, p.start)):
                found = [of_one_type(s, held) for s in compare(piece, held)]
                for stretch in found:
                    if stretch.fate == NEW:
                        held.add(stretch.piece)
                stretches += found
            new = joined([s.piece for s in stretches if s.fate == NEW])
            if new:
                try:
                    self._append(trace_id, day, new)
                except WaveformError as error:
                    return Outcome(name, fault=str(error))
        return Outcome(name, stretches)

    def _append(self, trace_id: str, day: int, new: list[Piece]) -> None:
        path = self.path(trace_id, day)
        if path.parent not in self._swept:
            remove_leftovers(path.parent)
            self._swept.add(path.parent)
        before = read_bytes(path, unpack=False).data.tobytes() if path.exists() else b""
        reach = _end_of_records(before)
        records = b"".join(
            encode(piece, trace_id, path, self.reclen, 1 + reach // self.reclen) for piece in new
        )
        whole = before[:reach] + records + before[reach:]
        _check_records(path, whole, range(reach, reach + len(records), self.reclen))
        with atomic_path(path) as temporary:
            temporary.write_bytes(whole)


def _append_bytes(path: Path, data: bytes, size: int) -> None:
    """Append bytes to a file of a known size, all of them or none."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
    try:
        os.lseek(fd, size, os.SEEK_SET)
        view = memoryview(data)
        whole = False
        try:
            while view:
                view = view[os.write(fd, view) :]
            os.fsync(fd)
            whole = True
        finally:
            if not whole:
                os.ftruncate(fd, size)
    finally:
        os.close(fd)


def piece_of(trace: Trace, origin: int = ARCHIVE, rank: tuple[int, ...] = ()) -> Piece:
    """The samples of a trace."""
    stats = trace.stats
    return Piece(int(stats.starttime.ns), float(stats.sampling_rate), trace.data, origin, rank)


def _end_of_records(data: bytes) -> int:
    """Where new records may follow: the end, or the begin of a record that is cut there."""
    if not data:
        return 0
    rows = scan_records(np.frombuffer(data, np.uint8)).rows
    cut = len(rows) and int(rows[-1, k.VERDICT]) in (k.CUT, k.JUNK)
    return int(rows[-1, k.OFFSET]) if cut else len(data)


def encode(piece: Piece, trace_id: str, path: Path, reclen: int, sequence: int) -> bytes:
    """Records of a piece: Steim-2 for integers; Steim-1 or none where a difference is too large."""
    network, station, location, channel = trace_id.split(".")
    trace = Trace(
        np.ascontiguousarray(piece.data),
        header={
            "network": network,
            "station": station,
            "location": location,
            "channel": channel,
            "sampling_rate": piece.rate,
            "starttime": UTCDateTime(ns=piece.start),
        },
    )
    kind = str(piece.data.dtype)
    if kind not in ENCODINGS:
        raise WaveformError(f"{trace_id}: samples of type {kind} cannot be written")
    fault: PaektuseisError | None = None
    for encoding in ENCODINGS[kind]:
        try:
            data = record_bytes(trace, path, encoding, reclen, sequence)
            if _is_exact(path, data, piece):
                return data
        except (OutputError, WaveformError) as error:
            fault = error
    why = fault or "read back, it differs"
    raise WaveformError(f"{trace_id} cannot be written as {kind} ({why})")


def _is_exact(path: Path, data: bytes, piece: Piece) -> bool:
    """Whether records hold exactly the samples of a piece, at its time to a microsecond."""
    traces, _ = read_source(FileBytes(path, np.frombuffer(data, np.uint8)), Selection())
    if len(traces) != 1:
        return False
    found = piece_of(traces[0])
    return bool(
        found.data.dtype == piece.data.dtype
        and np.array_equal(found.data, piece.data)
        and abs(found.start - piece.start) <= EDGE_NS
        and abs(found.rate / piece.rate - 1) * piece.data.size <= 0.5
    )


def _check_records(path: Path, whole: bytes, offsets: range) -> None:
    """Make sure that records are found where they were put."""
    records = scan_records(np.frombuffer(whole, np.uint8))
    found = set(records.rows[records.usable, k.OFFSET].tolist())
    if not found.issuperset(offsets):
        raise WaveformError(
            "records appended to the archive's file would not be found by a reader; it was left as "
            "it was: move it away and try again"
        )
