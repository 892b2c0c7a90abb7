"""``run_archive``: years of records, day by day, so that nothing is done twice or lost."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
from obspy import Inventory, UTCDateTime

from .. import __version__
from ..config import Settings, load_settings, settings_hash, settings_to_toml
from ..errors import NoRecordsError, OutputError, ParameterError
from ..io import (
    Archive,
    ArchiveIndex,
    atomic_path,
    index_archive,
    make_folder,
    write_text,
)
from ..network import Network
from ..provenance import package_versions
from ..times import TimeLike, as_utc
from ._bad_files import note_bad_files
from .executors import local_executor, worker_count
from .job import Receipt, run_job
from .plan import DayJob, code_version, days_between, network_fingerprint, plan_days
from .state import STATE, RunState, owner_name
from .store import METADATA, RESULTS, read_receipt, remove_result, result_in_place, sweep

log = logging.getLogger("paektuseis.batch")

LEASE = 120.0
"""Seconds after which a job whose runner no longer renews its claim may be taken over."""

"""File beside the results that names every file of the archive not wholly usable."""

_POLL = 2.0


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a run is; handed to ``progress`` after each job.

    Attributes
    ----------
    job : str
        The one just finished; ``""`` at the start.
    state : str
        ``done``, ``failed``, or ``planned`` at the start.
    done, failed, unchanged, total : int
        Jobs so far; ``unchanged`` ones were there from an earlier run.
    seconds : float
        Since the start of the run.
    reason : str
        Why it failed.
    """

    job: str
    state: str
    done: int
    failed: int
    unchanged: int
    total: int
    seconds: float
    reason: str = ""

    @property
    def left(self) -> float:
        """Seconds still to go at the rate so far (NaN before the first job)."""
        worked = self.done + self.failed
        todo = self.total - self.unchanged - worked
        return self.seconds / worked * todo if worked else float("nan")


@dataclass(frozen=True, kw_only=True)
class ArchiveRun:
    """What :func:`run_archive` did.

    Attributes
    ----------
    out : Path
        Folder of the results; open it with :func:`paektuseis.open_results`.
    jobs : DataFrame
        ``tables.JOBS``: every job with its state and, where it failed, the reason.
    done, failed, unchanged : int
        Jobs done in this run, failed in it, and left as an earlier run made them.
    problems : int
        What could not be done within days that are done, in this run or before.
    bad_files : dict of str to str
        Files of the archive that cannot be used wholly, or have changed though their size and
        time have not, with the reason; they stand in ``out/bad-files.jsonl`` too.
    seconds : float
        Wall time.
    timings : dict of str to float
        CPU seconds by stage, of the jobs done in this run.
    peak_memory : float
        Largest resident memory of a worker in megabytes.
    """

    out: Path
    jobs: pd.DataFrame
    done: int
    failed: int
    unchanged: int
    problems: int
    seconds: float
    bad_files: dict[str, str] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    peak_memory: float = float("nan")

    @property
    def complete(self) -> bool:
        """Whether every job is done."""
        return bool((self.jobs["state"] == "done").all())


