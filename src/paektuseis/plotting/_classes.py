"""How the kinds of events are told apart: a colour and a mark each, and words for none."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from .._language import translate
from .._phrases import CLASS_WORDS
from ..tables import CLASSES, LABELS
from ._style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY, YELLOW

NO_CLASS = "no class"

MARKS: dict[str, tuple[str, str]] = {
    "VT": (BLUE, "o"),
    "LP": (RED, "s"),
    "hybrid": (PURPLE, "D"),
    "VLP": (GREEN, "^"),
    "harmonic": (ORANGE, "v"),
    "tremor": (YELLOW, "P"),
    "explosion": (BLACK, "*"),
    "regional": (SKY, ">"),
    "teleseism": (SKY, "<"),
    "noise": (GREY, "x"),
    NO_CLASS: (GREY, "o"),
}
"""Colour and marker by class; marks differ too, so that colour is not needed to tell them."""


def class_text(name: str) -> str:
    """Return the name of a class as the reader calls it (abbreviations stay)."""
    label = "" if name == NO_CLASS else name
    return translate(CLASS_WORDS[label]) if label in CLASS_WORDS else name


def labels_of(event_ids: pd.Series, classes: pd.DataFrame | None) -> pd.Series:
    """Return the class of each event (``no class`` where none is given)."""
    if classes is None or not len(classes):
        return pd.Series(NO_CLASS, index=event_ids.index)
    known = CLASSES.check(classes, need=("event_id", "label")).drop_duplicates("event_id")
    found = event_ids.map(dict(zip(known["event_id"], known["label"], strict=True)))
    return found.where(found.isin(list(MARKS)), NO_CLASS)


def in_order(labels: pd.Series) -> list[str]:
    """Return the classes that occur, in the order every figure has them."""
    present = set(labels)
    return [name for name in (*LABELS, NO_CLASS) if name in present]


def scatter_classes(
    ax: Axes, x: pd.Series, y: pd.Series, labels: pd.Series, *, size: float = 22.0, zorder: int = 8
) -> None:
    """Draw points by class, one entry of the legend each."""
    for name in in_order(labels):
        colour, marker = MARKS[name]
        mine = (labels == name) & x.notna() & y.notna()
        edge: dict[str, Any] = {} if marker == "x" else {"edgecolor": "black", "linewidth": 0.4}
        ax.scatter(
            x[mine],
            y[mine],
            s=size,
            color=colour,
            marker=marker,
            zorder=zorder,
            label=class_text(name),
            **edge,
        )
