"""The folders of an archive run: which span each holds, and how one file in them is read."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import translate
from pathlib import Path
from typing import Any

from obspy import UTCDateTime

from ..errors import ArchiveError, ParameterError

_NAME = re.compile(r"day=(\d{4}-\d{2}-\d{2})(?:T(\d{6})-(\d{6}))?")
DAY = 86400.0
BATCH = 16
"""Days looked at together where only sums are kept."""
WAIT = 2.0
"""Seconds to wait for a day that is just being replaced by its successor."""


@dataclass(frozen=True, order=True)
class Partition:
    """One folder of results: a day, or part of one.

    ``starttime`` and ``endtime`` bound the half-open span it holds.
    """

    starttime: UTCDateTime
    endtime: UTCDateTime
    path: Path

    @property
    def name(self) -> str:
        """The date, or the date and times of a part of a day."""
        return self.path.name.removeprefix("day=")


def partition_of(path: Path) -> Partition | None:
    """Return the span a folder's name stands for; ``None`` if it is no folder of results."""
    found = _NAME.fullmatch(path.name)
    if found is None:
        return None
    date, begin, until = found.groups()
    try:
        midnight = UTCDateTime(date)
        start = midnight if begin is None else midnight + _seconds(begin)
        end = midnight + DAY if until is None else midnight + _seconds(until)
    except (ValueError, TypeError):
        return None
    if end <= start:  # a part that ends at midnight is written ...-000000
        end += DAY
    return Partition(start, end, path)


def _seconds(text: str) -> float:
    return 3600.0 * int(text[:2]) + 60.0 * int(text[2:4]) + int(text[4:])


def list_partitions(folder: Path) -> list[Partition]:
    """Return the results in a folder in order of time.

    A part of a day that lies within another folder's span is left out, so that nothing is
    counted twice.

    Raises
    ------
    ArchiveError
        If two folders overlap in part.
    """
    found = (partition_of(path) for path in folder.iterdir() if path.is_dir())
    ordered = sorted(
        (p for p in found if p is not None), key=lambda p: (p.starttime, -float(p.endtime))
    )
    kept: list[Partition] = []
    for part in ordered:
        if kept and part.starttime < kept[-1].endtime:
            if part.endtime <= kept[-1].endtime:
                continue
            raise ArchiveError(
                f"{kept[-1].path.name} and {part.path.name} in {folder} overlap in part; "
                "keep one of them"
            )
        kept.append(part)
    return kept


def batches(parts: Sequence[Partition]) -> Iterator[Sequence[Partition]]:
    """Yield some days at a time: enough to be quick, few enough to stay small."""
    for i in range(0, len(parts), BATCH):
        yield parts[i : i + BATCH]


def read_arrow(
    part: Partition, name: str, columns: Sequence[str] | None = None
) -> Any:  # pyarrow.Table
    """Return one table of one day as Arrow, or ``None`` if the day holds no such table.

    Columns that the file lacks are left out. A day that is being replaced at this moment is
    waited for.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = part.path / f"{name}.parquet"
    deadline = time.monotonic() + WAIT
    while True:
        try:
            with pq.ParquetFile(path) as file:
                held = file.schema_arrow.names
                wanted = None if columns is None else [c for c in columns if c in held]
                return file.read(columns=wanted)
        except FileNotFoundError:
            if part.path.is_dir() and not path.exists():
                return None
            if time.monotonic() > deadline:
                raise ArchiveError(
                    f"{part.path} went away while it was read; open the results again"
                ) from None
            time.sleep(0.05)
        except (pa.ArrowException, OSError) as error:
            raise ArchiveError(
                f"{path} cannot be read ({error}); process that day again"
            ) from error


def id_filter(trace_ids: str | Sequence[str] | None) -> re.Pattern[str] | None:
    """Return a pattern of the trace ids asked for, ``None`` for all of them."""
    if trace_ids is None:
        return None
    patterns = [trace_ids] if isinstance(trace_ids, str) else list(trace_ids)
    if not patterns or not all(isinstance(p, str) for p in patterns):
        raise ParameterError(
            f"trace_ids={trace_ids!r}; give ids or wildcards such as 'XX.*.*.HHZ', or None for all"
        )
    return re.compile("|".join(translate(p) for p in patterns))
