"""``paektuseis report``: results as a static site to pass on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import ParameterError
from .common import EXIT_PROBLEMS, complain, open_metadata, progress_bar, say
from .day import InventoryOption

MOST_TOLD = 10


def report(
    directory: Annotated[
        Path,
        typer.Argument(
            help="Results of `paektuseis day` or `batch`, or a folder of several of the first."
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the site; default DIR/report.")
    ] = None,
    starttime: Annotated[
        str | None, typer.Option("--from", help="First instant (UTC, ISO 8601); default: all.")
    ] = None,
    endtime: Annotated[str | None, typer.Option("--to", help="End of the span.")] = None,
    language: Annotated[
        list[str] | None,
        typer.Option(
            "--language",
            "-l",
            help="Language of the pages (en, ko, zh); may be repeated, the first is the main "
            "one. Default: all.",
        ),
    ] = None,
    network: Annotated[
        str | None,
        typer.Option("--network", "-n", help="Positions: a shipped network, TOML or StationXML."),
    ] = None,
    records: Annotated[
        Path | None,
        typer.Option(help="Archive of the waveforms, to draw them on the pages in each language."),
    ] = None,
    inventory: InventoryOption = None,
    local_time: Annotated[
        str, typer.Option(help="Time zone written beside UTC, as Asia/Pyongyang.")
    ] = "",
    synthetic: Annotated[
        bool, typer.Option("--synthetic", help="Say on each page that the records are synthetic.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes.")] = 1,
    single_file: Annotated[
        Path | None,
        typer.Option(help="Write one page as one HTML file with everything in it, and no site."),
    ] = None,
    pdf: Annotated[Path | None, typer.Option(help="Write one page as a PDF, and no site.")] = None,
    station: Annotated[
        str | None, typer.Option("--station", help="NET.STA of that one page (with --day).")
    ] = None,
    day: Annotated[str | None, typer.Option("--day", help="Its UTC day.")] = None,
    event: Annotated[str | None, typer.Option("--event", help="Or the id of an event.")] = None,
) -> int:
    """Turn results into a static site that opens from a disk, without server or network.

    An index, a page for each station and day and for each event, the catalogue with CSV,
    QuakeML and bulletin to download, methods and settings; in English, Korean and Chinese.
    A second call makes only what changed. With --single-file or --pdf one page of a station's
    day or of an event, to mail.

    Example: paektuseis report day-244 --out site --language ko
    """
    from ..report import write_page, write_report

    net, metadata = open_metadata(network, inventory)
    if single_file is not None or pdf is not None:
        for path in (single_file, pdf):
            if path is not None:
                write_page(
                    directory,
                    path,
                    event=event or "",
                    station=station or "",
                    day=day or "",
                    language=language[0] if language else "en",
                    network=net,
                    records=records,
                    inventory=metadata,
                    local_time=local_time,
                    synthetic=True if synthetic else None,
                )
                typer.echo(str(path))
        return 0
    if station or day or event:
        raise ParameterError(
            "--station, --day and --event choose the page of --single-file or --pdf; give one of "
            "these two"
        )
    with progress_bar("writing") as tick:
        done = write_report(
            directory,
            out,
            starttime=starttime,
            endtime=endtime,
            languages=language or None,
            network=net,
            records=records,
            inventory=metadata,
            local_time=local_time,
            synthetic=True if synthetic else None,
            workers=workers,
            progress=tick,
        )
    say(f"{done.days} days, {done.pages} files: {done.written} made, {done.removed} removed")
    typer.echo(str(done.index))
    for problem in done.problems[:MOST_TOLD]:
        complain(problem)
    if len(done.problems) > MOST_TOLD:
        complain(f"and {len(done.problems) - MOST_TOLD} more; the index of the site lists them")
    return EXIT_PROBLEMS if done.problems else 0
