"""``paektuseis stats``: what a catalogue says in numbers."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .common import EXIT_PROBLEMS, NoDataError, complain, open_network, say

if TYPE_CHECKING:
    import pandas as pd


def stats(
    catalogue: Annotated[
        Path,
        typer.Argument(
            help="Folder of `paektuseis day` or `batch`, or a table (CSV, Parquet) with a column "
            "magnitude and, better, time."
        ),
    ],
    kind: Annotated[
        str, typer.Option(help="Kind of magnitude where the catalogue holds several: ML, Mw.")
    ] = "",
    delta_m: Annotated[float, typer.Option(help="Width of the bins of magnitude.")] = 0.1,
    completeness: Annotated[
        Literal["maxc", "gft", "bstability", "emr"], typer.Option(help="Method for Mc.")
    ] = "maxc",
    mc: Annotated[
        float | None, typer.Option(help="Completeness where you know it; it is then not estimated.")
    ] = None,
    method: Annotated[
        Literal["aki", "utsu", "tinti", "positive"], typer.Option(help="Estimator of b.")
    ] = "tinti",
    network: Annotated[
        str | None,
        typer.Option("--network", help="For the map: paektu, a TOML profile or StationXML."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for swarms.csv and catalogue.png.")
    ] = None,
) -> int:
    """Estimate completeness, b-value, rate, inter-event times and swarms of a catalogue.

    What the sample is too small for is refused with the number it would need.

    Example: paektuseis stats paektuseis-demo --completeness maxc --out statistics
    """
    from ..catalog import (
        b_value,
        find_swarms,
        inter_event_times,
        magnitude_completeness,
        rate_interval,
    )
    from ..io import make_folder, write_table

    tables_found = _tables(catalogue)
    events = _with_kind(tables_found, kind)
    sizes = events["magnitude"].dropna()
    if not len(events):
        raise NoDataError(f"{catalogue}: no event in it")
    named = ", ".join(sorted(set(events["kind"]) - {""})) or "magnitude"
    typer.echo(f"{len(events)} events, {len(sizes)} with {named}")
    refused: list[str] = []
    estimate_mc = estimate_b = None
    if mc is None:
        estimate_mc = magnitude_completeness(
            sizes, delta_m=delta_m, method=completeness, problems=refused
        )
        mc = float(estimate_mc.value)
        if math.isfinite(mc):
            typer.echo(f"Mc {_pm(mc, estimate_mc.uncertainty)} ({estimate_mc.method})")
    if math.isfinite(mc):
        estimate_b = b_value(sizes, mc=mc, delta_m=delta_m, method=method, problems=refused)
        if math.isfinite(estimate_b.value):
            typer.echo(
                f"b {_pm(float(estimate_b.value), estimate_b.uncertainty)} from {estimate_b.n}, "
                f"95 % {estimate_b.lower:.2f} to {estimate_b.upper:.2f} ({estimate_b.method})"
            )
    swarms = None
    if "time" in events.columns and events["time"].notna().sum() > 1:
        times = events["time"].dropna()
        days = (times.max() - times.min()).total_seconds() / 86400.0
        rate = rate_interval(len(times), days)
        typer.echo(
            f"{rate.value:.3g} events/day ({rate.lower:.3g} to {rate.upper:.3g}) between the "
            "first and the last; time in which nobody listened is not taken off"
        )
        between = inter_event_times(times, problems=refused)
        if math.isfinite(between.cv.value):
            typer.echo(
                f"coefficient of variation of the times between events {between.cv.value:.2f} "
                "(1 = at random, more = in clusters)"
            )
        swarms = find_swarms(_placed(events))
        typer.echo(f"{len(swarms)} swarms")
    if out is not None:
        folder = make_folder(out)
        if swarms is not None:
            write_table(swarms, folder / "swarms.csv")
        _draw(tables_found, folder, kind, delta_m, estimate_mc, estimate_b, network)
    for reason in refused:
        complain(reason)
    return EXIT_PROBLEMS if refused else 0


def _pm(value: float, error: float) -> str:
    return f"{value:.2f}" + (f" ± {error:.2f}" if math.isfinite(error) else "")


def _tables(path: Path) -> dict[str, pd.DataFrame]:
    """Return the tables of a folder of results, or one table as ``events``."""
    import pandas as pd

    from ..batch import open_results
    from ..batch.state import STATE
    from ..io import read_table
    from ..times import as_timestamps

    names = ("events", "origins", "magnitudes", "classes")
    if (path / STATE).is_file():
        results = open_results(path)
        return {name: results.table(name) for name in names}
    folder = path / "tables" if (path / "tables").is_dir() else path
    if folder.is_dir():
        found = {
            name: read_table(folder / f"{name}.parquet")
            for name in names
            if (folder / f"{name}.parquet").is_file()
        }
        if "events" not in found:
            raise NoDataError(f"{path}: neither a folder of results nor a table of events")
        return found
    events = read_table(path)
    if "time" in events.columns and not isinstance(events["time"].dtype, pd.DatetimeTZDtype):
        events["time"] = as_timestamps(list(events["time"]))
    return {"events": events}


def _with_kind(found: dict[str, pd.DataFrame], kind: str) -> pd.DataFrame:
    """Return the events with one kind of magnitude."""
    from ..errors import ParameterError

    events = found["events"]
    sizes = found.get("magnitudes")
    if kind and sizes is not None:
        mine = sizes[sizes["kind"] == kind].dropna(subset=["value"]).drop_duplicates("event_id")
        if mine.empty:
            raise ParameterError(
                f"--kind {kind}: no such magnitude; there are "
                f"{sorted(set(map(str, sizes['kind'])))}"
            )
        value = events["event_id"].map(dict(zip(mine["event_id"], mine["value"], strict=True)))
        return events.assign(magnitude=value.astype(float), kind=kind)
    if "magnitude" not in events.columns:
        raise ParameterError(
            f"the table has no column magnitude; it has {', '.join(map(str, events.columns))}"
        )
    if "magnitude_kind" not in events.columns:
        return events.assign(kind=kind)
    counts = events["magnitude_kind"][events["magnitude"].notna()].value_counts()
    most = str(counts.index[0]) if len(counts) else ""
    if len(counts) > 1:  # kinds are never mixed
        say(f"taking {most}; --kind chooses another of {', '.join(map(str, counts.index))}")
    same = events["magnitude_kind"] == most
    return events.assign(magnitude=events["magnitude"].where(same), kind=most)


def _placed(events: pd.DataFrame) -> pd.DataFrame:
    missing = {n: float("nan") for n in ("latitude", "longitude") if n not in events.columns}
    return events.assign(**missing)


def _draw(
    found: dict[str, pd.DataFrame],
    folder: Path,
    kind: str,
    delta_m: float,
    completeness: object,
    b_value: object,
    network: str | None,
) -> None:
    from ..plotting import plot_catalogue, save_figure

    if "origins" not in found:
        say("no table of origins: no figure")
        return
    net, _ = open_network(network)
    figure = plot_catalogue(
        found["origins"],
        magnitudes=found.get("magnitudes"),
        classes=found.get("classes"),
        network=net,
        kind=kind or None,
        delta_m=delta_m,
        completeness=completeness,
        b_value=b_value,
    )
    path = folder / "catalogue.png"
    save_figure(figure, path)
    typer.echo(str(path))
