"""Reading the files of an archive as one record."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

from obspy import Stream, Trace

from ..errors import WaveformError
from ._findings import Finding, attach, finding, unreadable
from ._memory import Memory
from ._mseed import Selection
from ._promises import promised
from ._regular import FileMemory
from ._segments import join_traces
from .waveforms import read_file

OnError = Literal["raise", "report"]
_SHORT = 2 * 86_400_000_000_000
"""Span (ns) for which memory is reserved without looking at the size of the files."""


def read_files(
    paths: Iterable[Path],
    selection: Selection,
    *,
    named: Callable[[Path], str],
    known: Callable[[Path], FileMemory],
    on_error: OnError,
) -> Stream:
    """Read files in the order of time and join what follows each other.

    Parameters
    ----------
    paths : iterable of Path
    selection : Selection
    named : callable
        Trace id that the name of a file promises, or ``""``.
    known : callable
        What is known of a file; what is learnt of it is put there.
    on_error : {"raise", "report"}

    Returns
    -------
    Stream
    """
    paths = list(paths)
    traces: list[Trace] = []
    lost: list[Finding] = []
    memory = _memory_for(paths, selection)
    for path in paths:
        try:
            found, _ = read_file(path, selection, known=known(path), memory=memory)
        except WaveformError as error:
            if on_error == "raise":
                raise
            lost.append(unreadable(error, path, trace_id=named(path)))
            continue
        if found:
            lost += _strays(path, named(path), found)
        traces += found
    joined, rows = join_traces(traces, copy=False)
    attach(joined, [*lost, *rows])
    return Stream(joined)


def _memory_for(paths: list[Path], selection: Selection) -> Memory:
    low, high = selection.window
    if high - low <= _SHORT:
        return Memory((high - low) / 1e9)
    nbytes = 0
    for path in paths:
        try:
            nbytes += os.stat(path).st_size
        except OSError:  # told when it is opened
            continue
    return Memory((high - low) / 1e9, nbytes)


def _strays(path: Path, named: str, found: list[Trace]) -> list[Finding]:
    """Channels in a file whose name promises another one.

    What SDS names promise has been held against the records when they were read.
    """
    if not named or promised(path) is not None:
        return []
    out = []
    for trace_id in sorted({t.id for t in found} - {named}):
        mine = [t for t in found if t.id == trace_id]
        out.append(
            finding(
                "stray_channel",
                "warning",
                f"{path.name}: holds samples of {trace_id} too",
                trace_id=trace_id,
                starttime=mine[0].stats.starttime,
                endtime=mine[-1].stats.endtime,
                value=sum(t.stats.npts for t in mine),
                units="samples",
                path=path,
            )
        )
    return out
