"""One fault of an archive: where, what, what was lost; as a line and as JSON."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from obspy import UTCDateTime

from ..io import safe_text

SEVERITIES = ("error", "warning", "info")
_BYTE = re.compile(r"\bbytes? (\d+)\b")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that is wrong with an archive.

    Attributes
    ----------
    path : str
        File or folder.
    check : str
        What kind of fault.
    severity : str
        ``"error"``: samples are lost or certainly wrong; ``"warning"``: doubtful; ``"info"``.
    cause : str
        In words.
    offset : int or None
        Byte in the file where it begins, where that is known.
    trace_id : str
        Channel, or ``""``.
    starttime, endtime : UTCDateTime or None
        Time it concerns, where that is known.
    lost : float
        How much is lost or concerned, in ``units`` (NaN where that is not known).
    units : str
    """

    path: str
    check: str
    severity: str
    cause: str
    offset: int | None = None
    trace_id: str = ""
    starttime: UTCDateTime | None = None
    endtime: UTCDateTime | None = None
    lost: float = float("nan")
    units: str = ""

    def line(self) -> str:
        """Return the fault as one line of printable text.

        Examples
        --------
        >>> Fault(path="a", check="empty", severity="error", cause="0 bytes").line()
        'error a: empty: 0 bytes'
        """
        where = self.path if self.offset is None else f"{self.path} at byte {self.offset}"
        parts = [f"{self.severity} {where}", self.check]
        what = [self.trace_id] if self.trace_id else []
        if self.starttime is not None:
            what.append(str(self.starttime)[:19])
            if self.endtime is not None and self.endtime != self.starttime:
                what += ["to", str(self.endtime)[:19]]
        if what:
            parts.append(" ".join(what))
        lost = f" ({self.lost:g} {self.units})" if math.isfinite(self.lost) else ""
        return safe_text(": ".join(parts) + f": {self.cause}{lost}")

    def json(self) -> str:
        """Return the fault as one JSON object on one line (ASCII, no NaN)."""
        return json.dumps(
            {
                "path": self.path,
                "check": self.check,
                "severity": self.severity,
                "cause": safe_text(self.cause),
                "offset": self.offset,
                "trace_id": self.trace_id,
                "starttime": None if self.starttime is None else str(self.starttime),
                "endtime": None if self.endtime is None else str(self.endtime),
                "lost": self.lost if math.isfinite(self.lost) else None,
                "units": self.units,
            }
        )


def of_finding(row: dict[str, Any], path: str) -> Fault:
    """Return a row of the quality table as a fault of a file."""
    message = str(row["message"])
    name = path.rsplit("/", 1)[-1]
    for start in (f"{path}: ", f"{name}: "):
        message = message.removeprefix(start)
    found = _BYTE.search(message)
    value = row.get("value")
    return Fault(
        path=path,
        check=str(row["check"]),
        severity=str(row["severity"]),
        cause=message,
        offset=int(found[1]) if found else None,
        trace_id=str(row["trace_id"] or ""),
        starttime=_time(row.get("starttime")),
        endtime=_time(row.get("endtime")),
        lost=float("nan") if value is None else float(value),
        units=str(row.get("units") or ""),
    )


def _time(value: Any) -> UTCDateTime | None:
    if value is None or value != value:  # NaT differs from itself
        return None
    return value if isinstance(value, UTCDateTime) else UTCDateTime(ns=int(value.value))
