"""Break an archive run at every call that writes, and see whether a plain rerun mends it.

    python tests/reliability/faults.py H1 H2 --points all
    python tests/reliability/faults.py H5 --points 100

Each trial: a run of ``paektuseis batch`` on a small synthetic archive with one fault, then
the same command again without it. The tree of results must then be that of an undisturbed run
byte for byte, with nothing half written left behind. Calls are broken by a preloaded library
(faultcalls.c; needs a C compiler and Linux). Prints a line for each trial that failed, a
summary as JSON at the end, and exits 1 if there was one.

Runs are forked from one process that has the library loaded, so that a trial costs the work
and not the imports; H6 and H13 start real processes.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import errno
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
LIBRARY = "PAEKTUSEIS_FAULTCALLS"
COMMAND = "import sys; from paektuseis.cli import main; sys.argv[0] = 'paektuseis'; main()"
SETTINGS = """
[[detectors]]
name = "vt"
freqmin = 2.0
freqmax = 8.0
sta = 0.5
lta = 10.0
[amplitude]
freqmax = 8.0
[ratios]
names = ["vlar"]
"""
HARMLESS = ("unlink", "unlinkat", "rmdir")
"""Calls whose failure leaves something behind for the next run to remove, and costs nothing."""


class Bench:
    """A small archive, an undisturbed run of it, and what trials need."""

    def __init__(self, folder: Path, *, days: int = 2, seconds: float = 240.0) -> None:
        self.folder = folder
        self.archive = folder / "sds"
        self.settings = folder / "run.toml"
        self.settings.write_text(SETTINGS)
        self.days = days
        write_archive(self.archive, days=days, seconds=seconds)
        self.faults = ctypes.CDLL(os.environ[LIBRARY])
        self.faults.fault_last.restype = ctypes.c_char_p
        self.count = 0
        begin = time.perf_counter()
        assert self.run(folder / "first") == 0, "the undisturbed run failed"
        self.cold = time.perf_counter() - begin
        self.reference = tree(folder / "first")
        assert self.reference, "the undisturbed run wrote nothing"

    def words(self, out: Path) -> list[str]:
        return [
            "batch", str(self.archive), "--out", str(out), "--config", str(self.settings),
        ]  # fmt: skip

    def run(self, out: Path) -> int:
        """Run in this process."""
        from paektuseis.cli.app import run

        with open(os.devnull, "w") as null, contextlib.redirect_stdout(null):
            return run(self.words(out))

    def fork(self, out: Path, *, arm: tuple[int, int, int] | None = None) -> int:
        """Start a run in a child; returns its process id. Its words go to ``out``.err."""
        pid = os.fork()
        if pid:
            return pid
        code = 70
        try:
            log = os.open(f"{out}.err", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(log, 1)
            os.dup2(log, 2)
            if arm is not None:
                self.faults.fault_arm(os.fsencode(f"{out}"), *arm)
            try:
                code = self.run(out)
            except Exception:  # noqa: BLE001 - shown, and judged by its exit status
                traceback.print_exc()
            if arm is not None:
                hit = self.faults.fault_hits(), self.faults.fault_last().decode()
                Path(f"{out}.hit").write_text(json.dumps([self.faults.fault_calls(), *hit]))
        finally:
            os._exit(code)

    def wait(self, pid: int, seconds: float = 120.0) -> int:
        """Return the exit status of a child (negative: the signal it died of)."""
        deadline = time.monotonic() + seconds
        while True:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                return -99
            time.sleep(0.01)

    def fresh(self) -> Path:
        self.count += 1
        return self.folder / f"out-{self.count:05d}"

    def said(self, out: Path) -> str:
        path = Path(f"{out}.err")
        return path.read_text(errors="replace") if path.exists() else ""

    def settle(self, out: Path, *, codes: tuple[int, ...] = (0,)) -> list[str]:
        """Run again without a fault; return what is not as in the undisturbed run."""
        code = self.wait(self.fork(out))
        wrong = [] if code in codes else [f"rerun exits {code}: {self.said(out)[-300:]}"]
        wrong += difference(self.reference, tree(out))
        wrong += [f"left behind: {name}" for name in leftovers(out)]
        return wrong

    def cut(self, out: Path) -> list[str]:
        """Files under a final name that are not those of the undisturbed run."""
        return [
            f"cut: {name}"
            for name, data in tree(out).items()
            if not name.startswith(".") and "/." not in name and self.reference.get(name) != data
            and name != "run.json"
        ]  # fmt: skip

    def remove(self, out: Path) -> None:
        shutil.rmtree(out, ignore_errors=True)
        for end in (".err", ".hit"):
            Path(f"{out}{end}").unlink(missing_ok=True)


def write_archive(root: Path, *, days: int, seconds: float, seed: int = 3) -> None:
    from obspy import Stream, Trace, UTCDateTime

    import paektuseis as ps

    rng = np.random.default_rng(seed)
    for station in ("A", "B"):
        stream = Stream()
        for day in range(days):
            n = round(seconds * 20)
            data = rng.normal(0, 30, n)
            for at in (n // 3, 2 * n // 3):
                grain = 4000 * np.exp(-np.arange(200) / 50) * np.sin(np.arange(200) * 1.3)
                data[at : at + 200] += grain[: n - at]
            trace = Trace(np.rint(data).astype(np.int32))
            trace.stats.update({"network": "XX", "station": station, "channel": "HHZ"})
            trace.stats.sampling_rate = 20.0
            trace.stats.starttime = UTCDateTime(2014, 1, 1) + 86400 * day + 3600
            stream.append(trace)
        ps.write_sds(stream, root)


def tree(out: Path) -> dict[str, bytes]:
    """Every product with its bytes; of run.json only what does not tell the time."""
    found = {}
    for folder in (out / "tables", out / "metadata"):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                found[path.relative_to(out).as_posix()] = path.read_bytes()
    for name in ("run.json", "bad-files.jsonl"):
        if (out / name).is_file():
            found[name] = (out / name).read_bytes()
    if "run.json" in found:
        try:
            record = json.loads(found["run.json"])
        except ValueError:
            return found
        for key in ("started", "finished", "seconds"):
            record.pop(key, None)
        found["run.json"] = json.dumps(record, sort_keys=True).encode()
    return found


def leftovers(out: Path) -> list[str]:
    marks = ("-journal", "-wal", "-shm", ".lock", ".tmp")
    return [
        str(path.relative_to(out))
        for path in out.rglob("*")
        if path.name.startswith((".tmp", ".old")) or path.name.endswith(marks)
    ]


def difference(wanted: dict[str, bytes], found: dict[str, bytes]) -> list[str]:
    return (
        [f"missing: {n}" for n in wanted.keys() - found.keys()]
        + [f"too much: {n}" for n in found.keys() - wanted.keys()]
        + [f"differs: {n}" for n in wanted.keys() & found.keys() if wanted[n] != found[n]]
    )


class Score:
    """Trials of one fault, and what went wrong in them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.trials = 0
        self.bad = 0
        self.codes: Counter[str] = Counter()
        self.notes: dict[str, object] = {}

    def add(self, what: str, code: object, wrong: list[str]) -> None:
        self.trials += 1
        self.codes[str(code)] += 1
        if wrong:
            self.bad += 1
            print(f"{self.name} {what}: exit {code}: {'; '.join(wrong)[:600]}", flush=True)

    def summary(self) -> dict[str, object]:
        return {
            "fault": self.name, "trials": self.trials, "failed": self.bad,
            "exit codes": dict(self.codes), **self.notes,
        }  # fmt: skip


