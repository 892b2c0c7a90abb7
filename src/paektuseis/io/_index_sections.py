"""Sections of a miniSEED file in the terms of the tsindex schema.

A section is a stretch of bytes that holds records of one channel, quality and sampling
rate and nothing else, so that it can be cut out and read by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from . import _kernels as k
from ._mseed import Group, IntArray, Records, group_runs

STEP = 3_600_000_000_000
"""Time between the entries of a section's time index, ns."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """One row of ``tsindex``; times in ns."""

    codes: tuple[str, str, str, str]
    quality: str
    start: int
    end: int
    rate: float
    offset: int
    size: int
    timeindex: str
    timespans: str


def file_sections(records: Records, groups: list[Group]) -> Iterator[Section]:
    """Yield the sections of a file in the order of its bytes."""
    label, copy = _labels(records, groups)
    rows = records.rows
    ends = rows[:, k.OFFSET] + rows[:, k.LENGTH]
    new = np.ones(len(rows), np.bool_)
    new[1:] = (label[1:] != label[:-1]) | (rows[1:, k.OFFSET] != ends[:-1])
    begins = np.flatnonzero(new)
    for first, stop in zip(begins, [*begins[1:], len(rows)], strict=True):
        if label[first] >= 0:
            yield _section(records, groups[label[first]], np.arange(first, stop), copy)


def _labels(records: Records, groups: list[Group]) -> tuple[IntArray, NDArray[np.bool_]]:
    """Number of the group of each record, -1 for what cannot be used; which ones are copies."""
    label = np.full(len(records.rows), -1, np.int64)
    for number, group in enumerate(groups):
        label[group.which] = number
    # a copy of a record was left out of its group, but its bytes do not end the section
    copy = records.usable & (label < 0)
    if copy.any():
        columns = (k.KEY1, k.KEY2, k.QUALITY, k.TIME, k.NSAMP, k.ENCODING)
        table = records.rows[:, columns]
        known = {tuple(table[i].tolist()): int(label[i]) for i in np.flatnonzero(label >= 0)}
        for i in np.flatnonzero(copy):
            label[i] = known.get(tuple(table[i].tolist()), -1)
    return label, copy


def _section(records: Records, group: Group, which: IntArray, copy: NDArray[np.bool_]) -> Section:
    rows = records.rows[which]
    times = rows[:, k.TIME]
    ends = times + np.rint((rows[:, k.NSAMP] - 1) * group.step).astype(np.int64)
    offset = int(rows[0, k.OFFSET])
    size = int(rows[-1, k.OFFSET] + rows[-1, k.LENGTH]) - offset
    start, end = int(times.min()), int(ends.max())
    if (np.diff(times) < 0).any():
        # out of order: every part of the section may hold any time
        entries, latest = [(start, offset)], 0
    else:
        entries, latest = _entries(times, rows[:, k.OFFSET]), 1
    originals = which[~copy[which]]
    spans = _spans(records, group, originals if originals.size else which)
    return Section(
        codes=group.codes,
        quality=group.quality,
        start=start,
        end=end,
        rate=group.rate,
        offset=offset,
        size=size,
        timeindex=",".join([*(f"{epoch(t)}=>{o}" for t, o in entries), f"latest=>{latest}"]),
        timespans=",".join(f"[{epoch(a)}:{epoch(b)}]" for a, b in spans),
    )


def _entries(times: IntArray, offsets: IntArray) -> list[tuple[int, int]]:
    """First record, and the first at least an hour after each entry before it."""
    at = 0
    out = []
    while at < len(times):
        out.append((int(times[at]), int(offsets[at])))
        at = int(np.searchsorted(times, times[at] + STEP))
    return out


def _spans(records: Records, group: Group, which: IntArray) -> Iterator[tuple[int, int]]:
    """First and last sample of each unbroken run of the section's records."""
    mine = which[np.argsort(records.rows[which, k.TIME], kind="stable")]
    for run in group_runs(records, replace(group, which=mine)):
        start = int(records.rows[run[0], k.TIME])
        samples = int(records.rows[run, k.NSAMP].sum())
        yield start, start + round((samples - 1) * group.step)


def epoch(ns: int) -> str:
    """Seconds since 1970 with six decimals, as the tsindex schema writes instants."""
    micro = round_micro(ns)
    sign = "-" if micro < 0 else ""
    return f"{sign}{abs(micro) // 1_000_000}.{abs(micro) % 1_000_000:06d}"


def round_micro(ns: int) -> int:
    """Microseconds nearest to an instant in ns."""
    return (ns + 500) // 1000
