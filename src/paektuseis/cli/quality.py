"""``paektuseis quality``: what is wrong with the records."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from .common import NoDataError, open_metadata, progress_bar
from .day import ArchiveArgument, InventoryOption, NetworkOption, holdings


def quality(
    archive: ArchiveArgument,
    date: Annotated[
        str | None, typer.Option("--date", "-d", help="UTC day; default: every day held.")
    ] = None,
    network: NetworkOption = None,
    inventory: InventoryOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write the table here (.csv or .parquet).")
    ] = None,
) -> int:
    """List gaps, overlaps, dead or clipped channels, clock jumps, missing responses.

    The table goes to standard output as CSV (a table to read, on a terminal), or to --out.

    Example: paektuseis quality SDS --date 2010-09-01 > quality.csv
    """
    from .. import tables
    from ..io import Archive, write_table
    from ..processing import check_waveforms
    from ..times import as_utc

    records = Archive(archive)
    _, metadata = open_metadata(network, inventory)
    days = [as_utc(date, name="--date")] if date else records.days()
    found = []
    channels = 0
    names = records.trace_ids()
    with progress_bar("checking") as tick:
        for i, start in enumerate(days):
            tick(start.strftime("%Y-%m-%d"), i, len(days))
            for name in names:
                stream = records.read(name, start, start + 86400.0 - 1e-6)
                if len(stream):
                    channels += 1
                    found.append(check_waveforms(stream, inventory=metadata))
        tick("days", len(days), len(days))
    if not channels:
        raise NoDataError(f"no records to check in {records.root}; it holds {holdings(records)}")
    table = tables.QUALITY.concat(found)
    if out is not None:
        write_table(table, out)
        typer.echo(str(out))
    elif sys.stdout.isatty():
        _show(table)
    else:
        typer.echo(table.to_csv(index=False), nl=False)
    return 0


def _show(table: object) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ..io import safe_text

    style = {"error": "red", "warning": "yellow"}
    view = Table("severity", "channel", "from", "to", "check", "finding")
    for row in table.itertuples():  # type: ignore[attr-defined]
        view.add_row(
            Text(row.severity, style.get(row.severity, "")),
            Text(safe_text(row.trace_id)),
            row.starttime.strftime("%Y-%m-%d %H:%M:%S"),
            row.endtime.strftime("%H:%M:%S"),
            row.check,
            Text(safe_text(row.message)),
        )
    Console().print(view)
