"""Who does the work: this process, processes of this machine, any executor, a Dask cluster."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from ..errors import ParameterError
from ..io._processes import end_processes, server_context, settle_in

_here = threading.local()


class Stopped(BaseException):
    """The run this thread works for has been interrupted."""


def stop_if_told() -> None:
    """Leave the job of this thread if its run has been interrupted.

    Raises
    ------
    Stopped
    """
    told = getattr(_here, "told", None)
    if told is not None and told.is_set():
        raise Stopped


def _listen(told: threading.Event) -> None:
    _here.told = told


@contextmanager
def local_executor(workers: int) -> Iterator[Executor]:
    """Yield an executor on this machine; what is left undone at the end is cancelled.

    If the block fails or is interrupted, jobs at work are given up: worker processes are
    ended, a thread leaves its job at the next step.

    Parameters
    ----------
    workers : int
        Processes; 1 works in this process, beside a thread that keeps the leases.
    """
    if workers < 1:
        raise ParameterError(f"workers={workers}; give a whole number of at least 1")
    told = threading.Event()
    if workers == 1:
        pool: Executor = ThreadPoolExecutor(
            1, thread_name_prefix="paektuseis-day", initializer=_listen, initargs=(told,)
        )
    else:
        pool = ProcessPoolExecutor(
            workers,
            mp_context=server_context("paektuseis.batch.job"),
            initializer=settle_in,
            initargs=(os.getpid(),),
        )
    ended = False
    try:
        yield pool
        ended = True
    finally:
        if not ended:  # by an error, or by who works the keyboard
            told.set()
            end_processes(pool)
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def dask_executor(address: str) -> Iterator[Executor]:
    """Yield an executor that hands its work to a Dask scheduler.

    Parameters
    ----------
    address : str
        Such as ``tcp://10.0.0.5:8786``.

    Yields
    ------
    concurrent.futures.Executor

    Raises
    ------
    ParameterError
        If Dask distributed is not installed, or nobody answers at that address.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise ParameterError(
            'a scheduler needs Dask distributed; install it with: pip install "paektuseis[dask]"'
        ) from error
    try:
        client: Any = Client(address, timeout=20)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as error:
        raise ParameterError(f"no Dask scheduler answers at {address}: {error}") from error
    try:
        executor = client.get_executor(pure=False)
        executor.paektuseis_workers = max(1, sum(client.nthreads().values()))
        yield executor
        executor.shutdown(wait=False)
    finally:
        client.close()


def worker_count(executor: Executor) -> int:
    """Return how many jobs an executor can do at once, as far as it tells."""
    for name in ("paektuseis_workers", "_max_workers"):
        count = getattr(executor, name, None)
        if isinstance(count, int) and count > 0:
            return count
    return os.cpu_count() or 1
