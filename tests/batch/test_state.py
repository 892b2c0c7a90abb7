"""The state table of a run: leases, races of real processes, deaths at any moment."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from obspy import UTCDateTime

from paektuseis.batch.state import RunState, owner_name
from paektuseis.errors import OutputError, ParameterError
from paektuseis.tables import JOBS

DAY = UTCDateTime(2010, 9, 1)
ELSEWHERE = "another-host:1:5:boot:1:0"


def plan(n: int, key: str = "k") -> list[tuple[str, str, UTCDateTime, UTCDateTime]]:
    return [(f"day={i:03d}", f"{key}{i}", DAY + i * 86400, DAY + (i + 1) * 86400) for i in range(n)]


@pytest.fixture
def state(tmp_path: Path) -> RunState:
    return RunState(tmp_path / "run" / "state.sqlite")


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[str]]:
    """A process that has named itself as an owner and then waits."""
    code = (
        "import sys; from paektuseis.batch.state import owner_name\n"
        "print(owner_name(), flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    yield process
    process.kill()
    process.communicate()


def one(state: RunState, name: str = "day=000") -> dict[str, object]:
    rows = state.jobs()
    return rows[rows["job"] == name].iloc[0].to_dict()


def test_nothing_planned_is_an_empty_table(state: RunState) -> None:
    assert list(state.jobs().columns) == JOBS.names
    assert len(state.jobs()) == 0
    assert state.counts() == {"planned": 0, "running": 0, "done": 0, "failed": 0}
    assert not state.path.exists()
    state.path.parent.mkdir()
    state.path.touch()  # what a process leaves that dies in its first transaction
    assert len(state.jobs()) == 0


def test_life_of_a_job(state: RunState) -> None:
    assert state.plan(plan(2)) == ["day=000", "day=001"]
    me = owner_name()
    assert state.claim("day=000", me, 60)
    assert one(state)["state"] == "running"
    assert one(state)["attempts"] == 1
    before = time.time()
    assert state.finish(
        "day=000",
        me,
        "done",
        problems=["no response of A", "€"],
        seconds=1.5,
        n_rows=7,
        n_bytes=900,
    )
    row = one(state)
    assert JOBS.check(state.jobs()) is not None
    assert (row["state"], row["seconds"]) == ("done", 1.5)
    assert row["problems"] == ("no response of A", "€")
    assert (row["n_rows"], row["n_bytes"], row["reason"], row["owner"]) == (7, 900, "", me)
    assert before - 1 < row["finished"].timestamp() < time.time() + 1
    assert (row["starttime"].timestamp(), row["endtime"].timestamp()) == (DAY, DAY + 86400)
    assert not state.claim("day=000", me, 60)
    assert state.counts() == {"planned": 1, "running": 0, "done": 1, "failed": 0}
    assert not state.claim("no such job", me, 60)


def test_times_keep_their_nanoseconds(state: RunState) -> None:
    start = UTCDateTime(ns=1283299200123456789)
    state.plan([("a", "k", start, start + 1)])
    assert state.jobs()["starttime"][0].value == start.ns


def test_plan_resets_what_changed_and_only_that(state: RunState) -> None:
    me = owner_name()
    state.plan(plan(4))
    for i in range(4):
        state.claim(f"day={i:03d}", me, 60)
        done = state.finish(
            f"day={i:03d}", me, "failed" if i == 3 else "done", reason="x" if i == 3 else ""
        )
        assert done
    changed = plan(4)
    changed[1] = (changed[1][0], "other", changed[1][2], changed[1][3] - 3600)
    assert state.plan(changed, retry_failed=False) == ["day=001"]
    row = one(state, "day=001")
    assert (row["state"], row["key"], row["attempts"], row["owner"]) == ("planned", "other", 0, "")
    assert row["endtime"].timestamp() == DAY + 2 * 86400 - 3600
    assert one(state, "day=000")["state"] == "done"
    assert one(state, "day=003")["reason"] == "x"
    assert state.plan(changed) == ["day=001", "day=003"]
    row = one(state, "day=003")
    assert (row["state"], row["reason"], row["attempts"]) == ("planned", "", 1)


def test_plan_believes_results_more_than_the_table(state: RunState) -> None:
    me = owner_name()
    jobs = plan(4)
    state.plan(jobs)
    for i in range(2):
        state.claim(f"day={i:03d}", me, 60)
        state.finish(f"day={i:03d}", me, "done")
    # the result of day 0 was removed; the state of day 2 was lost, its result is there
    there = {("day=001", "k1"), ("day=002", "k2"), ("day=003", "older key")}
    todo = state.plan(jobs, has_result=lambda name, key: (name, key) in there)
    assert todo == ["day=000", "day=003"]
    assert list(state.jobs()["state"]) == ["planned", "done", "done", "planned"]


def test_jobs_of_earlier_plans_stay(state: RunState) -> None:
    state.plan(plan(3))
    assert state.plan(plan(1)) == ["day=000"]
    assert len(state.jobs()) == 3


def test_plan_leaves_a_running_job_alone(state: RunState) -> None:
    state.plan(plan(1))
    state.claim("day=000", ELSEWHERE, 60)
    assert state.plan(plan(1), has_result=lambda name, key: True) == ["day=000"]
    assert one(state)["owner"] == ELSEWHERE


def test_late_result_of_an_old_key_does_not_count(state: RunState) -> None:
    state.plan(plan(1))
    state.claim("day=000", ELSEWHERE, 60)
    state.plan(plan(1, key="new"))
    assert not state.finish("day=000", ELSEWHERE, "done")
    assert one(state)["state"] == "planned"
    assert not state.claim("day=000", owner_name(), 60, key="k0")
    assert state.claim("day=000", owner_name(), 60, key="new0")


def test_lease_keeps_others_out_until_it_runs_out(state: RunState) -> None:
    state.plan(plan(1))
    assert state.claim("day=000", ELSEWHERE, 0.5)
    assert not state.claim("day=000", "somebody", 60)
    assert not state.claim("day=000", ELSEWHERE, 60)
    time.sleep(0.6)
    assert one(state)["state"] == "planned"  # nobody is at it
    assert state.claim("day=000", "somebody", 60)
    assert not state.finish("day=000", ELSEWHERE, "done")  # too late
    assert one(state)["owner"] == "somebody"
    assert one(state)["attempts"] == 2


def test_a_lease_of_fifty_years_holds_nothing(state: RunState) -> None:
    """It was taken under a clock that was wrong, or a bit of it has flipped."""
    state.plan(plan(1))
    assert state.claim("day=000", ELSEWHERE, 60)
    with closing(sqlite3.connect(state.path)) as db:
        db.execute("UPDATE jobs SET lease_until = ?", (time.time() + 50 * 365 * 86400,))
        db.commit()
    assert one(state)["state"] == "planned"
    assert state.claim("day=000", owner_name(), 60)


def test_who_writes_holds_the_lock_from_the_start(state: RunState) -> None:
    """Before its first statement, so that nothing it reads can change under it."""
    state.plan(plan(1))
    with state._database.writing(), closing(sqlite3.connect(state.path, timeout=0)) as other:
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        assert other.execute("SELECT count(*) FROM jobs").fetchone() == (1,)


def test_the_schema_of_a_file_is_not_trusted(state: RunState) -> None:
    state.plan(plan(1))
    with state._database.reading() as db:
        assert db.execute("PRAGMA trusted_schema").fetchone() == (0,)


@pytest.mark.parametrize(
    "damage",
    [
        "starttime = 'x'",
        "problems = '[x'",
        "starttime = 1e300",
        "state = 'dine'",
    ],
)
def test_a_damaged_row_is_told(state: RunState, damage: str) -> None:
    state.plan(plan(2))
    with closing(sqlite3.connect(state.path)) as db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        db.execute(f"UPDATE jobs SET {damage} WHERE job = 'day=000'")
        db.commit()
    with pytest.raises(OutputError, match=r"state\.sqlite: damaged.*remove it"):
        state.jobs()


def test_renewed_lease_holds(state: RunState) -> None:
    state.plan(plan(2))
    state.claim("day=000", ELSEWHERE, 0.5)
    state.claim("day=001", ELSEWHERE, 0.5)
    assert state.renew(ELSEWHERE, 60) == 2
    time.sleep(0.6)
    assert not state.claim("day=000", "somebody", 60)
    assert state.release(ELSEWHERE) == 2
    assert state.renew(ELSEWHERE, 60) == 0
    assert state.claim("day=000", "somebody", 60)


def test_owners_in_one_process_differ() -> None:
    assert owner_name() != owner_name()


def test_lease_of_a_dead_process_is_void_at_once(
    state: RunState, sleeper: "subprocess.Popen[str]"
) -> None:
    assert sleeper.stdout is not None
    other = sleeper.stdout.readline().strip()
    state.plan(plan(1))
    assert state.claim("day=000", other, 3600)
    assert not state.claim("day=000", owner_name(), 60)
    assert state.counts()["running"] == 1
    sleeper.kill()
    sleeper.wait()
    assert state.counts()["running"] == 0
    assert state.claim("day=000", owner_name(), 60)


@pytest.mark.skipif(not os.path.exists("/proc/self/stat"), reason="needs /proc")
def test_process_id_used_again_is_another_owner(state: RunState) -> None:
    """An owner with the id of a living process, but of another start, is dead."""
    host, pid, start, boot, namespace, _ = owner_name().split(":")
    earlier = ":".join((host, pid, str(int(start) - 1), boot, namespace, "0"))
    before_boot = ":".join((host, pid, start, "other-boot", namespace, "0"))
    container = ":".join((host, pid, str(int(start) - 1), boot, "42", "0"))
    state.plan(plan(3))
    for name, owner in zip(
        ("day=000", "day=001", "day=002"), (earlier, before_boot, container), strict=True
    ):
        assert state.claim(name, owner, 3600)
    assert state.claim("day=000", "next", 60)
    assert state.claim("day=001", "next", 60)
    assert not state.claim("day=002", "next", 60)  # ids of another namespace say nothing


RACER = """
import sys
from paektuseis.batch.state import RunState, owner_name
state, names = RunState(sys.argv[1]), sys.argv[2].split(",")
me = owner_name()
print("ready", flush=True)
sys.stdin.readline()
for name in names:
    if state.claim(name, me, 600):
        print(name, flush=True)
        if len(sys.argv) == 3:
            assert state.finish(name, me, "done")
