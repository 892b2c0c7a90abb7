"""``paektuseis quality``: what is wrong with the records."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .common import EXIT_PROBLEMS, NoDataError, damage, open_metadata, progress_bar
from .day import ArchiveArgument, InventoryOption, NetworkOption, holdings

if TYPE_CHECKING:
    import pandas as pd
    from obspy import Stream, UTCDateTime

    from ..io import Archive


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

    The table goes to standard output as CSV (a table to read, on a terminal), or to --out. The
    exit code is 1 where files are damaged.

    Example: paektuseis quality SDS --date 2010-09-01 > quality.csv
    """
    from .. import tables
    from ..errors import WaveformError
    from ..io import Archive, write_table
    from ..processing import check_waveforms
    from ..times import as_utc

    records = Archive(archive)
    _, metadata = open_metadata(network, inventory)
    days = [as_utc(date, name="--date")] if date else records.days()
    found: list[pd.DataFrame] = []
    lost: dict[str, dict[str, object]] = {}
    channels = 0
    names = records.trace_ids()
    with progress_bar("checking") as tick:
        for i, start in enumerate(days):
            tick(start.strftime("%Y-%m-%d"), i, len(days))
            for name in names:
                stream = _read(records, name, start, lost)
                if stream is not None:
                    channels += 1
                    found.append(check_waveforms(stream, inventory=metadata))
        tick("days", len(days), len(days))
    faults = tables.QUALITY.frame(lost.values())
    if not channels:
        if lost:
            raise WaveformError(f"nothing can be used: {faults['message'].iloc[0]}")
        raise NoDataError(f"no records to check in {records.root}; it holds {holdings(records)}")
    table = tables.QUALITY.concat([*found, faults])
    if out is not None:
        write_table(table, out)
        typer.echo(str(out))
    elif sys.stdout.isatty():
        _show(table)
    else:
        typer.echo(table.to_csv(index=False), nl=False)
    return EXIT_PROBLEMS if damage(table) else 0


def _read(
    records: Archive, name: str, start: UTCDateTime, lost: dict[str, dict[str, object]]
) -> Stream | None:
    """Read a channel-day; None, and its files noted, where nothing of it can be used."""
    from ..errors import WaveformError

    end = start + 86400.0 - 1e-6
    stream = records.read(name, start, end)
    if len(stream):
        return stream
    try:
        records.read(name, start, end, on_error="raise")
    except WaveformError as error:
        lost.setdefault(
            str(error),
            {
                "trace_id": name,
                "starttime": start,
                "endtime": start + 86400.0,
                "check": "unreadable_file",
                "severity": "error",
                "message": str(error),
                "value": 1.0,
                "units": "files",
                "path": str(next(iter(records.files(name, start, end)), "")),
            },
        )
    return None


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
