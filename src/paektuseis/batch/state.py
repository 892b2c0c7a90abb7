"""Who does which job of a run, and what became of it: a table that several processes share."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd
from obspy import UTCDateTime

from .._database import Database
from ..errors import OutputError, ParameterError
from ..io._processes import owner_is_dead, owner_name
from ..tables import JOBS

__all__ = ["RunState", "owner_name"]

STATE = "state.sqlite"
STATES = ("planned", "running", "done", "failed")
LONGEST_LEASE = 86400.0
Plan = tuple[str, str, UTCDateTime, UTCDateTime]
"""Name, key, start and end of a job."""

_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    job TEXT PRIMARY KEY,
    key TEXT NOT NULL,
    starttime INTEGER NOT NULL,
    endtime INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('planned', 'running', 'done', 'failed')),
    owner TEXT NOT NULL DEFAULT '',
    lease_until REAL NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '',
    problems TEXT NOT NULL DEFAULT '[]',
    seconds REAL,
    n_rows INTEGER,
    n_bytes INTEGER,
    finished INTEGER
) WITHOUT ROWID
"""
_CLEAR = (
    "owner = '', lease_until = 0, reason = '', problems = '[]', "
    "seconds = NULL, n_rows = NULL, n_bytes = NULL, finished = NULL"
)
_ADVICE = (
    "The state of a run belongs on a local disk; if the file is damaged, remove it: "
    "the results stay, and a rerun finds them by their receipts"
)