def some(total: int, points: int | None) -> list[int]:
    """Which of the calls 1 to total are tried: all, or so many, evenly spread."""
    if points is None or points >= total:
        return list(range(1, total + 1))
    return sorted({round(1 + (total - 1) * (i + 0.5) / points) for i in range(points)})


def count_calls(bench: Bench) -> int:
    out = bench.fresh()
    assert bench.wait(bench.fork(out, arm=(0, 0, 0))) == 0
    calls = int(json.loads(Path(f"{out}.hit").read_text())[0])
    bench.remove(out)
    return calls


# the faults ------------------------------------------------------------------------------------


def killed_at_each_call(bench: Bench, points: int | None) -> Score:
    """H1: SIGKILL in place of the n-th call that writes."""
    score = Score("H1")
    total = count_calls(bench)
    score.notes["output calls"] = total
    for n in some(total, points):
        out = bench.fresh()
        code = bench.wait(bench.fork(out, arm=(n, -1, 0)))
        wrong = [] if code == -signal.SIGKILL else [f"not killed: {bench.said(out)[-200:]}"]
        wrong += bench.cut(out)
        score.add(f"call {n}", code, wrong + bench.settle(out))
        bench.remove(out)
    return score


def failing_calls(bench: Bench, points: int | None) -> Score:
    """H2: the n-th call that writes fails with ENOSPC, EIO."""
    score = Score("H2")
    total = count_calls(bench)
    score.notes["output calls"] = total
    kinds: Counter[str] = Counter()
    for number in (errno.ENOSPC, errno.EIO):
        for n in some(total, points):
            out = bench.fresh()
            code = bench.wait(bench.fork(out, arm=(n, number, 0)))
            hit = Path(f"{out}.hit")
            last = json.loads(hit.read_text())[2] if hit.exists() else "?"
            kind = last.split(" ")[0]
            said = bench.said(out)
            wrong = bench.cut(out)
            if code == 4:
                if str(out) not in said:
                    wrong.append(f"no path in {said[-200:]!r}")
            elif not (code == 0 and not difference(bench.reference, tree(out))):
                wrong.append(f"exit {code} after a failing {last}: {said[-300:]}")
            elif kind not in HARMLESS and kind:
                kinds[f"{kind} overcome"] += 1
            if "Traceback" in said:
                wrong.append("traceback")
            score.add(f"{errno.errorcode[number]} call {n} ({last})", code,
                      wrong + bench.settle(out))  # fmt: skip
            bench.remove(out)
    score.notes["overcome"] = dict(kinds)
    return score


