"""What a report is made of: the days found in a folder of results, and their tables."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from obspy import UTCDateTime

from ... import tables as schemas
from ...batch._partitions import list_partitions
from ...batch.plan import days_between, job_name
from ...errors import ArchiveError, ParameterError
from ...io import read_table
from ...io._sources import file_digest
from ...times import TimeLike, as_utc

USED = (
    "amplitudes", "availability", "classes", "detections", "events", "families", "gaps",
    "magnitudes", "monitoring", "origins", "picks", "quality", "rates", "ratios", "refusals",
    "residuals", "rsam", "ssam", "station_magnitudes", "triggers",
)  # fmt: skip
"""Tables a report reads; no other file of the results counts for its pages."""
MOST_RUN = 50 * 1024**2
_SCHEMAS = {s.name: s for s in schemas.ALL}
_SPANS = ("availability", "gaps", "monitoring", "quality")


@dataclass(frozen=True, kw_only=True)
class Day:
    """One day of results, or a part of one.

    Attributes
    ----------
    name : str
        The date, or date and times of a part of a day: a folder's name in the results.
    starttime, endtime : UTCDateTime
        Half-open span.
    folder : Path
        Holds ``NAME.parquet`` for each table.
    cut : bool
        Whether the folder holds more than this span.
    pages : Path or None
        Folder of the PNG pages the run drew.
    """

    name: str
    starttime: UTCDateTime
    endtime: UTCDateTime
    folder: Path
    cut: bool = False
    pages: Path | None = None

    def table(self, name: str) -> pd.DataFrame:
        """Return one table of the day; an empty one where the results hold none."""
        schema = _SCHEMAS[name]
        path = self.folder / f"{name}.parquet"
        if not path.is_file():
            return schema.frame()
        frame = read_table(path)
        if frame.empty:
            return schema.frame()
        return self._inside(frame, name) if self.cut else frame

    def digest(self) -> str:
        """Return a hash of what the files of the day hold, whatever their dates are."""
        made = hashlib.blake2b(digest_size=16)
        made.update(f"{self.name} {self.starttime} {self.endtime} {self.cut}".encode())
        for name in USED:
            path = self.folder / f"{name}.parquet"
            made.update(name.encode())
            try:
                made.update(file_digest(path).encode())
            except FileNotFoundError:
                made.update(b"-")
            except OSError as error:
                raise ArchiveError(f"{path} cannot be read: {error.strerror or error}") from error
        for path in self.drawn().values():
            info = path.stat()
            made.update(f"{path.name} {info.st_size} {info.st_mtime_ns}".encode())
        return made.hexdigest()

    def drawn(self) -> dict[str, Path]:
        """Return the PNG pages the run left beside its tables, by name without suffix."""
        if self.pages is None or not self.pages.is_dir():
            return {}
        return {p.stem: p for p in sorted(self.pages.glob("*.png")) if p.is_file()}

    def _inside(self, frame: pd.DataFrame, name: str) -> pd.DataFrame:
        start, end = (pd.Timestamp(t.ns, tz="UTC") for t in (self.starttime, self.endtime))
        if name in _SPANS:
            first, last = frame["starttime"], frame["endtime"]
            keep = (first.isna() | (first < end)) & (last.isna() | (last >= start))
        elif "event_id" in frame.columns and name != "events":
            keep = frame["event_id"].isin(set(self.table("events")["event_id"]))
        else:
            when = "time" if name == "events" else "starttime"
            keep = (frame[when] >= start) & (frame[when] < end)
        return frame[keep].reset_index(drop=True)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Everything a folder holds for a report.

    Attributes
    ----------
    directory : Path
    days : tuple of Day
        In order of time, never overlapping.
    run : dict
        ``run.json`` of the results (of the last day where there are several), or empty.
    records : tuple of Path
        The ``run.json`` files found.
    problems : tuple of str
        What could not be read.
    """

    directory: Path
    days: tuple[Day, ...]
    run: dict[str, Any] = field(default_factory=dict)
    records: tuple[Path, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def span(self) -> tuple[UTCDateTime, UTCDateTime]:
        """Start of the first day and end of the last."""
        return self.days[0].starttime, self.days[-1].endtime


def open_source(
    directory: str | Path,
    *,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
) -> Source:
    """Find the days in a folder of results.

    Parameters
    ----------
    directory : str or Path
        What ``paektuseis day`` wrote, what ``paektuseis batch`` wrote, or a folder of several
        of the first.
    starttime, endtime : UTCDateTime or str, optional
        Half-open span; days that touch it are taken whole.

    Returns
    -------
    Source

    Raises
    ------
    ArchiveError
        If there is no such folder or no results in it.
    ParameterError
        If no day touches the span, or two of them overlap.
    """
    folder = Path(directory)
    if not folder.is_dir():
        raise ArchiveError(
            f"{folder}: no such folder; give the folder `paektuseis day` or `batch` wrote"
        )
    problems: list[str] = []
    records: list[Path] = []
    if (folder / "tables").is_dir() and (parts := list_partitions(folder / "tables")):
        days = [
            Day(name=p.name, starttime=p.starttime, endtime=p.endtime, folder=p.path) for p in parts
        ]
        records = [p for p in (folder / "run.json",) if p.is_file()]
    else:
        homes = [folder] if _is_day(folder) else [p for p in _children(folder) if _is_day(p)]
        days = [day for home in homes for day in _days_of(home, problems)]
        records = [home / "run.json" for home in homes]
    if not days:
        held = ", ".join(p.name for p in _children(folder)[:6]) or "nothing"
        told = "".join(f"; {p}" for p in problems[:3])
        raise ArchiveError(
            f"{folder} holds no results (it holds {held}{told}); give the folder that "
            "`paektuseis day` or `paektuseis batch` wrote, or a folder of such folders"
        )
    days.sort(key=lambda d: (d.starttime, d.endtime))
    for one, two in itertools.pairwise(days):
        if two.starttime < one.endtime:
            raise ParameterError(
                f"{one.folder.parent.name} and {two.folder.parent.name} in {folder} both hold "
                f"{two.starttime}; keep one of them"
            )
    return Source(
        directory=folder,
        days=tuple(_touching(days, starttime, endtime)),
        run=read_run(records[-1]) if records else {},
        records=tuple(records),
        problems=tuple(problems),
    )


def read_run(path: Path) -> dict[str, Any]:
    """Return a ``run.json``, or an empty mapping where it is none."""
    try:
        if path.stat().st_size > MOST_RUN:
            return {}
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_day(folder: Path) -> bool:
    return (folder / "run.json").is_file() and (folder / "tables" / "events.parquet").is_file()


def _children(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if not p.name.startswith("."))


def _days_of(home: Path, problems: list[str]) -> Iterable[Day]:
    """Yield the UTC days of one run of ``paektuseis day``."""
    run = read_run(home / "run.json")
    try:
        start, end = as_utc(run["starttime"]), as_utc(run["endtime"])
    except (KeyError, ParameterError):
        problems.append(f"{home / 'run.json'} does not say which span it is of")
        return
    days = days_between(start, end)
    for begin, until in days:
        yield Day(
            name=job_name(begin, until).removeprefix("day="),
            starttime=begin,
            endtime=until,
            folder=home / "tables",
            cut=len(days) > 1,
            pages=home / "pages",
        )


def _touching(
    days: Sequence[Day], starttime: TimeLike | None, endtime: TimeLike | None
) -> list[Day]:
    start = None if starttime is None else as_utc(starttime, name="starttime")
    end = None if endtime is None else as_utc(endtime, name="endtime")
    if start is not None and end is not None and end <= start:
        raise ParameterError(f"endtime={end} is not after starttime={start}")
    kept = [
        d
        for d in days
        if (start is None or d.endtime > start) and (end is None or d.starttime < end)
    ]
    if not kept:
        raise ParameterError(
            f"no day from {start or 'the first'} to {end or 'the last'}; the results reach from "
            f"{days[0].starttime} to {days[-1].endtime}"
        )
    return kept
