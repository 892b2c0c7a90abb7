"""``paektuseis locate``: hypocentres from picks, and from one format to another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .common import EXIT_PROBLEMS, EXIT_USAGE, NoDataError, complain, open_metadata, progress_bar
from .day import InventoryOption, NetworkOption

if TYPE_CHECKING:
    from ..catalog import CatalogueTables


def locate(
    picks: Annotated[
        Path,
        typer.Argument(
            help="Picks: a table (picks.csv, picks.parquet), NonLinLoc (.obs, .hyp), "
            "HypoDD (.pha), Nordic or QuakeML (.xml)."
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", help="A table (.csv, .parquet), or .xml, .hyp, .pha, .nor."),
    ],
    network: NetworkOption = None,
    inventory: InventoryOption = None,
    form: Annotated[
        str, typer.Option("--format", help="Of the picks, where the name does not say it.")
    ] = "",
    model_error: Annotated[
        float, typer.Option(help="Standard error of the model's travel times in s.")
    ] = 0.05,
    max_depth_km: Annotated[float, typer.Option(help="Deepest source.")] = 40.0,
) -> int:
    """Locate every event of a file of picks.

    What cannot be located is named with the reason; the exit code is then 1 (2 if that is all).

    Example: paektuseis locate day/tables/picks.parquet --network paektu --out origins.csv
    """
    from .. import tables
    from ..catalog import write_catalogue
    from ..errors import MetadataError, ParameterError
    from ..io import write_table
    from ..source import locate as locate_event

    net, metadata = open_metadata(network, inventory)
    if net is None:
        raise ParameterError("--network is needed: positions and a velocity model")
    found = _picks(picks, form)
    if not len(found.picks):
        raise NoDataError(f"{picks}: no pick in it")
    origins, residuals, refused = [], [], list(found.problems)
    groups = list(found.picks.groupby("event_id", sort=False))
    with progress_bar("locating") as tick:
        for i, (event_id, mine) in enumerate(groups):
            tick(str(event_id), i, len(groups))
            try:
                place = locate_event(
                    mine.reset_index(drop=True),
                    net,
                    inventory=metadata,
                    model_error=model_error,
                    max_depth_km=max_depth_km,
                )
            except (ParameterError, MetadataError) as error:
                refused.append(f"event {event_id}: {error}")
                continue
            origins.append(place.origin(str(event_id)))
            residuals.append(place.residuals.assign(event_id=str(event_id)))
        tick("events", len(groups), len(groups))
    located = tables.ORIGINS.concat(origins)
    if out.suffix.lower() in (".csv", ".parquet"):
        write_table(located, out)
    else:
        whole = replace(
            found, origins=located, residuals=tables.RESIDUALS.concat(residuals), problems=()
        )
        write_catalogue(whole, out, format=_format(out))
    typer.echo(f"{len(located)} of {len(groups)} events located: {out}")
    for reason in refused:
        complain(reason)
    if not len(located):
        return EXIT_USAGE
    return EXIT_PROBLEMS if refused else 0


_FORMATS = {".xml": "quakeml", ".hyp": "nonlinloc_hyp", ".pha": "hypodd", ".nor": "nordic"}


def _format(path: Path) -> Any:
    from ..errors import ParameterError

    name = _FORMATS.get(path.suffix.lower())
    if name is None:
        raise ParameterError(f"--out {path}: give .csv, .parquet or one of {', '.join(_FORMATS)}")
    return name


def _picks(path: Path, form: str) -> CatalogueTables:
    from .. import tables
    from ..catalog import CatalogueTables, read_catalogue
    from ..io import read_table

    if path.suffix.lower() in (".csv", ".parquet") and not form:
        return CatalogueTables(picks=read_table(path, tables.PICKS))
    return read_catalogue(path, format=form or None)
