"""What files of an archive say of each other: copies, overlaps, time without metadata."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from obspy import Inventory, UTCDateTime

from ..errors import WaveformError
from ..io import join_segments, read_waveforms
from ..io._sources import file_digest
from ..processing._epochs import epochs_of
from ._faults import Fault

_FAR = 2**62


class SpanStore:
    """Spans of files, kept out of memory (SQLite spills a database without name to disk)."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("")
        self._db.execute("PRAGMA cache_size = -16384")
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("CREATE TABLE files (id INTEGER PRIMARY KEY, path TEXT, size INTEGER)")
        self._db.execute(
            "CREATE TABLE spans (trace_id TEXT, start INTEGER, end INTEGER, rate REAL, "
            "npts INTEGER, file INTEGER)"
        )

    def close(self) -> None:
        """Let go of the spans."""
        self._db.close()

    def add(self, path: str, size: int, spans: list[tuple[str, int, int, float, int]]) -> None:
        """Keep the spans of a file: channel, first and last sample (ns), rate, samples."""
        raw = path.encode("utf-8", "surrogateescape")
        number = self._db.execute("INSERT INTO files (path, size) VALUES (?, ?)", (raw, size))
        self._db.executemany(
            "INSERT INTO spans VALUES (?, ?, ?, ?, ?, ?)",
            [(*span, number.lastrowid) for span in spans],
        )

    def channels(self) -> list[str]:
        """Return the channels there are."""
        rows = self._db.execute("SELECT DISTINCT trace_id FROM spans ORDER BY trace_id")
        return [name for (name,) in rows]

    def overlaps(self, *, samples: bool) -> Iterator[Fault]:
        """Yield copies of files, and files that hold the same time of a channel.

        With ``samples`` the samples are compared.
        """
        pair: tuple[int, int] | None = None
        low = high = 0
        name = ""
        best: tuple[str, int, int] = ("", 0, 0)  # channel, end that reaches furthest, its file
        told: set[tuple[int, int]] = set()
        with closing(self._db.cursor()) as rows:
            rows.execute(
                "SELECT trace_id, start, end, file FROM spans ORDER BY trace_id, start, file"
            )
            for trace_id, start, end, file in rows:
                if trace_id == best[0] and file != best[2] and start <= best[1]:
                    now = (best[2], file)
                    if now == pair and trace_id == name:
                        high = max(high, min(end, best[1]))
                    else:
                        yield from self._pair(pair, name, low, high, told, samples)
                        pair, name, low, high = now, trace_id, start, min(end, best[1])
                if trace_id != best[0] or end > best[1]:
                    best = (trace_id, end, file)
        yield from self._pair(pair, name, low, high, told, samples)

    def _pair(
        self,
        pair: tuple[int, int] | None,
        trace_id: str,
        low: int,
        high: int,
        told: set[tuple[int, int]],
        samples: bool,
    ) -> Iterator[Fault]:
        if pair is None or pair in told:
            return
        (first, size), (second, other) = (self._file(number) for number in pair)
        where: dict[str, Any] = {
            "path": second,
            "trace_id": trace_id,
            "starttime": UTCDateTime(ns=low),
            "endtime": UTCDateTime(ns=high),
            "lost": (high - low) / 1e9,
            "units": "s",
        }
        if size == other and _same_content(first, second):
            told.add(pair)
            yield Fault(
                check="duplicate_file", severity="warning", cause=f"copy of {first}", **where
            )
            return
        if samples:
            yield _compared(first, second, where)
            return
        yield Fault(
            check="overlapping_files",
            severity="warning",
            cause=f"holds time that {first} holds too; --samples tells whether they agree",
            **where,
        )

    def _file(self, number: int) -> tuple[str, int]:
        raw, size = self._db.execute(
            "SELECT path, size FROM files WHERE id = ?", (number,)
        ).fetchone()
        return raw.decode("utf-8", "surrogateescape"), size

    def without_metadata(self, inventory: Inventory) -> Iterator[Fault]:
        """Yield the channels and times that no epoch of the metadata covers."""
        for trace_id in self.channels():
            epochs = _epochs(inventory, trace_id)
            first, last, seconds = _FAR, -_FAR, 0.0
            file = None
            for start, end, number in self._db.execute(
                "SELECT start, end, file FROM spans WHERE trace_id = ? ORDER BY start", (trace_id,)
            ):
                covered = sum(max(0, min(end, b) - max(start, a)) for a, b in epochs)
                if not epochs or end - start - covered > 1_000_000_000:
                    first, last = min(first, start), max(last, end)
                    seconds += (end - start - covered) / 1e9
                    file = number if file is None else file
            if file is None:
                continue
            known = ", ".join(f"{_date(a)} to {_date(b)}" for a, b in epochs)
            yield Fault(
                path=self._file(file)[0],
                check="wrong_epoch" if epochs else "no_metadata",
                severity="error",
                cause=f"no epoch of the metadata covers this time (epochs: {known})"
                if epochs
                else "the metadata do not know this channel",
                trace_id=trace_id,
                starttime=UTCDateTime(ns=first),
                endtime=UTCDateTime(ns=last),
                lost=seconds,
                units="s without metadata",
            )


def _epochs(inventory: Inventory, trace_id: str) -> list[tuple[int, int]]:
    """Return the epochs of a channel (ns), joined where they follow each other."""
    spans = sorted(
        (
            -_FAR if epoch.start_date is None else int(epoch.start_date.ns),
            _FAR if epoch.end_date is None else int(epoch.end_date.ns),
        )
        for epoch in epochs_of(inventory, trace_id)
    )
    out: list[tuple[int, int]] = []
    for start, end in spans:
        if out and start <= out[-1][1] + 1_000_000_000:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def _date(ns: int) -> str:
    return "always" if abs(ns) == _FAR else str(UTCDateTime(ns=ns))[:10]


def _same_content(first: str, second: str) -> bool:
    try:
        return file_digest(Path(first)) == file_digest(Path(second))
    except OSError:
        return False


def _compared(first: str, second: str, where: dict[str, Any]) -> Fault:
    """Read what two files hold of the same time, and say whether it is the same."""
    span = {"starttime": where["starttime"], "endtime": where["endtime"]}
    try:
        both = read_waveforms([first, second], trace_ids=where["trace_id"], **span)
    except WaveformError as error:
        return Fault(check="overlapping_files", severity="warning", cause=str(error), **where)
    _, found = join_segments(both)
    if (found["severity"] != "info").any():
        return Fault(
            check="conflict",
            severity="error",
            cause=f"other samples or another rate than {first} holds of the same time",
            **where,
        )
    return Fault(
        check="overlapping_files", severity="info", cause=f"same samples as in {first}", **where
    )
