"""``paektuseis match``: known events sought in an archive, and families among them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .common import EXIT_PROBLEMS, NoDataError, complain
from .day import ArchiveArgument, OutOption


def match(
    archive: ArchiveArgument,
    events: Annotated[
        Path,
        typer.Argument(help="Table of events (events.csv, events.parquet) or of picks: templates."),
    ],
    out: OutOption,
    trace_ids: Annotated[
        list[str] | None,
        typer.Option("--trace-id", help="Channels (wildcards), such as 1U.PDBD..HH?; repeatable."),
    ] = None,
    starttime: Annotated[
        str | None, typer.Option("--from", help="Start of the search; default: all there is.")
    ] = None,
    endtime: Annotated[str | None, typer.Option("--to", help="End of the search.")] = None,
    freqmin: Annotated[float, typer.Option(help="Hz, lower corner.")] = 1.0,
    freqmax: Annotated[float, typer.Option(help="Hz, upper corner.")] = 10.0,
    before: Annotated[float, typer.Option(help="Seconds of a template before the onset.")] = 1.0,
    length: Annotated[float, typer.Option(help="Seconds of a template.")] = 10.0,
    threshold: Annotated[
        str, typer.Option(help='"9*mad", or a correlation such as 0.7.')
    ] = "9*mad",
    families: Annotated[
        bool, typer.Option(help="Also sort the events themselves into families.")
    ] = True,
    min_correlation: Annotated[float, typer.Option(help="Of a family.")] = 0.7,
) -> int:
    """Seek repeats of known events by correlation; one station's components are enough.

    Writes repeats.csv and, with --families, families.csv.

    Example: paektuseis match SDS day/tables/events.parquet --trace-id "1U.PDBD..HH?" --out repeats
    """
    from ..io import Archive, make_folder, read_table, write_table
    from ..similarity import find_families, make_templates, match_templates

    records = Archive(archive)
    known = read_table(events)
    if not len(known):
        raise NoDataError(f"{events}: no event in it")
    folder = make_folder(out)
    notes: list[str] = []
    templates = make_templates(
        records,
        known,
        length=length,
        before=before,
        freqmin=freqmin,
        freqmax=freqmax,
        trace_ids=trace_ids or None,
        problems=notes,
    )
    if not templates:
        for note in notes:
            complain(note)
        raise NoDataError(f"{archive}: no whole record of any event of {events}")
    limit = float(threshold) if threshold.replace(".", "", 1).isdigit() else threshold
    repeats = match_templates(
        records,
        templates,
        threshold=limit,
        merge=True,
        starttime=starttime,
        endtime=endtime,
        problems=notes,
    )
    write_table(repeats, folder / "repeats.csv")
    typer.echo(f"{len(repeats)} repeats of {len(templates)} templates: {folder / 'repeats.csv'}")
    if families:
        table = find_families(
            records,
            known,
            min_correlation=min_correlation,
            before=before,
            length=length,
            freqmin=freqmin,
            freqmax=freqmax,
            trace_ids=trace_ids or None,
            problems=notes,
        )
        write_table(table, folder / "families.csv")
        count = table.loc[table["family"] != "", "family"].nunique()
        typer.echo(f"{count} families: {folder / 'families.csv'}")
    for note in dict.fromkeys(notes):
        complain(note)
    return EXIT_PROBLEMS if notes else 0
