"""Parsers that are not ours run in a process of their own.

One process for each of ours, started when first needed, used for many files and
started anew after it died. Only plain bytes pass between them: a JSON line and raw
samples. A parser that crashes, loops or takes all memory costs its file.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import WaveformError
from . import _worker_child
from ._foreign import private_copy, safe_text
from ._sources import FileBytes

SPARE_MEMORY = 512 << 20
"""Bytes the process may use beyond 16 times the file."""
SPARE_SECONDS = 6
"""CPU seconds it may use beyond one for each 4 MB of the file."""
START_SECONDS = 120.0
_THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_MOST_HEAD = 64 << 20


class _Died(Exception):
    """The process is gone; the words say how."""


class Reader:
    """A running process and the pipes to it."""

    def __init__(self, command: Sequence[str] | None = None) -> None:
        self.command = list(command or [sys.executable, _worker_child.__file__])
        self.owner = os.getpid()
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | _THREADS,
            start_new_session=True,
        )
        self.late = False
        if not self._line(START_SECONDS).get("ready"):
            self.stop()
            raise _Died("it did not start")

    def stop(self) -> None:
        """End the process, and let go of a copy a fork has made."""
        if self.owner == os.getpid():
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _how(self) -> str:
        """How the process ended."""
        code = self.process.wait()
        if self.late:
            return "it took too long"
        if code >= 0:
            return f"it ended with status {code}"
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = "unknown"
        cause = "; it used more time than it may" if name == "SIGXCPU" else ""
        return f"signal {-code} ({name}){cause}"

    def _line(self, seconds: float) -> dict[str, Any]:
        """One line of its answers as an object, within so many seconds."""
        assert self.process.stdout is not None
        timer = threading.Timer(seconds, self._give_up)
        timer.daemon = True
        timer.start()
        try:
            line = self.process.stdout.readline(_MOST_HEAD)
        finally:
            timer.cancel()
        if not line.endswith(b"\n"):
            self.process.kill()
            raise _Died(self._how())
        answer = json.loads(line)
        if not isinstance(answer, dict):
            raise ValueError("its answer is none")
        return answer

    def _give_up(self) -> None:
        self.late = True
        self.process.kill()

    def _bytes(self, count: int) -> bytes:
        assert self.process.stdout is not None
        data = self.process.stdout.read(count)
        if len(data) != count:
            raise _Died(self._how())
        return data

    def ask(self, request: dict[str, Any], seconds: float, most: int) -> dict[str, Any]:
        """Send a request; the answer, with the samples of each trace under ``data``."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            raise _Died(self._how()) from None
        answer = self._line(seconds)
        total = 0
        for row in answer.get("traces", ()):
            if "size" not in row:
                continue
            kind = np.dtype(str(row["dtype"]))
            size = kind.itemsize * int(row["size"])
            total += size
            if kind.kind not in "iuf" or size < 0 or total > most:
                self.process.kill()
                raise _Died(f"it answered with {total} bytes of samples, more than {most}")
            row["data"] = np.frombuffer(self._bytes(size), kind)
        return answer


_lock = threading.Lock()
_reader: list[Reader] = []


def stop_reader() -> None:
    """End the process, if there is one; the next request starts another."""
    while _reader:
        _reader.pop().stop()


def _after_fork() -> None:
    """Give a forked process a lock and a reader of its own."""
    global _lock
    _lock = threading.Lock()
    stop_reader()


atexit.register(stop_reader)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def read_apart(source: FileBytes, formats: Sequence[str], *, headonly: bool) -> dict[str, Any]:
    """Let the process read a file as the first of some formats whose test says yes.

    Parameters
    ----------
    source : FileBytes
        The bytes to read; the process is given a copy of them.
    formats : sequence of str
        Keys of ``_worker_child.READERS``.
    headonly : bool
        Leave out the samples.

    Returns
    -------
    dict
        ``format`` (``""``: none of them) and ``traces``, each with ``stats`` (a dict) and
        ``data`` (1-D array of native kind), and ``warnings``.

    Raises
    ------
    WaveformError
        If the parser fails, or the process dies or is stopped for what it uses.
    """
    path, size = source.path, source.data.size
    seconds = SPARE_SECONDS + size // (4 << 20)
    most = SPARE_MEMORY + 16 * size
    with _lock, private_copy(source.data.tobytes()) as copy:
        request = {"path": copy, "formats": list(formats), "headonly": headonly}
        try:
            if not _reader:
                _reader.append(Reader())
            answer = _reader[0].ask(
                request | {"memory": most, "seconds": seconds}, 20.0 + 5.0 * seconds, most
            )
        except (_Died, OSError, ValueError, TypeError, KeyError) as error:
            stop_reader()
            what = " or ".join(formats[:3]) + (" …" if len(formats) > 3 else "")
            raise WaveformError(f"{path}: cannot be read as {what}: reader died, {error}") from None
    if "error" in answer:
        reason = safe_text(answer["error"]).replace(copy, path.name)
        raise WaveformError(f"{path}: cannot be read as {' or '.join(formats[:3])}: {reason}")
    return answer


def native(data: NDArray[Any]) -> NDArray[Any]:
    """int32, float32 or float64 in native byte order."""
    if data.dtype.kind in "iu":
        small = data.dtype.itemsize < 4 or data.dtype == np.int32
        if small or (len(data) and data.min() >= -(2**31) and data.max() < 2**31):
            return np.ascontiguousarray(data, dtype=np.int32)
        return np.ascontiguousarray(data, dtype=np.float64)
    kind = np.float32 if data.dtype.itemsize <= 4 else np.float64
    return np.ascontiguousarray(data, dtype=kind)