def full_disk(bench: Bench, points: int | None) -> Score:
    """H3: a disk of so many kilobytes, full at different places."""
    score = Score("H3")
    sizes = [64, 128, 192, 256, 320, 384, 448, 512, 640, 768]
    for size in sizes if points is None else sizes[:: max(1, len(sizes) // points)][:points]:
        disk = bench.folder / f"disk-{size}"
        disk.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}k", "none", str(disk)],
            capture_output=True, check=False,
        )  # fmt: skip
        if mounted.returncode:
            score.notes["skipped"] = mounted.stderr.decode().strip()
            return score
        out = disk / "out"
        try:
            err = bench.folder / f"out-h3-{size}"
            code = bench.wait(_fork_elsewhere(bench, out, err))
            said = bench.said(err)
            wrong = bench.cut(out)
            if code != 4 and difference(bench.reference, tree(out)):
                wrong.append(f"exit {code}: {said[-300:]}")
            if code == 4 and str(disk) not in said:
                wrong.append(f"no path in {said[-200:]!r}")
            subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
            again = bench.wait(_fork_elsewhere(bench, out, err))
            wrong += [] if again == 0 else [f"rerun exits {again}: {bench.said(err)[-300:]}"]
            wrong += difference(bench.reference, tree(out))
            wrong += [f"left behind: {n}" for n in leftovers(out)]
            score.add(f"{size} kB", code, wrong)
        finally:
            subprocess.run(["umount", str(disk)], check=True)
    return score


def _fork_elsewhere(bench: Bench, out: Path, err: Path) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        log = os.open(f"{err}.err", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(log, 2)
        code = bench.run(out)
    finally:
        os._exit(code)


def impossible_output(bench: Bench, points: int | None) -> Score:
    """H4: the output folder is a file, below a file, or on a disk that can only be read."""
    score = Score("H4")
    file = bench.folder / "a-file"
    file.write_text("in the way")
    places = [("a file", file), ("below a file", file / "out")]
    disk = bench.folder / "read-only"
    disk.mkdir(exist_ok=True)
    mounted = not subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "ro", "none", str(disk)], capture_output=True, check=False
    ).returncode
    if mounted:
        places += [("read-only", disk / "out"), ("read-only itself", disk)]
    try:
        for name, out in places:
            err = bench.folder / "out-h4"
            begin = time.perf_counter()
            code = bench.wait(_fork_elsewhere(bench, out, err))
            said = bench.said(err)
            wrong = [] if code == 4 else [f"exit {code}: {said[-200:]}"]
            if str(out) not in said or "Traceback" in said:
                wrong.append(f"says {said[-200:]!r}")
            if time.perf_counter() - begin > bench.cold:
                wrong.append("worked before it complained")
            score.add(name, code, wrong)
    finally:
        if mounted:
            subprocess.run(["umount", str(disk)], check=True)
    assert file.read_text() == "in the way"
    return score