class RunState:
    """The jobs of a run, each planned, running (under a lease), done or failed.

    Every method is one SQLite transaction: processes may race and be killed at any moment,
    and no job is ever given to two owners whose leases both hold.

    Parameters
    ----------
    path : str or Path
        SQLite file; made when first written.

    Notes
    -----
    A lease runs out ``lease_seconds`` of wall time after it was taken or renewed, and at
    once where its owner was a process of this machine that no longer lives. Wall time
    serves leases and the column ``finished`` only. The file must lie on a local disk: the
    locks of network file systems cannot be relied on. Workers on other machines need no
    access to it, since the process that hands out the jobs keeps the table.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._database = Database(self.path, _SCHEMA, _VERSION, error=OutputError, advice=_ADVICE)

    def __repr__(self) -> str:
        return f"RunState({str(self.path)!r})"

    def plan(
        self,
        jobs: Iterable[Plan],
        *,
        has_result: Callable[[str, str], bool] | None = None,
        retry_failed: bool = True,
    ) -> list[str]:
        """Enter jobs; those that changed, lost their result or failed are to be done again.

        Parameters
        ----------
        jobs : iterable of (str, str, UTCDateTime, UTCDateTime)
            Name, key, start and end. Jobs of earlier plans that are not named stay.
        has_result : callable, optional
            ``has_result(name, key)`` says whether the result of that key is in place. A job
            counts as done exactly where it is, whatever the table says of it, unless
            somebody is at work on it; without this the table is believed.
        retry_failed : bool, optional
            Whether failed jobs of the same key are to be done again.

        Returns
        -------
        list of str
            Names of the jobs given that are not done (nor failed, without
            ``retry_failed``), in the order given. Some may be held by another owner.
        """
        todo = []
        given = list(jobs)
        # asked before the lock is taken: it may look at thousands of files
        present = {name for name, key, _, _ in given if has_result and has_result(name, key)}
        with self._database.writing() as db:
            for name, key, start, end in given:
                row = db.execute(
                    "SELECT key, state, owner, lease_until FROM jobs WHERE job = ?", (name,)
                ).fetchone()
                known = None if row is None or row[0] != key else str(row[1])
                if known == "running" and _holds(row[2], row[3]):
                    todo.append(name)
                    continue
                there = name in present if has_result else known == "done"
                state = "done" if there else "planned"
                if not there and known == "failed" and not retry_failed:
                    state = "failed"
                if state != known:
                    _enter(db, name, key, start, end, state, again=known is not None)
                if state == "planned":
                    todo.append(name)
        return todo

    def claim(self, name: str, owner: str, lease_seconds: float, *, key: str | None = None) -> bool:
        """Take a job, if it is free.

        Parameters
        ----------
        name : str
        owner : str
            See :func:`owner_name`.
        lease_seconds : float
            Time until the lease runs out unless it is renewed.
        key : str, optional
            The job is taken only if its key is still this one.

        Returns
        -------
        bool
            False if it is done, failed, unknown, of another key, or held by an owner whose
            lease has not run out (that owner asking again included).
        """
        until = _lease(lease_seconds)
        _check_owner(owner)
        with self._database.writing() as db:
            row = db.execute(
                "SELECT key, state, owner, lease_until FROM jobs WHERE job = ?", (name,)
            ).fetchone()
            if row is None or (key is not None and row[0] != key):
                return False
            if row[1] not in ("planned", "running"):
                return False
            if row[1] == "running" and _holds(row[2], row[3]):
                return False
            db.execute(
                f"UPDATE jobs SET {_CLEAR} WHERE job = ?",
                (name,),
            )
            db.execute(
                "UPDATE jobs SET state = 'running', owner = ?, lease_until = ?, "
                "attempts = attempts + 1 WHERE job = ?",
                (owner, until, name),
            )
            return True

    def renew(self, owner: str, lease_seconds: float) -> int:
        """Prolong every lease of an owner; returns how many jobs it holds."""
        until = _lease(lease_seconds)
        with self._database.writing() as db:
            return db.execute(
                "UPDATE jobs SET lease_until = ? WHERE owner = ? AND state = 'running'",
                (until, owner),
            ).rowcount

    def finish(
        self,
        name: str,
        owner: str,
        state: str,
        *,
        reason: str = "",
        problems: Iterable[str] = (),
        seconds: float | None = None,
        n_rows: int | None = None,
        n_bytes: int | None = None,
    ) -> bool:
        """Note what became of a job.

        Parameters
        ----------
        name, owner : str
        state : {"done", "failed"}
        reason : str, optional
            Why it failed.
        problems : iterable of str, optional
            What could not be done within it.
        seconds : float, optional
            Wall time it took.
        n_rows, n_bytes : int, optional
            Size of its result.

        Returns
        -------
        bool
            False, and nothing is noted, if the owner no longer holds the job.
        """
        if state not in ("done", "failed"):
            raise ParameterError(f'state={state!r}; give "done" or "failed"')
        with self._database.writing() as db:
            changed = db.execute(
                "UPDATE jobs SET state = ?, lease_until = 0, reason = ?, problems = ?, "
                "seconds = ?, n_rows = ?, n_bytes = ?, finished = ? "
                "WHERE job = ? AND owner = ? AND state = 'running'",
                (
                    state,
                    reason,
                    json.dumps([str(problem) for problem in problems]),
                    seconds,
                    n_rows,
                    n_bytes,
                    time.time_ns(),
                    name,
                    owner,
                ),
            ).rowcount
        return bool(changed)

    def release(self, owner: str) -> int:
        """Give back every job an owner holds; returns how many there were."""
        with self._database.writing() as db:
            return db.execute(
                "UPDATE jobs SET state = 'planned', owner = '', lease_until = 0 "
                "WHERE owner = ? AND state = 'running'",
                (owner,),
            ).rowcount

    def jobs(self) -> pd.DataFrame:
        """Return every job with its state, in order of time.

        Returns
        -------
        DataFrame
            Schema ``JOBS``. A job whose lease no longer holds is planned, not running.
        """
        rows = []
        if self._database.is_there():
            with self._database.reading() as db:
                rows = db.execute(
                    "SELECT job, starttime, endtime, key, state, owner, attempts, reason, "
                    "problems, seconds, n_rows, n_bytes, finished, lease_until "
                    "FROM jobs ORDER BY starttime, endtime, job"
                ).fetchall()
        try:
            return JOBS.frame([_as_row(*row) for row in rows])
        except (TypeError, ValueError, OverflowError) as error:
            raise OutputError(f"{self.path}: damaged ({error}). {_ADVICE}") from error

    def counts(self) -> dict[str, int]:
        """Return the number of jobs in each state."""
        found = self.jobs()["state"].value_counts()
        return {state: int(found.get(state, 0)) for state in STATES}


def _enter(
    db: sqlite3.Connection,
    name: str,
    key: str,
    start: UTCDateTime,
    end: UTCDateTime,
    state: str,
    *,
    again: bool,
) -> None:
    """Insert a job, or set it back; attempts are counted on only under the same key."""
    db.execute(
        "INSERT INTO jobs (job, key, starttime, endtime, state) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (job) DO UPDATE SET key = excluded.key, starttime = excluded.starttime, "
        f"endtime = excluded.endtime, state = excluded.state, {_CLEAR}, "
        f"attempts = {'attempts' if again else '0'}",
        (name, key, int(start.ns), int(end.ns), state),
    )


def _as_row(
    job: str,
    start: int,
    end: int,
    key: str,
    state: str,
    owner: str,
    attempts: int,
    reason: str,
    problems: str,
    seconds: float | None,
    n_rows: int | None,
    n_bytes: int | None,
    finished: int | None,
    lease_until: float,
) -> dict[str, object]:
    if state not in STATES:
        raise ValueError(f"{job!r} is in no state that there is: {state!r}")
    if state == "running" and not _holds(owner, lease_until):
        state, owner = "planned", ""
    return {
        "job": job,
        "starttime": UTCDateTime(ns=start),
        "endtime": UTCDateTime(ns=end),
        "key": key,
        "state": state,
        "owner": owner,
        "attempts": attempts,
        "reason": reason,
        "problems": json.loads(problems),
        "seconds": float("nan") if seconds is None else seconds,
        "n_rows": n_rows or 0,
        "n_bytes": n_bytes or 0,
        "finished": None if finished is None else UTCDateTime(ns=finished),
    }


# leases and their owners ----------------------------------------------------------------------


def _lease(lease_seconds: float) -> float:
    if not 0 < lease_seconds <= LONGEST_LEASE:
        raise ParameterError(
            f"lease_seconds={lease_seconds!r}; give a positive number of seconds up to "
            f"{LONGEST_LEASE:g}"
        )
    return time.time() + lease_seconds


def _check_owner(owner: str) -> None:
    if not isinstance(owner, str) or not owner:
        raise ParameterError(f"owner={owner!r}; give a name, such as owner_name() makes")


def _holds(owner: str, lease_until: float) -> bool:
    """Whether a lease is in force: not run out, and its owner not known to be dead.

    One that reaches further ahead than any lease can was taken under a clock that was wrong,
    or is damage: it holds nothing.
    """
    left = lease_until - time.time()
    return 0 < left <= LONGEST_LEASE and not owner_is_dead(owner)
