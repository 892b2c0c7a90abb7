"""Months and years of a network on one page: who listened, what was counted, how loud it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from obspy import UTCDateTime

from .._language import translate
from ..errors import ParameterError
from ..times import TimeLike
from ..types import Timeline
from ._fonts import fonts
from ._pages import HEIGHT, WIDTH, header, new_page, panel
from ._style import (
    BLACK,
    SMALL,
    dress,
    safe_text,
)
from ._time import calendar_axis, check_span, column_days, span_text, to_days
from ._timeline_panels import (
    MOST,
    NOT_MONITORED,
    NOT_PROCESSED,
    draw_amplitude,
    draw_counts,
    draw_ratios,
    draw_recorded,
    draw_unprocessed,
    main_kind,
    step_text,
    within,
)
from .availability import share_text

FloatArray = NDArray[np.float64]
LEFT, ACROSS = 26.0, 162.0  # mm
TOP, BOTTOM = 34.0, 22.0  # mm, head and foot of the page
GAP = 3.0


class HasTimeline(Protocol):
    """Whatever can reduce itself to a time line: the results of an archive run."""

    def timeline(
        self,
        *,
        starttime: TimeLike | None = None,
        endtime: TimeLike | None = None,
        stations: str | Sequence[str] | None = None,
        step: float | None = None,
    ) -> Timeline:
        """Return the time line of a span."""
        ...  # pragma: no cover


def plot_timeline(
    timeline: Timeline | HasTimeline,
    *,
    starttime: TimeLike | None = None,
    endtime: TimeLike | None = None,
    stations: str | Sequence[str] | None = None,
    step: float | None = None,
    event_marks: pd.DataFrame | Sequence[tuple[TimeLike, str]] = (),
    ratio: str = "dsar",
    title: str | None = None,
    title_note: str = "",
    synthetic: bool = False,
) -> Figure:
    """Draw months or years of a network: availability, event counts, RSAM and band ratios.

    From above: how much of each step every station recorded; the events each detector
    counted, hatched for the share of time in which too few stations listened; the median
    RSAM of each station with the band from the 10th to the 90th percentile; the median of a
    band ratio. What was not processed is dotted, what has no value is blank: neither is
    drawn as quiet.

    Parameters
    ----------
    timeline : Timeline or Results
        Results (see :func:`paektuseis.open_results`) are read for the span; only one figure
        for each step is kept.
    starttime, endtime : UTCDateTime or str, optional
        Span of the page; by default that of the time line. Of results, the span that is read.
    stations : str or sequence of str, optional
        ``NET.STA`` or wildcards; only for results. At most ten have an RSAM panel.
    step : float, optional
        Seconds; only for results. By default chosen by the span.
    event_marks : DataFrame or sequence of (time, str)
        Instants to mark through all panels, with a word each: eruptions, visits. A table has
        ``time`` (or ``starttime``) and may have ``label``.
    ratio : str
        Name of the ratio drawn, such as ``"dsar"``.
    title : str, optional
        By default the name of the results and the span.
    title_note : str
        A line for the head of the page.
    synthetic : bool
        Write SYNTHETIC over the page.

    Returns
    -------
    matplotlib.figure.Figure
        A4, upright.

    Raises
    ------
    ParameterError
        If the span is empty or lies outside the time line, or stations or step are given with
        a time line that is already made.
    """
    if not isinstance(timeline, Timeline):
        if not callable(getattr(timeline, "timeline", None)):
            raise ParameterError(
                f"timeline is a {type(timeline).__name__}; give open_results(...) or a Timeline"
            )
        timeline = timeline.timeline(
            starttime=starttime, endtime=endtime, stations=stations, step=step
        )
    elif stations is not None or step is not None:
        raise ParameterError("stations and step are chosen when a time line is made")
    start, end = check_span(starttime, endtime, timeline.starttime, timeline.endtime)
    if start >= timeline.endtime or end <= timeline.starttime:
        raise ParameterError(
            f"nothing between {start} and {end}; the time line is from {timeline.starttime} "
            f"to {timeline.endtime}"
        )
    marks = _marks(event_marks)
    names = sorted(timeline.availability["station"].unique())
    amplitude, left_out = main_kind(timeline.amplitude)
    ratios = timeline.ratios[timeline.ratios["ratio"] == ratio]
    groups = list(timeline.rates["group"].unique()) or [""]
    loud = sorted(amplitude["trace_id"].unique())
    figure = new_page()
    notes = [f"{title_note}" if title_note else "", *left_out]
    if len(loud) > MOST:
        notes.append(
            translate(
                "RSAM of {n} of {all} channels; choose others with stations",
                n=MOST,
                all=len(loud),
            )
        )
        loud = loud[:MOST]
    _head(figure, timeline, start, end, title, notes, synthetic)
    axes = _lay_out(figure, len(names), len(groups), len(loud))
    draw_recorded(axes[0], timeline, names, start, end)
    for ax, group in zip(axes[1 : 1 + len(groups)], groups, strict=True):
        draw_counts(ax, timeline, group, start, end)
    draw_amplitude(axes[1 + len(groups) : -1], timeline, amplitude, loud, start, end)
    draw_ratios(axes[-1], timeline, ratios, ratio, start, end)
    for ax in axes:
        draw_unprocessed(ax, timeline, start, end)
        calendar_axis(ax, start, end, label=ax is axes[-1])
        for time, _ in marks:
            ax.axvline(time, color=BLACK, linewidth=0.8, linestyle=(0, (4, 2)), zorder=8)
        ax.yaxis.set_label_coords(-0.075, 0.5)
    _name_marks(axes[0], marks, start, end)
    _key(figure, timeline)
    return figure


# the page -------------------------------------------------------------------------------------


def _head(
    figure: Figure,
    timeline: Timeline,
    start: UTCDateTime,
    end: UTCDateTime,
    title: str | None,
    notes: Sequence[str],
    synthetic: bool,
) -> None:
    words = f"{safe_text(timeline.source)} · " if timeline.source else ""
    processed = within(timeline.processed, timeline, start, end)
    share = float(processed["share"].mean()) if len(processed) else 0.0
    lines = [
        translate(
            "steps of {step} · {share} of the span processed",
            step=step_text(timeline.step),
            share=share_text(share),
        ),
        " · ".join(safe_text(n) for n in notes if n),
    ]
    header(
        figure,
        safe_text(title) if title is not None else f"{words}{span_text(start, end)} UTC",
        lines,
        synthetic=synthetic or "synthetic" in timeline.source.lower(),
    )


def _lay_out(figure: Figure, stations: int, groups: int, loud: int) -> list[Axes]:
    """Return axes one under another: availability, counts, RSAM, ratios, by their weights."""
    loud = max(loud, 1)
    heights = [4.2 * max(stations, 1), *[20.0] * groups, *[19.0] * loud, 26.0]
    # the panels of RSAM stand close together: they are one picture
    gaps = [9.0, *[GAP + 2.5] * (groups - 1), 8.0, *[1.2] * (loud - 1), 8.0]
    room = HEIGHT - TOP - BOTTOM - sum(gaps)
    scale = min(room / sum(heights), 1.6)
    axes, top = [], TOP
    for height, gap in zip(heights, [*gaps, 0.0], strict=True):
        ax = panel(figure, LEFT, top, ACROSS, height * scale)
        dress(ax)
        axes.append(ax)
        top += height * scale + gap
    return axes


def _key(figure: Figure, timeline: Timeline) -> None:
    from matplotlib.patches import Patch

    patches = [
        Patch(label=translate("not processed"), **NOT_PROCESSED),
        Patch(label=translate("too few stations listened (share of the step)"), **NOT_MONITORED),
    ]
    figure.legend(
        handles=patches,
        loc="lower right",
        bbox_to_anchor=((LEFT + ACROSS) / WIDTH, 4.0 / HEIGHT),
        prop={"family": fonts(), "size": SMALL},
        ncols=2,
        frameon=False,
        handlelength=2.0,
        borderaxespad=0.0,
    )


def _marks(given: Any) -> list[tuple[float, str]]:
    if isinstance(given, pd.DataFrame):
        name = next((n for n in ("time", "starttime") if n in given.columns), None)
        if name is None:
            raise ParameterError(
                f"event_marks has neither time nor starttime; it has {list(given.columns)}"
            )
        words = given["label"] if "label" in given.columns else [""] * len(given)
        days = column_days(given[name]) if len(given) else np.empty(0)
        return [(float(d), safe_text(w, limit=40)) for d, w in zip(days, words, strict=True)]
    return [(to_days(time), safe_text(word, limit=40)) for time, word in given]


def _name_marks(
    ax: Axes, marks: list[tuple[float, str]], start: UTCDateTime, end: UTCDateTime
) -> None:
    for day, word in marks:
        if word and to_days(start) <= day < to_days(end):
            ax.annotate(
                word,
                (day, 1.0),
                xycoords=("data", "axes fraction"),
                xytext=(0, 15),
                textcoords="offset points",
                ha="center",
                va="bottom",
                fontsize=SMALL,
                family=fonts(),
            )


__all__ = ["HasTimeline", "plot_timeline"]