def killed_at_random(bench: Bench, points: int | None) -> Score:
    """H5: SIGKILL at a random moment, twice, then run to the end."""
    score = Score("H5")
    rng = random.Random(5)
    out = bench.fresh()
    begin = time.perf_counter()
    bench.wait(bench.fork(out))
    length = time.perf_counter() - begin
    bench.remove(out)
    for i in range(points or 100):
        out = bench.fresh()
        wrong: list[str] = []
        for _ in range(2):
            pid = bench.fork(out)
            time.sleep(rng.uniform(0, 1.1 * length))
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            code = bench.wait(pid)
            wrong += bench.cut(out)
        score.add(f"trial {i}", code, wrong + bench.settle(out))
        bench.remove(out)
    return score


def interrupted(bench: Bench, points: int | None) -> Score:
    """H6: SIGINT, SIGTERM, each once and twice, with one and two processes."""
    score = Score("H6")
    slowest = 0.0
    with tempfile.TemporaryDirectory(dir=bench.folder) as name:
        big = Path(name) / "sds"
        write_archive(big, days=40, seconds=600.0)
        cases = [
            (number, twice, workers)
            for number in (signal.SIGINT, signal.SIGTERM)
            for twice in (False, True)
            for workers in (2, 1)
        ]
        for number, twice, workers in cases[:points]:
            out = Path(name) / f"out-{number}-{twice}-{workers}"
            words = ["batch", str(big), "--out", str(out), "--config", str(bench.settings),
                     "--workers", str(workers)]  # fmt: skip
            job = start(words)
            deadline = time.monotonic() + 120
            while time.monotonic() < deadline and job.poll() is None:
                if any((out / "tables").glob("day=*")):
                    break
                time.sleep(0.05)
            inside = family(job.pid)
            begin = time.monotonic()
            os.killpg(job.pid, number) if number == signal.SIGINT else job.send_signal(number)
            if twice:
                time.sleep(0.2)
                with contextlib.suppress(ProcessLookupError):
                    job.send_signal(number)
            _, said = job.communicate(timeout=60)
            took = time.monotonic() - begin
            slowest = max(slowest, took)
            wrong = []
            if job.returncode != 128 + number:
                wrong.append(f"exit {job.returncode}")
            if took > 5:
                wrong.append(f"{took:.1f} s")
            lines = [w for w in said.splitlines() if " of 40 days" not in w]
            if len(lines) != 1 or "Traceback" in said:
                wrong.append(f"says {said[-400:]!r}")
            time.sleep(2.5)
            alive = [pid for pid in inside if lives(pid)]
            if alive:
                wrong.append(f"workers still there: {alive}")
            wrong += [f"left behind: {n}" for n in leftovers(out)]
            score.add(f"{number.name} {'twice' if twice else 'once'} workers {workers}",
                      job.returncode, wrong)  # fmt: skip
    score.notes["slowest end (s)"] = round(slowest, 2)
    return score


def start(words: list[str], **options: object) -> subprocess.Popen[str]:
    environment = {k: v for k, v in os.environ.items() if k != "LD_PRELOAD"}
    environment.update(options.pop("env", {}))  # type: ignore[call-overload]
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True, env=environment, **options,
    )  # type: ignore[call-overload,no-any-return] # fmt: skip


def lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def family(pid: int) -> list[int]:
    """Processes below another one."""
    found, look = [], [pid]
    while look:
        at = look.pop()
        for task in Path(f"/proc/{at}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                children = [int(c) for c in task.read_text().split()]
                found += children
                look += children
    return found


def several_at_once(bench: Bench, points: int | None) -> Score:
    """H7: two, then eight runs on one output; then one after a runner that was killed."""
    score = Score("H7")
    for number in (2, 8) if points is None or points > 2 else (3,):
        out = bench.fresh()
        pids = [_fork_elsewhere(bench, out, bench.folder / f"out-h7-{i}") for i in range(number)]
        codes = [bench.wait(pid) for pid in pids]
        wrong = [f"exits {codes}"] if set(codes) - {0, 4} or 0 not in codes else []
        with sqlite3.connect(out / "state.sqlite") as db:
            attempts = [row[0] for row in db.execute("SELECT attempts FROM jobs")]
        db.close()
        if set(attempts) != {1}:
            wrong.append(f"attempts {attempts}")
        score.add(f"{number} at once", sorted(codes), wrong + bench.settle(out))
        bench.remove(out)
    return score


def changing_input(bench: Bench, points: int | None) -> Score:
    """H9: an input file is rewritten in place, cut, lengthened, removed while it is read."""
    score = Score("H9")
    victim = next(bench.archive.rglob("XX.A..HHZ.D.2014.001"))
    whole = victim.read_bytes()
    info = victim.stat()
    rng = random.Random(9)

    def rewrite() -> None:
        victim.write_bytes(whole[:512] + bytes(512) + whole[1024:])

    def shorten() -> None:
        with victim.open("r+b") as file:
            file.truncate(rng.randrange(1, len(whole)))

    def lengthen() -> None:
        with victim.open("ab") as file:
            file.write(whole[:512])

    def replace() -> None:
        other = victim.with_name(".new")
        other.write_bytes(whole[:-512])
        os.replace(other, victim)

    for i in range(points or 40):
        change = (rewrite, shorten, lengthen, victim.unlink, replace)[i % 5]
        out = bench.fresh()
        pid = bench.fork(out)
        stop = threading.Event()
        worker = threading.Thread(target=_disturb, args=(victim, whole, change, stop, rng))
        worker.start()
        code = bench.wait(pid)
        stop.set()
        worker.join()
        victim.write_bytes(whole)
        os.utime(victim, ns=(info.st_atime_ns, info.st_mtime_ns))
        said = bench.said(out)
        wrong = [] if code in (0, 1) else [f"exit {code}: {said[-300:]}"]
        if "Traceback" in said:
            wrong.append("traceback")
        score.add(f"{getattr(change, '__name__', '?')} {i}", code, wrong + bench.settle(out))
        bench.remove(out)
    return score


def _disturb(
    victim: Path, whole: bytes, change: Callable[[], None], stop: threading.Event,
    rng: random.Random,
) -> None:  # fmt: skip
    while not stop.is_set():
        time.sleep(rng.uniform(0, 0.02))
        with contextlib.suppress(OSError):
            change()
        time.sleep(rng.uniform(0, 0.02))
        victim.write_bytes(whole)


def damaged_journal(bench: Bench, points: int | None) -> Score:
    """H10: state and index cut, one bit flipped, deleted, of a future version; a result cut."""
    score = Score("H10")
    whole = bench.fresh()
    bench.wait(bench.fork(whole))
    rng = random.Random(10)
    trials: list[tuple[str, str, Callable[[bytes], bytes | None]]] = []
    for name in ("state.sqlite", "index.sqlite"):
        size = (whole / name).stat().st_size
        trials.append((name, "deleted", lambda data: None))
        trials.append((name, "empty", lambda data: b""))
        trials.append((name, "future", lambda data: data[:60] + b"\0\0\3\xe7" + data[64:]))
        for _ in range(points or 100):
            at, bit = rng.randrange(size), rng.randrange(8)
            trials.append((name, f"cut at {at}", lambda data, at=at: data[:at]))
            trials.append((
                name, f"bit {bit} of byte {at}",
                lambda data, at=at, bit=bit: (
                    data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :]
                ),
            ))  # fmt: skip
    for table in ("receipt.json", "rsam.parquet"):
        path = f"tables/day=2014-01-01/{table}"
        trials.append((path, "deleted", lambda data: None))
        trials.append((path, "cut", lambda data: data[: len(data) // 2]))
    for name, what, change in trials:
        out = bench.fresh()
        shutil.copytree(whole, out)
        data = change((out / name).read_bytes())
        if data is None:
            (out / name).unlink()
        else:
            (out / name).write_bytes(data)
        code = bench.wait(bench.fork(out))
        said = bench.said(out)
        wrong = []
        if code == 0:
            wrong += difference(bench.reference, tree(out))
        elif code not in (2, 4) or name not in said or "Traceback" in said:
            wrong.append(f"exit {code}: {said[-300:]}")
        score.add(f"{name} {what}", code, wrong)
        bench.remove(out)
    bench.remove(whole)
    return score


def changed_inputs(bench: Bench, points: int | None) -> Score:
    """H11: settings changed; a file replaced with another of the same size and time."""
    score = Score("H11")
    out = bench.fresh()
    bench.wait(bench.fork(out))
    before = tree(out)
    victim = next(bench.archive.rglob("XX.B..HHZ.D.2014.002"))
    whole, info = victim.read_bytes(), victim.stat()
    other = victim.with_name(".new")
    other.write_bytes(whole[:64] + bytes(448) + whole[512:])
    os.utime(other, ns=(info.st_atime_ns, info.st_mtime_ns))
    os.replace(other, victim)
    same = victim.stat()
    assert (same.st_size, same.st_mtime_ns) == (info.st_size, info.st_mtime_ns)
    code = bench.wait(bench.fork(out))
    changed = {n.split("/")[1] for n, d in tree(out).items()
               if n.startswith("tables/") and before.get(n) != d}  # fmt: skip
    wrong = [] if "day=2014-01-02" in changed else [f"redone: {sorted(changed)}"]
    if code != 1 or "first seen" not in bench.said(out):
        wrong.append(f"exit {code}: {bench.said(out)[-300:]}")
    score.add("same size and time", code, wrong)
    victim.write_bytes(whole)
    os.utime(victim, ns=(info.st_atime_ns, info.st_mtime_ns))
    score.add("put back", 0, bench.settle(out))
    bench.settings.write_text(SETTINGS.replace("sta = 0.5", "sta = 0.6"))
    code = bench.wait(bench.fork(out))
    days = {n.split("/")[1] for n, d in tree(out).items()
            if n.startswith("tables/") and before.get(n) != d}  # fmt: skip
    score.add("settings", code, [] if len(days) == bench.days else [f"redone: {sorted(days)}"])
    bench.settings.write_text(SETTINGS)
    score.add("settings put back", 0, bench.settle(out))
    bench.remove(out)
    return score


def odd_surroundings(bench: Bench, points: int | None) -> Score:
    """H13: few handles, no folder for temporary files, no output, other zones and clocks."""
    score = Score("H13")
    cases: list[tuple[str, str, dict[str, str], tuple[int, ...]]] = [
        ("32 handles", "ulimit -n 32; ", {}, (0, 1, 2, 4)),
        ("no TMPDIR", "", {"TMPDIR": "/nonexistent"}, (0,)),
        ("stdout closed", "exec >&-; ", {}, (0, 4)),
        ("all closed", "exec <&- >&- 2>&-; ", {}, (0, 4)),
        ("zone", "", {"TZ": "Asia/Pyongyang", "LC_ALL": "C"}, (0,)),
        ("zone and locale", "", {"TZ": "America/St_Johns", "LC_ALL": "tr_TR.UTF-8"}, (0,)),
    ]
    for name, before, environment, codes in cases[:points]:
        out = bench.fresh()
        job = subprocess.run(
            ["bash", "-c", f'{before}exec "$@"', "bash", sys.executable, "-c", COMMAND,
             *bench.words(out)],
            env={**{k: v for k, v in os.environ.items() if k != "LD_PRELOAD"}, **environment},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        wrong = [] if job.returncode in codes else [f"says {job.stderr[-300:]}"]
        if "Traceback" in job.stderr:
            wrong.append(f"traceback {job.stderr[-300:]}")
        if job.returncode == 0:
            wrong += difference(bench.reference, tree(out))
        score.add(name, job.returncode, wrong + bench.settle(out))
        bench.remove(out)
    return score


FAULTS: dict[str, Callable[[Bench, int | None], Score]] = {
    "H1": killed_at_each_call,
    "H2": failing_calls,
    "H3": full_disk,
    "H4": impossible_output,
    "H5": killed_at_random,
    "H6": interrupted,
    "H7": several_at_once,
    "H9": changing_input,
    "H10": damaged_journal,
    "H11": changed_inputs,
    "H13": odd_surroundings,
}


@contextlib.contextmanager
def place(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        yield Path(name)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("faults", nargs="+", choices=[*FAULTS, "all"])
    parser.add_argument("--points", default="all", help="trials of each fault, or all")
    parser.add_argument("--folder", type=Path, help="where to work (default: a temporary one)")
    given = parser.parse_args()
    if LIBRARY not in os.environ:
        with tempfile.TemporaryDirectory(prefix="faultcalls-") as name:
            library = Path(name) / "faultcalls.so"
            source = HERE / "faultcalls.c"
            subprocess.run(
                ["cc", "-O1", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"],
                check=True,
            )
            environment = {**os.environ, LIBRARY: str(library), "LD_PRELOAD": str(library)}
            return subprocess.run(
                [sys.executable, *sys.argv], env=environment, check=False
            ).returncode
    points = None if given.points == "all" else int(given.points)
    bad = 0
    with place(given.folder) as folder:
        bench = Bench(folder)
        for name in FAULTS if "all" in given.faults else given.faults:
            begin = time.perf_counter()
            score = FAULTS[name](bench, points)
            score.notes["seconds"] = round(time.perf_counter() - begin, 1)
            print(json.dumps(score.summary()), flush=True)
            bad += score.bad
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
