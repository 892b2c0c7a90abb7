"""``paektuseis event``: one event by its time."""

from __future__ import annotations

from typing import Annotated

import typer

from .common import EXIT_PROBLEMS, NoDataError, complain, open_metadata
from .day import (
    ArchiveArgument,
    ConfigOption,
    InventoryOption,
    NetworkOption,
    OutOption,
    holdings,
)


def event(
    archive: ArchiveArgument,
    out: OutOption,
    time: Annotated[str, typer.Option("--time", "-t", help="Onset (UTC, ISO 8601).")],
    duration: Annotated[float, typer.Option(help="Length of the signal in seconds.")] = 20.0,
    network: NetworkOption = None,
    inventory: InventoryOption = None,
    config: ConfigOption = None,
) -> int:
    """Measure one event at every station and draw its page.

    Nothing is detected: you say when. Writes attributes, amplitudes and a PNG page.

    Example: paektuseis event SDS --time 2010-09-01T04:12:30 --duration 15 --out event
    """
    from ..config import load_settings
    from ..errors import ParameterError
    from ..io import Archive, make_folder, safe_filename, write_table
    from ..pipeline import process_event
    from ..pipeline.event import event_window
    from ..plotting import save_figure
    from ..provenance import is_synthetic
    from ..report import event_page
    from ..times import as_timestamp, as_utc

    if not duration > 0:
        raise ParameterError(f"--duration {duration} s must be greater than 0")
    settings = load_settings(config)
    net, metadata = open_metadata(network, inventory)
    make_folder(out)
    onset = as_utc(time, name="--time")
    records = Archive(archive)
    begin, until = event_window(onset, onset + duration, settings)
    window = records.read(list(settings.data.trace_ids), begin, until)
    if not len(window):
        raise NoDataError(
            f"no records around {onset} in {records.root}; it holds {holdings(records)}"
        )
    row = {
        "event_id": f"at-{onset.strftime('%Y%m%dT%H%M%S')}",
        "time": as_timestamp(onset),
        "endtime": as_timestamp(onset + duration),
        "duration": duration,
    }
    result = process_event(window, row, inventory=metadata, network=net, settings=settings)
    write_table(result.attributes, out / "attributes.csv")
    write_table(result.amplitudes, out / "amplitudes.csv")
    figure = event_page(
        result, settings, network=net, inventory=metadata, synthetic=is_synthetic(metadata)
    )
    page = out / f"event-{safe_filename(str(row['event_id']))}.png"
    save_figure(figure, page, dpi=settings.pages.dpi)
    typer.echo(str(page))
    for problem in result.problems:
        complain(problem)
    return EXIT_PROBLEMS if result.problems else 0
