"""SIGINT and SIGTERM: the run ends within seconds, whatever it is at."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from types import FrameType

GRACE = 4.0
"""Seconds a run that was told to end has to put its things in order."""

WORDS = {
    int(signal.SIGINT): "interrupted; what was written so far is whole, run the same command again",
    int(signal.SIGTERM): "told to terminate; what was written so far is whole",
}
_heard: list[int] = []
_told: set[int] = set()


class Terminated(BaseException):
    """SIGTERM arrived."""


def _arrived(number: int, frame: FrameType | None) -> None:
    for known in WORDS:  # a second one changes nothing: the end is near in any case
        signal.signal(known, signal.SIG_IGN)
    _heard.append(number)
    end_workers()
    raise KeyboardInterrupt if number == signal.SIGINT else Terminated


def listen() -> None:
    """Turn both signals into exceptions, and force the end where those do not bring it.

    An exception waits for compiled code to return and for threads to be joined. So a thread
    of its own hears of the signal at once and ends the process after :data:`GRACE`.
    """
    for number in WORDS:
        signal.signal(number, _arrived)
    if os.name != "posix":
        return
    heard, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(heard,), daemon=True, name="paektuseis-end").start()


def _watch(heard: int) -> None:
    while True:
        found = os.read(heard, 1)
        if found and found[0] in WORDS:
            break
    number = found[0]
    time.sleep(GRACE)
    if number not in _told:
        os.write(2, f"paektuseis: {WORDS[number]}\n".encode())
    end_workers()
    os._exit(128 + number)


def end_workers() -> None:
    """See to it that no worker process starts any more."""
    if "paektuseis.io._processes" in sys.modules:
        sys.modules["paektuseis.io._processes"].end_server()


def heard() -> int:
    """Return the signal that has arrived, 0 for none: its exception may have been swallowed."""
    return _heard[0] if _heard else 0


def is_told(number: int) -> bool:
    """Whether the line about a signal has been written."""
    return number in _told


def take_note(number: int) -> str:
    """Return the one line to be written about a signal; it is not written a second time."""
    _told.add(int(number))
    return WORDS[int(number)]


def open_streams() -> None:
    """Give a process that was started without standard streams ones that lead nowhere.

    Otherwise the first file it opens would take the place of the terminal.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
