"""What pages share: paper in millimetres, a title, words in columns, the worst findings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from obspy import Stream, Trace, UTCDateTime

from .. import __version__
from .._language import plural, retell, translate
from ..errors import ParameterError
from ..provenance import recall
from ..tables import AVAILABILITY, QUALITY, SEVERITIES
from ..times import as_utc
from ._fonts import fonts
from ._style import (
    A4_PORTRAIT,
    LARGE,
    NORMAL,
    ORANGE,
    RED,
    SMALL,
    TITLE,
    new_figure,
    number_text,
    safe_text,
    unit_text,
    words_of,
)

WIDTH, HEIGHT = 210.0, 297.0  # mm
LETTERS, LINES = 112, 3  # of the head of a page


def new_page() -> Figure:
    """Return an empty A4 page, upright."""
    return new_figure(A4_PORTRAIT, constrained=False)


def panel(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Return axes at a place given in millimetres from the upper left corner of the page."""
    return figure.add_axes(
        (left / WIDTH, 1.0 - (top + height) / HEIGHT, width / WIDTH, height / HEIGHT)
    )


def header(
    figure: Figure, title: str, lines: Sequence[str], *, synthetic: bool, note: str = ""
) -> None:
    """Write the title of a page, the lines under it and, where it is so, SYNTHETIC."""
    figure.text(
        14 / WIDTH, 1 - 10 / HEIGHT, title, fontsize=TITLE, weight="bold", va="top", family=fonts()
    )
    wrapped = [part for line in lines if line for part in wrap(line, LETTERS)]
    room = LINES - bool(note)
    if len(wrapped) > room:
        wrapped = [*wrapped[: room - 1], wrapped[room - 1][: LETTERS - 2] + " …"]
    if note:
        wrapped.append(wrap(safe_text(note), LETTERS)[0])
    for i, line in enumerate(wrapped):
        figure.text(
            14 / WIDTH,
            1 - (18 + 4.2 * i) / HEIGHT,
            line,
            fontsize=NORMAL,
            va="top",
            family=fonts(),
            color="#333333",
        )
    if synthetic:
        figure.text(
            1 - 14 / WIDTH,
            1 - 10.5 / HEIGHT,
            translate("SYNTHETIC RECORD"),
            fontsize=LARGE + 2,
            weight="bold",
            color="white",
            ha="right",
            va="top",
            family=fonts(),
            bbox={"facecolor": RED, "edgecolor": "none", "pad": 4},
        )
    figure.text(
        14 / WIDTH,
        6 / HEIGHT,
        translate("paektuseis {version} · all times UTC", version=__version__),
        fontsize=SMALL,
        family=fonts(),
        color="#777777",
    )


def words_panel(ax: Axes, title: str) -> None:
    """Prepare axes for words: no frame, a title."""
    ax.set_axis_off()
    ax.set_title(title, fontsize=LARGE, loc="left", family=fonts(), pad=4)


