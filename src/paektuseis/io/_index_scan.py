"""What the index of an archive notes of one file: digest, spans, sections of records."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..errors import WaveformError
from . import _kernels as k
from ._findings import ForeignFormatError
from ._foreign import safe_text
from ._formats import name_format
from ._index_sections import Section, file_sections
from ._mseed import Records, Selection, group_records, group_runs, scan_records
from ._mseed_report import scan_findings
from ._sources import MAX_BYTES, FileBytes, _gunzip, read_bytes
from ._spans import Span
from .waveforms import read_source

_BLANK = bytes(1 << 20)
FOREIGN = "none"
"""Format of a file that is no waveform file."""


@dataclass(frozen=True, kw_only=True)
class FileScan:
    """One file as it was when it was read.

    ``state`` is ok, damaged (part of it cannot be used) or unreadable; ``reason`` says why.
    """

    size: int
    mtime_ns: int
    ctime_ns: int = -1
    digest: str = ""
    format: str = ""
    state: str = "ok"
    reason: str = ""
    spans: tuple[Span, ...] = ()
    sections: tuple[Section, ...] = field(default=(), repr=False)


def scan_file(path: Path) -> FileScan:
    """Read a file once; take its digest and what its headers say.

    A file that cannot be used is told by its state, not by an exception.
    """
    size = mtime = ctime = -1
    digest = ""
    try:
        info = os.stat(path)
        size, mtime, ctime = info.st_size, info.st_mtime_ns, info.st_ctime_ns
        raw = read_bytes(path, unpack=False)
        if raw.data.size + raw.hole != size or os.stat(path).st_mtime_ns != mtime:
            raise WaveformError(f"{path}: the file changed while it was read; index it again")
        digest = _digest(raw)
        packed = path.suffix.lower() == ".gz" and raw.data[:2].tobytes() == b"\x1f\x8b"
        source = FileBytes(path, _gunzip(path, raw.data, MAX_BYTES)) if packed else raw
        name = name_format(source)
        if name == "MSEED":
            records = scan_records(source.data)
            if records.usable.any():
                spans, sections = _spans_and_sections(records)
                reason = _damage(records, path)
                return FileScan(
                    size=size,
                    mtime_ns=mtime,
                    ctime_ns=ctime,
                    digest=digest,
                    format=name,
                    state="damaged" if reason else "ok",
                    reason=reason,
                    spans=spans,
                    # byte offsets within a packed file are of no use to anybody
                    sections=() if packed else sections,
                )
        traces, findings = read_source(source, Selection(), headonly=True)
    except (OSError, WaveformError) as error:
        return FileScan(
            size=size,
            mtime_ns=mtime,
            ctime_ns=ctime,
            digest=digest,
            format=FOREIGN if isinstance(error, ForeignFormatError) else "",
            state="unreadable",
            reason=safe_text(str(error)),
        )
    bad = [row for row in findings if row["severity"] == "error"]
    return FileScan(
        size=size,
        mtime_ns=mtime,
        ctime_ns=ctime,
        digest=digest,
        format=str(traces[0].stats.get("_format", name)) if traces else name,
        state="damaged" if bad else "ok",
        reason=safe_text(str(bad[0]["message"])) if bad else "",
        spans=tuple(
            Span(t.id, int(t.stats.starttime.ns), float(t.stats.sampling_rate), int(t.stats.npts))
            for t in traces
        ),
    )


def _digest(raw: FileBytes) -> str:
    """SHA-256 of the file, the unwritten zeros at its end included."""
    digest = hashlib.sha256(raw.data.data)
    left = raw.hole
    while left > 0:
        digest.update(_BLANK[: min(left, len(_BLANK))])
        left -= len(_BLANK)
    return digest.hexdigest()


def _spans_and_sections(records: Records) -> tuple[tuple[Span, ...], tuple[Section, ...]]:
    groups = group_records(records, Selection())
    spans = []
    for group in groups:
        for run in group_runs(records, group):
            npts = int(records.rows[run, k.NSAMP].sum())
            start = int(records.rows[run[0], k.TIME])
            spans.append(Span(group.trace_id, start, group.rate, npts))
    spans.sort(key=lambda s: (s.trace_id, s.start))
    return tuple(spans), tuple(file_sections(records, groups))


def _damage(records: Records, path: Path) -> str:
    """What is wrong with records that cannot be used, by their headers."""
    if bool(np.all(records.usable)):
        return ""
    bad = [r for r in scan_findings(records, path, Selection()) if r["severity"] == "error"]
    return safe_text(str(bad[0]["message"])) if bad else ""
