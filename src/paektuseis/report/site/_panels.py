"""Panels of a chart over time: who recorded, what was counted, how loud it was."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..._language import translate as _
from ...catalog._columns import nanoseconds
from ...types import FloatArray
from ._svg import Drawing, TimeAxis, nice_range, power_ticks, round_ticks
from ._words import class_name, number, percent, scientific

ROW = 15.0
MOST_LINES = 8


def state_rows(
    drawing: Drawing, axis: TimeAxis, top: float, rows: Mapping[str, Sequence[tuple[int, int, str]]]
) -> float:
    """Draw a row for each name with its spans (ns, ns, state); return where the panel ends."""
    y = top
    for name, spans in rows.items():
        drawing.text(axis.left - 8, y + 11, name, "s", "end")
        drawing.rect(axis.left, y + 2, axis.right - axis.left, ROW - 4, "st-missing")
        for begin, end, state in spans:
            if state != "missing" and end > axis.start and begin < axis.end:
                x = axis(begin)
                drawing.rect(x, y + 2, axis(end) - x, ROW - 4, f"st-{state}")
        y += ROW
    return y


def share_rows(
    drawing: Drawing,
    axis: TimeAxis,
    top: float,
    edges: FloatArray,
    shares: Mapping[str, FloatArray],
    processed: FloatArray,
) -> float:
    """Draw for each station how much of each step it recorded; return where the panel ends."""
    y = top
    for name, share in shares.items():
        drawing.text(axis.left - 8, y + 11, name, "s", "end")
        drawing.rect(axis.left, y + 2, axis.right - axis.left, ROW - 4, "st-missing")
        for i, value in enumerate(share):
            x, right = axis(edges[i]), axis(edges[i + 1])
            if processed[i] <= 0:
                drawing.rect(x, y + 2, right - x, ROW - 4, "st-unseen")
            elif value > 0:
                height = (ROW - 4) * max(0.12, float(value))
                drawing.rect(x, y + ROW - 2 - height, right - x, height, "st-monitored")
        y += ROW
    return y


def counts_panel(
    drawing: Drawing,
    axis: TimeAxis,
    top: float,
    height: float,
    edges: FloatArray,
    counts: Mapping[str, FloatArray],
    alive: FloatArray,
    monitored: FloatArray,
) -> None:
    """Draw events of each step by class, stacked, and the stations alive as a line."""
    total = np.sum(list(counts.values()), axis=0) if counts else np.zeros(len(edges) - 1)
    ceiling = max(4.0, float(np.max(total, initial=0.0)) * 1.12)
    ticks = [t for t in round_ticks(0.0, ceiling) if t == int(t)]
    bottom = top + height
    _frame(drawing, axis, top, bottom, _("events"))
    for tick in ticks:
        y = bottom - height * tick / ceiling
        drawing.line(axis.left, y, axis.right, y, "grid")
        drawing.text(axis.left - 8, y + 4, f"{tick:g}", "s", "end")
    for i in range(len(edges) - 1):
        x, right = axis(edges[i]), axis(edges[i + 1])
        if not monitored[i] > 0:
            drawing.rect(x, top, right - x, height, "deaf")
        elif monitored[i] < 0.995:
            drawing.rect(x, top, right - x, height * (1.0 - float(monitored[i])) * 0.25, "deaf")
        base = bottom
        when = pd.Timestamp(int(edges[i]), tz="UTC").strftime("%Y-%m-%d %H:%M")
        for label, values in counts.items():
            if values[i] > 0:
                tall = height * float(values[i]) / ceiling
                base -= tall
                tip = f"{when}: {class_name(label)} {values[i]:g}"
                gap = min(1.0, (right - x) * 0.08)
                drawing.rect(x + gap, base, right - x - 2 * gap, tall, f"k-{label or 'none'}", tip)
    most = max(1.0, float(np.nanmax(alive, initial=1.0)))
    y_alive = bottom - height * alive / (most * 1.12)
    xs: list[float] = []
    ys: list[float] = []
    for i in range(len(edges) - 1):
        xs += [axis(edges[i]), axis(edges[i + 1])]
        ys += [float(y_alive[i])] * 2
    drawing.broken_line(np.array(xs), np.array(ys), "alive")
    for tick in [t for t in round_ticks(0.0, most * 1.1, 3) if t == int(t)]:
        y = bottom - height * tick / (most * 1.12)
        drawing.text(axis.right + 6, y + 4, f"{tick:g}", "s alive-text")


def lines_panel(
    drawing: Drawing,
    axis: TimeAxis,
    top: float,
    height: float,
    series: Sequence[tuple[str, FloatArray, FloatArray]],
    label: str,
    *,
    empty: str,
) -> None:
    """Draw series of positive values (name, ns, value) on a logarithmic axis."""
    bottom = top + height
    _frame(drawing, axis, top, bottom, label)
    found = nice_range(np.concatenate([v for _n, _t, v in series])) if series else None
    if found is None:
        drawing.text((axis.left + axis.right) / 2, top + height / 2 + 4, empty, "faint", "middle")
        return
    low, high = (math.log10(v) for v in found)
    for tick in power_ticks(*found):
        y = bottom - height * (math.log10(tick) - low) / (high - low)
        drawing.line(axis.left, y, axis.right, y, "grid")
        drawing.text(axis.left - 8, y + 4, scientific(tick, 1), "s", "end")
    for i, (_name, ns, values) in enumerate(series):
        with np.errstate(divide="ignore", invalid="ignore"):
            heights: FloatArray = bottom - height * (
                np.log10(np.where(values > 0, values, np.nan)) - low
            ) / (high - low)
        x = axis.left + (axis.right - axis.left) * (ns - axis.start) / (axis.end - axis.start)
        heights = np.where((x >= axis.left) & (x <= axis.right), heights, np.nan)
        drawing.broken_line(x, heights, f"line l{i % MOST_LINES}")


def _frame(drawing: Drawing, axis: TimeAxis, top: float, bottom: float, label: str) -> None:
    drawing.rect(axis.left, top, axis.right - axis.left, bottom - top, "panel")
    axis.draw(drawing, top, bottom)
    drawing.text(axis.left, top - 6, label, "h")


def event_ticks(
    drawing: Drawing, axis: TimeAxis, y: float, events: Sequence[Mapping[str, Any]]
) -> None:
    """Draw the mark of each event at its time."""
    for event in events:
        drawing.mark(axis(event["ns"]), y, event["label"], 4.0, event["tip"])


def series_of(
    frame: pd.DataFrame, edges: FloatArray | None, *, value: str = "value"
) -> tuple[FloatArray, FloatArray]:
    """Return windows of one channel as (ns of their middle, value), or their median in steps."""
    frame = frame.sort_values("starttime")
    ns = nanoseconds(frame["starttime"]).astype(np.float64)
    half = frame["window"].to_numpy(np.float64) * 0.5e9
    values = frame[value].to_numpy(np.float64)
    if edges is None:
        width = float(frame["window"].median()) * 1e9
        jumps = np.flatnonzero(np.diff(ns) > 1.5 * width)
        at = ns + half
        if len(jumps):  # a window that is not there breaks the line
            at = np.insert(at, jumps + 1, np.nan)
            values = np.insert(values, jumps + 1, np.nan)
        return at, values
    slot = np.searchsorted(edges, ns, "right") - 1
    inside = (slot >= 0) & (slot < len(edges) - 1) & np.isfinite(values)
    medians = pd.Series(values[inside]).groupby(slot[inside]).median()
    out = np.full(len(edges) - 1, np.nan)
    out[medians.index.to_numpy()] = medians.to_numpy()
    return (edges[:-1] + edges[1:]) / 2, out


def series_words(series: Sequence[tuple[str, FloatArray, FloatArray]], unit: str) -> str:
    """Return a sentence with the range of each series, for those who do not see the drawing."""
    parts = []
    for name, _ns, values in series:
        good = values[np.isfinite(values)]
        if len(good):
            parts.append(
                _(
                    "{name}: median {median}, {low} to {high} {unit}",
                    name=name,
                    median=scientific(float(np.median(good))),
                    low=scientific(float(good.min())),
                    high=scientific(float(good.max())),
                    unit=unit,
                )
            )
        else:
            parts.append(_("{name}: no value", name=name))
    return "; ".join(parts)


def share_words(shares: Mapping[str, float]) -> str:
    """Return a sentence with the share each station recorded."""
    return ", ".join(f"{name} {percent(value)}" for name, value in shares.items())


def count_words(counts: Mapping[str, float]) -> str:
    """Return a sentence with the number of events of each class."""
    found = [f"{class_name(k)} {number(v, 0)}" for k, v in counts.items() if v]
    return ", ".join(found) if found else _("no event")
