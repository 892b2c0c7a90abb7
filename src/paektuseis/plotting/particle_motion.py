"""How the ground moved at one station: one component against another, in order of time."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from obspy import Stream, Trace, UTCDateTime

from .._language import mark, translate
from ..errors import ParameterError
from ..provenance import units_of
from ..times import TimeLike
from ..types import FloatArray
from ._envelope import as_traces, span_of
from ._style import GREY, axes_or_new, empty_panel, label_axes, number_text, unit_text, words_of
from ._time import check_span

_NAMES = {
    "Z": mark("up"),
    "N": mark("north"),
    "E": mark("east"),
    "R": mark("radial"),
    "T": mark("transverse"),
}


def plot_particle_motion(
    stream: Stream,
    *,
    x: str = "E",
    y: str = "N",
    ax: Axes | None = None,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    backazimuth: float | None = None,
    title: str | None = None,
) -> Axes:
    """Draw one component against another, from the ring on, light at first and dark at the end.

    Parameters
    ----------
    stream : Stream
        Components of one station in one unit; of each the piece that holds the whole span.
    x, y : str
        Last letters of the channel codes drawn to the right and upwards.
    ax : Axes, optional
        Where to draw; by default in a figure of its own.
    starttime, endtime : UTCDateTime or str, optional
        Span to draw; by default all there is.
    backazimuth : float, optional
        Degrees from north: a line in that direction, where east and north are drawn.
    title : str, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ParameterError
        If the stream holds several stations or units, or the span is empty.
    """
    traces = as_traces(stream)
    if len({t.id[:-1] for t in traces}) > 1:
        raise ParameterError(
            f"particle motion of {sorted({t.id[:-1] for t in traces})}: select one station "
            "and location"
        )
    units = sorted({units_of(t) for t in traces})
    if len(units) > 1:
        raise ParameterError(f"the components have the units {units}; bring them to one unit")
    start, end = check_span(starttime, endtime, *span_of(traces))
    ax = axes_or_new(ax, (2.6, 2.6))
    to_right, to_top = (_piece(traces, letter, start, end) for letter in (x, y))
    if to_right is None or to_top is None or len(to_right) != len(to_top):
        missing = [k for k, p in ((x, to_right), (y, to_top)) if p is None]
        listed = translate(" and ").join(missing) or translate("both components")
        empty_panel(ax, translate("no whole record of\n{components}", components=listed))
        return ax
    right, upward = to_right - to_right.mean(), to_top - to_top.mean()
    largest = float(max(np.abs(right).max(), np.abs(upward).max()))
    scale = 1.0 / largest if largest > 0 else 1.0
    points = np.column_stack((right, upward))[:, None, :] * scale
    lines = LineCollection(
        list(np.concatenate((points[:-1], points[1:]), axis=1)), cmap="viridis_r", linewidths=0.9
    )
    lines.set_array(np.arange(len(points) - 1))
    ax.add_collection(lines)
    ax.plot(*points[0, 0], marker="o", markersize=4, color=GREY, markerfacecolor="white", zorder=3)
    for draw in (ax.axhline, ax.axvline):
        draw(0.0, color=GREY, linewidth=0.4, zorder=1)
    if backazimuth is not None and np.isfinite(backazimuth) and (x, y) == ("E", "N"):
        turn = np.radians(backazimuth)
        ax.plot(
            [0, 1.05 * np.sin(turn)],
            [0, 1.05 * np.cos(turn)],
            color="#D55E00",
            linewidth=1.0,
            linestyle=(0, (4, 2)),
        )
    ax.set_xlim(-1.08, 1.08)
    ax.set_ylim(-1.08, 1.08)
    ax.set_aspect("equal")
    ax.set_xticks([])
    ax.set_yticks([])
    label_axes(
        ax,
        x=words_of(_NAMES.get(x, x)),
        y=words_of(_NAMES.get(y, y)),
        title=f"±{number_text(largest)} {unit_text(units[0])}" if title is None else title,
    )
    return ax


def _piece(
    traces: list[Trace], letter: str, start: UTCDateTime, end: UTCDateTime
) -> FloatArray | None:
    """Return the samples of the one piece of a component that holds the whole span."""
    for trace in traces:
        margin = 1.01 * trace.stats.delta
        if (
            trace.id.endswith(letter)
            and trace.stats.starttime <= start + margin
            and trace.stats.endtime >= end - margin
        ):
            data = np.asarray(trace.slice(start, end, nearest_sample=True).data, dtype=np.float64)
            return data if len(data) > 1 and np.isfinite(data).all() else None
    return None
