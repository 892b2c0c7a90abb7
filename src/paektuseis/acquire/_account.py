"""What became of every file and sample: kept while an import runs, told at its end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from obspy import UTCDateTime

from ._dayfile import Outcome
from ._merge import ARCHIVE, CONFLICT, NEW, Stretch
from ._tables import FILES, PARTS
from ._walk import Entry

FATES = ("new", "known", "duplicate", "conflict", "refused")
_MOST_REASONS = 50
_MOST = 20
"""Conflicts of one file and day that have rows of their own."""


@dataclass
class FileAccount:
    """One file of the disk."""

    entry: Entry
    outcome: str = ""
    digest: str = ""
    format: str = ""
    data_bytes: int = 0
    other_bytes: int = 0
    samples: Counter[str] = field(default_factory=Counter)
    days: set[str] = field(default_factory=set)
    reasons: list[str] = field(default_factory=list)
    damaged: bool = False
    more: int = 0
    """Reasons beyond those kept."""

    def say(self, reason: str) -> None:
        """Add a reason, once; beyond a number of them they are counted."""
        if not reason or reason in self.reasons:
            return
        if len(self.reasons) < _MOST_REASONS:
            self.reasons.append(reason)
        else:
            self.more += 1

    def close(self, outcome: str, reason: str = "") -> None:
        """Settle what became of the file as a whole; none of its bytes were samples."""
        self.outcome = outcome
        self.data_bytes, self.other_bytes = 0, self.entry.size
        self.say(reason)

    def settle(self) -> None:
        """Name what became of a file by what became of its samples."""
        if self.outcome:
            return
        order = ("conflict", "refused", "new", "duplicate", "known")
        worst = next((fate for fate in order if self.samples[fate]), "")
        if not worst:
            self.outcome = "unreadable" if self.damaged else "no samples"
            self.say("no samples in it")
        else:
            self.outcome = "imported" if worst == "new" else worst

    def row(self) -> dict[str, Any]:
        """The file's row of the table."""
        return {
            "file": self.entry.name,
            "bytes": self.entry.size,
            "sha256": self.digest,
            "format": self.format,
            "outcome": self.outcome,
            "data_bytes": self.data_bytes,
            "other_bytes": self.other_bytes,
            "samples": sum(self.samples.values()),
            **{fate: self.samples[fate] for fate in FATES},
            "day_files": len(self.days),
            "reason": "; ".join([*self.reasons, *([f"{self.more} more"] if self.more else [])]),
        }


class Account:
    """All files of a disk, and the parts their samples went to."""

    def __init__(self, entries: list[Entry]) -> None:
        self.files = [FileAccount(entry) for entry in entries]
        self._parts: dict[tuple[Any, ...], dict[str, Any]] = {}

    def refuse(
        self, number: int, source_id: str, start: int, end: int, count: int, why: str
    ) -> None:
        """Note samples that were not handed to the archive at all."""
        self.files[number].samples["refused"] += count
        self.files[number].say(why)
        self._part(number, source_id, source_id, "", "refused", start, end, count, why)

    def note(
        self, trace_id: str, sources: dict[int, str], handed: Counter[int], outcome: Outcome
    ) -> list[Stretch]:
        """Note what became of the pieces of a channel and day; returns those in conflict.

        ``sources`` are the ids the files have, ``handed`` how many samples each has given.
        """
        conflicts = []
        for stretch in outcome.stretches:
            number, count = stretch.piece.origin, stretch.piece.data.size
            file = self.files[number]
            fate = "new" if stretch.fate == NEW else "known"
            why = ""
            if stretch.other not in (ARCHIVE, number) and fate != "new":
                fate = "duplicate"
                why = f"equal to {self.files[stretch.other].entry.name}"
            if stretch.fate == CONFLICT:
                fate = "conflict"
                kept = "the archive holds"
                if stretch.other >= 0:
                    kept = f"{self.files[stretch.other].entry.name} holds"
                why = f"{stretch.why or 'differs'} from what {kept}; not written"
                if stretch.why:
                    why = f"{stretch.why}, of what {kept}; not written"
                conflicts.append(stretch)
            elif stretch.fate != NEW and stretch.other == number:
                fate, why = "duplicate", "twice in this file"
            file.samples[fate] += count
            file.days.add(outcome.path)
            if fate in ("conflict", "duplicate"):
                file.say(f"{trace_id}: {why}" if fate == "conflict" else why)
            last = stretch.piece.time(count - 1)
            self._part(
                number, sources[number], trace_id, outcome.path, fate, stretch.piece.start, last,
                count, why,
            )  # fmt: skip
        if outcome.fault:
            for number, count in handed.items():
                self.files[number].samples["refused"] += count
                self.files[number].say(outcome.fault)
                self._part(
                    number, sources[number], trace_id, outcome.path, "refused", None, None, count,
                    outcome.fault,
                )  # fmt: skip
        return conflicts

    def _part(
        self,
        number: int,
        source_id: str,
        trace_id: str,
        path: str,
        fate: str,
        start: int | None,
        end: int | None,
        count: int,
        why: str,
    ) -> None:
        key: tuple[Any, ...] = (number, source_id, trace_id, path, fate, why)
        if fate == "conflict":
            of_kind = sum(1 for n in range(_MOST) if (*key, n) in self._parts)
            key = (*key, min(of_kind, _MOST - 1))
        row = self._parts.setdefault(
            key,
            {
                "file": self.files[number].entry.name,
                "source_id": source_id,
                "trace_id": trace_id,
                "day_file": path,
                "outcome": fate,
                "samples": 0,
                "starttime": start,
                "endtime": end,
                "reason": why,
            },
        )
        row["samples"] += count
        if start is not None and end is not None:
            row["starttime"] = min(row["starttime"], start)
            row["endtime"] = max(row["endtime"], end)

    def tables(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The table of the files and that of the parts."""
        parts = []
        for key in sorted(self._parts, key=lambda key: (key[0], *map(str, key[1:]))):
            row = dict(self._parts[key])
            for name in ("starttime", "endtime"):
                row[name] = None if row[name] is None else UTCDateTime(ns=row[name])
            parts.append(row)
        return FILES.frame([f.row() for f in self.files]), PARTS.frame(parts)