def write_columns(
    ax: Axes,
    rows: Sequence[Sequence[str]],
    at: Sequence[float],
    *,
    head: Sequence[str] = (),
    right: Sequence[int] = (),
    step: float = 3.7,
    colours: Sequence[str] | None = None,
) -> int:
    """Write rows of words in columns; returns how many rows found room.

    Parameters
    ----------
    ax : Axes
        With its final position.
    rows : sequence of sequence of str
        Text already safe.
    at : sequence of float
        Left end of each column in mm (right end for those in ``right``).
    head : sequence of str
        Names of the columns.
    right : sequence of int
        Columns that are set flush right.
    step : float
        Distance of the lines in mm.
    colours : sequence of str, optional
        Colour of each row.
    """
    box = ax.get_position()
    width, height = box.width * WIDTH, box.height * HEIGHT
    lines = ([list(head)] if head else []) + [list(r) for r in rows]
    room = max(int((height - 1.0) // step), 1)
    for i, line in enumerate(lines[:room]):
        bold = bool(head) and i == 0
        colour = "black" if colours is None or bold else colours[i - bool(head)]
        for j, (x, text) in enumerate(zip(at, line, strict=True)):
            ax.text(
                x / width,
                1.0 - (i * step + 1.0) / height,
                text,
                transform=ax.transAxes,
                fontsize=SMALL,
                family=fonts(),
                va="top",
                color=colour,
                ha="right" if j in right else "left",
                weight="bold" if bold else "normal",
            )
    return min(room, len(lines)) - bool(head)


def wrap(text: str, letters: int) -> list[str]:
    """Break text into lines of at most so many letters."""
    import textwrap

    if not any(_is_wide(c) for c in text):
        return textwrap.wrap(text, letters, break_long_words=True) or [""]
    return _wrap_wide(text, letters)


def _is_wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in "WF"


def _short(piece: str, most: int) -> list[str]:
    return [piece[i : i + most] for i in range(0, len(piece), max(most, 1))]


NOT_FIRST = frozenset("，。、；：？！）」』】》〉%·,.;:?!)")  # of a line


def _wrap_wide(text: str, letters: int) -> list[str]:
    """Break text of full-width letters: Chinese between any two of them, Korean at spaces.

    A full-width letter is 1.7 times as wide as the mean letter the limit is meant for.
    """
    pieces = re.findall(r"[가-힣!-~°±²³⁻µ−–…·]+|\s+|.", text)
    pieces = [part for piece in pieces for part in _short(piece, int(letters / 1.7))]
    lines, line, wide = [], "", 0.0
    for piece in pieces:
        size = sum(1.7 if _is_wide(c) else 1.0 for c in piece)
        if wide + size > letters and line.strip() and piece not in NOT_FIRST:
            lines.append(line.strip())
            line, wide = "", 0.0
            if piece.isspace():
                continue
        line, wide = line + piece, wide + size
    return [*lines, line.strip()] if line.strip() or not lines else lines


def write_findings(ax: Axes, quality: pd.DataFrame | None, *, several: bool = False) -> None:
    """Write the worst findings of a quality table in words, as many as there is room for.

    Findings of the same check and channel are one line with their number.
    """
    width = ax.get_position().width * WIDTH
    if quality is None:
        write_columns(ax, [[translate("no quality table was given")]], [0.0])
        return
    table = QUALITY.check(
        quality, need=("trace_id", "starttime", "endtime", "check", "severity", "message")
    )
    if table.empty:
        write_columns(ax, [[translate("no finding")]], [0.0])
        return
    numbers = {s: int((table["severity"] == s).sum()) for s in reversed(SEVERITIES)}
    counts = [severity_count(s, n) for s, n in numbers.items() if n]
    rank = table["severity"].map({s: i for i, s in enumerate(SEVERITIES)}).fillna(0)
    table = table.assign(rank=rank)
    several = several or table["trace_id"].nunique() > 1
    groups = [
        (-int(rows["rank"].max()), -len(rows), str(key[0]), rows)
        for key, rows in table.groupby(["trace_id", "check"], sort=True)
    ]
    groups.sort(key=lambda g: g[:3])
    letters = int(width / 1.32)
    lines: list[str] = []
    colours: list[str] = []
    for severity, _, trace_id, rows in groups:
        worst = rows.sort_values(["rank", "starttime"], ascending=[False, True]).iloc[0]
        text = f"{severity_text(worst['severity'])}: {retell(str(worst['message']))}"
        if several and trace_id not in text:
            text = f"{trace_id}: {text}"
        if len(rows) > 1:
            text += translate(
                " ({n} times, first {time})",
                n=len(rows),
                time=as_utc(worst["starttime"]).strftime("%H:%M:%S"),
            )
        for i, line in enumerate(wrap(safe_text(text), letters)[:3]):
            lines.append(("• " if i == 0 else "   ") + line)
            colours.append({-2: RED, -1: "#8A5A00"}.get(severity, "#333333"))
    height = ax.get_position().height * HEIGHT
    room = max(int((height - 1.0) // 3.7) - 1, 1)
    rows_out = [[", ".join(counts)], *([line] for line in lines[: room - 1])]
    shown = ["black", *colours[: room - 1]]
    if len(lines) > room - 1:
        rows_out.append([translate("… more in the quality table")])
        shown.append("#333333")
    write_columns(ax, rows_out, [0.0], colours=shown)


def severity_text(severity: str) -> str:
    """Return the name of a severity as the reader calls it."""
    names = {
        "info": translate("info"),
        "warning": translate("warning"),
        "error": translate("error"),
    }
    return names.get(severity, severity)


def severity_count(severity: str, n: int) -> str:
    """Return a number of findings of one severity in words."""
    if severity == "error":
        return plural("{n} error", "{n} errors", n)
    if severity == "warning":
        return plural("{n} warning", "{n} warnings", n)
    return translate("{n} info", n=n)


def volcano_name(network: Any, otherwise: str = "") -> str:
    """Return the name of a network's volcano as the reader has it, ready for a label."""
    name = getattr(network, "title", "") or getattr(network, "name", "") or otherwise
    return words_of(name)


def findings_of(stream: Stream | Sequence[Trace]) -> pd.DataFrame | None:
    """Return what the reader had to say of these traces, or ``None`` if it said nothing."""
    rows = [dict(row) for trace in stream for row in recall(trace, "findings", ())]
    return QUALITY.frame(rows) if rows else None


def availability_of(traces: Sequence[Trace]) -> pd.DataFrame:
    """Return the segments of some traces as an availability table."""
    return AVAILABILITY.frame(
        {
            "trace_id": t.id,
            "starttime": t.stats.starttime,
            "endtime": t.stats.endtime,
            "sampling_rate": float(t.stats.sampling_rate),
            "npts": int(t.stats.npts),
        }
        for t in traces
    )


def one_row(event: Any) -> dict[str, Any]:
    """Return an event (mapping, Series or table of one row) as a dict; ``{}`` for none."""
    if event is None:
        return {}
    if isinstance(event, pd.DataFrame):
        if len(event) != 1:
            raise ParameterError(f"event is a table of {len(event)} rows; give one row")
        event = event.iloc[0]
    if isinstance(event, pd.Series | Mapping):
        return {str(k): v for k, v in dict(event).items()}
    raise ParameterError(
        f"event is a {type(event).__name__}; give a row of a table of events or detections"
    )


def time_of(row: Mapping[str, Any], *names: str) -> UTCDateTime | None:
    """Return the first of some times that a row holds."""
    for name in names:
        value = row.get(name)
        if value is not None and not (not isinstance(value, str | UTCDateTime) and pd.isna(value)):
            return as_utc(value, name=name)
    return None


def instant_text(time: UTCDateTime, *, date: bool = True) -> str:
    """Return an instant to the tenth of a second."""
    rounded = UTCDateTime(ns=(int(time.ns) + 50_000_000) // 100_000_000 * 100_000_000)
    pattern = "%Y-%m-%d %H:%M:%S" if date else "%H:%M:%S"
    return f"{rounded.strftime(pattern)}.{rounded.microsecond // 100_000}"


def quantity(value: Any, units: str) -> str:
    """Return a number with its unit."""
    text = number_text(value)
    return f"{text} {unit_text(units)}" if units not in ("", "1") and text != "–" else text


def event_times(events: pd.DataFrame) -> pd.Series:
    """Return the column of an events or detections table that says when."""
    for name in ("time", "starttime"):
        if name in events.columns:
            return events[name]
    raise ParameterError(f"events has neither time nor starttime; it has {list(events.columns)}")


__all__ = [
    "HEIGHT",
    "NORMAL",
    "ORANGE",
    "WIDTH",
    "availability_of",
    "event_times",
    "findings_of",
    "header",
    "instant_text",
    "new_page",
    "one_row",
    "panel",
    "quantity",
    "time_of",
    "words_panel",
    "wrap",
    "write_columns",
    "write_findings",
]
