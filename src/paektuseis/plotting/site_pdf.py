"""Pages to mail: one station's day or one event, figures first, then its words and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from .._language import translate as _
from ..errors import ParameterError
from ..times import TimeLike
from ._pages import HEIGHT, WIDTH, header, new_page, panel, words_panel, wrap, write_columns
from ._style import empty_panel, safe_text
from ._time import check_span
from .availability import plot_availability
from .maps import plot_station_map
from .series import plot_rsam
from .site_images import read_picture

LETTERS = 118
ROWS = 62
MAP = 88.0  # mm of a page that a map takes


@dataclass(frozen=True)
class Block:
    """A table of words on a page: a title, names of the columns, rows, their places in mm."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    at: Sequence[float]


def day_page(
    *,
    title: str,
    lines: Sequence[str],
    starttime: TimeLike,
    endtime: TimeLike,
    monitoring: pd.DataFrame,
    rsam: pd.DataFrame,
    stations: Any = None,
    alive: Sequence[str] = (),
    synthetic: bool = False,
) -> Figure:
    """Draw what the tables of a station's day hold: where it is, when it listened, how loud.

    Parameters
    ----------
    title : str
    lines : sequence of str
        Words under the title.
    starttime, endtime : UTCDateTime or str
    monitoring, rsam : DataFrame
        Rows of the station.
    stations : DataFrame, optional
        ``tables.STATIONS``, for a map.
    alive : sequence of str
        ``NET.STA`` drawn filled.
    synthetic : bool

    Returns
    -------
    matplotlib.figure.Figure
        A4, upright.
    """
    start, end = check_span(starttime, endtime, starttime, endtime)
    figure = new_page()
    header(figure, safe_text(title), [safe_text(t) for t in lines], synthetic=synthetic)
    ax = panel(figure, 40, 44, 130, 80)
    if stations is None or not len(stations):
        empty_panel(ax, _("no positions were given"))
    else:
        plot_station_map(stations, ax=ax, alive=list(alive))
    ax = panel(figure, 40, 144, 150, 32)
    if len(monitoring):
        plot_availability(monitoring, ax=ax, starttime=start, endtime=end)
    else:
        empty_panel(ax, _("no availability was given"))
    ax = panel(figure, 40, 200, 150, 60)
    if len(rsam):
        plot_rsam(rsam, ax=ax, starttime=start, endtime=end)
    else:
        empty_panel(ax, _("no RSAM was given"))
    return figure


def picture_page(path: str | Path) -> Figure:
    """Return a page that shows a PNG drawn before.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    matplotlib.figure.Figure
        A4, upright.

    Raises
    ------
    ParameterError
        If it is no PNG, or one of unreasonable size.
    """
    pixels = read_picture(path)
    figure = new_page()
    ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    ax.set_axis_off()
    ax.imshow(pixels, interpolation="lanczos")
    return figure


def word_pages(
    title: str,
    facts: Sequence[tuple[str, str]],
    blocks: Sequence[Block],
    *,
    stations: Any = None,
    event: Any = None,
    alive: Sequence[str] = (),
    synthetic: bool = False,
) -> list[Figure]:
    """Write facts and tables on as many pages as they need.

    Parameters
    ----------
    title : str
    facts : sequence of (str, str)
        Name and value; long values are broken into lines.
    blocks : sequence of Block
    stations : DataFrame, optional
        ``tables.STATIONS``: a map of them stands above the words.
    event : mapping, optional
        With ``latitude`` and ``longitude``, drawn on that map.
    alive : sequence of str
        ``NET.STA`` drawn filled.
    synthetic : bool

    Returns
    -------
    list of matplotlib.figure.Figure
        A4, upright.
    """
    lines: list[tuple[str, list[str], Sequence[float]]] = []
    for name, value in facts:
        for i, part in enumerate(wrap(safe_text(value, limit=2000), 88) or [""]):
            lines.append(("row", [safe_text(name) if i == 0 else "", part], (0.0, 42.0)))
    for block in blocks:
        lines.append(("title", [safe_text(block.title)], (0.0,)))
        lines.append(("head", [safe_text(h) for h in block.head], block.at))
        for row in block.rows:
            last = wrap(safe_text(row[-1], limit=2000), 70) or [""]
            cells = [safe_text(c) for c in row[:-1]]
            lines.append(("row", [*cells, last[0]], block.at))
            lines += [("row", [""] * len(cells) + [p], block.at) for p in last[1:]]
    figures: list[Figure] = []
    begin = 0
    while begin < len(lines) or not figures:
        figure = new_page()
        header(figure, safe_text(title), [], synthetic=synthetic)
        top, room = 30.0, ROWS
        if stations is not None and len(stations) and not figures:
            ax = panel(figure, 50, 32, 110, 70)
            plot_station_map(stations, ax=ax, event=event, alive=list(alive))
            top, room = top + MAP, ROWS - round(MAP / 4.0)
        ax = panel(figure, 14, top, WIDTH - 28, HEIGHT - 18 - top)
        words_panel(ax, "")
        _write(ax, lines[begin : begin + room])
        figures.append(figure)
        begin += room
    return figures


def _write(ax: Any, lines: Sequence[tuple[str, list[str], Sequence[float]]]) -> None:
    at: Sequence[float] = ()
    group: list[list[str]] = []
    done = 0

    def flush() -> None:
        nonlocal done, group
        if group:
            blank = [[""] * len(at)] * done
            write_columns(ax, [*blank, *group], at, step=4.0)
            done += len(group)
            group = []

    for kind, cells, places in lines:
        if places != at or kind != "row":
            flush()
            at = places
        if kind in ("title", "head"):
            blank = [[""] * len(places)] * done
            write_columns(
                ax,
                [*blank, cells],
                places,
                step=4.0,
                colours=["black"] * done + ["#0b4f8a" if kind == "title" else "#555d63"],
            )
            done += 1
        else:
            group.append(cells)
    flush()


def save_pages(figures: Sequence[Figure], path: str | Path) -> Path:
    """Write figures as the pages of one PDF, whole or not at all, without a date.

    Parameters
    ----------
    figures : sequence of Figure
    path : str or Path
        Ends in ``.pdf``.

    Returns
    -------
    pathlib.Path
        Where it was written.

    Raises
    ------
    ParameterError
        If there is no figure or the name ends otherwise.
    OutputError
        If the file cannot be written.
    """
    from ..io import atomic_path

    target = Path(path)
    if target.suffix.lower() != ".pdf":
        raise ParameterError(f"{target.name}: end the name in .pdf")
    if not figures:
        raise ParameterError("no page to write; give at least one figure")
    metadata: dict[str, Any] = {"CreationDate": None, "Producer": None, "Creator": "paektuseis"}
    with atomic_path(target) as temporary, PdfPages(temporary, metadata=metadata) as pdf:
        for figure in figures:
            pdf.savefig(figure)
    return target
