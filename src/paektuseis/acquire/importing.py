"""``import_waveforms``: a disk from the field into an SDS archive, every byte accounted for."""

from __future__ import annotations

import hashlib
import logging
import os
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
from obspy import Trace, UTCDateTime

from ..errors import OutputError, ParameterError, WaveformError
from ..io import atomic_path, safe_filename, safe_text, write_table
from ..io._findings import Finding, fault_of
from ..io._sources import file_digest, file_stamp, one_path
from ..io._streaming import read_blocks
from ..types import Progress
from ._account import FATES, Account, FileAccount
from ._codes import Codes
from ._dayfile import DayFiles, by_day, days_of, encode, piece_of
from ._merge import Piece
from ._walk import READ, Entry, entries_below

logger = logging.getLogger("paektuseis.acquire")
Key = tuple[str, int]
"""A channel and the midnight (ns) of a day."""

PENDING = 128 << 20
"""Bytes of samples that may wait for the rest of their day."""
_RANK = {"M": 0, "Q": 1, "D": 2, "R": 3}
_FINE = (
    "imported",
    "known",
    "duplicate",
    "no waveform",
    "no samples",
    "hidden",
    "link",
    "not a file",
)


@dataclass(frozen=True)
class ImportReport:
    """What became of every file and sample of a disk.

    Attributes
    ----------
    files : DataFrame
        One row for each name on the disk: size, digest, format, outcome, bytes and samples.
    parts : DataFrame
        Where the samples of each file went: channel, day file, outcome, span.
    path : Path or None
        Where the table of files was written; that of the parts stands beside it.
    """

    files: pd.DataFrame
    parts: pd.DataFrame
    path: Path | None = None

    @property
    def clean(self) -> bool:
        """Whether nothing was broken, damaged, refused or in conflict."""
        return not len(self.problems())

    def problems(self) -> pd.DataFrame:
        """Rows of files that somebody should look at."""
        files = self.files
        damaged = files["reason"].str.contains("damaged: ", regex=False)
        return files[~files["outcome"].isin(_FINE) | damaged]

    def totals(self) -> pd.DataFrame:
        """Files, bytes and samples by outcome, and in all."""
        columns = ["bytes", "data_bytes", "other_bytes", "samples", *FATES]
        grouped = self.files.groupby("outcome", sort=True)
        table = grouped[columns].sum()
        table.insert(0, "files", grouped.size())
        table.loc["all"] = table.sum()
        return table

    def summary(self) -> list[str]:
        """Lines for a terminal: totals by outcome, then in all."""
        out = []
        for name, row in self.totals().iterrows():
            what = ", ".join(f"{row[fate]} {fate}" for fate in FATES if row[fate])
            out.append(
                f"{name}: {row['files']} files, {row['bytes']} bytes"
                + (f", {row['samples']} samples ({what})" if row["samples"] else "")
            )
        return out


def import_waveforms(
    source: str | os.PathLike[str],
    archive: str | os.PathLike[str],
    *,
    codes: Mapping[str, str] | None = None,
    conflicts: str | os.PathLike[str] | None = None,
    report: str | os.PathLike[str] | None = None,
    reclen: int = 512,
    progress: Progress | None = None,
) -> ImportReport:
    """Bring the waveform files of a folder into an SDS archive, and account for every byte.

    Files may be of any supported format, name and nesting; their content tells what they are.
    Integers are written as Steim-2 (uncompressed where a difference is too large for it),
    floats in their own type; every day file is read back before it takes its place. Day files
    only grow: samples that are missing are appended, samples that are there and equal are left
    alone, and samples that contradict what is there are never written. So a second run changes
    nothing.

    Parameters
    ----------
    source : str or Path
        A folder, or one file. It is only read.
    archive : str or Path
        Root of the SDS archive, made if missing; neither inside ``source`` nor around it.
    codes : mapping of str to str, optional
        New codes for old ones, NET.STA.LOC.CHA on both sides: wildcards in the old id, ``*``
        in the new one keeps a code. ``{"*.1234.*.*": "1U.JGPD.*.*"}`` names a station,
        ``{".*.*.*": "1U.*.*.*"}`` gives a network to files without one. Records whose codes
        cannot stand in an archive (no network, for example) are refused.
    conflicts : str or Path, optional
        Folder that takes what has samples in conflict: one miniSEED file for each unbroken piece
        of a day, whole. Without it they are left out. The report lists them either way.
    report : str or Path, optional
        CSV file for the table of files; the table of parts goes beside it (``-parts.csv``).
        A report that is there is kept, and the new one takes the next free name.
    reclen : int, optional
        Record length, bytes.
    progress : callable, optional
        Called with what is done, how much of it, and of how much.

    Returns
    -------
    ImportReport

    Raises
    ------
    OutputError
        If the archive, the conflicts or the report cannot be written. The report tells how far
        the import got; run it again to go on.
    ParameterError
        If source and archive overlap, or an argument makes no sense.
    WaveformError
        If the source does not exist.

    Notes
    -----
    Samples count as of one time within half a sampling interval. Of two files of one run
    that contradict each other the better quality letter (M, Q, D, R) is kept, then integers
    before floats, then the first name. Integers and floats are equal if they are the same
    number to the precision of the float. A day of a channel is of one type: samples of another
    are turned into it where they are the same numbers, and are in conflict where not. Quality
    letters, timing quality and other blockettes of the files are not kept in the archive. Memory
    is bounded by blocks of long miniSEED files, by the largest file of another format, and by
    the samples of the days in work.
    """
    root = one_path(source, name="source")
    if not root.exists():
        raise WaveformError(f"{root}: no such file or folder")
    rules = Codes(codes)
    _keep_apart(root, one_path(archive, name="archive"), "archive")
    if conflicts is not None:
        _keep_apart(root, one_path(conflicts, name="conflicts"), "conflicts")
    target = None if report is None else _free_name(root, one_path(report, name="report"))
    store = DayFiles(archive, reclen=reclen)
    run = _Run(list(entries_below(root)), store, rules, conflicts, progress)
    try:
        run.look()
        run.take()
    except OutputError as error:
        run.break_off(str(error))
        with suppress(OutputError):  # it may be the same disk that is full
            _write(run, target)
        raise
    files, parts = _write(run, target)
    return ImportReport(files, parts, target)


