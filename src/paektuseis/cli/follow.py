"""``paektuseis follow``: a real-time stream into an archive."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Annotated

import typer

from .common import EXIT_PROBLEMS, progress_bar, say
from .importing import ToOption


def follow(
    server: Annotated[str, typer.Argument(help="SeedLink server, host:port (default port 18000).")],
    streams: Annotated[
        list[str], typer.Argument(help="NET.STA.LOC.CHA; * and ? in location and channel.")
    ],
    to: ToOption,
    starttime: Annotated[
        str | None, typer.Option(help="Where a station new to the archive begins; default now.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0.0, help="How long; by default until interrupted.")
    ] = None,
    flush: Annotated[float, typer.Option(min=0.0, help="Seconds between writes.")] = 5.0,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds of silence before a new connection.")
    ] = 60.0,
) -> int:
    """Follow a SeedLink server and append its records to an SDS archive.

    A broken connection is made anew, and the stream taken up where it was left, also by the
    next run: nothing is written twice. SIGINT and SIGTERM end it with everything written. The exit
    code is 0, 1 if records were damaged or contradict the archive, 2 if the server cannot
    be reached.

    Example: paektuseis follow localhost:18000 "1U.JGPD.*.HH?" --to SDS
    """
    from ..acquire import follow_seedlink

    over = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        over.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with progress_bar("following") as tick:
            done = follow_seedlink(
                server,
                to,
                streams=streams,
                starttime=starttime,
                seconds=seconds,
                stop=over.is_set,
                flush=flush,
                timeout=timeout,
                progress=tick,
            )
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for line in done.summary():
        say(line)
    typer.echo(str(to))
    return EXIT_PROBLEMS if done.damaged or done.conflicts else 0
