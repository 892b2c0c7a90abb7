"""One job, in whatever process it runs: from names to a folder of results."""

from __future__ import annotations

import functools
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from obspy import Inventory

from ..errors import ArchiveError, ParameterError
from ..io import Archive, read_stations
from ..pipeline import process_day
from .executors import stop_if_told
from .plan import DayJob, code_version
from .store import write_day

RATE_WINDOW = 3600.0


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What a worker sends back: no records, no tables.

    Attributes
    ----------
    name, key : str
        Of the job.
    rows : dict of str to int
        Rows of each table written.
    size : int
        Bytes written.
    problems : tuple of str
        What could not be done within the day.
    seconds : float
        Wall time.
    timings : dict of str to float
        CPU seconds by stage.
    peak_memory : float
        Largest resident memory of the process so far, in megabytes (NaN where unknown).
    """

    name: str
    key: str
    rows: dict[str, int]
    size: int
    problems: tuple[str, ...]
    seconds: float
    timings: dict[str, float] = field(default_factory=dict)
    peak_memory: float = float("nan")


def run_job(job: DayJob) -> Receipt:
    """Do one network-day and write its tables.

    Parameters
    ----------
    job : DayJob

    Returns
    -------
    Receipt

    Raises
    ------
    ParameterError
        If this process runs other code than the one that planned the job.
    ArchiveError
        If a file of the archive is no longer as the key of the job says, before or after.
    OutputError
        If the tables cannot be written.
    """
    begin = time.perf_counter()
    if code_version() != job.code:
        raise ParameterError(
            f"this worker runs paektuseis {code_version()}, the run was planned by {job.code}; "
            "install the same version everywhere, or start the run again"
        )
    _require_as_planned(job)
    archive = Archive(job.archive, layout=job.layout, index=job.index or None)
    result = process_day(
        archive,
        starttime=job.starttime,
        endtime=job.endtime,
        network=job.network,
        inventory=_inventory(job.inventory, job.inventory_digest),
        settings=job.settings,
        measure_events=job.measure_events,
        station_spectra=False,
        per_octave=job.settings.spectra.per_octave,
        rate_window=RATE_WINDOW,
        threads=job.threads,
        progress=lambda what, done, total: stop_if_told(),
    )
    _require_as_planned(job)
    stop_if_told()
    timings = dict(result.timings)
    before = time.thread_time()
    record = {
        "job": job.name,
        "key": job.key,
        "starttime": str(job.starttime),
        "endtime": str(job.endtime),
        "code": code_version(),
    }
    rows, size = write_day(result, Path(job.out), job.name, record)
    timings["write"] = time.thread_time() - before
    return Receipt(
        name=job.name,
        key=job.key,
        rows=rows,
        size=size,
        problems=result.problems,
        seconds=time.perf_counter() - begin,
        timings=timings,
        peak_memory=peak_memory(),
    )


def _require_as_planned(job: DayJob) -> None:
    """Refuse a day whose files are not those that its key was made of."""
    for name, size, mtime_ns in job.files:
        if size < 0:  # it could not be looked at when the archive was indexed
            continue
        path = os.path.join(job.archive, name)
        try:
            info = os.stat(path)
        except OSError as error:
            raise ArchiveError(
                f"{path}: went away while the day was processed ({error.strerror}); "
                "the next run does the day again"
            ) from error
        if (info.st_size, info.st_mtime_ns) != (size, mtime_ns):
            raise ArchiveError(
                f"{path}: changed while the day was processed; the next run does the day again"
            )


@functools.lru_cache(maxsize=2)
def _inventory(paths: tuple[str, ...], digest: str) -> Inventory | None:
    """Read the metadata once for all days a worker does."""
    return read_stations(list(paths)) if paths else None


def peak_memory() -> float:
    """Return the largest resident memory of this process so far, in megabytes."""
    try:
        import resource
    except ImportError:  # not on this system
        return float("nan")
    import sys

    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / (1e6 if sys.platform == "darwin" else 1e6 / 1024)
