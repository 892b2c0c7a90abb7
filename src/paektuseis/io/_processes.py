"""Which process something belongs to, and whether that process still lives."""

from __future__ import annotations

import functools
import hashlib
import multiprocessing
import multiprocessing.context
import os
import platform
import re
import shutil
import signal
import sys
import threading
import time
import uuid
from concurrent.futures import Executor
from contextlib import suppress
from pathlib import Path

LEFT_OVER = 86400.0
"""Seconds after which what an unknown process has left half written is nobody's."""

_ENDING = 3.0
"""Seconds a worker process that was told to end is waited for."""

_MARK = re.compile(r"\.(?:tmp|old)-([0-9a-f]{6})([0-9a-f]{6})([0-9a-f]{6})\.(\d+)\.(\d*)-")


def owner_name() -> str:
    """Return a new name for a runner in this process.

    Returns
    -------
    str
        ``host:pid:start:boot:namespace:random``: the start of the process in clock ticks
        since the system's start, the identity of that start, and the namespace the process id
        counts in (these three are empty where the system does not tell them), and a random
        part, so that two runs in one process are two owners.
    """
    pid = os.getpid()
    return ":".join((_host(), str(pid), _start_of(pid), *_machine(), uuid.uuid4().hex[:8]))


def owner_is_dead(owner: str) -> bool:
    """Whether an owner was a process of this machine that no longer lives.

    In doubt (another host, another namespace, a name of another kind) it is taken to live.
    """
    parts = owner.split(":")
    if len(parts) != 6 or not parts[1].isdigit():
        return False
    host, pid, start, boot, namespace, _ = parts
    return _dead((host, boot, namespace), int(pid), start, (_host(), *_machine()))


def process_mark() -> str:
    """Return what this process puts into the names of what it has not finished writing."""
    return _mark_of(os.getpid())


@functools.lru_cache(maxsize=1)
def _mark_of(pid: int) -> str:
    return f"{''.join(_short(part) for part in (_host(), *_machine()))}.{pid}.{_start_of(pid)}"


def remove_leftovers(folder: Path) -> int:
    """Remove what processes that no longer live have left half written in a folder.

    That of a process of which nothing is known (on another machine) is removed when it is a
    day old.

    Parameters
    ----------
    folder : Path
        Only names directly in it that begin as our temporary ones do are looked at.

    Returns
    -------
    int
        Number of files and folders removed.
    """
    count = 0
    try:
        names = [name for name in os.listdir(folder) if name.startswith((".tmp-", ".old-"))]
    except OSError:
        return 0
    for name in names:
        path = folder / name
        if _is_left(path):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                with suppress(OSError):
                    path.unlink()
            count += 1
    return count


def _is_left(path: Path) -> bool:
    found = _MARK.match(path.name)
    if found is None:
        return False
    host, boot, namespace, pid, start = found.groups()
    here = tuple(_short(part) for part in (_host(), *_machine()))
    if _dead((host, boot, namespace), int(pid), start, here):
        return True
    if (host, boot, namespace) == here:
        return False
    try:
        return time.time() - path.lstat().st_mtime > LEFT_OVER
    except OSError:
        return False


def _dead(
    owner: tuple[str, str, str], pid: int, start: str, here: tuple[str, ...] | tuple[str, str, str]
) -> bool:
    """Whether a process (host, boot, namespace; pid; start) is known to live no longer."""
    host, boot, namespace = owner
    if host != here[0]:
        return False
    known = boot not in ("", _short("")) and here[1] not in ("", _short(""))
    if known and boot != here[1]:
        return True  # this machine has been started anew since
    if (boot, namespace) != here[1:]:
        return False
    if start:
        return _start_of(pid) != start
    return not process_lives(pid)


@functools.cache
def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:6]


def _host() -> str:
    return platform.node().replace(":", "_")


@functools.cache
def _machine() -> tuple[str, str]:
    """Identity of the system's start, and the namespace that process ids count in."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace(":", "_")
        return boot, os.readlink("/proc/self/ns/pid").strip("pid:[]")
    except OSError:
        return "", ""


def _start_of(pid: int) -> str:
    """Start of a process, in ticks; empty where the system does not tell or it is dead."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return ""
    # after the name in brackets, which may hold anything: state is field 3, start is field 22
    fields = text[text.rfind(b")") + 1 :].split()
    return "" if fields[0] in (b"Z", b"X") else fields[19].decode()


def process_lives(pid: int) -> bool:
    """Whether a process of this machine lives (in doubt: yes)."""
    if os.name != "posix":  # a signal of 0 is no question elsewhere
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


# worker processes ---------------------------------------------------------------------------


def settle_in(runner: int) -> None:
    """Leave interrupts to the process that hands out work, and end when it is gone.

    To be called first in a worker process.

    Parameters
    ----------
    runner : int
        Process id of who hands out the work; it may be killed.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent and process_lives(runner):
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="paektuseis-watch").start()


def server_context(module: str) -> multiprocessing.context.BaseContext:
    """Return a way to start processes that inherit no thread of this one.

    Where there is a fork server it imports a module once, for all workers. Neither it nor
    they hear of Ctrl-C, not even while they start: ending them is the runner's part.

    Parameters
    ----------
    module : str
        What the server imports.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    from multiprocessing import forkserver, resource_tracker

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([module])
    resource_tracker.ensure_running()  # it would lift the block that follows
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # handed down
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
    return context


def end_server() -> None:
    """End the fork server, so that no worker that was asked for starts any more."""
    if "multiprocessing.forkserver" not in sys.modules:
        return
    server = getattr(sys.modules["multiprocessing.forkserver"], "_forkserver", None)
    pid = getattr(server, "_forkserver_pid", None)
    if isinstance(pid, int) and pid > 0:
        with suppress(OSError):
            os.kill(pid, signal.SIGTERM)


def end_processes(pool: Executor) -> None:
    """End the processes of a pool, whatever they are at."""
    processes = list((getattr(pool, "_processes", None) or {}).values())
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + _ENDING
    for process in processes:
        process.join(max(0.0, deadline - time.monotonic()))
        if process.is_alive():
            process.kill()