def _write(run: _Run, target: Path | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    files, parts = run.account.tables()
    if target is not None:
        write_table(parts, target.with_name(f"{target.stem}-parts.csv"))
        write_table(files, target)
    return files, parts


def _keep_apart(source: Path, other: Path, name: str) -> None:
    here, there = source.resolve(), other.resolve()
    if here == there or here in there.parents or there in here.parents:
        raise ParameterError(
            f"{name}={str(other)!r} and the source {str(source)!r} lie in each other; "
            f"give the {name} a folder of its own outside of the source"
        )


def _free_name(source: Path, path: Path) -> Path:
    if path.suffix.lower() != ".csv":
        raise ParameterError(f"report={str(path)!r}; give a name that ends in .csv")
    if source.resolve() in path.resolve().parents:
        raise ParameterError(f"report={str(path)!r} lies in the source; the source is only read")
    number, name = 1, path
    while name.exists() or name.with_name(f"{name.stem}-parts.csv").exists():
        number += 1
        name = path.with_name(f"{path.stem}-{number}.csv")
    return name


@dataclass
class _Plan:
    """What the headers of a file promise."""

    number: int
    order: tuple[str, int]
    keys: set[Key]
    stamp: tuple[int, int]


class _Run:
    """One import: a look at every file, then its samples, day by day."""

    def __init__(
        self,
        entries: list[Entry],
        store: DayFiles,
        codes: Codes,
        conflicts: str | os.PathLike[str] | None,
        progress: Progress | None,
    ) -> None:
        self.account = Account(entries)
        self.store, self.codes = store, codes
        self.conflicts = None if conflicts is None else one_path(conflicts)
        self.tell = progress or (lambda what, done, total: None)
        self.plans: list[_Plan] = []
        self.waiting: Counter[Key] = Counter()
        self.pending: dict[Key, list[Piece]] = defaultdict(list)
        self.ids: dict[Key, dict[int, str]] = defaultdict(dict)
        self.bytes = 0

    # first look --------------------------------------------------------------------------

    def look(self) -> None:
        """Read the headers of every file, so that each day can be written in one go."""
        digests: dict[str, str] = {}
        total = len(self.account.files)
        for number, file in enumerate(self.account.files):
            if file.entry.what == READ:
                self._look_at(number, file, digests)
            else:
                file.close(file.entry.what, file.entry.reason)
                if file.entry.what == "hidden":
                    file.digest = _digest(file)
            self.tell("files looked at", number + 1, total)
        self.plans.sort(key=lambda p: (p.order, p.number))
        for plan in self.plans:
            self.waiting.update(plan.keys)

    def _look_at(self, number: int, file: FileAccount, digests: dict[str, str]) -> None:
        path = file.entry.path
        stamp = file_stamp(path)
        if stamp[0] != file.entry.size:
            file.close(
                "unreadable", "the file changed while it was looked at; run the import again"
            )
            return
        file.digest = _digest(file)
        if file.outcome:
            return
        if file.entry.size and file.digest in digests:
            file.close("duplicate", f"the same bytes as {digests[file.digest]}")
            return
        digests[file.digest] = file.entry.name
        keys: set[Key] = set()
        first: tuple[str, int] | None = None
        try:
            for block in read_blocks(path, headonly=True):
                for trace in block.traces:
                    stats = trace.stats
                    name, start = self.codes.rename(trace.id), int(stats.starttime.ns)
                    first = min(first or (name, start), (name, start))
                    for day, _, _ in days_of(start, stats.npts, stats.sampling_rate):
                        keys.add((name, day))
        except WaveformError as error:
            fault = fault_of(error)
            what = "no waveform" if fault.kind == "foreign" else "unreadable"
            file.close(what, _without_path(fault.reason, path))
            return
        self.plans.append(_Plan(number, first or ("", 0), keys, stamp))

    # samples -----------------------------------------------------------------------------

    def take(self) -> None:
        """Read the samples of every file, and write each day once all of it is there."""
        for done, plan in enumerate(self.plans):
            file = self.account.files[plan.number]
            self._read(plan, file)
            for key in sorted(plan.keys):
                self.waiting[key] -= 1
                if not self.waiting[key]:
                    self._flush(key)
            self.tell("files imported", done + 1, len(self.plans))
        for key in sorted(self.pending):
            self._flush(key)
        for file in self.account.files:
            file.settle()

    def break_off(self, why: str) -> None:
        """Settle what can be told of an import that could not go on."""
        for file in self.account.files:
            if not file.outcome and not sum(file.samples.values()):
                file.close("not reached", f"the import ended before: {safe_text(why)}")
            elif not file.outcome:
                file.say(f"the import ended before all of it was written: {safe_text(why)}")
            file.settle()

    def _read(self, plan: _Plan, file: FileAccount) -> None:
        path = file.entry.path
        try:
            for block in read_blocks(path):
                if file_stamp(path) != plan.stamp:
                    raise WaveformError(f"{path}: the file changed during the import; run it again")
                file.format = block.format or file.format
                file.data_bytes += block.data_bytes
                file.other_bytes += block.other_bytes
                _note_findings(file, block.findings)
                for trace in block.traces:
                    self._hand_over(plan.number, trace)
        except WaveformError as error:
            file.damaged = True
            reason = _without_path(safe_text(str(error)), path)
            if not sum(file.samples.values()) and not file.data_bytes:
                file.close("unreadable", reason)
            else:
                file.say(f"damaged: {reason}")
        if path.suffix.lower() == ".gz":  # counted as packed: that is what is on the disk
            file.data_bytes = file.entry.size if file.data_bytes else 0
        file.other_bytes = file.entry.size - file.data_bytes

    def _hand_over(self, number: int, trace: Trace) -> None:
        """Cut a trace at midnight and let its parts wait for the rest of their day."""
        piece = piece_of(trace, number, _rank(trace, number))
        name = self.codes.rename(trace.id)
        if why := self.codes.why_not(name):
            self.account.refuse(
                number, trace.id, piece.start, piece.time(piece.data.size - 1), piece.data.size, why
            )
            return
        for day, part in by_day(piece):
            key = (name, day)
            if part.data.size < piece.data.size:  # lest a day keeps all of a long file in memory
                part = replace(part, data=part.data.copy())
            self.pending[key].append(part)
            self.ids[key][number] = trace.id
            self.bytes += part.data.nbytes
        while self.bytes > PENDING:
            sizes = {k: sum(p.data.nbytes for p in ps) for k, ps in self.pending.items()}
            self._flush(max(sizes, key=lambda k: sizes[k]))

    def _flush(self, key: Key) -> None:
        pieces = self.pending.pop(key, [])
        if not pieces:
            return
        self.bytes -= sum(p.data.nbytes for p in pieces)
        handed: Counter[int] = Counter()
        for piece in pieces:
            handed[piece.origin] += piece.data.size
        outcome = self.store.add(*key, pieces)
        found = self.account.note(key[0], self.ids[key], handed, outcome)
        if self.conflicts is not None:
            for piece in {id(s.whole): s.whole for s in found}.values():
                self._put_aside(key[0], piece, self.conflicts)

    def _put_aside(self, trace_id: str, piece: Piece, folder: Path) -> None:
        """Write a piece of which samples are in conflict to a file of its own."""
        start = UTCDateTime(ns=piece.start)
        data = encode(piece, trace_id, folder, self.store.reclen, 1)
        mark = hashlib.sha256(data).hexdigest()[:12]
        stamp = start.strftime("%Y%m%dT%H%M%S")
        path = folder / safe_filename(f"{trace_id}.{stamp}.{mark}.mseed")
        if not path.exists():
            with atomic_path(path) as temporary:
                temporary.write_bytes(data)


def _rank(trace: Trace, number: int) -> tuple[int, ...]:
    letter = str(trace.stats.get("mseed", {}).get("dataquality", "D"))
    return _RANK.get(letter, 4), int(trace.data.dtype.kind != "i"), number


def _digest(file: FileAccount) -> str:
    try:
        return file_digest(file.entry.path)
    except OSError as error:
        file.close("unreadable", f"cannot be read: {error.strerror or error}")
        return ""


def _note_findings(file: FileAccount, findings: list[Finding]) -> None:
    for row in findings:
        if row["severity"] == "error" or row["check"] in ("hole", "no_data_value", "not_a_record"):
            file.damaged = file.damaged or row["severity"] == "error"
            text = _without_path(safe_text(str(row["message"])), file.entry.path)
            file.say(f"damaged: {text}" if row["severity"] != "info" else text)


def _without_path(text: str, path: Path) -> str:
    for name in (safe_text(str(path)), path.name):
        text = text.removeprefix(f"{name}: ")
    return text
