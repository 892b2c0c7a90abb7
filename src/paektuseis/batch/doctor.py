"""``check_archive``: the health of a whole archive, one fault at a time."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from obspy import Inventory, Stream, UTCDateTime

from ..errors import ParameterError, WaveformError
from ..io import Archive, ArchiveIndex
from ..io._findings import ForeignFormatError
from ..io._index_scan import scan_file
from ..io._index_tables import altered_text
from ..io._layout import SDS, Pattern
from ..io._mseed import Selection
from ..io._promises import TOLERANCE
from ..io.waveforms import read_file
from ..processing import check_waveforms
from ._between import SpanStore
from ._faults import SEVERITIES, Fault, of_finding
from ._tree import regular_files

OUTSIDE = TOLERANCE / 1e9
"""Seconds that a file may reach beyond the day its name tells (records cross midnight)."""
_FUTURE = 86400.0
_BY_NAME = frozenset({"stray_channel", "wrong_day"})
_SAMPLE_CHECKS = frozenset({"gap", "dc_offset", "dc_drift"})
"""What a look at the samples finds and is no fault of the archive."""


@dataclass(kw_only=True)
class ArchiveHealth:
    """What :func:`check_archive` looked at and how much it found.

    Attributes
    ----------
    files, usable, foreign : int
        Regular files; those that gave samples; those of no waveform format whose names do not
        promise one either.
    n_bytes : int
        Size of the files.
    channels : int
        Channels that have samples.
    counts : Counter
        Faults by (severity, check).
    seconds : float
        Wall time.
    """

    files: int = 0
    usable: int = 0
    foreign: int = 0
    n_bytes: int = 0
    channels: int = 0
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: float = 0.0

    def number(self, severity: str) -> int:
        """Return how many faults of a severity there are."""
        return sum(n for (kind, _), n in self.counts.items() if kind == severity)

    @property
    def healthy(self) -> bool:
        """Whether there is neither an error nor a warning."""
        return not (self.number("error") or self.number("warning"))

    def summary(self) -> list[str]:
        """Return a few lines: what was looked at, and the faults by severity."""
        lines = [
            f"{self.files} files, {self.n_bytes / 1e6:.1f} MB, {self.usable} usable, "
            f"{self.foreign} no waveform files, {self.channels} channels in {self.seconds:.1f} s"
        ]
        for severity in SEVERITIES:
            found = {c: n for (kind, c), n in self.counts.items() if kind == severity}
            if found:
                listed = ", ".join(f"{n} {c}" for c, n in sorted(found.items()))
                lines.append(f"{sum(found.values())} {severity}: {listed}")
        if not self.counts:
            lines.append("no fault found")
        return lines


def check_archive(
    archive: Archive | str | os.PathLike[str],
    tell: Callable[[Fault], None],
    *,
    index: str | os.PathLike[str] | None = None,
    inventory: Inventory | None = None,
    verify: bool = False,
    samples: bool = False,
) -> ArchiveHealth:
    """Look at every file of an archive and tell of each fault once.

    Files are opened, never followed, unpacked or changed; only headers are read unless
    ``samples`` or ``verify`` say otherwise. Memory does not grow with the archive.

    Parameters
    ----------
    archive : Archive or path
    tell : callable
        Called with each :class:`Fault` when it is found.
    index : path, optional
        Index of the archive (:func:`index_archive`): files that changed or went since, and
        files known to hold another content than at first sight, are told of.
    inventory : Inventory, optional
        Station metadata: channels and times that no epoch covers are told of.
    verify : bool, optional
        Read every file wholly and hold its SHA-256 against that of the first sight in the
        index: bits that rotted show in no time stamp.
    samples : bool, optional
        Decode everything: checksums of records, samples that are no ground motion
        (:func:`check_waveforms`), whether files that overlap agree.

    Returns
    -------
    ArchiveHealth

    Raises
    ------
    ArchiveError
        If the archive or the index is missing.
    ParameterError
        If ``verify`` is asked for without an index.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> _ = (Path(folder) / "empty").write_bytes(b"")
    >>> health = check_archive(folder, lambda fault: print(fault.check, fault.severity))
    unreadable error
    >>> health.files, health.usable
    (1, 0)
    """
    if verify and index is None:
        raise ParameterError(
            "verify needs the index that holds the first digests: index=, made by index_archive"
        )
    begin = time.perf_counter()
    records = archive if isinstance(archive, Archive) else Archive(archive)
    health = ArchiveHealth()

    def note(fault: Fault) -> None:
        health.counts[fault.severity, fault.check] += 1
        tell(fault)

    known = None if index is None else ArchiveIndex(index, root=records.root)
    with closing(SpanStore()) as store:
        look = _Look(records, health, store, note, inventory, samples)
        for path, info in regular_files(records.root, note):
            if known is not None and path.resolve() == known.path.resolve():
                continue
            look.at(path, info)
            if known is not None:
                _against_index(known, path, info, verify, note)
        health.channels = len(store.channels())
        for fault in store.overlaps(samples=samples):
            note(fault)
        if inventory is not None:
            for fault in store.without_metadata(inventory):
                note(fault)
    if known is not None:
        for name in known.gone():
            note(Fault(path=name, check="gone", severity="error",
                       cause="the index knows this file, it is no longer there"))  # fmt: skip
    health.seconds = time.perf_counter() - begin
    return health


class _Look:
    """Looks at one file after another."""

    def __init__(
        self,
        records: Archive,
        health: ArchiveHealth,
        store: SpanStore,
        note: Callable[[Fault], None],
        inventory: Inventory | None,
        samples: bool,
    ) -> None:
        self.root = records.root
        layout = records.layout
        self.pattern = None if layout == "flat" else Pattern(SDS if layout == "sds" else layout)
        self.health, self.store, self.note = health, store, note
        self.inventory, self.samples = inventory, samples
        self._seen: set[tuple[int, int]] = set()

    def at(self, path: Path, info: os.stat_result) -> None:
        name = os.fspath(path)
        self.health.files += 1
        self.health.n_bytes += info.st_size
        if info.st_nlink > 1:
            if (info.st_dev, info.st_ino) in self._seen:
                self._tell(name, "linked_twice", "info", "another name of a file seen before")
                return
            self._seen.add((info.st_dev, info.st_ino))
        try:
            traces, findings = read_file(path, Selection(), headonly=not self.samples)
        except ForeignFormatError as error:
            why = str(error).removeprefix(f"{name}: ")
            if self._follows(path):  # the name promises records
                self._tell(name, "foreign", "error", why, lost=info.st_size, units="bytes")
            else:
                self.health.foreign += 1
                self._tell(name, "foreign", "info", why)
            return
        except WaveformError as error:
            self._tell(name, "unreadable", "error", str(error).removeprefix(f"{name}: "),
                       lost=info.st_size, units="bytes")  # fmt: skip
            return
        self.health.usable += bool(traces)
        for row in findings:
            if self.pattern is None or row["check"] not in _BY_NAME:  # told below, as a whole
                self.note(of_finding(row, name))
        spans = [
            (t.id, int(t.stats.starttime.ns), int(t.stats.endtime.ns),
             float(t.stats.sampling_rate), int(t.stats.npts))
            for t in traces
        ]  # fmt: skip
        self.store.add(name, info.st_size, spans)
        if spans:
            self._against_name(path, name, spans)
            self._in_future(name, spans)
        if self.samples and traces:
            found = check_waveforms(Stream(traces), inventory=self.inventory)
            for item in found.to_dict("records"):
                if not item["path"] and item["check"] not in _SAMPLE_CHECKS:
                    self.note(of_finding({str(k): v for k, v in item.items()}, name))

    def _follows(self, path: Path) -> bool:
        relative = path.relative_to(self.root).as_posix()
        return self.pattern is not None and bool(self.pattern.regex().fullmatch(relative))

    def _tell(self, path: str, check: str, severity: str, cause: str, **more: Any) -> None:
        self.note(Fault(path=path, check=check, severity=severity, cause=cause, **more))

    def _against_name(
        self, path: Path, name: str, spans: list[tuple[str, int, int, float, int]]
    ) -> None:
        """Hold what a file holds against what its name promises."""
        if self.pattern is None:
            return
        match = self.pattern.regex().fullmatch(path.relative_to(self.root).as_posix())
        if match is None:
            self._tell(name, "foreign_name", "warning",
                       "its name does not follow the archive's layout: never read")  # fmt: skip
            return
        named = ".".join(match[c] for c in ("network", "station", "location", "channel"))
        mine = [s for s in spans if s[0] == named]
        others = sorted({s[0] for s in spans} - {named})
        if others:
            lost = sum(s[4] for s in spans if s[0] != named)
            check, severity, words = ("stray_channel", "warning", "holds samples of {} too")
            if not mine:
                check, severity, words = ("wrong_channel", "error", "holds {} alone")
            self._tell(name, check, severity, words.format(", ".join(others)),
                       trace_id=named, lost=lost, units="samples")  # fmt: skip
        period = self.pattern.period(match)
        if period is None:
            return
        low, high = min(s[1] for s in spans), max(s[2] for s in spans)
        when: dict[str, Any] = {
            "trace_id": named, "starttime": UTCDateTime(ns=low), "endtime": UTCDateTime(ns=high),
            "units": "s",
        }  # fmt: skip
        if high < period[0] or low >= period[1]:
            self._tell(name, "wrong_day", "error", "holds nothing of the time its name tells",
                       lost=(high - low) / 1e9, **when)  # fmt: skip
            return
        outside = (max(0, period[0] - low) + max(0, high - period[1])) / 1e9
        if outside > OUTSIDE:
            self._tell(name, "outside_day", "warning", "reaches beyond the time its name tells",
                       lost=outside, **when)  # fmt: skip

    def _in_future(self, name: str, spans: list[tuple[str, int, int, float, int]]) -> None:
        last = max(spans, key=lambda s: s[2])
        if last[2] > (time.time() + _FUTURE) * 1e9:
            self._tell(name, "future", "warning", "holds a time that has not come yet",
                       trace_id=last[0], endtime=UTCDateTime(ns=last[2]))  # fmt: skip


def _against_index(
    known: ArchiveIndex, path: Path, info: os.stat_result, verify: bool, note: Callable[..., None]
) -> None:
    """Tell of a file that is not as it was when it was first seen."""
    row = known.first_sight(path)
    if row is None:
        return
    size, mtime_ns, digest, first = row
    if (info.st_size, info.st_mtime_ns) != (size, mtime_ns):
        note(Fault(path=os.fspath(path), check="changed", severity="info",
                   cause="written to since it was indexed; index the archive again"))  # fmt: skip
        return
    now = scan_file(path).digest if verify else digest
    if now and first and now != first:
        note(Fault(path=os.fspath(path), check="altered", severity="error",
                   cause=altered_text(first, now), lost=size, units="bytes"))  # fmt: skip
