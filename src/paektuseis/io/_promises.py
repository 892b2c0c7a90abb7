"""What the name of an SDS day file promises, held against the records in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from obspy import UTCDateTime

from . import _kernels as k
from ._findings import Finding, finding
from ._layout import SDS, Pattern
from ._mseed import IntArray, Records, record_codes

TOLERANCE = 600_000_000_000
"""Records that begin this long (ns) before or after the named day are still of it."""
_SDS = Pattern(SDS)


def promised(path: Path) -> tuple[str, tuple[int, int]] | None:
    """Return channel and span (ns) that the name of an SDS day file stands for."""
    parts = path.name.split(".")
    if len(parts) != 7 or parts[4] != "D":
        return None
    match = _SDS.regex().fullmatch(f"{parts[5]}/{parts[0]}/{parts[1]}/{parts[3]}.D/{path.name}")
    period = None if match is None else _SDS.period(match)
    return None if period is None else (".".join(parts[:4]), period)


def name_findings(records: Records, path: Path) -> list[Finding]:
    """Records of another channel or another day than the file's name says."""
    promise = promised(path)
    if promise is None:
        return []
    alike = records.summary.alike  # all usable, of one channel: no need to sort or copy
    usable = range(len(records.rows)) if alike else np.flatnonzero(records.usable)
    if not len(usable):
        return []
    named, (begin, end) = promise
    rows = records.rows if alike else records.rows[usable]
    out: list[Finding] = []
    for at in [0] if alike else _first_of_each(rows[:, (k.KEY1, k.KEY2)]):
        trace_id = ".".join(record_codes(records, int(usable[at])))
        if trace_id == named:
            continue
        mine = rows[(rows[:, (k.KEY1, k.KEY2)] == rows[at, (k.KEY1, k.KEY2)]).all(axis=1)]
        out.append(
            _row("stray_channel", f"holds {len(mine)} records of {trace_id}", trace_id, mine, path)
        )
    late = (rows[:, k.TIME] < begin - TOLERANCE) | (rows[:, k.TIME] >= end + TOLERANCE)
    if late.any():
        mine = rows[late]
        day = UTCDateTime(ns=int(mine[:, k.TIME].min())).strftime("%Y-%j")
        words = f"{len(mine)} records of another day than the name says, the first of {day}"
        out.append(_row("wrong_day", words, named, mine, path))
    return out


def _first_of_each(keys: IntArray) -> list[int]:
    _, first = np.unique(np.ascontiguousarray(keys), axis=0, return_index=True)
    return sorted(int(i) for i in first)


def _row(check: str, words: str, trace_id: str, rows: IntArray, path: Path) -> Finding:
    return finding(
        check,
        "warning",
        f"{path.name}: {words}",
        trace_id=trace_id,
        starttime=UTCDateTime(ns=int(rows[:, k.TIME].min())),
        endtime=UTCDateTime(ns=int(rows[:, k.TIME].max())),
        value=float(rows[:, k.NSAMP].sum()),
        units="samples",
        path=path,
    )