"""


def racers(state: RunState, names: list[str], count: int, *extra: str) -> list[str]:
    """Let processes claim the same jobs at the same time; return what each printed."""
    command = [sys.executable, "-c", RACER, str(state.path), ",".join(names), *extra]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    printed = [process.communicate(timeout=60)[0] for process in started]
    assert all(process.returncode == 0 for process in started)
    return printed


def test_racing_processes_share_the_jobs(state: RunState) -> None:
    names = state.plan(plan(40))
    printed = racers(state, names, 2)
    taken = Counter(name for text in printed for name in text.split())
    assert taken == dict.fromkeys(names, 1)
    assert state.counts()["done"] == 40
    assert list(state.jobs()["attempts"]) == [1] * 40


def test_killed_at_random_moments(state: RunState) -> None:
    """Runners killed in the midst of their transactions leave a table that can be gone on with."""
    names = state.plan(plan(3000))
    command = [sys.executable, "-c", RACER, str(state.path), ",".join(names)]
    printed: list[str] = []
    for moment in (0.013, 0.081, 0.147):
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        process.stdin.write("go\n")
        process.stdin.flush()
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        printed += process.communicate()[0].split()
        with sqlite3.connect(state.path) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        db.close()
        counts = state.counts()
        assert counts["running"] == counts["failed"] == 0
        # whatever a process said it had taken, all but the last, it had also finished
        assert len(set(printed)) - 3 <= counts["done"] <= len(set(printed)) + 3
    assert 0 < state.counts()["done"] < 3000
    unfinished = state.jobs().query("state == 'planned'")
    assert state.claim(unfinished["job"].iloc[0], owner_name(), 60)
    assert sum(n > 1 for n in Counter(printed).values()) <= 3


def test_bad_arguments(state: RunState) -> None:
    state.plan(plan(1))
    with pytest.raises(ParameterError, match="lease_seconds"):
        state.claim("day=000", "me", 0)
    with pytest.raises(ParameterError, match="lease_seconds"):
        state.renew("me", float("nan"))
    with pytest.raises(ParameterError, match="owner"):
        state.claim("day=000", "", 60)
    with pytest.raises(ParameterError, match='"done" or "failed"'):
        state.finish("day=000", "me", "running")


def test_file_that_is_no_state(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    path.write_text("not a database, and long enough to be seen as none" * 40)
    with pytest.raises(OutputError, match=r"state\.sqlite.*remove it"):
        RunState(path).jobs()
    with pytest.raises(OutputError, match="remove it"):
        RunState(path).plan(plan(1))
    path.unlink()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(OutputError, match="version 99"):
        RunState(path).counts()
    with pytest.raises(OutputError, match="cannot be written"):
        RunState(path / "below" / "a.sqlite").plan(plan(1))


def test_failed_plan_changes_nothing(state: RunState) -> None:
    state.plan(plan(2))
    broken = [*plan(2, key="new"), ("day=002", None, DAY, DAY)]
    with pytest.raises(OutputError):
        state.plan(broken)  # type: ignore[arg-type]
    assert list(state.jobs()["key"]) == ["k0", "k1"]
