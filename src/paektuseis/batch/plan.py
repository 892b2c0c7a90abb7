"""What there is to do: the days of an archive, each with a key that tells whether it is done."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from obspy import UTCDateTime

from .. import __version__
from ..config import Settings, settings_hash
from ..io import ArchiveIndex
from ..network import Network
from ..pipeline.channel import TAIL, lead_time

DAY = 86400.0
_SILENT = ("cli", "plotting", "report", "synthetic")  # parts that change no number of a run


@dataclass(frozen=True, kw_only=True)
class DayJob:
    """One network-day, as it travels to a worker: names and settings, never records.

    ``name`` is that of its folder of results; ``inventory`` names metadata files; ``files`` are
    those it may open, by name below the archive's root, size in bytes and time of change in ns;
    ``code`` is the version that planned it.
    """

    name: str
    key: str
    starttime: UTCDateTime
    endtime: UTCDateTime
    archive: str
    layout: str
    index: str
    out: str
    settings: Settings
    network: Network | None = None
    inventory: tuple[str, ...] = ()
    inventory_digest: str = ""
    measure_events: bool = False
    threads: int = 1
    files: tuple[tuple[str, int, int], ...] = ()
    code: str = ""


@functools.cache
def code_version() -> str:
    """Return the version and a digest of the sources that decide on numbers."""
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        part = path.relative_to(root)
        if part.parts[0] not in _SILENT:
            digest.update(part.as_posix().encode() + b"\0" + path.read_bytes())
    return f"{__version__}+{digest.hexdigest()[:16]}"


def job_name(start: UTCDateTime, end: UTCDateTime) -> str:
    """Return the folder name of a span that lies within one UTC day."""
    day = str(start.strftime("%Y-%m-%d"))
    if end - start == DAY:
        return f"day={day}"
    until = "240000" if end.date != start.date else end.strftime("%H%M%S")
    name = f"day={day}T{start.strftime('%H%M%S')}-{until}"
    return name if start.ns % 10**9 == end.ns % 10**9 == 0 else f"{name}-{start.ns}-{end.ns}"


def days_between(start: UTCDateTime, end: UTCDateTime) -> list[tuple[UTCDateTime, UTCDateTime]]:
    """Return a half-open span cut at the UTC midnights."""
    out = []
    at = start
    while at < end:
        midnight = UTCDateTime(at.year, at.month, at.day) + DAY
        out.append((at, min(midnight, end)))
        at = midnight
    return out


def plan_days(
    holdings: ArchiveIndex,
    spans: Iterable[tuple[UTCDateTime, UTCDateTime]],
    *,
    settings: Settings,
    network: Network | None,
    **common: Any,
) -> list[DayJob]:
    """Return a job for every span in which the archive holds a channel that is asked for.

    The key of a job is a hash of settings, code version, network, metadata, and of name,
    size, time and content of every file the job reads: a day whose key has not changed need
    not be done again.
    """
    ids = [
        name
        for name in holdings.trace_ids()
        if any(fnmatchcase(name, pattern) for pattern in settings.data.trace_ids)
    ]
    fixed = {
        "settings": settings_hash(settings),
        "code": code_version(),
        "network": network_fingerprint(network),
        "metadata": common["inventory_digest"],
        "measure_events": common["measure_events"],
        "channels": ids,  # those without a record are listed as missing
    }
    lead = lead_time(settings)
    jobs = []
    for start, end in spans:
        if not holdings.files(ids, start, end):
            continue
        files = [
            [row["name"], row["size"], row["mtime_ns"], row["digest"]]
            for row in holdings.files(ids, start - lead, end + TAIL)
        ]
        text = json.dumps({**fixed, "span": [start.ns, end.ns], "files": files}, sort_keys=True)
        jobs.append(
            DayJob(
                name=job_name(start, end),
                key=hashlib.sha256(text.encode()).hexdigest(),
                starttime=start,
                endtime=end,
                settings=settings,
                network=network,
                code=fixed["code"],
                files=tuple(
                    (row["name"], row["size"], row["mtime_ns"])
                    for row in holdings.files(ids, start - lead - DAY, end + TAIL + DAY)
                ),
                **common,
            )
        )
    return jobs


def network_fingerprint(network: Network | None) -> str:
    """Return a hash of everything a network says, empty without one."""
    return "" if network is None else hashlib.sha256(repr(network).encode()).hexdigest()
