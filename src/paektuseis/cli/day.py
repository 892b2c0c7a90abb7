"""``paektuseis day``: the main job."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .common import (
    EXIT_PROBLEMS,
    NoDataError,
    complain,
    damage,
    open_metadata,
    progress_bar,
    say,
)

if TYPE_CHECKING:
    from obspy import Inventory

    from ..config import Settings
    from ..io import Archive
    from ..network import Network
    from ..report import Workers

ArchiveArgument = Annotated[
    Path, typer.Argument(help="Folder of records: an SDS archive or files in any naming.")
]
NetworkOption = Annotated[
    str | None,
    typer.Option(
        "--network", "-n", help="A shipped network (paektu), a TOML profile or a StationXML file."
    ),
]
InventoryOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--inventory", "-i", help="StationXML or dataless SEED with responses; may be repeated."
    ),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="Settings (TOML); see `paektuseis config show`."),
]
StarttimeOption = Annotated[
    str | None, typer.Option(help="Start of another span (UTC, ISO 8601), instead of --date.")
]
EndtimeOption = Annotated[str | None, typer.Option(help="End of that span.")]
OutOption = Annotated[Path, typer.Option("--out", "-o", help="Folder for the products.")]


def day(
    archive: ArchiveArgument,
    out: OutOption,
    date: Annotated[
        str | None,
        typer.Option(
            "--date",
            "-d",
            help="UTC day, for example 2010-09-01; not needed where there is but one.",
        ),
    ] = None,
    starttime: StarttimeOption = None,
    endtime: EndtimeOption = None,
    network: NetworkOption = None,
    inventory: InventoryOption = None,
    config: ConfigOption = None,
    pages: Annotated[bool, typer.Option(help="Draw the PNG pages.")] = True,
    workers: Annotated[
        int,
        typer.Option(min=1, max=64, help="Processes that draw pages; each needs some 0.4 GB."),
    ] = 1,
) -> int:
    """Summarise one day of a network: quality, events, amplitudes, spectra, pages.

    Writes tables (Parquet and CSV), a QuakeML catalogue, PNG pages, run.json and an
    index.html to open first. Without --network there are no maps and no move-out;
    without responses everything stays in counts. Without --date the archive must hold one
    day only.

    Example: paektuseis day SDS --network stations.xml --date 2010-09-01 --out day-244
    """
    from ..config import load_settings
    from ..io import Archive

    settings = load_settings(config)
    records = Archive(archive)
    if date is None and starttime is None and endtime is None:
        date = only_day(records)
    with drawing_workers(settings, workers if pages else 0) as drawers:
        net, metadata = open_metadata(network, inventory)
        return summarise(
            records,
            out,
            settings,
            net,
            metadata,
            date=date,
            starttime=starttime,
            endtime=endtime,
            workers=drawers,
        )


def only_day(archive: Archive) -> str:
    """Return the UTC day of an archive that holds no other; else say which days there are."""
    from ..errors import ParameterError

    if not archive.trace_ids():
        raise NoDataError(f"{archive.root} holds {holdings(archive)}")
    start, end = archive.span()
    if start.date != end.date:
        raise ParameterError(
            f"give date=, one of the days the archive holds: {holdings(archive)}; "
            "`paektuseis batch` takes all of them"
        )
    return str(start.date)


def drawing_workers(settings: Settings, count: int) -> Workers:
    """Return the processes that will draw, already warming up; 0 where nothing is drawn."""
    from ..report import Workers

    workers = Workers(count)
    workers.warm_up(settings)
    return workers


def summarise(
    archive: Archive,
    out: Path,
    settings: Settings,
    network: Network | None,
    inventory: Inventory | None,
    *,
    date: str | None = None,
    starttime: str | None = None,
    endtime: str | None = None,
    workers: Workers,
) -> int:
    """Process a span and write everything; return the exit code."""
    from ..errors import WaveformError
    from ..io import make_folder
    from ..pipeline import process_day
    from ..provenance import is_synthetic
    from ..report import PagePrinter, write_index, write_products
    from ..report.pages import Pages

    make_folder(out)  # a wrong --out should be known before the work, not after it
    synthetic = is_synthetic(inventory)
    printer = PagePrinter(
        out, settings, network=network, inventory=inventory, synthetic=synthetic, workers=workers
    )
    with progress_bar("measuring") as tick:
        result = process_day(
            archive,
            date=date,
            starttime=starttime,
            endtime=endtime,
            network=network,
            inventory=inventory,
            settings=settings,
            progress=tick,
            on_event=printer.event if workers.count else None,
        )
    faults = damage(result.tables["quality"])
    if not len(result.tables["availability"]):
        if faults:
            raise WaveformError(f"nothing of this span can be used: {faults[0]}")
        raise NoDataError(
            f"no records between {result.starttime} and {result.endtime} in {archive.root}; "
            f"it holds {holdings(archive)}"
        )
    write_products(result, archive, out, synthetic=synthetic)
    drawn = Pages()
    if workers.count:
        with progress_bar("drawing") as tick:
            drawn = printer.finish(result, archive, progress=tick)
    index = write_index(result, drawn, out, synthetic=synthetic)
    good = result.tables["detections"]["veto"] == ""
    say(
        f"{len(result.events)} events from {int(good.sum())} detections, "
        f"{len(set(result.tables['availability']['trace_id']))} channels, "
        f"{int((result.tables['quality']['severity'] != 'info').sum())} quality findings"
    )
    typer.echo(str(index))
    problems = (*faults, *result.problems, *drawn.problems)
    for problem in problems:
        complain(problem)
    return EXIT_PROBLEMS if problems else 0


def holdings(archive: Archive) -> str:
    """Say in a few words what an archive holds, for messages about missing data."""
    names = archive.trace_ids()
    if not names:
        return "nothing that can be read"
    start, end = archive.span()
    listed = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    return f"{listed} from {start} to {end}"
