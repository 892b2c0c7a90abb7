"""What reading found: rows of the quality table, kept on the traces they speak of."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pandas as pd
from obspy import Stream, Trace, UTCDateTime

from ..errors import WaveformError
from ..provenance import note, recall
from ..tables import QUALITY
from ._foreign import safe_text

logger = logging.getLogger("paektuseis.io")

Finding = dict[str, Any]


class ForeignFormatError(WaveformError):
    """The file is of no waveform format."""


class ArchiveFault(NamedTuple):
    """Why a file of an archive cannot be used.

    ``kind`` is ``"foreign"`` for a file that is no waveform file, such as a note or a
    picture, and ``"broken"`` for one that cannot be read although it is.
    """

    kind: Literal["foreign", "broken"]
    reason: str


def fault_of(error: WaveformError) -> ArchiveFault:
    """Return the fault that an error tells of."""
    foreign = isinstance(error, ForeignFormatError)
    return ArchiveFault("foreign" if foreign else "broken", safe_text(str(error)))


def finding(
    check: str,
    severity: str,
    message: str,
    *,
    trace_id: str = "",
    starttime: UTCDateTime | None = None,
    endtime: UTCDateTime | None = None,
    value: float = float("nan"),
    units: str = "",
    limit: float = float("nan"),
    path: Path | str = "",
) -> Finding:
    """One row of the quality table."""
    return {
        "trace_id": trace_id,
        "starttime": starttime,
        "endtime": starttime if endtime is None else endtime,
        "check": check,
        "severity": severity,
        "message": message,
        "value": float(value),
        "units": units,
        "limit": float(limit),
        "path": str(path),
    }


def unreadable(error: Exception, path: Path | str, *, trace_id: str = "") -> Finding:
    """Return the row for a file that was left out, and log it."""
    message = safe_text(str(error))
    logger.warning("left out: %s", message)
    return finding(
        "unreadable_file", "error", message, value=1, units="files", path=path, trace_id=trace_id
    )


def attach(traces: list[Trace], findings: Iterable[Finding]) -> None:
    """Keep findings on the first trace of their id, or else on the first trace of all."""
    first: dict[str, Trace] = {}
    for trace in traces:
        first.setdefault(trace.id, trace)
    for row in findings:
        home = first.get(row["trace_id"], traces[0] if traces else None)
        if home is not None:
            note(home, findings=(*recall(home, "findings", ()), row))


def reader_findings(stream: Stream | Trace) -> pd.DataFrame:
    """Return what the reader found in the files a stream came from.

    Parameters
    ----------
    stream : Stream or Trace
        As returned by :func:`read_waveforms` or :meth:`Archive.read`.

    Returns
    -------
    DataFrame
        Rows of the quality table: damaged records, gaps made of marked samples,
        doubtful times, each once, with the file it was found in.

    Examples
    --------
    >>> len(reader_findings(Stream([Trace()])))
    0
    """
    traces = [stream] if isinstance(stream, Trace) else list(stream)
    rows: list[Finding] = []
    seen: set[tuple[str, ...]] = set()
    for trace in traces:
        for row in recall(trace, "findings", ()):
            key = tuple(
                str(row[c])
                for c in ("path", "trace_id", "starttime", "endtime", "check", "message")
            )
            if key not in seen:
                seen.add(key)
                rows.append(row)
    return QUALITY.frame(rows)