def run_archive(
    archive: Archive | str | os.PathLike[str],
    settings: Settings | str | os.PathLike[str] | None,
    out: str | os.PathLike[str],
    *,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    executor: Executor | None = None,
    workers: int = 1,
    network: Network | None = None,
    inventory: Inventory | str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | None = None,
    measure_events: bool = False,
    index: str | os.PathLike[str] | None = None,
    dry_run: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> ArchiveRun:
    """Process an archive day by day; a rerun does only what changed, a killed run resumes.

    Each network-day is one job: every record is decoded once, and its tables (quality,
    availability, gaps, triggers, monitoring, detections, events, RSAM, SSAM, ratios, rates,
    one-minute spectra, hourly noise) appear together in ``out/tables/day=YYYY-MM-DD`` or not at
    all. Several runs may work on one ``out`` at the same time: they share the jobs.

    Parameters
    ----------
    archive : Archive or path
        Its folder.
    settings : Settings, path of a TOML file, or None
        None takes the defaults.
    out : path
        Folder of the results.
    starttime, endtime : UTCDateTime or str, optional
        Half-open span; by default all there is. Days that lie in it in part are
        processed in part.
    executor : concurrent.futures.Executor, optional
        Who does the jobs; its workers must see the same folders. By default processes of
        this machine.
    workers : int, optional
        Processes where no executor is given; 1 works in this process. Where there are fewer days
        than workers, the channels of a day are measured in threads.
    network : Network, optional
        Positions for the move-out.
    inventory : Inventory or path(s), optional
        Responses; without them amplitudes stay in counts.
    measure_events : bool, optional
        Read each event's window again and measure amplitudes and spectral attributes.
    index : path, optional
        Index of the archive (SQLite, tsindex layout); by default ``out/index.sqlite``. It is
        brought up to date first: only files that changed are looked at.
    dry_run : bool, optional
        Only plan: the jobs are returned with the state they are in.
    progress : callable, optional
        Called with a :class:`Progress` at the start and after each job.

    Returns
    -------
    ArchiveRun

    Raises
    ------
    ParameterError
        If the span or an option makes no sense.
    ArchiveError
        If the archive is missing (``NoRecordsError``: it holds nothing in the span).
    OutputError
        If something cannot be written: a full disk ends the run, it does not fail day after day.

    Notes
    -----
    A job that fails, whatever the reason, is a row of the job table, and the run goes on. A
    claim on a job is a lease that its runner renews; that of a process that has died
    on the same machine is void at once, that of another machine after two minutes.
    """
    begin = time.perf_counter()
    chosen = settings if isinstance(settings, Settings) else load_settings(_path(settings))
    folder = make_folder(Path(out))
    make_folder(folder / RESULTS)
    known = archive if isinstance(archive, Archive) else Archive(archive)
    index_path = Path(index) if index is not None else folder / "index.sqlite"
    sweep(folder)
    report = index_archive(known, index_path)
    bad_files = note_bad_files(report, folder, named=known.layout != "flat")
    spans = _spans(ArchiveIndex(index_path, root=known.root), known, chosen, starttime, endtime)
    names, digest = _metadata(inventory, folder)
    jobs = plan_days(
        ArchiveIndex(index_path, root=known.root),
        spans,
        settings=chosen,
        network=network,
        archive=str(known.root.resolve()),
        layout=known.layout,
        index=str(index_path.resolve()),
        out=str(folder.resolve()),
        inventory=names,
        inventory_digest=digest,
        measure_events=measure_events,
    )
    if not jobs:
        raise NoRecordsError(
            f"{known.root}: no records of {', '.join(chosen.data.trace_ids)} from {spans[0][0]} to "
            f"{spans[-1][1]}"
        )
    state = RunState(folder / STATE)
    todo = state.plan(
        [(job.name, job.key, job.starttime, job.endtime) for job in jobs],
        has_result=lambda name, key: result_in_place(folder, name, key),
    )
    if dry_run:
        tally = _Tally(unchanged=len(jobs) - len(todo), bad_files=bad_files)
        return _summary(folder, state, jobs, tally, begin)
    record = _record(known, chosen, network, names, digest, jobs, measure_events)
    _write_record(folder, record)
    if executor is None and todo and workers > len(todo):
        # fewer days than processors: the channels of a day share them
        jobs = [replace(job, threads=workers // len(todo)) for job in jobs]
        workers = len(todo)
    runner = _Runner(folder, state, jobs, todo, progress, begin)
    runner.tally.bad_files = bad_files
    try:
        again = True
        while again:
            context: AbstractContextManager[Executor]
            context = nullcontext(executor) if executor is not None else local_executor(workers)
            with context as pool:
                again = runner.work(pool) and executor is None
    finally:
        state.release(runner.owner)
        sweep(folder)
    done = _summary(folder, state, jobs, runner.tally, begin)
    _write_record(
        folder,
        {**record, "finished": str(UTCDateTime()), "seconds": done.seconds, "jobs": state.counts()},
    )
    return done


@dataclass
class _Tally:
    """What this runner has done."""

    done: int = 0
    failed: int = 0
    unchanged: int = 0
    problems: int = 0
    bad_files: dict[str, str] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    peak_memory: float = float("nan")

    def add(self, receipt: Receipt) -> None:
        self.done += 1
        self.problems += len(receipt.problems)
        for stage, seconds in receipt.timings.items():
            self.timings[stage] = self.timings.get(stage, 0.0) + seconds
        if not self.peak_memory >= receipt.peak_memory:
            self.peak_memory = receipt.peak_memory


class _Runner:
    """Claims jobs, hands them to an executor and notes what becomes of them."""

    def __init__(
        self,
        folder: Path,
        state: RunState,
        jobs: list[DayJob],
        todo: list[str],
        progress: Callable[[Progress], None] | None,
        begin: float,
    ) -> None:
        self.folder = folder
        self.state = state
        self.owner = owner_name()
        self.tally = _Tally()
        self._jobs = {job.name: job for job in jobs}
        self._tell = progress or (lambda progress: None)
        self._begin = begin
        self._renewed = time.monotonic()
        self._suspects: set[str] = set()
        self._queue = deque(todo)
        self.tally.unchanged = len(jobs) - len(todo)
        for name in self._jobs.keys() - set(todo):
            self.tally.problems += len(read_receipt(folder, name).get("problems", ()))
        self._report("", "planned")

    def _states(self) -> dict[str, str]:
        rows = self.state.jobs()
        return dict(zip(rows["job"], rows["state"], strict=True))

    def work(self, pool: Executor) -> bool:
        """Work until nothing is left; return True if the pool broke and a new one is needed."""
        running: dict[Future[Receipt], str] = {}
        most = 2 * worker_count(pool)
        elsewhere: list[str] = []  # another runner has them
        while True:
            # one at a time while it is not known which job ends its worker
            while self._queue and len(running) < (1 if self._suspects else most):
                name = self._queue.popleft()
                if self.state.claim(name, self.owner, LEASE, key=self._jobs[name].key):
                    running[pool.submit(run_job, self._jobs[name])] = name
                else:
                    elsewhere.append(name)
            if not running:
                elsewhere = self._unfinished(elsewhere)
                if not elsewhere:
                    return False
                time.sleep(_POLL)
                self._queue.extend(elsewhere)
                elsewhere = []
                continue
            finished, _ = wait(running, timeout=LEASE / 4, return_when=FIRST_COMPLETED)
            self._renew()
            lost = [f for f in finished if isinstance(f.exception(), BrokenProcessPool)]
            for future in finished:
                if future not in lost:
                    self._note(running.pop(future), future)
            if lost:
                self._start_again(list(running.values()))
                return True

    def _unfinished(self, names: list[str]) -> list[str]:
        """Return which of the jobs another runner had are still to be done."""
        states = self._states()
        still = []
        for name in names:
            state = states.get(name, "planned")
            if state not in ("done", "failed"):
                still.append(name)
                continue
            self.tally.unchanged += 1
            if state == "done":
                problems = read_receipt(self.folder, name).get("problems", ())
                self.tally.problems += len(problems)
            self._report(name, state)
        return still

    def _note(self, name: str, future: Future[Receipt]) -> None:
        self._suspects.discard(name)
        error = future.exception()
        if error is None:
            receipt = future.result()
            self.tally.add(receipt)
            self.state.finish(
                name,
                self.owner,
                "done",
                problems=receipt.problems,
                seconds=receipt.seconds,
                n_rows=sum(receipt.rows.values()),
                n_bytes=receipt.size,
            )
            for problem in receipt.problems:
                log.warning("%s: %s", name, problem)
            self._supersede(name)
            self._report(name, "done")
            return
        self._fail(name, f"{type(error).__name__}: {error}")
        if isinstance(error, OutputError):  # the next day could not be written either
            raise error

    def _fail(self, name: str, reason: str) -> None:
        self._suspects.discard(name)
        log.error("%s failed: %s", name, reason)
        self.tally.failed += 1
        self.state.finish(name, self.owner, "failed", reason=reason)
        self._report(name, "failed", reason)

    def _start_again(self, names: list[str]) -> None:
        """A worker was killed or ran out of memory: try its jobs again, one by one."""
        if len(names) == 1:
            self._fail(names[0], "the worker process ended (killed, or out of memory)")
            return
        self._suspects.update(names)
        self.state.release(self.owner)
        self._queue.extendleft(reversed(names))

    def _supersede(self, name: str) -> None:
        """Remove results of other spans of the same day that overlap with a new one."""
        job = self._jobs[name]
        day = name[: len("day=YYYY-MM-DD")]
        for path in (self.folder / RESULTS).glob(f"{day}*"):
            other = read_receipt(self.folder, path.name)
            if path.name == name or not other:
                continue
            begin, end = UTCDateTime(other["starttime"]), UTCDateTime(other["endtime"])
            if begin < job.endtime and job.starttime < end:
                remove_result(self.folder, path.name)

    def _renew(self) -> None:
        if time.monotonic() - self._renewed > LEASE / 4:
            self.state.renew(self.owner, LEASE)
            self._renewed = time.monotonic()

    def _report(self, name: str, state: str, reason: str = "") -> None:
        t = self.tally
        self._tell(
            Progress(
                job=name,
                state=state,
                done=t.done,
                failed=t.failed,
                unchanged=t.unchanged,
                total=len(self._jobs),
                seconds=time.perf_counter() - self._begin,
                reason=reason,
            )
        )


def _path(value: Any) -> Path | None:
    return None if value is None else Path(value)


def _spans(
    index: ArchiveIndex,
    archive: Archive,
    settings: Settings,
    starttime: TimeLike | None,
    endtime: TimeLike | None,
) -> list[tuple[UTCDateTime, UTCDateTime]]:
    """Return the pieces of days to be done."""
    start = None if starttime is None else as_utc(starttime, name="starttime")
    end = None if endtime is None else as_utc(endtime, name="endtime")
    if start is not None and end is not None and end <= start:
        raise ParameterError(f"endtime={end} is not after starttime={start}")
    days = index.days(list(settings.data.trace_ids))
    if not days:
        raise NoRecordsError(
            f"{archive.root}: no records of {', '.join(settings.data.trace_ids)} that can be read"
        )
    first = max(start, days[0]) if start is not None else days[0]
    last = min(end, days[-1] + 86400.0) if end is not None else days[-1] + 86400.0
    if last <= first:
        raise NoRecordsError(
            f"{archive.root}: no records from {starttime or 'its start'} to "
            f"{endtime or 'its end'}; it holds {days[0]} to {days[-1] + 86400.0}"
        )
    return days_between(first, last)


def _metadata(inventory: Any, folder: Path) -> tuple[tuple[str, ...], str]:
    """Return the metadata files a job reads, and a digest of what is in them."""
    if inventory is None:
        return (), ""
    if isinstance(inventory, Inventory):
        path = make_folder(folder / METADATA) / "stations.xml"
        contents = _contents(inventory)
        with atomic_path(path) as temporary:
            temporary.write_bytes(contents)
        return (str(path.resolve()),), hashlib.sha256(contents).hexdigest()
    if isinstance(inventory, str | os.PathLike):
        inventory = [inventory]
    paths = [Path(p).resolve() for p in inventory]
    digests = [hashlib.sha256(p.read_bytes()).hexdigest() for p in paths]
    return tuple(map(str, paths)), hashlib.sha256("".join(digests).encode()).hexdigest()


def _contents(inventory: Inventory) -> bytes:
    """Return the metadata as StationXML, the same for the same metadata."""
    import io

    copy = inventory.copy()
    copy.created = UTCDateTime(0)
    buffer = io.BytesIO()
    copy.write(buffer, format="STATIONXML")
    return buffer.getvalue()


def _record(
    archive: Archive,
    settings: Settings,
    network: Network | None,
    inventory: tuple[str, ...],
    digest: str,
    jobs: list[DayJob],
    measure_events: bool,
) -> dict[str, Any]:
    return {
        "paektuseis": __version__,
        "code": code_version(),
        "versions": package_versions(),
        "archive": str(archive.root.resolve()),
        "layout": archive.layout,
        "starttime": str(jobs[0].starttime),
        "endtime": str(jobs[-1].endtime),
        "network": None if network is None else network.name,
        "network_hash": network_fingerprint(network),
        "inventory": list(inventory),
        "inventory_sha256": digest,
        "measure_events": measure_events,
        "settings": settings_to_toml(settings, comments=False),
        "settings_hash": settings_hash(settings),
        "started": str(UTCDateTime()),
    }


def _write_record(folder: Path, record: dict[str, Any]) -> None:
    write_text(folder / "run.json", json.dumps(record, indent=2, sort_keys=True) + "\n")


def _summary(
    folder: Path, state: RunState, jobs: list[DayJob], tally: _Tally, begin: float
) -> ArchiveRun:
    rows = state.jobs()
    mine = rows[rows["job"].isin([job.name for job in jobs])].reset_index(drop=True)
    return ArchiveRun(
        out=folder,
        jobs=mine,
        done=tally.done,
        failed=tally.failed,
        unchanged=tally.unchanged,
        problems=tally.problems,
        bad_files=tally.bad_files,
        seconds=time.perf_counter() - begin,
        timings=dict(tally.timings),
        peak_memory=tally.peak_memory,
    )
