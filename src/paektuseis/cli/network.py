"""``paektuseis network``: what is known of a network."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from .common import open_metadata
from .day import InventoryOption


def network(
    name: Annotated[
        str, typer.Argument(help="A shipped network, a TOML profile or a StationXML file.")
    ] = "paektu",
    inventory: InventoryOption = None,
    map_file: Annotated[
        Path | None, typer.Option("--map", help="Draw the map here (.png, .pdf or .svg).")
    ] = None,
) -> int:
    """Show stations, distances, velocity model and known contaminating sources.

    Example: paektuseis network paektu --map paektu.png
    """
    net, _ = open_metadata(name, inventory)
    if net is None:  # a name was given, so a network was opened
        raise typer.BadParameter("give a network")
    stations = net.station_table()
    if sys.stdout.isatty():
        _show(net, stations)
    else:
        typer.echo(stations.to_csv(index=False), nl=False)
    if map_file is not None:
        from ..plotting import plot_station_map, save_figure

        save_figure(cast(Any, plot_station_map(net).figure), map_file)
        typer.echo(str(map_file), err=True)
    return 0


def _show(net: object, stations: object) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console.print(f"[bold]{net.title}[/bold]")  # type: ignore[attr-defined]
    view = Table("station", "latitude", "longitude", "elevation (m)", "distance (km)", "certainty")
    for row in stations.itertuples():  # type: ignore[attr-defined]
        height = f"{row.elevation_m:.0f}" if row.elevation_m == row.elevation_m else "unknown"
        view.add_row(
            f"{row.network}.{row.station}",
            f"{row.latitude:.4f}",
            f"{row.longitude:.4f}",
            height,
            f"{row.distance_km:.1f}",
            row.certainty,
        )
    console.print(view)
    model = net.velocity  # type: ignore[attr-defined]
    if model is not None:
        layers = Table("top (km below sea level)", "Vp (km/s)", "Vs (km/s)", title=model.name)
        for layer in model.layers:
            layers.add_row(f"{layer.top_km:.2f}", f"{layer.vp:.3f}", f"{layer.vs:.3f}")
        console.print(layers)
