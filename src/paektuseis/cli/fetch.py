"""``paektuseis fetch``: what an archive lacks, from data centres."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .common import EXIT_PROBLEMS, complain, progress_bar, say
from .importing import ToOption


def fetch(
    urls: Annotated[
        list[str], typer.Argument(help="Addresses of FDSN data centres, the preferred one first.")
    ],
    to: ToOption,
    starttime: Annotated[str, typer.Option(help="Start (UTC, ISO 8601).")],
    endtime: Annotated[str, typer.Option(help="End (UTC).")],
    network: Annotated[str, typer.Option("--network", "-n", help="Network codes; * ? and ,")] = "*",
    station: Annotated[str, typer.Option("--station", help="Station codes.")] = "*",
    location: Annotated[str, typer.Option(help="Location codes; '' for the empty one.")] = "*",
    channel: Annotated[str, typer.Option(help="Channel codes, for example HH?,EH?")] = "*",
    latitude: Annotated[float | None, typer.Option(help="Centre of a circle, degrees.")] = None,
    longitude: Annotated[float | None, typer.Option(help="Centre of a circle, degrees.")] = None,
    radius: Annotated[float | None, typer.Option(help="Radius of the circle, km.")] = None,
    stationxml: Annotated[
        Path | None, typer.Option(help="Folder for StationXML; by default beside the archive.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=1.0, help="Seconds to wait for an answer.")] = 60.0,
    attempts: Annotated[int, typer.Option(min=1, max=100, help="Attempts for a request.")] = 3,
) -> int:
    """Fetch waveforms and metadata from FDSN data centres into an SDS archive.

    Only what the archive lacks is asked for: run the same command again to resume. The exit code
    is 0 if every request was answered, 1 if some were not, 2 if no centre can be reached, 3
    if none lists such a channel.

    Example: paektuseis fetch https://geofon.gfz.de --to SDS --network GE --station UGM
    --channel BH? --starttime 2020-01-01 --endtime 2020-01-02
    """
    from ..acquire import fetch_waveforms

    with progress_bar("fetching") as tick:
        done = fetch_waveforms(
            urls,
            to,
            starttime=starttime,
            endtime=endtime,
            network=network,
            station=station,
            location=location,
            channel=channel,
            latitude=latitude,
            longitude=longitude,
            radius_km=radius,
            stationxml=stationxml,
            timeout=timeout,
            attempts=attempts,
            progress=tick,
        )
    for problem in done.problems:
        complain(problem)
    for line in done.summary():
        say(line)
    typer.echo(str(to))
    return 0 if done.complete and not done.days.conflict.any() else EXIT_PROBLEMS
