"""``paektuseis completeness``: what a network can see, by planting earthquakes in its noise."""

from __future__ import annotations

from typing import Annotated, Any, cast

import typer

from .common import EXIT_PROBLEMS, complain, open_metadata, progress_bar, say
from .day import (
    ArchiveArgument,
    ConfigOption,
    EndtimeOption,
    InventoryOption,
    OutOption,
    StarttimeOption,
    only_day,
)


def completeness(
    archive: ArchiveArgument,
    network: Annotated[
        str,
        typer.Option(
            "--network", "-n", help="A shipped network (paektu) or a TOML profile with a model."
        ),
    ],
    out: OutOption,
    date: Annotated[
        str | None,
        typer.Option(
            "--date",
            "-d",
            help="UTC day whose noise is used; the only one there is where not given.",
        ),
    ] = None,
    starttime: StarttimeOption = None,
    endtime: EndtimeOption = None,
    inventory: InventoryOption = None,
    config: ConfigOption = None,
    without: Annotated[
        list[str] | None,
        typer.Option("--without", help="Station to be taken as dead; may be repeated."),
    ] = None,
    magnitudes: Annotated[
        str, typer.Option(help="Moment magnitudes: first:last:step.")
    ] = "-1:2:0.5",
    grid: Annotated[int, typer.Option(min=1, max=50, help="Places on a side.")] = 5,
    depth: Annotated[float, typer.Option(help="km below sea level.")] = 3.0,
    events: Annotated[
        int, typer.Option(min=5, help="Earthquakes of each magnitude at each place.")
    ] = 40,
    seed: Annotated[int, typer.Option(help="Of the moments and sources.")] = 1,
) -> int:
    """Tell which earthquakes a network can see, with and without some of its stations.

    Plants synthetic earthquakes in the records and seeks them with the detectors of the settings.
    Writes detectability.csv, completeness.csv and completeness.png; with --without the same of
    the remaining stations, as *-without.

    Example: paektuseis completeness SDS -n paektu -i stations.xml -d 2014-06-15 -o map
    """
    from ..config import load_settings
    from ..errors import ParameterError
    from ..io import Archive, make_folder, write_table
    from ..pipeline import completeness_map
    from ..pipeline.day import span_of
    from ..plotting import plot_completeness_map, save_figure

    settings = load_settings(config)
    net, metadata = open_metadata(network, inventory)
    if net is None:
        raise ParameterError("--network is needed; give paektu or a TOML profile")
    records = Archive(archive)
    if date is None and starttime is None and endtime is None:
        date = only_day(records)
    begin, until = span_of(date, starttime, endtime)
    folder = make_folder(out)
    notes: list[str] = []
    sets: list[tuple[str, tuple[str, ...]]] = [("", ())]
    if without:
        sets.append(("-without", tuple(without)))
    for suffix, dead in sets:
        with progress_bar("planting") as tick:
            result = completeness_map(
                net,
                records,
                magnitudes=_magnitudes(magnitudes),
                grid=grid,
                depth_km=depth,
                settings=settings,
                without=dead,
                inventory=metadata,
                starttime=begin,
                endtime=until,
                n=events,
                seed=seed,
                problems=notes,
                progress=tick,
            )
        write_table(result.detectability, folder / f"detectability{suffix}.csv")
        write_table(result.completeness, folder / f"completeness{suffix}.csv")
        figure = folder / f"completeness{suffix}.png"
        save_figure(cast(Any, plot_completeness_map(result).figure), figure)
        half = result.completeness[result.completeness["share"] == 0.5]["magnitude"]
        known = half.dropna()
        say(
            f"{len(result.alive)} stations: half of the earthquakes of Mw {known.min():.1f} to "
            f"{known.max():.1f} are found, by place ({len(known)} of {len(half)} places)"
            if len(known)
            else f"{len(result.alive)} stations: no place has a value; see the notes in the table"
        )
        typer.echo(str(figure))
    for note in dict.fromkeys(notes):
        complain(note)
    return EXIT_PROBLEMS if notes else 0


def _magnitudes(text: str) -> list[float]:
    """Return the magnitudes of ``first:last:step``, ends included."""
    from ..errors import ParameterError

    try:
        first, last, step = (float(part) for part in text.split(":"))
        count = round((last - first) / step)
    except (ValueError, ZeroDivisionError, OverflowError):
        count = 0
    if not 1 <= count <= 100:
        raise ParameterError(f"--magnitudes {text!r}: give first:last:step, such as -1:2:0.5")
    return [first + i * step for i in range(count + 1)]
