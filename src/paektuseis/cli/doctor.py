"""``paektuseis doctor``: the health of a whole archive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .common import EXIT_PROBLEMS, EXIT_USAGE, NoDataError, complain, open_inventory, say
from .day import ArchiveArgument

if TYPE_CHECKING:
    from ..batch import Fault


def doctor(
    archive: ArchiveArgument,
    index: Annotated[
        Path | None, typer.Option(help="Index made by `paektuseis index`: what changed since?")
    ] = None,
    stations: Annotated[
        list[Path] | None,
        typer.Option("--stations", "-i", help="StationXML or dataless SEED; may be repeated."),
    ] = None,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Hold every file against its first digest in --index."),
    ] = False,
    samples: Annotated[
        bool, typer.Option("--samples", help="Decode everything and check the samples too.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, faults of all severities.")
    ] = False,
) -> int:
    """Tell what is wrong with an archive: one line for each fault, then a summary.

    Errors and warnings go to standard output, the summary to standard error; mere remarks
    (severity info) are counted, and listed with --json. Nothing is changed. The exit code is 0 for
    a healthy archive, 1 for one with faults, 2 if nothing in it can be used, 3 if it is empty.

    Example: paektuseis doctor SDS --stations stations.xml
    """
    from ..batch import check_archive

    def tell(fault: Fault) -> None:
        if json:
            typer.echo(fault.json())
        elif fault.severity != "info":
            typer.echo(fault.line())

    health = check_archive(
        archive,
        tell,
        index=index,
        inventory=open_inventory(stations),
        verify=verify,
        samples=samples,
    )
    for line in health.summary():
        say(line)
    if health.files == health.foreign:
        raise NoDataError(f"{archive}: holds no waveforms")
    if not health.usable:
        complain(f"{archive}: none of its files can be used")
        return EXIT_USAGE
    return 0 if health.healthy else EXIT_PROBLEMS
