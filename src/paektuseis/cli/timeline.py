"""``paektuseis timeline``: months and years of results on pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from .common import NoDataError, progress_bar


def timeline(
    directory: Annotated[Path, typer.Argument(help="Folder of results of `paektuseis batch`.")],
    starttime: Annotated[
        str | None, typer.Option("--from", help="First instant (UTC, ISO 8601); default: all.")
    ] = None,
    endtime: Annotated[str | None, typer.Option("--to", help="End of the span.")] = None,
    period: Annotated[
        Literal["month", "year", "all"],
        typer.Option(help="A page for each calendar month or year, or one for the whole span."),
    ] = "all",
    stations: Annotated[
        list[str] | None,
        typer.Option("--station", help="NET.STA or wildcards; may be repeated."),
    ] = None,
    ratio: Annotated[str, typer.Option(help="Ratio of bands to draw.")] = "dsar",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for the pages; default: DIR/pages.")
    ] = None,
    form: Annotated[
        Literal["png", "pdf", "svg"], typer.Option("--format", help="Kind of file.")
    ] = "png",
) -> int:
    """Draw who listened, what was counted and how loud it was, over months or years.

    Reads the results day by day; the archive itself is not needed.

    Example: paektuseis timeline piton-results --period month --out pages
    """
    from ..batch import open_results
    from ..io import make_folder, safe_filename
    from ..plotting import plot_timeline, save_figure

    results = open_results(directory)
    days = results.days(starttime=starttime, endtime=endtime)
    if days.empty:
        held = results.days()
        reach = f"{held['day'].iloc[0]} to {held['day'].iloc[-1]}" if len(held) else "no day yet"
        raise NoDataError(
            f"no results from {starttime or 'the first day'} to {endtime or 'the last'} in "
            f"{directory}; it holds {reach}"
        )
    first, last = results.span
    spans = (
        [("all", starttime or first, endtime or last)]
        if period == "all"
        else results.periods(period, starttime=starttime, endtime=endtime)
    )
    folder = make_folder(out if out is not None else directory / "pages")
    with progress_bar("drawing") as tick:
        for i, (name, start, end) in enumerate(spans):
            tick(name, i, len(spans))
            figure = plot_timeline(
                results, starttime=start, endtime=end, stations=stations or None, ratio=ratio
            )
            path = folder / safe_filename(f"timeline-{name}.{form}")
            save_figure(figure, path)
            typer.echo(str(path))
        tick("pages", len(spans), len(spans))
    return 0
